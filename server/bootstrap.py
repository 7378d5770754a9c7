"""The only place that names concrete classes: from settings to a running agent."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog
from flask import Flask
from langgraph.checkpoint.sqlite import SqliteSaver

from graph.policy import PolicySettings
from graph.proof import Change, prove_again
from graph.remediation import build as build_graph
from graph.services import Services
from graph.state import Decision, Proposal
from server import aftermath, rechecking, webhooks
from server.access import Account
from server.accounts import acting, reader_of
from server.advising import AdviserCollector, adviser_of
from server.agreement_report import cases_that_count
from server.alert_sources import alert_states
from server.app import create_app
from server.channels import channels, standing
from server.chores import chores
from server.health import Probes
from server.hold_watch import MONITORING_SECONDS
from server.metrics import Metrics
from server.parts import AppParts
from server.remembrance import Remembrance, recollection, remembrance
from server.runner import Runner
from server.settings import Settings
from server.talking import chores as chores_for_people
from server.talking import talk
from server.undo import Undo
from server.worker import Chore, Worker
from tools.adviser import Adviser
from tools.aftermaths import SqlAftermaths
from tools.alertmanager_api import AlertmanagerApi
from tools.approvals import Approval, SqlApprovals
from tools.audit import SqlAudit
from tools.autonomy import SqlAutonomy
from tools.breaker import Breaker
from tools.clock import Clock, SystemClock
from tools.cluster import Cluster, KubernetesCluster
from tools.controls import Controls, SqlControls
from tools.database import Database, DataDirLock, lock_data_dir
from tools.errors import StoreError, ToolError
from tools.grants import SqlGrants
from tools.hold_signs import SqlSigns
from tools.holds import SqlHolds
from tools.inbox import Inbox
from tools.incidents import SqlIncidents
from tools.ledger import SqlLedger
from tools.listing import SqlListing
from tools.migrations import upgrade_in_child
from tools.notifier import LogNotifier, Notifier
from tools.outbox import SqlOutbox
from tools.own_workload import own_uids
from tools.pause_label import LabelledControls
from tools.prometheus import PrometheusApi
from tools.readings import SqlReadings
from tools.rechecks import SqlRechecks
from tools.requested_actions import SqlRequestedActions
from tools.revisions import SqlRevisions
from tools.tallies import SqlTallies
from tools.undo_requests import UndoRequests
from tools.vitals import LiveVitals

log = structlog.get_logger("bootstrap")


@dataclass
class Agent:
    """A whole agent; `start` begins to work, `stop` drains. The web server is the caller's."""

    settings: Settings
    services: Services
    app: Flask
    worker: Worker
    runner: Runner
    inbox: Inbox
    probes: Probes
    database: Database
    checkpoints: sqlite3.Connection
    lock: DataDirLock
    memory: Remembrance | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin to drive incidents, those of an earlier process first."""
        threading.Thread(
            target=self.probes.keep_fresh, args=(self._stopping,), name="probes", daemon=True
        ).start()
        self.worker.start()

    def stop(self) -> None:
        """Drain, then close what was opened. What is unfinished goes on after the next start."""
        self._stopping.set()
        self.worker.stop()
        if self.services.adviser:
            self.services.adviser.close()
        if self.memory:
            self.memory.close()
        self.checkpoints.close()
        self.database.close()
        self.lock.close()


def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    cluster: KubernetesCluster | None = None,
    limits: Mapping[str, float] | None = None,
    adviser: Adviser | None = None,
) -> Agent:
    """Open everything. `limits` overrides fields of PolicySettings, for replay and tests; `adviser` the model.

    Raises StoreError, Invalid or Refused that says what to do.
    """
    clock = clock or SystemClock()
    notifiers = channels(settings, clock)
    cluster = cluster or KubernetesCluster.connect(settings.kubeconfig or None)
    reader = reader_of(settings)
    account = Account(cluster, settings, reader)
    account.refuse_surplus()
    lock = lock_data_dir(settings.data_dir)
    database = open_database(settings.database_url)
    adviser = adviser or adviser_of(settings, clock)
    memory = remembrance(settings, database, clock)
    services = _services(settings, database, acting(cluster, reader), clock, limits or {}, adviser)
    prometheus = _prometheus(settings, clock)
    vitals = LiveVitals.of(reader or cluster, clock, prometheus)
    alertmanager = AlertmanagerApi(settings.alertmanager_url) if settings.alertmanager_url else None
    services = replace(
        services,
        memory=recollection(settings, memory),
        metrics=prometheus,
        vitals=vitals,
        alert_states=alert_states(settings, prometheus),
        silences=alertmanager,
    )
    checkpoints = open_checkpoints(settings.checkpoints)
    runner = Runner(build_graph(_saver(checkpoints)), services, settings.data_dir / "locks")
    inbox = Inbox(database, clock)
    work = [
        *chores(services, notifiers, memory),
        Chore("monitoring", MONITORING_SECONDS, vitals.look),
        *chores_for_people(database, inbox, clock),
        *rechecking.chores(services, inbox),
        *aftermath.chores(services, SqlAftermaths(database)),
    ]
    worker = Worker(runner, services.incidents, clock, work)
    probes = _probes(settings, services, account, notifiers)
    if adviser:
        probes.watch(adviser.vendor, adviser.check)
    if memory:
        probes.watch("memory", memory.standing)
    else:
        probes.absent("memory")
    if prometheus:
        probes.watch("prometheus", prometheus.version)
    if alertmanager:
        probes.watch("alertmanager", alertmanager.version)
    app = _app(settings, services, database, inbox, worker, probes, alertmanager)
    return Agent(
        settings=settings,
        services=services,
        app=app,
        worker=worker,
        runner=runner,
        inbox=inbox,
        probes=probes,
        database=database,
        checkpoints=checkpoints,
        lock=lock,
        memory=memory,
    )


def open_database(url: str) -> Database:
    """Open it; a schema that is missing or older is upgraded first, in a child process (Alembic's memory goes
    with it, and its second is spent only when there is something to upgrade).
    """
    if not Database.is_current(url):
        upgrade_in_child(url)
    return Database.open(url)


def open_checkpoints(path: Path) -> sqlite3.Connection:
    """The saver's own file and connection: sharing ours would commit half transactions (durability.md 2.2).

    Raises StoreError.
    """
    connection = sqlite3.connect(path, check_same_thread=False, timeout=30)
    try:
        for pragma in ("auto_vacuum=INCREMENTAL", "journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")
        _saver(connection)
    except sqlite3.DatabaseError as err:
        connection.close()
        raise StoreError(
            f"the checkpoints at {path} cannot be used ({err}): move the file and its -wal and -shm away and "
            "restore a backup, or start without: runs that were under way begin anew, and find in the ledger "
            "what was written already"
        ) from err
    return connection


def _saver(connection: sqlite3.Connection) -> SqliteSaver:
    saver = SqliteSaver(connection)
    saver.setup()
    return saver


def _services(
    settings: Settings,
    database: Database,
    cluster: Cluster,
    clock: Clock,
    limits: Mapping[str, float],
    adviser: Adviser | None,
) -> Services:
    return Services(
        clock=clock,
        cluster=cluster,
        incidents=SqlIncidents(database, clock),
        approvals=SqlApprovals(database),
        ledger=SqlLedger(database, clock),
        outbox=SqlOutbox(database),
        revisions=SqlRevisions(database),
        controls=_controls(settings, database, cluster),
        autonomy=SqlAutonomy(database),
        holds=SqlHolds(database),
        signs=SqlSigns(database),
        policy=_policy(settings, cluster).model_copy(update=dict(limits)),
        readings=SqlReadings(database),
        rechecks=SqlRechecks(database),
        requests=SqlRequestedActions(database),
        grants=SqlGrants(database),
        adviser=adviser,
    )


def _controls(settings: Settings, database: Database, cluster: Cluster) -> Controls:
    """With the label of the agent's own namespace, where it knows that."""
    controls = SqlControls(database)
    if not settings.pod_namespace:
        return controls
    return LabelledControls(controls, cluster, settings.pod_namespace)


