"""What people wrote on an object about why it is as it is: annotations that speak of a reason, a ticket, a plan.

Foreign text: redacted, cut, left out where it gives orders (kubernetes.md R8.4), and quoted as said. Annotations of
Kubernetes and of controllers say nothing of the kind, but for the cause of a change that kubectl can record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tools.excerpts import commands, imperative, message, quote
from tools.redaction import secret_key

MOST, LONGEST = 2, 160
CHANGE_CAUSE = "kubernetes.io/change-cause"
_WHY = re.compile(
    r"reason|why|ticket|change|maint|planned|until|window|contact|note|comment|paused|stopped|disabled"
    r"|(?:scaled|cordoned|suspended|taken)[-_.]?(?:down|up|to|out|by)|jira|incident|issue",
    re.IGNORECASE,
)
_CONTROLLERS = re.compile(
    r"^(?:sre-agent|(?:[\w-]+\.)*(?:kubernetes\.io|k8s\.io|helm\.sh|argoproj\.io|fluxcd\.io|istio\.io|projectcalico\.org|cilium\.io"
    r"|coreos\.com|openshift\.io|cattle\.io|amazonaws\.com|azure\.com|gke\.io|google\.com))/"
)


def notes(annotations: Mapping[str, object]) -> tuple[str, ...]:
    """`corp.example/maintenance: "CHG0048213, window 07:00-09:30 UTC"`, at most `MOST`, by key."""
    told = (_note(key, str(value)) for key, value in sorted(annotations.items()) if _speaks(key))
    return tuple(note for note in told if note)[:MOST]


def _speaks(key: str) -> bool:
    if key == CHANGE_CAUSE:
        return True
    named = key.rpartition("/")[2]
    return bool(_WHY.search(named)) and not _CONTROLLERS.match(key) and not secret_key(key)


def _note(key: str, value: str) -> str:
    words = message(value, LONGEST)
    looks_like_data = words.startswith(("{", "[")) or not re.search(r"[A-Za-z]{3}", words)
    orders = imperative([value]) or commands(value)
    return "" if looks_like_data or orders else f"{message(key, 80)}: {quote(words)}"
