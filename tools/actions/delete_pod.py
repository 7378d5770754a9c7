"""Evict one pod that is stuck, so that its workload makes another (section 4.5). Never a deletion, never forced.

A pod that is gone, or that another one has taken the name of, is what was asked for: the uid stands for the stamp.
With `left_revision` it is the second step of a StatefulSet's rollback (section 4.6): the pod is of a revision that the
workload has left, and not one of its present revision.
"""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import model_validator

from tools.actions import Action
from tools.cluster import Cluster, ClusterReader
from tools.conditional import Once, write_once
from tools.errors import Conflict, NotFound, Refused, ToolError, TransientError
from tools.evicting import RULES as EVICT_RULES
from tools.evicting import evict
from tools.objects import condition, metadata, owned_by, uid
from tools.records import ActionCall, Argument, Observation, Preview, Receipt, Record, Target
from tools.rehearsal import Shown, ready_now, rehearse
from tools.requestable import Requestable
from tools.resources import PODS, STATEFULSETS, JsonObject
from tools.rewriting import as_written
from tools.rollout import RULES as LOOK_RULES
from tools.rollout import look_at, unseen
from tools.workload_revisions import KINDS, WorkloadKind, kind_args, mark_of, resource_of_kind

NAME = "delete_pod"
NO_UNDO = "An eviction cannot be undone: the pod is gone. Its workload makes another one in its place."
VERIFICATION = (
    "The pod is gone, another one is ready in its place, and all pods stay ready without restarts or warnings for "
    "the whole stability window."
)


class DeletePod(Record):
    """The pod, bound to its uid, and the workload that makes another one."""

    namespace: str
    name: str
    uid: str
    workload: str
    workload_uid: str
    kind: WorkloadKind = "Deployment"
    """Of the workload."""
    left_revision: str = ""
    """Not empty: the ControllerRevision that the pod is of; the StatefulSet must have left it before the eviction."""

    @model_validator(mode="after")
    def _of_ordinals(self) -> Self:
        if self.left_revision and self.kind != STATEFULSETS.kind:
            raise ValueError("only a StatefulSet is held up by a pod of a revision that it has left")
        return self

    def target(self) -> Target:
        """The workload: what is verified, and what budgets are counted for."""
        return Target(kind=self.kind, namespace=self.namespace, name=self.workload, uid=self.workload_uid)


class WhichPod(Record):
    """What a person says who asks for it."""

    pod: str


def execute(cluster: Cluster, args: DeletePod, *, key: str, at: datetime, dry_run: bool) -> Receipt:
    """Evict it. Errors: `tools.conditional.write_once`; Refused where a PodDisruptionBudget says no."""
    workload = cluster.get(resource_of_kind(args.kind), args.namespace, args.workload)
    before = look_at(cluster, workload, at)
    receipt = Receipt(
        key=key,
        call=ActionCall(name=NAME, args=args.model_dump()),
        target=args.target(),
        sent_at=at,
        outcome="done",
        before=None if dry_run else before,
    )
    step = Once(
        title=f"Pod {args.namespace}/{args.name}",
        read=lambda: _pod(cluster, args),
        done=lambda pod: _is_going(pod, args),
        require=lambda pod: _require_stuck(pod, args, before, dry_run),
        send=lambda pod: evict(cluster, args.namespace, args.name, args.uid, dry_run=dry_run),
        told=lambda told, _: as_written(told, workload),
        found="the pod is gone already",
    )
    return write_once(step, receipt, dry_run=dry_run)


def observe(cluster: ClusterReader, args: DeletePod, receipt: Receipt | None, at: datetime) -> Observation:
    """The workload's pods, and whether the evicted one is gone. A read that fails is an observation."""
    try:
        pod = _pod(cluster, args)
        workload = cluster.get(resource_of_kind(args.kind), args.namespace, args.workload)
        seen = look_at(cluster, workload, at, since=receipt.sent_at if receipt else None)
    except ToolError as err:
        return unseen(err, receipt, at)
    lingers = bool(pod) and uid(pod) == args.uid
    return seen.model_copy(update={"done": _is_going(pod, args), "lingering": args.name if lingers else ""})


