"""What holds up StatefulSets and DaemonSets, and releases that hang before their containers start."""

from __future__ import annotations

from typing import Any

import pytest

from graph.diagnosis import diagnose
from tests.graph.evidence_builders import (
    DAY,
    NEW,
    OLD,
    TARGET,
    ago,
    back_off,
    dependency,
    evidence,
    node_under,
    pod,
    ready_pod,
    ready_pods,
    released,
    revision,
    waits,
    well,
    workload,
)
from tools.records import ContainerFacts, EventFacts, Evidence, PodFacts, RolloutPlan

UNREADY = well(DAY).model_copy(update={"ready": False})
MEMBERS = TARGET.model_copy(update={"kind": "StatefulSet"})


def member(number: int, name: str, *containers: ContainerFacts, **more: Any) -> PodFacts:
    """A pod of a StatefulSet, of that revision."""
    if not containers:
        return ready_pod(f"web-{number}", name).model_copy(update={"revision_mark": name})
    return pod(f"web-{number}", name, *containers, revision_mark=name, **more)


def stateful(*members: PodFacts, kind: str = "StatefulSet", **more: Any) -> Evidence:
    """Of three: revision 3 is the template, revision 2 another one."""
    ready = sum(p.ready for p in members)
    updated = sum(p.owner_uid == "uid-rs3" for p in members)
    spec: dict[str, Any] = {"kind": kind, "ordered": kind == "StatefulSet", "progressing_reason": "", **more}
    counts = {"replicas": len(members), "ready": ready, "available": ready, "updated": updated}
    return evidence(
        pods=members,
        workload=workload(**counts, **spec),
        revisions=(revision(3, digest=NEW), revision(2, digest=OLD)),
        nodes=(node_under(),),
    )


LEFT = member(2, "rs2", back_off(), age=2000.0)


@pytest.mark.parametrize("left", [LEFT, member(2, "rs2", waits("ImagePullBackOff"), age=2000.0)])
def test_a_pod_of_a_revision_that_was_left_is_evicted(left: PodFacts) -> None:
    """By uid and by the revision that it is of; a person is asked."""
    finding, (proposal,) = diagnose(stateful(member(0, "rs3"), member(1, "rs3"), left), MEMBERS)
    assert finding.problem == "left_behind"
    assert finding.directness < 0.8
    assert proposal.call.name == "delete_pod"
    assert (proposal.call.args["uid"], proposal.call.args["left_revision"]) == (left.uid, "rs2")


@pytest.mark.parametrize(
    "found",
    [
        stateful(member(0, "rs3"), member(1, "rs3"), member(2, "rs3", back_off(), age=2000.0)),
        stateful(member(0, "rs3"), member(1, "rs2", back_off(), age=2000.0), LEFT),
        stateful(member(0, "rs3"), member(1, "rs3"), LEFT, strategy="OnDelete"),
        stateful(member(0, "rs3"), member(1, "rs3"), LEFT, rollout=RolloutPlan(partition=3)),
        stateful(member(0, "rs3"), member(1, "rs3"), LEFT, ordered=False),
        stateful(member(0, "rs3"), member(1, "rs3"), LEFT, observed_generation=1),
        stateful(member(0, "rs3"), member(1, "rs3"), member(2, "rs2", back_off(), age=200.0)),
        stateful(
            member(0, "rs3"), member(1, "rs3"), member(2, "rs2", back_off(), age=DAY, ready_changed=900)
        ),
        stateful(LEFT),
    ],
    ids=[
        "present revision",
        "two",
        "OnDelete",
        "partition",
        "parallel",
        "not observed",
        "young",
        "was ready",
        "alone",
    ],
)
def test_any_other_broken_member_is_left_to_other_classes(found: Evidence) -> None:
    """What is of the present revision comes back as it is; what was ready may hold what others lack."""
    finding, candidates = diagnose(found, MEMBERS)
    assert finding.problem != "left_behind"
    assert not any(c.call.args.get("left_revision") for c in candidates)


def problem(found: Evidence) -> tuple[str, str]:
    finding, candidates = diagnose(found, MEMBERS)
    assert candidates == []
    return finding.problem, finding.summary


def test_ordinal_zero_keeps_the_others_from_being_made() -> None:
    """It waits, perhaps for them."""
    name, words = problem(stateful(member(0, "rs3", UNREADY, age=DAY)))
    assert name == "statefulset_rollout_stuck"
    assert words.startswith("web-0 is not ready")
    assert "2 more are not made" in words


@pytest.mark.parametrize(
    ("more", "words"),
    [({"strategy": "OnDelete"}, "OnDelete"), ({"rollout": RolloutPlan(partition=2)}, "A partition of 2")],
)
def test_what_its_spec_keeps_is_told_as_meant(more: dict[str, Any], words: str) -> None:
    """All are ready, some of the older revision."""
    name, summary = problem(stateful(member(0, "rs2"), member(1, "rs2"), member(2, "rs3"), **more))
    assert name == "statefulset_rollout_stuck"
    assert words in summary


