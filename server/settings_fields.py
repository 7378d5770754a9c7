"""How single settings are read from text: lists, URLs, addresses, names. ValueError states the rule."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

KNOWN_ACTIONS = (
    "restart_deployment",
    "scale_deployment",
    "delete_pod",
    "rollback_deployment",
    "set_memory_limit",
    "set_hpa_maximum",
    "suspend_cronjob",
    "resume_cronjob",
    "delete_job",
    "expand_pvc",
    "cordon_node",
    "uncordon_node",
    "drain_node",
    "delete_deployment",
    "exec_command",
)
OFF_BY_DEFAULT = ("delete_deployment", "exec_command")
_FAMILIES = frozenset(name.split("_")[0] for name in KNOWN_ACTIONS) | {
    "evict",
    "node",
    "cronjob",
    "job",
    "volume",
}
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DNS_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_GLOB = re.compile(r"[-a-z0-9.*?\[\]!]{1,63}")
_MAIL = re.compile(r"[^@\s,]+@[^@\s,]+")


def split_commas(value: object) -> object:
    """`a, b` to `("a", "b")`; what is no text passes through."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def without_credentials(url: str) -> str:
    """The URL with its password masked, fit to be shown."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{host}"))


TARGET_KINDS = ("deployment", "statefulset", "daemonset")


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError("must be a URL that begins with http:// or https://")
    return value.rstrip("/")


def _database_url(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    return value


def _address(value: str) -> str:
    if value and not _MAIL.fullmatch(value):
        raise ValueError("must be a mail address")
    return value


def _matches(pattern: re.Pattern[str], rule: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value and not pattern.fullmatch(value):
            raise ValueError(rule)
        return value

    return check


def _workload(value: str) -> str:
    """`web`, which is a Deployment, or `statefulset/web`; written in one way."""
    kind, slash, name = value.rpartition("/")
    kind = kind.lower().removesuffix("s") if slash else ""
    if value and not (_DNS_NAME.fullmatch(name) and (not slash or kind in TARGET_KINDS)):
        raise ValueError(
            f"must be a Deployment's name, or {', '.join(f'{each}/NAME' for each in TARGET_KINDS)}"
        )
    return f"{kind}/{name}" if kind not in ("", "deployment") else name


def action_or_family(value: str) -> str:
    """The name as it is. Raises ValueError for what is neither."""
    if value not in KNOWN_ACTIONS and value not in _FAMILIES:
        raise ValueError(f"must name actions or families of them; there are: {', '.join(KNOWN_ACTIONS)}")
    return value


def _switchable(value: str) -> str:
    if value not in OFF_BY_DEFAULT:
        raise ValueError(f"must name actions that are off by default: {', '.join(OFF_BY_DEFAULT)}")
    return value


HttpUrl = Annotated[str, AfterValidator(_http_url)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
MailAddress = Annotated[str, AfterValidator(_address)]
Namespace = Annotated[str, AfterValidator(_matches(_DNS_LABEL, "must be a namespace's name"))]
WorkloadName = Annotated[str, AfterValidator(_workload)]
_NamespaceGlob = Annotated[
    str, AfterValidator(_matches(_GLOB, "must be names of namespaces, with * and ? as wildcards"))
]
_Split = BeforeValidator(split_commas)
Names = Annotated[tuple[str, ...], NoDecode, _Split]
NamespaceGlobs = Annotated[tuple[_NamespaceGlob, ...], NoDecode, _Split]
MailAddresses = Annotated[tuple[MailAddress, ...], NoDecode, _Split]
ActionNames = Annotated[tuple[Annotated[str, AfterValidator(action_or_family)], ...], NoDecode, _Split]
SwitchedActions = Annotated[tuple[Annotated[str, AfterValidator(_switchable)], ...], NoDecode, _Split]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, _Split]
