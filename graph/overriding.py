"""In spite of what a person approved: named cause by cause, and nothing else is overridden (product.md section 4).

A yes in spite of one hold says nothing of another one, nor of a change freeze, that came or showed itself after it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from graph.freeze_windows import FreezeWindow
from graph.holding import standing
from graph.policy_facts import PolicyFacts, PolicySettings
from graph.services import Services
from tools.holds import CAUSES, Cause, Hold
from tools.records import ApprovalAnswer


def hold_key(cause: Cause) -> str:
    """How an approval names a cause for holding still."""
    return f"global hold: {cause.replace('_', ' ')}"


def freeze_key(window: FreezeWindow) -> str:
    """How an approval names a freeze window."""
    return f"change freeze: {window.name}"


EVERY_HOLD = frozenset(hold_key(cause) for cause in CAUSES)


def overridden(answer: ApprovalAnswer | None) -> frozenset[str]:
    """What the person who approved was told of, and went on in spite of.

    An approval that an earlier release took names nothing: it was in spite of the holds, and of no freeze.
    """
    if answer is None or answer.decision != "approved":
        return frozenset()
    if answer.override_hold and not answer.overrides:
        return EVERY_HOLD
    return frozenset(answer.overrides)


def holds_left(held: Iterable[Hold], over: Collection[str]) -> tuple[Hold, ...]:
    """Those that nobody has gone on in spite of."""
    return tuple(hold for hold in held if hold_key(hold.cause) not in over)


def passed_over(
    services: Services, facts: PolicyFacts, over: Collection[str]
) -> tuple[PolicyFacts, PolicySettings]:
    """Facts and limits without what a person has gone on in spite of. Raises StoreError."""
    if not over:
        return facts, services.policy
    left = tuple(map(str, holds_left(standing(services, facts.now), over)))
    windows = tuple(window for window in services.policy.freeze_windows if freeze_key(window) not in over)
    limits = services.policy.model_copy(update={"freeze_windows": windows})
    return facts.model_copy(update={"holds": left}), limits
