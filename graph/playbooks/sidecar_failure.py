"""A sidecar fails, and the program beside it is well or waits for it: the container to look at is not the program's.

Proof: in every pod that is not well the same one container is the only one that fails, and it is a sidecar: a native
one, one that a webhook has injected, or one that stands behind a program that runs well. Counter-proof: the program
fails as well, or a Service that they need is down (`dependency_down`), or the newest release brought the sidecar
(`bad_release`, asked first). Nothing is proposed: the kubelet starts it again already, and what was injected comes back
in every new pod as it is.
"""

from __future__ import annotations

from graph import counted
from graph.ages import since
from graph.crash_words import never_began
from graph.playbooks import Playbook
from graph.release_words import release_fact
from graph.said import says
from graph.sidecars import Ill, cannot_start, ill_sidecar, may_be_starting
from graph.state import Finding, Proposal
from graph.symptoms import crashed_container, describe_crash, is_broken, is_injected, live_pods
from graph.workload_words import spec_command
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
    return Finding(
        problem="sidecar_failure",
        summary=f"The {kind} {name} fails in {len(found)} of {counted.times(len(live_pods(evidence)), 'pod')}; "
        f"{program} {fate}{says(evidence, [each.pod for each in found])}.",
        directness=0.9 if ill.container.sidecar or injected else 0.7,
        evidence=tuple(id_ for kind in ("pods", "previous_logs", "events") for id_ in evidence.cite(kind)),
        facts=(
            *(_line(entry, evidence) for entry in found[:3]),
            *_probe(ill, evidence),
            *release_fact(evidence),
        ),
        ruled_out=(
            f"a fault of {program}: it {'has not started' if ill.others_wait else 'runs and is ready'}",
            *(("a change of the workload: its template does not hold that container",) if injected else ()),
        ),
        next_step=_next_step(ill, evidence, injected=injected),
    )


def _next_step(ill: Ill, evidence: Evidence, *, injected: bool) -> str:
    """Its log, where it has run, and where it is configured; a restart begins the same again."""
    name = ill.container.name
    logs = "--previous " if ill.container.restart_count and ill.container.running_since is None else ""
    step = f"kubectl logs {logs}{ill.pod.name} -c {name} --tail=100"
    if never_began(ill.container):
        step = f"kubectl describe pod {ill.pod.name}"
    if not injected:
        return f"{step}; {spec_command(ill.pod, ill.container, evidence)} prints what it runs. A restart mends nothing."
    return (
        f"{step}; it is not in the template: look at what injects it (kubectl get mutatingwebhookconfigurations) and "
        "whether that is well. A new pod gets the same container."
    )


def _probe(ill: Ill, evidence: Evidence) -> list[str]:
    """What the kubelet says of it, where it runs and is not ready."""
    if ill.container.running_since is None:
        return []
    return [counted.told(event) for event in evidence.events if event.reason == "Unhealthy"][:1]


def _program(pod: PodFacts, sidecar: str, evidence: Evidence) -> str:
    names = [c.name for c in pod.containers if not c.init and c.name != sidecar]
    own = [name for name in names if not evidence.workload or name in evidence.workload.containers]
    return next(iter(own or names), "the program")


def _line(ill: Ill, evidence: Evidence) -> str:
    if crashed_container(ill.pod, evidence.collected_at) is not None:
        return describe_crash(ill.pod, ill.container)
    started = ill.container.running_since
    runs = f"runs since {since(started, evidence.collected_at)}" if started else "has not started"
    return f"{ill.pod.name}/{ill.container.name}: {runs}, not ready"


PLAYBOOK = Playbook(problem="sidecar_failure", rank=76, proves=proves, candidates=candidates)
