"""What the name of an alert says of how bad it is."""

from __future__ import annotations

import re

USERS_SEE = re.compile(
    r"error|5xx|\bslo|burn|(?<!un)availab|latency|slow|requests?(?:fail|drop)|fail(?:ed|ing)?requests|uptime|probefail",
    re.IGNORECASE,
)
"""About what users get, which pods that are ready do not show: error rates, latency, budgets of an objective."""
