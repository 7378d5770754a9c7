"""All replicas near their processor limit, what may be done about it, and what only looks like it."""

from __future__ import annotations

from typing import Any

import pytest

from graph.playbooks.high_cpu import candidates, proves
from graph.state import Finding
from tests.graph.evidence_builders import (
    DAY,
    NEW,
    TARGET,
    ago,
    dependency,
    evidence,
    item,
    items,
    pod,
    restarted,
    revision,
    well,
    workload,
)
from tools.actions import parse_call
from tools.records import AutoscalerFacts, Evidence, PodFacts, QuotaFacts, UsageFacts

LIMIT = {"cpu_limit": 0.5, "cpu_request": 0.25, "memory_request": 64.0 * 2**20}


def replica(name: str, *, running: float = DAY, ready: bool = True, **asked: Any) -> PodFacts:
    """A pod of one container `app` with a limit of half a core."""
    return pod(name, "rs2", well(running, **(asked or LIMIT)), age=max(running, 400.0), ready=ready)


def usage(
    pods: tuple[PodFacts, ...], *cores: float, old: float = 20.0, container: str = "app"
) -> tuple[UsageFacts, ...]:
    """What each of them uses."""
    return tuple(
        UsageFacts(pod=p.name, container=container, cores=used, memory=2.0**20, at=ago(old))
        for p, used in zip(pods, cores, strict=False)
    )


def busy(*cores: float, count: int = 3, **more: Any) -> Evidence:
    """Pods that use so many cores each; by default 0.45, 0.48 and 0.5 of their half."""
    pods = more.pop("pods", tuple(replica(f"p{n}") for n in range(count)))
    used = cores or (0.45, 0.48, 0.5)
    size = len(pods)
    counts = {"desired": size, "replicas": size, "updated": size, "ready": size, "available": size}
    return evidence(
        **{
            "pods": pods,
            "usage": usage(pods, *(used * size)[:size]),
            "workload": workload(**counts),
            "revisions": (revision(2, digest=NEW, age=3 * DAY, replicas=size, ready=size), revision(1)),
            "items": (*items(), item("metrics", number=8), item("autoscalers", "no_data", 9)),
            **more,
        }
    )


def proved(found: Evidence) -> Finding:
    """The finding, which must be there."""
    finding = proves(found)
    assert finding is not None
    return finding


def replicas(found: Evidence) -> int | None:
    """How many are proposed, or None."""
    proposals = candidates(proved(found), found, TARGET)
    return int(proposals[0].call.args["replicas"] or 0) if proposals else None


def test_all_replicas_near_their_limit_are_given_company() -> None:
    """With what each uses, from how many to how many, sure enough to act."""
    found = busy()
    finding = proved(found)
    assert (finding.problem, finding.directness) == ("high_cpu", 1.0)
    assert finding.summary == "All 3 pods use 90 to 100% of their processor limit: 1.43 of 1.5 cores in all."
    assert finding.how_soon == "soon"
    assert "limit 500m, request 250m" in finding.facts[0]
    assert "p0 450m (90%)" in finding.facts[0]
    assert "e8" in finding.evidence
    (proposal,) = candidates(finding, found, TARGET)
    assert (proposal.call.name, proposal.risk, proposal.workload_digest) == (
        "scale_deployment",
        "medium",
        NEW,
    )
    assert (proposal.call.args["from_replicas"], proposal.call.args["replicas"]) == (3, 4)


