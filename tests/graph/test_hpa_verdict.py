"""Whether a higher maximum helped: followed and well, in vain, taken back, or nobody knows."""

from __future__ import annotations

from typing import Any

from graph.policy import PolicySettings
from graph.state import Progress
from graph.verdicts import fold, judge
from tests.graph.evidence_builders import TARGET, after, before, blind, look, pod_seen, receipt
from tests.graph.hpa_scenarios import scaler
from tools.records import ActionCall, Observation, PodObservation, Receipt, Verdict

SETTINGS = PolicySettings(mode="auto")
ARGS = {"uid": "uid-hpa", "from_maximum": 3, "maximum": 4}
FOUR = tuple(pod_seen(name) for name in "abcd")


def written(**more: Any) -> Receipt:
    """From three to four, while three pods were well."""
    call = ActionCall(name="set_hpa_maximum", args=ARGS)
    return receipt(
        **{"call": call, "target": TARGET, "before": before(3), "template_digest": "digest-old", **more}
    )


def seen(at: float, *pods: PodObservation, **scaled: Any) -> Observation:
    """A look at the Deployment and its autoscaler, which has followed and is not limited unless told."""
    found = pods or FOUR
    told = {"most": 4, "current": len(found), "wanted": len(found), "limited": "", "limited_since": None}
    return look(at, *found, desired=len(found), autoscaler=scaler(**{**told, **scaled}))


def judged(*looks: Observation) -> Verdict | None:
    """After all of them."""
    progress = Progress()
    for one in looks:
        progress = fold(progress, one, written())
    return judge(progress, written(), SETTINGS, looks[-1].at)


def through(until: float, *pods: PodObservation, **scaled: Any) -> list[Observation]:
    """Looks every ten seconds."""
    return [seen(at, *pods, **scaled) for at in range(30, int(until) + 1, 10)]


def says(verdict: Verdict | None) -> tuple[str, bool]:
    assert verdict is not None
    return verdict.name, verdict.undo


def test_pods_that_followed_and_stay_well_are_recovered() -> None:
    """Below the new maximum, or at it without wanting more."""
    verdict = judged(*through(200))
    assert says(verdict) == ("RECOVERED", False)
    assert verdict is not None
    assert verdict.reason.endswith("the autoscaler has 4 of at most 4 replicas")


def test_at_the_new_maximum_again_is_not_recovered() -> None:
    """The pods are well; more of them would be another decision, and nothing is taken away under load."""
    verdict = judged(*through(200, limited="TooManyReplicas"))
    assert says(verdict) == ("NOT_RECOVERED", False)


def test_new_pods_that_stay_pending_are_taken_back() -> None:
    """They find no room."""
    waits = PodObservation(name="d", uid="uid-d", ready=False, pending=True)
    assert says(judged(*through(160, *FOUR[:3], waits))) == ("NOT_RECOVERED", True)


def test_without_metrics_nothing_is_proved() -> None:
    """Well as the pods are: INCONCLUSIVE when time is up, and never before."""
    looks = through(1100, *FOUR[:3], inactive="FailedGetResourceMetric", limited="TooManyReplicas")
    assert judged(*looks[:60]) is None
    verdict = judged(*looks)
    assert says(verdict) == ("INCONCLUSIVE", False)
    assert verdict is not None
    assert "no metrics to decide by: FailedGetResourceMetric" in verdict.reason


def test_one_that_does_not_follow_is_inconclusive() -> None:
    """Its status still tells of the old maximum, or it wants pods that are not there."""
    for stale in ({"limited": "TooManyReplicas"}, {"wanted": 4}):
        looks = through(1100, *FOUR[:3], **stale)
        assert judged(*looks[:60]) is None
        assert says(judged(*looks)) == ("INCONCLUSIVE", False)


def test_what_somebody_changed_or_took_away_is_superseded() -> None:
    """Neither claimed nor undone."""
    for theirs in ({"most": 9}, {"uid": "uid-new"}):
        assert says(judged(seen(30), seen(40, **theirs))) == ("SUPERSEDED", False)
    gone = look(40, *FOUR, desired=4)
    assert says(judged(seen(30), gone)) == ("SUPERSEDED", False)


def test_a_pod_that_restarts_is_not_recovered() -> None:
    """As for every rollout."""
    ill = pod_seen("d", restart_count=1, last_finished_at=after(100))
    assert says(judged(*through(90), seen(110, *FOUR[:3], ill)))[0] == "NOT_RECOVERED"


def test_looks_that_fail_are_no_success() -> None:
    """Each breaks the window."""
    assert judged(*through(140), blind(150)) is None
