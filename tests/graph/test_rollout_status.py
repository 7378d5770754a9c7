"""Rollout status of the three kinds, as kubectl computes it (kubernetes.md 5.1)."""

from __future__ import annotations

from typing import Any

import pytest

from graph.rollout_status import rolled_out
from tests.graph.evidence_builders import look, pod_seen, receipt
from tools.records import Observation

STATEFUL = {"kind": "StatefulSet", "update_revision": "web-2", "current_revision": "web-2"}
DAEMON = {"kind": "DaemonSet"}


def stateful(**more: Any) -> Observation:
    return look(30, **{**STATEFUL, **more})


def daemon(**more: Any) -> Observation:
    return look(30, **{**DAEMON, **more})


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({"observed_generation": 4}, id="controller has not seen our write"),
        pytest.param({"ready": 2}, id="not all ready"),
        pytest.param({"updated": 2}, id="not all of the new template"),
        pytest.param({"current_revision": "web-1"}, id="the status still names two revisions"),
        pytest.param({"update_revision": "", "current_revision": ""}, id="the status names none"),
        pytest.param({"desired": 0, "updated": 0, "ready": 0}, id="none wanted"),
    ],
)
def test_a_stateful_set_that_is_not_rolled_out(status: dict[str, Any]) -> None:
    """Each part is needed."""
    assert rolled_out(stateful(), receipt())
    assert not rolled_out(stateful(**status), receipt())


def test_a_stateful_set_is_not_asked_what_it_does_not_count() -> None:
    """kubectl looks at ready and updated replicas only."""
    assert rolled_out(stateful(replicas=4, available=0), receipt())


def test_a_partition_leaves_the_smaller_ordinals_as_they_are() -> None:
    """Complete when the ordinals from the partition on are replaced, though the status names two revisions."""
    parted = {"partition": 2, "current_revision": "web-1"}
    assert rolled_out(stateful(updated=1, **parted), receipt())
    assert not rolled_out(stateful(updated=0, **parted), receipt())
    assert not rolled_out(stateful(updated=1, ready=2, **parted), receipt())


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({"observed_generation": 4}, id="controller has not seen our write"),
        pytest.param({"updated": 2}, id="not on every node"),
        pytest.param({"available": 2}, id="not available on every node"),
        pytest.param({"desired": 0, "updated": 0, "available": 0}, id="no node takes it"),
    ],
)
def test_a_daemon_set_that_is_not_rolled_out(status: dict[str, Any]) -> None:
    """Each part is needed."""
    assert rolled_out(daemon(), receipt())
    assert not rolled_out(daemon(**status), receipt())


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_with_on_delete_the_pods_tell(kind: str) -> None:
    """There is no status: as many ready pods as wanted, whatever the numbers say."""
    numbers = {"updated": 0, "available": 0, "update_revision": "b", "current_revision": "a"}
    unready = (pod_seen("a", ready=False), pod_seen("b"), pod_seen("c"))
    assert rolled_out(look(30, kind=kind, strategy="OnDelete", **numbers), receipt())
    assert not rolled_out(look(30, *unready, kind=kind, strategy="OnDelete", **numbers), receipt())
    behind = {"observed_generation": 4, **numbers}
    assert not rolled_out(look(30, kind=kind, strategy="OnDelete", **behind), receipt())
