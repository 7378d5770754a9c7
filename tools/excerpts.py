"""Cut logs and messages to what a person or a model can read, secrets taken out first (section 6.2).

Kept before all else: the first line that speaks of an error, the last exception with its stack, the last lines.
Every cut is marked. Redaction runs on the whole text before anything is cut, since half a secret is not
recognised any more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from tools.log_lines import STAMP, in_block, is_error, is_head, mentions_error, names_error, plain_json
from tools.redaction import redact, strip_invisible

LINE_LIMIT = 300
CUT = " [... cut] "
LOG_BUDGET = 1536
"""Bytes per log, so that two containers with previous and current logs stay near the 5 KB of an item."""
LAST_LINES = 5
BLOCK_LINES = 14
"""Lines kept of an exception with its stack, and how far one may reach."""
BLOCK_SPAN = 80

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]{0,512}(?:\x07|\x1b\\)|\x1b[@-_]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BLOB = re.compile(r"(?<![\w:/])(?:[0-9a-fA-F]{41,}|[A-Za-z0-9+/]{61,}={0,2})(?![\w])")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]+")
_IMPERATIVE = re.compile(
    r"ignore (?:(?:all|any|the|your|of) )*(?:previous|prior|above|earlier|rules|instructions|guidelines|policy)"
    r"|disregard (?:all|any|previous|the)"
    r"|\b(?:run|execute|call|choose|pick|perform|select)\b[^\n]{0,40}\b(?:(?:restart|scale|rollback|delete)_deployment"
    r"|delete_pod|(?:un)?cordon_node|drain_node|exec_command)\b"
    r"|\b(?:run|execute|exec|type|use)\b[^\n]{0,40}\b(?:kubectl|helm|docker|bash|sh -c|curl|rm -rf)\b"
    r"|\bkubectl\s+(?:delete|apply|scale|patch|drain|exec|rollout|edit|create|replace|cordon|annotate|label)\b"
    r"|\bto (?:fix|resolve|solve|repair|remediate)\b[^\n]{0,60}"
    r"\b(?:delete|restart|scale|run|roll ?back|execute|drain)\b"
    r"|\b(?:the agent|assistant|ai|ai agent|llm|sre agent)\s+(?:must|should|needs? to|has to|shall)\b"
    r"|\bsystem prompt\b|\bnew instructions?\b|</?(?:system|assistant|user|instructions?)>"
    r"|\bapprove (?:this|the|all) (?:action|rollback|restart|proposal|change)\b"
    r"|\bact as (?:an?|the) (?:admin\w*|assistant|agent|root)\b",
    re.I,
)
_VERBS = (
    r"(?:cordon|uncordon|drain|delete|remove|restart|reboot|run|execute|scale|roll\s?back|kill|evict|apply|patch|force"
    r"|(?<![:,]\s)ignore|approve)"
)
_SOON = (
    r"(?:(?:please|kindly|now|immediately|urgently|quickly|simply|just|first|then|next|also|at once)\b,?\s+)"
)
_CLAUSE = (
    r"(?:^[^\w/\n]*(?:\d+[.)]\s+)?|[.;:!?,]\s+[^\w\s/]*\s*|[(\[]\s*|\s[-*>\u2013\u2014\u2022]\s+"
    r"|\b(?:error|warn|warning|fatal|info|critical)\s+)"
)
_NO_OBJECT = (
    r"(?!(?:counts?|loops?|polic(?:y|ies)|times?|ids?|numbers?|limits?|timeouts?|signals?|versions?|levels?|factors?|rates?"
    r"|out|of|as|on|in|at|by|is|was|has|had|are|were|operations?|requests?|commands?|history|reasons?|\d+"
    r"|(?:failed|failures?|fails|errors?|timed out|rejected|refused|denied|forbidden|aborted|completed?|succeeded"
    r"|finished|skipped)(?=\s*(?:$|[:;,.(]|(?:to|with|after|for|at|because|on|in|by|due)\b)))(?![\w-]))"
)
_COMMAND = re.compile(
    rf"(?:{_CLAUSE}(?P<soon>{_SOON}{{0,8}})|(?P<told>\bplease\s+|\b(?:you|operators?|admins?|on-?call)\s+"
    rf"(?:should|must|shall|have to|need to|are to)\s+){_SOON}{{0,8}})(?P<verb>{_VERBS})\s+{_NO_OBJECT}[\w\"'<`$-]",
    re.I | re.M,
)
_FAILED_CALL = re.compile(
    r"[a-z]+(?:\s+(?!(?i:the|this|that|all|every|any|your|now)\b)[^\s:;,]+){1,4}(?::\s|\s(?=(?:is|was|did|could|failed)\b))"
    r"[^\n]*\b(?i:not found|denied|forbidden|refused|timed? ?out|deadline|failed|cannot|could not|invalid|no such"
    r"|exceeded|unable|error|conflict|eof|not exist|already exists|exit (?:code|status))\b"
)
"""How a program names an error after what it tried, in small letters: `delete pod web-1: not found`."""


def excerpt_log(text: str, *, budget: int = LOG_BUDGET) -> str:
    """A log as a few redacted lines of at most `budget` bytes, cuts marked."""
    return _selected(_lines(text), budget)


def deciding_line(text: str, limit: int = 160) -> str:
    """What the log comes down to: what the last exception was, else the first error; empty if it speaks of none."""
    lines = _lines(text)
    block = [lines[index] for index in sorted(set(_last_block(lines)))]
    named = [line for line in block if names_error(line)] or block[:1]
    first = [lines[index] for index in _first(lines, is_error)]
    return _cut(" ".join((*named[-1:], *first, "")[0].split()), limit)


def last_line(text: str, limit: int = 160) -> str:
    """What it said last."""
    return _cut(" ".join((_lines(text) or [""])[-1].split()), limit)


def _lines(text: str) -> list[str]:
    lines = [_cut(line) for line in _collapsed([plain_json(line) for line in clean(text).split("\n")])]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _first(lines: Sequence[str], wanted: Callable[[str], bool]) -> list[int]:
    return [index for index, line in enumerate(lines) if wanted(line)][:1]


def clean(text: str) -> str:
    """Without terminal escapes, hidden characters, secrets and long blobs."""
    plain = _CONTROL.sub("", _ANSI.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    return _BLOB.sub(_blob, redact(strip_invisible(plain)))


@lru_cache(maxsize=1024)
def message(text: str, limit: int = LINE_LIMIT) -> str:
    """One redacted line of at most `limit` characters."""
    return _cut(" ".join(clean(text).split()), limit)


def bounded(text: str, limit: int = 5000) -> str:
    """At most `limit` bytes of whole lines, the cut marked."""
    if len(text.encode()) <= limit:
        return text
    lines = text.split("\n")
    kept: list[str] = []
    size = 40
    for line in lines:
        size += len(line.encode()) + 1
        if size > limit:
            break
        kept.append(line)
    return "\n".join([*kept, _omitted(len(lines) - len(kept))])


def imperative(texts: Sequence[str]) -> bool:
    """Whether telemetry tells somebody what to do: text that wants to steer, not to report (R8.4)."""
    return any(_IMPERATIVE.search(strip_invisible(text)) for text in texts)


def commands(text: str) -> bool:
    """Whether a clause of it begins as an order to act: `Delete pod web-1`, `(now drain node-1)`, `you should run it`.

    Harder than `imperative`, for what is quoted to people: what only reports an action, or that one failed, is none.
    """
    plain = strip_invisible(text)
    return any(
        found["soon"] or found["told"] or not _FAILED_CALL.match(plain, found.start("verb"))
        for found in _COMMAND.finditer(plain)
    )


def quote(text: str) -> str:
    """On one line in double quotes, which nothing in it can close: those inside become single ones."""
    return f'"{" ".join(text.split()).replace(chr(34), chr(39))}"'


def _blob(match: re.Match[str]) -> str:
    return f"<blob:{len(match[0])}>"


def _cut(line: str, limit: int = LINE_LIMIT) -> str:
    """Its middle goes: what an error says stands at its end, where it comes from at its beginning."""
    if len(line) <= limit:
        return line
    kept = max(0, limit - len(CUT))
    return f"{line[: kept - kept // 3]}{CUT}{line[len(line) - kept // 3 :]}"


def _omitted(count: int) -> str:
    return f"[... {count} line{'' if count == 1 else 's'} omitted]"


def _collapsed(lines: Sequence[str]) -> list[str]:
    """Runs of lines that differ in times and numbers only become their last one, counted."""
    out: list[str] = []
    count, shape = 0, ""
    for line in lines:
        form = _shape(line)
        if out and form == shape and form.strip():
            count += 1
            out[-1] = f"{line} (x{count})"
        else:
            out.append(line)
            count, shape = 1, form
    return out


def _shape(line: str) -> str:
    return _NUMBER.sub("#", STAMP.sub("", line))


def _selected(lines: list[str], budget: int) -> str:
    """The lines that matter most within the budget, in their order, with marks where lines are missing."""
    kept: set[int] = set()
    size = 0
    for index in _ranked(lines):
        cost = len(lines[index].encode()) + 1
        if index not in kept and size + cost <= budget:
            kept.add(index)
            size += cost
    return _with_marks(lines, kept)


def _ranked(lines: list[str]) -> list[int]:
    last = list(range(len(lines) - 1, max(-1, len(lines) - 1 - LAST_LINES), -1))
    first_error = _first(lines, is_error) or _first(lines, mentions_error)
    rest = range(len(lines) - 1, -1, -1)
    return [*last[:2], *first_error, *_last_block(lines), *last, *rest]


def _last_block(lines: list[str]) -> list[int]:
    """The last exception: its head, its end (where most languages say what it was), then the middle."""
    heads = [index for index, line in enumerate(lines) if is_head(line)]
    if not heads:
        return []
    start = end = heads[-1]
    while end + 1 < len(lines) and end - start < BLOCK_SPAN and in_block(lines[end + 1]):
        end += 1
    while start and end - start < BLOCK_SPAN and in_block(lines[start - 1]):
        start -= 1
    while not is_head(lines[start]):
        start += 1
    block = list(range(start, end + 1))
    return [start, *block[: -BLOCK_LINES + 1 : -1], *block[:3]]


def _with_marks(lines: list[str], kept: set[int]) -> str:
    out: list[str] = []
    missing = 0
    for index, line in enumerate(lines):
        if index not in kept:
            missing += 1
            continue
        if missing:
            out.append(_omitted(missing))
            missing = 0
        out.append(line)
    return "\n".join([*out, _omitted(missing)] if missing else out)
