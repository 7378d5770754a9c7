"""Take the pods off a node, one eviction after the other, as `kubectl drain` would without its dangerous flags (4.7).

The first write is the cordon. Each eviction after it is a call of this action that names the pod, bound to its uid,
claimed by itself; the next one is chosen when the one before is gone and what controls it has as many ready pods as
before. Only a person asks for it, and never of a node that is not Ready: its pods could not say that they have ended.
"""

from __future__ import annotations

from datetime import datetime

from tools import namespaces
from tools.actions import Action
from tools.cluster import Cluster, ClusterReader
from tools.conditional import Once, write_once
from tools.cordoning import RULES as CORDON_RULES
from tools.cordoning import NodeArgs, cordon, cordoned_by, difference, is_cordoned, look
from tools.draining import RULES as PLAN_RULES
from tools.draining import Plan, plan, said_no, whole_plan
from tools.errors import NotFound, Refused, ToolError
from tools.evicting import RULES as EVICT_RULES
from tools.evicting import evict
from tools.kept_workloads import DISABLE, marked, unread
from tools.kept_workloads import RULES as OWNER_RULES
from tools.objects import condition, desired, metadata, uid
from tools.records import ActionCall, Argument, NodePod, Observation, Preview, Receipt, Target
from tools.rehearsal import Shown, rehearse
from tools.requestable import Nothing, Requestable
from tools.resources import NODES, PODS, REPLICASETS, STATEFULSETS, JsonObject
from tools.rollout import unseen
from tools.stepwise import Step, Stepwise

NAME = "drain_node"
PATIENCE_SECONDS = 300.0
TOTAL_SECONDS = 900.0
MOST_TRIED = 30
"""Evictions that a preview tries as dry runs."""
COUNTED = {resource.kind: resource for resource in (REPLICASETS, STATEFULSETS)}
"""What tells how many of its pods are ready."""
VERIFICATION = (
    "Every pod that goes is gone and replaced before the next one; then the node stays cordoned, Ready and without "
    "them for the whole stability window."
)
UNDO = (
    "Undone by uncordon_node, so that the node takes pods again. The pods that were evicted do not come back by it: "
    "they are where they were made anew."
)


class DrainNode(NodeArgs):
    """Which node; in the calls that follow the cordon also which pod, and how many its owner had ready before."""

    pod_namespace: str = ""
    pod: str = ""
    pod_uid: str = ""
    owner_kind: str = ""
    owner_name: str = ""
    owner_ready: int = 0


def execute(cluster: Cluster, args: DrainNode, *, key: str, at: datetime, dry_run: bool) -> Receipt:
    """Cordon the node, or evict the pod that the call names. Errors: `tools.conditional.write_once`."""
    if args.pod:
        return _evict(cluster, args, key=key, at=at, dry_run=dry_run)

    def require(live: JsonObject) -> None:
        if condition(live, "Ready").get("status") != "True":
            raise Refused(f"Node {args.name} is not Ready: its pods could not be seen to end")
        if why := whole_plan(cluster, args.name).forbids:
            raise Refused(f"Node {args.name} is not drained: {why}")

    return cordon(
        cluster, NAME, args, on=True, key=key, at=at, dry_run=dry_run, require=require, ours_too=True
    )


def observe(cluster: ClusterReader, args: DrainNode, receipt: Receipt | None, at: datetime) -> Observation:
    """The node and how many pods have still to go; of an eviction whether the pod is gone. Never raises ToolError."""
    try:
        if args.pod:
            return look(cluster, args, at).model_copy(update={"done": _is_gone(_pod(cluster, args), args)})
        left = plan(cluster, args.name).of("goes", "leaves", "forbids")
        return look(cluster, args, at).model_copy(update={"pods_left": len(left)})
    except ToolError as err:
        return unseen(err, receipt, at)


