"""What single fields cannot tell: settings that contradict each other, missing files, misspelt names."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import yaml

from server.four_eyes import problems_at_start
from server.playbooks_file import read_playbooks_file
from server.policy_file import PolicyFileError, read_policy_file
from server.settings import Settings
from server.tokens import MINIMUM_LENGTH, TokenFileError, read_people, split_tokens
from tools.model_folder import MEND, problem_with

Check: TypeAlias = Callable[[Settings], Iterator[str]]

OWN_PREFIXES = (
    "GROQ_",
    "GMAIL_",
    "QDRANT_",
    "WEBHOOK_TOKEN",
    "VERIFY_",
    "APPROVAL_",
    "NAMESPACE_",
    "AUTO_ACTION",
)
_SERVICE_LINK = re.compile(r".*_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_(TCP|UDP|SCTP)(_.*)?)?)")
"""Set by the kubelet for each Service of the namespace: a Service named qdrant makes QDRANT_PORT."""
SHORTEST_WINDOW_SECONDS = 60


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def unknown_names(given: Mapping[str, str], fields: Iterable[str]) -> list[str]:
    """A line for each variable that was surely meant for us and that we do not know."""
    known = sorted(name.upper() for name in fields)
    return [line for name in sorted(given) if name not in known for line in _unknown(name, known)]


def _unknown(name: str, known: list[str]) -> Iterator[str]:
    if _SERVICE_LINK.fullmatch(name):
        return
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.88) if len(name) > 5 else []
    if not near and not name.startswith(OWN_PREFIXES):
        return
    near = near or difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    guess = f"; did you mean {near[0]}? Mend: rename it to {near[0]}" if near else f". Mend: leave {name} out"
    yield f"{name} is not known{guess}, see the configuration table"


def problems_with(settings: Settings, bad: set[str]) -> list[str]:
    """A line for each contradiction, leaving out checks that rest on fields named in `bad`."""
    return [line for fields, check in _CHECKS if not bad.intersection(fields) for line in check(settings)]


def _mode(settings: Settings) -> Iterator[str]:
    enabled = settings.auto_action_enabled
    if enabled is None or (enabled == (settings.mode == "auto") and settings.mode != "shadow"):
        return
    word = str(enabled).lower()
    yield (
        f"MODE={settings.mode} and AUTO_ACTION_ENABLED={word} disagree: {word} means "
        f"{'auto' if enabled else 'approve'}. Mend: leave AUTO_ACTION_ENABLED out"
    )


def _open_address(settings: Settings) -> Iterator[str]:
    if is_loopback(settings.host):
        return
    without = f"HOST={settings.host} can be reached from other machines, so"
    if settings.auth_tokens_file is None:
        yield (
            f"{without} people need tokens. Mend: AUTH_TOKENS_FILE=<file with a list of name, role, token>, "
            "or HOST=127.0.0.1"
        )
    if settings.webhook_token is None and settings.webhook_token_file is None:
        yield (
            f"{without} the webhook needs a token. Mend: WEBHOOK_TOKEN_FILE=<file that Alertmanager's "
            "http_config.authorization.credentials_file has too>, or HOST=127.0.0.1"
        )


def _window(settings: Settings) -> Iterator[str]:
    if settings.verify_window_seconds >= SHORTEST_WINDOW_SECONDS or settings.test_cluster or settings.sandbox:
        return
    yield (
        f"VERIFY_WINDOW_SECONDS={settings.verify_window_seconds:g} is too short to tell recovery from a "
        f"crash back-off: must be at least {SHORTEST_WINDOW_SECONDS} (TEST_CLUSTER=true allows less and says "
        "so on every page). Mend: VERIFY_WINDOW_SECONDS=120"
    )


def _tokens_file(settings: Settings) -> Iterator[str]:
    path = settings.auth_tokens_file
    if path is None:
        return
    try:
        people = read_people(path)
    except TokenFileError as err:
        mend = 'a list like [{"name": "ana", "role": "approver", "token": "<at least 16 characters>"}]'
        yield from (f"AUTH_TOKENS_FILE={path}: {problem}. Mend: {mend}" for problem in err.problems)
        return
    if not any("approver" in person.roles for person in people):
        yield (f"AUTH_TOKENS_FILE={path}: nobody there may approve. Mend: give one entry the role approver")


def _webhook_token(settings: Settings) -> Iterator[str]:
    path = settings.webhook_token_file
    if settings.webhook_token is not None and path is not None:
        yield "WEBHOOK_TOKEN and WEBHOOK_TOKEN_FILE are both set. Mend: leave WEBHOOK_TOKEN out"
        return
    name, text = "WEBHOOK_TOKEN", settings.webhook_token.get_secret_value() if settings.webhook_token else ""
    if path is not None:
        name = f"WEBHOOK_TOKEN_FILE={path}"
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            yield f"{name}: cannot be read. Mend: a file with the token in it that this user may read"
            return
        if not split_tokens(text):
            yield f"{name}: is empty. Mend: put the token in it"
    tokens = split_tokens(text)
    if any(len(token) < MINIMUM_LENGTH for token in tokens):
        yield f"{name}: a token is shorter than {MINIMUM_LENGTH} characters. Mend: openssl rand -hex 32"
    if len(tokens) > 2:
        yield f"{name}: holds {len(tokens)} tokens. Mend: at most two, the old and the new one"


def _readable(name: str, path: Path | None, read: Callable[[Path | None], object]) -> Iterator[str]:
    try:
        read(path)
    except OSError as err:
        yield f"{name}={path}: {err.strerror}. Mend: leave {name} out"
    except (ValueError, yaml.YAMLError) as err:
        yield f"{name}={path}: {str(err).splitlines()[0]}. Mend: leave that line out"


def _files(settings: Settings) -> Iterator[str]:
    yield from _policy_file(settings)
    yield from _readable("PLAYBOOKS_FILE", settings.playbooks_file, read_playbooks_file)
    path = settings.reader_token_file
    if path is not None and not os.access(path, os.R_OK):
        yield f"READER_TOKEN_FILE={path}: cannot be read. Mend: leave READER_TOKEN_FILE out"


def _policy_file(settings: Settings) -> Iterator[str]:
    path = settings.policy_file
    try:
        read_policy_file(path, wider=settings.test_cluster or settings.sandbox)
    except OSError as err:
        yield f"POLICY_FILE={path}: {err.strerror}. Mend: leave POLICY_FILE out"
    except PolicyFileError as err:
        yield from (f"POLICY_FILE={path}: {problem}" for problem in err.problems)


def _four_eyes(settings: Settings) -> Iterator[str]:
    if not [*_policy_file(settings), *_readable("", settings.playbooks_file, read_playbooks_file)]:
        yield from problems_at_start(settings)


def _data_dir(settings: Settings) -> Iterator[str]:
    place = settings.data_dir
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        yield f"DATA_DIR={settings.data_dir}: {place} is not a folder. Mend: DATA_DIR=./data"
    elif not os.access(place, os.W_OK | os.X_OK):
        yield f"DATA_DIR={settings.data_dir}: {place} cannot be written by this user. Mend: DATA_DIR=./data"


def _model_folder(settings: Settings) -> Iterator[str]:
    folder = settings.memory_model_folder
    if folder is not None and settings.memory and (problem := problem_with(folder)):
        yield f"MEMORY_MODEL_FOLDER={folder}: {problem}. Mend: {MEND}"


def _kubeconfig(settings: Settings) -> Iterator[str]:
    if settings.sandbox or not settings.kubeconfig:
        return
    paths = [Path(part).expanduser() for part in settings.kubeconfig.split(os.pathsep) if part]
    if not any(path.is_file() for path in paths):
        yield f"KUBECONFIG={settings.kubeconfig}: there is no such file. Mend: KUBECONFIG=~/.kube/config"


def _mail(settings: Settings) -> Iterator[str]:
    if bool(settings.gmail_user) != (settings.gmail_app_password is not None):
        yield "GMAIL_USER and GMAIL_APP_PASSWORD go together, and one is missing. Mend: set both or neither"
    if settings.gmail_user and not settings.alert_email_to:
        yield f"GMAIL_USER is set and nobody gets the mail. Mend: ALERT_EMAIL_TO={settings.gmail_user}"
    if settings.alert_email_to and not settings.gmail_user and not settings.notify_urls:
        yield "ALERT_EMAIL_TO is set and no account sends the mail. Mend: GMAIL_USER and GMAIL_APP_PASSWORD"
    for name, secrets in (("NOTIFY_URLS", settings.notify_urls), ("ESCALATE_TO", settings.escalate_to)):
        for number, secret in enumerate(secrets, start=1):
            yield from _contact(name, number, secret.get_secret_value(), settings)


def _contact(name: str, number: int, value: str, settings: Settings) -> Iterator[str]:
    """Its value is not shown: it holds secrets."""
    if "://" in value:
        return
    if name == "NOTIFY_URLS":
        yield f"NOTIFY_URLS: number {number} is not a URL. Mend: an Apprise URL, e.g. mailto://user:password@host"
    elif "@" not in value:
        yield f"ESCALATE_TO: number {number} is neither a mail address nor a URL. Mend: an address or an Apprise URL"
    elif not settings.gmail_user:
        yield (
            f"ESCALATE_TO: number {number} is a mail address and no account sends mail to it. "
            "Mend: GMAIL_USER and GMAIL_APP_PASSWORD, or an Apprise URL"
        )


def _models(settings: Settings) -> Iterator[str]:
    if settings.groq_api_key is not None and not settings.groq_models:
        yield "GROQ_API_KEY is set and GROQ_MODELS names no model. Mend: leave GROQ_MODELS out"


_CHECKS: tuple[tuple[tuple[str, ...], Check], ...] = (
    (("mode", "auto_action_enabled"), _mode),
    (("host", "auth_tokens_file", "webhook_token", "webhook_token_file"), _open_address),
    (("verify_window_seconds", "test_cluster"), _window),
    (("auth_tokens_file",), _tokens_file),
    (("webhook_token", "webhook_token_file"), _webhook_token),
    (("policy_file", "playbooks_file", "reader_token_file", "test_cluster"), _files),
    (("data_dir",), _data_dir),
    (("memory", "memory_model_folder"), _model_folder),
    (("kubeconfig",), _kubeconfig),
    (("gmail_user", "gmail_app_password", "alert_email_to", "notify_urls", "escalate_to"), _mail),
    (("policy_file", "playbooks_file", "auth_tokens_file"), _four_eyes),
    (("groq_api_key", "groq_models"), _models),
)
