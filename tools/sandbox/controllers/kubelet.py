"""The kubelets of all nodes: they run the pods that are bound to them and report what they see."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.controllers.containers import Container, Happening, Symptoms
from tools.sandbox.controllers.podstatus import pod_status
from tools.sandbox.controllers.podview import workload_name
from tools.sandbox.controllers.printing import after_crash, at_start
from tools.sandbox.faults import CRASHES, UNSTARTABLE, Fault, Faults
from tools.sandbox.store import Change
from tools.sandbox.values import controller_of
from tools.sandbox.world import World

_START = timedelta(seconds=1)
"""From being bound to a node to the first container's start."""
_STOP = timedelta(seconds=1)
"""How long containers take to end when they are asked to."""
_WATCH = timedelta(seconds=1)
"""How often the conditions of scripted faults are looked at again."""


@dataclass
class PodRun:
    """What the kubelet holds in memory about a pod."""

    uid: str
    containers: list[Container]
    ip: str
    stopping: bool = False
    faults: list[Fault] = field(default_factory=list)


class Kubelet:
    """All nodes in one: a pod runs while its node is not in `down`."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self._runs: dict[str, PodRun] = {}
        self._addresses = 1
        self.down: set[str] = set()
        """Names of nodes whose kubelet is silent."""
        world.store.listen(self._on_change)

    def wake(self, namespace: str = "") -> None:
        """Look at every pod again, because faults or nodes changed."""
        for pod in self._world.store.list(kinds.POD, namespace):
            self._enqueue(pod)

    def _on_change(self, change: Change) -> None:
        if change.kind is not kinds.POD:
            return
        metadata = change.obj["metadata"]
        if change.new is None:
            self._runs.pop(metadata["uid"], None)
            self._world.logs.forget(metadata["uid"])
            self._world.engine.cancel(("pod", metadata["uid"]))
        elif change.new["spec"].get("nodeName") and not _only_status(change):
            self._enqueue(change.new)

    def _enqueue(self, pod: JsonObject) -> None:
        metadata = pod["metadata"]
        key = ("kubelet", metadata["uid"])
        self._world.engine.enqueue(key, lambda: self.sync(metadata["namespace"], metadata["name"]))

    def sync(self, namespace: str, name: str) -> None:
        """Bring one pod up to date and set the timer for the next thing that happens to it."""
        pod = self._world.store.get(kinds.POD, namespace, name)
        if pod is None or not pod["spec"].get("nodeName") or pod["spec"]["nodeName"] in self.down:
            return
        run = self._runs.get(pod["metadata"]["uid"]) or self._admit(pod)
        if "deletionTimestamp" in pod["metadata"]:
            self._stop(pod, run)
            return
        now = self._world.now()
        faults = list(self._faults.of(pod, workload_name(self._world.store, pod)))
        due: list[datetime] = [now + _WATCH] if any(fault.workload for fault in faults) else []
        ready: dict[str, bool] = {}
        for position, container in enumerate(run.containers):
            symptoms = _symptoms(faults, pod, container, position, now)
            while happenings := container.step(now, symptoms):
                self._tell(pod, run, container, happenings)
            ready[container.name] = container.ready(now, symptoms)
            due += [moment for moment in [container.due(now, symptoms)] if moment]
        self._world.set_status(kinds.POD, pod, pod_status(pod, run.containers, ready, now, run.ip))
        if due:
            key = ("pod", run.uid)
            self._world.engine.at(min(due), key, lambda: self.sync(namespace, name))

    def _admit(self, pod: JsonObject) -> PodRun:
        metadata = pod["metadata"]
        label = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
        begins_at = self._world.now() + _START
        owner = controller_of(pod)
        how = {
            "restart_policy": pod["spec"].get("restartPolicy", "Always"),
            "task": owner is not None and owner["kind"] == kinds.JOB.name,
        }
        containers = [Container(spec, label, begins_at, **how) for spec in pod["spec"]["containers"]]
        self._addresses += 1
        ip = f"10.244.{self._addresses // 250}.{self._addresses % 250 + 1}"
        run = self._runs[metadata["uid"]] = PodRun(metadata["uid"], containers, ip)
        return run

    def _stop(self, pod: JsonObject, run: PodRun) -> None:
        if run.stopping:
            return
        run.stopping = True
        for container in run.containers:
            if container.state == "running":
                self._event(pod, Happening("Killing", f"Stopping container {container.name}"), container)
        grace = timedelta(seconds=pod["metadata"].get("deletionGracePeriodSeconds", 0))
        metadata = pod["metadata"]
        key = ("pod", run.uid)
        self._world.engine.at(
            self._world.now() + min(grace, _STOP),
            key,
            lambda: self._ended(metadata["namespace"], metadata["name"], run.uid),
        )

    def _ended(self, namespace: str, name: str, uid: str) -> None:
        pod = self._world.store.get(kinds.POD, namespace, name)
        if pod and pod["metadata"]["uid"] == uid:
            self._world.remove(kinds.POD, pod)

    def _tell(self, pod: JsonObject, run: PodRun, container: Container, happenings: list[Happening]) -> None:
        for happening in happenings:
            if happening.type:
                self._event(pod, happening, container)
            if happening.reason == "Created":
                container.container_id = f"containerd://{self._world.rng.getrandbits(256):064x}"
                self._world.logs.begin(run.uid, container.name, container.container_id)
                lines = at_start(pod, container.name)
                self._world.logs.write(run.uid, container.name, lines, self._world.now())
            elif happening.reason == "Crashed" and happening.fault:
                text = after_crash(pod, container.name, happening.fault)
                self._world.logs.write(run.uid, container.name, text, self._world.now(), whole=True)

    def _event(self, pod: JsonObject, happening: Happening, container: Container) -> None:
        self._world.events.record(
            kinds.POD,
            pod,
            happening.type,
            happening.reason,
            happening.message,
            component="kubelet",
            field_path=f"spec.containers{{{container.name}}}",
        )


def _only_status(change: Change) -> bool:
    """True for what the kubelet itself has just written."""
    old, new = change.old, change.new
    if old is None or new is None or old["spec"] is not new["spec"]:
        return False
    keys = ("labels", "annotations", "deletionTimestamp")
    return all(old["metadata"].get(key) == new["metadata"].get(key) for key in keys)


def _symptoms(
    faults: list[Fault], pod: JsonObject, container: Container, position: int, now: datetime
) -> Symptoms:
    holding = [fault for fault in faults if fault.holds(pod, now)]
    kinds_now = {fault.kind for fault in holding}
    crashes = [
        fault
        for fault in holding
        if fault.kind in CRASHES
        and (fault.container == container.name or (not fault.container and position == 0))
    ]
    return Symptoms(
        crash=crashes[0] if crashes else None,
        blocked=next((fault.kind for fault in holding if fault.kind in UNSTARTABLE), ""),
        unready=not kinds_now.isdisjoint(("notready", "crashdead")),
        slow="slowstart" in kinds_now,
    )
