"""The Event that tells others what was written."""

from __future__ import annotations

import pytest

from tests.tools.shop import NAMESPACE, START, deployment, grant
from tools.actions.announce import RULES, announce
from tools.cluster import KubernetesCluster
from tools.errors import Forbidden
from tools.records import Target
from tools.resources import EVENTS
from tools.sandbox import Sandbox


@pytest.fixture
def target(sandbox: Sandbox) -> Target:
    """A Deployment to announce something on."""
    (item,) = sandbox.apply(deployment())
    return Target(kind="Deployment", namespace=NAMESPACE, name="web", uid=item["metadata"]["uid"])


def test_an_event_is_left_on_the_object(cluster: KubernetesCluster, target: Target) -> None:
    """`kubectl describe` shows it; secrets are taken out of its message."""
    announce(cluster, target, "SreAgentRestarted", "restarted, token=abc123xyz", START)
    (event,) = cluster.list(
        EVENTS, NAMESPACE, field_selector=f"involvedObject.uid={target.uid},reason=SreAgentRestarted"
    )
    assert event["involvedObject"]["name"] == "web"
    assert event["source"]["component"] == "sre-agent"
    assert event["message"].startswith("restarted, token=<redacted:")


def test_the_same_event_twice_is_one(cluster: KubernetesCluster, target: Target) -> None:
    """A repetition after a crash collides with itself, quietly."""
    for _ in range(2):
        announce(cluster, target, "SreAgentRestarted", "restarted", START)
    assert len(cluster.list(EVENTS, NAMESPACE, field_selector="reason=SreAgentRestarted")) == 1


def test_its_rule_is_enough_and_needed(
    sandbox: Sandbox, target: Target, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The declared right suffices; without it the caller hears of it."""
    folder = tmp_path_factory.mktemp("accounts")
    may = KubernetesCluster.connect(str(sandbox.kubeconfig(folder / "a", grant(sandbox, "may", RULES))))
    may_not = KubernetesCluster.connect(str(sandbox.kubeconfig(folder / "b", grant(sandbox, "maynot", ()))))
    announce(may, target, "SreAgentRestarted", "restarted", START)
    with pytest.raises(Forbidden):
        announce(may_not, target, "SreAgentRolledBack", "rolled back", START)
