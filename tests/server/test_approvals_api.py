"""Approvals over HTTP: shown without effect, decided once, proved again, never edited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest

from tests.server.app_stand import APPROVER, HTML, JSON, VIEWER, Stand, found_change, shown, stand
from tools.records import Evidence, EvidenceItem

BEARER = {"Authorization": f"Bearer {APPROVER}"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Stand]:
    """A loopback server without tokens, with one pending approval."""
    with stand(tmp_path) as made:
        made.approval()
        yield made


def state(server: Stand, approval_id: str = "a1") -> str:
    """What became of the approval."""
    return server.approvals.get(approval_id).state


def test_a_bare_post_approves_exactly_what_was_shown(server: Stand) -> None:
    """`curl -X POST` is enough; the worker is woken and the answer links the incident."""
    answer = server.client().post("/approve/a1")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["links"]["incident"] == "/incidents/i1"
    approval = server.approvals.get("a1")
    assert (approval.state, approval.actor) == ("approved", "local")
    assert (server.proofs, server.woken) == (["a1"], ["i1"])


def test_reading_the_page_changes_nothing(server: Stand) -> None:
    """Mail scanners fetch links: GET and HEAD of every page leave the approval pending."""
    client = server.client()
    for path in ("/approve/a1", "/pending", "/"):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
    assert client.get("/reject/a1").status_code == 405
    assert client.get("/approve/a1/renew").status_code == 405
    assert (state(server), server.woken, server.proofs) == ("pending", [], [])


def test_rejecting_needs_no_proof(server: Stand) -> None:
    """A no is taken even when the cluster cannot be read, with its reason."""
    server.change = found_change("unreadable", "no route to host")
    assert server.client().post("/reject/a1", json={"reason": "known deploy"}).status_code == 200
    approval = server.approvals.get("a1")
    assert (approval.state, approval.reason) == ("rejected", "known deploy")
    assert (server.proofs, server.woken) == ([], ["i1"])


def test_a_second_decision_is_told_who_was_first(server: Stand) -> None:
    """409 names the person and the time, whatever the second answer is."""
    client = server.client()
    client.post("/reject/a1")
    for path in ("/approve/a1", "/reject/a1", "/approve/a1/renew"):
        answer = client.post(path)
        assert answer.status_code == 409
        assert answer.mimetype == "application/problem+json"
        assert answer.json is not None
        assert answer.json["type"] == "/problems/already-decided"
        assert "local rejected it at 2026-01-05 12:00:00 UTC" in answer.json["detail"]
    assert state(server) == "rejected"


def test_approve_and_reject_at_once_one_wins(server: Stand) -> None:
    """Of many decisions at the same instant exactly one is taken; every other is told."""
    app, barrier, codes = server.app(), Barrier(8), []

    def post(path: str) -> None:
        barrier.wait()
        codes.append(app.test_client(use_cookies=False).post(path).status_code)

    threads = [Thread(target=post, args=(path,)) for path in ["/approve/a1", "/reject/a1"] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200] + [409] * 7


def test_who_decides_during_the_proof_wins(server: Stand) -> None:
    """A rejection that comes while the cluster is being read beats the approval that waits for it."""
    server.during_proof = lambda: server.client().post("/reject/a1", json={"reason": "stop"})
    answer = server.client().post("/approve/a1")
    assert answer.status_code == 409
    assert (state(server), server.woken) == ("rejected", ["i1"])


def test_what_an_answer_during_the_proof_has_done_is_no_obstacle(server: Stand) -> None:
    """A second yes that finds the action under way is told who said the first, not that rules forbid it."""
    server.change = found_change("blocked", "one_attempt: rollback_deployment was tried")
    server.during_proof = lambda: server.approvals.decide(
        "a1", "approved", at=server.clock.now(), actor="ana"
    )
    answer = server.client().post("/approve/a1")
    assert answer.json is not None
    assert (answer.status_code, answer.json["type"].rpartition("/")[2]) == (409, "already-decided")
    assert "ana approved it" in answer.json["detail"]


def test_an_unknown_approval_is_404(server: Stand) -> None:
    """Every way to ask for it."""
    client = server.client()
    answers = [client.get("/approve/nope")]
    answers += [client.post(path) for path in ("/approve/nope", "/reject/nope", "/approve/nope/renew")]
    assert [answer.status_code for answer in answers] == [404] * 4


def test_an_expired_approval_says_how_to_renew(server: Stand) -> None:
    """410, the state is recorded, and the way back is named; renewing opens a new run."""
    server.clock.advance(3600)
    client = server.client()
    answer = client.post("/approve/a1")
    assert answer.status_code == 410
    assert answer.json is not None
    assert "POST /approve/a1/renew" in answer.json["detail"]
    assert (state(server), server.proofs, server.woken) == ("expired", [], ["i1"])
    renewed = client.post("/approve/a1/renew")
    assert renewed.status_code == 202
    assert renewed.headers["Location"] == "/incidents/i1-again"
    assert server.reopened == ["i1"]


def test_renewing_a_pending_one_asks_the_same_run_again(server: Stand) -> None:
    """The run is woken to prove and propose anew; the old id takes no decision any more."""
    answer = server.client().post("/renew/a1")
    assert (answer.status_code, answer.headers["Location"]) == (202, "/incidents/i1")
    assert (state(server), server.woken, server.reopened) == ("renewed", ["i1"], [])
    assert server.client().post("/approve/a1").status_code == 409


def test_a_changed_target_is_412_and_a_fresh_proposal(server: Stand) -> None:
    """Never the old action: the approval is stale, the run is woken, and the attempt is on record."""
    server.change = found_change("changed", "the pod template has changed since it was proposed")
    answer = server.client().post("/approve/a1")
    assert answer.status_code == 412
    assert answer.json is not None
    assert answer.json["type"] == "/problems/target-changed"
    assert "the pod template has changed" in answer.json["detail"]
    assert (state(server), server.woken) == ("stale", ["i1"])
    assert any("local tried to approve" in line.text for line in server.incidents.timeline("i1"))
    server.approvals.replace("a1", "a2")
    again = server.client().post("/approve/a1")
    assert again.status_code == 412
    assert again.json is not None
    assert again.json["fresh"] == "/approve/a2"


def test_a_resolved_alert_withdraws_its_approval(server: Stand) -> None:
    """409 that says there is nothing to do any more."""
    server.change = found_change("resolved", "its alerts have resolved")
    answer = server.client().post("/approve/a1")
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["type"] == "/problems/withdrawn"
    assert "nothing to do" in answer.json["detail"]
    assert (state(server), server.woken) == ("withdrawn", ["i1"])


def test_an_unreadable_cluster_proves_nothing(server: Stand) -> None:
    """503, and the approval waits for a time when it can be proved."""
    server.change = found_change("unreadable", "connection refused")
    answer = server.client().post("/approve/a1")
    assert (answer.status_code, state(server), server.woken) == (503, "pending", [])
    assert "Retry-After" in answer.headers
    server.change = None
    assert server.client().post("/approve/a1").status_code == 200


def test_a_rule_that_forbids_it_now_keeps_it_pending(server: Stand) -> None:
    """409 names the rule."""
    server.change = found_change("blocked", "budget: 6 writes in this hour")
    answer = server.client().post("/approve/a1")
    assert (answer.status_code, state(server)) == (409, "pending")
    assert answer.json is not None
    assert "budget: 6 writes" in answer.json["detail"]


def test_nothing_is_approved_while_paused(server: Stand) -> None:
    """409 says who paused; rejecting still works; after resuming it can be approved."""
    server.controls.pause(actor="otto", reason="migration", at=server.clock.now())
    client = server.client()
    answer = client.post("/approve/a1")
    assert (answer.status_code, state(server), server.proofs) == (409, "pending", [])
    assert answer.json is not None
    assert answer.json["type"] == "/problems/paused"
    assert "otto" in answer.json["detail"]
    server.controls.resume(actor="otto", reason="", at=server.clock.now())
    assert client.post("/approve/a1").status_code == 200


@pytest.mark.parametrize(
    "body", [{"args": {"to_revision": 9}}, {"action": "delete_deployment"}, {"reason": "x", "proposal": {}}]
)
def test_edited_arguments_are_refused(server: Stand, body: dict[str, object]) -> None:
    """An approval is for exactly what was shown: anything else in the body is 422 and decides nothing."""
    answer = server.client().post("/approve/a1", json=body)
    assert (answer.status_code, state(server), server.proofs) == (422, "pending", [])


@pytest.mark.parametrize("body", [{"reason": 5}, {"reason": "x" * 2001}, {"reason": None}])
def test_a_reason_must_be_bounded_text(server: Stand, body: dict[str, object]) -> None:
    """422 says which field."""
    answer = server.client().post("/approve/a1", json=body)
    assert (answer.status_code, state(server)) == (422, "pending")


def test_bodies_that_cannot_be_read_decide_nothing(server: Stand) -> None:
    """Broken JSON, JSON that is no object, JSON announced as a form, too much: each a clear problem."""
    client = server.client()
    json_type = {"Content-Type": "application/json"}
    answers = [
        client.post("/approve/a1", data="{", headers=json_type),
        client.post("/approve/a1", data="[1]", headers=json_type),
        client.post("/approve/a1", data={'{"reason": "x"}': ""}),
        client.post("/approve/a1", data="hello", headers={"Content-Type": "text/plain"}),
        client.post("/approve/a1", json={"reason": "x" * 70_000}),
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 415, 415, 413]
    assert all(answer.mimetype == "application/problem+json" for answer in answers)
    assert state(server) == "pending"


def test_a_digest_in_the_body_must_be_the_one_shown(server: Stand) -> None:
    """Who says what they saw is refused when it was something else."""
    assert server.client().post("/approve/a1", json={"digest": "e" * 64}).status_code == 412
    assert state(server) == "pending"
    assert server.client().post("/approve/a1", json={"digest": "d" * 64}).status_code == 200


def test_a_stated_name_is_only_a_claim(server: Stand) -> None:
    """Who writes another's name into the body does not become them."""
    server.client().post("/approve/a1", json={"actor": "eve"})
    assert server.approvals.get("a1").actor == "local (claimed:eve)"


