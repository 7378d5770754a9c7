"""Items of evidence about what Prometheus told, in words; where it is not configured, that it was not asked."""

from __future__ import annotations

from collections.abc import Sequence

from tools.items import Items
from tools.measures import MEMORY, PROCESSOR, Measured
from tools.records import MemoryGrowth, UsageFacts

ABSENT = "Prometheus is not configured (PROMETHEUS_URL), so that it was not asked"
SHOWN = 20
MIB = 2.0**20
_NOTHING = {
    PROCESSOR: "what its containers use",
    MEMORY: "what its containers held",
}


def add_absent(items: Items) -> None:
    """One item for each thing that Prometheus could have told."""
    for kind in _NOTHING:
        items.add(kind, "absent", "not asked", ABSENT)


def add_items(items: Items, measured: Measured) -> None:
    """One item for each query."""
    for kind, outcome in measured.outcomes.items():
        query = f"Prometheus: {measured.queries[kind]}"
        if outcome.value is None:
            items.add(kind, outcome.status, query, outcome.why)
            continue
        lines = _processor(measured.usage) if kind == PROCESSOR else _memory(measured.growth)
        partial = [f"Prometheus warns: {warning}" for warning in outcome.value.warnings]
        if not lines:
            others = len(outcome.value.series)
            why = f": it knows {others} series of other pods or too short" if others else ""
            summary = f"Prometheus does not know {_NOTHING[kind]}{why}"
            items.add(kind, "no_data", query, summary, "\n".join(partial))
            continue
        excerpt = "\n".join([*partial, *lines[1 : SHOWN + 1]])
        items.add(kind, "found", query, lines[0], excerpt)


def growth_line(grown: MemoryGrowth) -> str:
    """One container's memory in one line."""
    how = "rises all the time" if grown.steady else "does not rise steadily"
    gone = "" if grown.current else ", gone"
    hours = (grown.at - grown.since).total_seconds() / 3600
    return (
        f"{grown.pod}/{grown.container or '?'}{gone}: {_mi(grown.first)} to {_mi(grown.last)} in {hours:.1f} h, "
        f"at most {_mi(grown.highest)}, {round(grown.slope / MIB, 1) + 0.0:+.1f}Mi an hour, {how}"
    )


def _processor(usage: Sequence[UsageFacts]) -> list[str]:
    told = [(fact, fact.cores) for fact in usage if fact.cores is not None]
    if not told:
        return []
    lines = [f"{fact.pod}/{fact.container}: {cores * 1000:.0f}m processor" for fact, cores in told]
    pods = len({fact.pod for fact, _ in told})
    most, cores = max(told, key=lambda entry: entry[1])
    head = (
        f"processor use of {pods} pods, as an average of five minutes, most: {most.pod} {cores * 1000:.0f}m"
    )
    return [head, *lines]


def _memory(growth: Sequence[MemoryGrowth]) -> list[str]:
    if not growth:
        return []
    rising = sum(grown.steady for grown in growth)
    head = f"memory of {len(growth)} containers over hours: {rising} rise all the time"
    return [head, *(growth_line(grown) for grown in growth)]


def _mi(amount: float) -> str:
    return f"{amount / MIB:.0f}Mi"
