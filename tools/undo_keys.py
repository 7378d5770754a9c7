"""Runs that take an action back because a person asked for it, told from all others by their key.

Such a run has no alerts. Its key begins with `undo:`, which no key of a workload does, and names the write that it
takes back: so no alert joins it, it joins no other run, and nothing that comes over the webhook can make one.
"""

from __future__ import annotations

UNDO_KEY = "undo:"
UNDO_NAME = "UndoRequested"
"""What stands where other incidents have the name of their alert."""


def key_of_undo(ledger_key: str) -> str:
    """The key of the run that takes this write back."""
    return f"{UNDO_KEY}{ledger_key}"


def undone_write(workload_key: str) -> str:
    """The ledger key of the write that the run with this key takes back; empty for every other run."""
    return workload_key.removeprefix(UNDO_KEY) if workload_key.startswith(UNDO_KEY) else ""
