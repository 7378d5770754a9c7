"""An admission webhook that refuses dry runs: the change is shown as computed here, and said to be untried (R4.3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.actions.registry_contract import OF_DEPLOYMENTS
from tests.tools.actions.test_registry_contract import SandboxStage
from tools.actions import parse_call
from tools.computed_writes import computed
from tools.errors import DryRunUnsupported
from tools.records import ActionCall
from tools.sandbox import Sandbox

WRITTEN = ("deployments", "deployments/scale", "nodes", "pods/eviction", "cronjobs", "jobs")
ALSO = ("persistentvolumeclaims", "horizontalpodautoscalers")


@pytest.mark.parametrize("name", sorted(OF_DEPLOYMENTS))
def test_the_same_change_is_shown_and_nobody_says_that_it_was_tried(
    sandbox: Sandbox, tmp_path: Path, name: str
) -> None:
    """As far as it can be computed, which is all of what these actions change; `execute` itself does not hide it."""
    stage = SandboxStage(sandbox, tmp_path)
    OF_DEPLOYMENTS[name].prepare(stage)
    args = OF_DEPLOYMENTS[name].args(stage)
    action, parsed = parse_call(ActionCall(name=name, args=args), [name])
    tried = action.preview(stage.admin, parsed)
    for resource in (*WRITTEN, *ALSO):
        sandbox.webhook(resource)
    untried = action.preview(stage.admin, parsed)
    assert (tried.accepted, tried.untried, tried.dry_run) == (True, "", "accepted")
    assert untried.accepted
    assert 'admission webhook "quota.example.com" does not support dry run' in untried.untried
    assert untried.dry_run.startswith("not known: ")
    assert untried.diff == tried.diff
    assert untried.pods_replaced == tried.pods_replaced
    assert any("as it was computed here" in note for note in untried.notes)
    with pytest.raises(DryRunUnsupported):
        action.execute(stage.admin, parsed, key="k", at=stage.now(), dry_run=True)
    assert action.execute(stage.admin, parsed, key="k", at=stage.now(), dry_run=False).outcome == "done"


def test_another_refusal_is_still_one(sandbox: Sandbox, tmp_path: Path) -> None:
    """What has changed meanwhile is found before the webhook is asked."""
    stage = SandboxStage(sandbox, tmp_path)
    case = OF_DEPLOYMENTS["restart_deployment"]
    case.prepare(stage)
    args = case.args(stage)
    case.spoil(stage, args)
    sandbox.webhook("deployments")
    action, parsed = parse_call(ActionCall(name="restart_deployment", args=args))
    shown = action.preview(stage.admin, parsed)
    assert (shown.accepted, shown.untried) == (False, "")


def test_what_cannot_be_computed_is_not_made_up() -> None:
    """A patch that does not fit, a format that is not known here, a list of containers that would be replaced."""
    live = {"spec": {"replicas": 2, "paused": True}}
    assert computed(live, [{"op": "test", "path": "/spec/replicas", "value": 3}], "json") is None
    assert computed(live, [{"op": "remove", "path": "/spec/none"}], "json") is None
    assert computed(live, {"spec": {"replicas": 3}}, "strategic") is None
    assert computed(live, {"spec": {"template": {"spec": {"containers": []}}}}, "merge") is None
    assert computed(live, {"spec": {"replicas": 3, "paused": None}}, "merge") == {"spec": {"replicas": 3}}
    assert live == {"spec": {"replicas": 2, "paused": True}}
