"""An init container fails, so that the pod never gets to its containers: a migration, a wait, a download.

Proof: in every pod with a crash the container that crashed is an init container. What it says decides; a restart of
the pod runs it once more, which the kubelet does already.
"""

from __future__ import annotations

from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import crashed_container, describe_crash, live_pods
from tools.records import Evidence, Target


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    now = evidence.collected_at
    crashed = [(p, c) for p in live_pods(evidence) if (c := crashed_container(p, now))]
    if not crashed or not all(c.init and not c.sidecar for _, c in crashed):
        return None
    pod, container = crashed[0]
    return Finding(
        problem="failing_init_container",
        summary=f"Init container {container.name} fails, so that the containers of {pod.name} do not start.",
        directness=0.8,
        evidence=tuple(evidence.cite("pods") + evidence.cite("previous_logs") + evidence.cite("events")),
        facts=tuple(describe_crash(p, c) for p, c in crashed[:3]),
        ruled_out=("a crash of the program itself: it has not started",),
        next_step=f"kubectl logs --previous {pod.name} -c {container.name}",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: the kubelet runs it again already, and a migration may be half done."""
    return []


PLAYBOOK = Playbook(problem="failing_init_container", rank=76, proves=proves, candidates=candidates)