def test_pending_lists_what_waits_with_its_preview(server: Stand) -> None:
    """Oldest first, each whole enough to decide from."""
    server.clock.advance(1)
    server.approval("a2", "i2")
    server.approvals.decide("a1", "rejected", at=server.clock.now())
    listed = server.client().get("/pending").json
    assert listed is not None
    assert [item["id"] for item in listed["pending"]] == ["a2"]
    assert "image: shop/web:1" in listed["pending"][0]["proposal"]["preview"]["diff"]


@pytest.mark.parametrize("path", ["/pending", "/incidents/i1"])
def test_it_can_be_decided_where_it_is_listed(server: Stand, path: str) -> None:
    """The list of what waits, and the incident's page, show the change, its dry run, verification and undo."""
    page = server.client().get(path, headers=HTML).get_data(as_text=True)
    for words in (
        '<span class="added">+- image: shop/web:1</span>',
        "accepted",
        "2 of 3 pods serve meanwhile",
        "no restart for 120 s",
        "rollback_deployment to revision 2",
        "completeness 0.90 of ",
        "Nothing like it is on record",
        'action="/approve/a1"',
        'action="/reject/a1"',
    ):
        assert words in page, words


def test_what_waited_too_long_is_listed_without_a_way_to_decide(server: Stand) -> None:
    """Its own page offers to prove and propose it again."""
    server.clock.advance(3601)
    page = server.client().get("/pending", headers=HTML).get_data(as_text=True)
    assert "Its time has run out" in page
    assert 'action="/approve/a1"' not in page
    assert 'href="/approve/a1"' in page


