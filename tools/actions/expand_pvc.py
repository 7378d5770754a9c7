"""Ask for more storage than a PersistentVolumeClaim has, where its StorageClass lets volumes grow (section 4.8)."""

from __future__ import annotations

from datetime import datetime

from tools.actions import Action
from tools.claim_sizes import asked_for, asked_text, failed, grown, there_is, waits_for
from tools.cluster import Cluster, ClusterReader
from tools.conditional import set_annotation
from tools.errors import Conflict, NotFound, Refused, ToolError
from tools.excerpts import message
from tools.objects import metadata, uid
from tools.quantities import parse_quantity
from tools.records import Argument, Observation, Preview, RbacRule, Receipt, Record, Target
from tools.rehearsal import Shown, nothing_replaced, rehearse
from tools.requestable import Nothing, Requestable
from tools.resources import CLAIMS, STAMP, STORAGE_CLASSES, JsonObject
from tools.rollout import stamp_of, unseen
from tools.stamped_patch import patch_once

NAME = "expand_pvc"
MOST_GROWTH = 1.5
"""No more than this times what it asked for, whoever computed the size."""
NO_UNDO = "This cannot be undone: a volume never shrinks, and its larger size may cost more from now on."
NOTES = (
    "Some storage grows while it is mounted; other storage waits until a pod that mounts it is started again.",
    "It gives time and mends nothing: what fills the volume goes on.",
)
VERIFICATION = "The volume has the size that was asked for, for the whole stability window."


class ExpandPvc(Record):
    """The claim, what it asked for when this was proposed, and what it is to ask for."""

    namespace: str
    name: str
    uid: str
    from_size: str
    to_size: str

    def target(self) -> Target:
        """The claim."""
        return Target(kind=CLAIMS.kind, namespace=self.namespace, name=self.name, uid=self.uid)


def execute(cluster: Cluster, args: ExpandPvc, *, key: str, at: datetime, dry_run: bool) -> Receipt:
    """Ask for it. Errors: `tools.conditional.write_once`; Refused where the volume cannot grow."""

    def change(live: JsonObject) -> list[JsonObject]:
        return [
            {"op": "replace", "path": "/spec/resources/requests/storage", "value": args.to_size},
            *set_annotation("/metadata", metadata(live), STAMP, key),
        ]

    return patch_once(
        cluster,
        NAME,
        args,
        CLAIMS,
        change,
        require=lambda live: _require_can_grow(cluster, live, args),
        before=lambda: _look(cluster, args, at),
        key=key,
        at=at,
        dry_run=dry_run,
    )


def observe(cluster: ClusterReader, args: ExpandPvc, receipt: Receipt | None, at: datetime) -> Observation:
    """What the claim asks for and has. A read that fails is an observation with `error`, never an exception."""
    try:
        return _look(cluster, args, at)
    except ToolError as err:
        return unseen(err, receipt, at)


def preview(cluster: Cluster, args: ExpandPvc) -> Preview:
    """What it would change, by a dry run, which asks the resize admission too."""
    shown = Shown(
        undo=NO_UNDO,
        notes=NOTES,
        resource=CLAIMS,
        verification=VERIFICATION,
        diff=lambda was, now: (
            f"--- before\n+++ after\n-  storage: {asked_text(was)}\n+  storage: {asked_text(now)}"
        ),
        replaced=nothing_replaced,
        stays_ready=lambda _: "no pod goes",
    )
    return rehearse(cluster, args, execute, shown)


def call_args(cluster: ClusterReader, target: Target, given: Nothing, at: datetime) -> dict[str, Argument]:
    """All arguments of a call on this claim. Raises Refused for one that cannot grow, ToolError."""
    live = cluster.get(CLAIMS, target.namespace, target.name)
    asked = asked_for(live)
    if asked is None:
        raise Refused("what the claim asks for cannot be read")
    named: dict[str, Argument] = {"namespace": target.namespace, "name": target.name, "uid": target.uid}
    args = ExpandPvc(**named, from_size=asked_text(live), to_size=grown(asked))
    _require_can_grow(cluster, live, args)
    return dict(args.model_dump())


def _look(cluster: ClusterReader, args: ExpandPvc, at: datetime) -> Observation:
    claim = cluster.get(CLAIMS, args.namespace, args.name)
    return Observation(
        at=at,
        kind=CLAIMS.kind,
        uid=uid(claim),
        stamp=stamp_of(claim),
        storage_asked=asked_for(claim),
        storage=there_is(claim),
        resize_waits=message(waits_for(claim)),
        resize_failed=message(failed(claim)),
    )


def _require_can_grow(cluster: ClusterReader, live: JsonObject, args: ExpandPvc) -> None:
    title = f"PersistentVolumeClaim {args.namespace}/{args.name}"
    if uid(live) != args.uid:
        raise Conflict(f"{title} is another object of that name: uid {uid(live)}, not {args.uid}")
    if asked_text(live) != args.from_size:
        raise Conflict(f"{title} has changed since this was proposed: it asks for {asked_text(live)}")
    _require_bounded(title, args)
    if (live.get("status") or {}).get("phase") != "Bound":
        raise Refused(f"{title} has no volume")
    if (waits := waits_for(live)) or (there_is(live) or 0.0) < parse_quantity(args.from_size):
        raise Refused(f"{title} is being resized already: {waits or 'it has less than it asks for'}")
    storage_class = str((live.get("spec") or {}).get("storageClassName") or "")
    if not may_grow(cluster, storage_class):
        raise Refused(f"StorageClass {storage_class or '(none)'} does not let volumes grow")


def _require_bounded(title: str, args: ExpandPvc) -> None:
    try:
        before, after = parse_quantity(args.from_size), parse_quantity(args.to_size)
    except ValueError as err:
        raise Refused(f"{title}: {err}") from err
    if not before < after <= MOST_GROWTH * before:
        raise Refused(f"{title}: {args.to_size} is not between {args.from_size} and half as much again")


def may_grow(cluster: ClusterReader, storage_class: str) -> bool:
    """`allowVolumeExpansion` of the StorageClass; False for none. Raises ToolError but for one that is gone."""
    if not storage_class:
        return False
    try:
        return bool(cluster.get(STORAGE_CLASSES, "", storage_class).get("allowVolumeExpansion"))
    except NotFound:
        return False


ACTION = Action(
    name=NAME,
    summary="Ask for a fifth more storage for a PersistentVolumeClaim",
    family="volume",
    args=ExpandPvc,
    risk="high",
    rules=(
        RbacRule(group="", resource="persistentvolumeclaims", verbs=("get", "patch")),
        RbacRule(group="storage.k8s.io", resource="storageclasses", verbs=("get",), cluster=True),
    ),
    preview=preview,
    execute=execute,
    observe=observe,
    no_undo=NO_UNDO,
    on_request=Requestable(kinds=(CLAIMS.kind,), propose=call_args),
)
