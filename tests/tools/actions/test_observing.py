"""What a look after a write sees: the pods of the revision that the write made, and only what came after it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.tools.shop import NAMESPACE, deployment
from tools.actions.restart_deployment import ACTION, RestartDeployment
from tools.clock import ManualClock
from tools.cluster import KubernetesCluster
from tools.records import Observation, Receipt
from tools.resources import DEPLOYMENTS, PODS
from tools.rollout import observe
from tools.sandbox import Sandbox
from tools.templates import template_digest
from tools.workload_revisions import current_revision, revisions_of


class Look:
    """The Deployment `web`, its restart, and looks at it."""

    def __init__(self, sandbox: Sandbox, cluster: KubernetesCluster, clock: ManualClock) -> None:
        self.sandbox, self.cluster, self.clock = sandbox, cluster, clock

    def args(self) -> RestartDeployment:
        item = self.cluster.get(DEPLOYMENTS, NAMESPACE, "web")
        return RestartDeployment(
            namespace=NAMESPACE,
            name="web",
            uid=item["metadata"]["uid"],
            from_digest=template_digest(item["spec"]["template"]),
            restarted_at=self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        )

    def restart(self) -> Receipt:
        return ACTION.execute(self.cluster, self.args(), key="k", at=self.clock.now(), dry_run=False)

    def observe(self, receipt: Receipt | None = None) -> Observation:
        return observe(self.cluster, self.args(), receipt, self.clock.now())

    def pods(self) -> set[str]:
        return {pod["metadata"]["name"] for pod in self.cluster.list(PODS, NAMESPACE)}


@pytest.fixture
def look(sandbox: Sandbox, cluster: KubernetesCluster, clock: ManualClock) -> Look:
    """Healthy for a minute."""
    sandbox.apply(deployment())
    sandbox.settle(60)
    return Look(sandbox, cluster, clock)


def test_pods_of_the_revision_before_are_not_seen(look: Look) -> None:
    """During a rolling restart the old pods, still ready, must not speak for the new revision."""
    old = look.pods()
    receipt = look.restart()
    look.sandbox.step()
    first = look.observe(receipt)
    assert {pod.name for pod in first.pods}.isdisjoint(old)
    assert first.template_digest == receipt.template_digest
    assert look.pods() & old
    look.sandbox.settle(120)
    assert {pod.name for pod in look.observe(receipt).pods} == look.pods()
    assert look.pods().isdisjoint(old)


def test_no_pods_are_seen_before_the_controller_has_made_the_revision(look: Look) -> None:
    """The write is there, its ReplicaSet is not: nothing is known of its pods yet."""
    look.sandbox.pause_controllers()
    receipt = look.restart()
    seen = look.observe(receipt)
    assert seen.pods == ()
    assert seen.observed_generation < seen.generation == receipt.generation


def test_a_restart_is_another_revision_and_the_same_digest(look: Look) -> None:
    """The controller's own comparison picks the ReplicaSet; the digest leaves restarts out."""
    before = look.observe().template_digest
    look.restart()
    look.sandbox.settle(60)
    item = look.cluster.get(DEPLOYMENTS, NAMESPACE, "web")
    owned = revisions_of(look.cluster, item)
    current = current_revision(item, owned)
    assert len(owned) == 2
    assert current is owned[0]
    assert look.observe().template_digest == before


def test_a_pod_that_is_being_deleted_is_not_seen(look: Look) -> None:
    """It will be gone, ready or not."""
    name = sorted(look.pods())[0]
    grace: dict[str, Any] = {"metadata": {"finalizers": ["example.com/hold"]}}
    look.cluster.patch(PODS, NAMESPACE, name, grace, patch_type="merge")
    look.sandbox.delete("Pod", NAMESPACE, name)
    look.sandbox.settle(60)
    seen = look.observe()
    assert name in look.pods()
    assert name not in {pod.name for pod in seen.pods}
    assert len(seen.pods) == 3


def test_restarts_lives_and_reasons_of_a_crash_loop(look: Look) -> None:
    """What the stability window is made of."""
    look.sandbox.fault(NAMESPACE, "web", "crashloop", after=3)
    look.sandbox.settle(120)
    for pod in look.observe().pods:
        (container,) = pod.containers
        assert not pod.ready
        assert container.restart_count >= 2
        assert container.life_seconds == 3
        assert container.last_finished_at is not None
        assert container.last_finished_at <= look.clock.now()


def test_warnings_are_those_since_the_write_on_these_pods(look: Look) -> None:
    """What went wrong before the write, or on other pods, says nothing about it."""
    look.sandbox.fault(NAMESPACE, "web", "crashloop", created_before=look.clock.now() + timedelta(seconds=90))
    look.sandbox.apply(deployment("cart", fault="crashloop"))
    look.sandbox.settle(120)
    receipt = look.restart()
    assert look.observe(receipt).warnings == ()
    look.sandbox.settle(120)
    assert look.observe(receipt).warnings == ()
    look.sandbox.fault(NAMESPACE, "web", "crashloop")
    look.sandbox.settle(60)
    warnings = look.observe(receipt).warnings
    assert warnings
    assert all(
        warning.startswith("BackOff: Back-off restarting failed container web in pod web-")
        for warning in warnings
    )
    before_the_write = receipt.model_copy(update={"sent_at": look.clock.now()})
    assert look.observe(before_the_write).warnings == ()


def test_a_deployment_that_is_gone_before_a_write_is_an_error_to_look_at(look: Look) -> None:
    """Not a workload without pods."""
    args = look.args()
    look.sandbox.delete("Deployment", NAMESPACE, "web")
    seen = observe(look.cluster, args, None, look.clock.now())
    assert "not found" in seen.error


def test_a_deployment_that_is_gone_after_a_write_is_known_to_be_gone(look: Look) -> None:
    """Neither a failed look nor the workload that was written to: it has no uid any more."""
    args, receipt = look.args(), look.restart()
    look.sandbox.delete("Deployment", NAMESPACE, "web")
    seen = observe(look.cluster, args, receipt, look.clock.now())
    assert (seen.error, seen.uid) == ("", "")
