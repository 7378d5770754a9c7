"""Facts around a command that POLICY_FILE allows, in which nothing stands in the way, and one change of them."""

from __future__ import annotations

from typing import Any

from graph.policy import GuardFacts, PolicyFacts, PolicySettings
from tests.graph.evidence_builders import policy_facts
from tools.allowed_commands import AllowedCommand, CommandAsk

ALLOWED = AllowedCommand(namespace="shop", workload="web", container="web", argv=("nginx", "-t"))
LISTED = PolicySettings(mode="auto", exec_commands=(ALLOWED,))


def command(**asked: Any) -> PolicyFacts:
    """`nginx -t` in `web`; its risk is taken as medium, so that the rule alone decides."""
    ask = CommandAsk(
        **{"workload": "web", "container": "web", "argv": ("nginx", "-t"), "seconds": 30, **asked}
    )
    return policy_facts(action="exec_command", family="exec", guards=GuardFacts(command=ask))


SCENARIOS = {"command_listed": (command(argv=("nginx", "-s", "stop")), LISTED, "refuse")}
"""For the one rule in `graph.policy_commands`."""
