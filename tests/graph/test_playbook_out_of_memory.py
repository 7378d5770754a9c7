"""Killed for memory: what a limit could be, when a restart or going back is right, and when neither is."""

from __future__ import annotations

from typing import Any

import pytest

from graph.diagnosis import diagnose
from graph.memory_limits import room_for
from graph.state import Finding
from tests.graph.evidence_builders import (
    DAY,
    NEW,
    TARGET,
    ago,
    back_off,
    evidence,
    item,
    items,
    pod,
    restarted,
    revision,
    well,
    workload,
)
from tests.graph.guard_scenarios import node
from tools.records import (
    ContainerFacts,
    Evidence,
    LimitFacts,
    MemoryGrowth,
    PodFacts,
    QuotaFacts,
    UsageFacts,
)

MIB = 2.0**20
HOUR = 3600.0
RS = "web-5d4f"
LIMIT = {"memory_limit": 128 * MIB, "memory_request": 128 * MIB}
OOM = {"code": 137, "reason": "OOMKilled", **LIMIT}


def killed(pod_name: str, life: float, *, restarts: int = 3, **more: Any) -> PodFacts:
    """A pod whose container was killed for memory after so many seconds, and is held back now."""
    return pod(pod_name, RS, back_off(restarts, life=life, **{**OOM, **more}), age=DAY)


def sibling(name: str, *, running: float = DAY, ready: bool = True) -> PodFacts:
    """A pod that was not killed."""
    return pod(name, RS, well(running, **LIMIT), age=max(running, 400.0), ready=ready)


def memory(share: float, *names: str) -> tuple[UsageFacts, ...]:
    """So much of the limit is in use in these pods."""
    return tuple(
        UsageFacts(pod=name, container="app", cores=0.1, memory=share * 128 * MIB, at=ago(20))
        for name in names
    )


def seen(*pods: PodFacts, **more: Any) -> Evidence:
    """Pods of revision 2, which is three days old unless told, in a complete rollout."""
    age = more.pop("age", 3 * DAY)
    size = len(pods)
    counts = {"desired": size, "replicas": size, "updated": size}
    older = revision(
        1,
        age=30 * DAY,
        seen_current_seconds=more.pop("current", 27 * DAY),
        seen_healthy_seconds=more.pop("proved", None),
    )
    return evidence(
        **{
            "pods": pods,
            "workload": workload(**counts),
            "revisions": (revision(2, name=RS, digest=NEW, age=age, replicas=size), older),
            "items": (*items(), item("metrics", number=8)),
            **more,
        }
    )


def told(found: Evidence) -> tuple[Finding, list[str]]:
    """The finding and what is proposed."""
    finding, proposals = diagnose(found, TARGET)
    assert finding.problem == "out_of_memory"
    return finding, [proposal.call.name for proposal in proposals]


def test_with_ondelete_nothing_restarts_until_somebody_deletes_it() -> None:
    """`kubectl rollout status` fails there, and the new limit reaches no pod by itself."""
    found = seen(killed("a", 8.0), killed("b", 9.0))
    assert found.workload is not None
    waits = found.workload.model_copy(update={"kind": "StatefulSet", "strategy": "OnDelete"})
    finding = told(found.model_copy(update={"workload": waits}))[0]
    assert "this restarts no pod: by updateStrategy OnDelete" in finding.next_step
    assert "kubectl -n shop delete pod a lets this one have it" in finding.next_step
    assert "rollout status" not in finding.next_step
    assert "restarts all" not in finding.next_step


def test_killed_within_seconds_is_asked_to_be_given_more() -> None:
    """A restart mends nothing: the number that would, what bounds it, and the command."""
    finding, proposed = told(seen(killed("a", 8.0), killed("b", 9.0)))
    assert proposed == ["set_memory_limit"]
    assert "exceeds its limit of 128Mi within 8 s of its start" in finding.summary
    assert "(bounded by half as much again as now (128Mi)); this restarts all 2 pods" in finding.next_step
    command = (
        "kubectl -n shop set resources deployment/web -c app --limits=memory=192Mi --requests=memory=192Mi"
    )
    assert command in finding.next_step