def test_the_page_shows_all_that_a_decision_needs(server: Stand) -> None:
    """Incident, evidence, diff, dry run, pods, what stays ready, verification, undo, confidence, history."""
    page = server.client().get("/approve/a1", headers=HTML).get_data(as_text=True)
    for words in (
        "Revision 2 crashes at start.",
        "panic: no config",
        '<span class="removed">-- image: shop/web:2</span>',
        '<span class="added">+- image: shop/web:1</span>',
        "accepted",
        "web-7d9-x2x1z",
        "2 of 3 pods serve meanwhile",
        "no restart for 120 s",
        "rollback_deployment to revision 2",
        "Confidence 0.91",
        "directness",
        "Nothing like it is on record",
        "high_risk: a person decides",
        "d" * 64,
    ):
        assert words in page, words


def test_json_for_programs(server: Stand) -> None:
    """The same address gives the record to whoever asks for JSON."""
    answer = server.client().get("/approve/a1", headers=JSON)
    assert answer.json is not None
    assert answer.json["state"] == "pending"


def test_text_from_outside_is_escaped(tmp_path: Path) -> None:
    """Markup in logs, names and reasons is shown as text, and never as an element or attribute."""
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 77777*7 }}'
    told = shown()
    told["incident"] = [evil]
    told["evidence"][0]["excerpt"] = evil
    with stand(tmp_path) as server:
        server.approval(shown=told)
        item = EvidenceItem(id="e1", kind="logs", status="found", query=evil, summary=evil, excerpt=evil)
        server.incidents.save_evidence("i1", Evidence(collected_at=server.clock.now(), items=(item,)))
        server.incidents.note("i1", "status", evil)
        server.client().post("/reject/a1", json={"reason": evil, "actor": "x<b>"})
        server.incident("i2", description=evil, alert_name=evil, pod=evil, status="received")
        for path in ("/approve/a1", "/", "/incidents", "/incidents/i1", "/incidents/i2", "/nope"):
            page = server.client().get(path, headers=HTML).get_data(as_text=True)
            assert "<script>" not in page
            assert "<img" not in page
            assert "<b>" not in page
            assert "544439" not in page


