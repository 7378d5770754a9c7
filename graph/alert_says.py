"""What an alert says of itself in its annotations: a number, a deadline, how long already.

The rule that fired has measured what no object of the API shows. Its text was written by others and is filled with
labels: it is quoted, said whose it is, and left out where it tells somebody what to do (kubernetes.md R8.4) or only
says the alert's name again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from graph.state import Finding
from tools.excerpts import commands, imperative, message, quote
from tools.records import Alert

MOST = 2
LONGEST = 160
TEXTS = ("description", "message", "summary")
VALUES = ("value", "current_value")

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_LABELS = re.compile(r"\bLABELS\s*[=:].*|\bVALUE\s*=\s*[01](?:\.0*)?(?!\S)", re.DOTALL)
"""What some rules add: all that is known by the labels already, and that it is true."""
_FOR = re.compile(
    r"(?:for|longer than|more than|in the last|last)\s+\d+\s*(?:s|m|h|d|sec\w*|min\w*|hours?|days?)\b",
    re.IGNORECASE,
)
"""How long a rule waits, or looks back: a number, and no measurement."""
_NUMBER = re.compile(r"[<>~]?\d+(?:[.,]\d+)*(?:%|[A-Za-z]{1,5}(?:/s)?)?")
_ADDRESS = re.compile(r"\d+(?:\.\d+){2,}.*")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_WORD = re.compile(r"[^\W\d_]+")
_EMPTY = re.compile(
    r"a|an|the|is|are|has|have|had|been|be|in|on|of|for|at|to|its?|as|with|by|from|since|this|that|not|and|or|one|more"
    r"|fir(?:es|ing|ed)|alert|about|within|than|long(?:er)?|some|active|condition|kube(?:rnetes)?|pods?|containers?"
    r"|instance|namespace|node"
)
"""Words that tell nothing of what the alert is about."""
_STEM = 5


def said_by(alerts: Sequence[Alert], most: int = MOST) -> tuple[str, ...]:
    """`the alert says: "36.2% throttling of CPU"`, of differently named alerts one each; those with a number first."""
    found: dict[str, str] = {}
    for alert in alerts:
        if text := says(alert):
            found.setdefault(message(alert.name, LONGEST), text)
    several = len({alert.name for alert in alerts}) > 1
    ordered = sorted(found.items(), key=lambda each: not has_number(each[1]))
    return tuple(
        f"{f'alert {name}' if several else 'the alert'} says: {quote(text)}" for name, text in ordered[:most]
    )


def says(alert: Alert) -> str:
    """The one text of it that tells most, on one line; empty where none tells anything."""
    texts = [text for key in TEXTS if (text := _plain(alert.annotations.get(key, ""), alert))]
    best = next((text for text in texts if has_number(text)), texts[0] if texts else "")
    value = next((text for text in _values(alert) if text not in best), "")
    return f"{best} (value {value})".strip() if value else best


def has_number(text: str) -> bool:
    """Whether it measures something: digits that are no part of a name, an address or a date."""
    tokens = (token.strip("()[],;:.!'") for token in _FOR.sub("", text).split())
    return any(_NUMBER.fullmatch(token) and not _ADDRESS.fullmatch(token) for token in tokens)


def with_alert(finding: Finding, alerts: Sequence[Alert]) -> Finding:
    """The finding with what its alerts say behind its first fact, unless it quotes them already."""
    told = " ".join((finding.summary, *finding.facts))
    lines = [line for line in said_by(alerts) if line.partition(' says: "')[2].rstrip('"') not in told]
    if not lines or not finding.broken:
        return finding
    return finding.model_copy(update={"facts": (*finding.facts[:1], *lines, *finding.facts[1:])})


def _plain(text: str, alert: Alert) -> str:
    """Without orders, and empty where it only repeats the name."""
    if not text or imperative([text]):
        return ""
    sentences = _SENTENCE.split(" ".join(_LABELS.sub("", text).split()))
    kept = " ".join(each for each in sentences if not commands(each))
    line = message(kept.replace('"', "'"), LONGEST)
    return "" if _repeats(line, alert) else line


def _repeats(text: str, alert: Alert) -> bool:
    """Nothing is left of it without the words of the alert's name, its labels' values and words that say nothing."""
    if has_number(text):
        return False
    for known in sorted((alert.name, *alert.labels.values()), key=len, reverse=True):
        text = text.replace(known, " ") if len(known) > _STEM else text
    named = {part.lower()[:_STEM] for part in _PARTS.findall(alert.name)}
    words = (word.lower() for word in _WORD.findall(text) if len(word) > 1)
    return all(_EMPTY.fullmatch(word) or word[:_STEM] in named for word in words)


def _values(alert: Alert) -> Iterator[str]:
    for source in (alert.annotations, alert.labels):
        for key in VALUES:
            text = message(source.get(key, ""), 40).replace('"', "'")
            if text and has_number(text):
                yield text