@pytest.mark.parametrize(("count", "wanted"), [(1, 2), (2, 3), (3, 4), (4, 6), (10, 15), (15, 22)])
def test_half_as_many_more_and_at_least_one(count: int, wanted: int) -> None:
    """Rounded down; and always a step that the action takes."""
    found = busy(0.5, count=count)
    assert replicas(found) == wanted
    (proposal,) = candidates(proved(found), found, TARGET)
    parse_call(proposal.call)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(busy(0.5, 0.5, 0.1), id="one is idle"),
        pytest.param(busy(0.39), id="none is near"),
        pytest.param(busy(usage=()), id="no samples"),
        pytest.param(
            busy(usage=usage(tuple(replica(f"p{n}") for n in range(2)), 0.5, 0.5)), id="one sample lacks"
        ),
        pytest.param(
            busy(usage=usage(tuple(replica(f"p{n}") for n in range(3)), 0.5, 0.5, 0.5, old=181)),
            id="old samples",
        ),
        pytest.param(
            busy(usage=usage(tuple(replica(f"p{n}") for n in range(3)), 0.5, 0.5, 0.5, container="proxy")),
            id="another container",
        ),
        pytest.param(busy(pods=tuple(replica(f"p{n}", running=299.0) for n in range(3))), id="they start"),
        pytest.param(
            busy(pods=tuple(replica(f"p{n}", cpu_request=None) for n in range(3))), id="no limit, no request"
        ),
        pytest.param(
            busy(pods=(replica("p0"), replica("p1"), replica("p2", ready=False))), id="one is not ready"
        ),
        pytest.param(
            busy(pods=(replica("p0"), replica("p1"), pod("p2", "rs2", restarted(60.0, **LIMIT), ready=True))),
            id="one crashes",
        ),
        pytest.param(busy(workload=workload(updated=2)), id="a rollout moves"),
        pytest.param(busy(workload=workload(desired=4)), id="one is missing"),
        pytest.param(busy(pods=()), id="no pods"),
    ],
)
def test_what_only_looks_like_it(found: Evidence) -> None:
    """One busy pod, a start, a crash, or nobody who tells."""
    assert proves(found) is None


def test_without_a_limit_the_request_is_the_measure() -> None:
    """Nearer to it, and less sure: they may burst."""
    pods = tuple(replica(f"p{n}", cpu_request=0.5) for n in range(3))
    found = busy(0.46, pods=pods)
    assert proved(found).directness == 0.85
    assert "92% of their processor request" in proved(found).summary
    assert proves(busy(0.44, pods=pods)) is None


def test_what_something_else_scales_is_explained() -> None:
    """Its maximum is what may be raised, by a person."""
    found = busy(autoscalers=(AutoscalerFacts(kind="HorizontalPodAutoscaler", name="web", least=2, most=3),))
    assert replicas(found) is None
    assert '"maxReplicas":4' in proved(found).next_step


@pytest.mark.parametrize(
    ("hard", "used", "wanted"),
    [
        pytest.param({"pods": 10}, {"pods": 4}, 6, id="room enough"),
        pytest.param({"pods": 5}, {"pods": 4}, 5, id="room for one only"),
        pytest.param({"pods": 4}, {"pods": 4}, None, id="no room"),
        pytest.param({"requests.cpu": 1.25}, {"requests.cpu": 1.0}, 5, id="requests of processor"),
        pytest.param({"cpu": 1.0}, {"cpu": 1.0}, None, id="spelled the old way"),
        pytest.param({"limits.cpu": 2.9}, {"limits.cpu": 2.0}, 5, id="limits of processor"),
        pytest.param(
            {"requests.memory": 300 * 2.0**20}, {"requests.memory": 256 * 2.0**20}, None, id="memory"
        ),
        pytest.param({"requests.storage": 1.0}, {"requests.storage": 1.0}, 6, id="what pods do not take"),
        pytest.param({"count/configmaps": 1.0}, {"count/configmaps": 1.0}, 6, id="what pods are not"),
    ],
)
def test_quotas_bound_the_step(hard: dict[str, float], used: dict[str, float], wanted: int | None) -> None:
    """Four replicas of a quarter core and 64 MiB each: two more are wanted, as far as there is room."""
    found = busy(0.5, count=4, quotas=(QuotaFacts(name="all", hard=hard, used=used),))
    assert replicas(found) == wanted
    assert ("holds no more pods" in proved(found).next_step) == (wanted is None)


