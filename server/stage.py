"""Where stored incidents are decided again: the real graph over a frozen cluster, with a record of its own.

One stage serves many bundles, one after another. What is slow to make is made once (the graph, an empty database
to copy); what an incident could leave behind is made anew for each. Beside `server.bootstrap` this is the only place
that names concrete classes: here nothing is sent, and no memory and no model is asked unless one is given.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

from pydantic import ValidationError

from graph.policy import PolicySettings
from graph.remediation import build as build_graph
from graph.services import Services
from server.runner import Runner
from server.stage_times import StepTimes
from tools import targets
from tools.adviser import Adviser
from tools.alertmanager import parse
from tools.approvals import SqlApprovals
from tools.bundle import Bundle, BundleError
from tools.cluster import KubernetesCluster
from tools.controls import SqlControls
from tools.database import Database
from tools.errors import Invalid, ToolError
from tools.history import read_history
from tools.history_rows import restore
from tools.hold_signs import SqlSigns
from tools.holds import SqlHolds
from tools.inbox import Inbox
from tools.incidents import Incident, SqlIncidents
from tools.ledger import SqlLedger
from tools.outbox import SqlOutbox
from tools.readings import Readings
from tools.record_copy import copy_record
from tools.recorded_series import RecordedSeries
from tools.remembering import Recollection
from tools.revisions import SqlRevisions
from tools.sandbox import Sandbox
from tools.sandbox.frozen import FrozenSandbox

ROUNDS = 10
"""More than a run can need to come to rest while its clock stands still."""
Look: TypeAlias = Callable[[Services, str, dict[str, Any]], None]
"""Somebody who looks at an incident and its decision record while the services of its run are still there."""


@dataclass(frozen=True)
class Decided:
    """What became of one bundle."""

    decisions: tuple[dict[str, Any], ...]
    """Decision records of its unmerged incidents, oldest first."""
    incidents: int
    """How many unmerged incidents its bodies made."""
    seconds: float
    """From the first body accepted to the last decision; reading the files is not in it."""
    notes: tuple[str, ...] = ()
    """What was passed over in the bundle's files."""
    requests: int = 0
    """What its runs asked of the API server."""
    steps: Mapping[str, float] = field(default_factory=dict)
    """Seconds in each node of the graph."""


class Undecided(RuntimeError):
    """A run came to no decision; the message says what failed in it."""


class Stage:
    """Use it as a context manager; everything it opens is gone at the end.

    `readings`: where what its runs read is kept, if it is wanted.
    """

    def __init__(self, readings: Readings | None = None) -> None:
        self._readings = readings
        self._stack = ExitStack()
        self._database: Database | None = None

    def __enter__(self) -> Self:
        from langgraph.checkpoint.memory import InMemorySaver

        from tools.migrations.run import upgrade

        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="sre-agent-stage-")))
        self._empty = self._folder / "empty.db"
        upgrade(f"sqlite:///{self._empty}")
        self._saver = InMemorySaver()
        self._times = StepTimes()
        self._graph = build_graph(self._saver).with_config(callbacks=[self._times])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def decide(
        self,
        bundle: Bundle,
        *,
        mode: str = "",
        adviser: Adviser | None = None,
        keep: Path | None = None,
        look: Look | None = None,
        memory: Recollection | None = None,
    ) -> Decided:
        """The decisions that the agent makes of this bundle, up to where it would ask, settle or end.

        `mode`: instead of the one that the bundle names (without one: auto). `keep`: where to leave a copy of the
        record that the runs have made, which is gone otherwise. `look`: who is shown what each decision was made
        from. `memory`: what a run recalls, beside what the bundle's own history says.

        Raises BundleError for a bundle that cannot be served, Undecided when a run fails.
        """
        history, notes = read_history(bundle.history)
        policy, passed_over = _policy(bundle, mode)
        with self._scene(bundle, policy, adviser, memory) as scene:
            restore(scene.database, history, bundle)
            started = time.perf_counter()
            opened, invalid = scene.accept(bundle)
            requests = scene.drive(opened)
            seconds, steps = time.perf_counter() - started, self._times.taken()
            if keep:
                copy_record(self._folder / "record.db", keep)
            if look:
                scene.show(opened, look)
            decided = scene.outcome(opened, seconds, bundle, (*notes, *passed_over, *invalid))
            return replace(decided, requests=requests, steps=steps)

    @contextmanager
    def _scene(
        self, bundle: Bundle, policy: PolicySettings, adviser: Adviser | None, memory: Recollection | None
    ) -> Iterator[Scene]:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=self._folder)))
            sandbox = stack.enter_context(_served(bundle))
            database = stack.enter_context(self._record())
            kubeconfig = sandbox.kubeconfig(folder / "kubeconfig")
            services = Services(
                clock=sandbox.clock,
                cluster=KubernetesCluster.connect(str(kubeconfig), sleep=lambda seconds: None),
                incidents=SqlIncidents(database, sandbox.clock),
                approvals=SqlApprovals(database),
                ledger=SqlLedger(database, sandbox.clock),
                outbox=SqlOutbox(database),
                revisions=SqlRevisions(database),
                controls=SqlControls(database),
                holds=SqlHolds(database),
                signs=SqlSigns(database),
                policy=policy,
                adviser=adviser,
                memory=memory,
                metrics=RecordedSeries.of(bundle.metrics, bundle.meta.now) if bundle.metrics else None,
                readings=self._readings,
            )
            inbox = Inbox(database, sandbox.clock)
            runner = Runner(self._graph, services, folder / "locks")
            yield Scene(services, runner, inbox, database, lambda: len(sandbox.requests))

    @contextmanager
    def _record(self) -> Iterator[Database]:
        """An empty one: the file is new, the engine is not, since it has compiled the SQL already."""
        for old in self._folder.glob("record.db*"):
            old.unlink()
        shutil.copy(self._empty, self._folder / "record.db")
        self._database = self._database or Database.open(f"sqlite:///{self._folder / 'record.db'}")
        try:
            yield self._database
        finally:
            self._database.close()


