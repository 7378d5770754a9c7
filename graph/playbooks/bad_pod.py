"""One pod crashes again and again while its siblings of the same revision are well: evict that one, once.

A container that is restarted keeps its pod's volumes, address and node; a new pod starts without them.

Proof: exactly one live pod of a complete rollout fails, by a crash loop of three restarts or more; at least two
siblings of the same revision are ready, and have run for ten minutes without an end; its node is well.
Counter-proof: a second pod fails, this one is the youngest and was never well (any new pod may fail so), a sibling is
young or has crashed lately, a rollout moves, something that it needs is down, it runs another image under the same tag,
or its container cannot be executed at all: another pod would do so too.
Of a StatefulSet the next pod has the same name and the same claims: proved only where the pod mounts none, and a person
is asked (kubernetes.md 4.5). Of a DaemonSet it is on the same node, which is what sets it apart from its siblings: the
next pod would fare as this one does.
"""

from __future__ import annotations

from datetime import datetime

from graph.ages import old
from graph.crash_words import ending
from graph.evictions import OLD_ENOUGH, eviction, node_line, node_of
from graph.playbooks import Playbook
from graph.said import quoted
from graph.state import Finding, Proposal
from graph.symptoms import (
    LIVED_WELL_SECONDS,
    crashed_container,
    crashed_lately,
    dependencies_down,
    describe_crash,
    is_broken,
    is_complete,
    live_pods,
    lived_well,
)
from tools.records import ContainerFacts, Evidence, PodFacts, Target

LOOP = 3
"""Restarts: one or two may come from a moment that is over."""
CROWD = 2
"""Siblings that are well: one alone may be the odd one itself."""
STATEFUL = "StatefulSet"
CANNOT_RUN = frozenset({126, 127, 128})


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    now, pods = evidence.collected_at, live_pods(evidence)
    broken = [pod for pod in pods if is_broken(pod, now)]
    if evidence.workload is None or evidence.workload.kind not in ("Deployment", STATEFUL):
        return None
    if len(broken) != 1 or not is_complete(evidence) or dependencies_down(evidence):
        return None
    (pod,) = broken
    siblings = [other for other in pods if other is not pod]
    container = crashed_container(pod, now)
    if container is None or not _loops(pod, container, now):
        return None
    if evidence.workload.kind == STATEFUL and pod.claims:
        return None
    if len(siblings) < CROWD or not all(_is_well(sibling, pod, now) for sibling in siblings):
        return None
    if any(_runs_another_image(sibling, container) for sibling in siblings) or _newcomer(pod, siblings, now):
        return None
    return _finding(pod, container, len(siblings), evidence)


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """Its eviction; not from a node that is ill, where it would only hang."""
    (pod,) = [pod for pod in live_pods(evidence) if is_broken(pod, evidence.collected_at)]
    reason = f"Only {pod.name} crashes: another pod in its place starts without what this one has kept."
    return eviction(PLAYBOOK.problem, reason, pod, evidence, target)


def _loops(pod: PodFacts, container: ContainerFacts, now: datetime) -> bool:
    if pod.ready or now - pod.created_at < OLD_ENOUGH or container.restart_count < LOOP:
        return False
    return container.exit_reason != "OOMKilled" and container.exit_code not in CANNOT_RUN


def _is_well(sibling: PodFacts, pod: PodFacts, now: datetime) -> bool:
    if sibling.owner_uid != pod.owner_uid or crashed_lately(sibling, now):
        return False
    running = [c.running_since for c in sibling.containers if not c.init]
    return all(since and (now - since).total_seconds() >= LIVED_WELL_SECONDS for since in running)


def _newcomer(pod: PodFacts, siblings: list[PodFacts], now: datetime) -> bool:
    """Made after all of them, and never well: what it meets any other new pod may meet."""
    youngest = pod.created_at > max(sibling.created_at for sibling in siblings)
    container = crashed_container(pod, now)
    return youngest and container is not None and not lived_well(pod, container, now)


def _runs_another_image(sibling: PodFacts, container: ContainerFacts) -> bool:
    """A tag was moved: whatever is made anew gets the image that crashes."""
    ids = {c.image_id for c in sibling.containers if c.name == container.name and c.image_id}
    return bool(container.image_id) and bool(ids - {container.image_id})


def _finding(pod: PodFacts, container: ContainerFacts, siblings: int, evidence: Evidence) -> Finding:
    node = node_of(pod, evidence)
    well = node is not None and node.ready == "True"
    stateful = evidence.workload is not None and evidence.workload.kind == STATEFUL
    return Finding(
        problem="bad_pod",
        summary=f"One pod of {siblings + 1} crashes: container {container.name} of {pod.name} {ending(container)}"
        f"{quoted(evidence, pod.name, container.name)}; its siblings of the same revision are well.",
        directness=0.8 if well and not stateful else 0.7,
        evidence=tuple(id_ for kind in ("pods", "previous_logs", "nodes") for id_ in evidence.cite(kind)),
        facts=(
            f"{describe_crash(pod, container)}; the pod is {old(pod.created_at, evidence.collected_at)} old",
            f"{siblings} siblings of the same revision are ready and have not ended in the last ten minutes",
            node_line(pod, node),
        ),
        ruled_out=(
            "a bad release: its siblings run the same revision and are ready",
            "memory: its container was not OOMKilled",
        ),
        next_step=f"kubectl logs --previous {pod.name} -c {container.name} --tail=100: what does it read that others "
        f"do not? If nothing that it keeps is needed, kubectl delete pod {pod.name}: its workload makes another one, "
        "without this one's volumes of the pod.",
    )


PLAYBOOK = Playbook(problem="bad_pod", rank=45, proves=proves, candidates=candidates)
