"""An init container fails or does not end, so that the pod never gets to its containers: a migration, a wait.

Proof: in every pod with a crash the container that crashed is an init container; or none crashes, and in every pod that
is not ready one has run for ten minutes. What it says decides; a restart of the pod runs it once more, as the kubelet
does already. Counter-proof: the newest release brought it (`bad_release`), or what it waits for has no ready pod
(`dependency_down`): those are asked first.
"""

from __future__ import annotations

from datetime import timedelta

from graph.init_waits import hanging_init
from graph.playbooks import Playbook
from graph.state import Finding
from graph.symptoms import crashed_container, describe_crash, live_pods
from tools.records import ContainerFacts, Evidence, PodFacts

TOO_LONG = timedelta(seconds=600)


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    now = evidence.collected_at
    crashed = [(p, c) for p in live_pods(evidence) if (c := crashed_container(p, now))]
    if not crashed:
        return _hanging(evidence)
    if not all(c.init and not c.sidecar for _, c in crashed):
        return None
    pod, container = crashed[0]
    return _finding(
        pod,
        container,
        f"Init container {container.name} fails, so that the containers of {pod.name} do not start.",
        [describe_crash(p, c) for p, c in crashed[:3]],
        evidence,
    )


def _hanging(evidence: Evidence) -> Finding | None:
    unready = [pod for pod in live_pods(evidence) if not pod.ready]
    found = [(p, c) for p in unready if (c := hanging_init(p, evidence.collected_at, TOO_LONG))]
    if not found or len(found) != len(unready):
        return None
    pod, container = min(found, key=lambda entry: entry[1].running_since or evidence.collected_at)
    since = f"{container.running_since:%H:%M:%S} UTC"
    return _finding(
        pod,
        container,
        f"Init container {container.name} has run since {since} and does not end, so that the containers of {pod.name} "
        "do not start.",
        [f"{p.name}/{c.name}: runs since {c.running_since:%Y-%m-%d %H:%M:%S} UTC" for p, c in found[:3]],
        evidence,
    )


def _finding(
    pod: PodFacts, container: ContainerFacts, summary: str, facts: list[str], evidence: Evidence
) -> Finding:
    logs = "--previous " if container.restart_count and container.running_since is None else ""
    return Finding(
        problem="failing_init_container",
        summary=summary,
        directness=0.8,
        evidence=tuple(
            id_ for kind in ("pods", "previous_logs", "logs", "events") for id_ in evidence.cite(kind)
        ),
        facts=tuple(facts),
        ruled_out=("a crash of the program itself: it has not started",),
        next_step=f"kubectl logs {logs}{pod.name} -c {container.name}",
    )


PLAYBOOK = Playbook(problem="failing_init_container", rank=76, proves=proves)
