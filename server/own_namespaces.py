"""Which namespaces of a cluster the agent may be meant to write in, by its settings."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from server.settings import Settings

_WILDCARDS = frozenset("*?[")
DEFAULT = "default"


def named(settings: Settings) -> list[str]:
    """Those that the settings name one by one; empty: whichever were opted in."""
    names = [settings.target_namespace] if settings.target_namespace else list(settings.namespace_allow)
    return [] if any(_WILDCARDS & set(name) for name in names) else names


def meant(settings: Settings, there: Iterable[str]) -> list[str]:
    """Of these namespaces the ones that no setting excludes."""
    wanted = [settings.target_namespace] if settings.target_namespace else list(settings.namespace_allow)
    return [
        name
        for name in there
        if (not wanted or _fits(name, wanted)) and not _fits(name, settings.namespace_deny)
    ]


def looked_at_first(settings: Settings) -> list[str]:
    """Where rights are reviewed before the agent starts: its own namespace, the default one, those that are named."""
    return list(dict.fromkeys([settings.pod_namespace or DEFAULT, DEFAULT, *named(settings)]))


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
