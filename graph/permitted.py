"""Which of a proposal's writes the account may not make, asked of the API server by review, which changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graph.services import Services
from graph.state import Proposal
from tools.access import missing, writing
from tools.actions import REGISTRY
from tools.errors import PermanentError, TransientError
from tools.rbac import OPTING_NODES_IN, opting_in
from tools.records import Evidence


def access_of(services: Services, proposal: Proposal, evidence: Evidence) -> dict[str, Any]:
    """Fields of PolicyFacts: what of the action's writes it lacks where they go; reads show themselves by failing.

    Raises TransientError while there is patience for an API server that does not answer.
    """
    rules = writing(REGISTRY[proposal.call.name].rules)
    going = sorted({pod.namespace for pod in evidence.node_pods if pod.fate == "goes"})
    spaces = [proposal.target.namespace] if proposal.target.namespace else going
    try:
        lacking = tuple(missing(services.cluster, rules, spaces))
        return {
            "no_access": lacking,
            "opt_in": opt_in_commands(services.policy.own_namespace, lacking, spaces),
        }
    except PermanentError as error:
        return {"access_unread": str(error)}
    except TransientError as error:
        if services.policy.read_patience_seconds > 0:
            raise
        return {"access_unread": str(error)}


def opt_in_commands(own: str, lacking: Sequence[str], spaces: Sequence[str]) -> tuple[str, ...]:
    """The command for each namespace that lacks something, and the one for nodes. `own`: the agent's namespace."""
    namespaces = [space for space in spaces if any(words.endswith(f" in {space}") for words in lacking)]
    nodes = any(words.endswith(" nodes") for words in lacking)
    commands = [opting_in(namespace, own) for namespace in namespaces]
    return (*commands, *([OPTING_NODES_IN] if nodes else []))