def test_killed_again_and_again_is_asked_to_be_given_more() -> None:
    """Whether metrics are there or not. The amounts are computed, bound to this template, and for a person."""
    finding, (proposal,) = diagnose(seen(killed("a", 300.0, restarts=9, memory_request=64 * MIB)), TARGET)
    assert "no metrics of its memory" in finding.facts
    assert (proposal.risk, proposal.workload_digest, proposal.leak_proved) == ("high", NEW, False)
    assert "bounded by half as much again" in proposal.reason
    assert proposal.call.args == {
        "namespace": "shop",
        "name": "web",
        "uid": "uid-web",
        "from_digest": NEW,
        "container": "app",
        "from_limit": 128 * 2**20,
        "limit": 192 * 2**20,
        "from_request": 64 * 2**20,
        "request": 96 * 2**20,
    }


def well_again(pod_name: str, *, ago_seconds: float = 1500.0, life: float = DAY) -> PodFacts:
    """Killed for memory after a day, and running for long enough since to be well."""
    container = restarted(ago_seconds, life=life, restarts=1, **OOM)
    return pod(pod_name, RS, container, age=2 * DAY, ready=True, ready_changed=ago_seconds)


def test_siblings_near_their_limit_are_a_leak_after_the_killed_one_is_well_again() -> None:
    """The one that was killed has room again; the others have not."""
    finding, proposed = told(seen(well_again("a"), sibling("b"), usage=memory(0.95, "b")))
    assert proposed == ["restart_deployment"]
    assert "all its siblings are near theirs: a leak" in finding.summary


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(seen(well_again("a"), sibling("b"), usage=memory(0.5, "b")), id="siblings have room"),
        pytest.param(seen(well_again("a"), sibling("b")), id="nobody knows"),
        pytest.param(
            seen(well_again("a", ago_seconds=7 * HOUR), sibling("b"), usage=memory(0.95, "b")), id="long ago"
        ),
        pytest.param(
            seen(well_again("a"), pod("c", RS, back_off(), age=DAY), sibling("b"), usage=memory(0.95, "b")),
            id="another crashes for another reason",
        ),
    ],
)
def test_a_kill_that_is_over_is_no_leak_by_itself(found: Evidence) -> None:
    """Without siblings that show what comes, what was killed once and runs is not called out of memory."""
    assert diagnose(found, TARGET)[0].problem != "out_of_memory"


ROOM = {"usage": memory(0.5, "b")}
NEAR = {"usage": memory(0.9, "b")}


@pytest.mark.parametrize(
    ("found", "asked_for"),
    [
        pytest.param(seen(killed("a", 8.0, restarts=1)), True, id="after one restart"),
        pytest.param(seen(killed("a", 8.0, restarts=0)), False, id="before any restart"),
        pytest.param(seen(killed("a", 599.0)), True, id="too fast for slow growth"),
        pytest.param(seen(killed("a", 600.0)), False, id="after ten minutes"),
        pytest.param(seen(killed("a", 8.0), killed("b", 8.0, name="proxy")), False, id="two containers"),
        pytest.param(seen(killed("a", 8.0), workload=workload(updated=0)), False, id="a rollout moves"),
        pytest.param(seen(killed("a", 8.0), sibling("b"), **ROOM), False, id="a sibling has room"),
        pytest.param(seen(killed("a", 8.0), sibling("b")), False, id="a sibling runs, nobody knows how"),
        pytest.param(seen(killed("a", 8.0), sibling("b"), **NEAR), True, id="a sibling is near it too"),
        pytest.param(seen(killed("a", 8.0), sibling("b", running=500.0), **ROOM), True, id="a young sibling"),
        pytest.param(seen(killed("a", 8.0), sibling("b", ready=False), **ROOM), True, id="it is not ready"),
        pytest.param(seen(killed("a", 8.0, memory_limit=None, memory_request=None)), False, id="no limit"),
    ],
)
def test_a_limit_is_raised_only_where_it_is_shown_to_be_too_small(found: Evidence, asked_for: bool) -> None:
    """What does well under the same limit speaks against it; what grows slowly is no question of the limit."""
    assert told(found)[1] == (["set_memory_limit"] if asked_for else [])


