"""What every action of the registry must do, written against a stage: the sandbox, or the real control plane.

Subclass `RegistryContract` beside a fixture `stage`; each action is tried by the case of its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import pytest

from tools.actions import REGISTRY, parse_call
from tools.cluster import Cluster
from tools.errors import Conflict, Refused
from tools.records import ActionCall, RbacRule
from tools.resources import DEPLOYMENTS, JsonObject
from tools.rollout import replicasets_of
from tools.templates import template_digest


class Stage(Protocol):
    """One namespace of some API server, as a test drives it."""

    namespace: str

    @property
    def admin(self) -> Cluster:
        """The adapter with all rights."""
        ...

    def account(self, rules: Sequence[RbacRule]) -> Cluster:
        """The adapter as an account that may do exactly what the rules say."""
        ...

    def release(self, image: str, *, fault: str = "") -> None:
        """Make or change the Deployment `web`, and return when its rollout is over (or has failed for good)."""
        ...

    def settle(self) -> None:
        """Return when the rollout of the Deployment `web` is over."""
        ...

    def touch(self, annotation: str) -> None:
        """Somebody else changes an annotation of the Deployment `web`."""
        ...

    def now(self) -> datetime:
        """The time there."""
        ...


@dataclass(frozen=True)
class Case:
    """How to try one action: set the stage, then its arguments, then what the write must have done."""

    prepare: Callable[[Stage], None]
    args: Callable[[Stage], dict[str, Any]]
    shows: Callable[[JsonObject, dict[str, Any]], bool]


def live(stage: Stage) -> JsonObject:
    return stage.admin.get(DEPLOYMENTS, stage.namespace, "web")


def digest(item: JsonObject) -> str:
    return template_digest(item["spec"]["template"])


def _target(stage: Stage) -> dict[str, Any]:
    item = live(stage)
    named = {"namespace": stage.namespace, "name": "web", "uid": item["metadata"]["uid"]}
    return {**named, "from_digest": digest(item)}


def _bad_release(stage: Stage) -> None:
    stage.release("registry.example/web:1")
    stage.release("registry.example/web:2", fault="crashloop")


def _rollback_args(stage: Stage) -> dict[str, Any]:
    older = replicasets_of(stage.admin, live(stage))[1]
    number = int(older["metadata"]["annotations"]["deployment.kubernetes.io/revision"])
    return {
        **_target(stage),
        "to_revision": number,
        "to_replicaset": older["metadata"]["name"],
        "to_digest": digest(older),
    }


def _restarted(item: JsonObject, args: dict[str, Any]) -> bool:
    annotations = item["spec"]["template"]["metadata"].get("annotations") or {}
    return bool(annotations.get("kubectl.kubernetes.io/restartedAt") == args["restarted_at"])


CASES: Mapping[str, Case] = {
    "rollback_deployment": Case(
        prepare=_bad_release,
        args=_rollback_args,
        shows=lambda item, args: digest(item) == args["to_digest"],
    ),
    "restart_deployment": Case(
        prepare=lambda stage: stage.release("registry.example/web:1"),
        args=lambda stage: {**_target(stage), "restarted_at": "2026-01-05T12:34:56Z"},
        shows=_restarted,
    ),
}


class MovingTarget:
    """A cluster on which somebody else changes the object after each read of it, for the first `times` reads."""

    def __init__(self, stage: Stage, times: int) -> None:
        self._stage = stage
        self._left = times
        inner = stage.admin
        self.list, self.logs, self.allowed = inner.list, inner.logs, inner.allowed
        self.version, self.patch, self.create = inner.version, inner.patch, inner.create

    def get(self, resource: Any, namespace: str, name: str) -> JsonObject:
        item = self._stage.admin.get(resource, namespace, name)
        if resource is DEPLOYMENTS and self._left:
            self._left -= 1
            self._stage.touch(f"note-{self._left}")
        return item


@pytest.mark.parametrize("name", sorted(REGISTRY))
class RegistryContract:
    """The contract; `stage` is a fixture of the module that subclasses it."""

    def test_there_is_a_case_for_it(self, name: str) -> None:
        """No action goes without this contract."""
        assert name in CASES

    def test_extra_arguments_are_refused(self, stage: Stage, name: str) -> None:
        """An argument that is not declared, one of another type, one that is missing: nothing is sent."""
        CASES[name].prepare(stage)
        args = CASES[name].args(stage)
        parse_call(ActionCall(name=name, args=args))
        for wrong in (args | {"force": True}, args | {"uid": 7}, {"namespace": "x", "name": "y"}):
            with pytest.raises(Refused):
                parse_call(ActionCall(name=name, args=wrong))

    def test_a_preview_and_a_dry_run_change_nothing(self, stage: Stage, name: str) -> None:
        """The object keeps its resourceVersion; the preview shows a difference and that the server accepts it."""
        action, args = _prepared(stage, name)
        before = live(stage)
        shown = action.preview(stage.admin, args)
        receipt = action.execute(stage.admin, args, key="k", at=stage.now(), dry_run=True)
        assert live(stage)["spec"] == before["spec"]
        assert live(stage)["metadata"]["generation"] == before["metadata"]["generation"]
        assert "sre-agent/last-action" not in (live(stage)["metadata"].get("annotations") or {})
        assert shown.accepted
        assert shown.diff
        assert shown.undo
        assert receipt.outcome == "done"

    def test_execute_then_observe_shows_it(self, stage: Stage, name: str) -> None:
        """The write is there with its stamp, and a look at it says so."""
        action, args = _prepared(stage, name)
        receipt = action.execute(stage.admin, args, key="k1", at=stage.now(), dry_run=False)
        item = live(stage)
        stage.settle()
        seen = action.observe(stage.admin, args, receipt, stage.now())
        assert CASES[name].shows(item, args.model_dump())
        assert (receipt.outcome, receipt.key, receipt.before is not None) == ("done", "k1", True)
        assert receipt.generation == item["metadata"]["generation"]
        assert seen.error == ""
        assert (seen.stamp, seen.uid, seen.template_digest) == ("k1", args.uid, receipt.template_digest)
        assert seen.observed_generation >= receipt.generation
        assert seen.ready == seen.desired == len(seen.pods)

    def test_a_second_execute_with_the_same_key_changes_nothing(self, stage: Stage, name: str) -> None:
        """The stamp is found, whatever the template is by now."""
        action, args = _prepared(stage, name)
        first = action.execute(stage.admin, args, key="k1", at=stage.now(), dry_run=False)
        generation = live(stage)["metadata"]["generation"]
        second = action.execute(stage.admin, args, key="k1", at=stage.now(), dry_run=False)
        assert (first.outcome, second.outcome) == ("done", "found_done")
        assert live(stage)["metadata"]["generation"] == generation
        assert second.template_digest == first.template_digest

    def test_undo_restores_the_template(self, stage: Stage, name: str) -> None:
        """The inverse, computed before the write, brings the template back; or it says that there is none."""
        action, args = _prepared(stage, name)
        if action.undo is None:
            assert action.no_undo
            return
        before = digest(live(stage))
        inverse = action.undo(stage.admin, args)
        assert inverse is not None
        action.execute(stage.admin, args, key="k1", at=stage.now(), dry_run=False)
        stage.settle()
        back, back_args = parse_call(inverse)
        back.execute(stage.admin, back_args, key="k2", at=stage.now(), dry_run=False)
        assert digest(live(stage)) == before

    def test_a_change_of_something_else_in_between_is_read_again(self, stage: Stage, name: str) -> None:
        """The resourceVersion moved between read and write: read again, compare again, write once."""
        action, args = _prepared(stage, name)
        moving = MovingTarget(stage, times=2)
        receipt = action.execute(moving, args, key="k1", at=stage.now(), dry_run=False)
        assert receipt.outcome == "done"
        assert CASES[name].shows(live(stage), args.model_dump())

    def test_an_object_that_never_stands_still_is_a_conflict(self, stage: Stage, name: str) -> None:
        """After three attempts it is left alone, unchanged."""
        action, args = _prepared(stage, name)
        moving = MovingTarget(stage, times=20)
        with pytest.raises(Conflict, match="kept changing"):
            action.execute(moving, args, key="k1", at=stage.now(), dry_run=False)
        assert digest(live(stage)) == args.from_digest

    def test_another_template_is_a_conflict(self, stage: Stage, name: str) -> None:
        """Somebody released something else since this was proposed: nothing is written over it."""
        action, args = _prepared(stage, name)
        stage.release("registry.example/web:9")
        theirs = digest(live(stage))
        with pytest.raises(Conflict, match="has changed since"):
            action.execute(stage.admin, args, key="k1", at=stage.now(), dry_run=False)
        assert digest(live(stage)) == theirs

    def test_another_object_of_that_name_is_a_conflict(self, stage: Stage, name: str) -> None:
        """The uid decides, not the name."""
        action, args = _prepared(stage, name)
        other = args.model_copy(update={"uid": "11111111-2222-3333-4444-555555555555"})
        with pytest.raises(Conflict, match="another object"):
            action.execute(stage.admin, other, key="k1", at=stage.now(), dry_run=False)

    def test_its_rules_cover_every_request(self, stage: Stage, name: str) -> None:
        """An account with the declared rights and no others can preview, undo, execute and observe."""
        action, args = _prepared(stage, name)
        account = stage.account(action.rules)
        assert action.preview(account, args).accepted
        if action.undo is not None:
            action.undo(account, args)
        receipt = action.execute(account, args, key="k1", at=stage.now(), dry_run=False)
        stage.settle()
        assert receipt.outcome == "done"
        assert action.observe(account, args, receipt, stage.now()).error == ""

    def test_a_look_that_fails_is_an_observation(self, stage: Stage, name: str) -> None:
        """An account without rights sees an error, not an exception and not a healthy workload."""
        action, args = _prepared(stage, name)
        seen = action.observe(stage.account(()), args, None, stage.now())
        assert seen.error
        assert seen.pods == ()


def _prepared(stage: Stage, name: str) -> tuple[Any, Any]:
    CASES[name].prepare(stage)
    return parse_call(ActionCall(name=name, args=CASES[name].args(stage)))
