"""The contract of `exec_command`: what the registry's contract asks of the others, as far as a command has it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from graph import verdicts
from graph.policy import PolicySettings
from graph.state import Progress
from tests.tools.shop import NAMESPACE, connect, deployment, grant, of_kind
from tools.actions import parse_call
from tools.actions.exec_command import ACTION, ExecCommand, WhichCommand, propose
from tools.argv import as_text
from tools.cluster import KubernetesCluster
from tools.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PermanentError,
    Refused,
    ToolError,
    TransientError,
)
from tools.records import ActionCall, Receipt, Target
from tools.sandbox import Sandbox

WORDS = ("nginx", "-s", "reload")
LATER = datetime.fromisoformat("2026-01-05T12:02:00Z")


class Scene:
    """A healthy workload, one pod of which a command is meant for."""

    def __init__(self, sandbox: Sandbox, cluster: KubernetesCluster, kind: str = "Deployment") -> None:
        self.sandbox, self.cluster, self.kind = sandbox, cluster, kind
        sandbox.apply(of_kind(kind, deployment()))
        sandbox.settle(60)
        sandbox.command(NAMESPACE, "web", WORDS, stdout=b"reloaded\n")
        found = sandbox.get(kind, NAMESPACE, "web")
        assert found
        self.target = Target(kind=kind, namespace=NAMESPACE, name="web", uid=found["metadata"]["uid"])
        self.pod = sorted(p["metadata"]["name"] for p in sandbox.pods(NAMESPACE, "web"))[0]
        self.args = self.proposed()

    def proposed(self, **given: Any) -> ExecCommand:
        """The arguments, from the pod as it is now."""
        asked = WhichCommand(**{"pod": self.pod, "container": "web", "argv": as_text(WORDS), **given})
        args = propose(self.cluster, self.target, asked, LATER)
        found: ExecCommand = parse_call(ActionCall(name="exec_command", args=args), ["exec_command"])[1]
        return found

    def execute(self, cluster: Any = None, *, dry_run: bool = False, **changed: Any) -> Receipt:
        args = self.args.model_copy(update=changed)
        return ACTION.execute(cluster or self.cluster, args, key="k1", at=LATER, dry_run=dry_run)

    def replace_pod(self) -> None:
        """Another pod takes the name, or the pod is gone."""
        self.sandbox.delete("Pod", NAMESPACE, self.pod)
        self.sandbox.settle(60)


@pytest.fixture
def scene(sandbox: Sandbox, cluster: KubernetesCluster) -> Scene:
    return Scene(sandbox, cluster)


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_it_runs_once_in_the_pod_that_was_meant(
    sandbox: Sandbox, cluster: KubernetesCluster, kind: str
) -> None:
    """A preview and a dry run run nothing; then its end and what it printed are in the receipt."""
    scene = Scene(sandbox, cluster, kind)
    shown = ACTION.preview(cluster, scene.args)
    rehearsed = scene.execute(dry_run=True)
    assert (shown.accepted, rehearsed.outcome, rehearsed.exit_code) == (True, "done", None)
    assert "there is no dry run" in shown.dry_run
    assert shown.diff.splitlines()[2:] == ['+  "nginx"', '+  "-s"', '+  "reload"']
    assert ACTION.observe(cluster, scene.args, None, LATER).stamp == ""
    assert sandbox.commands == []

    receipt = scene.execute()
    (started,) = sandbox.commands
    assert (started.pod, started.uid, started.argv) == (scene.pod, scene.args.uid, WORDS)
    assert (receipt.outcome, receipt.exit_code, receipt.output) == ("done", 0, "stdout:\nreloaded")
    assert receipt.target == scene.target
    assert receipt.before is not None
    seen = ACTION.observe(cluster, scene.args, receipt, LATER)
    assert (seen.error, seen.uid, seen.template_digest) == ("", scene.target.uid, receipt.template_digest)


def test_its_rules_cover_every_request(scene: Scene, tmp_path: Path) -> None:
    """An account with the declared rights and no others."""
    account = connect(scene.sandbox, tmp_path, grant(scene.sandbox, "limited", ACTION.rules))
    assert ACTION.preview(account, scene.args).accepted
    receipt = scene.execute(account)
    assert ACTION.observe(account, scene.args, receipt, LATER).error == ""


@pytest.mark.parametrize("verb", ["get", "create"])
def test_a_right_that_lacks_is_found_before_anybody_is_asked(scene: Scene, tmp_path: Path, verb: str) -> None:
    """By review of both verbs: a server that needs one only today may need both tomorrow."""
    rules = [r for r in ACTION.rules if r.resource != "pods/exec"]
    exec_rule = next(r for r in ACTION.rules if r.resource == "pods/exec")
    rules.append(exec_rule.model_copy(update={"verbs": (verb,)}))
    account = connect(scene.sandbox, tmp_path, grant(scene.sandbox, "limited", rules))
    shown = ACTION.preview(account, scene.args)
    assert not shown.accepted
    assert "may not" in shown.dry_run
    with pytest.raises(Forbidden):
        scene.execute(account, dry_run=True)


def test_a_pod_that_is_another_one_is_left_alone(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """The uid decides, not the name, which a StatefulSet gives to its next pod."""
    scene = Scene(sandbox, cluster, "StatefulSet")
    scene.replace_pod()
    with pytest.raises(Conflict, match="another object of that name"):
        scene.execute()
    assert not ACTION.preview(cluster, scene.args).accepted
    assert sandbox.commands == []
    scene.args = scene.proposed()
    assert scene.execute().outcome == "done"


def _goes(scene: Scene) -> None:
    scene.replace_pod()


def _terminates(scene: Scene) -> None:
    scene.sandbox.pause_controllers()
    scene.sandbox.delete("Pod", NAMESPACE, scene.pod)


def _crashes(scene: Scene) -> None:
    scene.sandbox.fault(NAMESPACE, "web", "crashloop")
    scene.sandbox.settle(120)


def _is_made_again(scene: Scene) -> None:
    scene.sandbox.delete("Deployment", NAMESPACE, "web")
    scene.sandbox.settle(60)
    scene.sandbox.apply(deployment())
    scene.sandbox.settle(60)


@pytest.mark.parametrize("change", [_goes, _terminates, _crashes, _is_made_again])
def test_what_is_not_as_it_was_runs_nothing(scene: Scene, change: Callable[[Scene], None]) -> None:
    """The pod gone or going, its container not running, the workload another one."""
    change(scene)
    with pytest.raises((Conflict, NotFound)):
        scene.execute()
    assert scene.sandbox.commands == []


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"container": "other"}, Refused),
        ({"container": ""}, Refused),
        ({"container": "web&container=other"}, Refused),
        ({"name": "../nodes/node-1"}, Invalid),
        ({"namespace": "shop/../kube-system"}, Invalid),
        ({"workload": "web/scale"}, Invalid),
        ({"uid": "u"}, Conflict),
        ({"workload_uid": "u"}, Conflict),
        ({"kind": "StatefulSet"}, NotFound),
    ],
)
def test_an_argument_that_names_something_else_runs_nothing(
    scene: Scene, changed: dict[str, Any], error: type[PermanentError]
) -> None:
    """Each of them is compared with what is there."""
    with pytest.raises(error):
        scene.execute(**changed)
    assert scene.sandbox.commands == []


def test_a_pod_of_another_workload_is_refused(scene: Scene) -> None:
    """It is not what was shown, whatever its labels are."""
    scene.sandbox.apply(deployment("other"))
    scene.sandbox.settle(60)
    name = scene.sandbox.pods(NAMESPACE, "other")[0]["metadata"]["name"]
    with pytest.raises(Refused, match="is no pod of Deployment web"):
        scene.proposed(pod=name)


@pytest.mark.parametrize(
    "args",
    [
        {"argv": "nginx -s reload"},
        {"argv": '["nginx","-s","reload"]'},
        {"argv": '["sh", "-c", "id"]'},
        {"argv": "[]"},
        {"seconds": 0},
        {"seconds": 301},
        {"seconds": True},
        {"seconds": "30"},
        {"kind": "Job"},
        {"tty": True},
        {"stdin": "x"},
    ],
)
def test_a_call_that_is_no_plain_command_does_not_parse(scene: Scene, args: dict[str, Any]) -> None:
    """Nothing is sent for it."""
    call = ActionCall.model_validate({"name": "exec_command", "args": scene.args.model_dump() | args})
    with pytest.raises(Refused):
        parse_call(call, ["exec_command"])


def test_a_connection_that_is_lost_makes_it_unknown(scene: Scene) -> None:
    """With what it printed until then, and never as done."""
    scene.sandbox.command(NAMESPACE, "web", WORDS, stdout=b"half\n", ending="cut")
    receipt = scene.execute()
    assert (receipt.outcome, receipt.exit_code, receipt.output) == ("unknown", None, "stdout:\nhalf")
    assert "the connection was lost while it ran" in receipt.message


def test_one_that_does_not_end_in_its_time_is_unknown(scene: Scene) -> None:
    """Nobody stops it."""
    scene.sandbox.command(NAMESPACE, "web", WORDS, ending="open")
    receipt = scene.execute(seconds=1)
    assert (receipt.outcome, receipt.exit_code) == ("unknown", None)
    assert "may be running still" in receipt.message


def test_a_pod_that_was_replaced_while_it_ran_makes_it_unknown(
    sandbox: Sandbox, cluster: KubernetesCluster
) -> None:
    """Nothing bound it to the uid: it may have run in the successor."""
    scene = Scene(sandbox, cluster, "StatefulSet")
    sandbox.command(NAMESPACE, "web", WORDS, then=lambda pod: scene.replace_pod())
    receipt = scene.execute()
    assert (receipt.outcome, receipt.exit_code) == ("unknown", 0)
    assert "it may have run in that one" in receipt.message


class LosesReads:
    """A cluster that cannot be read any more once a command has run."""

    def __init__(self, inner: KubernetesCluster, error: ToolError) -> None:
        self._inner, self._error, self._ran = inner, error, False

    def get(self, *args: Any) -> Any:
        if self._ran:
            raise self._error
        return self._inner.get(*args)

    def run_command(self, *args: Any, **given: Any) -> Any:
        self._ran = True
        return self._inner.run_command(*args, **given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@pytest.mark.parametrize("error", [TransientError("503"), Forbidden("403")])
def test_a_read_that_fails_afterwards_is_no_reason_to_run_it_again(scene: Scene, error: ToolError) -> None:
    """It has run: a receipt, and no error that would let it be tried once more."""
    receipt = scene.execute(LosesReads(scene.cluster, error))
    assert (receipt.outcome, receipt.exit_code) == ("unknown", 0)


def _verdict(scene: Scene, receipt: Receipt) -> str:
    """What looks of the sandbox's own time add up to."""
    progress = Progress()
    settings = PolicySettings(verify_delay_seconds=0, verify_window_seconds=6, test_cluster=True)
    for _ in range(100):
        now = scene.sandbox.clock.now()
        progress = verdicts.fold(progress, ACTION.observe(scene.cluster, scene.args, receipt, now), receipt)
        verdict = verdicts.judge(progress, receipt, settings, now)
        if verdict:
            return verdict.name
        scene.sandbox.settle(2)
    return ""