def test_a_leak_shown_by_metrics_is_restarted_once() -> None:
    """One was killed after hours, and its siblings are about to be."""
    found = seen(killed("a", 5 * HOUR, restarts=1), sibling("b"), sibling("c"), usage=memory(0.93, "b", "c"))
    finding, proposals = diagnose(found, TARGET)
    assert finding.directness == 0.95
    assert "a leak" in finding.summary
    assert any("b 93% (119Mi), c 93% (119Mi)" in line for line in finding.facts)
    (proposal,) = proposals
    assert (proposal.call.name, proposal.risk, proposal.leak_proved) == ("restart_deployment", "medium", True)
    assert proposal.call.args["from_digest"] == NEW


def leak(**more: Any) -> Evidence:
    """As above, but for one thing."""
    parts: dict[str, Any] = {
        "killed": killed("a", 5 * HOUR, restarts=1),
        "siblings": (sibling("b"), sibling("c")),
        "usage": memory(0.93, "b", "c"),
    }
    parts.update(more)
    pods = (
        *([parts["killed"]] if isinstance(parts["killed"], PodFacts) else parts["killed"]),
        *parts["siblings"],
    )
    rest = {key: value for key, value in parts.items() if key not in ("killed", "siblings")}
    return seen(*pods, **rest)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(leak(usage=()), id="no metrics"),
        pytest.param(leak(usage=memory(0.93, "b")), id="one sibling was not measured"),
        pytest.param(leak(usage=memory(0.84, "b", "c")), id="siblings are not near"),
        pytest.param(leak(siblings=(sibling("b", running=599.0), sibling("c"))), id="a sibling is young"),
        pytest.param(leak(siblings=(sibling("b", ready=False), sibling("c"))), id="a sibling is not ready"),
        pytest.param(leak(siblings=()), id="all were killed"),
        pytest.param(leak(workload=workload(updated=2)), id="a rollout moves"),
        pytest.param(
            leak(killed=(killed("a", 5 * HOUR), killed("d", 5 * HOUR, name="proxy"))), id="two containers"
        ),
    ],
)
def test_what_only_looks_like_a_leak(found: Evidence) -> None:
    """Explained: a restart would only hide it, or help nobody."""
    assert told(found)[1] == []


def test_what_began_with_a_release_is_gone_back_from() -> None:
    """The one before ran much longer than these lived; a person decides."""
    finding, proposed = told(seen(killed("a", 1500.0), killed("b", 1600.0), age=2 * HOUR, proved=20 * HOUR))
    assert proposed == ["rollback_deployment"]
    assert finding.directness < 0.72
    assert finding.summary.endswith("since this release (revision 2, 2.0 h old).")


