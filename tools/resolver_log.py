"""What CoreDNS says in its log of those that it asks in turn: names that got no answer, and from which address.

Pure. Its plugin `errors` writes one line per query that failed; names in it are asked for by anybody, so that only what
a pattern for names has matched is kept. NXDOMAIN is an answer and no failure; a query of type HINFO is CoreDNS's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tools.excerpts import clean, imperative, message
from tools.records import UpstreamFacts

MOST = 10
"""Addresses and names that are kept of each."""
_NAME = r"(?P<name>[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?)\.?"
_ERRORS = re.compile(rf"plugin/errors: \d+ {_NAME} (?P<type>[A-Z0-9]+): (?P<why>.+)$")
_ANSWERED = re.compile(rf'"(?P<type>[A-Z0-9]+) IN {_NAME} (?:udp|tcp)\b[^"]*" SERVFAIL\b')
_SILENT = re.compile(
    r"i/o timeout|connection refused|connection reset|no route to host|(?:network|host) is unreachable"
    r"|no healthy proxies|no upstream host",
    re.IGNORECASE,
)
_ASKED = re.compile(r"(?:->|dial (?:udp|tcp) )\[?(?P<address>[0-9A-Fa-f:.]{3,45}?)(?:%\w+)?\]?:\d+(?=: )")
_OWN = "HINFO"


def upstreams(texts: Iterable[str]) -> UpstreamFacts | None:
    """Of one log or several, the newest last in each; None where nothing of the kind is said."""
    silent: list[str] = []
    names: list[str] = []
    servfail: list[str] = []
    line = ""
    for each in (row for text in texts for row in clean(text).split("\n")):
        found = _ERRORS.search(each)
        if found and _SILENT.search(found["why"]):
            silent += [asked["address"] for asked in _ASKED.finditer(found["why"])][-1:]
            names += _foreign(found)
            line = each if found["type"] != _OWN or not line else line
        elif answered := _ANSWERED.search(each):
            servfail += _foreign(answered)
    if not (line or servfail):
        return None
    return UpstreamFacts(
        silent=tuple(sorted(set(silent)))[:MOST],
        names=tuple(dict.fromkeys(names))[:MOST],
        count=len(set(names)),
        servfail=tuple(dict.fromkeys(servfail))[:MOST],
        line="" if imperative([line]) else message(line),
    )


def _foreign(found: re.Match[str]) -> list[str]:
    """The name, in lower case; none of what it asks for itself."""
    return [] if found["type"] == _OWN else [found["name"].lower()]
