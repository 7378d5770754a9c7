"""Change the pod template of a Deployment, once, under conditions (`tools.conditional`).

The write carries the object's uid and resourceVersion as tests and stamps the object with the ledger key, so that a
write whose answer was lost can be looked up and a second one with the same key changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tools.cluster import Cluster, ClusterReader
from tools.conditional import Once, set_annotation, unchanged_since_read, write_once
from tools.errors import Conflict, Refused
from tools.objects import metadata, uid
from tools.records import ActionCall, Argument, RbacRule, Receipt, Record, Target
from tools.resources import DEPLOYMENTS, STAMP, JsonObject
from tools.rollout import RULES as LOOK_RULES
from tools.rollout import look, stamp_of
from tools.templates import template_digest

RULES: tuple[RbacRule, ...] = (
    RbacRule(group="apps", resource="deployments", verbs=("get", "patch")),
    *LOOK_RULES,
)

Change = Callable[[JsonObject], list[JsonObject]]
"""JSON Patch operations for a Deployment as just read. Raises Refused when it must not be done."""


class TemplateArgs(Record):
    """Arguments of an action on a Deployment's pod template."""

    namespace: str
    name: str
    uid: str
    from_digest: str
    """Template digest when the action was proposed; another one now is a Conflict."""

    @property
    def kind(self) -> str:
        """Of the workload."""
        return DEPLOYMENTS.kind

    def target(self) -> Target:
        """The Deployment."""
        return Target(kind=self.kind, namespace=self.namespace, name=self.name, uid=self.uid)


def template_args(cluster: ClusterReader, target: Target) -> dict[str, Argument]:
    """What every call of such an action says of the Deployment, read from it now. Raises ToolError."""
    live = cluster.get(DEPLOYMENTS, target.namespace, target.name)
    template = (live.get("spec") or {}).get("template") or {}
    named: dict[str, Argument] = {"namespace": target.namespace, "name": target.name, "uid": target.uid}
    return {**named, "from_digest": template_digest(template)}


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

    def send(live: JsonObject) -> JsonObject:
        stamp = set_annotation("/metadata", metadata(live), STAMP, key)
        operations = [*unchanged_since_read(live), *change(live), *stamp]
        written = cluster.patch(
            DEPLOYMENTS, args.namespace, args.name, operations, patch_type="json", dry_run=dry_run
        )
        return written.object

    receipt = Receipt(
        key=key,
        call=ActionCall(name=action, args=args.model_dump()),
        target=args.target(),
        sent_at=at,
        outcome="done",
        before=None if dry_run else look(cluster, args, at),
    )
    step = Once(
        title=f"Deployment {args.namespace}/{args.name}",
        read=lambda: cluster.get(DEPLOYMENTS, args.namespace, args.name),
        done=lambda live: stamp_of(live) == key and uid(live) == args.uid,
        require=lambda live: require_unchanged(live, args),
        send=send,
        told=as_written,
    )
    return write_once(step, receipt, dry_run=dry_run)


def require_unchanged(live: JsonObject, args: TemplateArgs) -> None:
    """Raises Conflict unless it is the object and the template that the action was proposed against."""
    title = f"Deployment {args.namespace}/{args.name}"
    if uid(live) != args.uid:
        raise Conflict(f"{title} is another object of that name: uid {uid(live)}, not {args.uid}")
    spec = live.get("spec") or {}
    if template_digest(spec.get("template") or {}) != args.from_digest:
        raise Conflict(f"The pod template of {title} has changed since this was proposed")
    if spec.get("paused"):
        raise Refused(f"{title} is paused: somebody is working on it")


def as_written(receipt: Receipt, item: JsonObject) -> Receipt:
    """With generation and template of the Deployment as the write left it."""
    update = {
        "generation": int(metadata(item).get("generation") or 0),
        "template_digest": template_digest((item.get("spec") or {}).get("template") or {}),
    }
    return receipt.model_copy(update=update)
