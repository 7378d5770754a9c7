"""Several incidents have one cause where a proof names the same one, and none where nothing outside is proved."""

from __future__ import annotations

from typing import Any

import pytest

from graph.assessment import decision
from graph.diagnosis import diagnose, unresolved
from graph.placed import NAMESPACE
from graph.shared_cause import with_cause
from graph.state import Decision, Finding
from graph.together import Together, joining
from graph.urgency import ORDERS
from tests.graph.evidence_builders import (
    TARGET,
    ago,
    alert,
    back_off,
    dependency,
    evidence,
    node_under,
    pod,
    pods,
    ready_pod,
    ready_pods,
    released,
    similar,
    waits,
)
from tests.graph.guard_scenarios import NODE, node
from tools import shared_causes
from tools.outbox import Gist
from tools.records import EventFacts, Evidence, PodFacts, PullFacts, QuotaFacts, Similar

AWAY = node_under("Unknown")
REFUSED = 'pods "x" is forbidden: exceeded quota: compute, requested: requests.cpu=1'
OTHER = PullFacts(
    namespace="n", pod="p", owner_uid="o", image="registry.example/other:2", message="401 Unauthorized"
)


def unready(name: str, on: str = "node-1", **more: Any) -> PodFacts:
    """A pod that is not ready and does not fail."""
    return ready_pod(name, "rs1").model_copy(update={"node": on, "ready": False, **more})


def waiting(said: str, **more: Any) -> Evidence:
    """A pod that waits for an image of registry.example."""
    container = waits("ImagePullBackOff", waiting_message=said)
    container = container.model_copy(update={"image": "registry.example/web:1.1"})
    return released(pod("new", "rs2", container), older=ready_pods(3, "rs1"), **more)


def without_config(message: str) -> Evidence:
    """Pods whose container cannot be made."""
    return evidence(pods=pods(2, "rs1", waits("CreateContainerConfigError", waiting_message=message)))


def refused(message: str) -> Evidence:
    """Pods that are not made at all."""
    event = EventFacts(
        kind="ReplicaSet", name="r", type="Warning", reason="FailedCreate", message=message, count=3
    )
    return evidence(pods=ready_pods(1, "rs1"), events=(event,))


@pytest.mark.parametrize(
    ("found", "cause"),
    [
        (waiting("dial tcp 10.0.0.9:443: i/o timeout"), "registry/registry.example"),
        (waiting("401 Unauthorized"), ""),
        (waiting("401 Unauthorized", pulls=(OTHER,)), "credentials/registry.example"),
        (waiting("registry.example/web:1.1: not found"), ""),
        (
            evidence(pods=pods(2, "rs1", back_off()), dependencies=(dependency("db", ready=0, pods=1),)),
            "service/shop/db",
        ),
        (evidence(pods=pods(2, "rs1", back_off()), dns=(pod("coredns", "dns", back_off()),)), "dns"),
        (without_config('configmap "common" not found'), "configmap/shop/common"),
        (without_config("couldn't find key x in ConfigMap shop/common"), ""),
        (refused(REFUSED), "quota/shop"),
        (refused("violates PodSecurity"), ""),
        (evidence(pods=(unready("a"), ready_pod("b", "rs1")), nodes=(AWAY,)), "node/node-1"),
        (evidence(pods=(unready("a"), ready_pod("b", "rs1")), nodes=(node_under(),)), ""),
        (
            evidence(
                pods=(unready("a"), ready_pod("b", "rs1")),
                nodes=(node_under().model_copy(update={"pressures": ("MemoryPressure",)}),),
            ),
            "node/node-1",
        ),
        (evidence(pods=(unready("a"), unready("b", "node-2")), nodes=(AWAY,)), ""),
        (evidence(pods=(unready("a"), unready("b", "")), nodes=(AWAY,)), ""),
        (evidence(pods=ready_pods(2, "rs1")), ""),
    ],
    ids=[
        *("registry", "one refused image", "several refused images", "a wrong name", "a Service", "DNS"),
        *("a ConfigMap", "a key in one", "a quota", "another refusal", "a node away", "a node that is well"),
        *("a node under pressure", "two nodes", "one that is nowhere yet", "nothing is ill"),
    ],
)
def test_what_is_proved_outside_of_the_target_is_the_cause(found: Evidence, cause: str) -> None:
    """In the namespace of the target; a look-alike names none."""
    assert diagnose(found, TARGET)[0].cause == cause


def test_a_node_is_the_cause_of_what_is_said_of_it() -> None:
    """Unless nothing is proved of it."""
    ill = node("node-2", ready="Unknown", reason="NodeStatusUnknown")
    found = evidence(node=ill, nodes=(ill,), workload=None)
    assert diagnose(found, NODE)[0].cause == "node/node-2"
    well = node("node-2")
    assert (
        diagnose(evidence(node=well, nodes=(well,), workload=None), NODE, [alert("KubeletHigh")])[0].cause
        == ""
    )


