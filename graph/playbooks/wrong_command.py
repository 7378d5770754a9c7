"""A container cannot even begin: its command is not there or cannot be executed.

Proof: every crashed container ended with exit code 126 or 127, or its start failed in the runtime, within seconds and
from its first run on. No restart changes an image or a spec. A release that brought it is `bad_release`, asked first.
"""

from __future__ import annotations

from graph import counted
from graph.crash_words import ending, never_began
from graph.playbooks import Playbook
from graph.release_words import new_release, no_release
from graph.said import quoted
from graph.state import Finding, Proposal
from graph.symptoms import crashed_container, describe_crash, life_seconds, live_pods, lived_well
from graph.workload_words import spec_command
from tools.records import ContainerFacts, Evidence, PodFacts, Target

MEANING = {126: "it is there and cannot be executed", 127: "it was not found"}
AT_ONCE_SECONDS = 10.0


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    now = evidence.collected_at
    crashed = [(p, c) for p in live_pods(evidence) if (c := crashed_container(p, now))]
    if not crashed or not all(_never_began(c) and not lived_well(p, c, now) for p, c in crashed):
        return None
    pod, container = next((entry for entry in crashed if entry[1].exit_message), crashed[0])
    release = new_release(evidence)
    return Finding(
        problem="wrong_command",
        summary=f"The command of container {container.name} cannot be run in "
        f"{counted.times(len(crashed), 'pod')}: {_why(pod, container, evidence)}.{f' {release}' if release else ''}",
        directness=0.9,
        evidence=tuple(evidence.cite("pods") + evidence.cite("previous_logs") + evidence.cite("events")),
        facts=(*(describe_crash(p, c) for p, c in crashed[:3]), *filter(None, [no_release(evidence)])),
        ruled_out=("a dependency: the program has not begun", "memory: it was not killed"),
        next_step=f"{spec_command(pod, container, evidence)} prints its command, args and mounts: compare them with "
        f"what image {container.image or 'of it'} holds, and correct them with kubectl edit <workload>. A "
        "restart changes nothing.",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: the same command in the same image fails again."""
    return []


def _why(pod: PodFacts, container: ContainerFacts, evidence: Evidence) -> str:
    """The runtime's words, of one that it could not start; else what the exit code says, and its shell."""
    if never_began(container):
        return f"it {ending(container)}"
    return f"{MEANING[container.exit_code or 0]} (exit code {container.exit_code})" + quoted(
        evidence, pod.name, container.name
    )


def _never_began(container: ContainerFacts) -> bool:
    if never_began(container):
        return True
    return container.exit_code in MEANING and (life_seconds(container) or 0.0) <= AT_ONCE_SECONDS


PLAYBOOK = Playbook(problem="wrong_command", rank=75, proves=proves, candidates=candidates)
