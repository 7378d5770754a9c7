"""One JSON Patch on one object, once, under conditions and with our stamp: how most actions write (R4.1, R4.6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from tools.cluster import Cluster
from tools.conditional import Once, unchanged_since_read, write_once
from tools.objects import uid
from tools.records import ActionCall, Observation, Receipt, Target
from tools.resources import JsonObject, Resource
from tools.rollout import stamp_of


class Meant(Protocol):
    """What an action's arguments hold of the object that is written to."""

    @property
    def namespace(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def uid(self) -> str: ...

    def target(self) -> Target: ...

    def model_dump(self) -> dict[str, Any]: ...


def patch_once(
    cluster: Cluster,
    action: str,
    args: Meant,
    resource: Resource,
    change: Callable[[JsonObject], list[JsonObject]],
    *,
    require: Callable[[JsonObject], None],
    before: Callable[[], Observation],
    told: Callable[[Receipt, JsonObject], Receipt] = lambda told, _: told,
    key: str,
    at: datetime,
    dry_run: bool,
) -> Receipt:
    """Apply what `change` makes of the object as just read; its operations leave the stamp `key`.

    `before` looks at what the verdict compares with, and is not asked for a dry run. Errors:
    `tools.conditional.write_once`, and what `require` raises.
    """
    namespace = args.namespace if resource.namespaced else ""

    def send(live: JsonObject) -> JsonObject:
        operations = [*unchanged_since_read(live), *change(live)]
        return cluster.patch(
            resource, namespace, args.name, operations, patch_type="json", dry_run=dry_run
        ).object

    receipt = Receipt(
        key=key,
        call=ActionCall(name=action, args=args.model_dump()),
        target=args.target(),
        sent_at=at,
        outcome="done",
        before=None if dry_run else before(),
    )
    step = Once(
        title=f"{resource.kind} {namespace}/{args.name}" if namespace else f"{resource.kind} {args.name}",
        read=lambda: cluster.get(resource, namespace, args.name),
        done=lambda live: stamp_of(live) == key and uid(live) == args.uid,
        require=require,
        send=send,
        told=told,
    )
    return write_once(step, receipt, dry_run=dry_run)
