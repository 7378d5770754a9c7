"""Pods that have started since a ConfigMap was changed fail, and those that started before are well.

What they share is the revision; what tells them apart is what they have read. Neither is odd by itself: another pod in
its place would read the same, and a restart would let those that are well read it too.

Proof: a ConfigMap that the template names was changed; every pod whose failing container began after that is not well,
every pod that runs since before it is, of the same revision, and there is at least one of each. Counter-proof: a pod
that started since is well, one that started before is not, a release came in between, or something that they need is
down. Nothing is proposed: what was changed has to be put right first.
"""

from __future__ import annotations

from datetime import datetime

from graph import counted
from graph.ages import since
from graph.playbooks import Playbook
from graph.said import says
from graph.state import Finding
from graph.symptoms import dependencies_down, is_broken, is_complete, live_pods
from tools.items import when
from tools.records import ConfigFacts, ContainerFacts, Evidence, PodFacts


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    pods, now = live_pods(evidence), evidence.collected_at
    broken = [pod for pod in pods if is_broken(pod, now)]
    well = [pod for pod in pods if pod not in broken]
    if not broken or not well or not is_complete(evidence) or dependencies_down(evidence):
        return None
    if len({pod.owner_uid for pod in pods}) != 1:
        return None
    config = next((c for c in evidence.configs if _tells_apart(c, broken, well)), None)
    return _finding(config, broken, well, evidence) if config else None


def _tells_apart(config: ConfigFacts, broken: list[PodFacts], well: list[PodFacts]) -> bool:
    at = config.changed_at
    if at is None:
        return False
    return all(_began(pod, first=False) >= at for pod in broken) and all(
        _began(pod, first=True) < at for pod in well
    )


def _began(pod: PodFacts, *, first: bool) -> datetime:
    """When its containers began to run, or ran last: the earliest of them for a pod that is well, else the latest."""
    starts = [start for c in pod.containers if not c.init and (start := _start(c))]
    return (min if first else max)(starts, default=pod.created_at)


def _start(container: ContainerFacts) -> datetime | None:
    return container.running_since or container.exit_started_at


def _finding(
    config: ConfigFacts, broken: list[PodFacts], well: list[PodFacts], evidence: Evidence
) -> Finding:
    at = since(config.changed_at, evidence.collected_at) if config.changed_at else "unknown"
    fail = counted.pods(len(broken), "that has started since fails", "that have started since fail")
    return Finding(
        problem="configuration_broke_new_pods",
        summary=f"ConfigMap {config.name} was changed at {at}{config.by}: {fail}, "
        f"{counted.pods(len(well), 'runs', 'run')} on with the old one{says(evidence, broken)}.",
        directness=0.85,
        evidence=tuple(
            id_ for kind in ("config_changes", "pods", "previous_logs") for id_ in evidence.cite(kind)
        ),
        facts=(
            *(f"{pod.name} began last at {when(_began(pod, first=False))}, not well" for pod in broken[:2]),
            *(f"{pod.name} runs since {when(_began(pod, first=True))}, well" for pod in well[:1]),
        ),
        ruled_out=(
            "a bad release: pods of the same revision are well",
            "an odd pod: another one in its place would read the same",
        ),
        next_step=f"kubectl get configmap {config.name} -o yaml --show-managed-fields: put it right, or back, with "
        f"kubectl edit configmap {config.name} or in its source; what crashes reads it anew by itself. Until then "
        "restart and roll out nothing: "
        f"{counted.pods(len(well), 'that is well would read it too', 'that are well would read it too')}.",
    )


PLAYBOOK = Playbook(problem="configuration_broke_new_pods", rank=38, proves=proves)