def _policy(settings: Settings, cluster: Cluster) -> PolicySettings:
    """With the agent's own uids; when they cannot be told, its own namespace is denied instead."""
    policy = settings.policy()
    if not settings.pod_name:
        return policy
    try:
        own = own_uids(cluster, settings.pod_namespace, settings.pod_name)
    except ToolError as error:
        log.warning("own workload unknown: its namespace is denied", error=str(error))
        denied = (*policy.namespace_deny, settings.pod_namespace)
        return policy.model_copy(update={"namespace_deny": denied})
    return policy.model_copy(update={"own_uids": own})


def _prometheus(settings: Settings, clock: Clock) -> PrometheusApi | None:
    url = settings.prometheus_url
    return PrometheusApi(url, breaker=Breaker(clock)) if url else None


def _probes(settings: Settings, services: Services, account: Account, notifiers: list[Notifier]) -> Probes:
    probes = Probes(services.clock, time.perf_counter)
    probes.watch("k8s", services.cluster.version)
    if not settings.sandbox:
        probes.watch("k8s_account", lambda: account.standing(probes, services.controls, services.clock))
    for part in ("groq", "prometheus", "alertmanager"):
        probes.absent(part)
    if isinstance(services.controls, LabelledControls):
        probes.watch("pause_label", services.controls.look)
    else:
        probes.absent("pause_label")
    if all(isinstance(each, LogNotifier) for each in notifiers):
        probes.absent("mail")
    else:
        probes.watch("mail", lambda: standing(notifiers))
    return probes


