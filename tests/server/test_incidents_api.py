"""Incidents over HTTP: pages by keyset, filters, and one incident with all that is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.app_stand import HTML, Stand, stand
from tools.alertmanager import Parsed
from tools.inbox import Inbox
from tools.records import Alert, Evidence, EvidenceItem, Target, Verdict

COLUMNS = (
    *("id", "timestamp", "alert_name", "severity", "namespace", "pod", "description", "logs"),
    *("ai_analysis", "confidence", "action_taken", "verified"),
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Stand]:
    """A loopback server without tokens."""
    with stand(tmp_path) as made:
        yield made


def ids(server: Stand, query: str = "") -> list[str]:
    """Ids of the incidents on this page."""
    answer = server.client().get(f"/incidents{query}")
    assert answer.status_code == 200, answer.json
    assert answer.json is not None
    return [row["id"] for row in answer.json["incidents"]]


def evidence(server: Stand) -> Evidence:
    """What was read: the crashed container's log among it."""
    log = EvidenceItem(
        id="e1", kind="logs", status="found", query="q", summary="s", excerpt="of the running container"
    )
    crashed = EvidenceItem(
        id="e2", kind="previous_logs", status="found", query="q", summary="s", excerpt="panic: no config"
    )
    return Evidence(collected_at=server.clock.now(), items=(log, crashed))


def test_rows_carry_the_known_columns(server: Stand) -> None:
    """Every column that users of such agents read, from what the run recorded."""
    server.incident("i1", pod="web-1", description="it crashes")
    server.incidents.save_evidence("i1", evidence(server))
    server.incidents.save_decision(
        "i1",
        {
            "problem": "bad_release",
            "route": "ask",
            "confidence": 0.91,
            "action": {"name": "rollback_deployment"},
        },
        summary="Revision 2 crashes at start.",
    )
    server.incidents.set_action_taken("i1", "rollback_deployment")
    answer = server.client().get("/incidents").json
    assert answer is not None
    (row,) = answer["incidents"]
    assert {name: row[name] for name in COLUMNS} == {
        "id": "i1",
        "timestamp": "2026-01-05T12:00:00+00:00",
        "alert_name": "KubePodCrashLooping",
        "severity": "critical",
        "namespace": "shop",
        "pod": "web-1",
        "description": "it crashes",
        "logs": "panic: no config",
        "ai_analysis": "Revision 2 crashes at start.",
        "confidence": 0.91,
        "action_taken": "rollback_deployment",
        "verified": None,
    }


@pytest.mark.parametrize(
    ("verdict", "verified"),
    [
        ("RECOVERED", True),
        ("NOT_RECOVERED", False),
        ("REGRESSED", False),
        ("PROVISIONAL", None),
        ("SUPERSEDED", None),
        ("INCONCLUSIVE", None),
    ],
)
def test_verified_is_true_for_recovered_only(server: Stand, verdict: str, verified: bool | None) -> None:
    """Not yet, or nobody knows, is neither true nor false."""
    server.incident("i1")
    found = Verdict(name=verdict, reason="r", at=server.clock.now())  # type: ignore[arg-type]
    server.incidents.save_verdict("i1", found)
    answer = server.client().get("/incidents/i1").json
    assert answer is not None
    assert answer["verified"] is verified


def test_pages_follow_each_other_without_gap_or_repeat(server: Stand) -> None:
    """Newest first; also among incidents of the same instant, and while new ones arrive."""
    for number in range(7):
        server.incident(f"i{number}")
        server.clock.advance(number % 2)
    client, place, seen = server.client(), "/incidents?limit=3", []
    while place:
        page = client.get(place).json
        assert page is not None
        seen += [row["id"] for row in page["incidents"]]
        server.incident(f"new{len(seen)}")
        place = page["next"]
    assert seen == ["i6", "i5", "i4", "i3", "i2", "i1", "i0"]


