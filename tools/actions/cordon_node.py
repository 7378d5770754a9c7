"""Keep new pods off a node, as `kubectl cordon` does (section 4.7). Pods on it stay where they are."""

from __future__ import annotations

from datetime import datetime

from tools.actions import Action
from tools.cluster import Cluster, ClusterReader
from tools.cordoning import RULES, NodeArgs, cordon, difference, node_args, observe
from tools.records import ActionCall, Preview, Receipt
from tools.rehearsal import Shown, nothing_replaced, rehearse
from tools.requestable import Requestable
from tools.resources import NODES

NAME = "cordon_node"
NOTES = (
    "A cordoned node is taken out of external load balancers.",
    "Pods of a node that stays NotReady are evicted by Kubernetes itself, after 300 s by default.",
    "Uncordon it by `uncordon_node` or `kubectl uncordon` when it can be trusted again.",
)
VERIFICATION = (
    "That the node stays cordoned, and whether it comes back: recovered is only a node that is Ready for the whole "
    "stability window. The cordon does not bring that about; one that stays NotReady is handed to a person."
)


class CordonNode(NodeArgs):
    """Which node."""


def execute(cluster: Cluster, args: CordonNode, *, key: str, at: datetime, dry_run: bool) -> Receipt:
    """Set `spec.unschedulable` and leave our mark. Errors: `tools.conditional.write_once`."""
    return cordon(cluster, NAME, args, on=True, key=key, at=at, dry_run=dry_run)


def preview(cluster: Cluster, args: CordonNode) -> Preview:
    """What it would change, by a dry run."""
    shown = Shown(
        undo="Undone by uncordon_node, which takes back this agent's own cordon only.",
        notes=NOTES,
        resource=NODES,
        verification=VERIFICATION,
        diff=difference,
        replaced=nothing_replaced,
        stays_ready=lambda _: "pods on the node stay where they are; only new ones go elsewhere",
    )
    return rehearse(cluster, args, execute, shown)


def undo(cluster: ClusterReader, args: CordonNode) -> ActionCall | None:
    """Take our cordon back."""
    return ActionCall(name="uncordon_node", args=args.model_dump())


ACTION = Action(
    name=NAME,
    summary="Keep new pods off a node",
    family="node",
    args=CordonNode,
    risk="high",
    rules=RULES,
    preview=preview,
    execute=execute,
    observe=observe,
    undo=undo,
    on_request=Requestable(kinds=(NODES.kind,), propose=node_args),
)
