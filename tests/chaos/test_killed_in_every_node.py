"""SIGKILL of the real process inside every node of the graph: what comes of a run does not depend on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.faults import Scene
from tests.chaos.standing import Standing, recovered_restart, recovered_rollback, standing

pytestmark = pytest.mark.timeout(600)
RELEASE = Scene("bad_release", "shop")
CRASH = Scene("transient", "orders")
HARM = Scene("rollback_harms", "blog")


def test_a_rollback_survives_a_kill_in_each_of_its_nodes(
    tmp_path: Path, figures: Callable[[str], None]
) -> None:
    """Killed once in every node on the way of an approved rollback: one incident, one write, one of each message."""
    with standing(tmp_path, RELEASE) as stand:
        stand.agent.start()
        incident_id = _alert_and_kill_in_parse_alert(stand)
        killer = stand.killer
        killer.in_request(incident_id, "gather_logs")
        killer.hold(incident_id, "gather_logs")
        stand.cluster.proxy.release()
        killer.stepping(incident_id, "retrieve_similar")
        killer.in_request(incident_id, "decide")
        killer.in_request(incident_id, "request_approval", method="PATCH")
        killer.when_parked(incident_id, "await_approval")
        stand.agent.start()
        stand.approve(incident_id)
        killer.in_request(incident_id, "execute", method="PATCH", write=True)
        killer.in_request(incident_id, "verify")
        killer.when_parked(incident_id, "await_look")
        killer.hold(incident_id, "verify")
        stand.cluster.proxy.release()
        killer.stepping(incident_id, "remember")
        stand.until_ended(incident_id)

        figures(f"kills by node {dict(stand.killer.tally)}")
        assert stand.record.ending("shop") == recovered_rollback("found_done")
        assert len(stand.cluster.patches("shop")) == 1
        assert stand.generation(RELEASE) == 3
        assert stand.events(RELEASE) == ["SreAgentRollbackDeployment"]
        assert stand.cluster.images("shop", "web") == {"registry.example/web:1.0"}
        assert stand.record.audit.broken_at() is None


def test_a_restart_survives_kills_while_it_settles_writes_and_reports(
    tmp_path: Path, figures: Callable[[str], None]
) -> None:
    """An automatic restart, killed while it settles, before it knows that it has written, and as it reports."""
    with standing(tmp_path, CRASH, SETTLE_SECONDS="10") as stand:
        stand.agent.start()
        incident_id = stand.alert(CRASH)
        killer = stand.killer
        killer.when_parked(incident_id, "settle")
        killer.in_request(incident_id, "execute", method="PATCH", write=True)
        killer.hold(incident_id, "verify")
        stand.cluster.proxy.release()
        killer.stepping(incident_id, "report")
        stand.until_ended(incident_id)

        figures(f"kills by node {dict(stand.killer.tally)}")
        assert stand.record.ending("orders") == recovered_restart("found_done")
        assert len(stand.cluster.patches("orders")) == 1
        assert stand.generation(CRASH) == 2
        assert stand.events(CRASH) == ["SreAgentRestartDeployment"]
        assert stand.record.audit.broken_at() is None


def test_an_undo_survives_a_kill_after_it_was_written(tmp_path: Path, figures: Callable[[str], None]) -> None:
    """A rollback that made it worse is undone once, though the agent dies before it hears that it was."""
    with standing(tmp_path, HARM) as stand:
        stand.agent.start()
        incident_id = stand.alert(HARM)
        stand.approve(incident_id)
        stand.agent.until(lambda: stand.cluster.patches("blog"), "written")
        HARM.break_older(stand.cluster.sandbox, stand.cluster.clock)
        stand.killer.in_request(incident_id, "undo", method="PATCH", write=True)
        stand.until_ended(incident_id)

        figures(f"kills by node {dict(stand.killer.tally)}")
        ending = stand.record.ending("blog")
        assert (ending.statuses, ending.verdict) == (("escalated",), "REGRESSED")
        assert ending.writes == (
            ("rollback_deployment", "done", "REGRESSED"),
            ("rollback_deployment", "found_done", "UNDO_SENT"),
        )
        assert sorted(ending.messages) == ["autonomy", "escalated", "needs_approval"]
        assert len(stand.cluster.patches("blog")) == 2
        assert stand.generation(HARM) == 4
        assert stand.record.audit.broken_at() is None


def _alert_and_kill_in_parse_alert(stand: Standing) -> str:
    """The kill must be armed before the alert is sent, when its incident has no id yet."""
    place = f"/namespaces/{RELEASE.namespace}/pods/"
    stand.killer.hold_any(place)
    incident_id = stand.alert(RELEASE)
    stand.killer.fall(incident_id, "parse_alert")
    return incident_id