def go_on(cluster: ClusterReader, args: DrainNode, last: ActionCall | None, at: datetime) -> Step:
    """The next eviction, or what it waits for, or why it ends. Raises ToolError."""
    why, planned = _changed(cluster, args), plan(cluster, args.name)
    if why or planned.forbids:
        return Step(kind="stop", why=why or planned.forbids)
    if leaving := planned.of("leaves"):
        return Step(kind="wait", why=f"{leaving[0].title} is not gone yet")
    if last and (missing := _missing(cluster, DrainNode.model_validate(last.args))):
        return Step(kind="wait", why=missing)
    going = planned.of("goes")
    if not going:
        return Step(kind="over")
    if no := said_no(marked(cluster, going[:1])):
        return Step(kind="stop", why=no[0])
    return Step(kind="send", call=_call(cluster, args, going[0]))


def preview(cluster: Cluster, args: DrainNode) -> Preview:
    """The cordon by a dry run, the pods that go, and what a dry run of each eviction says now."""
    planned = plan(cluster, args.name)
    going = planned.of("goes")
    shown = Shown(
        undo=UNDO,
        notes=(*_tried(cluster, going), *_unasked(going), *_staying(planned), *_rules()),
        resource=NODES,
        verification=VERIFICATION,
        diff=lambda before, after: "\n".join(
            [difference(before, after), *(f"-  {pod.title}" for pod in going)]
        ),
        replaced=lambda _, __: tuple(f"{pod.namespace}/{pod.name}" for pod in going),
        stays_ready=lambda _: _stays_ready(cluster, going),
    )
    return rehearse(cluster, args, execute, shown)


def undo(cluster: ClusterReader, args: DrainNode) -> ActionCall | None:
    """Take our cordon back; None for an eviction, and where the node had been cordoned before."""
    if args.pod or is_cordoned(cluster.get(NODES, "", args.name)):
        return None
    return ActionCall(name="uncordon_node", args={"namespace": "", "name": args.name, "uid": args.uid})


def propose(cluster: ClusterReader, target: Target, given: Nothing, at: datetime) -> dict[str, Argument]:
    """The node's name and uid. Raises Refused for a pod that forbids it, or a namespace whose label does."""
    planned = whole_plan(cluster, target.name)
    if planned.forbids:
        raise Refused(f"Node {target.name} is not drained: {planned.forbids}")
    for namespace in sorted({pod.namespace for pod in planned.of("goes")}):
        if (mode := namespaces.mode_label(cluster, namespace)) not in ("", "approve", "auto"):
            raise Refused(
                f"Namespace {namespace} has label sre-agent/mode={mode}: nothing is done to its pods"
            )
    return DrainNode(name=target.name, uid=target.uid).model_dump()


def _call(cluster: ClusterReader, args: DrainNode, pod: NodePod) -> ActionCall:
    owner = _owner(cluster, pod.owner_kind, pod.namespace, pod.owner_name)
    named = {
        "pod_namespace": pod.namespace,
        "pod": pod.name,
        "pod_uid": pod.uid,
        "owner_kind": pod.owner_kind,
        "owner_name": pod.owner_name,
        "owner_ready": _ready(owner),
    }
    return ActionCall(name=NAME, args=args.model_copy(update=named).model_dump())


def _changed(cluster: ClusterReader, args: DrainNode) -> str:
    node = cluster.get(NODES, "", args.name)
    if uid(node) != args.uid:
        return "the node was removed or replaced"
    if condition(node, "Ready").get("status") != "True":
        return "the node is not Ready any more"
    return "" if cordoned_by(node) else "somebody else has uncordoned the node since"


def _missing(cluster: ClusterReader, step: DrainNode) -> str:
    """What controls the pod that was evicted last has not as many ready as before, or as it wants now."""
    owner = _owner(cluster, step.owner_kind, step.pod_namespace, step.owner_name)
    wanted = min(step.owner_ready, desired(owner)) if owner else 0
    if _ready(owner) >= wanted:
        return ""
    return f"{step.owner_kind} {step.pod_namespace}/{step.owner_name}: {_ready(owner)} of {wanted} pods are ready"


