"""From evidence to one finding: the playbooks in their order, else what was checked and not found.

Pure. `diagnose` always answers: `unknown` and `recovered_by_itself` are answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph import counted, unknown_words
from graph.alert_says import with_alert
from graph.alert_words import label, named
from graph.context import with_context
from graph.explained import explanation
from graph.load import silent_sources
from graph.placed import placed
from graph.playbooks import playbooks
from graph.said import with_words
from graph.shared_cause import with_cause
from graph.state import Finding, Proposal
from graph.symptoms import crashed_lately, is_broken, is_complete, live_pods
from tools.excerpts import message
from tools.records import GUARDS, Alert, Evidence, NodeFacts, PodFacts, Target
from tools.synthetic import is_test

NEVER_ACTS = frozenset({"Watchdog", "InfoInhibitor"})
ABOUT_PODS = re.compile(
    r"crash|oom|restart|notready|nothealthy|unhealthy|imagepull|errimage|containerwaiting|replicasmismatch"
    r"|rolloutstuck|(?:pod|container|deployment|replica).*(?:down|fail|notrunning|pending|unavailable)",
    re.IGNORECASE,
)
"""Names of alerts whose condition the state of pods shows: only of these (and tests) can pods say that it is over."""

ABOUT_SCALERS = re.compile(r"hpa|autoscaler", re.IGNORECASE)
"""Names of alerts about what an autoscaler wants, which pods that are well say nothing of."""

ABOUT_USE = re.compile(r"cpu|processor|throttl|load|memory", re.IGNORECASE)
"""Names of alerts whose condition only what pods use shows."""
ABOUT_READINESS = re.compile(r"node.*(?:ready|readiness|unreachable|down)", re.IGNORECASE)
"""Names of alerts whose condition a node's Ready condition shows."""
COMES_AND_GOES = re.compile(r"flap", re.IGNORECASE)
"""Names of alerts for which a state that is well now says nothing."""


def diagnose(
    evidence: Evidence, target: Target | None, alerts: Sequence[Alert] = ()
) -> tuple[Finding, list[Proposal]]:
    """The first class that proves, with its candidates; none of them when no action is right.

    `alerts` decide only whether healthy pods mean that nothing is wrong any more (see `ABOUT_PODS`), and which class
    explains what no playbook proves; what they say is quoted where the API does not show it.
    """
    for playbook in playbooks():
        finding = playbook.proves(evidence)
        if finding:
            candidates = playbook.candidates(finding, evidence, target) if target else []
            telling = alerts if playbook.alert_measures else ()
            return _told(with_alert(finding, telling), evidence, target), candidates
    telling = [alert for alert in alerts if not _about_pods(alert.name)]
    return _told(with_alert(_nothing_proved(evidence, alerts), telling), evidence, target), []


def _told(finding: Finding, evidence: Evidence, target: Target | None) -> Finding:
    told = placed(with_context(with_words(finding, evidence), evidence), target)
    return with_cause(told, evidence, target)


def unresolved(reason: str, evidence: Evidence | None = None, alerts: Sequence[Alert] = ()) -> Finding:
    """No target: reported, never guessed (R3.3). What its labels tell of its class is explained, with what was read."""
    if evidence is not None:
        proved = (playbook.proves(evidence) for playbook in playbooks())
        found = next((finding for finding in proved if finding), None) or explanation(evidence, alerts)
        if found:
            return with_cause(with_alert(found, alerts), evidence, None)
    finding = Finding(
        problem="unknown",
        summary=f"The alert's target could not be told: {message(reason, 240)}",
        directness=0.0,
        next_step=f"{_where_to_look(alerts)} An alert needs labels that name a namespace and a pod or workload.",
    )
    return with_alert(finding, alerts)


def _where_to_look(alerts: Sequence[Alert]) -> str:
    """A first command, by what little the labels name."""
    spaces = ("exported_namespace", "namespace")
    if label(alerts, *spaces):
        return f"kubectl get pods,events -n {named(alerts, *spaces)} shows what is ill around it."
    if label(alerts, "pod"):
        return (
            f"kubectl get pods -A --field-selector metadata.name={named(alerts, 'pod')} finds its namespace."
        )
    return "kubectl get events -A --field-selector type=Warning shows what is ill now."


