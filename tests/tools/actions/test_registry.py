"""What gets into the registry, and what a call to it must look like."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from types import ModuleType
from typing import Any

import pytest

import tools.actions
from tools.actions import NOT_ACTIONS, REGISTRY, Action, load, parse_call
from tools.actions.restart_deployment import ACTION, RestartDeployment
from tools.errors import Refused
from tools.records import ActionCall, Record
from tools.rehearsal import Rehearsal

ARGS = {
    "namespace": "shop",
    "name": "web",
    "uid": "u",
    "from_digest": "d",
    "restarted_at": "2026-01-05T12:00:00Z",
}


def module(name: str, action: object = None) -> ModuleType:
    made = ModuleType(name)
    if action is not None:
        made.__dict__["ACTION"] = action
    return made


def test_every_module_of_the_package_is_an_action() -> None:
    """Being there is enough to be registered, and nothing else is there."""
    found = {each.name for each in pkgutil.iter_modules(tools.actions.__path__)} - NOT_ACTIONS
    assert found == set(REGISTRY)
    for name in NOT_ACTIONS:
        assert not hasattr(importlib.import_module(f"tools.actions.{name}"), "ACTION")


def test_an_action_is_named_as_its_module_and_says_what_it_does() -> None:
    """Policies, approvals and the model see these words."""
    for name, action in REGISTRY.items():
        assert action.name == name
        assert action.summary
        assert action.family
        assert action.rules


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"observe": None}, "cannot be observed"),
        ({"no_undo": ""}, "either an undo or the statement"),
        ({"undo": lambda cluster, args: None}, "either an undo or the statement"),
        (
            {"args": type("Open", (RestartDeployment,), {"model_config": {"extra": "allow"}})},
            "must refuse arguments",
        ),
        ({"args": type("Aimless", (Record,), {"__annotations__": {"name": str}})}, "what it acts on"),
    ],
)
def test_an_action_that_is_not_safe_does_not_load(changes: dict[str, Any], problem: str) -> None:
    """No observe, neither undo nor the statement that there is none, or arguments that take anything."""
    with pytest.raises(TypeError, match=problem):
        dataclasses.replace(ACTION, **changes)


def test_a_module_without_an_action_does_not_load() -> None:
    """A misspelt name would otherwise silently switch an action off."""
    with pytest.raises(TypeError, match="exposes no ACTION"):
        load({"scale_deployment": module("scale_deployment")})


def test_two_actions_of_one_name_do_not_load() -> None:
    """Which of them would run is nobody's guess."""
    with pytest.raises(TypeError, match="two modules"):
        load({"a": module("a", ACTION), "b": module("b", ACTION)})


def test_a_call_is_parsed_into_its_action_and_arguments() -> None:
    """What a proposal holds as data becomes typed again."""
    action, args = parse_call(ActionCall(name="restart_deployment", args=ARGS))
    assert action is ACTION
    assert args == RestartDeployment(**ARGS)
    with pytest.raises(Refused, match="no action 'delete_namespace'"):
        parse_call(ActionCall(name="delete_namespace", args=ARGS))


def test_an_action_that_is_off_must_be_enabled_by_name() -> None:
    """Deny by default."""
    off: Action[Any] = dataclasses.replace(ACTION, risk="off")
    call = ActionCall(name="restart_deployment", args=ARGS)
    registry = tools.actions.load({"restart_deployment": module("restart_deployment", off)})
    with pytest.raises(Refused, match="Name it in ENABLE_ACTIONS"):
        parse_call(call, registry=registry)
    with pytest.raises(Refused):
        parse_call(call, ["rollback_deployment"], registry=registry)
    assert parse_call(call, ["restart_deployment"], registry=registry)[0] is off


def test_a_preview_can_never_write() -> None:
    """Whatever an action does while it is previewed, nothing but a dry run gets through."""

    class Unreachable:
        def __getattr__(self, name: str) -> Any:
            return None

    nothing: Any = Unreachable()
    rehearsal = Rehearsal(nothing)
    resource: Any = None
    with pytest.raises(Refused, match="may not write"):
        rehearsal.patch(resource, "shop", "web", {}, patch_type="merge")
    with pytest.raises(Refused, match="may not write"):
        rehearsal.create(resource, "shop", {})
