"""What the newest revision changed against the one before, in one line: images, environment, resources, commands.

Read from the difference that was kept as evidence, which has no values of the environment (R4.11). It says what a
person would look at first; that a change is the cause it does not say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from graph.symptoms import current_revision
from tools.excerpts import message
from tools.records import Evidence

MOST = 4
LONGEST = 160
_HUNK = re.compile(r"^@@", re.MULTILINE)
_LINE = re.compile(r"^(?P<sign>[-+ ])(?P<indent> *)(?P<item>- )?(?P<key>[\w./-]+):(?: (?P<value>.*))?$")
_SECTIONS = frozenset({"limits", "requests", "readinessProbe", "livenessProbe", "startupProbe"})
_NAMELESS = frozenset({"value", "valueFrom", "configMapKeyRef", "secretKeyRef"})
"""Keys that say nothing without the name that they belong to."""
_RESTARTED = "kubectl.kubernetes.io/restartedAt"


class _Line(NamedTuple):
    sign: str
    key: str
    value: str
    owner: str
    """The name of the list entry that it stands in, or the section: `BANNER`, `limits`."""
    opens: bool
    """It begins an entry of a list."""


def changes(evidence: Evidence) -> str:
    """`image shop/web:1 -> 2, memory limit 512Mi -> 128Mi, BANNER added`; empty: not known, or nothing with a name."""
    found = list(dict.fromkeys(text for hunk in _hunks(evidence) for text in _told(hunk)))
    more = f" and {len(found) - MOST} more" if len(found) > MOST else ""
    return message(f"{', '.join(found[:MOST])}{more}", LONGEST) if found else ""


def _hunks(evidence: Evidence) -> list[list[_Line]]:
    """None where the newest revision is not the one that the template asks for now: then it is about another."""
    current, newest = current_revision(evidence), next(iter(evidence.revisions), None)
    if current is None or newest is None or current.template_digest != newest.template_digest:
        return []
    texts = [item.excerpt for item in evidence.items if item.kind == "revision_diff" and item.excerpt]
    return [list(_lines(part)) for text in texts for part in _HUNK.split(text)[1:]]


def _lines(hunk: str) -> Iterator[_Line]:
    owner, section = "", ""
    for text in hunk.split("\n")[1:]:
        found = _LINE.match(text)
        if found is None:
            continue
        key, value = found["key"], (found["value"] or "").strip("'\"")
        if found["item"]:
            owner, section = (value if key == "name" else ""), ""
        if key in _SECTIONS:
            section = key
        yield _Line(found["sign"], key, value, section or owner, bool(found["item"]))


def _told(lines: list[_Line]) -> Iterator[str]:
    whole = {line.key for line in lines if line.sign != " " and line.key in _SECTIONS}
    moved = [line for line in lines if line.key == line.owner or line.owner not in whole]
    gone = [line for line in moved if line.sign == "-"]
    new = [line for line in moved if line.sign == "+" and line.key != _RESTARTED]
    for line in gone:
        after = next((other for other in new if _same(line, other)), None)
        if after is not None:
            new.remove(after)
        text = _changed(line, after) if after else _named(line, "removed")
        if text:
            yield text
    yield from filter(None, (_named(line, "added") for line in new))


def _same(line: _Line, other: _Line) -> bool:
    """The same place, with another value: an entry of a list is another entry where its name differs."""
    return (line.key, line.owner) == (other.key, other.owner) or (
        line.key == other.key and not line.opens and not other.opens and line.key not in _NAMELESS
    )


def _changed(line: _Line, after: _Line) -> str:
    if line.key == "value":
        return f"{line.owner} has another value"
    if not line.value or not after.value:
        return f"{line.key} changed"
    return f"{_label(line)} {line.value} -> {_shorter(line.value, after.value)}"


def _named(line: _Line, how: str) -> str:
    if line.opens and line.key == "name" and line.value:
        return f"{line.value} {how}"
    if line.key in _SECTIONS:
        return f"{line.key} {how}"
    known = line.value and not line.opens and line.key not in _NAMELESS and line.key not in ("name", "key")
    return f"{_label(line)} {line.value} {how}" if known else ""


def _label(line: _Line) -> str:
    """`memory limit`, `timeoutSeconds of readinessProbe`, or the key."""
    if line.owner in ("limits", "requests"):
        return f"{line.key} {line.owner[:-1]}"
    return f"{line.key} of {line.owner}" if line.owner in _SECTIONS else line.key


def _shorter(before: str, after: str) -> str:
    """Of an image whose repository is the same, the tag."""
    repository, colon, _ = before.rpartition(":")
    same = colon and "/" in repository and after.startswith(f"{repository}:")
    return after.removeprefix(f"{repository}:") if same and "<redacted" not in before + after else after
