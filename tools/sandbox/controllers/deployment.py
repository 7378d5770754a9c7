"""The Deployment controller: revisions, rolling updates, progress, as kube-controller-manager does them."""

from __future__ import annotations

from datetime import timedelta

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.controllers import revisions, rollout
from tools.sandbox.controllers.deployment_status import deadline, sync_status
from tools.sandbox.controllers.progress import has_deadline, progressing, with_condition
from tools.sandbox.controllers.scaling import desired, is_scaling_event, scale, scale_proportionally
from tools.sandbox.store import Change
from tools.sandbox.values import controller_of, copied
from tools.sandbox.world import World

KIND = kinds.DEPLOYMENT


class DeploymentController:
    """Brings ReplicaSets to what their Deployment asks for, one step at a time."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.store.listen(self._on_change)

    def _on_change(self, change: Change) -> None:
        metadata = change.obj["metadata"]
        if change.kind is KIND and change.new:
            self._enqueue(metadata["namespace"], metadata["name"])
        elif change.kind is kinds.REPLICASET:
            self._enqueue_owner(change.obj)
        elif change.kind is kinds.POD and change.new is None:
            owner = controller_of(change.obj)
            if owner and owner["kind"] == "ReplicaSet":
                replicaset = self._world.store.get(kinds.REPLICASET, metadata["namespace"], owner["name"])
                if replicaset:
                    self._enqueue_owner(replicaset)

    def _enqueue_owner(self, obj: JsonObject) -> None:
        owner = controller_of(obj)
        if owner and owner["kind"] == KIND.name:
            self._enqueue(obj["metadata"]["namespace"], owner["name"])

    def _enqueue(self, namespace: str, name: str) -> None:
        key = ("deployment", namespace, name)
        self._world.engine.enqueue(key, lambda: self.sync(namespace, name))

    def sync(self, namespace: str, name: str) -> None:
        """One look at one Deployment and at most one step towards its spec."""
        deployment = self._world.store.get(KIND, namespace, name)
        if deployment is None or "deletionTimestamp" in deployment["metadata"]:
            return
        deployment = self._paused_condition(deployment)
        owned = self._replicasets(deployment)
        new, old = revisions.split(deployment, owned)
        if deployment["spec"].get("paused"):
            self._hold(deployment, new, old)
        elif is_scaling_event(deployment, owned):
            scale_proportionally(self._world, deployment, new, old)
            self._finish(deployment, rolling=False)
        elif deployment["spec"]["strategy"]["type"] == "Recreate":
            self._recreate(deployment, new, old)
        else:
            self._roll(deployment, new, old)

    def _replicasets(self, deployment: JsonObject) -> list[JsonObject]:
        owned = self._world.store.owned_by(deployment["metadata"]["uid"])
        return [
            obj
            for kind, obj in owned
            if kind is kinds.REPLICASET and "deletionTimestamp" not in obj["metadata"]
        ]

    def _hold(self, deployment: JsonObject, new: JsonObject | None, old: list[JsonObject]) -> None:
        if new:
            deployment, new = revisions.adopt(self._world, deployment, new, old)
        scale_proportionally(self._world, deployment, new, old)
        revisions.clean_up(self._world, deployment, old)
        self._finish(deployment, rolling=False)

    def _roll(self, deployment: JsonObject, new: JsonObject | None, old: list[JsonObject]) -> None:
        deployment, new = self._new_replicaset(deployment, new, old)
        if scale(self._world, deployment, new, rollout.new_replicas(deployment, new, old)):
            self._finish(deployment)
            return
        if rollout.shrink_old(self._world, deployment, new, old):
            self._finish(deployment)
            return
        self._complete(deployment, old)

    def _recreate(self, deployment: JsonObject, new: JsonObject | None, old: list[JsonObject]) -> None:
        shrunk = [scale(self._world, deployment, replicaset, 0) for replicaset in old]
        if any(shrunk) or self._old_pods_left(old):
            self._finish(deployment)
            return
        deployment, new = self._new_replicaset(deployment, new, old)
        scale(self._world, deployment, new, desired(deployment))
        self._complete(deployment, old)

    def _complete(self, deployment: JsonObject, old: list[JsonObject]) -> None:
        deployment = self._finish(deployment)
        status = deployment["status"]
        wanted = desired(deployment)
        counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
        if counts == [wanted] * 3:
            revisions.clean_up(self._world, deployment, old)

    def _old_pods_left(self, old: list[JsonObject]) -> bool:
        return any(self._world.store.owned_by(replicaset["metadata"]["uid"]) for replicaset in old)

    def _new_replicaset(
        self, deployment: JsonObject, new: JsonObject | None, old: list[JsonObject]
    ) -> tuple[JsonObject, JsonObject]:
        if new:
            return revisions.adopt(self._world, deployment, new, old)
        return revisions.create(self._world, deployment, old)

    def _finish(self, deployment: JsonObject, *, rolling: bool = True) -> JsonObject:
        new, old = revisions.split(deployment, self._replicasets(deployment))
        deployment = sync_status(self._world, deployment, new, old, rolling=rolling)
        due = deadline(deployment)
        if due:
            namespace, name = deployment["metadata"]["namespace"], deployment["metadata"]["name"]
            key = ("deployment deadline", namespace, name)
            self._world.engine.at(due + timedelta(seconds=1), key, lambda: self.sync(namespace, name))
        return deployment

    def _paused_condition(self, deployment: JsonObject) -> JsonObject:
        if not has_deadline(deployment):
            return deployment
        condition = progressing(deployment)
        if condition and condition["reason"] == "ProgressDeadlineExceeded":
            return deployment
        paused, marked = (
            bool(deployment["spec"].get("paused")),
            (condition or {}).get("reason") == "DeploymentPaused",
        )
        if paused == marked:
            return deployment
        word = "Paused" if paused else "Resumed"
        status = copied(deployment.get("status") or {})
        text = f"Deployment is {word.lower()}"
        status["conditions"] = with_condition(
            status, "Progressing", "Unknown", f"Deployment{word}", text, self._world.now()
        )
        return self._world.set_status(KIND, deployment, status)