def test_filters_narrow(server: Stand) -> None:
    """Each filter alone, and together; the next page keeps them."""
    server.incident("old", namespace="pay")
    server.clock.advance(60)
    server.incident("web", status="recovered", summary="Revision 2 crashes", workload="web", target_uid="u")
    server.incident("api", alert_name="HighCPUUsage", workload="api-7d9f", pod="api-7d9f-x")
    assert ids(server, "?namespace=pay") == ["old"]
    assert ids(server, "?status=recovered") == ["web"]
    assert ids(server, "?alert_name=HighCPUUsage") == ["api"]
    assert ids(server, "?workload=web") == ["web"]
    assert ids(server, "?workload=api") == ["api"]
    assert ids(server, "?q=CRASHES") == ["web"]
    assert ids(server, "?q=%25") == []
    assert ids(server, "?since=2026-01-05T12:00:30Z") == ["web", "api"]
    assert ids(server, "?since=2026-01-05T12:00:30&namespace=pay") == []
    assert ids(server, "?status=&namespace=") == ["web", "api", "old"]
    page = server.client().get("/incidents?since=2026-01-05T12:00:30Z&limit=1").json
    assert page is not None
    assert "since=2026-01-05T12%3A00%3A30Z" in page["next"]


@pytest.mark.parametrize(
    "query",
    ["?since=yesterday", "?limit=0", "?limit=201", "?limit=many", "?after=nonsense", "?stauts=recovered"],
)
def test_a_filter_that_cannot_be_read_is_400(server: Stand, query: str) -> None:
    """Rather than an answer to another question."""
    answer = server.client().get(f"/incidents{query}")
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"


def test_one_incident_tells_everything(server: Stand) -> None:
    """Timeline, alerts, evidence, decision, approvals, receipts, messages: and its page shows them."""
    server.approval()
    server.incidents.save_evidence("i1", evidence(server))
    server.incidents.claim_target("i1", Target(kind="Deployment", namespace="shop", name="web", uid="u1"))
    decision = {
        "problem": "bad_release",
        "route": "ask",
        "confidence": 0.9,
        "reasons": ["it crashes"],
        "evidence": ["e2"],
    }
    server.incidents.save_decision(
        "i1", {**decision, "blocked_by": ["high_risk: ask"]}, summary="It crashes."
    )
    server.incidents.note("i1", "status", "asks a person")
    answer = server.client().get("/incidents/i1").json
    assert answer is not None
    assert answer["target"] == {"kind": "Deployment", "namespace": "shop", "name": "web"}
    assert answer["timeline"][-1]["text"] == "asks a person"
    assert answer["evidence"]["items"][1]["excerpt"] == answer["logs"] == "panic: no config"
    assert answer["decision"]["blocked_by"] == ["high_risk: ask"]
    assert answer["approvals"][0]["id"] == "a1"
    assert answer["alerts"] == answer["receipts"] == answer["messages"] == []
    page = server.client().get("/incidents/i1", headers=HTML).get_data(as_text=True)
    for words in ("asks a person", "panic: no config", "high_risk: ask", "/approve/a1", "shop/web"):
        assert words in page


def test_an_incident_that_is_not_there_is_404(server: Stand) -> None:
    """For programs and browsers."""
    assert server.client().get("/incidents/nope").status_code == 404
    assert server.client().get("/incidents/nope", headers=HTML).status_code == 404


def test_a_fresh_incident_has_a_page(server: Stand) -> None:
    """Nothing decided, nothing read, no target yet."""
    server.incident("i1", status="received", pod="")
    for path in ("/", "/incidents", "/incidents/i1"):
        assert server.client().get(path, headers=HTML).status_code == 200


def test_alerts_are_shown_with_their_labels(server: Stand) -> None:
    """As they came, as text."""
    alert = Alert(
        fingerprint="f1",
        status="firing",
        labels={"alertname": "Ill", "pod": "web-1"},
        annotations={"summary": "<b>ill</b>"},
        starts_at=server.clock.now(),
    )
    accepted = Inbox(server.database, server.clock).accept(Parsed(alerts=(alert,)))
    page = server.client().get(f"/incidents/{accepted.incident_ids[0]}", headers=HTML).get_data(as_text=True)
    assert "pod=web-1" in page
    assert "&lt;b&gt;ill" in page
