"""What nodes have of a resource, all together and without the largest of them, against what pods request of it."""

from __future__ import annotations

from typing import NamedTuple

from tools.records import Evidence


class Room(NamedTuple):
    """Of one resource, cores or bytes."""

    what: str
    """`CPU` or `memory`."""
    requested: float
    all: float
    left: float
    """Without the largest node."""
    largest: str
    most: tuple[tuple[str, float], ...]
    """Who requests most, and how much."""

    def spelled(self, amount: float) -> str:
        """`2.5 cores`, `91.3Gi`."""
        return f"{amount:.4g} cores" if self.what == "CPU" else f"{amount / 2**30:.4g}Gi"


def room_of(what: str, evidence: Evidence) -> Room | None:
    """Of the nodes that take pods; None: nobody knows what they have or what is requested."""
    requests, cpu = evidence.requests, what == "CPU"
    sizes = {
        node.name: amount
        for node in evidence.nodes
        if node.takes_pods and (amount := node.allocatable_cores if cpu else node.allocatable_memory)
    }
    if requests is None or not sizes:
        return None
    largest = max(sizes, key=lambda name: sizes[name])
    total = sum(sizes.values())
    return Room(
        what=what,
        requested=requests.cores if cpu else requests.memory,
        all=total,
        left=total - sizes[largest],
        largest=largest,
        most=tuple(each for each in (requests.most_cores if cpu else requests.most_memory) if each[1] > 0),
    )
