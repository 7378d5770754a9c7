"""What is said of a Service that has no ready pod, and where to look for what stands behind it."""

from __future__ import annotations

from tools.records import DependencyFacts, Evidence, NeighbourFacts


def state(dependency: DependencyFacts) -> str:
    """`Service database: 0 of 2 pods ready`."""
    if not dependency.pods:
        return f"Service {dependency.service}: no pods at all"
    return f"Service {dependency.service}: 0 of {dependency.pods} pods ready"


def behind(service: str, evidence: Evidence) -> NeighbourFacts | None:
    """The ill workload of that name: by convention the one that the Service stands before, and no more than that."""
    return next((each for each in evidence.neighbours if each.name == service), None)


def look(dependency: DependencyFacts, evidence: Evidence) -> str:
    """The command that says why it has no ready pod."""
    owner = behind(dependency.service, evidence)
    if owner:
        kind = owner.kind.lower()
        return f"kubectl describe {kind}/{owner.name}: why is none of its pods ready?"
    if not dependency.pods:
        return f"kubectl describe service {dependency.service} prints its selector: no pod has those labels. Why?"
    return f"kubectl describe service {dependency.service} prints its selector and addresses: why is no pod ready?"
