"""What the classes of images that cannot be pulled share: who waits, what the registry said, who else waits.

The kubelet's words come from the container runtime; they are told apart by the status codes and phrases that registries
and resolvers use, which no pod can write into another one's status.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias

from graph import counted
from graph.symptoms import IMAGE, crashed_container, current_revision, live_pods, pods_of, waiting_container
from tools.records import ContainerFacts, Evidence, PodFacts, PullFacts

Reason: TypeAlias = Literal["name", "access", "registry", ""]

_NAME = re.compile(
    r"manifest unknown|manifest for \S+ not found|\S+: not found$|not found: manifest|NotFound desc"
    r"|invalid reference format|couldn't parse image|no match for platform|repository does not exist or may require"
    r"|name unknown|repository \S+ not found",
    re.IGNORECASE,
)
_ACCESS = re.compile(
    r"\b401\b|\b403\b|unauthorized|forbidden|access denied|authentication required|no basic auth credentials"
    r"|insufficient_scope|failed to authorize|denied: |token (?:has )?expired",
    re.IGNORECASE,
)
_REGISTRY = re.compile(
    r"i/o timeout|connection refused|connection reset|no such host|no route to host|TLS handshake timeout"
    r"|deadline exceeded|server misbehaving|network is unreachable|x509:|certificate|unexpected EOF"
    r"|\b50[0234]\b|too ?many ?requests|\b429\b|server gave HTTP response|service unavailable|Client\.Timeout",
    re.IGNORECASE,
)
_UNREADABLE = frozenset({"InvalidImageName", "ErrImageNeverPull"})
_HUB = "docker.io"
SEVERAL = 2
"""Images of one registry, or workloads: one alone may have a mistake of its own."""


class Waiting(NamedTuple):
    """A container that waits for its image, and what is known of why."""

    pod: PodFacts
    container: ContainerFacts
    said: str


def waiting(evidence: Evidence) -> list[Waiting]:
    """Containers of live pods that wait for an image; none where more pods crash than wait."""
    pods, now = live_pods(evidence), evidence.collected_at
    found = [(pod, c) for pod in pods if (c := waiting_container(pod, IMAGE))]
    crashed = [pod for pod in pods if crashed_container(pod, now) and not waiting_container(pod, IMAGE)]
    if len(crashed) > len(found):
        return []
    return [Waiting(pod, container, said_of(container, evidence)) for pod, container in found]


def said_of(container: ContainerFacts, evidence: Evidence) -> str:
    """The whole reason, where the status holds it; else the newest event about that image."""
    told = [
        event.message
        for event in evidence.events
        if container.image in event.message and "Failed to pull image" in event.message
    ]
    texts = [container.waiting_message, *told]
    return next((text for text in texts if reason_in(text)), texts[0] if texts else "")


def reason_in(text: str) -> Reason:
    """What a runtime's words say; a registry that cannot be reached says nothing about names or rights."""
    if not text:
        return ""
    if _REGISTRY.search(text) and not re.search(r"\b40[134]\b", text):
        return "registry"
    if "repository does not exist or may require" in text:
        return "access" if re.search(r"\b40[13]\b|authorization failed|insufficient_scope", text) else "name"
    if _ACCESS.search(text):
        return "access"
    return "name" if _NAME.search(text) else ""


def reason_of(found: Waiting) -> Reason:
    """What keeps this container from its image."""
    if found.container.waiting_reason in _UNREADABLE:
        return "name"
    if found.container.waiting_reason == "RegistryUnavailable":
        return "registry"
    return reason_in(found.said)


def registry_of(image: str) -> str:
    """The host of an image's name; Docker's own where it names none."""
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else _HUB


def sharing(image: str, evidence: Evidence) -> list[PullFacts]:
    """Containers of all workloads that wait for images of the same registry."""
    registry = registry_of(image)
    return [pull for pull in evidence.pulls if registry_of(pull.image) == registry]


def workloads_in(pulls: list[PullFacts]) -> set[str]:
    """By their controllers; a pod without one counts for itself."""
    return {pull.owner_uid or f"{pull.namespace}/{pull.pod}" for pull in pulls}


def no_crash(evidence: Evidence) -> tuple[str, ...]:
    """What is ruled out, unless another pod crashes beside: what is seen is not denied."""
    now = evidence.collected_at
    crashed = any(
        crashed_container(pod, now) and not waiting_container(pod, IMAGE) for pod in live_pods(evidence)
    )
    return () if crashed else ("a crash: the containers that wait have not started",)


def serving(evidence: Evidence) -> str:
    """What still serves, by revision."""
    ready = [
        f"revision {r.number} ({counted.times(r.ready, 'pod')} ready)" for r in evidence.revisions if r.ready
    ]
    return "still serving: " + (", ".join(ready) if ready else "nothing")


def only_the_newest_waits(evidence: Evidence) -> bool:
    """Every pod of the newest revision waits for an image, and none of an older one."""
    current = current_revision(evidence)
    if current is None:
        return False
    pods = pods_of(evidence, current)
    others = [pod for pod in live_pods(evidence) if pod.owner_uid != current.uid]
    waits = [bool(waiting_container(pod, IMAGE)) for pod in pods]
    return bool(pods) and all(waits) and not any(waiting_container(pod, IMAGE) for pod in others)


def repository_of(image: str) -> str:
    """An image's name without tag and digest."""
    name, _, _ = image.partition("@")
    head, slash, last = name.rpartition("/")
    return head + slash + last.partition(":")[0]


def repositories_before(evidence: Evidence) -> set[str]:
    """Those that older revisions have read from."""
    current = current_revision(evidence)
    older = [r for r in evidence.revisions if current and r.template_digest != current.template_digest]
    return {repository_of(image) for revision in older for image in revision.images}


def only_the_newest_names_its_host(found: Waiting, evidence: Evidence) -> bool:
    """The host of the image has no address, no older revision has named it and no other workload waits for it."""
    if not re.search(r"no such host", found.said):
        return False
    registry = registry_of(found.container.image)
    before = {registry_of(repository) for repository in repositories_before(evidence)}
    own = {pod.name for pod in evidence.pods}
    others = [pull for pull in sharing(found.container.image, evidence) if pull.pod not in own]
    return bool(before) and registry not in before and not others
