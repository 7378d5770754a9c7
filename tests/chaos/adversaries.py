"""An agent with everybody against it, in one process and on clocks that stand still until told.

Settings, record, graph, runner, HTTP and the cluster's client are the real ones; between the client and the sandbox
stands the fault proxy. A `World` lets its adversaries act, lets time pass, and holds after every step what must hold
whatever they do.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from server.bootstrap import Agent, build
from server.runner import Runner
from server.settings import Settings
from tests.chaos.faults import Scene
from tests.chaos.proxy import Fault, FaultProxy, Request
from tests.harness import deployment, webhook_body
from tools.clock import ManualClock
from tools.cluster import KubernetesCluster
from tools.errors import StoreError
from tools.incident_record import ENDED
from tools.ledger import LedgerEntry
from tools.resources import STAMP
from tools.sandbox import Sandbox
from tools.sandbox.requests import Recorded
from tools.sightings import look

HEALTHY, ILL = 1000.0, 170.0
STORES = ("incidents", "approvals", "ledger", "outbox", "revisions", "controls")
SETTINGS = {
    "MODE": "auto",
    "TEST_CLUSTER": "true",
    "SETTLE_SECONDS": "20",
    "VERIFY_DELAY_SECONDS": "5",
    "VERIFY_WINDOW_SECONDS": "20",
    "MEMORY": "false",
}
PATIENCE = timedelta(hours=6)
"""Of sandbox time, for everything to end once the adversaries have left."""


class Died(BaseException):
    """The process is gone."""


class Skewed:
    """The agent's clock: the cluster's, and however much it has jumped."""

    def __init__(self, base: ManualClock) -> None:
        self._base = base
        self.skew = timedelta(0)

    def now(self) -> datetime:
        return self._base.now() + self.skew


@dataclass
class Fate:
    """What befalls the agent's own calls: so many fail, and after so many it dies."""

    failing: int = 0
    dies_in: int = 0

    def befall(self, where: str, *, store: bool) -> None:
        """Raises StoreError or Died."""
        if self.dies_in:
            self.dies_in -= 1
            if not self.dies_in:
                raise Died(where)
        if store and self.failing:
            self.failing -= 1
            raise StoreError(f"the disk failed at {where}")


class Befallen:
    """A service whose calls meet that fate: before they are made when they fail, after them when they kill."""

    def __init__(self, name: str, service: Any, fate: Fate) -> None:
        self._name, self._service, self._fate = name, service, fate

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._service, method)
        if not callable(call):
            return call

        def made(*args: Any, **given: Any) -> Any:
            store = self._name != "cluster"
            if store and self._fate.failing:
                self._fate.befall(f"{self._name}.{method}", store=True)
            answer = call(*args, **given)
            self._fate.befall(f"{self._name}.{method}", store=False)
            return answer

        return made


