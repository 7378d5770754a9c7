"""A DaemonSet does not get on: pods that are not ready use up what may be unavailable, or nobody deletes the old ones.

Proof: pods of an older revision are left, and either the strategy is OnDelete, or some pods are not ready; their nodes
are named with how they are: a node that does not answer counts as one that is unavailable and holds up all the others.
Counter-proof: the pods of the newest revision crash or cannot be made: those classes are asked first. Nothing is
proposed: another pod on the same node would wait for the same.
"""

from __future__ import annotations

from graph import counted
from graph.ages import since
from graph.blocked_rollouts import of_older_revisions, state_of
from graph.evictions import node_line, node_of
from graph.playbooks import Playbook
from graph.started_words import look, probe_lines, unready_container
from graph.state import Finding
from graph.statefulset_words import kept_facts
from graph.symptoms import live_pods
from tools.records import Evidence, PodFacts, WorkloadFacts


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    workload, older = evidence.workload, of_older_revisions(evidence)
    if workload is None or workload.kind != "DaemonSet" or not older:
        return None
    unready = [pod for pod in live_pods(evidence) if not pod.ready]
    if workload.strategy == "OnDelete":
        return _on_delete(workload, older, unready, evidence)
    return _blocked(workload, older, unready, evidence) if unready else None


def _on_delete(
    workload: WorkloadFacts, older: list[PodFacts], unready: list[PodFacts], evidence: Evidence
) -> Finding | None:
    if unready:
        return None
    return Finding(
        problem="daemonset_rollout_stuck",
        summary=f"Its update strategy is OnDelete: {counted.pods(len(older), 'keeps', 'keep')} the older revision "
        "until somebody deletes them.",
        directness=1.0,
        evidence=_cited(evidence),
        facts=kept_facts(workload, evidence),
        ruled_out=("a fault: all pods are ready", "a rollout on its way: OnDelete begins none"),
        next_step=f"kubectl delete pod {older[0].name}, if the change is to reach node {older[0].node or '(none)'}: it "
        f"is made anew there from the newest revision{_rest(older)}. Ask first who changed it: OnDelete is chosen "
        "where somebody decides when each node goes.",
        how_soon="later",
    )


def _blocked(
    workload: WorkloadFacts, older: list[PodFacts], unready: list[PodFacts], evidence: Evidence
) -> Finding:
    ill = [pod for pod in unready if (node := node_of(pod, evidence)) and node.ready != "True"]
    pod = (ill or unready)[0]
    why = f"node {pod.node}, which is not Ready" if ill else f"node {pod.node or '(none)'}"
    return Finding(
        problem="daemonset_rollout_stuck",
        summary=f"{counted.pods(len(older), 'waits', 'wait')} to be replaced, while {pod.name} is not ready on {why}.",
        directness=0.9 if ill else 0.8,
        evidence=_cited(evidence),
        facts=(
            *(
                f"{other.name} on {other.node or 'no node'}: {_state(other, evidence)}"
                for other in unready[:3]
            ),
            node_line(pod, node_of(pod, evidence)),
            *_probe(pod, evidence),
            f"at most {workload.rollout.may_be_missing} may be unavailable; {len(unready)} not ready",
        ),
        ruled_out=("a crash or an image: no pod fails for them",),
        next_step=f"{_look(pod, ill, evidence)} {_past_it(workload, unready, older)}",
    )


def _rest(older: list[PodFacts]) -> str:
    rest = len(older) - 1
    return f"; the same with the other {counted.times(rest, 'pod')}, one by one" if rest else ""


def _state(pod: PodFacts, evidence: Evidence) -> str:
    changed = pod.ready_changed_at
    when = f", not ready since {since(changed, evidence.collected_at)}" if changed else ""
    return f"{state_of(pod)}{when}"


def _probe(pod: PodFacts, evidence: Evidence) -> list[str]:
    container = unready_container(pod)
    runs = container is not None and container.running_since is not None
    return probe_lines(container, evidence) if container and runs else []


def _look(pod: PodFacts, ill: list[PodFacts], evidence: Evidence) -> str:
    if ill:
        return (
            f"kubectl get node {pod.node} -o wide gives its address: is the machine up? Back, the rollout goes on; "
            "off for "
            f"good, kubectl delete node {pod.node} takes its pod with it, and it goes on too."
        )
    return f"{look(pod, evidence)}. Once it is ready the rollout goes on."


def _past_it(workload: WorkloadFacts, unready: list[PodFacts], older: list[PodFacts]) -> str:
    """As many as are not ready, and one more, so that the others are replaced meanwhile."""
    patch = (
        f"""'{{"spec":{{"updateStrategy":{{"rollingUpdate":{{"maxUnavailable":{len(unready) + 1}}}}}}}}}'"""
    )
    return (
        f"To go on without it: kubectl patch <workload> -n <namespace> -p {patch}, which replaces "
        f"{counted.times(len(older), 'older pod')} one by one meanwhile."
    )


def _cited(evidence: Evidence) -> tuple[str, ...]:
    return tuple(id_ for kind in ("workload", "pods", "revisions", "nodes") for id_ in evidence.cite(kind))


PLAYBOOK = Playbook(problem="daemonset_rollout_stuck", rank=86, proves=proves)
