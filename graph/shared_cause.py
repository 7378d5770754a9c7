"""The cause that several incidents share, where a playbook does not name it: the node that they are about, or are on.

Nothing is taken for proved that is not: an unknown class names none, nor do pods on more than one node.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from graph.placed import NAMESPACE
from graph.state import Finding
from graph.symptoms import is_broken
from tools.records import Evidence, NodeFacts, PodFacts, Target

_MISSING = re.compile(r'\b(configmap|secret) "([a-z0-9.-]+)" not found', re.IGNORECASE)


def with_cause(finding: Finding, evidence: Evidence, target: Target | None) -> Finding:
    """The finding with its cause, in the namespace of its target."""
    if not finding.broken:
        return finding
    cause = finding.cause or _node(finding, evidence)
    if NAMESPACE in cause:
        cause = cause.replace(NAMESPACE, target.namespace) if target and target.namespace else ""
    return finding.model_copy(update={"cause": cause}) if cause != finding.cause else finding


def missing_object(text: str) -> str:
    """What the kubelet says is not there, for all that refer to it; empty where it names nothing."""
    found = _MISSING.search(text)
    return f"{found.group(1).lower()}/{NAMESPACE}/{found.group(2)}" if found else ""


def ill_node(pods: Iterable[PodFacts], evidence: Evidence) -> str:
    """`node/node-1`, where all of them are on this one, and it is not Ready or short of something; else empty."""
    node = node_to_blame(pods, evidence)
    return f"node/{node.name}" if node else ""


def node_to_blame(pods: Iterable[PodFacts], evidence: Evidence) -> NodeFacts | None:
    """The node that all of them are on, where it is not Ready or short of something."""
    names = {pod.node for pod in pods}
    ill = [node for node in evidence.nodes if node.ready != "True" or node.pressures]
    return next((node for node in ill if names == {node.name}), None)


def _node(finding: Finding, evidence: Evidence) -> str:
    if evidence.node is not None:
        return f"node/{evidence.node.name}" if finding.problem != "unknown" else ""
    now = evidence.collected_at
    return ill_node((pod for pod in evidence.pods if pod.deleting or is_broken(pod, now)), evidence)
