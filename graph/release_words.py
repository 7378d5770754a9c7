"""Whether a release came with it, in words: the first one, a new one and what is left of the one before, or none."""

from __future__ import annotations

from datetime import timedelta

from graph.ages import old
from graph.symptoms import LIVED_WELL_SECONDS, current_revision, live_pods, lived_well
from tools.records import Evidence, RevisionFacts

NEW = timedelta(hours=24)
WITH_IT = timedelta(minutes=10)


def new_release(evidence: Evidence) -> str:
    """A sentence on a release that came within a day, or that is the first and has never run well; else empty."""
    current = current_revision(evidence)
    if current is None:
        return ""
    age = old(current.created_at, evidence.collected_at)
    if (
        _is_first(current, evidence)
        and not _ran_well(current, evidence)
        and _from_its_start(current, evidence)
    ):
        return (
            f"First deployment (revision {current.number}, {age} old): it has not run well yet, and there is nothing "
            "to go back to."
        )
    if evidence.collected_at - current.created_at > NEW or not _others(current, evidence):
        return ""
    return f"Revision {current.number} is {age} old; {_left(current, evidence)}."


def no_release(evidence: Evidence) -> str:
    """That the revision is older than a day, which is why a release is not likely; empty where there was one."""
    current = current_revision(evidence)
    if current is None or evidence.collected_at - current.created_at <= NEW:
        return ""
    return f"no release came with it: revision {current.number} is {old(current.created_at, evidence.collected_at)} old"


def release_fact(evidence: Evidence) -> tuple[str, ...]:
    """Either of the two as a fact; nothing where no revision is known."""
    told = new_release(evidence).rstrip(".")
    found = f"{told[:1].lower()}{told[1:]}" or no_release(evidence)
    return (found,) if found else ()


def older_serves(evidence: Evidence) -> bool:
    """A release of the last day has left pods of an older revision, and these are ready."""
    current = current_revision(evidence)
    if current is None or evidence.collected_at - current.created_at > NEW:
        return False
    return any(revision.ready for revision in _others(current, evidence))


def _is_first(current: RevisionFacts, evidence: Evidence) -> bool:
    """Numbers are never given again, and older revisions that are gone would have left a higher one."""
    return current.number == 1 and not _others(current, evidence)


def _from_its_start(current: RevisionFacts, evidence: Evidence) -> bool:
    """A pod is there that was made with it: else earlier ones may have run well."""
    return any(pod.created_at - current.created_at <= WITH_IT for pod in live_pods(evidence))


def _others(current: RevisionFacts, evidence: Evidence) -> list[RevisionFacts]:
    return [r for r in evidence.revisions if r.template_digest != current.template_digest]


def _ran_well(current: RevisionFacts, evidence: Evidence) -> bool:
    if (current.seen_healthy_seconds or 0.0) >= LIVED_WELL_SECONDS:
        return True
    now = evidence.collected_at
    return any(lived_well(pod, c, now) for pod in live_pods(evidence) for c in pod.containers if not c.init)


def _left(current: RevisionFacts, evidence: Evidence) -> str:
    serving = max(_others(current, evidence), key=lambda revision: revision.ready)
    if not serving.ready:
        return "no older pod is left to serve"
    pods = f"{serving.ready} ready pod{'' if serving.ready == 1 else 's'}"
    return f"revision {serving.number} still has {pods}"
