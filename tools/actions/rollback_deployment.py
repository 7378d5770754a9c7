"""Roll a Deployment back to the template of one of its ReplicaSets, as `kubectl rollout undo` does it (section 4.6)."""

from __future__ import annotations

from datetime import datetime

from tools.actions import Action
from tools.cluster import Cluster, ClusterReader
from tools.errors import NotFound, Refused
from tools.objects import name, owned_by, revision_number
from tools.records import ActionCall, Argument, Preview, RbacRule, Receipt, Record, Target
from tools.rehearsal import Shown, rehearse
from tools.requestable import Requestable
from tools.resources import DEPLOYMENTS, REPLICASETS, JsonObject
from tools.rewriting import RULES as REWRITE_RULES
from tools.rewriting import TemplateArgs, rewrite, template_args
from tools.rollout import observe
from tools.templates import template_digest, without_hash
from tools.workload_revisions import revision_with, revisions_of

NAME = "rollback_deployment"
NOTES = (
    "A rollback does not bring back ConfigMaps, Secrets, custom resource definitions or database schemas.",
    "The revision that it goes back to is numbered anew, as the newest.",
    "A rolling update is not held back by PodDisruptionBudgets.",
)


class RollbackDeployment(TemplateArgs):
    """The revision to go back to, named by its ReplicaSet and bound by its template's digest."""

    to_revision: int
    """Its number when this was proposed; shown, never relied on."""
    to_replicaset: str
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
    title = f"ReplicaSet {args.namespace}/{args.to_replicaset}"
    try:
        replicaset = cluster.get(REPLICASETS, args.namespace, args.to_replicaset)
    except NotFound as err:
        raise Refused(f"{title} does not exist any more, so there is nothing to go back to") from err
    template: JsonObject = (replicaset.get("spec") or {}).get("template") or {}
    if not owned_by(replicaset, args.uid):
        raise Refused(f"{title} is not a revision of this Deployment")
    if template_digest(template) != args.to_digest:
        raise Refused(f"{title} does not hold the template that was proposed")
    return template


def preview(cluster: Cluster, args: RollbackDeployment) -> Preview:
    """What it would change, by a dry run."""
    undo = "Undone by going forward again to the template that it replaces, if nobody has changed it since."
    return rehearse(cluster, args, execute, Shown(undo=undo, notes=NOTES))


def undo(cluster: ClusterReader, args: RollbackDeployment) -> ActionCall | None:
    """The way forward again: to the revision that holds `from_digest` now. None if no ReplicaSet holds it.

    To be computed before the write. Raises ToolError.
    """
    live = cluster.get(DEPLOYMENTS, args.namespace, args.name)
    current = revision_with(args.from_digest, revisions_of(cluster, live))
    if current is None:
        return None
    inverse = args.model_copy(
        update={
            "from_digest": args.to_digest,
            "to_digest": args.from_digest,
            "to_replicaset": name(current),
            "to_revision": revision_number(current),
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
    live = cluster.get(DEPLOYMENTS, target.namespace, target.name)
    older = [item for item in revisions_of(cluster, live) if _digest(item) != args["from_digest"]]
    wanted = given.to_revision
    found = next((item for item in older if wanted in (None, revision_number(item))), None)
    if found is None:
        raise Refused(
            f"There is no {f'revision {wanted}' if wanted else 'older revision'} with another template"
        )
    args |= {"to_revision": revision_number(found), "to_replicaset": name(found), "to_digest": _digest(found)}
    return args


def _digest(replicaset: JsonObject) -> str:
    return template_digest((replicaset.get("spec") or {}).get("template") or {})


ACTION = Action(
    name=NAME,
    summary="Take a Deployment back to an older revision that was healthy",
    family="rollback",
    args=RollbackDeployment,
    risk="high",
    rules=(*REWRITE_RULES, RbacRule(group="apps", resource="replicasets", verbs=("get",))),
    preview=preview,
    execute=execute,
    observe=observe,
    undo=undo,
    on_request=Requestable(kinds=(DEPLOYMENTS.kind,), propose=propose, given=WhichRevision),
)
