"""Change the pod template of a Deployment: read fresh, compare, write once under conditions (R4.1, R4.2, R4.6).

One code path for the dry run and for the write. The write carries the object's uid and resourceVersion as tests
and stamps the object with the ledger key, so that a write whose answer was lost can be looked up and a second one
with the same key changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tools.cluster import Cluster
from tools.errors import Conflict, Refused, ToolError, UnknownOutcome
from tools.objects import metadata, uid
from tools.records import ActionCall, RbacRule, Receipt, Record, Target
from tools.resources import DEPLOYMENTS, STAMP, JsonObject
from tools.rollout import RULES as LOOK_RULES
from tools.rollout import look, stamp_of
from tools.templates import template_digest

ATTEMPTS = 3
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

    def target(self) -> Target:
        """The Deployment."""
        return Target(kind=DEPLOYMENTS.kind, namespace=self.namespace, name=self.name, uid=self.uid)


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
    """Apply `change` once, whatever else happens to the object meanwhile.

    Raises Conflict (another object, another template, or never a quiet moment), Refused, NotFound, Forbidden,
    Invalid, TransientError: in all these cases nothing was changed. A lost answer is a receipt, `unknown`.
    """
    before = None if dry_run else look(cluster, args.namespace, args.name, at)
    receipt = Receipt(
        key=key,
        call=ActionCall(name=action, args=args.model_dump()),
        target=args.target(),
        sent_at=at,
        outcome="done",
        before=before,
    )
    return _attempts(cluster, args, change, receipt, dry_run)


def _attempts(
    cluster: Cluster, args: TemplateArgs, change: Change, receipt: Receipt, dry_run: bool
) -> Receipt:
    conflict: Conflict | None = None
    for _ in range(ATTEMPTS):
        live = cluster.get(DEPLOYMENTS, args.namespace, args.name)
        if stamp_of(live) == receipt.key and uid(live) == args.uid:
            # What was read before is no state before the write: it had happened already.
            return _as_found(receipt.model_copy(update={"before": None}), live)
        require_unchanged(live, args)
        operations = [*_conditions(live), *change(live), *_stamp(live, receipt.key)]
        try:
            written = cluster.patch(
                DEPLOYMENTS, args.namespace, args.name, operations, patch_type="json", dry_run=dry_run
            )
        except Conflict as err:
            conflict = err
            continue
        except UnknownOutcome as err:
            return _looked_up(cluster, args, receipt, err)
        return _done(receipt, written.object, "dry run accepted" if dry_run else "")
    raise Conflict(f"Deployment {args.namespace}/{args.name} kept changing: {conflict}") from conflict


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


def _conditions(live: JsonObject) -> list[JsonObject]:
    return [
        {"op": "test", "path": "/metadata/uid", "value": uid(live)},
        {"op": "test", "path": "/metadata/resourceVersion", "value": metadata(live).get("resourceVersion")},
    ]


def _stamp(live: JsonObject, key: str) -> list[JsonObject]:
    return set_annotation("/metadata", metadata(live), STAMP, key)


def set_annotation(path: str, holder: JsonObject, annotation: str, value: str) -> list[JsonObject]:
    """Operations that set an annotation on the metadata at `path`, whether it has annotations or not."""
    escaped = annotation.replace("~", "~0").replace("/", "~1")
    if holder.get("annotations"):
        return [{"op": "add", "path": f"{path}/annotations/{escaped}", "value": value}]
    return [{"op": "add", "path": f"{path}/annotations", "value": {annotation: value}}]


def _looked_up(cluster: Cluster, args: TemplateArgs, receipt: Receipt, err: UnknownOutcome) -> Receipt:
    """After a lost answer: the stamp says that it was done; its absence says nothing, it may still be on its way."""
    try:
        live = cluster.get(DEPLOYMENTS, args.namespace, args.name)
    except ToolError as failed:
        return receipt.model_copy(update={"outcome": "unknown", "message": f"{err}; then {failed}"})
    if uid(live) == args.uid and stamp_of(live) == receipt.key:
        return _as_found(receipt, live)
    return receipt.model_copy(update={"outcome": "unknown", "message": str(err)})


def _as_found(receipt: Receipt, live: JsonObject) -> Receipt:
    found = _done(receipt, live, "the object already carries the stamp of this action")
    return found.model_copy(update={"outcome": "found_done"})


def _done(receipt: Receipt, item: JsonObject, text: str) -> Receipt:
    update = {
        "generation": int(metadata(item).get("generation") or 0),
        "template_digest": template_digest((item.get("spec") or {}).get("template") or {}),
        "message": text,
    }
    return receipt.model_copy(update=update)
