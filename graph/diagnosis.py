"""From evidence to one finding: the playbooks in their order, else what was checked and not found.

Pure. `diagnose` always answers: `unknown` and `recovered_by_itself` are answers.
"""

from __future__ import annotations

from collections.abc import Sequence

from graph.playbooks import playbooks
from graph.state import Finding, Proposal
from graph.symptoms import is_broken, live_pods
from tools.records import Alert, Evidence, Target

NEVER_ACTS = frozenset({"Watchdog", "InfoInhibitor"})


def diagnose(evidence: Evidence, target: Target | None) -> tuple[Finding, list[Proposal]]:
    """The first class that proves, with its candidates; none of them when no action is right."""
    for playbook in playbooks():
        finding = playbook.proves(evidence)
        if finding:
            return finding, playbook.candidates(finding, evidence, target) if target else []
    return _nothing_proved(evidence), []


def unresolved(reason: str) -> Finding:
    """No target: reported, never guessed (R3.3)."""
    return Finding(
        problem="unknown",
        summary=f"The alert's target could not be told: {reason}",
        directness=0.0,
        next_step="Look at the alert's labels: it needs a namespace and a pod or workload.",
    )


def is_noise(alerts: Sequence[Alert]) -> bool:
    """Watchdog and its like, and severities that never act."""
    return bool(alerts) and all(a.name in NEVER_ACTS or a.severity in ("none", "info") for a in alerts)


def _nothing_proved(evidence: Evidence) -> Finding:
    pods = live_pods(evidence)
    missing = evidence.missing()
    if pods and not any(is_broken(pod) for pod in pods) and not missing and _complete(evidence):
        return Finding(
            problem="recovered_by_itself",
            summary=f"All {len(pods)} pods are ready now; nothing shows the problem any more.",
            directness=1.0,
            evidence=tuple(evidence.cite("pods")),
            broken=False,
            next_step="Nothing to do; the alert should resolve.",
        )
    return Finding(
        problem="unknown",
        summary=_unknown_summary(evidence),
        directness=0.2,
        evidence=tuple(item.id for item in evidence.items if item.status == "found"),
        facts=tuple(f"{item.kind}: {item.summary}" for item in evidence.items)[:8],
        ruled_out=("a bad release", "a crash", "an image error"),
        next_step="Look at the evidence below; no rule of this agent explains it.",
    )


def _complete(evidence: Evidence) -> bool:
    workload = evidence.workload
    if workload is None:
        return False
    return workload.updated >= workload.desired and workload.available >= workload.desired


def _unknown_summary(evidence: Evidence) -> str:
    missing = evidence.missing()
    if missing:
        return f"{len(missing)} of {len(evidence.items)} reads failed; the first: {missing[0].summary}"
    unready = [pod.name for pod in live_pods(evidence) if not pod.ready]
    return (
        f"{len(unready)} pods are not ready, for no proved cause." if unready else "No failing pod was found."
    )
