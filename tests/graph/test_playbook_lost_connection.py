"""Pods that have not reconnected to what is back: a restart is asked for; and everything that only looks like it."""

from __future__ import annotations

from typing import Any

import pytest

from graph.confidence import parts, total
from graph.playbooks.lost_connection import PLAYBOOK
from tests.graph.evidence_builders import (
    DAY,
    NEW,
    TARGET,
    ago,
    among_siblings,
    back_off,
    dependency,
    items,
    pod,
    ready_pod,
    restarted,
    well,
)
from tools.records import Evidence, PodFacts


def waiting(name: str, *, broke: float = 1200.0, **more: Any) -> PodFacts:
    """A day old, not ready for twenty minutes, and it runs on."""
    container = more.pop("container", well(DAY)).model_copy(update={"ready": False})
    return pod(name, "rs2", container, **{"age": DAY, "ready_changed": broke, **more})


def outage(*pods: PodFacts, back: float = 600.0, **more: Any) -> Evidence:
    """The database came back ten minutes ago."""
    found = pods or (waiting("a"), waiting("b"))
    return among_siblings(*found, **{"dependencies": (dependency(recovered_at=ago(back)),), **more})


def test_a_restart_is_asked_for() -> None:
    """Proved, and never sure enough to act alone."""
    found = outage()
    finding = PLAYBOOK.proves(found)
    assert finding is not None
    assert finding.summary == (
        "2 pods are not ready since database was down; it has been back for 10 min, they have not reconnected."
    )
    assert total(parts(finding, found, TARGET, "restart_deployment", ()), 0.8) < 0.8
    (proposal,) = PLAYBOOK.candidates(finding, found, TARGET)
    assert (proposal.call.name, proposal.problem, proposal.workload_digest) == (
        "restart_deployment",
        "lost_connection",
        NEW,
    )


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(outage(back=299.0), id="it is back for shorter than it takes to reconnect"),
        pytest.param(outage(waiting("a"), waiting("b", broke=500.0)), id="one broke after it was back"),
        pytest.param(outage(waiting("a"), ready_pod("b", "rs2")), id="one is ready"),
        pytest.param(outage(waiting("a"), waiting("b", container=back_off())), id="one crashes"),
        pytest.param(
            outage(waiting("a"), waiting("b", container=restarted(400.0, life=2.0))), id="one crashed lately"
        ),
        pytest.param(
            outage(waiting("a"), waiting("b", container=well(500.0))), id="one has started since it is back"
        ),
        pytest.param(outage(waiting("a", age=1700.0)), id="it had never been ready for long"),
        pytest.param(outage(dependencies=(dependency(),)), id="it was never down"),
        pytest.param(outage(dependencies=(dependency(ready=0),)), id="it is down"),
        pytest.param(
            outage(dependencies=(dependency(recovered_at=ago(600)), dependency("queue", ready=0))),
            id="another one is down",
        ),
        pytest.param(outage(items=items(dependencies="forbidden")), id="services could not be read"),
        pytest.param(
            outage(waiting("a"), pod("old", "rs1", well(DAY), age=DAY)), id="a pod of another revision"
        ),
    ],
)
def test_what_only_looks_like_it(found: Evidence) -> None:
    """A restart would bring nothing, or nobody knows."""
    assert PLAYBOOK.proves(found) is None
