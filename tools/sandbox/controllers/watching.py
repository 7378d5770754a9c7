"""What makes a controller look again: a change of an object of its kind, or of what such an object controls."""

from __future__ import annotations

from collections.abc import Callable

from tools.sandbox.kinds import Kind
from tools.sandbox.store import Change
from tools.sandbox.values import controller_of
from tools.sandbox.world import World


def watch(world: World, kind: Kind, owned: Kind, enqueue: Callable[[str, str], None]) -> None:
    """Call `enqueue` with namespace and name of each object of `kind` that has to be looked at."""

    def on_change(change: Change) -> None:
        metadata = change.obj["metadata"]
        if change.kind is kind and change.new:
            enqueue(metadata["namespace"], metadata["name"])
        elif change.kind is owned:
            owner = controller_of(change.obj)
            if owner and owner["kind"] == kind.name:
                enqueue(metadata["namespace"], owner["name"])

    world.store.listen(on_change)
