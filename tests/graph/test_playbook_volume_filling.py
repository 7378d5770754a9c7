"""A volume that fills is asked to grow where that helps; inodes, fixed classes, a growth on its way are explained."""

from __future__ import annotations

from typing import Any

import pytest

from graph.diagnosis import diagnose
from tests.graph.evidence_builders import evidence, item
from tools.records import Evidence, Target, VolumeFacts

GI = 1024.0**3
CLAIM = Target(kind="PersistentVolumeClaim", namespace="shop", name="data", uid="uid-data")
ITEMS = tuple(
    item(kind, number=n) for n, kind in enumerate(("workload", "storage_class", "volume_use", "events"), 1)
)


def seen(used: float | None = 9.1, before: float | None = 8.0, **more: Any) -> Evidence:
    """A claim of 10 Gi, of which so many Gi are used and were six hours before."""
    told: dict[str, Any] = {
        "name": "data",
        "uid": "uid-data",
        "phase": "Bound",
        "asked_text": "10Gi",
        "asked": 10 * GI,
        "capacity": 10 * GI,
        "size": 10 * GI,
        "used": None if used is None else used * GI,
        "used_before": None if before is None else before * GI,
        "inodes_share": 0.1,
        "storage_class": "fast",
        "expandable": True,
    }
    return evidence(volume=VolumeFacts(**{**told, **more}), workload=None, items=ITEMS)


def proposed(found: Evidence) -> tuple[str, list[str]]:
    """Problem class and what is proposed."""
    finding, proposals = diagnose(found, CLAIM)
    return finding.problem, [proposal.call.name for proposal in proposals]


def test_a_volume_that_fills_is_asked_to_grow_by_a_fifth() -> None:
    """High risk, from what it asks for to what it would; told with what is used and was."""
    finding, (proposal,) = diagnose(seen(), CLAIM)
    assert (finding.problem, finding.directness) == ("volume_filling", 1.0)
    assert "91% full" in finding.summary
    assert "9.1 of 10.0 Gi used, 8.0 Gi six hours before; it asks for 10Gi and has 10.0 Gi" in finding.facts
    assert "inodes: enough are free" in finding.ruled_out
    assert (proposal.risk, proposal.target) == ("high", CLAIM)
    named = {"namespace": "shop", "name": "data", "uid": "uid-data"}
    assert proposal.call.args == {**named, "from_size": "10Gi", "to_size": "12Gi"}


@pytest.mark.parametrize(
    ("used", "before", "grows"),
    [
        (9.8, 9.8, True),
        (9.8, None, True),
        (9.1, 9.1, False),
        (9.1, 9.4, False),
        (9.1, None, False),
        (8.4, 2.0, False),
        (None, None, False),
    ],
)
def test_only_what_is_full_or_still_fills_needs_room(
    used: float | None, before: float | None, grows: bool
) -> None:
    """Nearly full for long, or less than before: nothing. What nobody tells proves nothing."""
    expected = ("volume_filling", ["expand_pvc"]) if grows else ("unknown", [])
    assert proposed(seen(used, before)) == expected


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"expandable": False}, "its StorageClass does not let it grow"),
        ({"expandable": None}, "could not be read"),
        ({"resize_waits": "FileSystemResizePending: start a pod"}, "being resized already"),
        ({"capacity": 8 * GI}, "it has less than it asks for"),
        ({"capacity": None}, "it has less than it asks for"),
        ({"resize_failed": "NodeResizeError: no"}, "it was to grow, and that failed: NodeResizeError: no"),
        ({"inodes_share": 0.99}, "out of inodes"),
    ],
)
def test_what_would_not_help_is_explained(more: dict[str, Any], why: str) -> None:
    """With the reason, and nothing to approve."""
    finding, proposals = diagnose(seen(**more), CLAIM)
    assert (finding.problem, proposals) == ("volume_filling", [])
    assert why in finding.summary


def test_inodes_that_run_out_are_told_though_bytes_are_free() -> None:
    """The look-alike of a full volume."""
    finding, proposals = diagnose(seen(2.0, 2.0, inodes_share=0.98), CLAIM)
    assert (finding.problem, proposals) == ("volume_filling", [])
    assert "df -i" in finding.next_step


def test_a_claim_without_a_volume_is_another_problem() -> None:
    """Nothing can be full."""
    assert proposed(seen(phase="Pending")) == ("unknown", [])