def _owner(cluster: ClusterReader, kind: str, namespace: str, name: str) -> JsonObject:
    """What controls a pod, where it counts its ready pods; else an empty object."""
    if kind not in COUNTED:
        return {}
    try:
        return cluster.get(COUNTED[kind], namespace, name)
    except NotFound:
        return {}


def _ready(owner: JsonObject) -> int:
    return int((owner.get("status") or {}).get("readyReplicas") or 0)


def _evict(cluster: Cluster, args: DrainNode, *, key: str, at: datetime, dry_run: bool) -> Receipt:
    receipt = Receipt(
        key=key,
        call=ActionCall(name=NAME, args=args.model_dump()),
        target=args.target(),
        sent_at=at,
        outcome="done",
    )
    step = Once(
        title=f"Pod {args.pod_namespace}/{args.pod}",
        read=lambda: _pod(cluster, args),
        done=lambda pod: _is_gone(pod, args),
        require=lambda pod: None,
        send=lambda pod: evict(cluster, args.pod_namespace, args.pod, args.pod_uid, dry_run=dry_run),
        told=lambda told, _: told,
        found="the pod is gone already",
    )
    return write_once(step, receipt, dry_run=dry_run)


def _pod(cluster: ClusterReader, args: DrainNode) -> JsonObject:
    try:
        return cluster.get(PODS, args.pod_namespace, args.pod)
    except NotFound:
        return {}


def _is_gone(pod: JsonObject, args: DrainNode) -> bool:
    return not pod or uid(pod) != args.pod_uid or "deletionTimestamp" in metadata(pod)


def _tried(cluster: Cluster, going: list[NodePod]) -> list[str]:
    notes = []
    for pod in going[:MOST_TRIED]:
        try:
            evict(cluster, pod.namespace, pod.name, pod.uid, dry_run=True)
        except (Refused, NotFound) as err:
            notes.append(f"{pod.title} would not go now: {err}")
    return notes


def _unasked(going: list[NodePod]) -> list[str]:
    """What controls a pod and is of a kind that is not read: a person decides, who may know."""
    names = dict.fromkeys(name for pod in going if (name := unread(pod)))
    return [f"Whether {name} has annotation {DISABLE} cannot be read: look there first." for name in names]


def _staying(planned: Plan) -> list[str]:
    return [f"{pod.title} stays: {pod.why}" for pod in planned.of("stays")]


def _rules() -> tuple[str, ...]:
    return (
        "One eviction at a time; POST /pause stops it before the next one. It is not taken up again by itself.",
        f"It ends after {TOTAL_SECONDS / 60:.0f} minutes, or when nothing moves for {PATIENCE_SECONDS / 60:.0f}.",
        "A PodDisruptionBudget that says no is obeyed; no pod is ever deleted past it, and none is forced.",
    )


def _stays_ready(cluster: ClusterReader, going: list[NodePod]) -> str:
    owners = {(pod.owner_kind, pod.namespace, pod.owner_name) for pod in going}
    alone = []
    for owner in sorted(owners):
        here = sum((pod.owner_kind, pod.namespace, pod.owner_name) == owner for pod in going)
        ready = _ready(_owner(cluster, *owner))
        if 0 < ready <= here:
            alone.append(f"{owner[0]} {owner[1]}/{owner[2]} has all of its {ready} ready pods here")
    text = f"{len(going)} pods go one after the other, each when the one before is replaced"
    return f"{text}; {'; '.join(alone)}" if alone else text


ACTION = Action(
    name=NAME,
    summary="Take the pods off a node one after the other, and keep new ones off it",
    family="node",
    args=DrainNode,
    risk="high",
    rules=(
        *CORDON_RULES,
        *PLAN_RULES,
        *EVICT_RULES,
        *namespaces.RULES,
        *OWNER_RULES,
    ),
    preview=preview,
    execute=execute,
    observe=observe,
    undo=undo,
    stepwise=Stepwise(go_on=go_on, patience_seconds=PATIENCE_SECONDS, total_seconds=TOTAL_SECONDS),
    on_request=Requestable(kinds=(NODES.kind,), propose=propose),
)
