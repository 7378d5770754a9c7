"""The sandbox itself: a Kubernetes API served from this process, live or frozen."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from tools.clock import Clock, ManualClock, SystemClock
from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.authz import ADMIN, Authorizer
from tools.sandbox.controllers.autoscaling import AutoscalerController
from tools.sandbox.controllers.cronjobs import CronJobController
from tools.sandbox.controllers.daemonset import DaemonSetController
from tools.sandbox.controllers.deployment import DeploymentController
from tools.sandbox.controllers.disruption import DisruptionController
from tools.sandbox.controllers.garbage import GarbageCollector
from tools.sandbox.controllers.jobs import JobController
from tools.sandbox.controllers.kubelet import Kubelet
from tools.sandbox.controllers.nodes import NodeLifecycle, node_object
from tools.sandbox.controllers.podview import ready
from tools.sandbox.controllers.quotas import QuotaController
from tools.sandbox.controllers.replicaset import ReplicaSetController
from tools.sandbox.controllers.scheduler import Scheduler
from tools.sandbox.controllers.statefulset import StatefulSetController
from tools.sandbox.controllers.volumes import VolumeController
from tools.sandbox.faults import Faults
from tools.sandbox.kinds import Kind
from tools.sandbox.metrics import Metrics
from tools.sandbox.reads import LiveLogs
from tools.sandbox.requests import Call, Route
from tools.sandbox.scripting import Scripted
from tools.sandbox.store import Change, Objects
from tools.sandbox.switches import Switch
from tools.sandbox.values import copied
from tools.sandbox.world import World
from tools.sandbox.writes import Writer

if TYPE_CHECKING:
    from tools.bundle import Bundle
    from tools.sandbox.frozen import FrozenSandbox

_TICK = 0.03
"""Seconds of real time between two looks at the clock, while started."""


class Sandbox(Scripted):
    """A live cluster: nodes, controllers, faults, on a clock of the caller's.

    With a `ManualClock` nothing happens by itself: `settle` and `step` bring the world up to date, and so does
    every request. With any other clock `start()` keeps it going. `seed` makes names, uids and events repeatable;
    without `metrics` it is a cluster that has no metrics server.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        nodes: int = 3,
        *,
        seed: int | None = None,
        broken: Iterable[str] = (),
        metrics: bool = True,
    ) -> None:
        self.clock = clock or SystemClock()
        super().__init__(World(self.clock, random.Random(seed), frozenset(Switch(name) for name in broken)))
        self._faults = Faults()
        self._writer = Writer(self._world)
        self._ticker: threading.Thread | None = None
        self._stopping = threading.Event()
        self._paused = False
        self._metrics = Metrics(self._world)
        self._serve_metrics(metrics)
        self._begin(nodes)

    def _serve_metrics(self, served: bool) -> None:
        """With a metrics server, or as on a cluster that has none."""
        if served:
            self._world.computed[kinds.POD_METRICS.key] = self._metrics.objects
        else:
            self._world.kinds.remove(kinds.POD_METRICS)

    @staticmethod
    def frozen(bundle: Bundle) -> FrozenSandbox:
        """A bundle's cluster instead of a live one."""
        from tools.sandbox.frozen import FrozenSandbox

        return FrozenSandbox(bundle)

    def _begin(self, nodes: int) -> None:
        """Start the controllers and put the objects in place that every cluster has."""
        world = self._world
        self._kubelet = Kubelet(world, self._faults)
        self._nodes = NodeLifecycle(world, self._kubelet)
        self._controllers = [
            DeploymentController(world),
            ReplicaSetController(world),
            StatefulSetController(world),
            DaemonSetController(world),
            Scheduler(world),
            GarbageCollector(world),
            DisruptionController(world),
            QuotaController(world),
            AutoscalerController(world),
            JobController(world),
            CronJobController(world),
            VolumeController(world),
        ]
        world.store.listen(self._give_account)
        self._application = self._serve(Authorizer(world.store), LiveLogs(world), self._run)
        for number in range(1, nodes + 1):
            world.create(kinds.NODE, node_object(f"node-{number}", world.now()))
        for name in ("default", "kube-system", "kube-public"):
            self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
        world.create(kinds.CLUSTERROLE, {"metadata": {"name": "cluster-admin"}, "rules": [everything]})
        self.step()

    def _give_account(self, change: Change) -> None:
        """Every namespace has a ServiceAccount `default`."""
        if change.kind is kinds.NAMESPACE and change.old is None and change.new:
            account = {"metadata": {"name": "default", "namespace": change.new["metadata"]["name"]}}
            self._world.create(kinds.SERVICEACCOUNT, account)

    def start(self) -> Sandbox:
        """Serve HTTP and, unless the clock is a manual one, keep the world going. Returns itself."""
        super().start()
        if self._ticker is None and not isinstance(self.clock, ManualClock):
            self._stopping.clear()
            self._ticker = threading.Thread(target=self._tick, name="sandbox-ticker", daemon=True)
            self._ticker.start()
        return self

    def stop(self) -> None:
        """Stop serving; the world stands still and may be started again."""
        self._stopping.set()
        if self._ticker:
            self._ticker.join(10)
            self._ticker = None
        super().stop()

    def apply(self, manifests: JsonObject | Sequence[JsonObject]) -> Objects:
        """Create objects or replace their spec, as an admin would; a missing namespace is created first.

        Raises ApiError where the API would refuse.
        """
        listed = [manifests] if isinstance(manifests, Mapping) else manifests
        with self.lock:
            self._run()
            applied = [self._apply(copied(dict(manifest))) for manifest in listed]
            self._run()
        return applied

    def _apply(self, manifest: JsonObject) -> JsonObject:
        kind = self._world.kinds.of(manifest)
        metadata = manifest.setdefault("metadata", {})
        namespace = metadata.setdefault("namespace", "default") if kind.namespaced else ""
        if namespace and self._world.store.get(kinds.NAMESPACE, "", namespace) is None:
            self._apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        old = self._world.store.get(kind, namespace, metadata.get("name", ""))
        route = Route(kind, namespace, metadata.get("name", "") if old else "")
        call = Call("PUT", route, {"fieldManager": "admin"}, manifest, "application/json", ADMIN)
        if old is None:
            return self._writer.create(call)
        return self._writer.replace(call)

    def get(self, kind: str, namespace: str, name: str) -> JsonObject | None:
        """A copy of an object by kind name (`Deployment`), or None. Namespace "" for cluster-scoped kinds."""
        with self.lock:
            self._run()
            found = self._world.store.get(self._world.kinds.find(kind), namespace, name)
            return copied(found) if found else None

    def list(self, kind: str, namespace: str = "") -> Objects:
        """Copies of all objects of a kind."""
        with self.lock:
            self._run()
            return copied(self._world.store.list(self._world.kinds.find(kind), namespace))

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object as an admin would; nothing happens if it is gone already."""
        with self.lock:
            self._run()
            found: Kind = self._world.kinds.find(kind)
            if self._world.store.get(found, namespace, name):
                self._writer.delete(Call("DELETE", Route(found, namespace, name), {}, None, "", ADMIN))
            self._run()

    def pods(self, namespace: str, workload: str) -> Objects:
        """Copies of the pods of a Deployment, a StatefulSet or a DaemonSet, terminating ones included."""
        from tools.sandbox.controllers.podview import workload_name

        with self.lock:
            store = self._world.store
            found = store.list(kinds.POD, namespace)
            return [copied(pod) for pod in found if workload_name(store, pod) == workload]

    def ready(self, namespace: str, deployment: str) -> bool:
        """True if as many pods of a Deployment are ready as it asks for; usable in a fault's `when`."""
        found = self._world.store.get(kinds.DEPLOYMENT, namespace, deployment)
        if found is None:
            return False
        counted = sum(ready(pod) for pod in self.pods(namespace, deployment))
        return counted >= int(found["spec"]["replicas"])

    def token(self, namespace: str, service_account: str) -> str:
        """A bearer token of a ServiceAccount, which is created if need be."""
        from tools.sandbox.authz import service_account as user

        with self.lock:
            account = {"apiVersion": "v1", "kind": "ServiceAccount"}
            found = self._world.store.get(kinds.SERVICEACCOUNT, namespace, service_account)
            if found is None:
                metadata = {"name": service_account, "namespace": namespace}
                found = self.apply({**account, "metadata": metadata})[0]
            token = f"sandbox.{self._world.rng.getrandbits(160):040x}"
            self._tokens.users[token] = user(namespace, service_account, found["metadata"]["uid"])
            return token

    def pause_controllers(self) -> None:
        """Let the control plane fall behind: reads and writes go on, nothing reacts until `resume_controllers`."""
        self._paused = True

    def resume_controllers(self) -> None:
        """Let the controllers catch up and go on."""
        self._paused = False
        self.step()

    def step(self) -> None:
        """Do everything that is due by now."""
        with self.lock:
            self._run()

    def settle(self, seconds: float = 0.0) -> None:
        """Advance a manual clock by `seconds`, timer by timer. Raises TypeError with any other clock."""
        if not isinstance(self.clock, ManualClock):
            raise TypeError(
                "settle() needs a ManualClock; with a running clock, poll with a deadline instead"
            )
        until = self.clock.now() + timedelta(seconds=seconds)
        with self.lock:
            self._run()
            while not self._paused and (due := self._world.engine.next_due()) is not None and due <= until:
                self.clock.set(max(due, self.clock.now()))
                self._run()
            self.clock.set(until)
            self._run()

    def _run(self) -> None:
        if not self._paused:
            self._world.engine.run()

    def _tick(self) -> None:
        while not self._stopping.wait(_TICK):
            self.step()
