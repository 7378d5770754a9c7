"""Which revision may be gone back to, and how well its health is proved (product.md section 3, R4.11, R4.12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from graph import counted
from graph.ages import HOUR, lasting
from graph.data_left import may_have_changed
from graph.planned_steps import planned
from graph.state import Proposal
from graph.symptoms import current_revision, is_failing, pods_of
from tools.records import ActionCall, Evidence, Record, RevisionFacts, Target
from tools.workload_revisions import kind_args

PROOF_SECONDS = 600.0
"""A revision counts as healthy when it was ready, or at least current, this long."""


class Return(Record):
    """A revision to go back to."""

    revision: RevisionFacts
    health: Literal["proved", "not_proved"]
    why: str


def way_back(evidence: Evidence) -> Return | None:
    """The newest older revision with another template whose health is proved, else the newest without proof.

    Passed over: what the ledger saw ill, and without proof what was replaced within ten minutes or what somebody
    has gone back from before; where the newest release has or may have changed its database, what has no pod that is
    ready now, on the data as they are. None when only configuration has changed, which no revision brings back.
    """
    older = [] if only_configuration_changed(evidence) else _older(evidence)
    return _best([r for r in older if r.ready] if may_have_changed(evidence) else older, evidence)


def way_back_but_for_the_data(evidence: Evidence) -> Return | None:
    """Where a way back would lead if no migration had run: what is told to whoever asks about it, never proposed."""
    return None if only_configuration_changed(evidence) else _best(_older(evidence), evidence)


def _best(older: Sequence[RevisionFacts], evidence: Evidence) -> Return | None:
    proved = next((back for r in older if (back := _proved(r, evidence))), None)
    if proved:
        return proved
    kept = [r for r in older if not _gone_back_from(r, evidence)]
    return next((back for r in kept if (back := _unproved(r, evidence))), None)


def health_of(template_digest: str, evidence: Evidence) -> Return | None:
    """How well the health of that older template is proved; None: something speaks against it."""
    older = next((r for r in _older(evidence) if r.template_digest == template_digest), None)
    return (_proved(older, evidence) or _unproved(older, evidence)) if older else None


def only_configuration_changed(evidence: Evidence) -> bool:
    """The newest release runs the same containers as the one before it: only what they mount is another."""
    current = current_revision(evidence)
    before = next(iter(_older(evidence)), None)
    if current is None or before is None or not current.release_digest:
        return False
    return before.release_digest == current.release_digest


def only_more_memory(evidence: Evidence) -> bool:
    """The newest release does the same work as the one before it and may hold more: it has not begun a kill for
    memory, and going back would only bring the next one sooner.
    """
    current, before = current_revision(evidence), next(iter(_older(evidence)), None)
    if current is None or before is None or not current.memoryless_digest:
        return False
    same = current.memoryless_digest == before.memoryless_digest
    now, was = current.memory_limits, before.memory_limits
    return same and now.keys() == was.keys() and all(now[name] >= limit for name, limit in was.items())


def rollback(problem: str, reason: str, back: Return, evidence: Evidence, target: Target) -> Proposal:
    """The proposal that goes back there. Its arguments name existing objects only (R8.3)."""
    workload = evidence.workload
    assert workload is not None
    args = {
        "namespace": target.namespace,
        "name": target.name,
        "uid": target.uid,
        "from_digest": workload.template_digest,
        "to_revision": back.revision.number,
        "to_replicaset": back.revision.name,
        "to_digest": back.revision.template_digest,
        **kind_args(target.kind),
    }
    return Proposal(
        call=ActionCall(name="rollback_deployment", args=args),
        target=target,
        risk="high",
        problem=problem,
        reason=f"{reason} {back.why}",
        workload_digest=workload.template_digest,
        health_proof=back.health,
        then=planned(evidence, target),
    )


def _older(evidence: Evidence) -> list[RevisionFacts]:
    """Older revisions with another template, newest first, each template once."""
    current = current_revision(evidence)
    if current is None:
        return []
    older = [r for r in evidence.revisions if r.number < current.number]
    digests = dict.fromkeys(r.template_digest for r in sorted(older, key=lambda r: -r.number))
    digests.pop(current.template_digest, None)
    return [_merged([r for r in older if r.template_digest == digest]) for digest in digests]


def _merged(same: list[RevisionFacts]) -> RevisionFacts:
    """Restarts made several revisions of one template (R4.11): the newest, with what is known of all of them."""
    current = [r.seen_current_seconds for r in same if r.seen_current_seconds is not None]
    told = [r.told_healthy_seconds for r in same if r.told_healthy_seconds is not None]
    known = {
        "ready": sum(r.ready for r in same),
        "seen_current_seconds": sum(current) if current else None,
        "told_healthy_seconds": max(told, default=None),
    }
    return max(same, key=lambda r: r.number).model_copy(update=known)


def _gone_back_from(revision: RevisionFacts, evidence: Evidence) -> bool:
    """A rollback renumbers an older ReplicaSet: one born earlier has a higher number than this one."""
    return any(r.number > revision.number and r.created_at < revision.created_at for r in evidence.revisions)


def _proved(revision: RevisionFacts, evidence: Evidence) -> Return | None:
    if revision.ready and not _fails(revision, evidence):
        is_ready = "is" if revision.ready == 1 else "are"
        why = f"{counted.times(revision.ready, 'pod')} of revision {revision.number} {is_ready} ready now."
        return Return(revision=revision, health="proved", why=why)
    seen, told = revision.seen_healthy_seconds or 0.0, revision.told_healthy_seconds or 0.0
    if revision.seen_ill or max(seen, told) < PROOF_SECONDS or _fails(revision, evidence):
        return None
    why = f"Revision {revision.number} was seen ready for {_span(seen)}."
    if seen < PROOF_SECONDS:
        why = f"Revision {revision.number} was fully ready for {_span(told)}, by Prometheus."
    return Return(revision=revision, health="proved", why=why)


def _span(seconds: float) -> str:
    """Minutes, as far as they say something."""
    return f"{seconds / 60:.0f} minutes" if seconds < 3 * HOUR else lasting(seconds)


def _fails(revision: RevisionFacts, evidence: Evidence) -> bool:
    """Without a readiness probe a crashing pod counts as ready between two crashes."""
    alike = [r for r in evidence.revisions if r.template_digest == revision.template_digest]
    return any(is_failing(pod, evidence.collected_at) for r in alike for pod in pods_of(evidence, r))


def _unproved(revision: RevisionFacts, evidence: Evidence) -> Return | None:
    lived = revision.seen_current_seconds or 0.0
    if revision.seen_ill or lived < PROOF_SECONDS or _fails(revision, evidence):
        return None
    why = f"Health of revision {revision.number} not proved; it was current for {_span(lived)}."
    return Return(revision=revision, health="not_proved", why=why)
