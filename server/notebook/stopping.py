"""Trouble in a notebook, told in words: what is wrong and what to do, with no trace of the calls in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from server.settings import SettingsError
from server.stage import Undecided
from tools.bundle import BundleError
from tools.errors import ToolError

NOTHING_DECIDED = (
    "The record has no incident that was decided yet.\n"
    "Let the agent take an alert first (make demo sends some)."
)


class Stop(Exception):
    """Ends the notebook here. Its message is all that is shown."""

    def _render_traceback_(self) -> list[str]:
        """IPython asks an exception for this before it formats one by itself."""
        return str(self).splitlines()


@contextmanager
def told(advice: str = "") -> Iterator[None]:
    """What can go wrong in everyday use becomes a Stop, with `advice` below it; mistakes of ours stay what they are."""
    try:
        yield
    except (ToolError, BundleError, Undecided, SettingsError) as error:
        raise Stop("\n".join(filter(None, (str(error), advice)))) from None