@dataclass
class World:
    """One agent, its cluster, and what was seen of both."""

    agent: Agent
    sandbox: Sandbox
    proxy: FaultProxy
    clock: Skewed
    scenes: Sequence[Scene]
    fate: Fate = field(default_factory=Fate)
    reverting: set[str] = field(default_factory=set)
    disturbed: bool = False
    """Somebody has touched a workload since the step began."""
    deaths: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    """Answers to people."""

    def __post_init__(self) -> None:
        self.client = self.agent.app.test_client()
        self._fired: dict[str, list[dict[str, Any]]] = {}
        self._harmed: set[str] = set()
        self.begin()

    # the agent

    def begin(self) -> None:
        """A process begins, with nothing but what is stored."""
        services = self.agent.services
        names = (*STORES, "cluster")
        met: dict[str, Any] = {n: Befallen(n, getattr(services, n), self.fate) for n in names}
        from langgraph.checkpoint.sqlite import SqliteSaver

        from graph.remediation import build as build_graph

        graph = build_graph(SqliteSaver(self.agent.checkpoints))
        locks = self.agent.settings.data_dir / "locks"
        self.runner = Runner(graph, dataclasses.replace(services, **met), locks)

    def drive(self) -> None:
        """What is due is driven, as the worker does it; a process that dies is followed by the next."""
        for _ in range(25):
            due = self.agent.services.incidents.due(self.clock.now())
            if not due:
                return
            for incident_id in due:
                try:
                    self.runner.step(incident_id)
                except StoreError:
                    continue
                except Died:
                    self.deaths += 1
                    self.begin()

    def step(self, seconds: float = 10.0) -> None:
        """Time passes; everybody does what they do; what must hold is held."""
        before = self._before()
        self.sandbox.settle(seconds)
        for scene in self.scenes:
            if scene.namespace in self.reverting and scene.kind != "transient" and self.deployment(scene):
                scene.strike(self.sandbox, self.sandbox_clock)
                self.disturbed = True
        forbidden = self._forbidden()
        self.drive()
        self._harm()
        self._check(*before, forbidden)
        self.disturbed = False

    @property
    def sandbox_clock(self) -> ManualClock:
        assert isinstance(self.sandbox.clock, ManualClock)
        return self.sandbox.clock

    # the adversaries

    def alert(self, status: str = "firing") -> None:
        """Alerts of every scene, as they were first sent, or their end."""
        for scene in self.scenes:
            if scene.namespace not in self._fired:
                self._fired[scene.namespace] = scene.alerts(self.sandbox, self.sandbox_clock)
            ends = self.clock.now().isoformat()
            fired = self._fired[scene.namespace]
            told = fired if status == "firing" else [{**a, "status": status, "endsAt": ends} for a in fired]
            self.client.post("/webhook", json=webhook_body(*told))

    def answer(self, word: str) -> None:
        """A person decides all that waits; whatever they are answered is no crash."""
        for approval in self.agent.services.approvals.pending():
            told = self.client.post(f"/{word}/{approval.id}", json={"reason": "a person says so"})
            assert told.status_code in (200, 404, 409, 410, 412, 503), told.get_data(as_text=True)
            self.refused[told.status_code] += 1

    def control(self, word: str) -> None:
        """Pause or resume."""
        assert self.client.post(f"/{word}", json={"reason": "a person says so"}).status_code == 200

    def spoil(self, verb: str, fault: Fault, times: int) -> None:
        """The next requests of this verb suffer; dry runs and reviews too."""
        self.proxy.spoil(fault, method=verb, when=_any, times=times)

    def edit(self, what: str) -> None:
        """A person changes the workloads in the middle."""
        self.disturbed = True
        for scene in self.scenes:
            live = self.deployment(scene)
            if live is None:
                continue
            if what == "release":
                self.sandbox.apply(
                    deployment("web", scene.namespace, image="registry.example/web:1.2", replicas=3)
                )
            elif what == "delete":
                self.sandbox.delete("Deployment", scene.namespace, "web")
            elif what == "forbid":
                live["metadata"]["annotations"] = {
                    **live["metadata"].get("annotations", {}),
                    "sre-agent/disable": "true",
                }
                self._put(live)
            else:
                live["spec"]["replicas"] = 5 if what == "scale" else 0
                self._put(live)

    def autoscale(self) -> None:
        """Something else decides how many there are, and changes its mind."""
        for scene in self.scenes:
            self.sandbox.apply(_autoscaler(scene.namespace))
        self.edit("scale")

    def deployment(self, scene: Scene) -> dict[str, Any] | None:
        return self.sandbox.get("Deployment", scene.namespace, "web")

    def _put(self, live: dict[str, Any]) -> None:
        live["metadata"].pop("resourceVersion", None)
        self.sandbox.apply(live)

    def _harm(self) -> None:
        """Where a rollback harms, what it goes back to breaks once it was written."""
        for scene in self.scenes:
            place = f"/namespaces/{scene.namespace}/"
            harms = scene.kind == "rollback_harms" and scene.namespace not in self._harmed
            if harms and any(place in each.path for each in self.writes()):
                scene.break_older(self.sandbox, self.sandbox_clock)
                self._harmed.add(scene.namespace)

    # what must hold

    def writes(self) -> list[Recorded]:
        """What the API server has carried out for the agent, Events left out."""
        return [
            r
            for r in self.sandbox.requests
            if r.writes and r.query.get("fieldManager") == "sre-agent" and "/events" not in r.path
        ]

    def entries(self) -> list[LedgerEntry]:
        """The whole ledger."""
        return self.agent.services.ledger.since(datetime.fromtimestamp(0, tz=self.clock.now().tzinfo))

    def statuses(self) -> dict[str, str]:
        """Of every incident."""
        rows = self.client.get("/incidents?limit=200", headers={"Accept": "application/json"}).get_json()
        return {row["id"]: row["status"] for row in rows["incidents"]}

    def _before(self) -> tuple[int, bool, dict[str, str]]:
        paused = self.agent.services.controls.pause_state().paused
        return len(self.writes()), paused, self.statuses()

    def _forbidden(self) -> set[str]:
        """Namespaces whose workload says no now: a reverter takes that word away with everything else."""
        said = {scene.namespace: self.deployment(scene) or {"metadata": {}} for scene in self.scenes}
        word = "sre-agent/disable"
        return {
            n for n, live in said.items() if (live["metadata"].get("annotations") or {}).get(word) == "true"
        }

    def _check(self, written: int, paused: bool, statuses: dict[str, str], forbidden: set[str]) -> None:
        """After every step."""
        new = self.writes()[written:]
        assert not (paused and new), f"written while paused: {new}"
        by_key = {entry.key: entry for entry in self.entries()}
        for each in new:
            entry = by_key.get(stamp_of(each))
            assert entry is not None, f"written and not claimed: {each.path}"
            status = statuses.get(entry.incident_id, "")
            assert status not in ENDED, f"written after its run had ended as {status}: {each.path}"
            assert entry.undo_of or entry.target.namespace not in forbidden, "written where it was forbidden"
            self._was_allowed(entry)
        counts = Counter(map(stamp_of, self.writes()))
        assert [key for key, count in counts.items() if count > 1] == [], "one decision, two writes"
        self._are_well(statuses)

    def _was_allowed(self, entry: LedgerEntry) -> None:
        """Where a person had to say yes, somebody did, in time."""
        if entry.automatic or entry.undo_of:
            return
        asked = self.agent.services.approvals.for_incident(entry.incident_id)
        newest = asked[-1] if asked else None  # an earlier yes may have met a changed target: asked afresh
        assert newest is not None, "written and nobody was asked"
        assert newest.state == "approved", f"written while the newest approval is {newest.state}"
        assert newest.decided_at is not None
        assert newest.decided_at <= newest.expires_at, "written by a yes that came too late"

    def _are_well(self, before: dict[str, str]) -> None:
        """Whoever calls it recovered must be right at that moment."""
        for incident_id, status in self.statuses().items():
            if status == "recovered" and before.get(incident_id) != status and not self.disturbed:
                target = self.agent.services.incidents.get(incident_id).target
                assert target is not None
                assert self.sandbox.ready(target.namespace, target.name), f"{incident_id} is not well"

    def end(self) -> None:
        """The adversaries leave; every run ends, and the record holds exactly what the API server's log holds."""
        self.proxy.release()
        self.fate.failing = self.fate.dies_in = 0
        self.reverting.clear()
        until = self.sandbox_clock.now() + PATIENCE
        while any(status not in ENDED for status in self.statuses().values()):
            assert self.sandbox_clock.now() < until, f"runs without an end: {self.statuses()}"
            self.step(120)
        stamps = {stamp_of(each) for each in self.writes()}
        known = {e.key for e in self.entries() if e.receipt and e.receipt.outcome in ("done", "found_done")}
        unsure = {e.key for e in self.entries() if e.receipt is None or e.receipt.outcome == "unknown"}
        assert known - stamps == set(), "recorded as done and never carried out"
        assert stamps - known - unsure == set(), "carried out and not recorded"
        for entry in self.entries():
            if entry.key in unsure & stamps:
                verdict = self.agent.services.incidents.get(entry.incident_id).verdict
                assert verdict in ("INCONCLUSIVE", ""), f"nobody knows of the write, and it is {verdict}"


