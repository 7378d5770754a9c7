"""Change how many replicas a Deployment or a StatefulSet has, through its scale subresource (section 4.4).

A StatefulSet only grows: the pods that would go are those of the highest ordinals, one of which may lead the others,
and what they have stored would stay behind. A DaemonSet has as many pods as there are nodes for it.

The Scale object carries no annotations, so that the write cannot be stamped. What stands for the stamp: the number is
the one that was asked for, and the server's own record of field managers says that we set it.
"""

from __future__ import annotations

from datetime import datetime
from math import ceil
from typing import Self

from pydantic import model_validator

from tools.actions import Action
from tools.cluster import Cluster, ClusterReader
from tools.conditional import Once, write_once
from tools.errors import Conflict, Refused, ToolError
from tools.objects import desired, metadata, selector_of, uid
from tools.records import ActionCall, Argument, Observation, Preview, RbacRule, Receipt, Record, Target
from tools.rehearsal import Shown, nothing_replaced, ready_now, rehearse
from tools.requestable import Requestable
from tools.resources import DAEMONSETS, DEPLOYMENTS, FIELD_MANAGER, STATEFULSETS, JsonObject
from tools.rewriting import as_written
from tools.rollout import RULES as LOOK_RULES
from tools.rollout import live as live_workload
from tools.rollout import look, look_at, unseen
from tools.usage import RULES as USAGE_RULES
from tools.usage import cores_by_pod
from tools.workload_revisions import WorkloadKind, kind_args, resource_of_kind

NAME = "scale_deployment"
VERIFICATION = (
    "All pods, the new ones too, stay ready without restarts or warnings for the whole stability window, and none of "
    "them is near its limit of processor time any more. New pods that stay Pending are taken back."
)

ROOM = "A dry run does not prove that new pods find room: quotas and nodes are only asked when they are made."
WITHOUT_ASKING = "Going back to fewer replicas takes pods away without asking PodDisruptionBudgets."
UNLESS = "if nobody has scaled it since."
CLAIMS_STAY = "Each new pod may make PersistentVolumeClaims; they stay when the pod goes."
NO_WAY_DOWN = (
    "There is no undo: a StatefulSet is never scaled down by the agent, new pods and their claims stay."
)


class ScaleDeployment(Record):
    """From so many replicas to so many: one step, at most half as much again, never to or from nothing."""

    namespace: str
    name: str
    uid: str
    from_replicas: int
    """What the workload asked for when this was proposed; another number now is a Conflict."""
    replicas: int
    kind: WorkloadKind = "Deployment"

    @model_validator(mode="after")
    def _one_step(self) -> Self:
        if self.kind == DAEMONSETS.kind:
            raise ValueError("a DaemonSet cannot be scaled: it has a pod on each node that takes it")
        if self.kind == STATEFULSETS.kind and self.replicas < self.from_replicas:
            raise ValueError("a StatefulSet is never scaled down: its highest ordinal may lead the others")
        fewer, more = sorted((self.from_replicas, self.replicas))
        if fewer < 1:
            raise ValueError("a workload is never scaled to or from zero: zero is somebody's decision")
        if not 1 <= more - fewer <= max(1, ceil(fewer / 2)):
            raise ValueError(
                f"from {self.from_replicas} to {self.replicas} is not one step of at most a half"
            )
        return self

    def target(self) -> Target:
        """The workload."""
        return Target(kind=self.kind, namespace=self.namespace, name=self.name, uid=self.uid)


class Replicas(Record):
    """What a person says who asks for it."""

    replicas: int
    """How many there should be."""


def execute(cluster: Cluster, args: ScaleDeployment, *, key: str, at: datetime, dry_run: bool) -> Receipt:
    """Set the number of replicas. Errors: `tools.conditional.write_once`."""

    resource = resource_of_kind(args.kind)

    def send(live: JsonObject) -> JsonObject:
        unchanged = {key: metadata(live).get(key) for key in ("uid", "resourceVersion")}
        body = {"metadata": unchanged, "spec": {"replicas": args.replicas}}
        cluster.patch(
            resource,
            args.namespace,
            args.name,
            body,
            patch_type="merge",
            dry_run=dry_run,
            subresource="scale",
        )
        return _scaled(live, args.replicas)

    receipt = Receipt(
        key=key,
        call=ActionCall(name=NAME, args=args.model_dump()),
        target=args.target(),
        sent_at=at,
        outcome="done",
        before=None if dry_run else look(cluster, args, at),
    )
    step = Once(
        title=f"{args.kind} {args.namespace}/{args.name}",
        read=lambda: live_workload(cluster, args),
        done=lambda live: _is_done(live, args),
        require=lambda live: _require_unchanged(live, args),
        send=send,
        told=as_written,
        found=f"it has {args.replicas} replicas already, by our own write",
    )
    return write_once(step, receipt, dry_run=dry_run)


