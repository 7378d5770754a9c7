"""What a person goes on in spite of who approves now: global holds and the change freezes over the target.

Pages show it with a digest, so that what has come since the page was read is shown before it is overridden.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from graph.overriding import freeze_key, hold_key
from graph.policy_limits import open_freezes
from server.parts import AppParts
from tools.approvals import Approval


@dataclass(frozen=True)
class InForce:
    """One thing that holds."""

    key: str
    """As the approval names it."""
    words: str


def in_force(parts: AppParts, approval: Approval) -> list[InForce]:
    """Holds first. Raises StoreError."""
    now = parts.clock.now()
    policy = parts.policy or parts.settings.policy()
    namespace = (approval.proposal.get("target") or {}).get("namespace", "")
    covering = (window for window in policy.freeze_windows if window.covers(namespace))
    return [
        *(InForce(hold_key(hold.cause), str(hold)) for hold in parts.holds.active(now)),
        *(InForce(freeze_key(window), why) for window in covering for why in open_freezes((window,), now)),
    ]


def digest_of(found: Sequence[InForce]) -> str:
    """Names what was shown, so that it can be told whether there is more now; empty for nothing."""
    keys = "\n".join(sorted(each.key for each in found))
    return hashlib.sha256(keys.encode()).hexdigest()[:16] if keys else ""
