"""The write-ahead ledger of actions: claimed and committed before a request is sent (durability.md R4)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from tools.records import ActionCall, Receipt, Record, Target


class LedgerEntry(Record):
    """One action that we meant to do, and what became of it."""

    key: str
    """hash(episode, action, target uid); a renewed proposal has the same key."""
    incident_id: str
    episode_id: str
    call: ActionCall
    target: Target
    problem: str
    automatic: bool
    """False: a person approved it."""
    inverse: ActionCall | None = None
    """Computed before the write; None when the action has no undo."""
    undo_of: str = ""
    """Key of the entry that this one undoes: exempt from attempt and cool-down limits."""
    claimed_at: datetime
    receipt: Receipt | None = None
    """None: claimed, and nobody knows yet whether it was sent."""
    verdict: str = ""


class ActionLedger(Protocol):
    """Claims before, receipts after; budgets are counted from it."""

    def claim(self, entry: LedgerEntry) -> LedgerEntry | None:
        """Insert and commit; None when the claim is ours now, else the entry that was there first."""
        ...

    def finish(self, key: str, receipt: Receipt) -> None:
        """Record what the write did. Idempotent."""
        ...

    def release(self, key: str) -> None:
        """Forget a claim that was certainly never sent (refused by preconditions), so it counts nowhere."""
        ...

    def get(self, key: str) -> LedgerEntry | None:
        """The entry, or None."""
        ...

    def set_verdict(self, key: str, verdict: str) -> None:
        """What verification found."""
        ...

    def since(
        self, instant: datetime, *, target_uid: str = "", namespace: str = "", problem: str = ""
    ) -> list[LedgerEntry]:
        """Entries claimed since then, newest first, undo entries included."""
        ...

    def for_incident(self, incident_id: str) -> list[LedgerEntry]:
        """Oldest first."""
        ...

    def in_flight(self) -> list[LedgerEntry]:
        """Entries without a verdict whose incident has not ended: writes that are still being judged."""
        ...
