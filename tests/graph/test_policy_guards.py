"""What stands around a workload or a node: autoscalers, quotas, budgets, other nodes, each with its borders."""

from __future__ import annotations

from typing import Any

import pytest

from graph.policy import GuardFacts, PolicyFacts, PolicySettings, evaluate
from tests.graph.evidence_builders import TARGET, ago, policy_facts
from tests.graph.guard_scenarios import AUTO, HPA, NODE, budget, cordon, drain, evict, node, pod, scale
from tools.records import AutoscalerFacts, NodePod


def blocks(facts: PolicyFacts, settings: PolicySettings = AUTO) -> dict[str, str]:
    """Effect by rule."""
    return {block.rule: block.effect for block in evaluate(facts, settings)}


def why(facts: PolicyFacts) -> str:
    """The one reason."""
    (block,) = evaluate(facts, AUTO)
    return block.reason


@pytest.mark.parametrize("facts", [scale(), evict(), cordon(), drain(pod()), evict(budget())])
def test_nothing_stands_in_the_way_of_these(facts: PolicyFacts) -> None:
    """The scenarios that all others change in one point."""
    assert blocks(facts) == {}


# scaling


@pytest.mark.parametrize("scaler", [HPA, AutoscalerFacts(kind="ScaledObject", name="queue")])
def test_what_something_else_scales_is_not_scaled(scaler: AutoscalerFacts) -> None:
    """By name; but it may be restarted."""
    assert scaler.name in why(scale(guards={"autoscalers": (scaler,)}))
    assert blocks(policy_facts(guards=GuardFacts(autoscalers=(scaler,)))) == {}


@pytest.mark.parametrize(("kind", "rule"), [("autoscalers", "autoscaled"), ("quotas", "quota")])
def test_a_guard_of_scaling_that_cannot_be_read_refuses(kind: str, rule: str) -> None:
    """Not to know is no permission; what no rule of it asks for does not matter to others."""
    assert blocks(scale(evidence_missing=(kind,))) == {rule: "refuse"}
    assert blocks(evict(evidence_missing=(kind,))) == {}
    assert blocks(policy_facts(evidence_missing=(kind,))) == {}


@pytest.mark.parametrize(("replicas", "refused"), [(50, False), (51, True)])
def test_the_cap_on_replicas(replicas: int, refused: bool) -> None:
    """At the cap is allowed, and the cap is a setting."""
    facts = scale(guards={"replicas": replicas})
    assert blocks(facts) == ({"scale_limit": "refuse"} if refused else {})
    assert blocks(facts, PolicySettings(mode="auto", most_replicas=51)) == {}


def test_scaling_of_what_helm_manages_asks_and_of_what_git_manages_is_refused() -> None:
    """The number of replicas is part of what they keep."""
    for manager, effect in (
        ("helm", "ask"),
        ("argocd", "refuse"),
        ("flux", "refuse"),
        ("operator", "refuse"),
    ):
        managed = TARGET.model_copy(update={"managed_by": manager})
        assert blocks(scale(target=managed)) == {"managed_elsewhere": effect}


@pytest.mark.parametrize("name", ["system-cluster-critical", "system-node-critical"])
def test_system_priority_is_never_written_to(name: str) -> None:
    """Whatever the action; another class is nobody's business."""
    assert blocks(policy_facts(guards=GuardFacts(priority_class=name))) == {"system_priority": "refuse"}
    assert blocks(policy_facts(guards=GuardFacts(priority_class="business-critical"))) == {}


