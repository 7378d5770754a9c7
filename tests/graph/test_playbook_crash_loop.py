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
from tools.records import Evidence, ItemStatus


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
    assert finding.facts[0] == "rs2-0/app: Error (exit code 139), 7 restarts"
    assert "exit code 139: segmentation fault" in finding.facts
    assert finding.next_step == "kubectl logs --previous rs2-0 -c app"
    assert finding.directness < 0.8


def test_a_container_that_completes_is_named() -> None:
    """Exit 0 is no success where nothing is meant to end."""
    finding = explained(released(*pods(1, "rs2", back_off(code=0, reason="Completed"))))
    assert any("completed" in line for line in finding.facts)


def test_where_some_are_killed_for_memory_it_tells_of_the_others() -> None:
    """The class of out of memory is asked before, and takes what most are killed for."""
    killed = back_off(code=137, reason="OOMKilled")
    found = evidence(pods=(*pods(1, "rs2", killed), pod("other", "rs2", back_off(code=127))))
    finding = explained(found)
    assert finding.problem == "crash_loop"
    assert any("command was not found" in line for line in finding.facts)
    assert finding.next_step.startswith("kubectl logs --previous other")


def test_a_dependency_that_came_back_is_told() -> None:
    """It may have to do with it."""
    finding = explained(
        released(*pods(3, "rs2", back_off()), dependencies=(dependency(recovered_at=ago(30)),))
    )
    assert "Service database: the only pod is ready since 11:59:30 UTC" in finding.facts


@pytest.mark.parametrize("status", ["failed", "forbidden"])
@pytest.mark.parametrize("kind", ["revisions", "dependencies"])
def test_what_could_not_be_read_is_not_ruled_out(kind: str, status: ItemStatus) -> None:
    """Nothing was proved, because nothing could be looked at."""
    finding = explained(released(*pods(3, "rs2", back_off()), items=items(**{kind: status})))
    assert not any("bad release" in line for line in finding.ruled_out)


def test_what_was_read_is_ruled_out() -> None:
    """Both classes that would have acted."""
    assert len(explained(released(*pods(3, "rs2", back_off()))).ruled_out) == 2


def test_nothing_crashes() -> None:
    """Ready pods, pods that have not started, and one that has been well again for long."""
    calm = pod("calm", "rs2", restarted(3600.0), ready=True)
    found = evidence(pods=(*ready_pods(2, "rs2"), pod("new", "rs2", waits("ContainerCreating")), calm))
    assert PLAYBOOK.proves(found) is None
