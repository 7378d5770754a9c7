"""Whether all pods of a workload that is well use what processor time they may."""

from __future__ import annotations

from datetime import timedelta

from graph.load import cpu_share
from graph.symptoms import container_named, crashed_lately, is_complete, is_failing, live_pods
from tools.records import Evidence, PodFacts

NEAR_LIMIT, NEAR_REQUEST = 0.8, 0.9
STARTED = timedelta(seconds=300)
"""Containers that start may be busy with that."""


def busy_container(evidence: Evidence) -> str:
    """The container that is near its limit (or, without one, its request) in every pod; empty where there is none,
    where a pod is not well, or where a rollout is not over.
    """
    pods, now = live_pods(evidence), evidence.collected_at
    if not pods or not is_complete(evidence):
        return ""
    if any(not pod.ready or is_failing(pod, now) or crashed_lately(pod, now) for pod in pods):
        return ""
    return next((name for name in _names(pods[0]) if all(_is_hot(pod, name, evidence) for pod in pods)), "")


def _names(pod: PodFacts) -> list[str]:
    return [container.name for container in pod.containers if not container.init]


def _is_hot(pod: PodFacts, name: str, evidence: Evidence) -> bool:
    container = container_named(pod, name)
    if container is None or container.running_since is None:
        return False
    if evidence.collected_at - container.running_since < STARTED:
        return False
    share = cpu_share(pod, container, evidence)
    return share is not None and share >= (NEAR_LIMIT if container.cpu_limit else NEAR_REQUEST)