def is_noise(alerts: Sequence[Alert]) -> bool:
    """Watchdog and its like, and severities that never act."""
    return bool(alerts) and all(a.name in NEVER_ACTS or a.severity in ("none", "info") for a in alerts)


def _nothing_proved(evidence: Evidence, alerts: Sequence[Alert]) -> Finding:
    if evidence.node:
        return _no_ill_node(evidence.node, evidence, alerts)
    unseen = [a.name for a in alerts if not (is_test(a.labels) or _about_pods(a.name))]
    if _is_well(evidence) and not unseen:
        return Finding(
            problem="recovered_by_itself",
            summary=f"{_all_are(live_pods(evidence))} ready now; nothing shows the problem any more.",
            directness=1.0,
            evidence=tuple(evidence.cite("pods")),
            broken=False,
            next_step="Nothing to do; the alert should resolve.",
        )
    explained = explanation(evidence, alerts)
    if explained:
        return explained
    silent = _unmeasured(evidence, unseen)
    return Finding(
        problem="unknown",
        summary=unknown_words.summary(evidence, next(iter(unseen), ""), silent),
        directness=0.2,
        evidence=tuple(item.id for item in evidence.items if item.status == "found"),
        facts=unknown_words.facts(evidence, silent, about_use=any(map(ABOUT_USE.search, unseen))),
        ruled_out=unknown_words.ruled_out(evidence),
        next_step=unknown_words.next_step(evidence, silent),
    )


def _about_pods(name: str) -> bool:
    return bool(ABOUT_PODS.search(name)) and not ABOUT_SCALERS.search(name)


def _unmeasured(evidence: Evidence, unseen: Sequence[str]) -> tuple[str, ...]:
    """Why nobody tells what pods use that an alert about use is about; empty when somebody does, or none is."""
    about = any(ABOUT_USE.search(name) for name in unseen)
    return silent_sources(evidence) if about and not evidence.usage else ()


def _no_ill_node(node: NodeFacts, evidence: Evidence, alerts: Sequence[Alert]) -> Finding:
    """It is Ready, or was cordoned by somebody: of alerts about readiness that says that they are over."""
    only_readiness = all(
        ABOUT_READINESS.search(alert.name) and not COMES_AND_GOES.search(alert.name) for alert in alerts
    )
    if only_readiness and node.takes_pods and not node.pressures:
        return Finding(
            problem="recovered_by_itself",
            summary=f"Node {node.name} is Ready and takes pods; nothing shows the problem any more.",
            directness=1.0,
            evidence=evidence.cite("nodes"),
            broken=False,
            next_step="Nothing to do; the alert should resolve.",
        )
    explained = explanation(evidence, alerts)
    if explained:
        return explained
    state = ", ".join(node.pressures) or ("Ready" if node.schedulable else "Ready and cordoned")
    return Finding(
        problem="unknown",
        summary=f"Node {node.name} is {state}; no rule of this agent acts on that.",
        directness=0.2,
        evidence=tuple(item.id for item in evidence.items if item.status == "found"),
        facts=unknown_words.facts(evidence, (), about_use=False),
        ruled_out=(f"a node that is not Ready: it is since {node.ready_changed_at:%Y-%m-%d %H:%M:%S} UTC",)
        if node.ready == "True" and node.ready_changed_at
        else (),
        next_step=f"kubectl describe node {node.name}: conditions, what its pods ask for, events; kubectl top node "
        f"{node.name}",
    )


def _is_well(evidence: Evidence) -> bool:
    """Everything was read, the rollout is complete, all pods are ready, and none has crashed lately."""
    pods, now = live_pods(evidence), evidence.collected_at
    shaky = any(is_broken(pod, now) or crashed_lately(pod, now) for pod in pods)
    unread = [item for item in evidence.missing() if item.kind not in GUARDS]
    return bool(pods) and not shaky and not unread and _complete(evidence)


def _complete(evidence: Evidence) -> bool:
    workload = evidence.workload
    return workload is not None and is_complete(evidence) and workload.available >= workload.desired


def _all_are(pods: Sequence[PodFacts]) -> str:
    return counted.all_pods(len(pods), "is", "are")
