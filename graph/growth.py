"""Whether memory grew slowly, as Prometheus' numbers show it; nothing is read here and nothing decided."""

from __future__ import annotations

from datetime import timedelta

from tools.records import ContainerFacts, Evidence, MemoryGrowth, PodFacts, RevisionFacts

KIND = "memory_growth"
LEAST_RISE = 0.05
"""Of the limit: less is no growth."""
LONG_ENOUGH = timedelta(minutes=30)
"""What is seen for a shorter time says nothing about slow growth."""


def was_asked(evidence: Evidence) -> bool:
    """A Prometheus is configured and was asked, whether it answered or not."""
    return any(item.kind == KIND and item.status != "absent" for item in evidence.items)


def growth_of(pod: PodFacts, container: str, evidence: Evidence) -> MemoryGrowth | None:
    """The numbers of a container of a pod that is there."""
    return next(
        (g for g in evidence.growth if g.current and (g.pod, g.container) == (pod.name, container)), None
    )


def grows_slowly(pod: PodFacts, container: ContainerFacts, evidence: Evidence) -> bool | None:
    """It rises all the time, by what counts of its limit; None: nobody tells, or not for long enough."""
    grown, limit = growth_of(pod, container.name, evidence), container.memory_limit
    if grown is None or not limit or grown.at - grown.since < LONG_ENOUGH:
        return None
    return _rises(grown, limit)


def held_by(
    revision: RevisionFacts, container: ContainerFacts, evidence: Evidence
) -> tuple[MemoryGrowth, ...]:
    """What pods of that template held that are gone: a restart is the same template under another name."""
    alike = [r.name for r in evidence.revisions if r.template_digest == revision.template_digest]
    starts = tuple(f"{name}-" for name in alike)
    return tuple(
        grown
        for grown in evidence.growth
        if not grown.current and grown.container in (container.name, "") and grown.pod.startswith(starts)
    )


def grew_before(revision: RevisionFacts, container: ContainerFacts, evidence: Evidence) -> bool | None:
    """Whether pods of an older revision grew like that too; None: nobody tells, or not for long enough."""
    limit = container.memory_limit
    told = [g for g in held_by(revision, container, evidence) if g.at - g.since >= LONG_ENOUGH]
    return any(_rises(grown, limit) for grown in told) if told and limit else None


def _rises(grown: MemoryGrowth, limit: float) -> bool:
    return grown.steady and grown.last - grown.first >= LEAST_RISE * limit
