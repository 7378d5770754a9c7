"""Change the pod template of a workload, once, under conditions (`tools.conditional`).

The write carries the object's uid and resourceVersion as tests and stamps the object with the ledger key, so that a
write whose answer was lost can be looked up and a second one with the same key changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tools.cluster import Cluster, ClusterReader
from tools.conditional import set_annotation
from tools.errors import Conflict, Refused
from tools.objects import metadata, uid
from tools.records import Argument, RbacRule, Receipt, Record, Target
from tools.resources import STAMP, JsonObject
from tools.rollout import RULES as LOOK_RULES
from tools.rollout import look
from tools.stamped_patch import patch_once
from tools.templates import template_digest
from tools.workload_revisions import WorkloadKind, kind_args, resource_of_kind, template_of
from tools.workload_status import ON_DELETE, strategy_of

RULES: tuple[RbacRule, ...] = (
    RbacRule(group="apps", resource="deployments", verbs=("get", "patch")),
    RbacRule(group="apps", resource="statefulsets", verbs=("get", "patch")),
    RbacRule(group="apps", resource="daemonsets", verbs=("get", "patch")),
    *LOOK_RULES,
)

Change = Callable[[JsonObject], list[JsonObject]]
"""JSON Patch operations for a workload as just read. Raises Refused when it must not be done."""


class TemplateArgs(Record):
    """Arguments of an action on a workload's pod template."""

    namespace: str
    name: str
    uid: str
    from_digest: str
    """Template digest when the action was proposed; another one now is a Conflict."""

    kind: WorkloadKind = "Deployment"

    def target(self) -> Target:
        """The workload."""
        return Target(kind=self.kind, namespace=self.namespace, name=self.name, uid=self.uid)


def template_args(cluster: ClusterReader, target: Target) -> dict[str, Argument]:
    """What every call of such an action says of the workload, read from it now. Raises ToolError."""
    live = cluster.get(resource_of_kind(target.kind), target.namespace, target.name)
    named: dict[str, Argument] = {"namespace": target.namespace, "name": target.name, "uid": target.uid}
    return {**named, "from_digest": template_digest(template_of(live)), **kind_args(target.kind)}


def rewrite(
    cluster: Cluster,
    action: str,
    args: TemplateArgs,
    change: Change,
    *,
    key: str,
    at: datetime,
    dry_run: bool,
) -> Receipt:
    """Apply `change` once, whatever else happens to the object meanwhile. Errors: `tools.conditional.write_once`."""

    resource = resource_of_kind(args.kind)

    def stamped(live: JsonObject) -> list[JsonObject]:
        return [*change(live), *set_annotation("/metadata", metadata(live), STAMP, key)]

    return patch_once(
        cluster,
        action,
        args,
        resource,
        stamped,
        require=lambda live: require_unchanged(live, args),
        before=lambda: look(cluster, args, at),
        told=as_written,
        key=key,
        at=at,
        dry_run=dry_run,
    )


def require_unchanged(live: JsonObject, args: TemplateArgs) -> None:
    """Raises Conflict unless it is the object and the template that the action was proposed against."""
    title = f"{args.kind} {args.namespace}/{args.name}"
    if uid(live) != args.uid:
        raise Conflict(f"{title} is another object of that name: uid {uid(live)}, not {args.uid}")
    if template_digest(template_of(live)) != args.from_digest:
        raise Conflict(f"The pod template of {title} has changed since this was proposed")
    if (live.get("spec") or {}).get("paused"):
        raise Refused(f"{title} is paused: somebody is working on it")
    if strategy_of(live, args.kind) == ON_DELETE:
        raise Refused(f"{title} has updateStrategy OnDelete: a changed template replaces none of its pods")


def as_written(receipt: Receipt, item: JsonObject) -> Receipt:
    """With generation and template of the workload as the write left it."""
    update = {
        "generation": int(metadata(item).get("generation") or 0),
        "template_digest": template_digest(template_of(item)),
    }
    return receipt.model_copy(update=update)
