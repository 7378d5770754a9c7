"""A container cannot even begin: its command is not there or cannot be executed.

Proof: every crashed container ended with exit code 126 or 127, or its start failed in the runtime, within seconds and
from its first run on. No restart changes an image or a spec. A release that brought it is `bad_release`, asked first.
"""

from __future__ import annotations

from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import crashed_container, describe_crash, life_seconds, live_pods, lived_well
from tools.records import ContainerFacts, Evidence, Target

NOT_STARTED = frozenset({"StartError", "ContainerCannotRun"})
MEANING = {126: "it is there and cannot be executed", 127: "it was not found"}
AT_ONCE_SECONDS = 10.0


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    now = evidence.collected_at
    crashed = [(p, c) for p in live_pods(evidence) if (c := crashed_container(p, now))]
    if not crashed or not all(_never_began(c) and not lived_well(p, c, now) for p, c in crashed):
        return None
    pod, container = crashed[0]
    why = MEANING.get(
        container.exit_code or 0, container.exit_message[:160] or "the runtime could not start it"
    )
    return Finding(
        problem="wrong_command",
        summary=f"The command of container {container.name} cannot be run: {why}.",
        directness=0.9,
        evidence=tuple(evidence.cite("pods") + evidence.cite("previous_logs") + evidence.cite("events")),
        facts=tuple(describe_crash(p, c) for p, c in crashed[:3]),
        ruled_out=("a dependency: the program has not begun", "memory: it was not killed"),
        next_step=f"kubectl get pod {pod.name} -o yaml: compare command and args with what the image holds.",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: the same command in the same image fails again."""
    return []


def _never_began(container: ContainerFacts) -> bool:
    if container.exit_reason in NOT_STARTED:
        return True
    return container.exit_code in MEANING and (life_seconds(container) or 0.0) <= AT_ONCE_SECONDS


PLAYBOOK = Playbook(problem="wrong_command", rank=75, proves=proves, candidates=candidates)