# evictions


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        pytest.param({}, False, id="met: a pod that is not ready counts for nothing"),
        pytest.param({"healthy": 1}, True, id="not met, and nothing allowed"),
        pytest.param({"healthy": 1, "allowed": 1}, False, id="allowed"),
        pytest.param({"healthy": 0, "needed": 0}, True, id="needs nothing, allows nothing"),
        pytest.param({"healthy": 1, "unready_always_go": True}, False, id="always lets such pods go"),
        pytest.param({"healthy": 1, "allowed": 1, "observed": False}, True, id="counted for another spec"),
        pytest.param({"observed": False}, False, id="met, as far as it was counted"),
    ],
)
def test_one_budget(more: dict[str, Any], refused: bool) -> None:
    """As the API server decides it for a pod that is not ready."""
    assert blocks(evict(budget(**more))) == ({"disruption_budget": "refuse"} if refused else {})


def test_two_budgets_or_unread_ones_refuse_an_eviction() -> None:
    """The API refuses the one; nobody knows of the other."""
    assert blocks(evict(budget(), budget(name="other"))) == {"disruption_budget": "refuse"}
    assert blocks(evict(evidence_missing=("budgets",))) == {"disruption_budget": "refuse"}


@pytest.mark.parametrize(
    ("desired", "ready", "refused"),
    [(3, 2, False), (3, 1, True), (2, 1, False), (1, 0, True), (1, 1, False), (5, 3, False), (5, 2, True)],
)
def test_half_of_the_pods_stay_ready(desired: int, ready: int, refused: bool) -> None:
    """Rounded up, and never fewer than one."""
    facts = evict(desired=desired, ready=ready)
    assert blocks(facts) == ({"availability_floor": "refuse"} if refused else {})


@pytest.mark.parametrize("manager", ["argocd", "flux", "operator", "helm"])
def test_an_eviction_changes_no_spec(manager: str) -> None:
    """So that those who keep it as declared do not mind."""
    assert blocks(evict(target=TARGET.model_copy(update={"managed_by": manager}))) == {}


@pytest.mark.parametrize(("ready", "healthy", "asks"), [(1, 1, True), (0, 0, False), (1, 2, False)])
def test_a_restart_asks_where_a_budget_is_not_met(ready: int, healthy: int, asks: bool) -> None:
    """Rolling updates ignore budgets; but where nothing is ready there is nothing to lose."""
    facts = policy_facts(ready=ready, guards=GuardFacts(budgets=(budget(healthy=healthy),)))
    assert blocks(facts) == ({"disruption_budget": "ask"} if asks else {})


def test_a_leak_proved_by_metrics_restarts_ready_pods() -> None:
    """The one exception; Recreate still asks."""
    facts = policy_facts(ready=3, guards=GuardFacts(leak_proved=True))
    assert blocks(facts) == {}
    assert blocks(facts.model_copy(update={"strategy": "Recreate"})) == {"restart_outage": "ask"}
    assert blocks(policy_facts(ready=3)) == {"restart_of_ready": "ask"}


# nodes


def test_a_cordon_always_asks() -> None:
    """High risk, whatever the guards say."""
    assert blocks(cordon(risk="high")) == {"risk": "ask"}


@pytest.mark.parametrize(
    "others",
    [
        pytest.param((node("node-1", ready="False"), node("node-3")), id="another one is not ready"),
        pytest.param((node("node-1", ready="Unknown"), node("node-3")), id="or silent"),
        pytest.param((node("node-1", schedulable=False), node("node-3")), id="or cordoned"),
    ],
)
def test_one_node_at_a_time(others: tuple[Any, ...]) -> None:
    """Then it is explained."""
    assert blocks(cordon(*others)) == {"other_node_ill": "refuse"}
    assert "node-1 is" in why(cordon(*others))


