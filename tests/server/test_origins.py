"""Host, Origin, Sec-Fetch-Site and form tokens, on loopback without tokens too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Blueprint

from server.app import create_app
from tests.server.app_stand import APPROVER, PEOPLE, VIEWER, WEBHOOK, Stand, stand

CHANGING = (
    "/approve/a1",
    "/reject/a1",
    "/approve/a1/renew",
    "/renew/a1",
    "/pause",
    "/resume",
    "/logout",
    "/login",
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Stand]:
    """A loopback server without tokens."""
    with stand(tmp_path) as made:
        made.approval()
        yield made


def untouched(server: Stand) -> bool:
    """Nothing was decided and nothing paused."""
    return server.approvals.get("a1").state == "pending" and not server.controls.pause_state().paused


@pytest.mark.parametrize("host", ["localhost", "localhost:5000", "127.0.0.1:5000", "[::1]:5000", "LOCALHOST"])
def test_our_own_names_are_served(server: Stand, host: str) -> None:
    """Every name of loopback, with and without port."""
    assert server.client().get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:5000", "10.0.0.1", "[::1", "a@localhost:b"],
)
def test_other_names_are_refused(server: Stand, host: str) -> None:
    """A page whose name resolves to 127.0.0.1 can neither read nor write."""
    client = server.client()
    for answer in (
        client.get("/approve/a1", headers={"Host": host}),
        client.post("/approve/a1", headers={"Host": host}),
        client.post("/webhook", headers={"Host": host}),
    ):
        assert answer.status_code in (400, 421)
    assert untouched(server)


def test_probes_are_asked_by_address(server: Stand) -> None:
    """The kubelet comes by the pod's address."""
    for path in ("/livez", "/readyz"):
        assert server.client().get(path, headers={"Host": "10.1.2.3:5000"}).status_code == 200


def test_a_bearer_of_a_token_may_come_by_address(tmp_path: Path) -> None:
    """Prometheus and Alertmanager do; a session cookie is not enough."""
    with stand(tmp_path, people=True) as server:
        client = create_app(server.parts(), [receiver()]).test_client()
        by_address = {"Host": "10.1.2.3:5000"}
        bearer = {"Authorization": f"Bearer {VIEWER}"}
        assert client.get("/metrics", headers={**by_address, **bearer}).status_code == 200
        hook = {"Authorization": f"Bearer {WEBHOOK}"}
        assert client.post("/webhook", headers={**by_address, **hook}).status_code == 202
        client.post("/login", json={"token": VIEWER})
        assert client.get("/metrics").status_code == 200
        assert client.get("/metrics", headers=by_address).status_code == 421


def test_without_tokens_an_authorization_header_opens_nothing(server: Stand) -> None:
    """A strange page can send a header of its own making."""
    strange = {"Host": "evil.example", "Authorization": "Bearer anything"}
    assert server.client().get("/health", headers=strange).status_code == 421


def receiver() -> Blueprint:
    """A webhook that takes everything."""
    pages = Blueprint("webhooks", __name__)
    pages.post("/webhook")(lambda: ({}, 202))
    return pages


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "https://localhost.evil.example"},
        {"Origin": "file://localhost"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_what_another_sites_page_sends_is_refused(server: Stand, headers: dict[str, str]) -> None:
    """Every route that changes anything, the webhook included; another port is another site."""
    client = create_app(server.parts(), [receiver()]).test_client(use_cookies=False)
    for path in (*CHANGING, "/webhook"):
        answer = client.post(path, headers=headers)
        assert answer.status_code == 403, path
        assert answer.json is not None
        assert answer.json["type"] == "/problems/cross-site"
    assert untouched(server)


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://localhost"}, {"Cookie": "sre_agent_5000=x"}, {"Sec-Fetch-Site": "same-origin"}],
)
def test_a_browser_needs_the_forms_token(server: Stand, headers: dict[str, str]) -> None:
    """Whatever shows that it is a browser; without the token of a page of ours nothing is changed."""
    client = server.client()
    for path in CHANGING:
        answer = client.post(path, headers=headers, data={"csrf_token": "made-up"})
        assert answer.status_code == 400, path
        assert answer.json is not None
        assert answer.json["type"] == "/problems/csrf"
    assert untouched(server)


def test_a_token_of_another_session_does_not_count(server: Stand) -> None:
    """Who can open a page of ours elsewhere cannot use its token here."""
    stolen = server.browser().token("/approve/a1")
    victim = server.browser()
    victim.token("/approve/a1")
    assert victim.post("/approve/a1", {"csrf_token": stolen}).status_code == 400
    assert untouched(server)


def test_a_program_needs_none(server: Stand) -> None:
    """No Origin, no Cookie, no Sec-Fetch-Site: curl."""
    assert server.client().post("/pause", json={"reason": "drill"}).status_code == 200
    assert server.controls.pause_state().reason == "drill"


def test_the_webhook_needs_no_form_token(server: Stand) -> None:
    """Alertmanager behind a proxy that adds a cookie still gets through."""
    client = create_app(server.parts(), [receiver()]).test_client()
    assert client.post("/webhook", headers={"Cookie": "lb=1"}).status_code == 202


def test_the_public_url_is_a_name_of_ours(tmp_path: Path) -> None:
    """Behind a proxy that ends TLS, the browser's origin is that of PUBLIC_URL."""
    (tmp_path / "people.yaml").write_text(PEOPLE, encoding="utf-8")
    environ = {"PUBLIC_URL": "https://sre.example.org", "AUTH_TOKENS_FILE": str(tmp_path / "people.yaml")}
    with stand(tmp_path, environ) as server:
        server.approval()
        client = server.app().test_client()
        ours = {"Host": "sre.example.org", "Origin": "https://sre.example.org"}
        bearer = {"Authorization": f"Bearer {APPROVER}"}
        page = client.get("/approve/a1", base_url="https://sre.example.org", headers=bearer)
        token = page.get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]
        answer = client.post(
            "/reject/a1",
            base_url="https://sre.example.org",
            headers={**ours, **bearer},
            data={"csrf_token": token},
        )
        assert answer.status_code == 200
        assert "Secure" in page.headers["Set-Cookie"]
        other = client.post("/approve/a1", headers={**bearer, "Origin": "https://other.example.org"})
        assert other.status_code == 403
