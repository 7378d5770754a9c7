"""Looks at an object that either is as a write was to leave it or is not, added up: since when it is so. Pure."""

from __future__ import annotations

from graph.state import Progress
from tools.records import Observation


def fold(progress: Progress, look: Observation, lacks: str) -> Progress:
    """Add one look; `lacks` is what is not as it should be, or empty. A failed look breaks what held."""
    looked = {"looks": progress.looks + 1}
    if look.error:
        failed = {"failed_looks": progress.failed_looks + 1, "last_error": look.error}
        return progress.model_copy(update={**looked, **failed, "window_started_at": None})
    since = None if lacks else progress.window_started_at or look.at
    return progress.model_copy(
        update={
            **looked,
            "failed_looks": 0,
            "last": look,
            "last_error": lacks,
            "window_started_at": since,
            "resets": progress.resets + (1 if lacks and progress.window_started_at else 0),
        }
    )
