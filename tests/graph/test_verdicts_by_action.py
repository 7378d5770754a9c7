"""Scaling, evictions and nodes: each judged by what it is meant to do, on recovery and on a problem that stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from graph import verdicts
from graph.policy import PolicySettings
from graph.state import Progress
from tests.graph.evidence_builders import NEW, after, before, blind, look, pod_seen, receipt
from tools.records import ActionCall, Observation, PodObservation, Receipt, Target, Verdict

SETTINGS = PolicySettings()
NODE = Target(kind="Node", namespace="", name="node-2", uid="uid-node")


def judged(
    written: Receipt, *looks: Observation, now: float = 0.0, settings: PolicySettings = SETTINGS
) -> Verdict | None:
    """The first verdict as the looks come in, each judged as it comes; `now`: how late the last one is judged."""
    progress, verdict = Progress(), None
    for one in looks:
        progress = verdicts.fold(progress, one, written)
        at = max(one.at, after(now)) if one is looks[-1] else one.at
        verdict = verdicts.judge(progress, written, settings, at)
        if verdict:
            return verdict
    return verdict


def says(verdict: Verdict | None) -> tuple[str, bool]:
    """Name and whether it is undone by itself."""
    assert verdict is not None
    return verdict.name, verdict.undo


# scaling


def scaled(**more: Any) -> Receipt:
    """From three replicas to four, which made generation 5."""
    was = before(3, pod_seen("a"), pod_seen("b"), pod_seen("c"), template_digest=NEW, generation=4)
    return receipt(
        **{"call": ActionCall(name="scale_deployment"), "template_digest": NEW, "before": was, **more}
    )


def busy(share: float | None, count: int = 4) -> tuple[PodObservation, ...]:
    """Pods that are well and use so much of their limit."""
    return tuple(pod_seen(f"p{n}").model_copy(update={"cpu_share": share}) for n in range(count))


def four(at: float, *pods: PodObservation, **more: Any) -> Observation:
    """A look at four wanted replicas."""
    return look(at, *(pods or busy(0.6)), **{"desired": 4, "template_digest": NEW, "done": True, **more})


def pending(count: int = 1) -> tuple[PodObservation, ...]:
    """Three pods that are well, and new ones for which there is no room."""
    new = [PodObservation(name=f"n{n}", uid=f"uid-n{n}", ready=False, pending=True) for n in range(count)]
    return (*busy(1.0, 3), *new)


def test_a_scale_up_whose_pods_are_well_and_less_busy_recovered() -> None:
    """For the whole window; the verdict says how busy the busiest is."""
    verdict = judged(scaled(), four(30), four(90), four(151))
    assert says(verdict) == ("RECOVERED", False)
    assert verdict is not None
    assert "busiest pod uses 60%" in verdict.reason


def test_a_scale_up_that_lowers_nothing_did_not_recover() -> None:
    """All new pods are ready, and all are still at their limit; taking pods away under load would make it worse."""
    hot = busy(0.97)
    assert says(judged(scaled(), four(30, *hot), four(90, *hot), four(151, *hot))) == ("NOT_RECOVERED", False)


def test_one_pod_that_is_less_busy_than_its_limit_is_relief() -> None:
    """The problem was all of them near the limit."""
    pods = (*busy(0.97, 3), pod_seen("d").model_copy(update={"cpu_share": 0.4}))
    assert says(judged(scaled(), four(30, *pods), four(151, *pods))) == ("RECOVERED", False)


def test_nobody_who_tells_what_the_pods_use_is_not_success() -> None:
    """Metrics went away: time decides that nobody knows."""
    looks = [four(at, *busy(None)) for at in range(30, 400, 60)]
    assert judged(scaled(), *looks) is None
    verdict = judged(scaled(), *looks, now=2000)
    assert says(verdict) == ("INCONCLUSIVE", False)
    assert verdict is not None
    assert "nobody tells what all of them use" in verdict.reason


def test_new_pods_that_stay_pending_are_taken_back() -> None:
    """After two minutes, counted from the look that first saw them so."""
    looks = [four(at, *pending()) for at in (30, 90, 149)]
    assert judged(scaled(), *looks) is None
    verdict = judged(scaled(), *looks, four(150, *pending()))
    assert says(verdict) == ("NOT_RECOVERED", True)
    assert verdict is not None
    assert "1 new pod is Pending" in verdict.reason


def test_a_pod_that_waits_for_a_while_only_is_not_taken_back() -> None:
    """It found room in the end."""
    looks = [four(30, *pending()), four(100, *pending()), *(four(at) for at in (140, 200, 262))]
    assert says(judged(scaled(), *looks)) == ("RECOVERED", False)


def test_new_pods_whose_image_cannot_be_pulled_are_taken_back() -> None:
    """They are Pending as well, and of no use."""
    waits = PodObservation(
        name="n",
        uid="uid-n",
        ready=False,
        pending=True,
        containers=pod_seen("n", ready=False, waiting_reason="ImagePullBackOff").containers,
    )
    looks = [four(at, *busy(1.0, 3), waits) for at in (30, 60, 91)]
    assert says(judged(scaled(), *looks)) == ("NOT_RECOVERED", True)


def test_a_number_that_somebody_else_set_is_theirs() -> None:
    """Neither claimed nor undone."""
    other = look(60, *busy(0.5, 6), desired=6, template_digest=NEW, done=False)
    verdict = judged(scaled(), four(30), other)
    assert says(verdict) == ("SUPERSEDED", False)
    assert verdict is not None
    assert "6 replicas" in verdict.reason


def test_another_release_meanwhile_supersedes_a_scale_up() -> None:
    """Whatever the pods of the new template do."""
    assert says(judged(scaled(), four(30), four(60, *pending(), template_digest="other"))) == (
        "SUPERSEDED",
        False,
    )


def test_a_crash_after_scaling_did_not_recover() -> None:
    """As after any write."""
    crashed = pod_seen("p0", ready=False, restart_count=1, last_finished_at=after(80)).model_copy(
        update={"cpu_share": 0.5}
    )
    verdict = judged(scaled(), four(30), four(90, crashed, *busy(0.5, 4)[1:]))
    assert says(verdict) == ("NOT_RECOVERED", False)


def test_looks_that_fail_are_never_success_of_scaling() -> None:
    """Only time decides."""
    assert judged(scaled(), four(30), blind(60), blind(160)) is None
    assert says(judged(scaled(), four(30), blind(60), now=2000)) == ("INCONCLUSIVE", False)


# evictions

STUCK = pod_seen("stuck", ready=False)


def evicted(**more: Any) -> Receipt:
    """One of three pods was stuck; no generation was made."""
    was = before(2, STUCK, pod_seen("b"), pod_seen("c"), generation=5, template_digest=NEW)
    return receipt(**{"call": ActionCall(name="delete_pod"), "template_digest": NEW, "before": was, **more})


def trio(at: float, *pods: PodObservation, **more: Any) -> Observation:
    """A look at the three pods of now."""
    seen = pods or (pod_seen("b"), pod_seen("c"), pod_seen("new"))
    return look(at, *seen, **{"template_digest": NEW, "done": True, **more})


def test_an_evicted_pod_whose_replacement_is_well_recovered() -> None:
    """For the whole window."""
    assert judged(evicted(), trio(30), trio(149)) is None
    assert says(judged(evicted(), trio(30), trio(90), trio(150))) == ("RECOVERED", False)


def test_a_replacement_that_is_stuck_as_well_did_not_recover() -> None:
    """After five minutes: it was not that one pod."""
    stuck = (pod_seen("b"), pod_seen("c"), pod_seen("new", ready=False))
    looks = [trio(at, *stuck) for at in (30, 150, 329)]
    assert judged(evicted(), *looks) is None
    verdict = judged(evicted(), *looks, trio(330, *stuck))
    assert says(verdict) == ("NOT_RECOVERED", False)
    assert verdict is not None
    assert verdict.reason.startswith("new,")


def test_a_pod_that_lingers_is_not_gone() -> None:
    """Its replacement is well, but a finalizer holds it back: said, once the time is over."""
    looks = [trio(at, lingering="stuck") for at in (30, 90, 160, 400)]
    assert judged(evicted(), *looks) is None
    verdict = judged(evicted(), *looks, now=2000)
    assert says(verdict) == ("INCONCLUSIVE", False)
    assert verdict is not None
    assert "finalizer" in verdict.reason


def test_a_pod_that_is_gone_in_the_end_recovered() -> None:
    """It took its time."""
    assert says(judged(evicted(), trio(30, lingering="stuck"), trio(90), trio(160))) == ("RECOVERED", False)


def test_another_release_meanwhile_supersedes_an_eviction() -> None:
    """The pods are of another template now."""
    assert says(judged(evicted(), trio(30), trio(60, template_digest="other"))) == ("SUPERSEDED", False)


# nodes


def cordoned(name: str = "cordon_node") -> Receipt:
    """A node that was not Ready."""
    was = Observation(at=after(0), uid=NODE.uid, node_ready=False, schedulable=name != "cordon_node")
    return receipt(call=ActionCall(name=name), target=NODE, generation=0, template_digest="", before=was)


def node(at: float, *, ready: bool, schedulable: bool = False, uid: str = NODE.uid) -> Observation:
    """A look at it."""
    return Observation(at=after(at), uid=uid, node_ready=ready, schedulable=schedulable, stamp="k1")


def test_a_node_that_is_ready_for_the_window_recovered() -> None:
    """And is still cordoned."""
    looks = [node(30, ready=False), node(60, ready=True), node(120, ready=True), node(181, ready=True)]
    assert says(judged(cordoned(), *looks)) == ("RECOVERED", False)


def test_a_node_that_stays_not_ready_did_not_recover() -> None:
    """A cordon mends nothing: a person has to, and is told so."""
    verdict = judged(cordoned(), node(30, ready=False), node(121, ready=False))
    assert says(verdict) == ("NOT_RECOVERED", False)
    assert verdict is not None
    assert "mend or replace" in verdict.reason


def test_a_node_that_comes_and_goes_is_inconclusive_at_last() -> None:
    """Never Ready for a whole window, never long enough away."""
    flapping = [node(10 + 50 * n, ready=n % 2 == 0) for n in range(3)]
    assert judged(cordoned(), *flapping) is None
    assert says(judged(cordoned(), *flapping, now=2000)) == ("INCONCLUSIVE", False)


@pytest.mark.parametrize(("action", "schedulable"), [("cordon_node", True), ("uncordon_node", False)])
def test_somebody_elses_change_of_the_node_supersedes(action: str, schedulable: bool) -> None:
    """Never done again over them."""
    assert says(judged(cordoned(action), node(30, ready=True, schedulable=schedulable))) == (
        "SUPERSEDED",
        False,
    )


def test_a_node_that_was_replaced_supersedes() -> None:
    """Another uid under that name."""
    assert says(judged(cordoned(), node(30, ready=True, uid="other"))) == ("SUPERSEDED", False)


def test_an_uncordoned_node_that_stays_ready_recovered() -> None:
    """It takes pods for a whole window."""
    looks = [node(at, ready=True, schedulable=True) for at in (30, 90, 151)]
    assert says(judged(cordoned("uncordon_node"), *looks)) == ("RECOVERED", False)


def test_an_uncordoned_node_that_falls_ill_did_not_recover() -> None:
    """Not by our change, so that nothing is undone by itself."""
    looks = [node(30, ready=False, schedulable=True), node(121, ready=False, schedulable=True)]
    assert says(judged(cordoned("uncordon_node"), *looks)) == ("NOT_RECOVERED", False)


def test_looks_that_fail_are_never_success_of_a_cordon() -> None:
    """A failed read breaks the window."""
    looks: Sequence[Observation] = [node(30, ready=True), blind(100), node(151, ready=True)]
    assert judged(cordoned(), *looks) is None
    assert says(judged(cordoned(), blind(60), now=2000)) == ("INCONCLUSIVE", False)


def test_waiting_shrinks_on_a_test_cluster() -> None:
    """As every fixed time does there."""
    quick = PolicySettings(test_cluster=True, verify_window_seconds=12, verify_delay_seconds=1)
    looks = [four(1, *pending()), four(13, *pending())]
    assert says(judged(scaled(), *looks, settings=quick)) == ("NOT_RECOVERED", True)


def test_rollouts_are_judged_as_before() -> None:
    """What has no way of its own goes the way of a rollout."""
    wells = [look(at) for at in (30, 90, 151)]
    assert says(judged(receipt(), *wells)) == ("RECOVERED", False)
