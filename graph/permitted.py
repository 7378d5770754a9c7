"""Which of a proposal's writes the account may not make, asked of the API server by review, which changes nothing."""

from __future__ import annotations

from typing import Any

from graph.services import Services
from graph.state import Proposal
from tools.access import missing, writing
from tools.actions import REGISTRY
from tools.errors import PermanentError, TransientError
from tools.records import Evidence


def access_of(services: Services, proposal: Proposal, evidence: Evidence) -> dict[str, Any]:
    """Fields of PolicyFacts: what of the action's writes it lacks where they go; reads show themselves by failing.

    Raises TransientError while there is patience for an API server that does not answer.
    """
    rules = writing(REGISTRY[proposal.call.name].rules)
    going = sorted({pod.namespace for pod in evidence.node_pods if pod.fate == "goes"})
    spaces = [proposal.target.namespace] if proposal.target.namespace else going
    try:
        return {"no_access": tuple(missing(services.cluster, rules, spaces))}
    except PermanentError as error:
        return {"access_unread": str(error)}
    except TransientError as error:
        if services.policy.read_patience_seconds > 0:
            raise
        return {"access_unread": str(error)}
