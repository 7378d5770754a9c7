"""Which revision may be gone back to, and how well its health is proved (product.md section 3, R4.11, R4.12)."""

from __future__ import annotations

from typing import Literal

from graph.state import Proposal
from graph.symptoms import current_revision
from tools.records import ActionCall, Evidence, Record, RevisionFacts, Target

PROOF_SECONDS = 600.0
"""A revision counts as healthy when it was ready, or at least current, this long."""


class Return(Record):
    """A revision to go back to."""

    revision: RevisionFacts
    health: Literal["proved", "not_proved"]
    why: str


def way_back(evidence: Evidence) -> Return | None:
    """The newest older revision with another template whose health is proved, else the one just before.

    A revision that the ledger saw ill, or that was replaced within ten minutes without proof, is passed over.
    """
    older = _older(evidence)
    proved = next((r for r in map(_proved, older) if r), None)
    if proved:
        return proved
    return _unproved(older[0]) if older else None


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
    }
    return Proposal(
        call=ActionCall(name="rollback_deployment", args=args),
        target=target,
        risk="high",
        problem=problem,
        reason=f"{reason} {back.why}",
        workload_digest=workload.template_digest,
        health_proof=back.health,
    )


def _older(evidence: Evidence) -> list[RevisionFacts]:
    """Older revisions with another template, newest first, each template once."""
    current = current_revision(evidence)
    if current is None:
        return []
    seen, older = {current.template_digest}, []
    for revision in sorted(evidence.revisions, key=lambda r: -r.number):
        if revision.number < current.number and revision.template_digest not in seen:
            seen.add(revision.template_digest)
            older.append(revision)
    return older


def _proved(revision: RevisionFacts) -> Return | None:
    if revision.seen_ill and not revision.ready:
        return None
    if revision.ready:
        why = f"{revision.ready} pods of revision {revision.number} are ready now."
        return Return(revision=revision, health="proved", why=why)
    healthy = revision.seen_healthy_seconds or 0.0
    if healthy < PROOF_SECONDS:
        return None
    why = f"Revision {revision.number} was seen ready for {healthy / 60:.0f} minutes."
    return Return(revision=revision, health="proved", why=why)


def _unproved(revision: RevisionFacts) -> Return | None:
    lived = revision.seen_current_seconds or 0.0
    if revision.seen_ill or lived < PROOF_SECONDS:
        return None
    why = f"Health of revision {revision.number} not proved; it was current for {lived / 60:.0f} minutes."
    return Return(revision=revision, health="not_proved", why=why)
