"""One pod that crashes among healthy siblings, and everything that only looks like it."""

from __future__ import annotations

from typing import Any

import pytest

from graph.playbooks.bad_pod import candidates, proves
from graph.state import Finding
from tests.graph.evidence_builders import (
    DAY,
    TARGET,
    among_siblings,
    back_off,
    dependency,
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


def crashing(name: str = "bad", **more: Any) -> PodFacts:
    """A day old; its container has been restarted five times and is held back."""
    container = more.pop("container", back_off(5))
    return pod(name, "rs2", container, **{"age": DAY, "ready_changed": HOUR, "node": "node-1", **more})


def among(*unwell: PodFacts, siblings: tuple[PodFacts, ...] = TWO, **more: Any) -> Evidence:
    """Beside siblings that are well."""
    return among_siblings(*unwell, siblings=siblings, **more)


def proved(found: Evidence) -> Finding:
    """The finding, which must be there."""
    finding = proves(found)
    assert finding is not None
    return finding


def test_the_one_that_crashes_is_evicted() -> None:
    """Bound to its uid; sure enough to act."""
    found = among(crashing())
    finding = proved(found)
    assert (finding.problem, finding.directness) == ("bad_pod", 0.8)
    assert finding.summary.startswith(
        "One pod of 3 crashes: container app of bad ends with exit code 1 after 2 s; its siblings"
    )
    (proposal,) = candidates(finding, found, TARGET)
    assert (proposal.call.name, proposal.problem) == ("delete_pod", "bad_pod")
    assert proposal.call.args == {
        "namespace": "shop",
        "name": "bad",
        "uid": "uid-bad",
        "workload": "web",
        "workload_uid": "uid-web",
    }


def test_it_is_less_sure_where_its_node_was_not_read() -> None:
    """Then a person decides."""
    assert proved(among(crashing(), nodes=())).directness == 0.7


def test_the_youngest_that_was_never_well_is_no_odd_one() -> None:
    """What it meets any new pod may meet: a right that was taken away, a limit of connections."""
    newcomer = crashing(age=HOUR, ready_changed=HOUR, container=back_off(14))
    assert proves(among(newcomer)) is None
    lived = crashing(age=HOUR, container=back_off(3, life=700.0))
    assert proves(among(lived)) is not None, "it was well before it crashed"


def test_nothing_is_evicted_from_an_ill_node() -> None:
    """It would only hang."""
    found = among(crashing(), nodes=(node_under("Unknown"),))
    assert candidates(proved(found), found, TARGET) == []


def _image(pod_facts: PodFacts, image_id: str) -> PodFacts:
    (container,) = pod_facts.containers
    return pod_facts.model_copy(update={"containers": (container.model_copy(update={"image_id": image_id}),)})


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(among(crashing("a"), crashing("b"), siblings=ready_pods(3, "rs2")), id="two crash"),
        pytest.param(among(crashing(), siblings=ready_pods(1, "rs2")), id="one sibling alone"),
        pytest.param(among(crashing(container=back_off(2))), id="two restarts may be over"),
        pytest.param(among(crashing(age=299.0)), id="it is young"),
        pytest.param(among(crashing(ready=True)), id="it is ready between two crashes"),
        pytest.param(among(crashing(container=back_off(5, code=127))), id="it cannot be executed"),
        pytest.param(among(crashing(container=back_off(5, code=137, reason="OOMKilled"))), id="memory"),
        pytest.param(among(crashing(container=waits("ImagePullBackOff"))), id="it waits for its image"),
        pytest.param(
            among(crashing(), siblings=(TWO[0], ready_pod("young", "rs2", age=300.0))),
            id="a sibling is young",
        ),
        pytest.param(
            among(crashing(), siblings=(TWO[0], pod("b", "rs2", restarted(60.0), ready=True))),
            id="a sibling crashed",
        ),
        pytest.param(among(crashing(), siblings=ready_pods(2, "rs1")), id="siblings of another revision"),
        pytest.param(
            among(crashing(), dependencies=(dependency(ready=0),)), id="what it needs is down for all of them"
        ),
        pytest.param(
            among(
                _image(crashing(), "sha256:new"),
                siblings=tuple(_image(each, "sha256:old") for each in TWO),
            ),
            id="a tag was moved: it runs another image",
        ),
        pytest.param(
            among(crashing(), workload=workload(desired=4, replicas=4, updated=3)), id="a rollout moves"
        ),
    ],
)
def test_what_only_looks_like_it(found: Evidence) -> None:
    """Another pod in its place would be no better, or nobody knows."""
    assert proves(found) is None


def test_the_same_image_everywhere_is_no_obstacle() -> None:
    """As the runtime tells it."""
    same = among(_image(crashing(), "sha256:a"), siblings=tuple(_image(each, "sha256:a") for each in TWO))
    assert proved(same).problem == "bad_pod"


def test_a_healthy_workload_has_no_bad_pod() -> None:
    """Nothing fails."""
    assert proves(among(siblings=(*TWO, ready_pod("c", "rs2")))) is None
    assert proves(among(pod("w", "rs2", well(DAY), ready=False, age=DAY))) is None


@pytest.mark.parametrize(
    ("kind", "claims", "directness"),
    [
        ("Deployment", (), 0.8),
        ("Deployment", ("shared",), 0.8),
        ("StatefulSet", (), 0.7),
        ("StatefulSet", ("data-web-1",), None),
        ("DaemonSet", (), None),
    ],
)
def test_what_the_next_pod_would_share_with_this_one(
    kind: str, claims: tuple[str, ...], directness: float | None
) -> None:
    """A StatefulSet's has its claims, a DaemonSet's its node: what sets the pod apart would still be there."""
    bad = crashing().model_copy(update={"claims": claims})
    found = among(bad, workload=workload(kind=kind, ready=2, available=2))
    finding = proves(found)
    assert (finding.directness if finding else None) == directness
