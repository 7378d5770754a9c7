"""What changed around a workload, in the order of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tools.changes import KIND, add_changes
from tools.items import Items
from tools.records import (
    AutoscalerFacts,
    ConfigFacts,
    ContainerFacts,
    DependencyFacts,
    NeighbourFacts,
    NodeFacts,
    PodFacts,
    RevisionFacts,
)

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


CRASHED = ContainerFacts(name="web", restart_count=2, exit_code=1, exit_finished_at=ago(8))
ILL = PodFacts(
    name="a", uid="a", created_at=ago(50), ready=False, ready_changed_at=ago(9), containers=(CRASHED,)
)
WELL = PodFacts(name="b", uid="b", created_at=ago(50), ready=True, ready_changed_at=ago(49))
FACTS = (
    RevisionFacts(number=2, name="web-2", uid="r2", created_at=ago(60), template_digest="d"),
    RevisionFacts(number=1, name="web-1", uid="r1", created_at=ago(60 * 48), template_digest="e"),
    ConfigFacts(name="rates", changed_at=ago(10), changed_by="kubectl-edit"),
    ConfigFacts(name="other"),
    NodeFacts(name="node-1", uid="n1", ready="False", ready_changed_at=ago(200)),
    AutoscalerFacts(kind="HorizontalPodAutoscaler", name="web", wanted=4, scaled_at=ago(30)),
    DependencyFacts(service="db", recovered_at=ago(5)),
    NeighbourFacts(kind="Deployment", name="cart", since=ago(9.5)),
    NeighbourFacts(kind="Deployment", name="late", since=NOW + timedelta(minutes=3)),
)


def told(*pods: PodFacts, facts: tuple[object, ...] = FACTS) -> list[str]:
    """The lines of the item; none, where there is no item."""
    items = Items()
    add_changes(items, NOW, pods, facts)  # type: ignore[arg-type]
    assert all(item.kind == KIND and item.status == "found" for item in items.all)
    return [line.partition(" (")[2] for item in items.all for line in item.excerpt.splitlines()]


def test_newest_first_and_only_of_the_last_day() -> None:
    """One line each; what a clock puts into the future, what never changed and what is old is left out."""
    assert told(WELL, ILL) == [
        "5 min ago) the last pod behind Service db became ready",
        "8 min ago) earliest known end of container web (1 ended so)",
        "9 min ago) the first of 1 pods was not ready any more",
        "9 min ago) Deployment cart has lacked pods since then",
        "10 min ago) ConfigMap rates was changed by kubectl-edit",
        "30 min ago) HorizontalPodAutoscaler web scaled it, to 4",
        "60 min ago) revision 2 was made",
        "3 h ago) node node-1 stopped being ready",
    ]


def test_nothing_is_told_of_what_is_well() -> None:
    """Nor where nothing happened."""
    assert told(WELL) == []
    old = ILL.model_copy(update={"containers": (), "ready_changed_at": None})
    assert told(old, facts=()) == []


def test_many_changes_are_cut() -> None:
    """And the cut is marked."""
    many = tuple(ConfigFacts(name=f"c{n}", changed_at=ago(n)) for n in range(1, 40))
    lines = told(ILL, facts=many)
    assert len(lines) == 13
