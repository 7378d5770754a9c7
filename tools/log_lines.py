"""Lines of logs as programs write them: which speak of an error, which carry a stack, what a line of JSON says.

Pure, of lines that are redacted already. A line that calls itself informational is no error because it holds the word.
"""

from __future__ import annotations

import json
import re
from typing import Any

_STAMP = r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
STAMP = re.compile(_STAMP)
_LEVEL = r"TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|SEVERE|CRITICAL|FATAL|PANIC"
_PREFIX = re.compile(
    rf"^(?:\[?{_STAMP}\]?[\s:,|-]*)?(?:\[[^\]\s]{{1,40}}\]\s*)?(?:\[?(?:{_LEVEL})\]?[\s:|-]+)?", re.IGNORECASE
)
_CALM = re.compile(
    rf"^\W*(?:{_STAMP}\W*)?(?:\[[^\]\s]{{1,40}}\]\s*)?\W*(?:TRACE|DEBUG|INFO|NOTICE)\b"
    r"|\blevel=\"?(?:trace|debug|info|notice)\b|^[I]\d{4} \d\d:",
    re.IGNORECASE,
)
_ERROR = re.compile(
    r"\b(?:error|err|fatal|panic|exception|traceback|critical|severe|failed|failure|cannot|refused|denied"
    r"|no such|not found|out of memory|segmentation fault)\b"
    r"|\w(?:Error|Exception)\b|^[EF]\d{4} \d\d:",
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"^(?:Traceback \(most recent call last\)|panic:|fatal error:|PHP Fatal error|goroutine \d+ \[running\]"
    r"|(?:Exception in thread|Caused by:|Uncaught|Unhandled)|\*\* \("
    r"|\S*(?:Exception|Error)\b.*:|\S+:\d+:in [`'].*\(\w*(?:Error|Exception)\)|thread '.*' (?:\(\d+\) )?panicked)"
)
_STACK = re.compile(
    r"^(?:\s+\S|\[signal |Caused by:|\.\.\. \d+ more|goroutine \d+|\S+\(.*\)$|\w+(?:\.\w+)*(?:Error|Exception)\b)"
)
_NAMED_ERROR = re.compile(r"^\s*(?:Caused by:\s*)?[\w.$:]*(?:Error|Exception)\b.*")
_TIMES = frozenset({"time", "timestamp", "ts", "@timestamp", "date", "t"})
_LEVELS = ("level", "lvl", "severity", "log.level", "levelname")
_SAYS = (
    "message",
    "msg",
    "event",
    "error",
    "err",
    "exception",
    "cause",
    "reason",
    "stack",
    "stacktrace",
    "stack_trace",
)
MOST_JSON = 16_384
"""Characters of a line that is still read as JSON."""


def is_error(line: str) -> bool:
    """It speaks of one, and does not call itself informational."""
    return bool(_ERROR.search(line)) and not _CALM.search(line)


def mentions_error(line: str) -> bool:
    """It holds a word for one, whatever it calls itself."""
    return bool(_ERROR.search(line))


def is_head(line: str) -> bool:
    """An exception begins here, behind whatever a logger writes before it."""
    return bool(_HEAD.search(line) or _HEAD.search(_PREFIX.sub("", line, count=1)))


def in_block(line: str) -> bool:
    """It may be inside of an exception with its stack."""
    return not line or is_head(line) or bool(_STACK.search(line))


def names_error(line: str) -> bool:
    """`ValueError: no such column`, `Caused by: java.net.ConnectException: refused`."""
    return bool(_NAMED_ERROR.match(line) or _NAMED_ERROR.match(_PREFIX.sub("", line, count=1)))


def plain_json(line: str) -> str:
    """A line of JSON as text, what it says first and without its time; any other line as it is."""
    if not line.startswith("{") or len(line) > MOST_JSON:
        return line
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):  # brackets within brackets are deeper than the parser goes
        return line
    if not isinstance(fields, dict) or not any(key in fields for key in _SAYS):
        return line
    level = next((str(fields[key]) for key in _LEVELS if fields.get(key)), "")
    said = [f"{key}={_flat(fields[key])}" for key in _SAYS if fields.get(key)]
    known = {*_TIMES, *_LEVELS, *_SAYS}
    others = [f"{key}={_flat(value)}" for key, value in fields.items() if key not in known and value]
    first, _, rest = said[0].partition("=")
    head = rest if first in ("message", "msg", "event") else said[0]
    return " ".join([level.upper(), head, *said[1:], *others]).strip()


def _flat(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return " ".join(text.split())
