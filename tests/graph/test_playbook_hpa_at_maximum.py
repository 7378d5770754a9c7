"""An autoscaler at its maximum: what proves it, what only looks like it, and how far it may go."""

from __future__ import annotations

from typing import Any

import pytest

from graph.diagnosis import diagnose
from tests.graph.evidence_builders import (
    NEW,
    TARGET,
    ago,
    dependency,
    evidence,
    item,
    items,
    pod,
    ready_pods,
    restarted,
    revision,
    workload,
)
from tests.graph.hpa_scenarios import scaler
from tools.records import AutoscalerFacts, Evidence, QuotaFacts, UsageFacts


def full(*scalers: AutoscalerFacts, size: int = 6, **more: Any) -> Evidence:
    """So many pods, all ready in a complete rollout, and their autoscaler."""
    counts = {key: size for key in ("desired", "replicas", "updated", "ready", "available")}
    return evidence(
        **{
            "pods": ready_pods(size, "rs2"),
            "workload": workload(**counts),
            "revisions": (revision(2, digest=NEW, replicas=size),),
            "autoscalers": scalers or (scaler(),),
            "items": (*items(), item("autoscalers", number=8), item("quotas", number=9)),
            **more,
        }
    )


def told(found: Evidence) -> tuple[str, list[Any]]:
    """The class, and the maximum of each proposal."""
    finding, proposals = diagnose(found, TARGET)
    return finding.problem, [proposal.call.args["maximum"] for proposal in proposals]


def test_its_own_status_proves_it_and_a_person_is_asked() -> None:
    """Half as many more; the arguments name the autoscaler, and the workload that it scales."""
    finding, (proposal,) = diagnose(full(), TARGET)
    assert (finding.problem, finding.directness) == ("hpa_at_maximum", 1.0)
    assert "at its maximum of 6 replicas since" in finding.summary
    assert "its metrics are at 125% of their target" in finding.summary
    assert set(finding.evidence) >= {"e8", "e9"}
    assert '"maxReplicas":9' in finding.next_step
    assert (proposal.risk, proposal.target, proposal.workload_digest) == ("high", TARGET, NEW)
    assert proposal.call.name == "set_hpa_maximum"
    assert proposal.call.args == {
        "namespace": "shop",
        "name": "web",
        "uid": "uid-hpa",
        "workload": "web",
        "workload_uid": "uid-web",
        "from_maximum": 6,
        "maximum": 9,
    }


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(full(scaler(inactive="FailedGetResourceMetric")), id="it has no metrics"),
        pytest.param(full(scaler(over=None)), id="nobody tells its metrics"),
        pytest.param(full(scaler(over=1.1)), id="within its tolerance"),
        pytest.param(full(scaler(limited="")), id="not limited"),
        pytest.param(full(scaler(limited="TooFewReplicas")), id="limited from below"),
        pytest.param(full(scaler(limited="ScaleUpLimit")), id="limited by its own pace"),
        pytest.param(full(scaler(limited_since=ago(599))), id="for a few minutes only"),
        pytest.param(full(scaler(limited_since=None)), id="nobody knows since when"),
        pytest.param(full(scaler(most=8)), id="below its maximum"),
        pytest.param(full(scaler(wanted=5)), id="it goes down"),
        pytest.param(full(size=5), id="a pod is missing: no quota, no room"),
        pytest.param(full(scaler(), scaler(name="other")), id="two autoscalers"),
        pytest.param(full(scaler(kind="ScaledObject")), id="KEDA's own"),
        pytest.param(full(workload=workload(desired=6, replicas=7, updated=6)), id="a rollout moves"),
        pytest.param(full(pods=(*ready_pods(5, "rs2"), pod("f", "rs2"))), id="a pod is not ready"),
        pytest.param(
            full(pods=(*ready_pods(5, "rs2"), pod("f", "rs2", restarted(400.0), ready=True))),
            id="a pod crashed minutes ago",
        ),
    ],
)
def test_what_only_looks_like_it(found: Evidence) -> None:
    """A higher maximum would change nothing, or nobody knows."""
    assert diagnose(found, TARGET)[0].problem != "hpa_at_maximum"


@pytest.mark.parametrize(("size", "maximum"), [(1, 2), (2, 3), (3, 4), (10, 15)])
def test_one_step_is_at_most_a_half(size: int, maximum: int) -> None:
    """Rounded down, and at least one."""
    one = scaler(most=size, current=size, wanted=size, least=1)
    assert told(full(one, size=size)) == ("hpa_at_maximum", [maximum])


@pytest.mark.parametrize(("left", "maximums"), [(5, [9]), (2, [8]), (0, [])])
def test_quotas_bound_it(left: float, maximums: list[int]) -> None:
    """What they do not hold is not asked for; without room it is explained."""
    quota = QuotaFacts(name="all", hard={"pods": 6.0 + left}, used={"pods": 6.0})
    found = full(quotas=(quota,))
    assert told(found) == ("hpa_at_maximum", maximums)
    if not maximums:
        assert "holds no more pods" in diagnose(found, TARGET)[0].next_step


def test_a_service_that_is_down_is_mended_first() -> None:
    """Busy pods may only be trying again."""
    found = full(dependencies=(dependency(ready=0),))
    assert told(found) == ("hpa_at_maximum", [])
    assert diagnose(found, TARGET)[0].next_step.startswith("kubectl -n shop describe service database")


@pytest.mark.parametrize(("cores", "maximums"), [(0.1, []), (0.9, [9])])
def test_pods_that_hardly_work_would_not_be_helped_by_more(cores: float, maximums: list[int]) -> None:
    """A queue that grows while they wait for something else asks for more of them all the same."""
    idle = [
        p.model_copy(
            update={"containers": tuple(c.model_copy(update={"cpu_limit": 1.0}) for c in p.containers)}
        )
        for p in ready_pods(6, "rs2")
    ]
    usage = tuple(UsageFacts(pod=p.name, container="app", cores=cores, memory=1.0, at=ago(20)) for p in idle)
    finding, proposals = diagnose(full(pods=tuple(idle), usage=usage), TARGET)
    assert finding.problem == "hpa_at_maximum"
    assert [proposal.call.args["maximum"] for proposal in proposals] == maximums
    assert ("what they wait for is elsewhere" in finding.summary) == (not maximums)


def test_a_release_of_the_last_half_hour_is_named() -> None:
    """It may be what is busy: less sure, and still a person's decision."""
    found = full(revisions=(revision(2, digest=NEW, age=900, replicas=6), revision(1)))
    finding, proposals = diagnose(found, TARGET)
    assert (finding.directness, len(proposals)) == (0.7, 1)
    assert any("not ruled out: its newest revision, 2" in line for line in finding.facts)
