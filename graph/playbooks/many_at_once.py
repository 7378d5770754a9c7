"""Many workloads fell ill within minutes, and no cause of this one's is proved: look for what they share.

Proof: the record's own count, by which a global hold is in force, and pods of this one that are not well. Counter-
proof: a cause that is proved of this workload alone, which is asked first; a hold that is older, another outage's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from graph import counted
from graph.ages import since
from graph.fell_together import fell_at
from graph.playbooks import Playbook
from graph.said import quoted
from graph.state import Finding
from graph.symptoms import crashed_container, describe_crash, is_broken, live_pods
from tools.records import Evidence, PodFacts
from tools.shared_causes import MANY_AT_ONCE


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    now = evidence.collected_at
    ill = [pod for pod in live_pods(evidence) if is_broken(pod, now)]
    if not evidence.at_once or not ill:
        return None
    return Finding(
        problem="many_at_once",
        cause=MANY_AT_ONCE,
        summary=(
            f"{evidence.at_once}. They are likely to have one cause. Of this one "
            f"{counted.pods(len(ill), 'is', 'are')} not well{_since(ill, now)}{quoted(evidence)}."
        ),
        directness=0.6,
        evidence=tuple(
            id_ for kind in ("pods", "previous_logs", "logs", "events") for id_ in evidence.cite(kind)
        ),
        facts=tuple(_facts(ill, now)),
        next_step=(
            "kubectl get events -A --field-selector type=Warning --sort-by=.lastTimestamp | tail -40; kubectl get pods "
            "-A -o wide | grep -vE 'Running|Completed'; kubectl get nodes: one node, registry or Service in all of "
            "them? Else what their logs name: a database, DNS, the network. Restart none of them before: what they "
            "have in common would only stop them again."
        ),
    )


def _since(ill: Sequence[PodFacts], now: datetime) -> str:
    moment = fell_at(ill)
    return f" since {since(moment, now)}" if moment else ""


def _facts(ill: Sequence[PodFacts], now: datetime) -> Iterator[str]:
    yield from (describe_crash(pod, found) for pod in ill[:2] if (found := crashed_container(pod, now)))
    nodes = sorted({pod.node for pod in ill if pod.node})
    if nodes:
        yield f"its ill pods are on {', '.join(nodes[:4])}"
    yield "until a person lifts this hold, nothing is written without one"


PLAYBOOK = Playbook(problem="many_at_once", rank=79, proves=proves)
