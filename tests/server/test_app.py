"""What every request gets: problems for errors, request ids, security headers, one line in the log."""

from __future__ import annotations

import io
import json
import logging
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from flask import Blueprint

from server.app import create_app
from server.logging import configure
from server.problems import Problem
from tests.server.app_stand import HTML, VIEWER, Stand, stand
from tools.errors import Invalid, NotFound, Refused, StoreError, TransientError


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Stand]:
    """A loopback server without tokens."""
    with stand(tmp_path) as made:
        yield made


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, object]]]]:
    """The log lines written so far, as JSON; logging is as it was before afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure("DEBUG", "json", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)


def breaking(error: Exception) -> Blueprint:
    """A route that raises."""
    pages = Blueprint("breaking", __name__)

    @pages.route("/break", methods=["GET", "POST"])
    def fail() -> str:
        raise error

    return pages


def test_errors_are_problems(server: Stand) -> None:
    """No route, wrong method, body too large: RFC 9457 with a stable type, and what to do."""
    client = server.client()
    answers = {
        "not-found": client.get("/nothing"),
        "method-not-allowed": client.delete("/incidents"),
        "body-too-large": client.post("/pause", data={"reason": "x" * 100_000}),
    }
    for kind, answer in answers.items():
        assert answer.mimetype == "application/problem+json"
        assert answer.json is not None
        assert answer.json["type"] == f"/problems/{kind}"
        assert answer.json["status"] == answer.status_code
        assert answer.json["detail"]
    assert answers["method-not-allowed"].headers["Allow"]


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (Problem(418, "teapot", "Teapot", "Use a cup."), 418, "teapot"),
        (NotFound("no incident x"), 404, "not-found"),
        (Invalid("no cursor"), 400, "bad-request"),
        (Refused("not ended"), 409, "refused"),
        (StoreError("the disk is full: free space"), 503, "store-unavailable"),
        (TransientError("timed out", retry_after=7), 503, "unavailable"),
        (RuntimeError("secret words"), 500, "internal"),
    ],
)
def test_errors_of_tools_become_problems(server: Stand, error: Exception, status: int, kind: str) -> None:
    """What tools raise is told with its words; what nobody expected is not told at all."""
    client = create_app(server.parts(), [breaking(error)]).test_client()
    answer = client.get("/break", headers={"X-Request-ID": "req-7"})
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["type"] == f"/problems/{kind}"
    assert answer.json["request_id"] == "req-7"
    if status == 500:
        assert "secret words" not in answer.get_data(as_text=True)
        assert "req-7" in answer.json["detail"]
    elif kind != "teapot":
        assert str(error) in answer.json["detail"]


def test_an_unexpected_error_is_logged_with_its_trace(
    server: Stand, lines: Callable[[], list[dict[str, object]]]
) -> None:
    """The request id that the answer names finds the trace in the log."""
    client = create_app(server.parts(), [breaking(RuntimeError("broken inside"))]).test_client()
    client.get("/break", headers={"X-Request-ID": "req-9"})
    traces = [line for line in lines() if "broken inside" in str(line.get("exception"))]
    assert [line["request_id"] for line in traces] == ["req-9"]


def test_pages_of_errors_for_browsers(server: Stand) -> None:
    """The same words as HTML."""
    answer = server.client().get("/nothing", headers=HTML)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "There is nothing at this address" in answer.get_data(as_text=True)


def test_request_ids_go_in_and_out(server: Stand) -> None:
    """A sane one is kept, another is replaced, none is made."""
    client = server.client()
    kept = client.get("/livez", headers={"X-Request-ID": "abc-1.2_3"}).headers["X-Request-ID"]
    made = client.get("/livez").headers["X-Request-ID"]
    replaced = client.get("/livez", headers={"X-Request-ID": "a b\t<" + "x" * 99}).headers["X-Request-ID"]
    assert kept == "abc-1.2_3"
    assert len(made) == len(replaced) == 32
    assert made != replaced


def test_security_headers_on_every_answer(server: Stand) -> None:
    """Pages, JSON, errors and files: nothing from elsewhere, no frames, no sniffing."""
    client = server.client()
    for path in ("/", "/health", "/nothing", "/static/style.css"):
        with client.get(path, headers=HTML) as answer:
            headers = answer.headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "script-src 'self';" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
    assert client.get("/").headers["Cache-Control"] == "no-store"


def test_one_line_for_each_request(server: Stand, lines: Callable[[], list[dict[str, object]]]) -> None:
    """Method, route, status, duration, who: and never the query or a header, which may hold secrets."""
    client = server.client()
    client.get(
        "/incidents/secret-id?q=hidden", headers={"Authorization": "Bearer hidden", "X-Request-ID": "r1"}
    )
    (line,) = [line for line in lines() if line["event"] == "request"]
    assert line["route"] == "/incidents/<incident_id>"
    assert (line["method"], line["status"], line["actor"], line["request_id"]) == ("GET", 404, "local", "r1")
    assert "hidden" not in json.dumps(lines())
    client.get("/livez")
    assert [line["level"] for line in lines() if line.get("path") == "/livez"] == ["debug"]


def test_other_packages_log_in_the_same_form(lines: Callable[[], list[dict[str, object]]]) -> None:
    """Standard library loggers become JSON lines too, with level and logger."""
    logging.getLogger("waitress").warning("queue depth is %d", 3)
    assert lines() == [
        {
            "event": "queue depth is 3",
            "level": "warning",
            "logger": "waitress",
            "timestamp": lines()[0]["timestamp"],
        }
    ]


def test_two_servers_in_one_process_share_nothing(
    server: Stand, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Pausing one leaves the other alone; each counts its own requests."""
    with stand(tmp_path_factory.mktemp("other")) as other:
        server.client().post("/pause")
        assert server.controls.pause_state().paused
        assert not other.controls.pause_state().paused
        assert 'route="/pause"' not in other.client().get("/metrics").get_data(as_text=True)


def test_pausing_names_who_and_why(server: Stand) -> None:
    """Both are audited; resuming wakes the worker."""
    client = server.client()
    paused = client.post("/pause", json={"reason": "migration", "actor": "eve"})
    assert paused.json is not None
    assert (paused.json["paused"], paused.json["actor"]) == (True, "local (claimed:eve)")
    assert client.post("/resume").json == {
        "paused": False,
        "actor": "local",
        "reason": "",
        "at": "2026-01-05T12:00:00Z",
    }
    assert server.woken == [None]
    kinds = [entry.kind for entry in server.parts().audit.entries()]
    assert kinds == ["paused", "resumed"]


def test_config_shows_no_secret(tmp_path: Path) -> None:
    """Settings by name, secrets as set or unset, people without tokens."""
    with stand(tmp_path, {"GROQ_API_KEY": "gsk-hidden"}, people=True) as server:
        answer = server.client().get("/config", headers={"Authorization": f"Bearer {VIEWER}"})
        assert answer.json is not None
        assert answer.json["settings"]["GROQ_API_KEY"] == "set"
        assert answer.json["settings"]["GMAIL_APP_PASSWORD"] == "unset"
        assert "kube-*" in answer.json["policy"]["namespace_deny"]
        assert answer.json["people"][0] == {"name": "vera", "role": "viewer"}
        text = answer.get_data(as_text=True)
        assert "hidden" not in text
        assert VIEWER not in text


def test_a_session_key_that_others_can_read_is_closed(server: Stand) -> None:
    """A key restored from a backup with loose rights is tightened."""
    key = server.settings.data_dir / "session.key"
    key.write_bytes(b"k" * 32)
    key.chmod(0o644)
    server.app()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