def test_an_old_proposal_without_preview_still_shows(server: Stand) -> None:
    """What an earlier release stored lacks fields; its page must open all the same."""
    bare = {
        "call": {"name": "rollback_deployment"},
        "target": {"kind": "Deployment", "namespace": "a", "name": "b"},
    }
    server.approval("a9", "i9", proposal=bare, shown={"incident": []})
    assert server.client().get("/approve/a9", headers=HTML).status_code == 200


def test_roles_decide_who_may_decide(tmp_path: Path) -> None:
    """A viewer reads; an approver decides, under the name of their token."""
    with stand(tmp_path, people=True) as server:
        server.approval()
        client = server.client()
        viewer = {"Authorization": f"Bearer {VIEWER}"}
        assert client.get("/approve/a1", headers=viewer).status_code == 200
        assert client.post("/approve/a1", headers=viewer).status_code == 403
        assert client.post("/approve/a1").status_code == 401
        assert state(server) == "pending"
        assert client.post("/approve/a1", headers=BEARER, json={"actor": "ana"}).status_code == 200
        assert server.approvals.get("a1").actor == "ana"


def test_a_browser_decides_by_form_and_is_shown_the_outcome(server: Stand) -> None:
    """Post, redirect, and the page says who decided; a second press gives a page that explains."""
    browser = server.browser()
    fields = {"csrf_token": browser.token("/approve/a1"), "digest": "d" * 64, "reason": "looks right"}
    answer = browser.post("/approve/a1", fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/incidents/i1?answered=a1")
    landed = browser.get(answer.headers["Location"]).get_data(as_text=True)
    assert "Local approved rollback_deployment: looks right." in landed
    page = browser.get("/approve/a1").get_data(as_text=True)
    assert "looks right" in page
    assert 'action="/approve/a1"' not in page
    second = browser.post("/approve/a1", fields)
    assert (second.status_code, second.mimetype) == (409, "text/html")
    assert "Already decided" in second.get_data(as_text=True)


def test_a_notice_says_what_the_record_says(server: Stand) -> None:
    """The address names an approval of this incident that was answered; anything else shows no notice."""
    server.approval("a2", "i2")
    client = server.client()
    client.post("/reject/a1", json={"reason": "known deploy"})
    shown_for = {
        path: 'id="answered"' in client.get(f"/incidents/{path}", headers=HTML).get_data(as_text=True)
        for path in ("i1?answered=a1", "i1", "i1?answered=a2", "i2?answered=a2", "i1?answered=<b>")
    }
    assert [path for path, is_shown in shown_for.items() if is_shown] == ["i1?answered=a1"]


def test_the_timeline_names_who_decided_and_why(server: Stand) -> None:
    """One line for each answer, whoever gave it: a person, the clock, the alerts' end, a changed target."""
    for number in (2, 3, 4):
        server.approval(f"a{number}", f"i{number}")
    client = server.client()
    client.post("/approve/a1", json={"reason": "looks right", "actor": "ana"})
    client.post("/reject/a2", json={"reason": "known deploy"})
    client.post("/approve/a3/renew")
    server.clock.advance(3600)
    client.post("/approve/a4")
    told = [server.incidents.timeline(f"i{number}")[-1].text for number in (1, 2, 3, 4)]
    assert told == [
        "local (claimed:ana) approved rollback_deployment: looks right",
        "local rejected rollback_deployment: known deploy",
        "local asked to have rollback_deployment proposed anew",
        "nobody decided on rollback_deployment in time",
    ]


def test_an_expired_page_offers_one_click_to_renew(server: Stand) -> None:
    """After its time the page has no approve button, only proving and proposing again."""
    browser = server.browser()
    token = browser.token("/approve/a1")
    server.clock.advance(3601)
    page = browser.get("/approve/a1").get_data(as_text=True)
    assert 'action="/approve/a1/renew"' in page
    assert 'action="/approve/a1"' not in page
    answer = browser.post("/approve/a1/renew", {"csrf_token": token})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/incidents/i1")