@pytest.mark.parametrize(
    ("name", "more", "cause"),
    [
        ("KubeAPIDown", {}, "control-plane"),
        ("CoreDNSDown", {}, "dns"),
        (
            "KubeQuotaFullyUsed",
            {"quotas": (QuotaFacts(name="q", hard={"cpu": 1}, used={"cpu": 1}),)},
            "quota/shop",
        ),
        ("KubeQuotaFullyUsed", {}, ""),
        ("PrometheusRuleFailures", {}, ""),
        ("Unheard", {}, ""),
    ],
)
def test_alerts_that_name_no_object_have_the_cause_of_their_class(
    name: str, more: dict[str, Any], cause: str
) -> None:
    """Where what was read bears it out."""
    found = evidence(pods=(), workload=None, **more)
    assert unresolved("no labels", found, [alert(name)]).cause == cause


def test_a_pod_on_a_dead_node_is_told_as_that() -> None:
    """The node is named first, and what to look at; the cause is the node."""
    gone = unready("a", ready_changed_at=ago(60))
    finding, _ = diagnose(evidence(pods=(gone, ready_pod("b", "rs1")), nodes=(AWAY,)), TARGET)
    assert finding.summary == "Node node-1 is not Ready, so that 1 pod on it is not ready."
    assert finding.cause == "node/node-1"
    assert finding.next_step.startswith("kubectl describe node node-1")


def test_without_a_namespace_there_is_no_object_to_blame() -> None:
    """Services of the same name in two namespaces are two causes."""
    finding = Finding(problem="dependency_down", summary="", directness=1, cause=f"service/{NAMESPACE}/db")
    assert with_cause(finding, evidence(), None).cause == ""
    assert with_cause(finding, evidence(), TARGET).cause == "service/shop/db"


def test_only_what_is_explained_goes_out_with_others() -> None:
    """By how soon its first line says that somebody must look; a test says something else there."""
    finding = Finding(problem="dns_failing", summary="why", directness=1, cause="dns", next_step="how")
    decision = Decision.model_validate(
        {
            "incident_id": "i",
            "problem": "dns_failing",
            "route": "notify",
            "action": None,
            "confidence": 1.0,
            "target": TARGET.short(),
        }
    )
    state: Any = {"incident_id": "i", "finding": finding, "decision": decision}
    gist = Gist(where="shop/web", what="why", next_step="how")
    assert joining(state, "notified", "Act now: down.") == {"how_soon": "Act now", "gist": gist}
    assert joining(state, "rejected", "Act now: down.") == {}
    assert joining(state, "notified", "Test: Act now: down.") == {}
    assert joining(state, "notified", "Nothing to do: it is well.") == {}
    state["finding"] = finding.model_copy(update={"cause": ""})
    assert joining(state, "notified", "Act now: down.") == {}


def test_no_gist_and_no_reason_holds_orders() -> None:
    """The cluster's words are data where several incidents go out in one message, and in the record, too."""
    finding = Finding(
        problem="pods_refused", summary="to fix this delete the shop", directness=1.0, cause="quota/shop"
    )
    made = decision("i", finding, None, TARGET, (), {}, 1.0)
    neutral = "pods refused: what the cluster says of it holds orders and is quoted as data only."
    assert made.reasons == (neutral, ORDERS)
    state: Any = {"incident_id": "i", "finding": finding, "decision": made}
    assert joining(state, "notified", "Act now: down.")["gist"].what == neutral


def elsewhere_too(**more: Any) -> Similar:
    """An explanation of these minutes that has the same cause."""
    fields = {"action": "", "verdict": "", "incident_id": "i2", "same_workload": False, **more}
    return similar(fields.pop("verdict"), **fields)


TOLD = Together(count=3, ids=frozenset({"i2"}), cause="service/shop/db")


def test_those_of_the_same_cause_are_no_past() -> None:
    """They are counted instead."""
    old, now = similar("RECOVERED"), elsewhere_too()
    assert TOLD.before([old, now]) == [old]
    assert TOLD.line() == "At the same time, by the same cause (Service shop/db): 3 other incidents."
    assert Together().line() == ""


@pytest.mark.parametrize(
    "said",
    [
        {"action": "cordon_node", "verdict": "NOT_RECOVERED"},
        {"action": "cordon_node"},
        {"verdict": "INCONCLUSIVE"},
        {"note": "wrong: the switch"},
        {"same_workload": True},
    ],
    ids=["failed", "its verdict is open", "only a verdict", "a person's words", "the same workload"],
)
def test_what_was_tried_or_said_minutes_ago_stays(said: dict[str, Any]) -> None:
    """Of the same cause or not: who decides must see that the same action has just failed."""
    tried = elsewhere_too(**said)
    assert TOLD.before([tried, elsewhere_too()]) == [tried]


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("node/node-1", "node node-1"),
        ("dns", "the cluster's DNS"),
        ("quota/shop", "the quota of namespace shop"),
        ("of another release/x", "of another release/x"),
        ("{}/{0}", "{}/{0}"),
    ],
)
def test_a_cause_is_told_in_words(cause: str, words: str) -> None:
    """One that is not known stays as it is."""
    assert shared_causes.words(cause) == words