def test_a_predecessor_that_lasted_for_days_is_gone_back_to_without_proof() -> None:
    """Kills every half hour would have shown; the proposal says that its health is not proved."""
    finding, (proposal,) = diagnose(seen(killed("a", 1500.0), age=2 * HOUR), TARGET)
    assert finding.summary.endswith("since this release (revision 2, 2.0 h old).")
    assert (proposal.call.name, proposal.health_proof) == ("rollback_deployment", "not_proved")


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(seen(killed("a", 1500.0), age=25 * HOUR, proved=20 * HOUR), id="released a day ago"),
        pytest.param(
            seen(killed("a", 1500.0), age=2 * HOUR, current=20 * HOUR),
            id="health of the one before is not proved, and it did not last a day",
        ),
        pytest.param(
            seen(
                killed("a", 1500.0),
                revisions=(
                    revision(2, name=RS, digest=NEW, age=2 * HOUR),
                    revision(1, age=3 * HOUR, seen_current_seconds=4000.0, seen_healthy_seconds=4000.0),
                ),
            ),
            id="the one before did not run much longer",
        ),
        pytest.param(
            seen(
                pod("a", "rs1", back_off(life=1500.0, **OOM), age=DAY),
                age=2 * HOUR,
                proved=20 * HOUR,
            ),
            id="a pod of the one before is killed too",
        ),
    ],
)
def test_what_did_not_begin_with_the_release(found: Evidence) -> None:
    """Going back would mend nothing."""
    assert told(found)[1] == []


@pytest.mark.parametrize(
    ("containers", "problem"),
    [
        ((back_off(**OOM), back_off(**OOM)), "out_of_memory"),
        ((back_off(**OOM), back_off()), "out_of_memory"),
        ((back_off(), back_off(**OOM), back_off()), "crash_loop"),
        ((back_off(code=137),), "crash_loop"),
        ((restarted(3000.0, **OOM),), "unknown"),
    ],
)
def test_out_of_memory_is_what_most_are_killed_for(
    containers: tuple[ContainerFacts, ...], problem: str
) -> None:
    """By the kernel's word, not by exit code 137; and not for ever."""
    pods = tuple(pod(f"p{i}", RS, c, age=DAY) for i, c in enumerate(containers))
    assert diagnose(seen(*pods), TARGET)[0].problem == problem


def test_a_container_without_a_limit_is_its_nodes_problem() -> None:
    """There is nothing to raise."""
    finding, _ = told(seen(killed("a", 8.0, memory_limit=None, memory_request=None)))
    assert "has no limit, its node ran short" in finding.summary
    assert "a memory request and limit" in finding.next_step


# how it grew, by Prometheus


def grown(name: str, first: float, last: float, **more: Any) -> MemoryGrowth:
    """From one share of the limit to another within four hours; steadily, unless told."""
    return MemoryGrowth(
        **{
            "pod": name,
            "container": "app",
            "points": 20,
            "since": ago(4 * HOUR),
            "at": ago(0),
            "first": first * 128 * MIB,
            "last": last * 128 * MIB,
            "highest": max(first, last) * 128 * MIB,
            "slope": (last - first) * 32 * MIB,
            "steady": last > first,
            **more,
        }
    )


def asked(*growth: MemoryGrowth, status: Any = "found", **more: Any) -> Evidence:
    """A leak by its looks, about which Prometheus was asked."""
    known = (*items(), item("metrics", number=8), item("memory_growth", status, 9))
    return leak(**{"items": known, "growth": growth, **more})


def proof(found: Evidence) -> list[bool]:
    """Of each restart that is proposed whether the leak is proved."""
    return [p.leak_proved for p in diagnose(found, TARGET)[1] if p.call.name == "restart_deployment"]


def test_slow_growth_of_all_siblings_proves_the_leak() -> None:
    """With the numbers among the facts, and the item cited."""
    found = asked(grown("b", 0.6, 0.93), grown("c", 0.5, 0.9))
    finding, _ = told(found)
    assert proof(found) == [True]
    assert "e9" in finding.evidence
    assert any(line.startswith("b/app: 77Mi to 119Mi in 4.0 h") for line in finding.facts)


def test_what_a_leak_holds_may_be_told_by_prometheus_alone() -> None:
    """Where there is no metrics server."""
    held = tuple(
        UsageFacts(
            pod=name, container="app", cores=None, memory=0.93 * 128 * MIB, at=ago(200), source="Prometheus"
        )
        for name in "bc"
    )
    assert proof(asked(grown("b", 0.6, 0.93), grown("c", 0.5, 0.9), usage=held)) == [True]


