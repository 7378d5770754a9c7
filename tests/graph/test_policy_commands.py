"""Which commands policy lets through: the very words, in the very places, and none unless somebody named them."""

from __future__ import annotations

import pytest

from graph.policy import PolicySettings, evaluate
from graph.policy_commands import command_ask
from tests.graph.command_scenarios import LISTED, command
from tests.graph.evidence_builders import TARGET, policy_facts
from tools.allowed_commands import CommandAsk
from tools.records import ActionCall


def test_what_is_listed_passes() -> None:
    """Nothing else stands in its way either."""
    assert evaluate(command(), LISTED) == ()


@pytest.mark.parametrize(
    "asked",
    [
        {"argv": ()},
        {"argv": ("nginx",)},
        {"argv": ("nginx", "-t", "-T")},
        {"argv": ("nginx -t",)},
        {"workload": "web-2"},
        {"container": "sidecar"},
        {"container": ""},
        {"seconds": 31},
    ],
)
def test_what_differs_in_anything_is_refused(asked: dict[str, object]) -> None:
    """By this rule, and it says which words and where."""
    (block,) = evaluate(command(**asked), LISTED)
    assert (block.rule, block.effect) == ("command_listed", "refuse")
    assert "exec_commands in POLICY_FILE does not allow" in block.reason


def test_nothing_is_listed_as_shipped() -> None:
    """And another namespace is another place."""
    for settings, facts in (
        (PolicySettings(mode="auto"), command()),
        (LISTED, command().model_copy(update={"target": TARGET.model_copy(update={"namespace": "shop-2"})})),
    ):
        assert [block.rule for block in evaluate(facts, settings)] == ["command_listed"]


def test_other_actions_are_not_its_business() -> None:
    """A restart needs no words."""
    assert evaluate(policy_facts(), PolicySettings(mode="auto")) == ()


@pytest.mark.parametrize("argv", ["nginx -t", "[]", None, 7, '["sh", "-c", "id"]', '["nginx","-t"]'])
def test_a_call_whose_words_cannot_be_read_has_none(argv: object) -> None:
    """What is no list of plain words, however it got into the call, is allowed nowhere."""
    call = ActionCall.model_validate({"name": "exec_command", "args": {"argv": argv, "container": "web"}})
    assert command_ask(call).argv == ()
    assert command_ask(ActionCall(name="delete_pod", args={"argv": '["nginx"]'})) == CommandAsk()