def _app(
    settings: Settings,
    services: Services,
    database: Database,
    inbox: Inbox,
    worker: Worker,
    probes: Probes,
    alertmanager: AlertmanagerApi | None,
) -> Flask:
    metrics = Metrics()
    metrics.follow(SqlTallies(database), services.controls, SqlHolds(database), services.clock)
    if services.adviser:
        metrics.registry.register(AdviserCollector(services.adviser))
    wake = _waker(services, worker)
    undos = UndoRequests(database, services.clock)
    parts = AppParts(
        settings=settings,
        clock=services.clock,
        incidents=services.incidents,
        listing=SqlListing(database),
        approvals=services.approvals,
        ledger=services.ledger,
        outbox=services.outbox,
        controls=services.controls,
        holds=SqlHolds(database),
        audit=SqlAudit(database),
        metrics=metrics,
        ping=database.ping,
        wake=wake,
        prove_again=_prover(services),
        reopen=_reopener(services, inbox, undos),
        undo=Undo(services, undos, wake),
        grants=services.grants,
        policy=services.policy,
        autonomy=services.autonomy,
        cases=lambda: cases_that_count(database, services.clock.now()),
        readings=services.readings,
        probe=probes,
        works=worker.works,
        talk=talk(settings, services, database, inbox, wake, time.monotonic),
    )
    doors = webhooks.blueprint(
        inbox, lambda: worker.wake(None), clock=services.clock, alertmanager=alertmanager
    )
    return create_app(parts, [doors])


def _waker(services: Services, worker: Worker) -> Callable[[str | None], None]:
    def wake(incident_id: str | None) -> None:
        if incident_id:
            services.incidents.wake(incident_id, services.clock.now())
        worker.wake(incident_id)

    return wake


def _reopener(services: Services, inbox: Inbox, undos: UndoRequests) -> Callable[[str], str]:
    """A new run in place of one that ended undecided: over its alerts, or over what was to be taken back."""

    def reopen(incident_id: str) -> str:
        undone = services.incidents.get(incident_id).undo_of
        return undos.reopen(incident_id) if undone else inbox.reopen(incident_id)

    return reopen


def _prover(services: Services) -> Callable[[Approval], Change | None]:
    def prove(approval: Approval) -> Change | None:
        decision = Decision.model_validate(approval.shown["decision"])
        return prove_again(
            services,
            approval.incident_id,
            Proposal.model_validate(approval.proposal),
            certainty=decision.confidence,
            approved=True,
            now=services.clock.now(),
            in_spite_of_hold=True,  # the door asks for a reason while there is a hold
        )

    return prove