def test_a_dependency_that_is_down_comes_first() -> None:
    """What waits for it may be busy with trying again."""
    found = busy(dependencies=(dependency(ready=0),))
    assert replicas(found) is None
    assert "Mend database first" in proved(found).next_step


def test_a_release_of_the_last_half_hour_is_for_a_person() -> None:
    """It may be what is busy; without another template before it nothing was released."""
    young, old = revision(2, digest=NEW, age=1700.0), revision(1)
    pods = tuple(replica(f"p{n}", running=1600.0) for n in range(3))
    assert proved(busy(pods=pods, revisions=(young, old))).directness == 0.7
    assert proved(busy(pods=pods, revisions=(young,))).directness == 1.0
    assert proved(busy(pods=pods, revisions=(revision(2, digest=NEW, age=1801.0), old))).directness == 1.0


def test_a_sidecar_at_its_limit_counts_as_well() -> None:
    """The same container in every pod."""
    pods = tuple(
        pod(f"p{n}", "rs2", well(DAY, **LIMIT), well(DAY, name="proxy", cpu_limit=0.1), age=DAY, ready=True)
        for n in range(3)
    )
    idle = usage(pods, 0.1, 0.1, 0.1)
    hot = usage(pods, 0.1, 0.1, 0.1, container="proxy")
    assert (
        proved(busy(pods=pods, usage=(*idle, *hot)))
        .facts[0]
        .startswith("proxy: limit 100m, no request; used by")
    )


# Prometheus second


def by_prometheus(found: Evidence, *cores: float | None, old: float = 20.0) -> Evidence:
    """The same with what Prometheus tells of each pod beside what is there."""
    told = tuple(
        UsageFacts(pod=p.name, container="app", cores=used, memory=None, at=ago(old), source="Prometheus")
        for p, used in zip(found.pods, cores, strict=False)
    )
    return found.model_copy(update={"usage": (*told, *found.usage)})


def test_prometheus_tells_where_the_metrics_server_does_not() -> None:
    """The finding says who told, and cites that."""
    found = by_prometheus(busy(usage=(), items=(*items(), item("processor_use", number=8))), 0.45, 0.48, 0.5)
    finding = proved(found)
    assert "told by Prometheus, as an average of five minutes" in finding.facts[0]
    assert ("e8" in finding.evidence, replicas(found)) == (True, 4)
    assert "told by metrics.k8s.io" in proved(busy()).facts[0]


def test_the_metrics_server_is_believed_first() -> None:
    """Its sample is of now; but an old one of it says less than a fresh average."""
    assert proves(by_prometheus(busy(0.1), 0.5, 0.5, 0.5)) is None
    assert "told by metrics.k8s.io" in proved(by_prometheus(busy(0.5), 0.1, 0.1, 0.1)).facts[0]
    three = tuple(replica(f"p{n}") for n in range(3))
    stale = busy(usage=usage(three, 0.1, 0.1, 0.1, old=181))
    assert proves(by_prometheus(stale, 0.5, 0.5, 0.5)) is not None


def test_both_together_may_tell_of_all_pods() -> None:
    """A pod that one of them lacks is told of by the other."""
    partly = busy(usage=usage((replica("p0"),), 0.5))
    assert (
        "metrics.k8s.io and Prometheus, as an average of five minutes"
        in proved(by_prometheus(partly, 0.1, 0.5, 0.5)).facts[0]
    )


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(by_prometheus(busy(usage=()), 0.5, 0.1, 0.1), id="one hot pod"),
        pytest.param(by_prometheus(busy(usage=()), 0.5, 0.5), id="one is not told of"),
        pytest.param(by_prometheus(busy(usage=()), 0.5, 0.5, None), id="of one only its memory"),
        pytest.param(by_prometheus(busy(usage=()), 0.5, 0.5, 0.5, old=301), id="old values"),
    ],
)
def test_what_prometheus_does_not_prove(found: Evidence) -> None:
    """All pods, now."""
    assert proves(found) is None
