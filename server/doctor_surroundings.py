"""What the doctor asks of everything else: model, channels, Prometheus, Alertmanager, tokens, public address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from server.advising import adviser_of
from server.channels import channels
from server.doctor import Check, absent, broken, look, ok
from server.settings import Settings
from server.settings_checks import is_loopback
from tools.alertmanager_api import AlertmanagerApi
from tools.clock import Clock
from tools.errors import Invalid, ToolError
from tools.notifier import AppriseNotifier
from tools.prometheus import PrometheusApi

_OTHERS = 0o007
_GROUP_WRITES = 0o020


def checks(settings: Settings, clock: Clock) -> list[Check]:
    """One line each; one for each channel and each file of tokens."""
    return [
        _model(settings, clock),
        *_channels(settings, clock),
        _prometheus(settings.prometheus_url),
        _alertmanager(settings.alertmanager_url),
        *_tokens(settings),
        public_url(settings),
    ]


def _model(settings: Settings, clock: Clock) -> Check:
    adviser = adviser_of(settings, clock)
    if adviser is None:
        return absent("model", "GROQ_API_KEY is not set: playbooks decide alone")
    try:
        words = adviser.check()
    except ToolError as error:
        return broken("model", str(error), "GROQ_API_KEY=<a key that the server takes>, or leave it out")
    finally:
        adviser.close()
    if set(adviser.unlisted) >= set(adviser.roster.models):
        mend = "GROQ_MODELS=<models that the server lists>, or leave it out"
        return broken("model", f"the server offers none of {', '.join(adviser.roster.models)}", mend)
    return ok("model", words)


def _channels(settings: Settings, clock: Clock) -> Iterator[Check]:
    wanted = settings.notify_urls or settings.escalate_to or settings.gmail_user
    if not wanted:
        yield absent("messages", "no mail account and no NOTIFY_URLS: messages go to the log alone")
        return
    if find_spec("apprise") is None:
        yield broken("messages", "Apprise is not installed", "pip install 'sre-agent[mail]'")
        return
    try:
        reached = [each for each in channels(settings, clock) if isinstance(each, AppriseNotifier)]
    except Invalid as error:
        yield broken("messages", str(error), "correct that URL in NOTIFY_URLS or ESCALATE_TO")
        return
    for channel in reached:
        mend = "correct account and password (Gmail: an app password), or open the way to the mail server"
        yield look("messages", channel.reach, mend)


def _prometheus(url: str) -> Check:
    if not url:
        return absent("prometheus", "PROMETHEUS_URL is not set")
    mend = "correct PROMETHEUS_URL, or leave it out"
    return look("prometheus", PrometheusApi(url).version, mend)


def _alertmanager(url: str) -> Check:
    if not url:
        return absent(
            "alertmanager", "ALERTMANAGER_URL is not set: what a cut body leaves out is not read back"
        )
    mend = "correct ALERTMANAGER_URL, or leave it out"
    return look("alertmanager", lambda: AlertmanagerApi(url).version(), mend)


def _tokens(settings: Settings) -> list[Check]:
    named = {
        "AUTH_TOKENS_FILE": settings.auth_tokens_file,
        "WEBHOOK_TOKEN_FILE": settings.webhook_token_file,
        "READER_TOKEN_FILE": settings.reader_token_file,
    }
    given = {name: path for name, path in named.items() if path is not None}
    if not given:
        return [absent("tokens", f"none, so only this machine can reach {settings.host}")]
    return [private(name, path) for name, path in given.items()]


def private(name: str, path: Path) -> Check:
    """Whether others on this machine can read the file, or its group can change it."""
    mode = path.stat().st_mode
    if mode & (_OTHERS | _GROUP_WRITES):
        mend = f"chmod 0440 {path} (in a Secret volume: defaultMode: 0440)"
        return broken("tokens", f"{name}={path} is open to others (mode {mode & 0o777:04o})", mend)
    return ok("tokens", f"{name}={path}")


def public_url(settings: Settings) -> Check:
    """Whether links in messages can lead a reader here."""
    url = settings.public_url
    if not url:
        return absent("public address", "PUBLIC_URL is not set: messages carry ids and no links")
    parts = urlsplit(url)
    mend = "PUBLIC_URL=https://<the name under which people reach the agent>"
    if faults := _faults(parts.path, parts.query, parts.fragment, parts.username):
        return broken("public address", f"{parts.scheme}://{parts.hostname} has {faults} in it", mend)
    if is_loopback(parts.hostname or "") and not is_loopback(settings.host):
        return broken("public address", f"{url} leads every reader to their own machine", mend)
    return ok("public address", url)


def _faults(path: str, query: str, fragment: str, user: str | None) -> str:
    found: Sequence[tuple[bool, str]] = (
        (bool(path), "a path"),
        (bool(query), "a query"),
        (bool(fragment), "a fragment"),
        (user is not None, "an account"),
    )
    return " and ".join(words for there, words in found if there)
