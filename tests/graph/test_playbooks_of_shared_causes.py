"""What several workloads share: their dependency, names that nobody resolves, or the minute in which they fell ill."""

from __future__ import annotations

from typing import Any

import pytest

from graph.at_once import fell_ill_together
from graph.diagnosis import diagnose
from tests.graph.evidence_builders import (
    DAY,
    NOW,
    TARGET,
    ago,
    back_off,
    dependency,
    evidence,
    pod,
    pods,
    ready_pods,
    released,
    well,
)
from tools.holds import Hold
from tools.records import Evidence, NeighbourFacts

DOWN = (dependency("database", ready=0, pods=1),)
ILL_DNS = (pod("coredns-1", "dns", back_off()), pod("coredns-2", "dns", back_off()))
WHY = "7 workloads fell ill within 5 min (more than 3 are taken for one failure): shop/web"


def ill(name: str, *hosts: str) -> NeighbourFacts:
    """Another workload of two pods, none of them available, that shares these hosts."""
    shares = tuple(f"host {host}" for host in hosts)
    return NeighbourFacts(kind="Deployment", name=name, uid=name, desired=2, available=0, shares=shares)


def crashing(**more: Any) -> Evidence:
    """Both pods crash, of a workload that is old."""
    return evidence(**{"pods": pods(2, "rs2", back_off()), **more})


def problem(found: Evidence) -> str:
    """The class; there are never candidates."""
    finding, candidates = diagnose(found, TARGET)
    assert candidates == []
    return finding.problem


@pytest.mark.parametrize(
    ("neighbours", "expected"),
    [
        pytest.param(
            (ill("api", "database"), ill("jobs", "database.shop.svc")), "shared_dependency", id="both"
        ),
        pytest.param((ill("api", "database"),), "dependency_down", id="two are not many"),
        pytest.param((ill("a", "cache"), ill("b", "cache")), "dependency_down", id="they share another"),
        pytest.param((ill("a", "database2"), ill("b", "database2")), "dependency_down", id="a longer name"),
        pytest.param((ill("a"), ill("b")), "dependency_down", id="one that is well names it too"),
        pytest.param((), "dependency_down", id="nobody else is ill"),
    ],
)
def test_workloads_that_fail_with_their_service_are_one_incident(
    neighbours: tuple[NeighbourFacts, ...], expected: str
) -> None:
    """Only where they really fail with it."""
    assert problem(crashing(dependencies=DOWN, neighbours=neighbours)) == expected


def test_those_that_wait_without_a_crash_share_it_too() -> None:
    """And they are named."""
    waiting = pods(2, "rs2", well(DAY), age=DAY, ready_changed=700)
    neighbours = (ill("api", "database"), ill("jobs", "database"))
    finding, _ = diagnose(evidence(pods=waiting, dependencies=DOWN, neighbours=neighbours), TARGET)
    assert finding.problem == "shared_dependency"
    assert "3 workloads that name it fail with it: this one, api, jobs" in finding.summary


def test_where_nobody_resolves_names_a_young_release_is_not_blamed() -> None:
    """It would be rolled back for nothing."""
    young = released(*pods(1, "rs2", back_off()), older=ready_pods(3, "rs1"))
    assert diagnose(young, TARGET)[0].problem == "bad_release"
    assert problem(young.model_copy(update={"dns": ILL_DNS})) == "dns_failing"


@pytest.mark.parametrize(
    "dns",
    [
        pytest.param((), id="not looked at"),
        pytest.param((ILL_DNS[0], *ready_pods(1, "dns")), id="one of them is ready"),
    ],
)
def test_names_are_the_cause_only_while_nobody_resolves_them(dns: Any) -> None:
    """What a log says proves nothing."""
    assert problem(crashing(dns=dns)) != "dns_failing"


def test_many_at_once_is_the_last_word_and_never_the_first() -> None:
    """A cause that is proved comes before it, and pods that are well are not part of it."""
    assert problem(crashing(at_once=WHY)) == "many_at_once"
    assert problem(crashing(at_once=WHY, dependencies=DOWN)) == "dependency_down"
    assert problem(crashing()) == "crash_loop"
    fine = evidence(pods=ready_pods(3, "rs2"), at_once=WHY)
    assert diagnose(fine, TARGET)[0].problem != "many_at_once"


class _Held:
    """Services with one hold."""

    signs = None
    vitals = None

    def __init__(self, *holds: Any) -> None:
        self.holds = self
        self._holds = holds

    def active(self, now: Any) -> tuple[Any, ...]:
        return self._holds


@pytest.mark.parametrize(
    ("cause", "age", "told"),
    [("correlated_failure", 60, WHY), ("correlated_failure", 3600, ""), ("watchdog_missing", 60, "")],
)
def test_only_a_fresh_hold_for_this_tells_of_it(cause: Any, age: float, told: str) -> None:
    """An old one is another outage's."""
    hold = Hold(id=1, cause=cause, why=WHY, since=ago(age))
    services: Any = _Held(hold)
    assert fell_ill_together(services, NOW) == told