def test_all_of_the_newest_revision_are_no_stuck_rollout() -> None:
    """Nothing is kept."""
    assert problem(stateful(*(member(i, "rs3") for i in range(3))))[0] == "recovered_by_itself"


def test_a_daemonset_waits_for_a_node_that_is_away() -> None:
    """Its pod there counts as unavailable, and the rollout stops for it."""
    silent = member(2, "rs2", UNREADY, age=DAY, node="node-1", ready_changed=4000)
    found = stateful(member(0, "rs2"), member(1, "rs2"), silent, kind="DaemonSet")
    found = found.model_copy(update={"nodes": (node_under("Unknown"),)})
    name, words = problem(found)
    assert name == "daemonset_rollout_stuck"
    assert "node node-1, which is not Ready" in words


def test_a_daemonset_that_is_replaced_on_deletion_is_told_as_meant() -> None:
    """Whoever changed it deletes the pods."""
    found = stateful(
        member(0, "rs2"), member(1, "rs2"), member(2, "rs3"), kind="DaemonSet", strategy="OnDelete"
    )
    assert problem(found)[0] == "daemonset_rollout_stuck"


def _init(name: str = "fetch", *, running: float = 1400.0) -> ContainerFacts:
    return well(running, name=name).model_copy(update={"init": True, "ready": False})


def hanging(container: ContainerFacts, *, now: str = "b", before: str = "a", **more: Any) -> Evidence:
    """The newest revision's pod is in that init container; `now` and `before`: its digest in both revisions."""
    late = workload(progressing_reason="ProgressDeadlineExceeded", updated=1, replicas=4)
    bad = pod("new", "rs2", container, waits("PodInitializing"), age=1500.0)
    found = released(bad, older=ready_pods(3, "rs1"), age=1500.0, workload=late, **more)
    current, older = found.revisions
    return found.model_copy(
        update={
            "revisions": (
                current.model_copy(update={"init_digests": {container.name: now}}),
                older.model_copy(update={"init_digests": {container.name: before} if before else {}}),
            )
        }
    )


@pytest.mark.parametrize("before", ["a", ""], ids=["changed", "new"])
def test_an_init_container_of_the_release_that_does_not_end_is_its_fault(before: str) -> None:
    """The deadline for progress is over, and the revision before has it otherwise or not at all."""
    finding, candidates = diagnose(hanging(_init(), before=before), TARGET)
    assert (finding.problem, len(candidates)) == ("bad_release", 1)
    assert "hangs in init container fetch, which runs since" in finding.summary


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (hanging(_init(), before="b"), "failing_init_container"),
        (hanging(_init("migrate")), "failing_init_container"),
        (hanging(_init(), dependencies=(dependency(pods=1, ready=0),)), "dependency_down"),
    ],
    ids=["unchanged", "migrates", "waits for a service"],
)
def test_an_init_container_that_waits_for_others_is_not(found: Evidence, expected: str) -> None:
    """It was the same before, may have done half of its work, or what it needs is down."""
    finding, candidates = diagnose(found, TARGET)
    assert (finding.problem, candidates) == (expected, [])


def _lacks(refers_before: tuple[str, ...], *, mounted: bool) -> Evidence:
    text = 'configmap "rates" not found'
    event = EventFacts(
        kind="Pod", name="new", type="Warning", reason="FailedMount", message=f"SetUp failed : {text}"
    )
    container = (
        waits("ContainerCreating") if mounted else waits("CreateContainerConfigError", waiting_message=text)
    )
    late = workload(progressing_reason="ProgressDeadlineExceeded", updated=1, replicas=4)
    bad = pod("new", "rs2", container, age=1500.0, node="node-1", phase="Pending")
    found = released(
        bad, older=ready_pods(3, "rs1"), age=1500.0, workload=late, events=(event,) if mounted else ()
    )
    current, older = found.revisions
    return found.model_copy(
        update={"revisions": (current, older.model_copy(update={"refers_to": refers_before}))}
    )


@pytest.mark.parametrize("mounted", [True, False])
def test_configuration_that_only_the_newest_release_names_is_its_fault(mounted: bool) -> None:
    """Mounted or in the environment."""
    assert diagnose(_lacks((), mounted=mounted), TARGET)[0].problem == "bad_release"


@pytest.mark.parametrize("mounted", [True, False])
def test_configuration_that_was_deleted_meanwhile_is_nobodys_release(mounted: bool) -> None:
    """The revision before names it too: going back would not bring it back."""
    finding, candidates = diagnose(_lacks(("ConfigMap rates",), mounted=mounted), TARGET)
    assert (finding.problem, candidates) == ("configuration_error", [])
    assert "rates" in finding.summary


def test_a_first_look_is_too_early_for_an_init_container() -> None:
    """It has run for a minute."""
    starting = pod("new", "rs1", _init(running=60), waits("PodInitializing"), age=70.0)
    found = evidence(pods=(starting, *ready_pods(2, "rs1")), collected_at=ago(0))
    assert diagnose(found, TARGET)[0].problem != "failing_init_container"
