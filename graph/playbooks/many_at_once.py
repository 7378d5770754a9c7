"""Many workloads fell ill within minutes, and no cause of this one's is proved: look for what they share.

Proof: the record's own count, by which a global hold is in force, and pods of this one that are not well. Counter-
proof: a cause that is proved of this workload alone, which is asked first; a hold that is older, another outage's.
"""

from __future__ import annotations

from graph import counted
from graph.playbooks import Playbook
from graph.state import Finding
from graph.symptoms import crashed_container, describe_crash, is_broken, live_pods
from tools.records import Evidence
from tools.shared_causes import MANY_AT_ONCE


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    now = evidence.collected_at
    ill = [pod for pod in live_pods(evidence) if is_broken(pod, now)]
    if not evidence.at_once or not ill:
        return None
    nodes = sorted({pod.node for pod in ill if pod.node})
    return Finding(
        problem="many_at_once",
        cause=MANY_AT_ONCE,
        summary=(
            f"{counted.pods(len(ill), 'is', 'are')} not well, as many workloads at once: {evidence.at_once}. "
            "They are likely to have one cause."
        ),
        directness=0.6,
        evidence=tuple(
            id_ for kind in ("pods", "previous_logs", "logs", "events") for id_ in evidence.cite(kind)
        ),
        facts=(
            *(describe_crash(pod, found) for pod in ill[:2] if (found := crashed_container(pod, now))),
            *([f"its ill pods are on {', '.join(nodes[:4])}"] if nodes else []),
            "a global hold is in force: nothing is written without a person",
        ),
        next_step=(
            "kubectl get nodes; kubectl -n kube-system get pods -o wide; kubectl get events -A --field-selector "
            "type=Warning --sort-by=.lastTimestamp: what do they share? Then a database, a registry, the network. GET "
            "/hold lists them. Restart none of them before: what they have in common would only stop them again."
        ),
    )


PLAYBOOK = Playbook(problem="many_at_once", rank=79, proves=proves)
