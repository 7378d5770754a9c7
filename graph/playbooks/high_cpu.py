"""All replicas are near their limit of processor time, and nothing else scales them: give the workload more of them.

Proof: fresh samples of `metrics.k8s.io`, or of Prometheus where that tells nothing, show the same container of every
pod near its limit (or, without one, its request), in a complete rollout whose pods are all ready and have run for a
while. Counter-proof: one replica that is not busy (then it is the load's distribution, or that one pod), start-up, a
crash, a dependency that is down, or no samples: then nobody knows. A release of the last half hour that may have
caused it is for a person.
"""

from __future__ import annotations

from collections.abc import Mapping

from graph import counted
from graph.busy import busy_container
from graph.load import cpu_share, pods_that_fit, used_cores
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import container_named, dependencies_down, just_released, live_pods
from tools.records import ActionCall, ContainerFacts, Evidence, PodFacts, Target, UsageSource
from tools.workload_revisions import kind_args

TELLS: Mapping[UsageSource, tuple[str, str]] = {
    "metrics.k8s.io": ("metrics", "told by metrics.k8s.io"),
    "Prometheus": ("processor_use", "told by Prometheus, as an average of five minutes"),
}
"""Who may tell it: the kind of its item, and how it is said."""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    name = busy_container(evidence)
    return _finding(name, live_pods(evidence), evidence) if name else None


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """Half as many more, rounded down, at least one, as far as quotas go; none where something else scales it, or
    nothing can: a DaemonSet has a pod on each node.
    """
    workload = evidence.workload
    if workload is None or workload.kind == "DaemonSet":
        return []
    if evidence.autoscalers or dependencies_down(evidence):
        return []
    more, room = max(1, workload.desired // 2), pods_that_fit(evidence)
    more = more if room is None else min(more, room)
    if more < 1:
        return []
    replicas = workload.desired + more
    args = {
        "namespace": target.namespace,
        "name": target.name,
        "uid": target.uid,
        "from_replicas": workload.desired,
        "replicas": replicas,
        **kind_args(target.kind),
    }
    return [
        Proposal(
            call=ActionCall(name="scale_deployment", args=args),
            target=target,
            risk="medium",
            problem=PLAYBOOK.problem,
            reason=f"More pods share the load: {replicas} instead of {workload.desired}.",
            workload_digest=workload.template_digest,
        )
    ]


def _finding(name: str, pods: tuple[PodFacts, ...], evidence: Evidence) -> Finding:
    container = container_named(pods[0], name)
    assert container is not None
    bound = "limit" if container.cpu_limit else "request"
    shares = {
        pod.name: cpu_share(pod, found, evidence) or 0.0
        for pod in pods
        if (found := container_named(pod, name))
    }
    facts = [f"{pod}/{name}: {share:.0%} of its {bound}" for pod, share in sorted(shares.items())[:5]]
    told = [TELLS[source] for source in _sources(name, pods, evidence)]
    return Finding(
        problem="high_cpu",
        summary=f"{_all_use(pods)} at least {min(shares.values()):.0%} of their processor {bound}.",
        directness=_directness(container, evidence),
        evidence=tuple(
            id_
            for kind in (*(kind for kind, _ in told), "pods", "autoscalers")
            for id_ in evidence.cite(kind)
        ),
        facts=(*facts, *(words for _, words in told), *_around(evidence)),
        ruled_out=("one busy pod: all of them are", "start-up: all have run for five minutes and more"),
        next_step=_next_step(evidence),
    )


def _sources(name: str, pods: tuple[PodFacts, ...], evidence: Evidence) -> list[UsageSource]:
    """Who told what the pods use, each once."""
    containers = [(pod, found) for pod in pods if (found := container_named(pod, name))]
    told = {use.source for pod, found in containers if (use := used_cores(pod, found, evidence))}
    return [source for source in TELLS if source in told]


def _all_use(pods: tuple[PodFacts, ...]) -> str:
    return counted.all_pods(len(pods), "uses", "use")


def _around(evidence: Evidence) -> list[str]:
    lines = [f"{a.kind} {a.name} scales it: {a.least} to {a.most} replicas" for a in evidence.autoscalers]
    lines += [f"Service {d.service}, which it needs, has no ready pod" for d in dependencies_down(evidence)]
    room = pods_that_fit(evidence)
    if room is not None:
        lines.append(f"the namespace's quotas hold {counted.times(room, 'more pod')}")
    if just_released(evidence):
        lines.append("its newest revision is younger than half an hour")
    return lines


def _next_step(evidence: Evidence) -> str:
    down, scaler = dependencies_down(evidence), next(iter(evidence.autoscalers), None)
    if down:
        return f"Mend {down[0].service} first: what waits for it may be busy with trying again."
    if scaler:
        return f"{scaler.kind} {scaler.name} ends at {scaler.most} replicas: raise that, if the load is real."
    if pods_that_fit(evidence) == 0:
        return "The namespace's ResourceQuota holds no more pods: raise it, or lower what the pods request."
    return "If more replicas do not help: profile it, or raise its processor limit."


def _directness(container: ContainerFacts, evidence: Evidence) -> float:
    if just_released(evidence):
        return 0.7
    return 1.0 if container.cpu_limit else 0.85


PLAYBOOK = Playbook(problem="high_cpu", rank=60, proves=proves, candidates=candidates, alert_measures=True)
