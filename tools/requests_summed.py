"""What all pods of the cluster request together, who requests most, and whether one waits for room already.

As the scheduler counts (`tools.pod_requests`); a pod that has ended requests nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tools.excerpts import message
from tools.objects import condition, controller, metadata, name
from tools.pod_requests import requested
from tools.records import RequestsFacts
from tools.resources import JsonObject

MOST = 4
ROOM = re.compile(r"Insufficient |Too many pods")
"""How the scheduler says that nodes are full; taints and volumes are other matters."""
OVER = ("Succeeded", "Failed")


def requests_facts(pods: Sequence[JsonObject]) -> RequestsFacts:
    """Of these pods, those that have ended left out."""
    living = [pod for pod in pods if (pod.get("status") or {}).get("phase") not in OVER]
    cores, memory = _by_owner(living, "cpu"), _by_owner(living, "memory")
    waiting = [pod for pod in living if _waits(pod)]
    return RequestsFacts(
        pods=len(living),
        cores=sum(cores.values()),
        memory=sum(memory.values()),
        most_cores=tuple(cores.items())[:MOST],
        most_memory=tuple(memory.items())[:MOST],
        waiting=len(waiting),
        waits=tuple(f'{_title(pod)}: "{_waits(pod)}"' for pod in waiting[:MOST]),
    )


def _by_owner(pods: Iterable[JsonObject], resource: str) -> dict[str, float]:
    """Who requests how much, greatest first."""
    found: dict[str, float] = {}
    for pod in pods:
        found[_owner(pod)] = found.get(_owner(pod), 0.0) + requested(pod, resource)
    return dict(sorted(found.items(), key=lambda each: -each[1]))


def _owner(pod: JsonObject) -> str:
    """`shop/web`: the workload, as far as the pod's own owner tells it."""
    owner = controller(pod) or {}
    told = str(owner.get("name") or name(pod))
    named = told.rpartition("-")[0] if owner.get("kind") == "ReplicaSet" and "-" in told else told
    return message(f"{metadata(pod).get('namespace', '')}/{named}")


def _title(pod: JsonObject) -> str:
    return message(f"{metadata(pod).get('namespace', '')}/{name(pod)}")


def _waits(pod: JsonObject) -> str:
    """Why the scheduler finds no room for it, in its words; empty: it has a node, or waits for something else."""
    scheduled = condition(pod, "PodScheduled")
    text = str(scheduled.get("message") or "")
    return message(text, 200) if scheduled.get("status") == "False" and ROOM.search(text) else ""
