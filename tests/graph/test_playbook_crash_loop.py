"""Crash loops whose cause is not proved: explained with what was checked, never acted on."""

from __future__ import annotations

import pytest

from graph.playbooks.crash_loop import PLAYBOOK
from graph.state import Finding
from tests.graph.evidence_builders import (
    TARGET,
    ago,
    back_off,
    dependency,
    evidence,
    items,
    pod,
    pods,
    ready_pods,
    released,
    restarted,
    waits,
)
from tools.records import ContainerFacts, Evidence, EvidenceItem, ItemStatus


def explained(found: Evidence) -> Finding:
    finding = PLAYBOOK.proves(found)
    assert finding is not None
    return finding


def test_never_acts() -> None:
    """The kubelet restarts the container already."""
    found = released(*pods(3, "rs2", back_off()))
    assert PLAYBOOK.candidates(explained(found), found, TARGET) == []


def test_says_what_crashes_how_and_what_to_read() -> None:
    """Pod, container, exit code, restarts, and the command that shows the logs."""
    finding = explained(released(*pods(2, "rs2", back_off(7, code=139))))
    assert finding.problem == "crash_loop"
    assert finding.facts[0] == "rs2-0/app: Error (exit code 139) after 2 s, 7 restarts"
    assert "ends with exit code 139 (segmentation fault) after 2 s" in finding.summary
    assert finding.next_step.startswith("kubectl logs --previous rs2-0 -c app --tail=100")
    assert finding.directness < 0.8


def test_a_container_that_completes_is_named() -> None:
    """Exit 0 is no success where nothing is meant to end."""
    finding = explained(released(*pods(1, "rs2", back_off(code=0, reason="Completed"))))
    assert "it completed" in finding.summary


def test_where_some_are_killed_for_memory_it_tells_of_the_others() -> None:
    """The class of out of memory is asked before, and takes what most are killed for."""
    killed = back_off(code=137, reason="OOMKilled")
    found = evidence(pods=(*pods(1, "rs2", killed), pod("other", "rs2", back_off(code=127))))
    finding = explained(found)
    assert finding.problem == "crash_loop"
    assert "command was not found" in finding.summary
    assert finding.next_step.startswith("kubectl logs --previous other")


def test_a_dependency_that_came_back_is_told() -> None:
    """It may have to do with it."""
    finding = explained(
        released(*pods(3, "rs2", back_off()), dependencies=(dependency(recovered_at=ago(30)),))
    )
    assert "Service database, which it names: the only pod is ready since 11:59:30 UTC" in finding.facts


@pytest.mark.parametrize("status", ["failed", "forbidden"])
@pytest.mark.parametrize("kind", ["revisions", "dependencies"])
def test_what_could_not_be_read_is_not_ruled_out(kind: str, status: ItemStatus) -> None:
    """Nothing was proved, because nothing could be looked at."""
    finding = explained(released(*pods(3, "rs2", back_off()), items=items(**{kind: status})))
    assert not any("bad release" in line for line in finding.ruled_out)


def test_what_it_says_stands_in_the_summary() -> None:
    """Quoted as its own words, which is the best that is known; the pod that says something is the one to look at."""
    log = EvidenceItem(
        id="e1",
        kind="previous_logs",
        status="found",
        query="",
        summary="previous run of app in rs2-1: 2 lines read",
        decides="license expired",
    )
    finding = explained(evidence(pods=pods(2, "rs2", back_off()), items=(log,)))
    assert finding.summary.startswith(
        '2 of 2 pods crash: container app ends with exit code 1 after 2 s; its log: "license expired".'
    )
    assert finding.next_step.startswith("kubectl logs --previous rs2-1 -c app")


@pytest.mark.parametrize(
    ("status", "words"), [("no_data", "its log is empty"), ("forbidden", "its log could not be read")]
)
def test_a_silent_program_is_said_to_be_silent(status: ItemStatus, words: str) -> None:
    """Nobody is sent to a log that is known to be empty without being told."""
    log = EvidenceItem(
        id="e1",
        kind="previous_logs",
        status=status,
        query="",
        summary="previous run of app in rs2-0: it printed nothing",
    )
    finding = explained(evidence(pods=pods(1, "rs2", back_off()), items=(log,)))
    assert f"{words}, so that why is not known" in finding.summary


def test_what_never_began_has_no_log_to_be_read() -> None:
    """The runtime says why, and the template holds the command."""
    failed = back_off(code=127, reason="StartError", exit_message='exec: "/app/strat.sh": no such file')
    finding = explained(evidence(pods=pods(1, "rs2", failed)))
    assert "cannot be started: \"exec: '/app/strat.sh': no such file\"" in finding.summary
    assert "kubectl logs" not in finding.next_step
    assert finding.next_step.startswith("kubectl get ")


def test_a_new_release_is_told_with_what_still_serves() -> None:
    """Its age, and that no older pod is left."""
    assert "Revision 2 is 10 min old" in explained(released(*pods(2, "rs2", back_off()))).summary


def test_nothing_crashes() -> None:
    """Ready pods, pods that have not started, and one that has been well again for long."""
    calm = pod("calm", "rs2", restarted(3600.0), ready=True)
    found = evidence(pods=(*ready_pods(2, "rs2"), pod("new", "rs2", waits("ContainerCreating")), calm))
    assert PLAYBOOK.proves(found) is None


def test_a_container_that_is_not_started_again_is_not_told_to_be() -> None:
    """Of a Job whose pods never restart: it has no previous run, and a sidecar keeps the Job from seeing it."""
    failed = ContainerFacts(name="task", exit_code=1, exit_reason="Error", exit_finished_at=ago(600))
    proxy = ContainerFacts(name="proxy", ready=True, running_since=ago(900))
    said = EvidenceItem(
        id="e9",
        kind="logs",
        status="found",
        query="GET",
        summary="current run of task in run-1: 9 lines read",
        decides="ValueError: no",
    )
    ill = pod("run-1", "", failed, proxy, finishes=True)
    step = explained(evidence(workload=None, pods=(ill,), items=(said,))).next_step
    assert step.startswith("kubectl logs run-1 -c task")
    assert "does not see that it failed while proxy runs" in step
