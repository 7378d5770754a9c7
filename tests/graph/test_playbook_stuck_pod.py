"""One stuck pod among healthy siblings, and everything that only looks like it."""

from __future__ import annotations

from typing import Any

import pytest

from graph.playbooks.stuck_pod import candidates, proves
from graph.state import Finding
from tests.graph.evidence_builders import (
    DAY,
    NEW,
    TARGET,
    ago,
    among_siblings,
    back_off,
    node_under,
    pod,
    ready_pod,
    ready_pods,
    restarted,
    waits,
    well,
    workload,
)
from tools.records import Evidence, PodFacts

HOUR = 3600.0
TWO = ready_pods(2, "rs2")


def stuck(name: str = "stuck", **more: Any) -> PodFacts:
    """A day old, and not ready for an hour while its container goes on running."""
    container = more.pop("container", well(DAY))
    unready = container.model_copy(update={"ready": False})
    return pod(name, "rs2", unready, **{"age": DAY, "ready_changed": HOUR, "node": "node-1", **more})


def among(*unwell: PodFacts, siblings: tuple[PodFacts, ...] = TWO, **more: Any) -> Evidence:
    """Beside siblings that are well."""
    return among_siblings(*unwell, siblings=siblings, **more)


def proved(found: Evidence) -> Finding:
    """The finding, which must be there."""
    finding = proves(found)
    assert finding is not None
    return finding


def test_one_stuck_pod_is_evicted() -> None:
    """Bound to its uid, with the Deployment that makes another one; sure enough to act."""
    found = among(stuck())
    finding = proved(found)
    assert (finding.problem, finding.directness) == ("stuck_pod", 1.0)
    assert "stuck runs and is not ready" in finding.summary
    assert "e8" in finding.evidence
    (proposal,) = candidates(finding, found, TARGET)
    assert (proposal.call.name, proposal.risk, proposal.target) == ("delete_pod", "medium", TARGET)
    assert proposal.call.args == {
        "namespace": "shop",
        "name": "stuck",
        "uid": "uid-stuck",
        "workload": "web",
        "workload_uid": "uid-web",
    }
    assert proposal.workload_digest == NEW


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(among(stuck("a"), stuck("b"), siblings=ready_pods(3, "rs2")), id="two are stuck"),
        pytest.param(among(stuck(), siblings=()), id="it is the only one"),
        pytest.param(among(stuck(age=299.0)), id="it is young"),
        pytest.param(among(stuck(ready_changed=299.0)), id="not ready for shorter"),
        pytest.param(among(stuck(ready_changed=None)), id="nobody knows since when"),
        pytest.param(among(stuck(container=back_off())), id="it crashes"),
        pytest.param(among(stuck(container=restarted(400.0, life=2.0))), id="it crashed minutes ago"),
        pytest.param(among(stuck(container=well(200.0))), id="its container started again just now"),
        pytest.param(among(stuck(container=waits("ImagePullBackOff"))), id="it waits for its image"),
        pytest.param(among(stuck(phase="Pending")), id="it is pending"),
        pytest.param(among(stuck(deleting=True)), id="it is on its way out"),
        pytest.param(
            among(stuck(), siblings=(ready_pod("a", "rs2"), pod("b", "rs2", restarted(60.0), ready=True))),
            id="a sibling crashed",
        ),
        pytest.param(
            among(stuck(), siblings=ready_pods(2, "rs1")), id="its siblings are of another revision"
        ),
        pytest.param(among(stuck(), workload=workload(updated=2)), id="a rollout moves"),
        pytest.param(among(stuck(), workload=workload(replicas=4)), id="an old pod is still there"),
        pytest.param(among(stuck(), workload=workload(observed_generation=1)), id="status is old"),
        pytest.param(among(stuck(), workload=None), id="no Deployment"),
        pytest.param(among(), id="all are ready"),
    ],
)
def test_what_only_looks_like_it(found: Evidence) -> None:
    """No single stuck pod: another class, or nobody knows."""
    assert proves(found) is None


def test_a_pod_on_a_node_that_is_ill_is_explained() -> None:
    """It would only hang there, being deleted."""
    found = among(stuck(), nodes=(node_under("Unknown"),))
    finding = proved(found)
    assert candidates(finding, found, TARGET) == []
    assert "look at the node first" in finding.next_step
    assert any("not Ready: Kubelet stopped" in line for line in finding.facts)


def test_a_node_that_was_not_read_makes_it_less_sure() -> None:
    """A person decides then."""
    found = among(stuck(), nodes=())
    assert proved(found).directness < 0.72
    assert len(candidates(proved(found), found, TARGET)) == 1


def test_a_pod_that_was_never_ready_makes_it_less_sure() -> None:
    """It may be meant to stand by."""
    assert proved(among(stuck(ready_changed=DAY - 30))).directness < 0.72
    assert proved(among(stuck(ready_changed=DAY - 300))).directness == 1.0


def test_of_two_pods_one_is_enough_to_compare_with() -> None:
    """Half of them stay ready; policy counts."""
    found = among(stuck(), siblings=ready_pods(1, "rs2"))
    assert len(candidates(proved(found), found, TARGET)) == 1


def test_the_border_of_five_minutes_counts() -> None:
    """Exactly as old and as long not ready."""
    border = stuck(age=400.0, ready_changed=300.0, container=well(300.0))
    assert proves(among(border)) is not None
    assert ago(300.0) == border.ready_changed_at


@pytest.mark.parametrize(
    ("became", "evicted"), [(HOUR + 15, False), (HOUR - 15, False), (HOUR * 3, True), (DAY, True)]
)
def test_one_that_may_have_handed_over_is_left_to_stand_by(became: float, evicted: bool) -> None:
    """A sibling that was there for long became ready just as it ceased to be: only a leader is ready, perhaps."""
    heir = ready_pod("heir", "rs2").model_copy(update={"ready_changed_at": ago(became)})
    found = among(stuck(), siblings=(heir,))
    finding = proved(found)
    assert bool(candidates(finding, found, TARGET)) is evicted
    assert any("handed over" in fact for fact in finding.facts) is not evicted


def test_where_several_siblings_are_ready_nobody_has_handed_over() -> None:
    """Only one is ready where readiness means to lead: siblings that came back from the same trouble are no heirs."""
    back = ready_pod("back", "rs2").model_copy(update={"ready_changed_at": ago(HOUR - 15)})
    found = among(stuck(), siblings=(back, ready_pod("other", "rs2")))
    assert len(candidates(proved(found), found, TARGET)) == 1
