"""Who may do what: roles by token, browser sessions, the webhook's token, and nothing by accident."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Blueprint

from server.app import create_app
from server.tokens import digest, find, matches_any, read_people
from tests.server.app_stand import ADMIN, APPROVER, HTML, PEOPLE, VIEWER, WEBHOOK, Stand, stand

OPEN = {"/livez", "/readyz", "/login", "/logout", "/static/<path:filename>"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Stand]:
    """A server with a viewer, an approver, an admin and a webhook token."""
    with stand(tmp_path, people=True) as made:
        made.approval()
        yield made


def bearer(token: str) -> dict[str, str]:
    """The header that brings a token."""
    return {"Authorization": f"Bearer {token}"}


def receiver() -> Blueprint:
    """A webhook that takes everything: only who gets through to it is of interest here."""
    pages = Blueprint("webhooks", __name__)
    pages.post("/webhook")(lambda: ({}, 202))
    return pages


def test_every_route_but_a_few_needs_a_token(server: Stand) -> None:
    """A route that somebody adds without a guard fails here."""
    app = server.app()
    client = app.test_client(use_cookies=False)
    checked = 0
    for rule in app.url_map.iter_rules():
        if rule.rule in OPEN:
            continue
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            path = rule.rule.replace("<incident_id>", "i1").replace("<approval_id>", "a1")
            answer = client.open(path, method=method)
            assert answer.status_code == 401, (method, rule.rule)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            checked += 1
    assert checked >= 14
    assert server.approvals.get("a1").state == "pending"


@pytest.mark.parametrize(
    ("method", "path", "lowest"),
    [
        ("GET", "/", "viewer"),
        ("GET", "/health", "viewer"),
        ("GET", "/metrics", "viewer"),
        ("GET", "/incidents", "viewer"),
        ("GET", "/incidents/i1", "viewer"),
        ("GET", "/pending", "viewer"),
        ("GET", "/approve/a1", "viewer"),
        ("GET", "/config", "viewer"),
        ("POST", "/reject/a1", "approver"),
        ("POST", "/approve/a1/renew", "approver"),
        ("POST", "/pause", "admin"),
        ("POST", "/resume", "admin"),
    ],
)
def test_each_role_may_do_its_own_and_what_is_below(
    server: Stand, method: str, path: str, lowest: str
) -> None:
    """viewer reads, approver decides, admin pauses; each may do what those below may."""
    order = ["viewer", "approver", "admin"]
    client = server.client()
    for role, token in zip(order, (VIEWER, APPROVER, ADMIN), strict=True):
        code = client.open(path, method=method, headers=bearer(token)).status_code
        if order.index(role) < order.index(lowest):
            assert code == 403, role
        else:
            assert code not in (401, 403), role


def test_a_wrong_token_is_401(server: Stand) -> None:
    """Also an empty one, one of another scheme, and the webhook's own."""
    client = server.client()
    for header in ("Bearer nobody", "Bearer", "Basic dTpw", f"Bearer {WEBHOOK}", f"Token {ADMIN}", ""):
        assert client.get("/health", headers={"Authorization": header}).status_code == 401


def test_the_webhook_takes_its_token_as_bearer_or_password(server: Stand) -> None:
    """As Alertmanager sends it; anything else is 401 and says which file it must be in."""
    client = create_app(server.parts(), [receiver()]).test_client(use_cookies=False)
    assert client.post("/webhook", headers=bearer(WEBHOOK)).status_code == 202
    assert client.post("/webhook", auth=("alertmanager", WEBHOOK)).status_code == 202
    for headers in ({}, bearer("wrong"), bearer(ADMIN)):
        answer = client.post("/webhook", headers=headers)
        assert answer.status_code == 401
        assert answer.json is not None
        assert "WEBHOOK_TOKEN_FILE" in answer.json["detail"]


def test_both_webhook_tokens_work_while_one_replaces_the_other(tmp_path: Path) -> None:
    """Rotation without a gap."""
    path = tmp_path / "hook"
    path.write_text(f"{WEBHOOK}\n{WEBHOOK}-new\n", encoding="utf-8")
    with stand(tmp_path, {"WEBHOOK_TOKEN_FILE": str(path)}) as server:
        client = create_app(server.parts(), [receiver()]).test_client()
        codes = [
            client.post("/webhook", headers=bearer(token)).status_code
            for token in (WEBHOOK, f"{WEBHOOK}-new", f"{WEBHOOK}-newer")
        ]
        assert codes == [202, 202, 401]


