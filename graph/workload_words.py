"""What a workload is called in commands for people: told from its revisions, which are named after it."""

from __future__ import annotations

from graph.symptoms import current_revision, is_injected
from tools.records import ContainerFacts, Evidence, PodFacts


def name_in(evidence: Evidence) -> str:
    """`web`; `NAME` where no revision tells it."""
    current = current_revision(evidence)
    return (current.name.rpartition("-")[0] if current else "") or "NAME"


def reference(evidence: Evidence) -> str:
    """`deployment/web`, as kubectl takes it."""
    kind = evidence.workload.kind.lower() if evidence.workload else "deployment"
    return f"{kind}/{name_in(evidence)}"


def restarts_all(evidence: Evidence) -> str:
    """`this restarts all 4 pods`: what a command that changes the template comes to.

    With OnDelete it restarts none: the controller waits until somebody deletes each (kubernetes.md 5.1).
    """
    wanted = evidence.workload.desired if evidence.workload else 0
    if replaces_none(evidence):
        return "this restarts no pod: by updateStrategy OnDelete each pod takes it when somebody deletes it"
    if wanted < 1:
        return "this restarts all of its pods"
    return "this restarts its only pod" if wanted == 1 else f"this restarts all {wanted} pods"


def replaces_none(evidence: Evidence) -> bool:
    """A changed template waits until pods are deleted, and `kubectl rollout status` fails."""
    return evidence.workload is not None and evidence.workload.strategy == "OnDelete"


def spec_command(pod: PodFacts, container: ContainerFacts, evidence: Evidence) -> str:
    """The command that prints what this container is made of: its template's, or the pod's where it was injected."""
    kind = "initContainers" if container.init else "containers"
    named = f'{kind}[?(@.name=="{container.name}")]'
    if evidence.workload is None or is_injected(container, evidence):
        return f"kubectl get pod {pod.name} -o jsonpath='{{.spec.{named}}}'"
    return f"kubectl get <workload> -o jsonpath='{{.spec.template.spec.{named}}}'"
