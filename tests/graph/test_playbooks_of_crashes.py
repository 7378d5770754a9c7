"""Crash loops whose cause the API tells: named, with what was ruled out, and nothing proposed."""

from __future__ import annotations

import pytest

from graph.diagnosis import diagnose
from graph.state import Finding
from tests.graph.evidence_builders import (
    DAY,
    TARGET,
    ago,
    among_siblings,
    back_off,
    dependency,
    evidence,
    node_under,
    pod,
    pods,
    ready_pods,
)
from tools.records import ContainerFacts, EventFacts, Evidence


def explained(found: Evidence) -> Finding:
    """The finding, with nothing proposed."""
    finding, candidates = diagnose(found, TARGET)
    assert candidates == []
    return finding


def crashing(*containers: ContainerFacts, **more: object) -> Evidence:
    """Two old pods of the only revision, crashing."""
    return evidence(pods=pods(2, "rs1", *containers, age=DAY), **more)


def event(message: str) -> EventFacts:
    """A warning of the kubelet."""
    return EventFacts(kind="Pod", name="p", type="Warning", reason="Unhealthy", message=message, count=12)


LIVENESS = event("Liveness probe failed: context deadline exceeded")


def test_a_dead_dependency_is_the_incident() -> None:
    """Named first, with the words that the pods come back by themselves."""
    finding = explained(crashing(back_off(), dependencies=(dependency("database", pods=2, ready=0),)))
    assert finding.problem == "dependency_down"
    assert "database" in finding.summary
    assert "Service database: 0 of 2 pods ready" in finding.facts
    assert "by themselves" in finding.next_step


def test_a_dependency_that_is_there_is_not_blamed() -> None:
    """One ready pod is enough to answer."""
    assert explained(crashing(back_off(), dependencies=(dependency("database"),))).problem == "crash_loop"


@pytest.mark.parametrize(("code", "words"), [(127, "was not found"), (126, "cannot be executed")])
def test_a_command_that_is_not_there(code: int, words: str) -> None:
    """Exit codes of the shell and the runtime, at once and from the first run on."""
    finding = explained(crashing(back_off(code=code, life=0.1, restarts=300)))
    assert finding.problem == "wrong_command"
    assert words in finding.summary


def test_a_start_that_the_runtime_refuses_tells_its_words() -> None:
    """`StartError` carries what the runtime said."""
    failed = back_off(
        code=128, reason="StartError", life=0.0, restarts=300, exit_message="exec: no such file"
    )
    assert "exec: no such file" in explained(crashing(failed)).summary


def test_code_127_after_minutes_is_the_programs_own() -> None:
    """A script that ran for a while and then missed something."""
    assert explained(crashing(back_off(code=127, life=90, restarts=300))).problem == "crash_loop"


def test_an_init_container_that_fails_is_told_from_the_program() -> None:
    """The log to read is its own."""
    finding = explained(crashing(back_off(name="migrate", init=True, restarts=300)))
    assert finding.problem == "failing_init_container"
    assert "-c migrate --tail=100" in finding.next_step


def test_an_init_container_that_waits_for_a_dead_database_is_about_the_database() -> None:
    """The class that explains the other comes first."""
    down = (dependency("database", ready=0),)
    found = crashing(back_off(name="wait", init=True, restarts=300), dependencies=down)
    assert explained(found).problem == "dependency_down"


@pytest.mark.parametrize("code", [137, 143])
def test_kills_by_the_liveness_probe_are_told(code: int) -> None:
    """By the signal and the kubelet's event together."""
    finding = explained(crashing(back_off(code=code, life=40, restarts=300), events=(LIVENESS,)))
    assert finding.problem == "liveness_kills"
    assert "its liveness probe fails" in finding.summary
    assert "no answer in time" in finding.summary
    assert "Unhealthy (12 times)" in finding.facts


@pytest.mark.parametrize(
    ("container", "told"),
    [
        (back_off(code=1, life=40, restarts=300), LIVENESS),
        (back_off(code=137, reason="OOMKilled", life=40, restarts=300), LIVENESS),
        (back_off(code=137, life=40, restarts=300), event("Readiness probe failed: HTTP 503")),
    ],
    ids=["an exit of its own", "killed for memory", "only readiness fails"],
)
def test_what_only_looks_like_kills_by_the_probe(container: ContainerFacts, told: EventFacts) -> None:
    """All three have failing probes too."""
    assert diagnose(crashing(container, events=(told,)), TARGET)[0].problem != "liveness_kills"


def one_node(bad: int = 2, well: int = 3, *, sibling_there: bool = False) -> Evidence:
    """Some pods fail on node-1, their siblings run on node-2."""
    failing = pods(bad, "rs2", back_off(restarts=9), age=DAY, node="node-1")
    siblings = [p.model_copy(update={"node": "node-2"}) for p in ready_pods(well, "rs2x")]
    siblings = [p.model_copy(update={"owner_uid": "uid-rs2"}) for p in siblings]
    if sibling_there:
        siblings[0] = siblings[0].model_copy(update={"node": "node-1"})
    return among_siblings(*failing, siblings=siblings)


def test_pods_that_fail_on_one_node_only_point_at_the_node() -> None:
    """Though it calls itself Ready. One of them may start anew elsewhere; a node that is not Ready is left alone."""
    finding, (proposal,) = diagnose(one_node(), TARGET)
    assert finding.problem == "pods_bad_on_one_node"
    assert (proposal.call.name, proposal.call.args["name"]) == ("delete_pod", "rs2-0")
    gone = one_node().model_copy(update={"nodes": (node_under("Unknown"),)})
    assert explained(gone).problem == "pods_bad_on_one_node"
    assert "node node-1" in finding.summary
    assert "kubectl cordon node-1" in finding.next_step


@pytest.mark.parametrize(
    "found",
    [one_node(sibling_there=True), one_node(bad=3, well=2), one_node(bad=1)],
    ids=["one is well there", "most fail", "only one fails"],
)
def test_what_only_looks_like_a_bad_node(found: Evidence) -> None:
    """A healthy pod on that node, a majority that fails, a single odd pod."""
    assert diagnose(found, TARGET)[0].problem != "pods_bad_on_one_node"


def test_pods_that_are_all_newer_may_fail_for_their_age_and_not_for_their_place() -> None:
    """A right that was taken away meanwhile fails whatever is made since, wherever it is."""
    found = one_node()
    newer = tuple(
        p.model_copy(update={"created_at": ago(3600)}) if p.node == "node-1" else p for p in found.pods
    )
    older = tuple(
        p.model_copy(update={"created_at": ago(9 * DAY)}) if p.node == "node-2" else p for p in newer
    )
    problem = diagnose(found.model_copy(update={"pods": older}), TARGET)[0].problem
    assert problem != "pods_bad_on_one_node"


def test_a_second_revision_is_a_release_not_a_node() -> None:
    """Pods of two templates are compared by template first."""
    found = one_node()
    older = pod("old", "rs1", *found.pods[-1].containers, age=DAY, ready=True, node="node-2")
    assert diagnose(found.model_copy(update={"pods": (*found.pods, older)}), TARGET)[0].problem != (
        "pods_bad_on_one_node"
    )
