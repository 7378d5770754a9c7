"""Who is asking and what they may do: bearer tokens, browser sessions made from them, the webhook's token.

Roles are viewer < approver < admin. Without tokens every local request is `local`, who may do everything; the
server then listens on loopback only. Names in a body are never believed, see `actor_of`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from flask import (
    Blueprint,
    Flask,
    Response,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_httpauth import HTTPTokenAuth

from server.forms import read_fields
from server.origins import WEBHOOK
from server.problems import Problem, answer, wants_html
from server.settings import Settings
from server.settings_checks import is_loopback
from server.tokens import LOCAL, Person, Role, find, matches_any, read_people

P = ParamSpec("P")
R = TypeVar("R")
SESSION_HOURS = 12
_SESSION_KEY = "person"


class _TokenOrSession(HTTPTokenAuth):  # type: ignore[misc]
    """Also asks the callback when no token came: a session or loopback may do instead."""

    def authenticate(self, auth: Any, stored_password: object) -> Any:
        return self.verify_token_callback(getattr(auth, "token", None) or "")


class Auth:
    """The people of this server and how a request proves to be one of them."""

    def __init__(self, settings: Settings) -> None:
        path = settings.auth_tokens_file
        self.people = read_people(path) if path else ()
        self._webhook_tokens = settings.webhook_tokens()
        self._http = _TokenOrSession(scheme="Bearer", realm="sre-agent")
        self._http.verify_token(self._verify)
        self._http.get_user_roles(lambda person: person.roles)
        self._http.error_handler(_refuse)

    def needs(self, role: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Decorate a view: only people with this role or a higher one reach it."""

        def decorate(view: Callable[P, R]) -> Callable[P, R]:
            guarded: Callable[P, R] = self._http.login_required(role=role)(view)
            guarded.role = role  # type: ignore[attr-defined]  # the API's description tells it
            return guarded

        return decorate

    def person(self) -> Person:
        """Who asks; only within a guarded view."""
        person: Person = self._http.current_user()
        return person

    def _verify(self, token: str) -> Person | None:
        person = self._identify(token)
        if person is not None:
            g.actor = person.name
            g.person = person
        return person

    def _identify(self, token: str) -> Person | None:
        if not self.people:
            return LOCAL if is_loopback(request.remote_addr or "") else None
        if token:
            return find(self.people, token)
        remembered = session.get(_SESSION_KEY, "")
        return next((p for p in self.people if secrets.compare_digest(p.session_id, remembered)), None)

    def log_in(self, token: str) -> Person:
        """Begin a browser session. Raises a 401 problem for a token that nobody has."""
        person = find(self.people, token)
        if person is None:
            raise Problem(401, "bad-token", "No such token", "Nobody has this token. Check AUTH_TOKENS_FILE.")
        session.clear()
        session[_SESSION_KEY] = person.session_id
        session.permanent = True
        return person

    def check_webhook(self) -> None:
        """Refuse a webhook without its token, or from another machine where no token is set."""
        if request.path != WEBHOOK:
            return
        g.actor = "webhook"
        if not self._webhook_tokens:
            if is_loopback(request.remote_addr or ""):
                return
            detail = "Without WEBHOOK_TOKEN only this machine may send alerts. Set WEBHOOK_TOKEN_FILE."
            raise Problem(403, "no-webhook-token", "Webhook closed to other machines", detail)
        if not matches_any(_webhook_secret(), self._webhook_tokens):
            raise Problem(
                401,
                "bad-webhook-token",
                "The webhook's token is missing or wrong",
                "Alertmanager sends it by http_config.authorization.credentials_file (or basic_auth's password): "
                "it must be the content of WEBHOOK_TOKEN_FILE.",
                headers={"WWW-Authenticate": 'Bearer realm="sre-agent webhook"'},
            )


def actor_of(person: Person, fields: dict[str, str]) -> str:
    """The name to record: the token's, with a name that was only stated marked as a claim."""
    claimed = fields.get("actor", "")
    return f"{person.name} (claimed:{claimed})" if claimed and claimed != person.name else person.name


def _webhook_secret() -> str:
    given = request.authorization
    if given is None:
        return ""
    return (given.token if given.type == "bearer" else given.password) or ""


def _refuse(status: int) -> Response:
    if status == 403:
        return answer(
            Problem(403, "not-allowed", "Not allowed", "Your role may not do this. Ask somebody who may.")
        )
    if request.method == "GET" and wants_html() and request.authorization is None:
        return _to_login()
    detail = "Send Authorization: Bearer <token> with a token of AUTH_TOKENS_FILE, or log in at /login."
    return answer(Problem(401, "token-needed", "A token is needed", detail))


def _to_login() -> Response:
    """A link in a mail comes without our SameSite=Strict cookie: one reload from our own page brings it."""
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return make_response(render_template("reload.html"))
    back = request.full_path if request.query_string else request.path
    return make_response(redirect(url_for("auth.login_page", next=back), 303))


def _session_key(data_dir: Path) -> bytes:
    """The key that signs sessions: made once, readable by us alone."""
    path = data_dir / "session.key"
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        path.chmod(0o600)
        return path.read_bytes()
    key = secrets.token_bytes(32)
    with os.fdopen(handle, "wb") as file:
        file.write(key)
    return key


def install(app: Flask, settings: Settings) -> Auth:
    """Sessions, the login page and the webhook's token on this app."""
    auth = Auth(settings)
    app.config.update(
        SECRET_KEY=_session_key(settings.data_dir),
        SESSION_COOKIE_NAME=f"sre_agent_{settings.port}",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
        PERMANENT_SESSION_LIFETIME=timedelta(hours=SESSION_HOURS),
    )
    app.before_request(auth.check_webhook)
    app.register_blueprint(_blueprint(auth))
    app.context_processor(lambda: {"person": g.get("person"), "tokens": bool(auth.people)})
    return auth


def _safe_next(path: str) -> str:
    """Only a path of our own: `//evil.example` and `/\\evil.example` are other sites to a browser."""
    own = path.startswith("/") and path[1:2] not in ("/", "\\") and path.isprintable()
    return path if own else "/"


def _blueprint(auth: Auth) -> Blueprint:
    pages = Blueprint("auth", __name__)

    @pages.get("/login")
    def login_page() -> Any:
        return render_template("login.html", next=_safe_next(request.args.get("next", "/")))

    @pages.post("/login")
    def login() -> Any:
        fields = read_fields({"token", "next"}, "Send token.")
        person = auth.log_in(fields.get("token", ""))
        if wants_html():
            return redirect(_safe_next(fields.get("next", "/")), 303)
        return {"name": person.name, "role": person.role}

    @pages.post("/logout")
    def logout() -> Any:
        session.clear()
        return redirect(url_for("auth.login_page"), 303)

    return pages
