"""Rolling restart of a Deployment, a StatefulSet or a DaemonSet, as `kubectl rollout restart` does it (section 4.3)."""

from __future__ import annotations

from datetime import datetime

from tools.actions import Action
from tools.cluster import Cluster, ClusterReader
from tools.conditional import set_annotation
from tools.errors import Refused
from tools.objects import metadata
from tools.records import Argument, Preview, Receipt, Target
from tools.rehearsal import Shown, rehearse
from tools.requestable import Nothing, Requestable
from tools.resources import JsonObject
from tools.rewriting import RULES, TemplateArgs, rewrite, template_args
from tools.rollout import observe
from tools.templates import RESTARTED_AT
from tools.workload_revisions import KINDS, resource_of_kind, template_of
from tools.workload_status import partition_of

NAME = "restart_deployment"
NO_UNDO = (
    "A restart cannot be undone: the pods that it replaced are gone. Another restart would change nothing."
)


class RestartDeployment(TemplateArgs):
    """`restarted_at` is fixed when this is proposed, so that sending it twice makes the same template."""

    restarted_at: str
    """RFC 3339."""


def execute(cluster: Cluster, args: RestartDeployment, *, key: str, at: datetime, dry_run: bool) -> Receipt:
    """Set the restart annotation on the pod template. Errors: `tools.rewriting.rewrite`."""

    def change(live: JsonObject) -> list[JsonObject]:
        _require_whole(live, args)
        holder = metadata(template_of(live))
        return set_annotation("/spec/template/metadata", holder, RESTARTED_AT, args.restarted_at)

    return rewrite(cluster, NAME, args, change, key=key, at=at, dry_run=dry_run)


def _require_whole(live: JsonObject, args: RestartDeployment) -> None:
    """With a partition a part of the pods would be restarted, and nobody would see which problem was left."""
    partition = partition_of(live, args.kind)
    if partition:
        raise Refused(
            f"{args.kind} {args.namespace}/{args.name} has partition {partition}: "
            "only the ordinals from it on would be restarted"
        )


def preview(cluster: Cluster, args: RestartDeployment) -> Preview:
    """What it would change, by a dry run."""
    notes = ("A rolling update is not held back by PodDisruptionBudgets.",)
    return rehearse(
        cluster, args, execute, Shown(undo=NO_UNDO, notes=notes, resource=resource_of_kind(args.kind))
    )


def propose(cluster: ClusterReader, target: Target, given: Nothing, at: datetime) -> dict[str, Argument]:
    """A restart that begins at `at`, bound to the present template."""
    return {**template_args(cluster, target), "restarted_at": at.strftime("%Y-%m-%dT%H:%M:%SZ")}


ACTION = Action(
    name=NAME,
    summary="Replace the pods of a workload one after another, same template",
    family="restart",
    args=RestartDeployment,
    risk="medium",
    rules=RULES,
    preview=preview,
    execute=execute,
    observe=observe,
    no_undo=NO_UNDO,
    on_request=Requestable(kinds=tuple(KINDS), propose=propose),
)