def preview(cluster: Cluster, args: DeletePod) -> Preview:
    """What would go, by a dry run of the eviction, which asks the PodDisruptionBudget."""
    workload = cluster.get(resource_of_kind(args.kind), args.namespace, args.workload)
    serving = f"{ready_now(workload)}; the one that goes is not among them"
    shown = Shown(
        undo=NO_UNDO,
        notes=("A PodDisruptionBudget that says no is obeyed; the pod is never deleted past it.",),
        resource=PODS,
        verification=VERIFICATION,
        diff=lambda pod, _: f"--- before\n+++ after\n-  pod {args.name} on {_node(pod)}, uid {uid(pod)}",
        replaced=lambda reader, _: (args.name,),
        stays_ready=lambda _: serving,
    )
    return rehearse(cluster, args, execute, shown)


def _pod(cluster: ClusterReader, args: DeletePod) -> JsonObject:
    """The pod of that name, or an empty object."""
    try:
        return cluster.get(PODS, args.namespace, args.name)
    except NotFound:
        return {}


def _is_going(pod: JsonObject, args: DeletePod) -> bool:
    return not pod or uid(pod) != args.uid or "deletionTimestamp" in metadata(pod)


def _require_stuck(pod: JsonObject, args: DeletePod, before: Observation, dry_run: bool) -> None:
    title = f"Pod {args.namespace}/{args.name}"
    if before.uid != args.workload_uid:
        raise Conflict(f"{args.kind} {args.workload} is another object of that name: uid {before.uid}")
    if condition(pod, "Ready").get("status") == "True":
        raise Conflict(f"{title} has changed since this was proposed: it is ready")
    if args.left_revision:
        _require_left_behind(pod, args, before, dry_run)
        return
    if args.uid not in {seen.uid for seen in before.pods}:
        raise Refused(f"{title} is no pod of the present revision of {args.kind} {args.workload}")
    if not any(seen.ready for seen in before.pods if seen.uid != args.uid):
        raise Refused(f"No other pod of {args.kind} {args.workload} is ready")


def _require_left_behind(pod: JsonObject, args: DeletePod, before: Observation, dry_run: bool) -> None:
    """Evicted too early, it would be made again of the very revision that is being left.

    It needs no ready sibling: it serves nobody, and nothing of its workload moves before it is gone.
    """
    title = f"Pod {args.namespace}/{args.name}"
    if not owned_by(pod, args.workload_uid) or mark_of(pod) != args.left_revision:
        raise Refused(f"{title} is no pod of revision {args.left_revision} of {args.kind} {args.workload}")
    if dry_run:
        return
    left = before.update_revision not in ("", args.left_revision)
    if before.observed_generation < before.generation or not left:
        raise TransientError(f"{args.kind} {args.workload} has not left revision {args.left_revision} yet")
    if not all(seen.ready for seen in before.pods):
        raise TransientError(f"A pod of the present revision of {args.kind} {args.workload} is not ready yet")


def _node(pod: JsonObject) -> str:
    return str((pod.get("spec") or {}).get("nodeName") or "no node")


def propose(cluster: ClusterReader, target: Target, given: WhichPod, at: datetime) -> dict[str, Argument]:
    """The pod of that name as it is now. Raises Refused where there is none."""
    try:
        pod = cluster.get(PODS, target.namespace, given.pod)
    except NotFound as err:
        raise Refused(f"There is no pod {given.pod} in {target.namespace}") from err
    return {
        "namespace": target.namespace,
        "name": given.pod,
        "uid": uid(pod),
        "workload": target.name,
        "workload_uid": target.uid,
        **kind_args(target.kind),
    }


ACTION = Action(
    name=NAME,
    summary="Evict one pod that is stuck while its siblings are well",
    family="evict",
    args=DeletePod,
    risk="medium",
    rules=(
        *EVICT_RULES,
        *LOOK_RULES,
    ),
    preview=preview,
    execute=execute,
    observe=observe,
    no_undo=NO_UNDO,
    on_request=Requestable(kinds=tuple(KINDS), propose=propose, given=WhichPod, named={PODS.kind: "pod"}),
)