def stamp_of(request: Recorded) -> str:
    """The ledger key that a write on a template carries."""
    for operation in request.body if isinstance(request.body, list) else []:
        value = operation.get("value")
        if str(operation.get("path", "")).endswith(STAMP.replace("/", "~1")):
            return str(value)
        if isinstance(value, dict) and STAMP in value:
            return str(value[STAMP])
    return ""


@contextmanager
def world(folder: Path, empty: Path, scenes: Sequence[Scene]) -> Iterator[World]:
    """Scenes that have gone wrong after a healthy past, and an agent that has just been told of them."""
    shutil.copytree(empty, folder / "data")
    base = ManualClock()
    clock = Skewed(base)
    with Sandbox(clock=base, nodes=3) as sandbox, FaultProxy(sandbox.url) as proxy:
        kubeconfig = sandbox.kubeconfig(folder / "kubeconfig")
        kubeconfig.write_text(kubeconfig.read_text().replace(sandbox.url, proxy.url))
        settings = Settings.load(
            {"DATA_DIR": str(folder / "data"), "KUBECONFIG": str(kubeconfig), **SETTINGS}, sandbox=True
        )
        cluster = KubernetesCluster.connect(str(kubeconfig), sleep=lambda seconds: None)
        agent = build(settings, clock=clock, cluster=cluster)
        try:
            for scene in scenes:
                scene.prepare(sandbox)
            for _ in range(5):
                sandbox.settle(HEALTHY / 5)
                look(agent.services.cluster, agent.services.revisions, clock)
            for scene in scenes:
                scene.strike(sandbox, base)
            sandbox.settle(ILL)
            one = World(agent, sandbox, proxy, clock, scenes)
            one.alert()
            yield one
        finally:
            agent.stop()


def _any(request: Request) -> bool:
    return True


def _autoscaler(namespace: str) -> dict[str, Any]:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"scaleTargetRef": reference, "minReplicas": 2, "maxReplicas": 6},
    }
