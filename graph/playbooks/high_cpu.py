"""All replicas are near their limit of processor time, and nothing else scales them: give the workload more of them.

Proof: fresh samples of `metrics.k8s.io`, or of Prometheus where that tells nothing, show the same container of every
pod near its limit (or, without one, its request), in a complete rollout whose pods are all ready and have run for a
while. Counter-proof: one replica that is not busy (then it is the load's distribution, or that one pod), start-up, a
crash, a dependency that is down, or no samples: then nobody knows. A release of the last half hour that may have
caused it is for a person.
"""

from __future__ import annotations

from graph import counted
from graph.ages import old
from graph.busy import busy_container
from graph.cpu_steps import next_step
from graph.cpu_words import TELLS, in_all, sources, use_line
from graph.load import cpu_share, pods_that_fit
from graph.load_around import around
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import container_named, dependencies_down, just_released, live_pods
from tools.records import ActionCall, ContainerFacts, Evidence, PodFacts, Target
from tools.workload_revisions import kind_args


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
    kinds = (*(TELLS[source][0] for source in sources(name, evidence)), "pods", "autoscalers")
    return Finding(
        problem="high_cpu",
        summary=_summary(name, container, pods, evidence),
        directness=_directness(container, evidence),
        evidence=tuple(id_ for kind in kinds for id_ in evidence.cite(kind)),
        facts=(use_line(name, evidence), *around(evidence)),
        ruled_out=(
            "one busy pod: all of them are",
            f"start-up: the youngest container has run for {_youngest(name, pods, evidence)}",
        ),
        next_step=next_step(container, evidence),
        how_soon="soon",
    )


def _summary(name: str, container: ContainerFacts, pods: tuple[PodFacts, ...], evidence: Evidence) -> str:
    shares = [cpu_share(pod, found, evidence) or 0.0 for pod in pods if (found := container_named(pod, name))]
    low, high = f"{min(shares):.0%}", f"{max(shares):.0%}"
    span = low if low == high else f"{low.rstrip('%')} to {high}"
    bound = "limit" if container.cpu_limit else "request"
    return f"{counted.all_pods(len(pods), 'uses', 'use')} {span} of their processor {bound}{_total(name, evidence)}."


def _total(name: str, evidence: Evidence) -> str:
    told = in_all(name, evidence)
    return f": {told}" if told else ""


def _youngest(name: str, pods: tuple[PodFacts, ...], evidence: Evidence) -> str:
    starts = [
        found.running_since for pod in pods if (found := container_named(pod, name)) and found.running_since
    ]
    return old(max(starts), evidence.collected_at)


def _directness(container: ContainerFacts, evidence: Evidence) -> float:
    if just_released(evidence):
        return 0.7
    return 1.0 if container.cpu_limit else 0.85


PLAYBOOK = Playbook(problem="high_cpu", rank=60, proves=proves, candidates=candidates, alert_measures=True)
