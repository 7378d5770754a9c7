"""What a registry answered is quoted without what kubelet and runtime wrap around it, and with its end."""

from __future__ import annotations

import pytest

from graph.pull_words import alike, answer, hits, nodes_of, others, unread_secrets
from graph.pulls import Waiting
from tests.graph.evidence_builders import evidence, pod, waits
from tools.records import EventFacts, PullFacts

IMAGE = "registry.example/team/web:1.1"
HEAD = f'failed to pull and unpack image "{IMAGE}": failed to resolve reference "{IMAGE}": '
LONG = f"unexpected status from HEAD request to https://registry.example/v2/{'team/' * 40}web: "


def waiting(said: str) -> Waiting:
    """A pod of which that is said."""
    container = waits("ImagePullBackOff").model_copy(update={"image": IMAGE})
    return Waiting(pod("new", "rs2", container, node="node-1"), container, said)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f'Back-off pulling image "{IMAGE}": ErrImagePull: {HEAD}{IMAGE}: not found', "not found"),
        (
            f'Failed to pull image "{IMAGE}": rpc error: code = NotFound desc = {HEAD}{IMAGE}: not found',
            "not found",
        ),
        (f"{HEAD}dial tcp 10.0.0.9:443: i/o timeout", "dial tcp 10.0.0.9:443: i/o timeout"),
        (f"{HEAD}{LONG}429 Too Many Requests", "429 Too Many Requests"),
        (f'Back-off pulling image "{IMAGE}"', ""),
    ],
)
def test_the_answer_itself_is_left(said: str, told: str) -> None:
    """Of a long one the status, which stands at its end."""
    assert answer(waiting(said)) == told


def test_the_worst_hit_stands_first() -> None:
    """By ready of desired where that was read; the rest by their names, each workload once."""
    pulls = [
        PullFacts(
            namespace="b", pod="half-0", owner_uid="h", image="r/x", workload="half", desired=2, ready=1
        ),
        PullFacts(namespace="a", pod="sync-2nck4pdg5-gx29j", owner_uid="s", image="r/s"),
        PullFacts(namespace="a", pod="sync-2nck4pdg5-wlml2", owner_uid="s", image="r/s"),
        PullFacts(
            namespace="c", pod="down-0", owner_uid="d", image="r/d", workload="down", desired=2, ready=0
        ),
    ]
    assert others(pulls) == [
        "c/down (0 of 2 ready) waits for r/d",
        "b/half (1 of 2 ready) waits for r/x",
        "a/sync (2 pods) waits for r/s",
    ]
    assert alike(pulls) == "; 3 other workloads wait as well, c/down is down (0 of 2 ready)"
    assert [hits(pulls), hits(pulls[:3]), hits([])] == ["now", "soon", ""]


def test_secrets_and_nodes_are_read_off() -> None:
    """Which secret the kubelet could not get, and on which nodes pods wait."""
    event = EventFacts(
        kind="Pod",
        name="new",
        type="Warning",
        reason="FailedToRetrieveImagePullSecret",
        message="Unable to retrieve some image pull secrets (harbor-pull); attempting to pull may not succeed.",
        count=133,
    )
    assert unread_secrets(evidence(events=(event,))) == (("harbor-pull",), 133)
    assert nodes_of([waiting("")], [PullFacts(namespace="a", pod="b", image="c", node="node-2")]) == [
        "node-1",
        "node-2",
    ]
