"""Of a pod that runs and is not ready: what its probe asks and is answered, and what its program says of it."""

from __future__ import annotations

import re

from graph import counted
from graph.probe_words import body_command, got, numbers, probe_of
from graph.said import said
from tools.excerpts import imperative, last_line
from tools.records import ContainerFacts, Evidence, PodFacts, ProbeFacts


def unready_container(pod: PodFacts) -> ContainerFacts | None:
    """The first that is not ready, init containers aside."""
    return next((c for c in pod.containers if not c.init and not c.ready), None)


def probe_lines(container: ContainerFacts, evidence: Evidence) -> list[str]:
    """`readiness probe of web (GET :8080/up, every 10 s, …): "…", 111 times`; nothing where neither is known."""
    probe = asking(container, evidence)
    told = next((event for event in evidence.events if event.reason == "Unhealthy"), None)
    if probe is None and told is None:
        return []
    name = (
        f"{probe.kind} probe of {container.name}{numbers(probe)}" if probe else f"probe of {container.name}"
    )
    if told is None:
        return [name]
    return [f"{name}{got(told.message, probe)}{counted.often(told)}"]


def asking(container: ContainerFacts, evidence: Evidence) -> ProbeFacts | None:
    """The probe that keeps a container that runs from being ready."""
    kinds = ("readiness", "startup")
    return next((probe for kind in kinds if (probe := probe_of(evidence, container.name, kind))), None)


def look(pod: PodFacts, evidence: Evidence) -> str:
    """What its probe is answered, where a command prints that; else what it logs."""
    container = unready_container(pod)
    ask = body_command(asking(container, evidence), pod.name) if container else ""
    if ask:
        return f"{ask} shows what its probe is answered"
    return f"kubectl logs {pod.name} --tail=50 shows what it does"


def last_said(pod: PodFacts, evidence: Evidence) -> str:
    """What decides in its log, else its last line; empty where nothing was read, or it tells somebody what to do."""
    container = unready_container(pod)
    if container is None:
        return ""
    whose = re.compile(rf"run of {re.escape(container.name)} in {re.escape(pod.name)}(?:$|:)")
    texts = (
        item.excerpt
        for item in evidence.items
        if item.kind == "logs" and item.excerpt and whose.search(item.summary)
    )
    line = said(evidence, pod.name, container.name) or last_line(next(texts, ""))
    return "" if imperative([line]) else line