def test_a_workload_that_it_mends_has_recovered(scene: Scene) -> None:
    """And one that it does not mend has not, though it ended with 0."""
    scene.sandbox.fault(NAMESPACE, "web", "notready")
    scene.sandbox.settle(30)
    at = scene.sandbox.clock.now()
    useless = ACTION.execute(scene.cluster, scene.args, key="k1", at=at, dry_run=False)
    assert _verdict(scene, useless.model_copy(update={"sent_at": at})) == ""
    scene.sandbox.command(
        NAMESPACE, "web", WORDS, then=lambda pod: scene.sandbox.clear_faults(NAMESPACE, "web")
    )
    at = scene.sandbox.clock.now()
    receipt = ACTION.execute(scene.cluster, scene.args, key="k2", at=at, dry_run=False)
    assert _verdict(scene, receipt) == "RECOVERED"


def test_it_is_never_offered_by_itself_and_has_no_way_back() -> None:
    """Off, for a person only, sent once, nothing of it editable."""
    assert (ACTION.risk, ACTION.once, ACTION.undo, ACTION.editable) == ("off", True, None, ())
    assert "cannot be undone" in ACTION.no_undo
    with pytest.raises(dataclasses.FrozenInstanceError):
        ACTION.risk = "medium"  # type: ignore[misc]
