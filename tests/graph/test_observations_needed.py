"""What a verdict rests on is needed: with any one observation dropped, another verdict comes (kubernetes.md 5.3).

Each case is a series of looks with its verdict. Then the one field is set, in every look, to what it is where nothing
speaks against the write, as if nobody read it; the verdict must change. A new field of an observation needs a case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from graph import verdicts
from graph.policy import PolicySettings
from graph.state import Progress
from tests.graph.evidence_builders import (
    NEW,
    OLD,
    TARGET,
    WELL,
    after,
    before,
    look,
    pod_seen,
    receipt,
)
from tests.graph.hpa_scenarios import scaler
from tools.records import (
    ActionCall,
    ContainerObservation,
    JobObservation,
    Observation,
    PodObservation,
    Receipt,
)

SETTINGS = PolicySettings()
ROLLED_BACK = receipt()
SCALED = receipt(
    call=ActionCall(name="scale_deployment"), template_digest=NEW, before=before(3, *WELL, desired=3)
)
EVICTED = receipt(call=ActionCall(name="delete_pod"), template_digest=NEW, before=before(2))
CORDONED = receipt(
    call=ActionCall(name="cordon_node"),
    before=Observation(at=after(0), uid=TARGET.uid, node_ready=False, schedulable=False),
)
RAISED = receipt(
    call=ActionCall(name="set_hpa_maximum", args={"uid": "uid-hpa", "from_maximum": 3, "maximum": 4}),
    before=before(3, *WELL, desired=3),
)
SUSPENDED = receipt(
    call=ActionCall(name="suspend_cronjob"), before=Observation(at=after(0), uid=TARGET.uid, suspended=False)
)
RESTARTED_AT = "2026-01-05T12:00:00Z"
RESTARTED = receipt(
    call=ActionCall(name="restart_deployment", args={"restarted_at": RESTARTED_AT}),
    before=before(0).model_copy(update={"restarted_at": ""}),
)
GI = 1024.0**3
EXPANDED = receipt(
    call=ActionCall(name="expand_pvc", args={"from_size": "10Gi", "to_size": "12Gi"}),
    before=Observation(at=after(0), uid=TARGET.uid, storage=10 * GI, storage_asked=10 * GI),
)
WITHOUT_VERDICT = {
    "Observation.at": "what all is measured by",
    "Observation.stamp": "tells whether a write was sent, not whether it helped",
    "Observation.paused": "a pause shows as a rollout that does not go on",
    "PodObservation.name": "for people, and the key of since when",
    "PodObservation.cpu_bounds": "what a share is of; compared when the share is computed",
    "ContainerObservation.name": "for people, and a part of the key",
    "PodObservation.containers": "each of its fields has a case",
    "Observation.pods": "each of their fields has a case",
}


@dataclass(frozen=True)
class Case:
    """Looks that lead to a verdict because of one field."""

    looks: Sequence[Observation]
    verdict: str
    neutral: Any
    """What the field is where nothing speaks against the write."""
    written: Receipt = ROLLED_BACK
    instead: str = "RECOVERED"
    """The verdict without the field."""
    in_before: bool = False
    """The field counts in the look before the write."""


def every(start: int, end: int, *pods: PodObservation, **more: Any) -> list[Observation]:
    """Looks alike every 10 s."""
    return [look(at, *pods, **more) for at in range(start, end + 1, 10)]


def beside(*pods: PodObservation) -> tuple[PodObservation, ...]:
    """These pods and well ones, three in all."""
    return (*pods, *WELL[len(pods) :])


def silent_restart(at: int) -> list[Observation]:
    """A restart that nothing but its count tells of."""
    return every(at, at + 200, *beside(pod_seen("a", restart_count=1)))


def used(share: float) -> tuple[PodObservation, ...]:
    """Four pods that are well and use so much of their limit."""
    return tuple(pod_seen(name).model_copy(update={"cpu_share": share}) for name in "abcd")


def renamed(name: str, uid: str) -> PodObservation:
    """A pod that was replaced under its name."""
    return pod_seen(name).model_copy(update={"uid": uid})


def waiting_for_room() -> tuple[PodObservation, ...]:
    """Three busy pods, and a fourth that no node takes."""
    fourth = PodObservation(name="d", uid="uid-d", ready=False, pending=True)
    return (*used(0.9)[:3], fourth)


def node(at: float, **more: Any) -> Observation:
    return Observation(
        **{"at": after(at), "uid": TARGET.uid, "node_ready": True, "schedulable": False, **more}
    )


def cron(at: float, **more: Any) -> Observation:
    return Observation(**{"at": after(at), "uid": TARGET.uid, "suspended": True, **more})


def volume(at: float, **more: Any) -> Observation:
    grown = {"storage": 12 * GI, "storage_asked": 12 * GI}
    return Observation(**{"at": after(at), "uid": TARGET.uid, **grown, **more})


def crashed_after(seconds: float) -> Receipt:
    """A write on containers that had lived so long before they failed."""
    ended = pod_seen("a", ready=False, last_finished_at=after(-30), life_seconds=seconds)
    return receipt(before=before(0, ended))


NOT_READY = tuple(
    PodObservation(name=n, uid=f"uid-{n}", ready=False, containers=pod_seen(n, ready=True).containers)
    for n in "abc"
)
NOT_STARTED = tuple(pod_seen(n, ready=False) for n in "abc")
CRASHING = tuple(pod_seen(n, ready=False, restart_count=3) for n in "abc")
FOUR = {"desired": 4, "template_digest": NEW, "done": True}
ORDINALS = {"kind": "StatefulSet", "update_revision": "r2", "current_revision": "r2"}
CASES = {
    "ContainerObservation.restart_count": Case(
        [*every(30, 70), *silent_restart(80)], verdict="NOT_RECOVERED", neutral=0
    ),
    "ContainerObservation.last_finished_at": Case(
        [*every(30, 70), *every(80, 200, *beside(pod_seen("a", last_finished_at=after(75))))],
        verdict="NOT_RECOVERED",
        neutral=None,
    ),
    "ContainerObservation.waiting_reason": Case(
        every(30, 1200, *beside(pod_seen("a", ready=False, waiting_reason="ImagePullBackOff"))),
        verdict="NOT_RECOVERED",
        neutral="",
        instead="INCONCLUSIVE",
    ),
    "ContainerObservation.ready": Case(
        [
            look(30, *beside(pod_seen("a", ready=False))),
            *every(40, 1200, *beside(pod_seen("a", ready=False, restart_count=2)), available=2),
        ],
        verdict="NOT_RECOVERED",
        neutral=True,
        instead="INCONCLUSIVE",
    ),
    "ContainerObservation.life_seconds": Case(
        every(30, 1200),
        verdict="PROVISIONAL",
        neutral=None,
        written=crashed_after(480),
        in_before=True,
    ),
    "PodObservation.ready": Case(
        every(30, 1200, *NOT_READY, available=3, updated=3), verdict="INCONCLUSIVE", neutral=True
    ),
    "PodObservation.uid": Case(
        [*every(30, 60), look(70, *beside(renamed("a", "x"))), *every(80, 200, *beside(renamed("a", "y")))],
        verdict="NOT_RECOVERED",
        neutral="the same",
    ),
    "PodObservation.pending": Case(
        every(30, 1200, *waiting_for_room(), **FOUR),
        verdict="NOT_RECOVERED",
        neutral=False,
        written=SCALED,
        instead="INCONCLUSIVE",
    ),
    "PodObservation.cpu_share": Case(
        every(30, 1200, *used(0.95), **FOUR),
        verdict="NOT_RECOVERED",
        neutral=0.1,
        written=SCALED,
    ),
    "Observation.error": Case(
        every(30, 1200, error="503: the API server is overloaded"), verdict="INCONCLUSIVE", neutral=""
    ),
    "Observation.uid": Case(every(30, 200, uid="another"), verdict="SUPERSEDED", neutral=TARGET.uid),
    "Observation.restarted_at": Case(
        [*every(30, 60, restarted_at=RESTARTED_AT), *every(70, 200, restarted_at="")],
        verdict="SUPERSEDED",
        neutral=RESTARTED_AT,
        written=RESTARTED,
    ),
    "Observation.template_digest": Case(
        [*every(30, 60), *every(70, 200, template_digest=NEW)], verdict="SUPERSEDED", neutral=OLD
    ),
    "Observation.generation": Case(every(30, 1200, generation=6), verdict="INCONCLUSIVE", neutral=5),
    "Observation.observed_generation": Case(
        every(30, 1200, observed_generation=4), verdict="INCONCLUSIVE", neutral=5
    ),
    "Observation.desired": Case(every(30, 200, desired=0), verdict="INCONCLUSIVE", neutral=3),
    "Observation.replicas": Case(every(30, 1200, replicas=4), verdict="INCONCLUSIVE", neutral=3),
    "Observation.updated": Case(every(30, 1200, updated=2), verdict="INCONCLUSIVE", neutral=3),
    "Observation.available": Case(every(30, 1200, available=2), verdict="INCONCLUSIVE", neutral=3),
    "Observation.available (before the write)": Case(
        [look(30, *NOT_STARTED), *every(40, 200, *CRASHING)],
        verdict="REGRESSED",
        neutral=0,
        written=receipt(before=before(2)),
        instead="NOT_RECOVERED",
        in_before=True,
    ),
    "Observation.min_ready_seconds": Case(
        every(30, 160),
        verdict="",
        neutral=0,
        written=receipt(before=before(0, min_ready_seconds=200)),
        in_before=True,
    ),
    "Observation.deadline_exceeded": Case(
        every(30, 1200, pod_seen("a"), deadline_exceeded=True, updated=1),
        verdict="NOT_RECOVERED",
        neutral=False,
        instead="INCONCLUSIVE",
    ),
    "Observation.warnings": Case(
        [
            *every(30, 60),
            *every(70, 80, warnings=("Unhealthy: probe failed",)),
            *every(90, 210, warnings=("Unhealthy: probe failed", "BackOff: again")),
        ],
        verdict="NOT_RECOVERED",
        neutral=(),
    ),
    "Observation.done": Case(
        every(30, 200, *used(0.5), **{**FOUR, "done": False}),
        verdict="SUPERSEDED",
        neutral=True,
        written=SCALED,
    ),
    "Observation.lingering": Case(
        every(30, 1200, template_digest=NEW, done=True, lingering="a"),
        verdict="INCONCLUSIVE",
        neutral="",
        written=EVICTED,
    ),
    "Observation.kind": Case(
        every(30, 1200, kind="StatefulSet"), verdict="INCONCLUSIVE", neutral="Deployment"
    ),
    "Observation.ready": Case(every(30, 1200, **{**ORDINALS, "ready": 2}), verdict="INCONCLUSIVE", neutral=3),
    "Observation.update_revision": Case(
        every(30, 1200, **{**ORDINALS, "update_revision": "r3"}), verdict="INCONCLUSIVE", neutral="r2"
    ),
    "Observation.current_revision": Case(
        every(30, 1200, **{**ORDINALS, "current_revision": "r1"}), verdict="INCONCLUSIVE", neutral="r2"
    ),
    "Observation.partition": Case(
        every(30, 1200, **{**ORDINALS, "current_revision": "r1", "updated": 2, "partition": 1}),
        verdict="RECOVERED",
        neutral=0,
        instead="INCONCLUSIVE",
    ),
    "Observation.strategy": Case(
        every(30, 1200, strategy="OnDelete", updated=0),
        verdict="RECOVERED",
        neutral="RollingUpdate",
        instead="INCONCLUSIVE",
    ),
    "Observation.node_ready": Case(
        [node(at, node_ready=False) for at in range(30, 200, 10)],
        verdict="NOT_RECOVERED",
        neutral=True,
        written=CORDONED,
    ),
    "Observation.suspended": Case(
        [cron(at, suspended=False) for at in range(30, 200, 10)],
        verdict="SUPERSEDED",
        neutral=True,
        written=SUSPENDED,
    ),
    "Observation.jobs": Case(
        [cron(at, jobs=(JobObservation(name="run", uid="uid-run"),)) for at in range(30, 200, 10)],
        verdict="NOT_RECOVERED",
        neutral=(),
        written=SUSPENDED,
    ),
    "Observation.storage_asked": Case(
        [volume(at, storage_asked=13 * GI) for at in range(30, 200, 10)],
        verdict="SUPERSEDED",
        neutral=12 * GI,
        written=EXPANDED,
    ),
    "Observation.storage": Case(
        [volume(at, storage=10 * GI) for at in range(30, 1200, 10)],
        verdict="INCONCLUSIVE",
        neutral=12 * GI,
        written=EXPANDED,
    ),
    "Observation.resize_waits": Case(
        [volume(at, resize_waits="FileSystemResizePending: start a pod") for at in range(30, 200, 10)],
        verdict="NOT_RECOVERED",
        neutral="",
        written=EXPANDED,
    ),
    "Observation.resize_failed": Case(
        [volume(at, resize_failed="NodeResizeError: no space") for at in range(30, 200, 10)],
        verdict="NOT_RECOVERED",
        neutral="",
        written=EXPANDED,
    ),
    "Observation.pods_left": Case(
        [node(at, pods_left=2) for at in range(30, 1200, 10)],
        verdict="INCONCLUSIVE",
        neutral=0,
        written=CORDONED.model_copy(update={"call": ActionCall(name="drain_node")}),
    ),
    "Observation.autoscaler": Case(
        every(30, 200, autoscaler=scaler(most=4, current=4)),
        verdict="NOT_RECOVERED",
        neutral=scaler(most=4, current=4, wanted=4, limited=""),
        written=RAISED,
    ),
    "Observation.schedulable": Case(
        [node(at, schedulable=True) for at in range(30, 200, 10)],
        verdict="SUPERSEDED",
        neutral=False,
        written=CORDONED,
    ),
}


def concluded(looks: Sequence[Observation], written: Receipt) -> str:
    """The first verdict that the looks lead to, empty while more are wanted."""
    progress = Progress()
    for seen in looks:
        progress = verdicts.fold(progress, seen, written)
        verdict = verdicts.judge(progress, written, SETTINGS, seen.at)
        if verdict:
            return verdict.name
    return ""


def without(seen: Observation, field: str, neutral: Any) -> Observation:
    """The look as if nobody had read that field."""
    owner, _, name = field.partition(" ")[0].partition(".")
    if owner == "Observation":
        return seen.model_copy(update={name: neutral})
    pods = [_pod_without(pod, owner, name, neutral) for pod in seen.pods]
    return seen.model_copy(update={"pods": tuple(pods)})


def _pod_without(pod: PodObservation, owner: str, name: str, neutral: Any) -> PodObservation:
    if owner == "PodObservation":
        return pod.model_copy(update={name: f"uid-{pod.name}" if name == "uid" else neutral})
    containers = tuple(each.model_copy(update={name: neutral}) for each in pod.containers)
    return pod.model_copy(update={"containers": containers})


@pytest.mark.parametrize("field", CASES)
def test_the_observation_leads_to_its_verdict(field: str) -> None:
    """What the other test takes away was there."""
    case = CASES[field]
    assert concluded(case.looks, case.written) == case.verdict


@pytest.mark.parametrize("field", CASES)
def test_without_the_observation_the_verdict_is_another(field: str) -> None:
    """Whoever stopped reading it would be caught here, and by no verdict that merely stays the same."""
    case = CASES[field]
    looks, written = case.looks, case.written
    if case.in_before:
        assert written.before is not None
        written = written.model_copy(update={"before": without(written.before, field, case.neutral)})
    else:
        looks = [without(seen, field, case.neutral) for seen in looks]
    assert case.instead != case.verdict
    assert concluded(looks, written) == case.instead


@pytest.mark.parametrize("kind", [Observation, PodObservation, ContainerObservation])
def test_no_observation_is_without_a_case(kind: type[Observation]) -> None:
    """A field that is added to what is observed is needed by a verdict, or says here why not."""
    fields = {f"{kind.__name__}.{name}" for name in kind.model_fields}
    assert fields - {name.partition(" ")[0] for name in CASES} - WITHOUT_VERDICT.keys() == set()
