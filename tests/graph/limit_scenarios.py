"""Facts in which one rule about how much, how often and when alone decides."""

from __future__ import annotations

from graph.freeze_windows import FreezeWindow
from graph.policy import Attempt, PolicySettings
from tests.graph.evidence_builders import NOW, ago, policy_facts

AUTO = PolicySettings(mode="auto")
HOUR = 3600.0


def wrote(hours: float, **more: object) -> Attempt:
    """An earlier write for another class, so long ago."""
    return Attempt.model_validate({"action": "x", "problem": "y", "at": ago(hours * HOUR), **more})


FROZEN = PolicySettings(
    mode="auto",
    freeze_windows=(
        FreezeWindow(name="quiet", time_zone="UTC", since=NOW.replace(tzinfo=None, year=NOW.year - 1)),
    ),
)
SCENARIOS = {
    "change_freeze": (policy_facts(), FROZEN, "ask"),
    "namespace_budget": (policy_facts(namespace_writes_hour=4), AUTO, "ask"),
    "human_only": (policy_facts(attempts=(wrote(8), wrote(10))), AUTO, "ask"),
}
"""One for each rule in `graph.policy_limits`, in their order."""
