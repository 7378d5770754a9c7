"""Capture a live cluster as a bundle: what the agent would read for an alert now, and what it remembers.

The real graph runs over the real cluster in a record of its own that goes away, in mode `shadow`, so that it reads
and decides; every write is refused beside that. Past incidents, writes and revisions come from the agent's record
where there is one, which is only read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from graph.remediation import build as build_graph
from graph.services import Services
from server.runner import Runner
from server.settings import Settings
from server.stage import Scene
from tools.approvals import SqlApprovals
from tools.autonomy import SqlAutonomy
from tools.bundle import Bundle, BundleError, BundleMeta
from tools.bundle_redaction import redacted
from tools.clock import Clock
from tools.cluster import ClusterReader, JsonObject, JsonObjects, PatchType, Resource, Written
from tools.container_commands import Ran
from tools.controls import SqlControls
from tools.database import Database, store_file
from tools.errors import NotFound, Refused
from tools.holds import SqlHolds
from tools.inbox import Inbox
from tools.incidents import Incident, Incidents, SqlIncidents
from tools.ledger import SqlLedger
from tools.outbox import SqlOutbox
from tools.prometheus import PrometheusApi
from tools.readings import Kept
from tools.readonly import ReadOnlyCluster
from tools.records import Similar, Target
from tools.revisions import SqlRevisions


def capture_now(settings: Settings, cluster: ClusterReader, body: JsonObject, clock: Clock) -> Bundle:
    """The cluster as it is for this webhook body, redacted.

    Raises BundleError for a body that is about several workloads or none, Undecided, ToolError when the cluster or
    the record cannot be read.
    """
    cluster.version()  # a bundle of a cluster that does not answer would hold nothing
    kept = _Holding()
    with _scene(settings, cluster, clock, kept) as scene:
        arrived = Bundle(meta=BundleMeta(now=clock.now()), alerts=(body,))
        opened, invalid = scene.accept(arrived)
        if not opened:
            raise BundleError(
                f"no alert in it to capture: {'; '.join(invalid) or 'it holds none that fires'}"
            )
        scene.drive(opened)
        scene.outcome(opened, 0.0, arrived, ())
    if len(kept.bundles) != 1:
        raise BundleError(
            f"the alerts are about {len(kept.bundles)} workloads, and a bundle is about one: "
            "capture each of them with --workload"
        )
    (bundle,) = kept.bundles.values()
    return replace(bundle, meta=bundle.meta.model_copy(update={"mode": settings.mode, "incident_id": None}))


class _Holding:
    """Readings in memory."""

    def __init__(self) -> None:
        self.bundles: dict[str, Bundle] = {}

    def keep(self, incident_id: str, bundle: Bundle, at: datetime) -> None:
        self.bundles[incident_id] = redacted(bundle)

    def of(self, incident_id: str) -> Kept:
        return Kept(self.bundles.get(incident_id))


class _NoWrites(ReadOnlyCluster):
    """A cluster that nothing is written to, whoever asks."""

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: JsonObject | JsonObjects,
        *,
        patch_type: PatchType,
        dry_run: bool = False,
        subresource: str = "",
    ) -> Written:
        raise Refused("a capture writes nothing")

    def create(
        self,
        resource: Resource,
        namespace: str,
        body: JsonObject,
        *,
        dry_run: bool = False,
        name: str = "",
        subresource: str = "",
    ) -> Written:
        raise Refused("a capture writes nothing")

    def delete(
        self, resource: Resource, namespace: str, name: str, *, uid: str, dry_run: bool = False
    ) -> Written:
        raise Refused("a capture writes nothing")

    def run_command(
        self, namespace: str, pod: str, container: str, argv: Sequence[str], *, seconds: float
    ) -> Ran:
        raise Refused("a capture runs nothing")


class _WithPast(SqlIncidents):
    """A record of its own that remembers what the agent's remembers."""

    def __init__(self, database: Database, clock: Clock, past: Incidents) -> None:
        super().__init__(database, clock)
        self._past = past

    def get(self, incident_id: str) -> Incident:
        try:
            return super().get(incident_id)
        except NotFound:
            return self._past.get(incident_id)

    def similar(self, target: Target | None, problem: str, *, limit: int = 5) -> list[Similar]:
        return self._past.similar(target, problem, limit=limit)

    def known(self, incident_ids: Sequence[str], target: Target | None) -> list[Similar]:
        return self._past.known(incident_ids, target)


@contextmanager
def _scene(settings: Settings, cluster: ClusterReader, clock: Clock, kept: _Holding) -> Iterator[Scene]:
    from langgraph.checkpoint.memory import InMemorySaver

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sre-agent-capture-")))
        own = stack.enter_context(closing(_fresh(folder / "record.db")))
        past = stack.enter_context(closing(_record(settings) or _fresh(folder / "no-past.db")))
        services = Services(
            clock=clock,
            cluster=_NoWrites(cluster),
            incidents=_WithPast(own, clock, SqlIncidents(past, clock)),
            approvals=SqlApprovals(own),
            ledger=SqlLedger(past, clock),
            outbox=SqlOutbox(own),
            revisions=SqlRevisions(past),
            controls=SqlControls(past),
            autonomy=SqlAutonomy(past),
            holds=SqlHolds(past),
            policy=settings.policy().model_copy(update={"mode": "shadow", "read_patience_seconds": 0.0}),
            metrics=PrometheusApi(settings.prometheus_url) if settings.prometheus_url else None,
            readings=kept,
        )
        runner = Runner(build_graph(InMemorySaver()), services, folder / "locks")
        yield Scene(services, runner, Inbox(own, clock), own)


def _fresh(path: Path) -> Database:
    from tools.migrations.run import upgrade

    upgrade(f"sqlite:///{path}")
    return Database.open(f"sqlite:///{path}")


def _record(settings: Settings) -> Database | None:
    """The agent's own, or None where no agent has been. Raises StoreError for one that cannot be read."""
    file = store_file(settings.database_url)
    return None if file is not None and not file.exists() else Database.open(settings.database_url)
