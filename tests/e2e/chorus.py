"""Several lives of incidents at once: each is a generator that says what it waits for, and all wait together.

    ended = sing({"a cordon": cordoned(stage), "a restart": restarted(stage)})
    ended["a cordon"]()     # raises what went wrong in it

What takes long on the real control plane is the waiting for windows. One thread goes round; no life sees another one.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

PATIENCE = 240.0
ROUND = 0.5


@dataclass(frozen=True)
class Until:
    """What a life waits for, and for how many seconds at the most."""

    holds: Callable[[], object]
    """May raise: then that is how the life ends."""
    what: Callable[[], str]
    """Told when it never comes."""
    within: float = PATIENCE


Life: TypeAlias = Generator[Until, None, None]


def sing(
    lives: Mapping[str, Life], each_round: Sequence[Callable[[], None]]
) -> dict[str, Callable[[], None]]:
    """Let all live to their ends; for each name what raises its error, if it had one. `each_round` come first."""
    singers = {name: _Singer(life) for name, life in lives.items()}
    while any(not singer.over for singer in singers.values()):
        for look in each_round:
            look()
        for singer in singers.values():
            singer.go_on()
        time.sleep(ROUND)
    return {name: singer.tell for name, singer in singers.items()}


class _Singer:
    """One life, and where it stands."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._until: Until | None = None
        self._deadline = 0.0
        self._error = ""
        self.over = False

    def go_on(self) -> None:
        """As far as it gets without waiting."""
        try:
            while not self.over and (self._until is None or self._holds(self._until)):
                self._until = next(self._life)
                self._deadline = time.monotonic() + self._until.within
        except StopIteration:
            self.over = True
        except Exception:  # noqa: BLE001 - the other lives go on; the test of this one raises it
            self._error, self.over = traceback.format_exc(), True

    def tell(self) -> None:
        """Raises AssertionError with what went wrong."""
        assert not self._error, self._error

    def _holds(self, until: Until) -> bool:
        if until.holds():
            return True
        assert time.monotonic() < self._deadline, f"never {until.what()}"
        return False