def observe(
    cluster: ClusterReader, args: ScaleDeployment, receipt: Receipt | None, at: datetime
) -> Observation:
    """The rollout, with what each pod uses where a metrics server tells. A read that fails is an observation."""
    try:
        live = live_workload(cluster, args)
        cores = cores_by_pod(cluster, args.namespace, selector_of(live))
        seen = look_at(cluster, live, at, since=receipt.sent_at if receipt else None, cores=cores)
    except ToolError as err:
        return unseen(err, receipt, at)
    return seen.model_copy(update={"done": _is_done(live, args)})


def preview(cluster: Cluster, args: ScaleDeployment) -> Preview:
    """What it would change, by a dry run."""
    stateful = args.kind == STATEFULSETS.kind
    shown = Shown(
        undo=NO_WAY_DOWN if stateful else f"Undone by going back to {args.from_replicas} replicas, {UNLESS}",
        notes=(ROOM, CLAIMS_STAY if stateful else WITHOUT_ASKING),
        resource=resource_of_kind(args.kind),
        verification=VERIFICATION,
        diff=_difference,
        replaced=nothing_replaced,
        stays_ready=_stays_ready,
    )
    return rehearse(cluster, args, execute, shown)


def undo(cluster: ClusterReader, args: ScaleDeployment) -> ActionCall | None:
    """Back to the number before; None for a StatefulSet."""
    if args.kind == STATEFULSETS.kind:
        return None
    inverse = args.model_copy(update={"from_replicas": args.replicas, "replicas": args.from_replicas})
    return ActionCall(name=NAME, args=inverse.model_dump())


def _is_done(live: JsonObject, args: ScaleDeployment) -> bool:
    """A server that keeps no field managers leaves only the number to go by."""
    managers = metadata(live).get("managedFields")
    ours = not managers or any(
        entry.get("subresource") == "scale" and entry.get("manager") == FIELD_MANAGER for entry in managers
    )
    return ours and uid(live) == args.uid and desired(live) == args.replicas


def _require_unchanged(live: JsonObject, args: ScaleDeployment) -> None:
    title = f"{args.kind} {args.namespace}/{args.name}"
    if uid(live) != args.uid:
        raise Conflict(f"{title} is another object of that name: uid {uid(live)}, not {args.uid}")
    if desired(live) != args.from_replicas:
        raise Conflict(
            f"The number of replicas of {title} has changed since this was proposed: it is {desired(live)} now"
        )
    if (live.get("spec") or {}).get("paused"):
        raise Refused(f"{title} is paused: somebody is working on it")


def _scaled(live: JsonObject, replicas: int) -> JsonObject:
    """The workload as the write made it; it counts one generation, since it was conditional on what was read."""
    generation = int(metadata(live).get("generation") or 0) + 1
    return {
        **live,
        "metadata": {**metadata(live), "generation": generation},
        "spec": {**(live.get("spec") or {}), "replicas": replicas},
    }


def _difference(before: JsonObject, after: JsonObject) -> str:
    return f"--- before\n+++ after\n-  replicas: {desired(before)}\n+  replicas: {desired(after)}"


def _stays_ready(workload: JsonObject) -> str:
    return f"{ready_now(workload)}, and all of them stay"


def propose(cluster: ClusterReader, target: Target, given: Replicas, at: datetime) -> dict[str, Argument]:
    """From the present number to the one that was asked for. Refused beyond one step, and for fewer."""
    live = cluster.get(resource_of_kind(target.kind), target.namespace, target.name)
    if given.replicas <= desired(live):
        raise Refused(f"{target.kind} {target.name} has {desired(live)} replicas: only more can be asked for")
    return {
        "namespace": target.namespace,
        "name": target.name,
        "uid": target.uid,
        "from_replicas": desired(live),
        "replicas": given.replicas,
        **kind_args(target.kind),
    }


ACTION = Action(
    name=NAME,
    summary="Give a workload more replicas, by at most a half",
    family="scale",
    args=ScaleDeployment,
    risk="medium",
    rules=(
        RbacRule(group="apps", resource="deployments/scale", verbs=("patch",)),
        RbacRule(group="apps", resource="statefulsets/scale", verbs=("patch",)),
        *LOOK_RULES,
        *USAGE_RULES,
    ),
    preview=preview,
    execute=execute,
    observe=observe,
    undo=undo,
    on_request=Requestable(kinds=(DEPLOYMENTS.kind, STATEFULSETS.kind), propose=propose, given=Replicas),
    editable=("replicas",),
)
