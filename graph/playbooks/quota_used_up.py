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
from tools.quantities import format_quantity
from tools.records import Alert, Evidence

NAMES = re.compile(r"Kube(?:rnetes)?(?:Resource)?Quota(?:AlmostFull|FullyUsed|Exceeded|\w*)")
NEAR, FULL = 0.9, 1.0
_COLUMNS = (
    "CPU:.spec.containers[*].resources.requests.cpu,MEMORY:.spec.containers[*].resources.requests.memory"
)


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
        summary=f"{fire(alerts)}: {_state(full, near, lines)}, in namespace {space or 'that the alert does not name'}.",
        directness=1.0 if full or near else 0.6,
        evidence=evidence.cite("quotas"),
        facts=(*[*full, *near][1:5], *_roomy(lines), _beyond(full, near, lines)),
        ruled_out=("a quota that is used up now: all have room",) if lines and not full and not near else (),
        next_step=_next(alerts, evidence, room_again=bool(lines) and not full and not near),
        how_soon="soon" if full else "later" if lines else "",
    )


def _lines(evidence: Evidence) -> list[tuple[float, str]]:
    """Each resource with the share that is used, the fullest first."""
    found = []
    for quota in evidence.quotas:
        for key, hard in quota.hard.items():
            used = quota.used.get(key, 0.0)
            if hard > 0:
                told = (
                    f"{format_quantity(used, key)} of {format_quantity(hard, key)} used ({used / hard:.0%})"
                )
                found.append((used / hard, f"ResourceQuota {quota.name}: {key} {told}"))
    return sorted(found, reverse=True)


def _state(full: list[str], near: list[str], lines: list[tuple[float, str]]) -> str:
    if full:
        more = f" and {len(full) - 1} more" if len(full) > 1 else ""
        return f"a quota is used up, {full[0]}{more}"
    if near:
        return f"a quota is almost used up, {near[0]}"
    return "the quotas have room again" if lines else "a quota is used up or almost"


def _roomy(lines: list[tuple[float, str]]) -> list[str]:
    """What of the same quotas leaves room: less may be asked of the one without the other."""
    return [line for share, line in lines if share < NEAR][:2]


def _beyond(full: list[str], near: list[str], lines: list[tuple[float, str]]) -> str:
    if lines and not full and not near:
        return "no new pod is refused for it now"
    return "new pods beyond it are refused, scaling up too; pods that run go on"


def _next(alerts: Sequence[Alert], evidence: Evidence, *, room_again: bool) -> str:
    space = named(alerts, "namespace")
    if room_again:
        refused = f"kubectl get events -n {space} --field-selector reason=FailedCreate"
        return f"Nothing to do now; {refused} shows whether a pod was refused meanwhile."
    who = f"kubectl get pods -n {space} -o custom-columns=NAME:.metadata.name,{_COLUMNS}"
    return (
        f"{who} shows who asks for what: take away what is not needed, or have the quota raised: kubectl edit "
        f"resourcequota{_quota(alerts, evidence)} -n {space}. A pod that is refused starts by itself then."
    )


def _quota(alerts: Sequence[Alert], evidence: Evidence) -> str:
    """By the alert's label, else the only one that was read."""
    if label(alerts, "resourcequota"):
        return f" {named(alerts, 'resourcequota')}"
    names = {quota.name for quota in evidence.quotas}
    return f" {names.pop()}" if len(names) == 1 else ""


PLAYBOOK = Playbook(problem="quota_used_up", rank=94, tells=tells, explains=explains, looks=("quotas",))
