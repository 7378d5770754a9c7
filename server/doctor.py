"""`sre-agent doctor`: one line for everything that the agent rests on, and for what is broken the line that mends it.

It asks and never changes: no write to the cluster, not even as a dry run, no message to anybody. What it asks of other
systems is what /health asks of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from server.settings import Settings, SettingsError
from tools.clock import Clock
from tools.errors import ToolError

State: TypeAlias = Literal["ok", "absent", "broken"]


@dataclass(frozen=True)
class Check:
    """What was found of one thing. `absent`: not configured, which blocks nothing."""

    name: str
    state: State
    words: str
    mend: str = ""
    """The command or setting that puts it right; only where it is broken."""

    def line(self) -> str:
        """For a terminal."""
        mend = f" Mend: {self.mend}" if self.mend else ""
        return f"{self.state:<7} {self.name}: {self.words}{mend}"


def ok(name: str, words: str) -> Check:
    """It works."""
    return Check(name, "ok", words)


def absent(name: str, words: str) -> Check:
    """It is not configured."""
    return Check(name, "absent", words)


def broken(name: str, words: str, mend: str) -> Check:
    """It is configured, or needed, and does not work."""
    return Check(name, "broken", words.rstrip(".") + ".", mend)


def look(name: str, probe: Callable[[], str], mend: str) -> Check:
    """What a probe of /health says; broken when it raises ToolError."""
    try:
        return ok(name, probe())
    except ToolError as error:
        return broken(name, str(error), mend)


def examine(load: Callable[[], Settings], clock: Clock) -> list[Check]:
    """Everything, in the order in which it is best mended. With settings that cannot be used, those alone."""
    from server import doctor_cluster, doctor_store, doctor_surroundings

    try:
        settings = load()
    except SettingsError as error:
        return [_unusable(problem) for problem in error.problems]
    return [
        ok("settings", f"MODE={settings.mode}, listens on {settings.host}:{settings.port}"),
        *doctor_cluster.checks(settings),
        *doctor_store.checks(settings, clock),
        *doctor_surroundings.checks(settings, clock),
    ]


def _unusable(problem: str) -> Check:
    words, _, mend = problem.partition(" Mend: ")
    return broken("settings", words, mend or "see the configuration table")


def text(checks: Iterable[Check]) -> str:
    """The lines, and what they come to."""
    found = list(checks)
    wrong = len(broken_ones(found))
    end = f"{wrong} of {len(found)} broken." if wrong else "Nothing is broken."
    return "\n".join([*(check.line() for check in found), end])


def as_json(checks: Iterable[Check]) -> str:
    """The same for programs."""
    found = list(checks)
    return json.dumps({"broken": len(broken_ones(found)), "checks": [asdict(check) for check in found]})


def broken_ones(checks: Sequence[Check]) -> list[Check]:
    """Those that keep the agent from what it is configured for."""
    return [check for check in checks if check.state == "broken"]
