"""What can be said of a command that was run: an exit status is no success, and what is not known is not judged."""

from __future__ import annotations

import pytest

from tests.graph.evidence_builders import NEW, OLD, WELL, after, before, blind, look, pod_seen, receipt
from tests.graph.test_verdicts_by_action import judged
from tools.records import ActionCall, Observation, Receipt

ILL = (pod_seen("a", ready=False), pod_seen("b"), pod_seen("c"))
HOLDS = [look(at) for at in range(30, 200, 10)]


def ran(code: int | None = 0, *, was: Observation | None = None, **more: object) -> Receipt:
    """A command on a workload one pod of which was not ready."""
    seen = was or before(2, *ILL, template_digest=OLD, generation=5)
    return receipt(**{"call": ActionCall(name="exec_command"), "before": seen, "exit_code": code, **more})


def name_of(written: Receipt, *looks: Observation, now: float = 0.0) -> str:
    verdict = judged(written, *looks, now=now)
    return verdict.name if verdict else ""


def test_what_was_ill_and_holds_well_has_recovered() -> None:
    """For the whole window, as after any other write."""
    assert name_of(ran(), *HOLDS) == "RECOVERED"
    assert name_of(ran(), *HOLDS[:5]) == ""


def test_what_was_well_before_proves_nothing_by_being_well() -> None:
    """Exit status 0 is the program's own word; so it is where nobody saw how it was before."""
    well = before(3, *WELL, template_digest=OLD, generation=5)
    for written in (ran(was=well), ran(before=None)):
        verdict = judged(written, *HOLDS)
        assert verdict is not None
        assert verdict.name == "INCONCLUSIVE"
        assert "ended with exit status 0" in verdict.reason


@pytest.mark.parametrize("code", [1, 2, 127, 137, -1])
def test_another_exit_status_has_failed_at_once(code: int) -> None:
    """However well the workload is."""
    verdict = judged(ran(code), look(30))
    assert verdict is not None
    assert (verdict.name, str(code) in verdict.reason) == ("NOT_RECOVERED", True)


def test_an_unknown_outcome_stays_unknown_whatever_the_pods_do() -> None:
    """And says that it is not run again; a look that failed changes nothing about that."""
    lost = ran(None, outcome="unknown", message="the connection was lost")
    for looks in (HOLDS, [look(30, *ILL)], [blind(30)]):
        verdict = judged(lost, *looks)
        assert verdict is not None
        assert (verdict.name, verdict.reason) == ("INCONCLUSIVE", "never run again: the connection was lost")


def test_a_receipt_without_an_exit_status_is_no_success() -> None:
    """Nothing said how it ended."""
    assert name_of(ran(None), *HOLDS) == "NOT_RECOVERED"


def test_pods_that_are_worse_than_before_are_worse_because_of_it() -> None:
    """Two looks, as after any other write; nothing undoes it."""
    end = {"restart_count": 1, "last_finished_at": after(55), "waiting_reason": "CrashLoopBackOff"}
    crashing = tuple(pod_seen(name, ready=False, **end) for name in "abc")
    worse = [*HOLDS[:3], look(60, *crashing), look(70, *crashing)]
    verdict = judged(ran(), *worse)
    assert verdict is not None
    assert (verdict.name, verdict.undo) == ("REGRESSED", False)


def test_somebody_elses_release_supersedes_it() -> None:
    """What is seen then is not the command's doing."""
    assert name_of(ran(), look(30, template_digest=NEW)) == "SUPERSEDED"
    assert name_of(ran(), look(30, uid="uid-other")) == "SUPERSEDED"


def test_what_stays_ill_runs_out_of_time() -> None:
    """Nothing of the command's is left to wait for: it is not called a success."""
    assert name_of(ran(), *(look(at, *ILL) for at in (30, 40)), now=4000) == "INCONCLUSIVE"
