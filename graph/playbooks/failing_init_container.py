"""An init container fails or does not end, so that the pod never gets to its containers: a migration, a wait.

Proof: in every pod with a crash the container that crashed is an init container; or none crashes, and in every pod that
is not ready one has run for ten minutes. What it says decides; a restart of the pod runs it once more, as the kubelet
does already. Counter-proof: the newest release brought it (`bad_release`), or what it waits for has no ready pod
(`dependency_down`): those are asked first.
"""

from __future__ import annotations

from datetime import timedelta

from graph import counted
from graph.ages import since
from graph.crash_words import ending, never_began
from graph.init_waits import hanging_init
from graph.playbooks import Playbook
from graph.release_words import older_serves, release_fact
from graph.said import quoted, said, silent
from graph.state import Finding
from graph.symptoms import crashed_container, describe_crash, live_pods
from graph.workload_words import spec_command
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
    pod, container = next(
        (entry for entry in crashed if said(evidence, entry[0].name, entry[1].name)), crashed[0]
    )
    return _finding(
        pod,
        container,
        f"{ending(container)} in {_of(len(crashed), evidence)}",
        [describe_crash(p, c) for p, c in crashed[:3]],
        evidence,
    )


def _hanging(evidence: Evidence) -> Finding | None:
    unready = [pod for pod in live_pods(evidence) if not pod.ready]
    found = [(p, c) for p in unready if (c := hanging_init(p, evidence.collected_at, TOO_LONG))]
    if not found or len(found) != len(unready):
        return None
    now = evidence.collected_at
    pod, container = min(found, key=lambda entry: entry[1].running_since or now)
    return _finding(
        pod,
        container,
        f"has run since {since(container.running_since or now, now)} in {_of(len(found), evidence)} and does not end",
        [f"{p.name}/{c.name}: runs since {since(c.running_since or now, now)}" for p, c in found[1:3]],
        evidence,
    )


def _of(count: int, evidence: Evidence) -> str:
    return f"{count} of {counted.times(len(live_pods(evidence)), 'pod')}"


def _finding(
    pod: PodFacts, container: ContainerFacts, what: str, facts: list[str], evidence: Evidence
) -> Finding:
    words = quoted(evidence, pod.name, container.name)
    return Finding(
        problem="failing_init_container",
        summary=f"Init container {container.name} {what}, so that the program of {pod.name} does not start{words}.",
        directness=0.8,
        evidence=tuple(
            id_ for kind in ("pods", "previous_logs", "logs", "events") for id_ in evidence.cite(kind)
        ),
        facts=(*facts, *release_fact(evidence), *_silent(pod, container, evidence)),
        ruled_out=("a crash of the program itself: it has not started",),
        next_step=_next_step(pod, container, evidence),
    )


def _silent(pod: PodFacts, container: ContainerFacts, evidence: Evidence) -> list[str]:
    why = silent(evidence, pod.name, container.name)
    return [f"{pod.name}/{container.name}: {why}"] if why else []


def _next_step(pod: PodFacts, container: ContainerFacts, evidence: Evidence) -> str:
    """Its log, or what it runs where that is empty; and the way back, where an older revision serves."""
    previous = "--previous " if container.restart_count and container.running_since is None else ""
    step = f"kubectl logs {previous}{pod.name} -c {container.name} --tail=100: what fails, or what does it wait for?"
    if _silent(pod, container, evidence) or never_began(container):
        step = f"{spec_command(pod, container, evidence)} prints what it runs: what does it wait for?"
    if older_serves(evidence):
        step += (
            " If the release is to be stopped: kubectl rollout undo <workload>, unless what it has changed already "
            "breaks the older one."
        )
    return step


PLAYBOOK = Playbook(problem="failing_init_container", rank=76, proves=proves)