@pytest.mark.parametrize(
    "growth",
    [
        pytest.param((grown("b", 0.93, 0.93), grown("c", 0.5, 0.9)), id="one has held it all the time"),
        pytest.param((grown("b", 0.6, 0.93), grown("c", 0.5, 0.9, steady=False)), id="one jumped"),
        pytest.param((grown("b", 0.6, 0.93), grown("c", 0.9, 0.94)), id="one has hardly grown"),
    ],
)
def test_growth_that_is_none_rules_a_leak_out(growth: tuple[MemoryGrowth, ...]) -> None:
    """However near the limit they are: explained, with what speaks against it."""
    finding, proposed = told(asked(*growth))
    assert proposed == []
    assert "a leak: Prometheus shows siblings whose memory does not grow slowly" in finding.ruled_out
    assert "a leak" not in finding.summary


@pytest.mark.parametrize(
    ("growth", "status"),
    [
        pytest.param((grown("b", 0.6, 0.93),), "found", id="one is not told of"),
        pytest.param(
            (grown("b", 0.6, 0.93), grown("c", 0.6, 0.93, since=ago(1700))), "found", id="seen for too short"
        ),
        pytest.param((grown("b", 0.6, 0.93), grown("c", 0.5, 0.9, current=False)), "found", id="it is gone"),
        pytest.param((), "no_data", id="nothing is known"),
        pytest.param((), "failed", id="no answer"),
    ],
)
def test_growth_that_nobody_shows_is_for_a_person(growth: tuple[MemoryGrowth, ...], status: str) -> None:
    """Prometheus was asked and does not prove it."""
    assert proof(asked(*growth, status=status)) == [False]


def test_without_a_prometheus_long_lives_stand_for_growth() -> None:
    """It is absent, which blocks nothing, and the facts say so."""
    found = asked(status="absent")
    assert proof(found) == [True]
    assert any("memory_growth" in line for line in told(found)[0].facts)


def since_release(*growth: MemoryGrowth, proved: float = 2 * HOUR, **more: Any) -> Evidence:
    """Revision 2 is two hours old; the one before ran hardly longer than these pods lived."""
    older = revision(1, age=4 * HOUR, seen_current_seconds=proved, seen_healthy_seconds=proved)
    return seen(
        killed("a", 1.5 * HOUR, restarts=1),
        sibling("b", running=1.9 * HOUR),
        revisions=(revision(2, name=RS, digest=NEW, age=2 * HOUR, replicas=2), older),
        growth=growth,
        items=(*items(), item("metrics", number=8), item("memory_growth", number=9)),
        **more,
    )


FLAT = grown("rs1-gone", 0.4, 0.41, current=False, steady=False)
LEAKED = grown("rs1-gone", 0.4, 0.8, current=False)


def test_growth_that_began_with_the_release_is_gone_back_from() -> None:
    """These grow, those before it did not: the release did it, though it is young itself."""
    finding, proposed = told(since_release(grown("b", 0.4, 0.7), FLAT))
    assert proposed == ["rollback_deployment"]
    assert any(line.startswith("rs1-gone/app, gone: 51Mi to 52Mi") for line in finding.facts)


@pytest.mark.parametrize(
    "growth",
    [
        pytest.param((grown("b", 0.4, 0.7), LEAKED), id="those before grew as well"),
        pytest.param((grown("b", 0.4, 0.4), FLAT), id="these do not grow"),
        pytest.param((grown("b", 0.4, 0.7),), id="nobody tells of those before"),
        pytest.param(
            (grown("b", 0.4, 0.7), FLAT.model_copy(update={"pod": "rs9-gone"})), id="of another workload"
        ),
        pytest.param(
            (grown("b", 0.4, 0.7), FLAT.model_copy(update={"container": "proxy"})), id="another container"
        ),
    ],
)
def test_growth_that_the_release_did_not_begin(growth: tuple[MemoryGrowth, ...]) -> None:
    """Going back would bring nothing."""
    assert told(since_release(*growth))[1] == []