@pytest.mark.parametrize(
    ("others", "refused"),
    [
        pytest.param((), True, id="the only node"),
        pytest.param((node("m", control_plane=True),), True, id="only the control plane is left"),
        pytest.param((node("a", zone="a"), node("b", zone="a")), True, id="the last of its zone"),
        pytest.param((node("a", zone="a"), node("b", zone="b")), False, id="its zone has another one"),
        pytest.param(
            (node("a", zone="c"), node("b", zone="d")), False, id="every node has a zone of its own"
        ),
        pytest.param(
            (node("a", pool="small", zone="b"), node("b", pool="small", zone="b")), True, id="of its pool"
        ),
    ],
)
def test_the_last_node_stays(others: tuple[Any, ...], refused: bool) -> None:
    """Of the cluster, its zone, its pool."""
    own = {"zone": "b", "pool": "big" if any(n.pool for n in others) else ""}
    facts = cordon(*others, node=own)
    if not others:
        facts = facts.model_copy(update={"guards": facts.guards.model_copy(update={"other_nodes": ()})})
    assert blocks(facts) == ({"last_node": "refuse"} if refused else {})


@pytest.mark.parametrize(("seconds", "refused"), [(1799, True), (1800, True), (1801, False)])
def test_cordons_are_half_an_hour_apart(seconds: float, refused: bool) -> None:
    """The border still counts."""
    assert blocks(cordon(guards={"node_writes": (ago(seconds),)})) == (
        {"node_pause": "refuse"} if refused else {}
    )


def test_the_guards_of_a_cordon_do_not_hold_an_uncordon_back() -> None:
    """It gives capacity back."""
    facts = cordon(
        node("node-1", ready="False"),
        action="uncordon_node",
        node={"control_plane": True, "going_away": True},
        guards={"node_writes": (ago(60),)},
    )
    assert blocks(facts) == {}


def test_limits_to_namespaces_leave_nodes_out() -> None:
    """A node is in none of them; the reason says so."""
    assert blocks(cordon(), PolicySettings(mode="auto", namespace_allow=("shop",))) == {
        "namespace_allowed": "refuse"
    }
    assert blocks(cordon(), PolicySettings(mode="auto", target_namespace="shop")) == {
        "target_limits": "refuse"
    }
    assert blocks(cordon(), PolicySettings(mode="auto", own_uids=(NODE.uid,))) == {"own_workload": "refuse"}


@pytest.mark.parametrize(
    ("drained", "says"),
    [
        (pod(namespace="kube-system"), "deny list"),
        (pod(priority_class="system-cluster-critical"), "priority class"),
        (pod(fate="forbids", why="nothing controls it"), "nothing controls it"),
    ],
)
def test_a_pod_that_may_not_be_written_to_keeps_its_node_from_being_drained(
    drained: NodePod, says: str
) -> None:
    """One of them is enough: nothing is touched."""
    facts = drain(pod(), drained)
    assert blocks(facts) == {"drained_pods": "refuse"}
    assert says in why(facts)


def test_pods_that_stay_or_leave_do_not_stand_in_the_way_of_a_drain() -> None:
    """Those of DaemonSets in kube-system are on every node."""
    assert blocks(drain(pod(), pod(fate="stays", namespace="kube-system"), pod(fate="leaves"))) == {}


def test_a_drain_keeps_to_the_allow_list() -> None:
    """Each pod that goes is written to."""
    allowed = AUTO.model_copy(update={"namespace_allow": ("shop",)})
    named = blocks(drain(pod(), pod(namespace="payments")), allowed)
    assert named["drained_pods"] == "refuse"


def test_workloads_whose_owners_said_no_are_named_each_once() -> None:
    """All of them: whoever wants it drained knows whom to ask."""
    kept = [
        pod(disabled_by=name) for name in ("StatefulSet pay/db", "Deployment shop/web", "StatefulSet pay/db")
    ]
    assert "on Deployment shop/web, StatefulSet pay/db" in why(drain(pod(), *kept))


def test_without_the_pods_or_the_node_nothing_is_drained() -> None:
    """What cannot be read refuses."""
    assert blocks(drain(evidence_missing=("node_workloads",))) == {"drained_workloads": "refuse"}
    assert blocks(drain(evidence_missing=("node_pods",))) == {"drained_pods": "refuse"}
    assert "drain_unready" in blocks(drain(guards={"node": None}))
