"""Pods as answers speak of them: whose they are, how they are, and what is wrong with those that are not well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from tools.excerpts import message
from tools.facts import pod_facts
from tools.objects import controller, instant, metadata
from tools.records import ContainerFacts, PodFacts
from tools.resources import JsonObject
from tools.templates import HASH_LABEL

Kind: TypeAlias = Literal[
    "crashing", "oom", "image", "config", "pending", "failed", "not_ready", "stuck", "unknown"
]
STARTING_SECONDS = 60.0
"""A pod that is younger and has not failed yet is starting, which is no trouble."""
STUCK_SECONDS = 300.0
CALM_SECONDS = 600.0
"""A container that has run this long since it crashed is well again: the kubelet forgets its back-off by then."""
IMAGE = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
CONFIG = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
_SIDECAR_STARTS = frozenset({"ContainerCreating", "PodInitializing", ""})


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a pod, in a few words."""

    kind: Kind
    words: str


@dataclass(frozen=True)
class SeenPod:
    """One pod at one instant."""

    namespace: str
    owner_kind: str
    owner: str
    """Name of the workload; empty for a pod of nobody's."""
    facts: PodFacts
    labels: dict[str, str]
    containers: tuple[str, ...]
    images: tuple[str, ...]
    going_since: datetime | None
    trouble: Trouble | None

    @property
    def name(self) -> str:
        """`metadata.name`."""
        return self.facts.name

    @property
    def done(self) -> bool:
        """It has finished its work and is not meant to run."""
        return self.facts.phase == "Succeeded"

    @property
    def restarts(self) -> int:
        """Of all its containers."""
        return sum(container.restart_count for container in self.facts.containers)


Owners: TypeAlias = Mapping[tuple[str, str], str]
"""Deployments by namespace and name of their ReplicaSets, where the hash label does not tell."""


def seen_pods(
    items: Iterable[JsonObject], now: datetime, owners: Owners | None = None
) -> tuple[SeenPod, ...]:
    """By namespace, workload and name."""
    pods = [_seen(item, now, owners or {}) for item in items]
    return tuple(sorted(pods, key=lambda pod: (pod.namespace, pod.owner, pod.name)))


def owner_of(item: JsonObject, owners: Owners) -> tuple[str, str]:
    """Kind and name of the workload. A ReplicaSet with the controller's hash in its name is a Deployment's."""
    reference = controller(item) or {}
    kind, name = str(reference.get("kind", "")), str(reference.get("name", ""))
    if kind != "ReplicaSet":
        return kind, name
    ending = f"-{(metadata(item).get('labels') or {}).get(HASH_LABEL, '')}"
    if len(ending) > 1 and name.endswith(ending):
        return "Deployment", name.removesuffix(ending)
    above = owners.get((str(metadata(item).get("namespace") or "default"), name))
    return ("Deployment", above) if above else (kind, name)


def lacks_hash(item: JsonObject) -> bool:
    """A ReplicaSet's pod whose Deployment only the ReplicaSet itself can tell."""
    return owner_of(item, {})[0] == "ReplicaSet"


def state_words(pods: Sequence[SeenPod]) -> str:
    """`4 ready, 1 starting, 2 with problems`; what there is none of is left out, but ready ones never."""
    counts = Counter[str](state_of(pod) for pod in pods)
    words = [f"{counts['ready']} ready"]
    for state, name in (
        ("starting", "starting"),
        ("trouble", "with problems"),
        ("completed", "completed"),
        ("terminating", "being deleted"),
    ):
        if counts[state]:
            words.append(f"{counts[state]} {name}")
    return ", ".join(words)


def state_of(pod: SeenPod) -> Literal["ready", "starting", "trouble", "completed", "terminating"]:
    """One of five, which add up to all pods."""
    if pod.trouble:
        return "trouble"
    if pod.done:
        return "completed"
    if pod.facts.deleting:
        return "terminating"
    return "ready" if pod.facts.ready else "starting"


def _seen(item: JsonObject, now: datetime, owners: Owners) -> SeenPod:
    (facts,) = pod_facts([item])
    kind, owner = owner_of(item, owners)
    own = (item.get("spec") or {}).get("containers") or []
    going = instant(metadata(item).get("deletionTimestamp"))
    return SeenPod(
        namespace=str(metadata(item).get("namespace") or "default"),
        owner_kind=kind,
        owner=owner,
        facts=facts,
        labels=dict(metadata(item).get("labels") or {}),
        containers=tuple(str(container.get("name", "")) for container in own),
        images=tuple(message(str(container.get("image", "")), 200) for container in own),
        going_since=going,
        trouble=trouble_of(facts, now, going),
    )


