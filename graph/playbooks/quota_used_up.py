"""A namespace has used what its ResourceQuota grants: new pods are refused, what runs goes on.

Proof, where it may be read: the quota's own status. The alert says which. Counter-proof: a quota that has room now.
Nothing scales a workload up in that namespace meanwhile; how much a team may have is for people.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph.alert_words import fire, label, named
from graph.playbooks import Playbook
from graph.state import Finding
from tools.records import Alert, Evidence

NAMES = re.compile(r"Kube(?:rnetes)?(?:Resource)?Quota(?:AlmostFull|FullyUsed|Exceeded|\w*)")
NEAR, FULL = 0.9, 1.0


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus and of the community's rules, or by the label of the object."""
    return bool(NAMES.fullmatch(alert.name)) or bool(alert.labels.get("resourcequota"))


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    space = label(alerts, "namespace")
    lines = _lines(evidence)
    full = [line for share, line in lines if share >= FULL]
    near = [line for share, line in lines if NEAR <= share < FULL]
    return Finding(
        problem="quota_used_up",
        cause=f"quota/{space}" if space and (full or near) else "",
        summary=f"{fire(alerts)}: {_state(full, near, lines)} in namespace {space or 'that the alert does not name'}.",
        directness=1.0 if full or near else 0.6,
        evidence=evidence.cite("quotas"),
        facts=(*full[:4], *near[:3], "new pods beyond it are refused, scaling up too; pods that run go on"),
        ruled_out=("a quota that is used up now: all have room",) if lines and not full and not near else (),
        next_step=(
            f"kubectl -n {named(alerts, 'namespace')} describe resourcequota {_quota(alerts)}: "
            "raise it, or take away what is not needed; a pod that is refused starts by itself then."
        ),
    )


def _lines(evidence: Evidence) -> list[tuple[float, str]]:
    """Each resource with the share that is used, the fullest first."""
    found = []
    for quota in evidence.quotas:
        for key, hard in quota.hard.items():
            used = quota.used.get(key, 0.0)
            if hard > 0:
                found.append((used / hard, f"ResourceQuota {quota.name}: {key} {used:g} of {hard:g} used"))
    return sorted(found, reverse=True)


def _state(full: list[str], near: list[str], lines: list[tuple[float, str]]) -> str:
    if full:
        return f"{len(full)} of its quotas' resources {'is' if len(full) == 1 else 'are'} used up"
    if near:
        return "a quota is almost used up"
    return "the quotas have room again" if lines else "a quota is used up or almost"


def _quota(alerts: Sequence[Alert]) -> str:
    return named(alerts, "resourcequota") if label(alerts, "resourcequota") else ""


PLAYBOOK = Playbook(problem="quota_used_up", rank=94, tells=tells, explains=explains, looks=("quotas",))