def test_without_tokens_only_this_machine_is_served(tmp_path: Path) -> None:
    """A request from elsewhere is refused even if something forwards it to loopback's port."""
    with stand(tmp_path) as server:
        client = create_app(server.parts(), [receiver()]).test_client()
        elsewhere = {"REMOTE_ADDR": "10.1.2.3"}
        assert client.get("/health").status_code == 200
        assert client.get("/health", environ_overrides=elsewhere).status_code == 401
        assert client.post("/webhook").status_code == 202
        assert client.post("/webhook", environ_overrides=elsewhere).status_code == 403


def test_a_browser_logs_in_with_a_token(server: Stand) -> None:
    """The session carries the person; the cookie is out of reach of scripts and of other sites."""
    browser = server.browser()
    first = browser.get("/approve/a1?x=1")
    assert (first.status_code, first.headers["Location"]) == (303, "/login?next=/approve/a1?x%3D1")
    page = browser.get("/login?next=/approve/a1")
    assert 'value="/approve/a1"' in page.get_data(as_text=True)
    answer = browser.post(
        "/login", {"token": APPROVER, "next": "/approve/a1", "csrf_token": browser.token("/login")}
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/approve/a1")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "ana (approver)" in browser.get("/approve/a1").get_data(as_text=True)
    decided = browser.post("/approve/a1", {"csrf_token": browser.token("/approve/a1")})
    assert decided.status_code == 303
    assert server.approvals.get("a1").actor == "ana"


def test_a_wrong_token_does_not_log_in(server: Stand) -> None:
    """401, and the browser stays a stranger."""
    browser = server.browser()
    answer = browser.post("/login", {"token": "nobody", "csrf_token": browser.token("/login")})
    assert answer.status_code == 401
    assert browser.get("/").status_code == 303


def test_logging_out_ends_the_session(server: Stand) -> None:
    """Afterwards the login page is shown again."""
    browser = server.browser()
    browser.post("/login", {"token": VIEWER, "csrf_token": browser.token("/login")})
    browser.post("/logout", {"csrf_token": browser.token("/")})
    assert browser.get("/").status_code == 303


def test_a_revoked_token_ends_its_sessions(server: Stand, tmp_path: Path) -> None:
    """A session lives no longer than the token that it was made from."""
    first = server.app()
    client = first.test_client()
    client.post("/login", json={"token": VIEWER})
    assert client.get("/health").status_code == 200
    cookie = client.get_cookie("sre_agent_5000")
    assert cookie is not None
    (tmp_path / "people.yaml").write_text(PEOPLE.replace(VIEWER, "another-0123456789"), encoding="utf-8")
    after = server.app().test_client()
    after.set_cookie("sre_agent_5000", cookie.value)
    assert after.get("/health").status_code == 401


def test_sessions_survive_a_restart(server: Stand) -> None:
    """The signing key is made once, and only its owner may read it."""
    client = server.app().test_client()
    client.post("/login", json={"token": ADMIN})
    cookie = client.get_cookie("sre_agent_5000")
    assert cookie is not None
    key = server.settings.data_dir / "session.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_bytes()) == 32
    restarted = server.app().test_client()
    restarted.set_cookie("sre_agent_5000", cookie.value)
    assert restarted.get("/health").status_code == 200


@pytest.mark.parametrize(
    "place", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/\t/evil"]
)
def test_login_leads_only_to_our_own_pages(server: Stand, place: str) -> None:
    """`next` cannot send people to another site."""
    browser = server.browser()
    answer = browser.post("/login", {"token": VIEWER, "next": place, "csrf_token": browser.token("/login")})
    assert answer.headers["Location"] == "/"


def test_a_link_from_another_site_reloads_itself(server: Stand) -> None:
    """A Strict cookie does not come along from webmail: one reload from our own page brings it."""
    answer = server.browser().get("/approve/a1", **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert 'http-equiv="refresh"' in answer.get_data(as_text=True)
    assert "rollback" not in answer.get_data(as_text=True)


def test_tokens_may_stand_as_sums(tmp_path: Path) -> None:
    """A file with token_sha256 holds no secret, and the token still works."""
    path = tmp_path / "people.yaml"
    path.write_text(
        f"- {{name: ana, role: admin, token_sha256: {digest(ADMIN).upper()}}}\n", encoding="utf-8"
    )
    people = read_people(path)
    found = find(people, ADMIN)
    assert found is not None
    assert found.roles == ["viewer", "approver", "admin"]
    assert find(people, VIEWER) is None
    assert matches_any(ADMIN, (VIEWER, ADMIN))
    assert not matches_any("", (VIEWER, ADMIN))


def test_html_is_asked_for_by_browsers_only(server: Stand) -> None:
    """A program without a token gets a problem, a browser the login page."""
    assert server.client().get("/").status_code == 401
    assert server.client().get("/", headers=HTML).status_code == 303
