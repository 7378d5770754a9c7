"""A sidecar fails, and the program beside it is well or waits for it: the container to look at is not the program's.

Proof: in every pod that is not well the same one container is the only one that fails, and it is a sidecar: a native
one, one that a webhook has injected, or one that stands behind a program that runs well. Counter-proof: the program
fails as well, or a Service that they need is down (`dependency_down`), or the newest release brought the sidecar
(`bad_release`, asked first). Nothing is proposed: the kubelet starts it again already, and what was injected comes back
in every new pod as it is.
"""

from __future__ import annotations

from graph import counted
from graph.playbooks import Playbook
from graph.sidecars import Ill, cannot_start, ill_sidecar, may_be_starting
from graph.state import Finding, Proposal
from graph.symptoms import crashed_container, describe_crash, is_broken, is_injected, live_pods
from tools.records import Evidence, PodFacts, Target


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    now = evidence.collected_at
    broken = [pod for pod in live_pods(evidence) if is_broken(pod, now)]
    found = [ill for pod in broken if (ill := ill_sidecar(pod, evidence))]
    if not found or len(found) != len(broken) or any(cannot_start(pod) for pod in broken):
        return None
    if len({ill.container.name for ill in found}) != 1:
        return None
    if all(may_be_starting(ill.container, now) for ill in found):
        return None
    return _finding(found, evidence)


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: see the module's words."""
    return []


def _finding(found: list[Ill], evidence: Evidence) -> Finding:
    ill = found[0]
    name, injected = ill.container.name, is_injected(ill.container, evidence)
    kind = "injected container" if injected else "sidecar"
    fate = "waits for it" if ill.others_wait else "runs well beside it"
    program = _program(ill.pod, name, evidence)
    logs = "--previous " if ill.container.restart_count else ""
    step = f"kubectl logs {logs}{ill.pod.name} -c {name}"
    if injected:
        step += (
            "; it is not in the template: look at what injects it (kubectl get mutatingwebhookconfigurations) "
            "and whether that is well."
        )
    return Finding(
        problem="sidecar_failure",
        summary=f"The {kind} {name} fails in {counted.pods(len(found), '', '').strip()}; {program} {fate}.",
        directness=0.9 if ill.container.sidecar or injected else 0.7,
        evidence=tuple(id_ for kind in ("pods", "previous_logs", "events") for id_ in evidence.cite(kind)),
        facts=tuple(_line(entry, evidence) for entry in found[:3]),
        ruled_out=(
            f"a fault of {program}: it {'has not started' if ill.others_wait else 'runs and is ready'}",
            *(("a change of the workload: its template does not hold that container",) if injected else ()),
        ),
        next_step=step,
    )


def _program(pod: PodFacts, sidecar: str, evidence: Evidence) -> str:
    names = [c.name for c in pod.containers if not c.init and c.name != sidecar]
    own = [name for name in names if not evidence.workload or name in evidence.workload.containers]
    return next(iter(own or names), "the program")


def _line(ill: Ill, evidence: Evidence) -> str:
    if crashed_container(ill.pod, evidence.collected_at) is not None:
        return describe_crash(ill.pod, ill.container)
    since = f"{ill.container.running_since:%H:%M:%S} UTC" if ill.container.running_since else "never"
    return f"{ill.pod.name}/{ill.container.name}: runs since {since}, not ready"


PLAYBOOK = Playbook(problem="sidecar_failure", rank=76, proves=proves, candidates=candidates)
