"""Metrics: names by the conventions, counted from the record, the same after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from server.metrics import Metrics
from tests.server.app_stand import Stand, stand
from tools.alertmanager import InvalidAlert, Parsed
from tools.inbox import Inbox
from tools.ledger import LedgerEntry, SqlLedger
from tools.outbox import Message, SqlOutbox
from tools.records import ActionCall, Alert, Target
from tools.tallies import SqlTallies


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Stand]:
    """A loopback server without tokens."""
    with stand(tmp_path) as made:
        yield made


def scrape(server: Stand) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample by name and label values (sorted by label)."""
    text = server.client().get("/metrics").get_data(as_text=True)
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def restart(server: Stand) -> None:
    """What a new process would count."""
    server.metrics = Metrics()
    server.metrics.follow(SqlTallies(server.database), server.controls, server.holds, server.clock)


def alert(fingerprint: str, server: Stand) -> Alert:
    """A firing alert."""
    labels = {
        "alertname": "KubePodCrashLooping",
        "namespace": "shop",
        "pod": "web-7d9f-abcde",
        "id": fingerprint,
    }
    return Alert(fingerprint=fingerprint, status="firing", labels=labels, starts_at=server.clock.now())


def test_alerts_by_what_became_of_them(server: Stand) -> None:
    """Received counts every copy; a repeat is deduplicated; what cannot be read is invalid."""
    inbox = Inbox(server.database, server.clock)
    inbox.accept(Parsed(alerts=(alert("f1", server), alert("f2", server))))
    inbox.accept(
        Parsed(alerts=(alert("f1", server),), invalid=(InvalidAlert(reason="no labels", excerpt="{}"),))
    )
    found = scrape(server)
    assert found["sre_agent_alerts_total", ("received",)] == 4
    assert found["sre_agent_alerts_total", ("deduplicated",)] == 1
    assert found["sre_agent_alerts_total", ("invalid",)] == 1
    assert found["sre_agent_inbox_depth", ()] == 1


def test_incidents_decisions_and_stages_are_counted_when_they_end(server: Stand) -> None:
    """Once each, however often it is scraped; a restart counts the same."""
    decision = {
        "problem": "bad_release",
        "route": "ask",
        "confidence": 0.9,
        "decider": "playbook",
        "blocked_by": ["mode: asks", "risk: high"],
    }
    for number in range(3):
        server.incident(f"i{number}")
        server.clock.advance(0.2)
        server.incidents.save_decision(f"i{number}", decision, summary="")
        if number < 2:
            server.clock.advance(40)
            server.incidents.end(f"i{number}", "recovered")
        scrape(server)
    for _ in range(2):
        found = scrape(server)
        assert found["sre_agent_incidents_total", ("recovered", "bad_release", "ask")] == 2
        assert found["sre_agent_running_incidents", ("awaiting_approval",)] == 1
        assert found["sre_agent_decisions_total", ("playbook", "ask")] == 2
        assert found["sre_agent_blocked_total", ("mode",)] == 2
        assert found["sre_agent_stage_duration_seconds_count", ("decision",)] == 2
        assert found["sre_agent_stage_duration_seconds_bucket", ("0.25", "decision")] == 2
        assert found["sre_agent_stage_duration_seconds_bucket", ("30.0", "run")] == 0
        assert found["sre_agent_stage_duration_seconds_bucket", ("60.0", "run")] == 2
        assert found["sre_agent_stage_duration_seconds_sum", ("run",)] == pytest.approx(80.4)
        restart(server)


def test_incidents_that_end_at_the_same_instant_are_all_counted(server: Stand) -> None:
    """One that commits after the scrape with the same time as the newest counted is not lost."""
    server.incident("i1")
    server.incident("i2")
    server.incidents.end("i1", "notified")
    assert scrape(server)["sre_agent_incidents_total", ("notified", "", "")] == 1
    server.incidents.end("i2", "notified")
    assert scrape(server)["sre_agent_incidents_total", ("notified", "", "")] == 2


