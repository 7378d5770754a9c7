"""The registry of actions: one module each, found by being in this package (architecture.md section 6).

What a module exposes as `ACTION` is all that the agent can do to a cluster. Deny by default: a name that is not
here, an argument that is not declared, an action that is off and not enabled by name is Refused. An action that
cannot be observed, or that neither has an undo nor says plainly that there is none, does not load.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType, ModuleType
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from tools.cluster import Cluster, ClusterReader
from tools.errors import Refused
from tools.records import ActionCall, Observation, Preview, RbacRule, Receipt, Record, Risk
from tools.requestable import Requestable
from tools.stepwise import Stepwise

A = TypeVar("A", bound=Record)
NOT_ACTIONS = frozenset({"announce"})
"""Modules of this package that serve actions and are none."""
TARGET_FIELDS = frozenset({"namespace", "name", "uid"})


@dataclass(frozen=True)
class Action(Generic[A]):
    """One thing that can be done to one object."""

    name: str
    summary: str
    family: str
    """What policies name several actions by: `rollback`, `restart`."""
    args: type[A]
    """Frozen, extra fields forbidden, always with namespace, name and uid of the object."""
    risk: Risk
    rules: tuple[RbacRule, ...]
    """Every right that preview, execute, observe and undo use."""
    preview: Callable[[Cluster, A], Preview]
    execute: Callable[..., Receipt]
    """`execute(cluster, args, *, key: str, at: datetime, dry_run: bool)`: one code path for both."""
    observe: Callable[[ClusterReader, A, Receipt | None, datetime], Observation]
    """Never raises ToolError: a failed look is an observation with its error."""
    undo: Callable[[ClusterReader, A], ActionCall | None] | None = None
    """The inverse, computed from the live object before the write; None where this time there is none."""
    no_undo: str = ""
    """Instead of `undo`: the plain statement for an approver that this cannot be undone."""
    stepwise: Stepwise | None = None
    """How it goes on after its first write; None: that is all."""
    on_request: Requestable | None = None
    """How a person asks for it; None: only evidence can propose it."""

    editable: tuple[str, ...] = ()
    """Arguments that an approver may edit, within what `args` and policy allow; most actions have none."""

    once: bool = False
    """Whether it was done cannot be looked up: a claim without a receipt may have been, and is never sent again."""

    def __post_init__(self) -> None:
        if not callable(self.observe):
            raise TypeError(f"action {self.name} cannot be observed, so it must not be done")
        if (self.undo is None) == (not self.no_undo):
            raise TypeError(f"action {self.name} needs either an undo or the statement that there is none")
        if self.args.model_config.get("extra") != "forbid" or not self.args.model_config.get("frozen"):
            raise TypeError(f"action {self.name} must refuse arguments that it does not declare")
        if missing := TARGET_FIELDS - self.args.model_fields.keys():
            raise TypeError(f"action {self.name} does not say what it acts on: {sorted(missing)}")
        if wrong := set(self.editable) & TARGET_FIELDS | set(self.editable) - self.args.model_fields.keys():
            raise TypeError(f"action {self.name} lets people edit what is none of theirs: {sorted(wrong)}")


def parse_call(
    call: ActionCall, enabled: Collection[str] = (), registry: Mapping[str, Action[Any]] | None = None
) -> tuple[Action[Any], Any]:
    """The action and its checked arguments; `enabled` names actions that are off by default. Raises Refused.

    `registry` is `REGISTRY` unless another one is given.
    """
    known = REGISTRY if registry is None else registry
    action = known.get(call.name)
    if action is None:
        raise Refused(f"There is no action {call.name!r}; known are {', '.join(sorted(known))}.")
    if action.risk == "off" and call.name not in enabled:
        raise Refused(f"Action {call.name} is off. Name it in ENABLE_ACTIONS to allow it.")
    try:
        return action, action.args.model_validate(call.args, strict=True)
    except ValidationError as err:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in err.errors())
        raise Refused(f"The arguments of {call.name} are refused: {problems}") from err


def load(modules: Mapping[str, ModuleType]) -> Mapping[str, Action[Any]]:
    """The actions of these modules by name. Raises TypeError for a module without one, or for a name twice."""
    found: dict[str, Action[Any]] = {}
    for name, module in sorted(modules.items()):
        action = getattr(module, "ACTION", None)
        if not isinstance(action, Action):
            raise TypeError(f"module {name} is among the actions and exposes no ACTION")
        if action.name in found:
            raise TypeError(f"two modules define the action {action.name}")
        found[action.name] = action
    return MappingProxyType(found)


def _discover() -> Mapping[str, Action[Any]]:
    names = [module.name for module in pkgutil.iter_modules(__path__) if module.name not in NOT_ACTIONS]
    return load({name: importlib.import_module(f"{__name__}.{name}") for name in names})


REGISTRY: Mapping[str, Action[Any]] = _discover()
"""All actions by name, those that are off by default included."""

__all__ = ["REGISTRY", "Action", "load", "parse_call"]
