"""Let a node take pods again that this agent has cordoned; never one that somebody else did (section 4.7)."""

from __future__ import annotations

from datetime import datetime

from tools.actions import Action
from tools.cluster import Cluster, ClusterReader
from tools.cordoning import RULES, NodeArgs, cordon, difference, node_args, observe
from tools.records import ActionCall, Preview, Receipt
from tools.rehearsal import Shown, nothing_replaced, rehearse
from tools.requestable import Requestable
from tools.resources import NODES

NAME = "uncordon_node"
VERIFICATION = "The node takes pods and stays Ready for the whole stability window."


class UncordonNode(NodeArgs):
    """Which node."""


def execute(cluster: Cluster, args: UncordonNode, *, key: str, at: datetime, dry_run: bool) -> Receipt:
    """Take our cordon and our mark away. Errors: `tools.conditional.write_once`; Refused for another's cordon."""
    return cordon(cluster, NAME, args, on=False, key=key, at=at, dry_run=dry_run)


def preview(cluster: Cluster, args: UncordonNode) -> Preview:
    """What it would change, by a dry run."""
    shown = Shown(
        undo="Undone by cordon_node.",
        notes=("Pods do not move back by themselves; new ones may be scheduled there.",),
        resource=NODES,
        verification=VERIFICATION,
        diff=difference,
        replaced=nothing_replaced,
        stays_ready=lambda _: "no pod moves",
    )
    return rehearse(cluster, args, execute, shown)


def undo(cluster: ClusterReader, args: UncordonNode) -> ActionCall | None:
    """Cordon it again."""
    return ActionCall(name="cordon_node", args=args.model_dump())


ACTION = Action(
    name=NAME,
    summary="Let a node take pods again that this agent has cordoned",
    family="node",
    args=UncordonNode,
    risk="high",
    rules=RULES,
    preview=preview,
    execute=execute,
    observe=observe,
    undo=undo,
    on_request=Requestable(kinds=(NODES.kind,), propose=node_args),
)