@dataclass(frozen=True)
class Scene:
    """One bundle on the stage."""

    services: Services
    runner: Runner
    inbox: Inbox
    database: Database
    sent: Callable[[], int] = lambda: 0
    """How many requests the API server has had; 0 where nobody counts."""

    def accept(self, bundle: Bundle) -> tuple[list[str], list[str]]:
        """All bodies, before any run looks: they arrived at the instant at which the clock stands.

        The incidents that they opened or joined, and what of them was no alert. Raises BundleError.
        """
        opened: dict[str, None] = {}
        invalid: list[str] = []
        for number, body in enumerate(bundle.alerts, start=1):
            try:
                parsed = parse(body, now=bundle.meta.now)
            except Invalid as error:
                raise BundleError(f"webhook body {number} would be refused: {error}") from error
            invalid += [f"webhook body {number}: {alert.reason}" for alert in parsed.invalid]
            opened.update(dict.fromkeys(self.inbox.accept(parsed).incident_ids))
        return list(opened), invalid

    def drive(self, opened: Sequence[str]) -> int:
        """As runs that begin together do, all name their target before one of them goes on.

        How many requests the runs sent to the API server.
        """
        for incident_id in opened:
            self._name_target(incident_id)
        before = self.sent()
        for _ in range(ROUNDS):
            for incident_id in self.services.incidents.due(self.services.clock.now()):
                self.runner.step(incident_id)
        return self.sent() - before

    def show(self, opened: Sequence[str], look: Look) -> None:
        """Each unmerged incident that was decided."""
        incidents = self.services.incidents
        for incident in map(incidents.get, opened):
            decision = incidents.decision(incident.id)
            if incident.status != "merged" and decision is not None:
                look(self.services, incident.id, decision)

    def outcome(
        self, opened: Sequence[str], seconds: float, bundle: Bundle, notes: tuple[str, ...]
    ) -> Decided:
        """Raises Undecided."""
        incidents = self.services.incidents
        kept = [one for one in map(incidents.get, opened) if one.status != "merged"]
        decisions = [self._decision(incident) for incident in kept]
        if bundle.meta.incident_id and len(decisions) == 1:
            decisions = [{**decisions[0], "incident_id": bundle.meta.incident_id}]
        return Decided(tuple(decisions), len(kept), seconds, notes)

    def _name_target(self, incident_id: str) -> None:
        incidents = self.services.incidents
        try:
            target = targets.resolve(self.services.cluster, incidents.alerts(incident_id)).target
        except ToolError:
            return  # the run meets the same error and says so
        if target is not None:
            incidents.claim_target(incident_id, target)

    def _decision(self, incident: Incident) -> dict[str, Any]:
        decision = self.services.incidents.decision(incident.id)
        if decision is None:
            told = [line.text for line in self.services.incidents.timeline(incident.id)]
            raise Undecided(f"the run about {incident.alert_name} came to no decision: {told[-1]}")
        return decision


@contextmanager
def _served(bundle: Bundle) -> Iterator[FrozenSandbox]:
    """Its cluster on a port. Raises BundleError for objects that no API server would hold."""
    try:
        sandbox = Sandbox.frozen(bundle)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise BundleError(f"cluster.yaml cannot be served: {error!r}") from error
    with sandbox:
        yield sandbox


def _policy(bundle: Bundle, mode: str) -> tuple[PolicySettings, tuple[str, ...]]:
    """The limits that the live run had, in the mode that is asked for; nobody waits for a server here."""
    told = bundle.meta.policy or {}
    if not isinstance(told, dict):
        raise BundleError("meta.yaml: policy: must be a mapping of limits")
    known = {name: value for name, value in told.items() if name in PolicySettings.model_fields}
    passed_over = tuple(
        f"meta.yaml: policy: {name} is not known and passed over" for name in told.keys() - known.keys()
    )
    chosen = {"mode": mode or bundle.meta.mode or "auto", "read_patience_seconds": 0.0}
    try:
        policy = PolicySettings.model_validate({**known, **chosen})
        # at rest before the write, which a recording would refuse
        return policy.model_copy(update={"settle_seconds": max(policy.settle_seconds, 1.0)}), passed_over
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BundleError(f"meta.yaml: policy: {problems}") from error
