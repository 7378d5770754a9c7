"""Take a workload back to the template of one of its revisions, as `kubectl rollout undo` does it (section 4.6).

An ordered StatefulSet is not mended by its template alone: a pod of the revision that was left and that is not ready
holds its controller up. Evicting that pod is a step of its own, `delete_pod`, with its own entry in the ledger.
"""

from __future__ import annotations

from datetime import datetime

from tools.actions import Action
from tools.cluster import Cluster, ClusterReader
from tools.errors import NotFound, Refused
from tools.objects import name, owned_by
from tools.records import ActionCall, Argument, Preview, RbacRule, Receipt, Record, Target
from tools.rehearsal import Shown, rehearse
from tools.requestable import Requestable
from tools.resources import JsonObject
from tools.rewriting import RULES as REWRITE_RULES
from tools.rewriting import TemplateArgs, rewrite, template_args
from tools.rollout import observe
from tools.templates import template_digest, without_hash
from tools.workload_revisions import (
    KINDS,
    number_of,
    resource_of_kind,
    revision_with,
    revisions_of,
    revisions_resource,
    template_of,
)

NAME = "rollback_deployment"
NOTES = (
    "A rollback does not bring back ConfigMaps, Secrets, custom resource definitions or database schemas.",
    "The revision that it goes back to is numbered anew, as the newest.",
    "A rolling update is not held back by PodDisruptionBudgets.",
)


class RollbackDeployment(TemplateArgs):
    """The revision to go back to, named by its object and bound by its template's digest."""

    to_revision: int
    """Its number when this was proposed; shown, never relied on."""
    to_replicaset: str
    """Name of the ReplicaSet, or of the ControllerRevision where the workload is no Deployment."""
    to_digest: str


class WhichRevision(Record):
    """What a person may say who asks for it."""

    to_revision: int | None = None
    """None: the newest older one that differs."""


def execute(cluster: Cluster, args: RollbackDeployment, *, key: str, at: datetime, dry_run: bool) -> Receipt:
    """Replace the pod template. Errors: `tools.rewriting.rewrite`; Refused if the revision is not as proposed."""

    def change(live: JsonObject) -> list[JsonObject]:
        template = without_hash(_revision_template(cluster, args))
        return [{"op": "replace", "path": "/spec/template", "value": template}]

    return rewrite(cluster, NAME, args, change, key=key, at=at, dry_run=dry_run)


def _revision_template(cluster: ClusterReader, args: RollbackDeployment) -> JsonObject:
    resource = revisions_resource(args.kind)
    title = f"{resource.kind} {args.namespace}/{args.to_replicaset}"
    try:
        revision = cluster.get(resource, args.namespace, args.to_replicaset)
    except NotFound as err:
        raise Refused(f"{title} does not exist any more, so there is nothing to go back to") from err
    template = template_of(revision)
    if not owned_by(revision, args.uid):
        raise Refused(f"{title} is not a revision of this {args.kind}")
    if template_digest(template) != args.to_digest:
        raise Refused(f"{title} does not hold the template that was proposed")
    return template


def preview(cluster: Cluster, args: RollbackDeployment) -> Preview:
    """What it would change, by a dry run."""
    undo = "Undone by going forward again to the template that it replaces, if nobody has changed it since."
    shown = Shown(undo=undo, notes=NOTES, resource=resource_of_kind(args.kind))
    return rehearse(cluster, args, execute, shown)


def undo(cluster: ClusterReader, args: RollbackDeployment) -> ActionCall | None:
    """The way forward again: to the revision that holds `from_digest` now. None if none does.

    To be computed before the write. Raises ToolError.
    """
    live = cluster.get(resource_of_kind(args.kind), args.namespace, args.name)
    current = revision_with(args.from_digest, revisions_of(cluster, live))
    if current is None:
        return None
    inverse = args.model_copy(
        update={
            "from_digest": args.to_digest,
            "to_digest": args.from_digest,
            "to_replicaset": name(current),
            "to_revision": number_of(current),
        }
    )
    return ActionCall(name=NAME, args=inverse.model_dump())


def propose(
    cluster: ClusterReader, target: Target, given: WhichRevision, at: datetime
) -> dict[str, Argument]:
    """Back to that revision, or to the newest older one with another template (R4.11).

    Whether it was healthy is not told here: whoever proposes has to (R4.12). Raises Refused where there is none.
    """
    args = template_args(cluster, target)
    live = cluster.get(resource_of_kind(target.kind), target.namespace, target.name)
    older = [item for item in revisions_of(cluster, live) if _digest(item) != args["from_digest"]]
    wanted = given.to_revision
    found = next((item for item in older if wanted in (None, number_of(item))), None)
    if found is None:
        raise Refused(
            f"There is no {f'revision {wanted}' if wanted else 'older revision'} with another template"
        )
    args |= {"to_revision": number_of(found), "to_replicaset": name(found), "to_digest": _digest(found)}
    return args


def _digest(revision: JsonObject) -> str:
    return template_digest(template_of(revision))


ACTION = Action(
    name=NAME,
    summary="Take a workload back to an older revision that was healthy",
    family="rollback",
    args=RollbackDeployment,
    risk="high",
    rules=(
        *REWRITE_RULES,
        RbacRule(group="apps", resource="replicasets", verbs=("get",)),
        RbacRule(group="apps", resource="controllerrevisions", verbs=("get",)),
    ),
    preview=preview,
    execute=execute,
    observe=observe,
    undo=undo,
    on_request=Requestable(kinds=tuple(KINDS), propose=propose, given=WhichRevision),
)
