"""What cannot be told is no leave to act: the other half of the rules about holding still."""

from __future__ import annotations

import pytest

from graph.policy import PolicySettings, evaluate
from tests.graph.evidence_builders import policy_facts

AUTO = PolicySettings(mode="auto")


@pytest.mark.parametrize(
    ("rule", "facts"),
    [
        ("global_hold", {"hold_unread": "the nodes: forbidden"}),
        ("silenced", {"quiet_unread": "Alertmanager's API does not answer"}),
    ],
)
def test_what_could_not_be_read_asks(rule: str, facts: dict[str, str]) -> None:
    """Configured and silent is not well; the reason says what was not read."""
    (block,) = evaluate(policy_facts(**facts), AUTO)
    assert (block.rule, block.effect) == (rule, "ask")
    assert next(iter(facts.values())) in block.reason
