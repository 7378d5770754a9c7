"""Set whether a node takes new pods, once, under conditions, with our own mark on it (section 4.7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tools.cluster import Cluster, ClusterReader
from tools.conditional import escaped, set_annotations
from tools.errors import Conflict, Refused, ToolError
from tools.objects import condition, metadata, uid
from tools.records import Argument, Observation, RbacRule, Receipt, Record, Target
from tools.requestable import Nothing
from tools.resources import CORDONED_BY, NODES, STAMP, JsonObject
from tools.rollout import stamp_of, unseen
from tools.stamped_patch import patch_once

RULES: tuple[RbacRule, ...] = (RbacRule(group="", resource="nodes", verbs=("get", "patch"), cluster=True),)
CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


class NodeArgs(Record):
    """Which node is meant; `namespace` is empty, as for every object of the whole cluster."""

    namespace: str = ""
    name: str
    uid: str

    def target(self) -> Target:
        """The node."""
        return Target(kind=NODES.kind, namespace="", name=self.name, uid=self.uid)


def node_args(cluster: ClusterReader, target: Target, given: Nothing, at: datetime) -> dict[str, Argument]:
    """All arguments of a call on this node: its name and uid."""
    return {"namespace": "", "name": target.name, "uid": target.uid}


def cordon(
    cluster: Cluster,
    action: str,
    args: NodeArgs,
    *,
    on: bool,
    key: str,
    at: datetime,
    dry_run: bool,
    require: Callable[[JsonObject], None] = lambda live: None,
    ours_too: bool = False,
) -> Receipt:
    """Cordon the node, or (`on` False) take our own cordon back. Errors: `tools.conditional.write_once`.

    `require`: what else must hold of the node as just read. `ours_too`: our own cordon may be there already.
    """

    def check(live: JsonObject) -> None:
        if not on or (ours_too and cordoned_by(live)):
            _require_ours(live, args)
        else:
            _require_open(live, args)
        require(live)

    return patch_once(
        cluster,
        action,
        args,
        NODES,
        lambda live: _on(live, key) if on else _off(live, key),
        require=check,
        before=lambda: look(cluster, args, at),
        key=key,
        at=at,
        dry_run=dry_run,
    )


def observe(cluster: ClusterReader, args: NodeArgs, receipt: Receipt | None, at: datetime) -> Observation:
    """The node. A read that fails is an observation with `error`, never an exception."""
    try:
        return look(cluster, args, at)
    except ToolError as err:
        return unseen(err, receipt, at)


def look(cluster: ClusterReader, args: NodeArgs, at: datetime) -> Observation:
    """As `observe`, but raises ToolError."""
    node = cluster.get(NODES, "", args.name)
    return Observation(
        at=at,
        uid=uid(node),
        stamp=stamp_of(node),
        node_ready=condition(node, "Ready").get("status") == "True",
        schedulable=not is_cordoned(node),
    )


def is_cordoned(node: JsonObject) -> bool:
    """`spec.unschedulable`."""
    return bool((node.get("spec") or {}).get("unschedulable"))


def cordoned_by(node: JsonObject) -> str:
    """The ledger key of our own cordon, or empty."""
    return str((metadata(node).get("annotations") or {}).get(CORDONED_BY, "")) if is_cordoned(node) else ""


def is_control_plane(node: JsonObject) -> bool:
    """By the labels that kubeadm and managed clusters set."""
    return any(label in (metadata(node).get("labels") or {}) for label in CONTROL_PLANE)


def difference(before: JsonObject, after: JsonObject) -> str:
    """What changes, for a preview."""
    was, is_now = (str(is_cordoned(node)).lower() for node in (before, after))
    return f"--- before\n+++ after\n-  unschedulable: {was}\n+  unschedulable: {is_now}"


def _on(live: JsonObject, key: str) -> list[JsonObject]:
    marks = set_annotations("/metadata", metadata(live), {STAMP: key, CORDONED_BY: key})
    return [{"op": "add", "path": "/spec/unschedulable", "value": True}, *marks]


def _off(live: JsonObject, key: str) -> list[JsonObject]:
    """Our mark is there, so there are annotations."""
    return [
        {"op": "remove", "path": "/spec/unschedulable"},
        {"op": "remove", "path": f"/metadata/annotations/{escaped(CORDONED_BY)}"},
        {"op": "add", "path": f"/metadata/annotations/{escaped(STAMP)}", "value": key},
    ]


def _require_same(live: JsonObject, args: NodeArgs) -> None:
    if uid(live) != args.uid:
        raise Conflict(f"Node {args.name} is another object of that name: uid {uid(live)}, not {args.uid}")


def _require_open(live: JsonObject, args: NodeArgs) -> None:
    _require_same(live, args)
    if is_cordoned(live):
        raise Conflict(f"Node {args.name} has changed since this was proposed: somebody has cordoned it")
    if is_control_plane(live):
        raise Refused(f"Node {args.name} is a node of the control plane")


def _require_ours(live: JsonObject, args: NodeArgs) -> None:
    _require_same(live, args)
    if not is_cordoned(live):
        raise Conflict(f"Node {args.name} has changed since this was proposed: it takes pods already")
    if not cordoned_by(live):
        raise Refused(f"Node {args.name} was cordoned by somebody else: theirs to uncordon")
