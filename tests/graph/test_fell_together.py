"""What fell ill in the same minutes as others is not blamed on its own release."""

from __future__ import annotations

from typing import Any

import pytest

from graph.fell_together import fell_at, for_want_of, with_others
from graph.playbooks.bad_release import PLAYBOOK
from tests.graph.evidence_builders import ago, back_off, pods, released, workload
from tools.records import Evidence, EvidenceItem, NeighbourFacts, PodFacts

CAME_UP: dict[str, Any] = {"age": 2000.0, "ready_changed": 900.0}
"""Made 33 minutes ago, and not ready any more since 15."""


def fallen(**more: Any) -> tuple[PodFacts, ...]:
    """Three pods of a release that crash since the same moment."""
    return pods(3, "rs2", back_off(restarts=8, life=18.0), **{**CAME_UP, **more})


def beside(since: float | None) -> tuple[NeighbourFacts, ...]:
    """Another workload that has lacked pods for so many seconds."""
    moment = None if since is None else ago(since)
    return (NeighbourFacts(kind="Deployment", name="events", desired=2, available=0, since=moment),)


def after_release(since: float | None, *failing: PodFacts, **more: Any) -> Evidence:
    """A release of 33 minutes ago, rolled out completely, beside that workload."""
    return released(*(failing or fallen()), age=2000.0, neighbours=beside(since), **more)


def test_a_release_that_came_up_and_fell_with_others_is_not_blamed() -> None:
    """In the same two minutes, from outside of both."""
    assert PLAYBOOK.proves(after_release(900.0)) is None
    assert PLAYBOOK.proves(after_release(960.0)) is None


@pytest.mark.parametrize(
    "found",
    [
        after_release(3000.0),
        after_release(None),
        released(*fallen(), age=2000.0),
        after_release(900.0, *fallen(ready_changed=2000.0)),
        after_release(900.0, workload=workload(progressing_reason="ReplicaSetUpdated")),
    ],
    ids=["ill before", "not known since when", "alone", "from its start", "still rolling out"],
)
def test_a_release_is_blamed_where_that_is_not_so(found: Evidence) -> None:
    """A neighbour that happens to be ill excuses nobody."""
    finding = PLAYBOOK.proves(found)
    assert finding is not None
    assert finding.problem == "bad_release"


def test_pods_made_since_are_excused_by_what_their_deployment_lost() -> None:
    """Somebody has deleted those that fell: the ones of now were never ready, and that says nothing of the release."""
    lost = workload(progressing_reason="NewReplicaSetAvailable", unavailable_since=ago(900.0))
    anew = fallen(age=500.0, ready_changed=500.0)
    assert PLAYBOOK.proves(after_release(900.0, *anew, workload=lost)) is None
    never_up = lost.model_copy(update={"unavailable_since": ago(1990.0)})
    assert PLAYBOOK.proves(after_release(1990.0, *anew, workload=never_up)) is not None
    before = fallen(age=1200.0, ready_changed=1200.0)
    assert PLAYBOOK.proves(after_release(900.0, *before, workload=lost)) is not None
    well = lost.model_copy(update={"unavailable_since": None})
    assert PLAYBOOK.proves(after_release(900.0, *anew, workload=well)) is not None


def test_a_release_that_is_ready_for_seconds_between_crashes_has_not_come_up() -> None:
    """Without a probe it is ready as long as it lives, and a client that flaps like it falls in the same minutes."""
    assert PLAYBOOK.proves(after_release(60.0, *fallen(ready_changed=60.0))) is not None


def test_the_moment_is_known_only_where_all_fell_together() -> None:
    """Pods that fell one after the other, or were never up, have none."""
    assert fell_at(fallen()) == ago(900.0)
    assert fell_at([*fallen(), *fallen(ready_changed=1200.0)]) is None
    assert fell_at(fallen(ready_changed=1990.0)) is None
    assert fell_at(fallen(ready_changed=None)) is None
    assert fell_at([]) is None
    assert with_others(fallen(), after_release(900.0)) == list(beside(900.0))


def naming(host: str, log: str) -> Evidence:
    """A release that crashes from its start, beside one that is ill and names this host too."""
    item = EvidenceItem(id="e9", kind="previous_logs", status="found", query="", summary="", excerpt=log)
    found = released(*pods(2, "rs2", back_off()), age=900.0)
    other = beside(600.0)[0].model_copy(update={"shares": (f"host {host}", "Secret db")})
    return found.model_copy(update={"neighbours": (other,), "items": (*found.items, item)})


def test_a_host_that_its_log_and_ill_neighbours_name_excuses_a_release() -> None:
    """Both together: what is not reached is likelier than what was changed."""
    found = naming("db.internal", "WARN lookup db.internal on 10.96.0.10:53: i/o timeout")
    assert for_want_of(found) == "db.internal"
    assert PLAYBOOK.proves(found) is None


@pytest.mark.parametrize("log", ["", "panic: month out of range", "lookup cache.internal: no such host"])
def test_a_host_that_is_only_shared_excuses_nothing(log: str) -> None:
    """Half of a namespace names the same database."""
    found = naming("db.internal", log)
    assert for_want_of(found) == ""
    assert PLAYBOOK.proves(found) is not None