def test_an_older_leak_is_not_blamed_on_the_release() -> None:
    """Though the one before was current much longer than these lived."""
    assert told(since_release(grown("b", 0.4, 0.7), proved=20 * HOUR))[1] == ["rollback_deployment"]
    assert told(since_release(grown("b", 0.4, 0.7), LEAKED, proved=20 * HOUR))[1] == []


# the computed limit

CONTAINER = ContainerFacts(name="app", **LIMIT)


@pytest.mark.parametrize(
    ("more", "limit", "bound"),
    [
        pytest.param({}, 192, "half as much again", id="nothing bounds it"),
        pytest.param(
            {"limits": (LimitFacts(name="most", most_memory=160 * MIB),)}, 160, "LimitRange most", id="range"
        ),
        pytest.param(
            {"nodes": (node("n", allocatable_memory=300 * MIB),)}, 144, "half of the node", id="small node"
        ),
        pytest.param(
            {"nodes": (node("n", allocatable_memory=300 * MIB), node("m", allocatable_memory=2048 * MIB))},
            192,
            "half as much again",
            id="the largest node counts",
        ),
        pytest.param(
            {
                "quotas": (
                    QuotaFacts(
                        name="all", hard={"limits.memory": 480 * MIB}, used={"limits.memory": 384 * MIB}
                    ),
                )
            },
            160,
            "ResourceQuota all",
            id="quota, shared by three replicas",
        ),
        pytest.param(
            {
                "quotas": (
                    QuotaFacts(
                        name="all", hard={"requests.memory": 432 * MIB}, used={"requests.memory": 384 * MIB}
                    ),
                )
            },
            144,
            "ResourceQuota all",
            id="requests that go with it",
        ),
        pytest.param(
            {
                "quotas": (
                    QuotaFacts(
                        name="all", hard={"limits.memory": 384 * MIB}, used={"limits.memory": 384 * MIB}
                    ),
                )
            },
            128,
            "ResourceQuota all",
            id="no room",
        ),
        pytest.param(
            {
                "quotas": (
                    QuotaFacts(
                        name="all", hard={"limits.memory": 640 * MIB}, used={"limits.memory": 384 * MIB}
                    ),
                ),
                "workload": workload(surge=1),
                "pods": tuple(sibling(name) for name in "abc"),
            },
            160,
            "ResourceQuota all",
            id="quota, shared by three replicas and the one that the rolling update makes beside them",
        ),
        pytest.param(
            {
                "limits": (LimitFacts(name="pods", most_pod_memory=200 * MIB),),
                "pods": (pod("a", RS, well(**LIMIT), well(name="proxy", memory_limit=40 * MIB)),),
            },
            160,
            "LimitRange pods of a pod",
            id="a LimitRange of whole pods",
        ),
    ],
)
def test_the_limit_is_computed_within_all_bounds(more: dict[str, Any], limit: int, bound: str) -> None:
    """In steps of 8 MiB, with what bounds it; worth saying only if it helps."""
    room = room_for(CONTAINER, evidence(**more))
    assert room is not None
    assert (room.limit, room.enough) == (limit * MIB, limit > 140)
    assert room.bound.startswith(bound)


def test_a_limit_that_cannot_be_raised_says_what_bounds_it() -> None:
    """Then the memory itself is the question."""
    quota = QuotaFacts(name="all", hard={"limits.memory": 128 * MIB}, used={"limits.memory": 128 * MIB})
    finding, _ = told(seen(killed("a", 8.0), quotas=(quota,)))
    assert "cannot be raised: ResourceQuota all bounds it" in finding.next_step


def test_a_request_that_is_lower_keeps_its_share() -> None:
    """So does the quality of service class."""
    finding, _ = told(seen(killed("a", 8.0, memory_request=64 * MIB)))
    assert "--limits=memory=192Mi --requests=memory=96Mi" in finding.next_step
