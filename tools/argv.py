"""The words of a command: read exactly as they were written, and refused where they would run something else.

No shell stands between these words and the program: nothing in them is split, expanded or interpolated. So what looks
as if a shell were meant to read it is a mistake, and a program that is handed code to run is no command but all of
them: neither is allowed, whoever names it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

MOST_WORDS = 64
LONGEST_WORD = 500
"""Characters."""
SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "pwsh"})
INTERPRETERS = frozenset(
    {"python", "perl", "ruby", "node", "nodejs", "php", "lua", "deno", "bun", "tclsh", "Rscript"}
)
AWKS = frozenset({"awk", "gawk", "mawk", "nawk"})
_PROGRAM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*|(?:/[A-Za-z0-9_.+@-]+)+")
_VERSION = re.compile(r"[0-9.]+\Z")
_CODE_OF_A_SHELL = re.compile(r"-[a-z]*c[a-z]*", re.I)
_CODE = re.compile(r"-[A-Za-z]*[ceErRpBF].*|--(?:eval|print|run|code|execute)(?:=.*)?|eval|repl")
"""More than is needed: an option of the program's own that looks like one is refused too."""
_OPERATORS = frozenset({"|", "||", "&", "&&", ";", ">", ">>", "<", "<<", "2>", "2>&1", "|&"})
_EXPANSION = re.compile(r"\$[({A-Za-z_]|`")
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def as_text(words: Sequence[str]) -> str:
    """As a call carries them: a JSON list, spelled in one way only."""
    return json.dumps(list(words), ensure_ascii=True)


def words_of(text: str) -> tuple[str, ...]:
    """The words of a JSON list of strings. Raises ValueError for anything else, a second spelling included."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValueError('must be a JSON list of words, like ["nginx", "-t"]') from error
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise ValueError('must be a JSON list of words, like ["nginx", "-t"]')
    words = tuple(found)
    require(words)
    if as_text(words) != text:
        raise ValueError(f"must be spelled as {as_text(words)}")
    return words


def require(words: Sequence[str]) -> None:
    """Raises ValueError with the first thing that is wrong with them."""
    for problem in _problems(words):
        raise ValueError(problem)


def _problems(words: Sequence[str]) -> Iterator[str]:
    if not words or len(words) > MOST_WORDS:
        yield f"must be one to {MOST_WORDS} words"
        return
    yield from (problem for word in words for problem in _of_word(word))
    if not _PROGRAM.fullmatch(words[0]) or "." in words[0].split("/"):
        yield f"{words[0]!r} is no program: give its name, or its whole path from /"
    yield from _code(words)


def _of_word(word: str) -> Iterator[str]:
    if len(word) > LONGEST_WORD:
        yield f"a word of {len(word)} characters; {LONGEST_WORD} at the most"
    elif _HIDDEN.search(word):
        yield f"{word!r} holds characters that nobody sees"
    elif ".." in re.split(r"[/=:,]", word):
        yield f"{word!r} leads out of its folder: name the path itself"
    elif word in _OPERATORS or _EXPANSION.search(word):
        yield f"{word!r} is meant for a shell, and no shell reads it: it would be handed to the program as it is"


def _code(words: Sequence[str]) -> Iterator[str]:
    """Whatever stands before it (`env`, `timeout`, `busybox`): an interpreter that is given its code is refused."""
    for number, word in enumerate(words):
        program, rest = _program(word), words[number + 1 :]
        if program in AWKS:
            yield f"{word!r} runs whatever program stands in its arguments"
        pattern = _CODE_OF_A_SHELL if program in SHELLS else _CODE if program in INTERPRETERS else None
        given = next((option for option in rest if pattern and pattern.fullmatch(option)), "")
        if given:
            yield f"{word!r} with {given!r} runs whatever stands behind it: name the command itself"
    if _program(words[0]) == "env" and any(word.startswith(("-S", "--split-string")) for word in words):
        yield "env -S splits a text into a command: name the command itself"


def _program(word: str) -> str:
    """`/usr/bin/python3.12` is a python."""
    return _VERSION.sub("", PurePosixPath(word).name)
