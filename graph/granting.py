"""A narrow grant as a run meets it: found when policy is asked, taken right before the write it is for."""

from __future__ import annotations

from datetime import datetime

from graph import proposals
from graph.services import Services
from graph.state import Proposal
from tools.grants import Grant


def fitting(services: Services, incident_id: str, proposal: Proposal, now: datetime) -> Grant | None:
    """The grant that a person gave for exactly this; None where there is none, or it is used. Raises StoreError."""
    if services.grants is None or proposal.edited or proposal.undo_of:
        return None
    key = proposals.ledger_key(incident_id, proposal)
    return services.grants.fitting(
        proposal.call.name,
        proposal.target.uid,
        proposal.problem,
        now=now,
        key=key,
        incident_id=incident_id,
    )


def take(services: Services, incident_id: str, proposal: Proposal, now: datetime) -> str:
    """Count the use, where a grant fits, before anything is written; why not, if it cannot be taken any more.

    Whether this write would have needed it or not: "at most once more" is about what is done, not about who asked.
    """
    grant = fitting(services, incident_id, proposal, now)
    if grant is None or services.grants is None:
        return ""
    key = proposals.ledger_key(incident_id, proposal)
    taken = services.grants.take(grant.id, key=key, incident_id=incident_id, at=now)
    return "" if taken else "the grant for it was used or revoked meanwhile"
