"""`/hold` and its lifting over HTTP: shown everywhere, ended by who may, with a reason that is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph.freeze_windows import FreezeWindow
from graph.policy_facts import PolicySettings
from server.hold_watch import message
from tests.server.app_stand import ADMIN, APPROVER, HTML, VIEWER, Stand, stand


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Stand]:
    """A server with one pending approval, and five workloads ill at once."""
    with stand(tmp_path) as made:
        made.approval()
        made.holds.engage("correlated_failure", "5 workloads fell ill", at=made.clock.now(), weight=5)
        yield made


def test_a_hold_says_why_and_what_ends_it(server: Stand) -> None:
    """Why, since when, what waits for it, and whether it lifts itself."""
    server.holds.engage("api_unwell", "the API server is slow", at=server.clock.now())
    told = server.client().get("/hold").get_json()
    assert told["held"] is True
    assert [(hold["cause"], hold["latched"], hold["ends"]) for hold in told["holds"]] == [
        ("correlated_failure", True, "waits for a person to lift it"),
        ("api_unwell", False, "lifts itself when the cause is gone"),
    ]
    assert (told["holds"][0]["why"], told["holds"][0]["since"]) == (
        "5 workloads fell ill",
        "2026-01-05T12:00:00Z",
    )
    assert told["affected"] == {"settling": [], "approvals": ["/approve/a1"]}


def test_it_stands_on_every_page_on_health_and_in_the_metrics(server: Stand) -> None:
    """Nobody has to look for it."""
    client = server.client()
    for path in ("/", "/incidents", "/pending", "/hold"):
        assert "5 workloads fell ill" in client.get(path, headers=HTML).get_data(as_text=True), path
    health = client.get("/health").get_json()
    assert (len(health["holds"]), health["auto_action"]) == (1, False)
    series = client.get("/metrics").get_data(as_text=True)
    assert 'sre_agent_hold{cause="correlated_failure"} 1.0' in series
    assert 'sre_agent_hold{cause="api_unwell"} 0.0' in series


def test_lifting_needs_a_reason_and_is_audited(server: Stand) -> None:
    """Who, why and what; the worker is woken, and the past is shown."""
    client = server.client()
    refused = client.post("/hold/lift")
    assert (refused.status_code, refused.get_json()["type"]) == (422, "/problems/reason-needed")
    assert server.holds.active(server.clock.now()) != ()

    server.clock.advance(60)
    lifted = client.post("/hold/lift", json={"reason": "the registry is back", "actor": "eve"})
    assert (lifted.status_code, lifted.get_json()["held"]) == (200, False)
    assert server.woken == [None]
    told = client.get("/hold").get_json()
    assert (told["held"], told["lifted"][0]["lift_reason"]) == (False, "the registry is back")
    entry = server.parts().audit.entries()[-1]
    assert (entry.kind, entry.actor) == ("hold_lifted", "local (claimed:eve)")
    assert entry.detail["reason"] == "the registry is back"
    assert client.post("/hold/lift", json={"reason": "again"}).get_json()["type"] == "/problems/no-hold"


def test_what_lifts_itself_is_not_lifted_by_hand(server: Stand) -> None:
    """Lifting would be undone at the next look: the answer says what ends it."""
    server.holds.engage("api_unwell", "the API server is slow", at=server.clock.now())
    first = server.client().post("/hold/lift", json={"reason": "I know"}).get_json()
    assert ([hold["cause"] for hold in first["lifted"]], first["held"]) == (["correlated_failure"], True)
    second = server.client().post("/hold/lift", json={"reason": "I know"})
    assert (second.status_code, second.get_json()["type"]) == (409, "/problems/lifts-itself")
    assert "the API server is slow" in second.get_json()["detail"]


def test_who_may_resume_may_lift(tmp_path: Path) -> None:
    """Viewers look, approvers decide on single actions, admins lift."""
    with stand(tmp_path, people=True) as server:
        server.holds.engage("correlated_failure", "5 workloads fell ill", at=server.clock.now())
        codes = []
        for token in (VIEWER, APPROVER, ADMIN):
            bearer = {"Authorization": f"Bearer {token}"}
            assert server.client().get("/hold", headers=bearer).status_code == 200
            answer = server.client().post("/hold/lift", json={"reason": "over"}, headers=bearer)
            codes.append(answer.status_code)
        assert codes == [403, 403, 200]


def test_a_browser_lifts_it_by_the_form_and_other_sites_do_not(server: Stand) -> None:
    """The form carries its token; a post from elsewhere changes nothing."""
    browser = server.browser()
    token = browser.token("/hold")
    foreign = browser.post("/hold/lift", {"reason": "x", "csrf_token": token}, Origin="http://evil.example")
    bare = browser.post("/hold/lift", {"reason": "x"})
    assert (foreign.status_code, bare.status_code) == (403, 400)
    assert server.holds.active(server.clock.now()) != ()
    done = browser.post("/hold/lift", {"reason": "seen", "csrf_token": token})
    assert (done.status_code, done.headers["Location"]) == (303, "/hold")
    assert "lifted" in browser.get("/hold").get_data(as_text=True).lower()


def test_a_bare_yes_under_a_hold_says_what_to_do(server: Stand) -> None:
    """409 and the approval stays pending; a reason makes it an override, and the audit trail says so."""
    refused = server.client().post("/approve/a1")
    assert refused.status_code == 409
    assert refused.get_json()["type"] == "/problems/global-hold"
    assert "with a reason" in refused.get_json()["detail"]
    assert (server.approvals.get("a1").state, server.proofs) == ("pending", [])

    assert server.client().post("/approve/a1", json={"reason": "I watch it"}).status_code == 200
    taken = server.approvals.get("a1")
    assert (taken.state, taken.override_hold, taken.reason) == ("approved", True, "I watch it")
    assert server.parts().audit.entries(incident_id="i1")[-1].detail["override_hold"] is True


def test_a_yes_is_in_spite_of_exactly_what_was_shown(server: Stand) -> None:
    """A page names what holds; what has come since it was read is shown before it is overridden."""
    browser = server.browser()
    page = browser.get("/approve/a1").get_data(as_text=True)
    assert "5 workloads fell ill (since 12:00 UTC" in page
    assert "needed: it is held" in page
    (seen,) = re.findall('name="seen" value="([0-9a-f]{16})"', page)
    given = {"reason": "I watch it", "seen": seen, "csrf_token": browser.token("/approve/a1")}
    server.holds.engage("api_unwell", "the API server is slow", at=server.clock.now())
    refused = browser.post("/approve/a1", given)
    assert (refused.status_code, server.approvals.get("a1").state) == (409, "pending")
    assert "the API server is slow" in refused.get_data(as_text=True)

    server.holds.lift(("api_unwell",), actor="x", reason="", at=server.clock.now())
    assert browser.post("/approve/a1", given).status_code == 303
    taken = server.approvals.get("a1")
    assert (taken.overrides, taken.override_hold) == (("global hold: correlated failure",), True)


def test_a_freeze_alone_is_no_hold_that_was_overridden(tmp_path: Path) -> None:
    """Each is named as what it is; one that is read before it opens is shown first."""
    window = FreezeWindow.model_validate(
        {"name": "year end", "time_zone": "UTC", "since": "2026-01-05T12:05:00"}
    )
    with stand(tmp_path) as made:
        made.approval()
        made.policy = PolicySettings(freeze_windows=(window,))
        browser = made.browser()
        page = browser.get("/approve/a1").get_data(as_text=True)
        assert 'name="seen" value=""' in page
        made.clock.advance(600)
        token = browser.token("/approve/a1")
        early = browser.post("/approve/a1", {"reason": "fine", "seen": "", "csrf_token": token})
        assert (early.status_code, "year end" in early.get_data(as_text=True)) == (409, True)
        assert made.client().post("/approve/a1", json={"reason": "it burns"}).status_code == 200
        taken = made.approvals.get("a1")
        assert (taken.overrides, taken.override_hold) == (("change freeze: year end",), False)


def test_a_pause_is_no_hold(server: Stand) -> None:
    """No reason gets past it."""
    server.client().post("/pause")
    answer = server.client().post("/approve/a1", json={"reason": "I watch it"})
    assert (answer.status_code, answer.get_json()["type"]) == (409, "/problems/paused")


def test_a_no_needs_no_reason_under_a_hold(server: Stand) -> None:
    """To do nothing is always right."""
    assert server.client().post("/reject/a1").status_code == 200


def test_the_message_says_what_to_do_first(server: Stand) -> None:
    """Who must lift it is told to act; what lifts itself asks nobody to."""
    server.holds.engage("api_unwell", "the API server is slow", at=server.clock.now())
    latched, passing = server.holds.active(server.clock.now())
    told = message(latched, 1, server.clock.now())
    assert told.subject == "Act now: global hold: correlated failure"
    assert told.body.startswith("Act now: a global hold waits for you.")
    assert "5 workloads fell ill" in told.body
    assert "5 workloads fell ill" in told.html
    assert message(passing, 0, server.clock.now()).subject.startswith("Nothing to do yet")
