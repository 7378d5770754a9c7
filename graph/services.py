"""What a run may use: protocols only, given anew at every start and resume, never checkpointed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from graph.policy import PolicySettings
from tools.adviser import Adviser
from tools.adviser_records import Listening
from tools.alert_states import AlertStates
from tools.approvals import Approvals
from tools.autonomy import Autonomy
from tools.clock import Clock
from tools.cluster import Cluster
from tools.controls import Controls
from tools.grants import Grants
from tools.hold_signs import Signs
from tools.holds import Holds
from tools.incidents import Incidents
from tools.ledger import ActionLedger
from tools.outbox import Outbox
from tools.prometheus import SeriesReader
from tools.quiet import Silences
from tools.readings import Readings
from tools.rechecks import Rechecks
from tools.recording import Reading, RecordingCluster, RecordingSeries
from tools.remembering import Recollection
from tools.requested_actions import RequestedActions
from tools.revisions import RevisionLedger
from tools.vitals import Vitals


@dataclass(frozen=True)
class Services:
    """The graph's context_schema."""

    clock: Clock
    cluster: Cluster
    incidents: Incidents
    approvals: Approvals
    ledger: ActionLedger
    outbox: Outbox
    revisions: RevisionLedger
    controls: Controls
    policy: PolicySettings
    autonomy: Autonomy | None = None
    """None: every action may go as far as the mode lets it."""
    holds: Holds | None = None
    """Where the global hold is kept. None: nobody holds."""
    signs: Signs | None = None
    """What the record shows of it."""
    silences: Silences | None = None
    """Alertmanager's API. None: whether alerts are silenced is named as absent, and blocks nothing."""
    vitals: Vitals | None = None
    """How the API and the monitoring are. None: nobody looks."""
    memory: Recollection | None = None
    """None: what was done before is only looked up by workload and problem class."""
    adviser: Adviser | None = None
    """None: the playbooks decide alone."""
    metrics: SeriesReader | None = None
    """A Prometheus. None: what only it could tell is named as absent."""
    alert_states: tuple[AlertStates, ...] = ()
    """Who knows which alerts fire, where that is configured. Empty: the second signal of a verdict is absent."""
    rechecks: Rechecks | None = None
    """Where later looks are kept. None: none are made."""
    readings: Readings | None = None
    """Where what a decision was made from is kept, to be captured later. None: nowhere."""
    reading: Reading | None = None
    """What this run has read so far."""
    heard: Listening | None = None
    """The model, and what it has answered this run."""
    grants: Grants | None = None
    """What people let be done once more. None: nobody can."""
    requests: RequestedActions | None = None
    """Actions that people asked for. None: nobody can."""

    def recorded(self) -> Services:
        """For one run: the same services, with a reading of its own where readings are kept."""
        if self.readings is None:
            return self
        reading = Reading()
        heard = Listening(self.adviser) if self.adviser else None
        return replace(
            self,
            cluster=RecordingCluster(self.cluster, reading),
            metrics=RecordingSeries(self.metrics, reading) if self.metrics else None,
            reading=reading,
            adviser=heard,
            heard=heard,
        )