def test_approvals_by_outcome_and_age(server: Stand) -> None:
    """How many wait, for how long, and what became of the others."""
    server.approval("a1", "i1")
    server.clock.advance(30)
    server.approval("a2", "i2")
    server.approval("a3", "i3")
    server.client().post("/reject/a3")
    found = scrape(server)
    assert found["sre_agent_pending_approvals", ()] == 2
    assert found["sre_agent_oldest_pending_approval_seconds", ()] == 30
    assert found["sre_agent_approvals_total", ("rejected",)] == 1
    assert ("sre_agent_approvals_total", ("pending",)) not in found


def test_actions_by_who_and_verdict(server: Stand) -> None:
    """From the ledger: automatic, approved, undone."""
    ledger = SqlLedger(server.database, server.clock)
    target = Target(kind="Deployment", namespace="shop", name="web", uid="u1")
    server.incident("i1")
    for key, automatic, undo_of in (("k1", True, ""), ("k2", False, ""), ("k3", True, "k2")):
        ledger.claim(
            LedgerEntry(
                key=key,
                incident_id="i1",
                episode_id="ep-i1",
                call=ActionCall(name="restart_deployment"),
                target=target,
                problem="p",
                automatic=automatic,
                undo_of=undo_of,
                claimed_at=server.clock.now(),
            )
        )
    ledger.set_verdict("k1", "RECOVERED")
    found = scrape(server)
    for by in ("automatic", "approved", "undo"):
        assert found["sre_agent_actions_total", ("restart_deployment", by)] == 1
    assert found["sre_agent_verdicts_total", ("restart_deployment", "RECOVERED")] == 1
    assert ("sre_agent_verdicts_total", ("restart_deployment", "")) not in found


def test_messages_that_wait_or_fail_are_seen(server: Stand) -> None:
    """A queue that does not drain shows itself."""
    outbox = SqlOutbox(server.database)
    for key in ("m1", "m2"):
        outbox.queue(
            Message(
                key=key, incident_id="i1", kind="acted", subject="s", body="b", queued_at=server.clock.now()
            )
        )
    outbox.mark_failed("m1", "refused")
    found = scrape(server)
    assert found["sre_agent_unsent_notifications", ("acted", "failing")] == 1
    assert found["sre_agent_unsent_notifications", ("acted", "waiting")] == 1
    outbox.mark_sent("m2", server.clock.now())
    found = scrape(server)
    assert found["sre_agent_notifications_total", ("acted",)] == 1
    assert ("sre_agent_unsent_notifications", ("acted", "waiting")) not in found


def test_requests_are_counted_by_route(server: Stand) -> None:
    """By rule and not by path: ids make no series of their own."""
    client = server.client()
    client.get("/incidents/a")
    client.get("/incidents/b")
    client.get("/anything/at/all")
    found = scrape(server)
    assert found["sre_agent_http_requests_total", ("GET", "/incidents/<incident_id>", "404")] == 2
    assert found["sre_agent_http_requests_total", ("GET", "none", "404")] == 1
    assert found["sre_agent_http_request_duration_seconds_count", ("/incidents/<incident_id>",)] == 2


def test_names_keep_the_conventions(server: Stand) -> None:
    """Prefix, base units, `_total` on counters and only there, help on all."""
    text = server.client().get("/metrics").get_data(as_text=True)
    for family in text_string_to_metric_families(text):
        assert family.name.startswith("sre_agent_")
        assert family.documentation
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter"), sample.name
        assert not family.name.endswith(("_ms", "_milliseconds", "_minutes"))


def test_paused_and_the_store_are_gauges(server: Stand) -> None:
    """1 while it is so."""
    assert scrape(server)["sre_agent_paused", ()] == 0
    server.client().post("/pause")
    found = scrape(server)
    assert (found["sre_agent_paused", ()], found["sre_agent_store_readable", ()]) == (1, 1)
