"""Commands that may be run in containers: exact words, named in POLICY_FILE one by one; none is shipped."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from pydantic import Field, field_validator

from tools import argv
from tools.records import Record

SECONDS = 30
MOST_SECONDS = 300
_GLOB = re.compile(r"[-a-z0-9.*?]{1,253}")


class CommandAsk(Record):
    """What a proposal would run, and where; empty for every other action."""

    workload: str = ""
    container: str = ""
    argv: tuple[str, ...] = ()
    seconds: int = 0


class AllowedCommand(Record):
    """One command, and where it may be run. Names are shell patterns, the words are exact."""

    namespace: str
    workload: str
    container: str
    argv: tuple[str, ...]
    seconds: int = Field(default=SECONDS, ge=1, le=MOST_SECONDS, strict=True)
    """It may be given so long and no longer."""

    @field_validator("namespace", "workload", "container")
    @classmethod
    def _a_pattern(cls, name: str) -> str:
        if not _GLOB.fullmatch(name):
            raise ValueError("must be a name, with * and ? as wildcards")
        return name

    @field_validator("argv")
    @classmethod
    def _words(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        argv.require(words)
        return words

    def allows(self, namespace: str, ask: CommandAsk) -> bool:
        """Whether it is this command, there."""
        places = (
            (namespace, self.namespace),
            (ask.workload, self.workload),
            (ask.container, self.container),
        )
        there = all(fnmatchcase(name, pattern) for name, pattern in places)
        return there and ask.argv == self.argv and ask.seconds <= self.seconds


def regular(pattern: str) -> str:
    """A pattern of `AllowedCommand` as a regular expression that RE2 reads too, from end to end."""
    signs = {"*": ".*", "?": ".", ".": "[.]"}
    return f"^{''.join(signs.get(sign, sign) for sign in pattern)}$"
