"""An autoscaler has made all the replicas that it may, and its metrics still ask for more: its maximum is too low.

Proof: the HorizontalPodAutoscaler's own status (as many replicas as its maximum, limited by it for ten minutes and
more, its metrics above their targets by more than its tolerance), and pods that are all ready in a complete rollout.
Counter-proof: an autoscaler without metrics, which says nothing; another one beside it; a crash of late; a Service
that is down, for which busy pods wait; pods that hardly use their processor, since more of them would wait for the
same. For some services the maximum is meant to be reached: a person decides.
"""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from graph.ages import since
from graph.cpu_steps import raise_maximum
from graph.cpu_words import use_lines
from graph.load import cpu_share, pods_that_fit
from graph.load_around import around
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import (
    crashed_lately,
    dependencies_down,
    is_complete,
    is_failing,
    just_released,
    live_pods,
)
from tools.records import ActionCall, AutoscalerFacts, Evidence, Target

AT_MAXIMUM = "TooManyReplicas"
FOR_LONG = timedelta(seconds=600)
TOLERANCE = 1.1
"""The controller leaves a ratio of less alone."""
IDLE = 0.5
"""Of what the container may use or asks for: below it more replicas would not have been short of it either."""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    scaler, pods, now = _scaler(evidence), live_pods(evidence), evidence.collected_at
    if scaler is None or not pods or not is_complete(evidence):
        return None
    if any(not pod.ready or is_failing(pod, now) or crashed_lately(pod, now) for pod in pods):
        return None
    return _finding(scaler, evidence) if _is_at_maximum(scaler, evidence) else None


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """Half as many more, rounded down, at least one, as far as quotas go; none while a Service is down. It is only a
    maximum: how many of them there will be is the autoscaler's to say.
    """
    scaler, workload = _scaler(evidence), evidence.workload
    if scaler is None or workload is None or dependencies_down(evidence) or _idle(evidence):
        return []
    more = _more(scaler, evidence)
    if more < 1:
        return []
    args = {
        "namespace": target.namespace,
        "name": scaler.name,
        "uid": scaler.uid,
        "workload": target.name,
        "workload_uid": target.uid,
        "from_maximum": scaler.most,
        "maximum": scaler.most + more,
    }
    return [
        Proposal(
            call=ActionCall(name="set_hpa_maximum", args=args),
            target=target,
            risk="high",
            problem=PLAYBOOK.problem,
            reason=f"Its metrics ask for {_asked(scaler)} replicas: let it make {scaler.most + more}.",
            workload_digest=workload.template_digest,
        )
    ]


def _scaler(evidence: Evidence) -> AutoscalerFacts | None:
    """The one that scales it; None where there is none, or another beside it."""
    found = evidence.autoscalers
    return found[0] if len(found) == 1 and found[0].kind == "HorizontalPodAutoscaler" else None


def _is_at_maximum(scaler: AutoscalerFacts, evidence: Evidence) -> bool:
    workload, since = evidence.workload, scaler.limited_since
    if workload is None or since is None or scaler.inactive or scaler.limited != AT_MAXIMUM:
        return False
    held = evidence.collected_at - since >= FOR_LONG
    full = workload.desired == scaler.current == scaler.wanted == scaler.most > 0
    return held and full and scaler.over is not None and scaler.over > TOLERANCE


def _idle(evidence: Evidence) -> bool:
    """It is known of its pods that none uses much of its processor: what they wait for is elsewhere."""
    shares = [
        cpu_share(pod, c, evidence) for pod in live_pods(evidence) for c in pod.containers if not c.init
    ]
    told = [share for share in shares if share is not None]
    return bool(told) and max(told) < IDLE


def _asked(scaler: AutoscalerFacts) -> int:
    """The controller's own formula."""
    return ceil(scaler.current * (scaler.over or 1.0))


def _more(scaler: AutoscalerFacts, evidence: Evidence) -> int:
    """Of the maximum alone, so that a metric that moves a little makes no other proposal."""
    more, room = max(1, scaler.most // 2), pods_that_fit(evidence)
    return more if room is None else min(more, room)


def _finding(scaler: AutoscalerFacts, evidence: Evidence) -> Finding:
    return Finding(
        problem=PLAYBOOK.problem,
        summary=_summary(scaler, evidence),
        directness=0.7 if just_released(evidence) else 1.0,
        evidence=tuple(id_ for kind in ("autoscalers", "pods", "quotas") for id_ in evidence.cite(kind)),
        facts=(*use_lines(evidence), *(line for line in around(evidence) if scaler.name not in line)),
        ruled_out=(
            "pods that are not ready: all of them are",
            "an autoscaler without metrics: it has them",
        ),
        next_step=_next_step(scaler, evidence),
        how_soon="soon",
    )


def _summary(scaler: AutoscalerFacts, evidence: Evidence) -> str:
    at = f" since {since(scaler.limited_since, evidence.collected_at)}" if scaler.limited_since else ""
    idle = (
        f" Its pods use less than {IDLE:.0%} of their processor: what they wait for is elsewhere, and cannot be "
        "seen from here."
    )
    return (
        f"HorizontalPodAutoscaler {scaler.name} has been at its maximum of {scaler.most} replicas{at}: its metrics are "
        f"at {scaler.over or 0.0:.0%} of their target and ask for {_asked(scaler)}.{idle if _idle(evidence) else ''}"
    )


def _next_step(scaler: AutoscalerFacts, evidence: Evidence) -> str:
    down = dependencies_down(evidence)
    if down:
        return (
            f"kubectl -n <namespace> describe service {down[0].service}, then its pods. Mend {down[0].service} first: "
            "what waits for it may be busy with trying again."
        )
    raised = raise_maximum(scaler, scaler.most + max(1, _more(scaler, evidence)))
    if _idle(evidence):
        return (
            f"kubectl logs {live_pods(evidence)[0].name} --since=10m --tail=100: what do they wait for (a database, a "
            "broker, a lock)? More pods would wait too, unless what they read is divided among them, as the partitions "
            f"of a topic or the connections of a pool are: then compare how many there are with its {scaler.most} pods "
            f"before the maximum is raised. Only then: {raised}"
        )
    if _more(scaler, evidence) < 1:
        quota = evidence.quotas[0].name
        return (
            f"kubectl -n <namespace> describe quota {quota}: it holds no more pods, so that a higher maximum "
            "would change "
            f"nothing. Raise the quota first (kubectl -n <namespace> edit quota {quota}), or lower what the "
            "pods request."
        )
    return raised


PLAYBOOK = Playbook(
    problem="hpa_at_maximum", rank=58, proves=proves, candidates=candidates, alert_measures=True
)
