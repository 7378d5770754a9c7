"""Containers are held back by their processor limit while they work: slower, and nothing is broken by it.

Told by the alert: the kernel counts it and the API does not. It is never acted on: a limit that is reached for
milliseconds is what a limit is for, and more pods are throttled the same (kubernetes.md 2.1). Counter-proof: pods that
are not ready, crash, or use all that they may for long; those are classes of their own and asked for first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph import counted
from graph.alert_words import fire, label, named
from graph.playbooks import Playbook
from graph.state import Finding
from graph.symptoms import live_pods
from tools.records import Alert, Evidence

NAMES = re.compile(r"\w*Throttl\w*")


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus and of the community's rules; an API server throttles too."""
    return bool(NAMES.fullmatch(alert.name)) and bool(
        alert.labels.get("pod") or alert.labels.get("container")
    )


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    container = label(alerts, "container")
    pods = live_pods(evidence)
    return Finding(
        problem="throttling",
        summary=f"{fire(alerts)}: {f'container {container}' if container else 'a container'} is held back by its "
        "processor limit. It is slower for it, and nothing is broken.",
        directness=0.6,
        evidence=tuple(evidence.cite("pods") + evidence.cite("metrics") + evidence.cite("processor_use")),
        facts=_limits(evidence, container),
        ruled_out=(f"pods that are ill: {counted.all_pods(len(pods), 'is', 'are')} ready",)
        if _all_well(evidence)
        else (),
        next_step=(
            f"kubectl -n {named(alerts, 'namespace')} top pod {named(alerts, 'pod')} --containers: raise or take away "
            "the limit only where requests are answered too slowly; more replicas are throttled the same."
        ),
    )


def _limits(evidence: Evidence, container: str) -> tuple[str, ...]:
    found = {
        c.cpu_limit
        for pod in live_pods(evidence)
        for c in pod.containers
        if c.name == container and c.cpu_limit
    }
    return tuple(f"{container}: limit of {limit:g} cores" for limit in sorted(found))


def _all_well(evidence: Evidence) -> bool:
    pods = live_pods(evidence)
    return bool(pods) and all(pod.ready for pod in pods)


PLAYBOOK = Playbook(problem="throttling", rank=99, tells=tells, explains=explains)