def trouble_of(pod: PodFacts, now: datetime, going_since: datetime | None = None) -> Trouble | None:
    """What is wrong, the cause before the symptom; None: nothing, it is starting, it has finished or it goes."""
    if pod.phase == "Succeeded":
        return None
    if pod.deleting:
        late = (now - going_since).total_seconds() if going_since else 0.0
        return Trouble("stuck", f"should have ended {ago(late)}") if late > STARTING_SECONDS else None
    if pod.phase == "Failed":
        return _failed(pod)
    if pod.unschedulable:
        return Trouble("pending", f"Pending, not scheduled: {pod.unschedulable}")
    for container in pod.containers:
        if found := _container_trouble(container, now):
            return found
    return _whole_pod(pod, now)


def _failed(pod: PodFacts) -> Trouble:
    ended = next((entry for entry in pod.containers if entry.exit_code not in (None, 0)), None)
    words = f"Failed: {pod.reason}" if pod.reason else "Failed"
    return Trouble("failed", f"{words}, {_exit_words(ended)}" if ended else words)


def _container_trouble(container: ContainerFacts, now: datetime) -> Trouble | None:
    reason, title = container.waiting_reason, container.name
    if reason in IMAGE:
        return Trouble("image", f"{title}: {reason} for {container.image or 'its image'}{_more(container)}")
    if reason in CONFIG:
        return Trouble("config", f"{title}: {reason}{_more(container)}")
    if not _crashed(container, now):
        return None
    kind: Kind = "oom" if container.exit_reason == "OOMKilled" else "crashing"
    state = reason or ("ended" if container.running_since is None else "running again")
    words = f"{title}: {state}, {_exit_words(container)}, {container.restart_count} restarts"
    since = container.exit_finished_at
    return Trouble(kind, f"{words}, last {ago((now - since).total_seconds())}" if since else words)


def _crashed(container: ContainerFacts, now: datetime) -> bool:
    """In back-off, ended badly, or back for too short. Ready says nothing: without a probe a crash loop is ready."""
    if container.waiting_reason == "CrashLoopBackOff":
        return True
    badly = container.exit_reason == "OOMKilled" or container.exit_code not in (None, 0)
    if container.exit_code is None or not (badly or (not container.init and container.restart_count)):
        return False
    if container.running_since is None:
        return not (container.init and container.ready)
    return (now - container.running_since).total_seconds() < CALM_SECONDS


def _exit_words(container: ContainerFacts) -> str:
    if container.exit_code is None:
        return "no exit code yet"
    named = f" ({container.exit_reason})" if container.exit_reason else ""
    return f"exit code {container.exit_code}{named}"


def _more(container: ContainerFacts) -> str:
    return f": {message(container.waiting_message, 200)}" if container.waiting_message else ""


def _whole_pod(pod: PodFacts, now: datetime) -> Trouble | None:
    if pod.phase == "Unknown" or pod.reason:
        return Trouble("unknown", f"{pod.phase} {pod.reason}".strip())
    age = (now - pod.created_at).total_seconds()
    if pod.phase == "Pending":
        waits = next((entry.waiting_reason for entry in pod.containers if entry.waiting_reason), "")
        stuck = age > STUCK_SECONDS or waits not in _SIDECAR_STARTS
        return (
            Trouble("pending", f"Pending for {span(age)}{f': {waits}' if waits else ''}") if stuck else None
        )
    if pod.ready:
        return None
    if age <= STARTING_SECONDS:
        return None
    since = (now - pod.ready_changed_at).total_seconds() if pod.ready_changed_at else age
    waits = ", ".join(entry.name for entry in pod.containers if not entry.init and not entry.ready)
    return Trouble("not_ready", f"running but not ready for {span(since)}{f' ({waits})' if waits else ''}")


def span(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 5 min`, `2 d 4 h`."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes, hours = whole // 60, whole // 3600
    if minutes < 90:
        return f"{minutes} min"
    if hours < 48:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    days = hours // 24
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"


def ago(seconds: float) -> str:
    """`12 min ago`."""
    return f"{span(seconds)} ago"
