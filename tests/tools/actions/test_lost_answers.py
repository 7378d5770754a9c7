"""A write whose answer is lost: done or not, it is looked up by its stamp and never doubled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.proxy import Fault, FaultProxy, Request, drop, hold, refuse
from tests.tools.shop import NAMESPACE, START, deployment
from tools.actions.restart_deployment import ACTION, RestartDeployment
from tools.cluster import KubernetesCluster
from tools.errors import Forbidden, NotFound, Refused, TransientError
from tools.records import Receipt
from tools.resources import DEPLOYMENTS
from tools.sandbox import Sandbox
from tools.templates import template_digest

AT = datetime.fromisoformat("2026-01-05T12:01:00Z")


class Scene:
    """One healthy Deployment behind a proxy, and the restart that was proposed for it."""

    def __init__(self, sandbox: Sandbox, proxy: FaultProxy, folder: Path) -> None:
        self.sandbox = sandbox
        self.proxy = proxy
        config = sandbox.kubeconfig(folder / "config")
        config.write_text(config.read_text().replace(sandbox.url, proxy.url))
        self.cluster = KubernetesCluster.connect(str(config), timeout=(3, 0.5), sleep=lambda _seconds: None)
        item = self.live()
        self.args = RestartDeployment(
            namespace=NAMESPACE,
            name="web",
            uid=item["metadata"]["uid"],
            from_digest=template_digest(item["spec"]["template"]),
            restarted_at="2026-01-05T12:01:00Z",
        )

    def live(self) -> dict[str, Any]:
        found = self.sandbox.get("Deployment", NAMESPACE, "web")
        assert found
        return found

    def execute(self, key: str = "k1") -> Receipt:
        return ACTION.execute(self.cluster, self.args, key=key, at=AT, dry_run=False)

    def rollouts(self) -> int:
        return len(self.sandbox.list("ReplicaSet", NAMESPACE))


@pytest.fixture
def scene(sandbox: Sandbox, tmp_path: Path) -> Iterator[Scene]:
    """Healthy, three pods."""
    sandbox.apply(deployment())
    sandbox.settle(60)
    with FaultProxy(sandbox.url) as proxy:
        yield Scene(sandbox, proxy, tmp_path)


@pytest.mark.parametrize("fault", [drop(after_commit=True), hold()])
def test_a_committed_write_without_an_answer_is_found_by_its_stamp(scene: Scene, fault: Fault) -> None:
    """The receipt says so, with what the object has become and what it was before."""
    scene.proxy.spoil(fault, method="PATCH")
    receipt = scene.execute()
    scene.proxy.release()
    assert receipt.outcome == "found_done"
    assert receipt.generation == scene.live()["metadata"]["generation"] == 2
    assert receipt.before is not None
    assert receipt.before.generation == 1


@pytest.mark.parametrize("fault", [drop(), refuse(500), refuse(503)])
def test_a_write_that_may_still_be_on_its_way_is_unknown_and_can_be_repeated(
    scene: Scene, fault: Fault
) -> None:
    """No stamp yet says nothing: the receipt is `unknown`; once more with the same key makes one rollout."""
    scene.proxy.spoil(fault, method="PATCH")
    assert scene.execute().outcome == "unknown"
    assert scene.execute().outcome == "done"
    assert scene.execute().outcome == "found_done"
    scene.sandbox.settle(60)
    assert scene.rollouts() == 2


def test_an_api_that_is_gone_right_after_the_write_leaves_it_unknown(scene: Scene) -> None:
    """The look-up fails too: nothing is claimed either way."""
    scene.proxy.spoil(drop(after_commit=True), method="PATCH")
    scene.proxy.spoil(refuse(503), method="GET", when=_after_the_write(scene), times=100)
    receipt = scene.execute()
    assert receipt.outcome == "unknown"
    scene.proxy.release()
    assert scene.execute().outcome == "found_done"


def test_nothing_is_written_when_the_state_before_cannot_be_read(scene: Scene) -> None:
    """Verification compares with it, so a write without it could not be judged."""
    scene.proxy.spoil(refuse(503), method="GET", path="/pods", when=lambda request: True, times=100)
    with pytest.raises(TransientError):
        scene.execute()
    assert not any(request.method == "PATCH" for request in scene.proxy.requests)


def test_a_paused_deployment_is_left_alone(scene: Scene) -> None:
    """Somebody is working on it."""
    scene.sandbox.apply(deployment(paused=True))
    with pytest.raises(Refused, match="paused"):
        scene.execute()


def test_a_deployment_that_is_gone_is_not_found(scene: Scene) -> None:
    """And nothing is made in its place."""
    scene.sandbox.delete("Deployment", NAMESPACE, "web")
    with pytest.raises(NotFound):
        scene.execute()


def test_two_processes_with_the_same_key_make_one_rollout(scene: Scene) -> None:
    """The second one's write was conditional on the first one's not having happened."""
    first_look = scene.cluster.get(DEPLOYMENTS, NAMESPACE, "web")

    class Behind:
        """Reads the Deployment once as it was before the other process wrote."""

        def __init__(self) -> None:
            self.stale = [first_look, first_look]

        def __getattr__(self, name: str) -> Any:
            return getattr(scene.cluster, name)

        def get(self, resource: Any, namespace: str, name: str) -> dict[str, Any]:
            if resource is DEPLOYMENTS and self.stale:
                return self.stale.pop()
            return scene.cluster.get(resource, namespace, name)

    assert scene.execute().outcome == "done"
    late: Any = Behind()
    receipt = ACTION.execute(late, scene.args, key="k1", at=AT, dry_run=False)
    assert receipt.outcome == "found_done"
    assert scene.live()["metadata"]["generation"] == receipt.generation


def test_an_account_without_the_right_is_told_so(scene: Scene, tmp_path: Path) -> None:
    """A refusal is a refusal, not an unknown outcome."""
    config = scene.sandbox.kubeconfig(tmp_path / "nobody", scene.sandbox.token(NAMESPACE, "nobody"))
    nobody = KubernetesCluster.connect(str(config))
    with pytest.raises(Forbidden):
        ACTION.execute(nobody, scene.args, key="k1", at=START, dry_run=False)


def _after_the_write(scene: Scene) -> Any:
    def matches(_request: Request) -> bool:
        return any(request.method == "PATCH" for request in scene.sandbox.requests)

    return matches
