"""A pod should be gone and is not: a finalizer holds it, its node does not answer, or a volume cannot be let go.

Proof: the time by which it should be gone, its grace period included, is over for more than a minute, and no other pod
fails. Counter-proof: its grace period still runs, or it is on its way for seconds. Never forced: a pod that was deleted
by force may still run on its node, with the same name or volume as the next one (kubernetes.md 4.5), and what a
finalizer waits for is its owner's.
"""

from __future__ import annotations

from datetime import timedelta

from graph import counted
from graph.ages import since
from graph.evictions import node_line, node_of
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import is_failing, live_pods
from graph.volumes_awaited import waiting_for_volumes
from tools.records import Evidence, PodFacts, Target

OVERDUE = timedelta(seconds=60)


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    stuck = [pod for pod in evidence.pods if _is_overdue(pod, evidence)]
    others = live_pods(evidence)
    if not stuck or waiting_for_volumes(evidence):
        return None
    if any(is_failing(pod, evidence.collected_at) or pod.unschedulable for pod in others):
        return None
    pod = min(stuck, key=lambda pod: pod.gone_by or evidence.collected_at)
    why, step = _why(pod, evidence)
    ready = sum(other.ready for other in others)
    wanted = evidence.workload.desired if evidence.workload else len(others)
    return Finding(
        problem="stuck_terminating",
        summary=f"{counted.pods(len(stuck), 'should', 'should')} be gone and {'is' if len(stuck) == 1 else 'are'} not: "
        f"{pod.name}, {why}.",
        directness=1.0 if pod.finalizers else 0.9 if node_of(pod, evidence) else 0.7,
        evidence=tuple(id_ for kind in ("pods", "nodes", "events") for id_ in evidence.cite(kind)),
        facts=(
            f"{pod.name} should have been gone at {_gone_by(pod, evidence)}",
            node_line(pod, node_of(pod, evidence)),
            *_volumes(pod),
            f"{ready} of {wanted} pods are ready{_takes_its_place(pod, evidence)}",
        ),
        ruled_out=("a crash: no other pod of it fails", *_no_finalizer(pod)),
        next_step=step,
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: it is deleted already, and what would remain is force."""
    return []


def _is_overdue(pod: PodFacts, evidence: Evidence) -> bool:
    return pod.deleting and pod.gone_by is not None and evidence.collected_at - pod.gone_by > OVERDUE


def _gone_by(pod: PodFacts, evidence: Evidence) -> str:
    return since(pod.gone_by, evidence.collected_at) if pod.gone_by else "a time that is over"


def _volumes(pod: PodFacts) -> list[str]:
    """What nobody else may use as long as it may still run (kubernetes.md 4.5)."""
    return [f"it still holds claim {', '.join(pod.claims)}"] if pod.claims else []


def _takes_its_place(pod: PodFacts, evidence: Evidence) -> str:
    """A StatefulSet makes none of the same name while the old one is there."""
    kind = evidence.workload.kind if evidence.workload else ""
    return f"; no other {pod.name} is made before this one is gone" if kind == "StatefulSet" else ""


def _why(pod: PodFacts, evidence: Evidence) -> tuple[str, str]:
    if pod.finalizers:
        names = ", ".join(pod.finalizers)
        return f"held by the finalizer {names}", _let_go(pod, names)
    node = node_of(pod, evidence)
    if node is not None and node.ready != "True":
        return (
            f"whose node {node.name} is not Ready, so that nobody can say whether it still runs",
            f"kubectl get node {node.name} -o wide gives its address: is the machine up? Back, it ends the pod by "
            "itself; "
            f"off for good, kubectl delete node {node.name} takes its pods with it. Do not delete the pod by force: it "
            "may run twice.",
        )
    return (
        f"which its node {pod.node or '(none)'} has not ended",
        f"On machine {pod.node or 'NODE'}: journalctl -u kubelet | grep {pod.name} shows what it waits for: a process "
        "that does not end, or a volume that cannot be unmounted. systemctl restart kubelet there ends no other pod. "
        "Do "
        "not delete it by force while its processes may run: it would run twice.",
    )


def _let_go(pod: PodFacts, names: str) -> str:
    """Whoever set it lets it go; by hand only what that would have done is lost."""
    patch = """'{"metadata":{"finalizers":null}}'"""
    return (
        f"kubectl get pod {pod.name} -o jsonpath='{{.metadata.managedFields[*].manager}}' --show-managed-fields names "
        "who "
        f"writes to it: what set {names} has to let it go once its work is done. Is that up? Only if it will never "
        "come "
        f"back: kubectl patch pod {pod.name} -n <namespace> --type=merge -p {patch}, which skips that work for good."
    )


def _no_finalizer(pod: PodFacts) -> tuple[str, ...]:
    return () if pod.finalizers else ("a finalizer: it has none",)


PLAYBOOK = Playbook(problem="stuck_terminating", rank=47, proves=proves, candidates=candidates)
