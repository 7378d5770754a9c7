"""Pods that do not get past an init container, or past a mount of configuration that is not there. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from tools.records import ContainerFacts, EventFacts, Evidence, PodFacts

LONG = timedelta(seconds=300)
_MISSING = re.compile(
    r'\b(configmap|secret) "([^"]+)" not found|references non-existent (?:config|secret) key', re.I
)

_NO_KEY = re.compile(r"couldn't find key (\S+) in (ConfigMap|Secret) (?:[^\s/]+/)?([^\s/]+)")


def hanging_init(pod: PodFacts, now: datetime, long: timedelta = LONG) -> ContainerFacts | None:
    """An init container that has run for so long and has not ended; a sidecar is meant to run on."""
    return next(
        (
            c
            for c in pod.containers
            if c.init and not c.sidecar and c.running_since and now - c.running_since >= long
        ),
        None,
    )


def missing_mounts(evidence: Evidence) -> list[EventFacts]:
    """Events of the kubelet that a ConfigMap or Secret, or a key of one, that is to be mounted is not there."""
    return [e for e in evidence.events if e.reason == "FailedMount" and _MISSING.search(e.message)]


def waits_for_mount(pod: PodFacts) -> bool:
    """It has a node, and none of its containers has been made yet."""
    waits = {"ContainerCreating", "PodInitializing"}
    return bool(pod.node and pod.containers) and all(c.waiting_reason in waits for c in pod.containers)


def missing_objects(texts: Iterable[str]) -> set[str]:
    """`ConfigMap rates`, `Secret db key password`: what the kubelet says does not exist."""
    kinds = {"configmap": "ConfigMap", "secret": "Secret"}
    found = set()
    for text in texts:
        found |= {f"{kinds[m[1].lower()]} {m[2]}" for m in _MISSING.finditer(text) if m[1]}
        found |= {f"{m[2]} {m[3]} key {m[1]}" for m in _NO_KEY.finditer(text)}
    return found
