"""The API server refuses to make the pods: a quota, a limit, an admission webhook, pod security (kubernetes.md 2.1).

Proof: fewer pods are there than wanted, none of those fails or waits, and the controller's newest events say that a
pod could not be created. Or, of a Deployment whose older pods are as many as wanted, those of the newest template are
not, and its newest ReplicaSet was refused lately. Counter-proof there: it has made a pod since. The controller tries
again by itself; a restart would be refused as well, and could take away pods that cannot come back.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from graph.placed import NAMESPACE
from graph.playbooks import Playbook
from graph.refused_words import account_step, quota_step, told, webhook_step, why
from graph.state import Finding, Proposal
from graph.symptoms import current_revision, is_failing, live_pods, pods_of
from tools.records import EventFacts, Evidence, PodFacts, RevisionFacts, Target, WorkloadFacts

REFUSED = "FailedCreate"
CAUSES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a ResourceQuota is used up", re.compile(r"exceeded quota|failed quota")),
    ("pod security does not allow it", re.compile(r"violates PodSecurity")),
    (
        "an admission webhook denies it or does not answer",
        re.compile(r"admission webhook|failed calling webhook"),
    ),
    (
        "a LimitRange does not allow it",
        re.compile(r"(?:maximum|minimum) (?:cpu|memory) usage per|LimitRange"),
    ),
    ("its service account does not exist", re.compile(r"serviceaccount .* not found")),
)
"""What refuses, in the API server's words."""
LATELY = timedelta(minutes=20)
"""A controller that fails waits twice as long each time, 1000 s at the most (client-go), before it tries again."""
QUOTA, SECURITY, WEBHOOK, LIMITS, ACCOUNT = (cause for cause, _ in CAUSES)
UNKNOWN = "the API server refuses them"


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    workload, pods, now = evidence.workload, live_pods(evidence), evidence.collected_at
    refusals = [event for event in evidence.events if event.reason == REFUSED and event.type == "Warning"]
    if workload is None or not refusals or any(is_failing(pod, now) or pod.unschedulable for pod in pods):
        return None
    missing = workload.desired - len(pods)
    if missing < 1:
        return _stuck_rollout(evidence, workload, refusals)
    return _refused(evidence, refusals, missing, f"{missing} of {workload.desired} pods cannot be made")


def _stuck_rollout(evidence: Evidence, workload: WorkloadFacts, refusals: list[EventFacts]) -> Finding | None:
    """The older revision serves, and none that replaces it can be made.

    Other kinds make a pod only where one is gone, so that theirs are fewer than wanted.
    """
    current = current_revision(evidence)
    if current is None or workload.kind != "Deployment":
        return None
    made = pods_of(evidence, current)
    mine = [event for event in refusals if _of_now(event, current, evidence.collected_at)]
    missing = workload.desired - max(workload.updated, len(made))
    if not mine or missing < 1 or _made_since(mine, made):
        return None
    at_once = min(missing, max(1, workload.desired + workload.surge - len(live_pods(evidence))))
    head = (
        f"Its rollout is stuck: {missing} of {workload.desired} pods of revision {current.number} cannot be made "
        "beside the older ones"
    )
    found = _refused(evidence, mine, at_once, head)
    return found.model_copy(update={"how_soon": "later"}) if workload.ready >= workload.desired else found


def _of_now(event: EventFacts, current: RevisionFacts, now: datetime) -> bool:
    return event.name == current.name and event.last_seen is not None and now - event.last_seen <= LATELY


def _made_since(refusals: list[EventFacts], made: tuple[PodFacts, ...]) -> bool:
    last = max(event.last_seen for event in refusals if event.last_seen)
    return any(pod.created_at > last for pod in made)


def _refused(evidence: Evidence, refusals: list[EventFacts], missing: int, head: str) -> Finding:
    """`missing`: as many as the controller would make at once."""
    cause = _cause(refusals[0])
    return Finding(
        problem="pods_refused",
        cause=f"quota/{NAMESPACE}" if cause == QUOTA else "",
        summary=f"{head}: {cause}; {why(refusals[0])}.",
        directness=1.0,
        evidence=tuple(evidence.cite("events") + evidence.cite("workload") + evidence.cite("pods")),
        facts=(told(refusals),),
        ruled_out=("a crash, an image or a node: the pods do not exist",),
        next_step=f"{_step(cause, refusals[0], missing)}. The controller tries again by itself; a restart would be "
        "refused as well, and take away pods that run.",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: what refuses the pods would refuse those of any action."""
    return []


def _cause(event: EventFacts) -> str:
    return next((cause for cause, pattern in CAUSES if pattern.search(event.message)), UNKNOWN)


def _step(cause: str, event: EventFacts, missing: int) -> str:
    if cause == QUOTA:
        return quota_step(event, missing)
    if cause == WEBHOOK:
        return webhook_step(event)
    if cause == ACCOUNT:
        return account_step(event)
    if cause == SECURITY:
        return (
            "kubectl edit <workload>: mend the securityContext that is named, or have the namespace's label "
            "pod-security.kubernetes.io/enforce changed by whoever may: kubectl get namespace <namespace> --show-labels"
        )
    if cause == LIMITS:
        bounds = "kubectl describe limitrange -n <namespace> gives the bounds"
        return f"{bounds}; kubectl edit <workload> changes what its containers ask for"
    return f"kubectl describe {event.kind.lower()} {event.name}: its events have the whole answer"


PLAYBOOK = Playbook(problem="pods_refused", rank=71, proves=proves, candidates=candidates)
