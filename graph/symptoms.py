"""What can be read off evidence without deciding anything: which containers fail, how, and since when."""

from __future__ import annotations

from datetime import datetime

from tools.records import ContainerFacts, DependencyFacts, Evidence, PodFacts, RevisionFacts

CRASHING = frozenset({"CrashLoopBackOff"})
IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
CONFIG = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
LIVED_WELL_SECONDS = 600.0
"""A container that ran this long was not broken from the start."""


def live_pods(evidence: Evidence) -> tuple[PodFacts, ...]:
    """Pods that are not on their way out and have not finished."""
    return tuple(p for p in evidence.pods if not p.deleting and p.phase not in ("Succeeded", "Failed"))


def pods_of(evidence: Evidence, revision: RevisionFacts) -> tuple[PodFacts, ...]:
    """Live pods owned by this revision's ReplicaSet, by uid."""
    return tuple(pod for pod in live_pods(evidence) if pod.owner_uid == revision.uid)


def current_revision(evidence: Evidence) -> RevisionFacts | None:
    """The revision that the Deployment's template asks for now."""
    if evidence.workload is None:
        return None
    digest = evidence.workload.template_digest
    matches = [r for r in evidence.revisions if r.template_digest == digest]
    return max(matches, key=lambda r: r.number, default=None)


def crashed_container(pod: PodFacts) -> ContainerFacts | None:
    """The first container that crashed and is not well again: in back-off, ended, or not ready since."""
    return next((c for c in pod.containers if _crashed(c)), None)


def waiting_container(pod: PodFacts, reasons: frozenset[str]) -> ContainerFacts | None:
    """The first container that waits for one of these reasons."""
    return next((c for c in pod.containers if c.waiting_reason in reasons), None)


def is_failing(pod: PodFacts) -> bool:
    """Crashed, or unable to start for its image or configuration."""
    return crashed_container(pod) is not None or waiting_container(pod, IMAGE | CONFIG) is not None


def is_broken(pod: PodFacts) -> bool:
    """Failing, or simply not ready."""
    return is_failing(pod) or not pod.ready


def life_seconds(container: ContainerFacts) -> float | None:
    """How long the newest run lasted that has ended."""
    if container.exit_started_at is None or container.exit_finished_at is None:
        return None
    return (container.exit_finished_at - container.exit_started_at).total_seconds()


def lived_well(pod: PodFacts, container: ContainerFacts, now: datetime) -> bool:
    """It once ran for long: its last run did, or it is too old for its few restarts to be one loop.

    A container that crashes at once restarts at least every 300 s plus its life (the kubelet's longest
    back-off), so an average beyond 660 s leaves room for one long healthy run.
    """
    life = life_seconds(container)
    if life is not None and life >= LIVED_WELL_SECONDS:
        return True
    age = (now - pod.created_at).total_seconds()
    return age / (container.restart_count + 1) > 660.0


def dependencies_down(evidence: Evidence) -> tuple[DependencyFacts, ...]:
    """Services the workload names, none of whose pods is ready."""
    return tuple(d for d in evidence.dependencies if d.pods and not d.ready)


def describe_crash(pod: PodFacts, container: ContainerFacts) -> str:
    """One line: which container, how it ended, how often."""
    how = container.exit_reason or container.waiting_reason or "ended"
    code = "" if container.exit_code is None else f" (exit code {container.exit_code})"
    return f"{pod.name}/{container.name}: {how}{code}, {container.restart_count} restarts"


def _crashed(container: ContainerFacts) -> bool:
    if container.waiting_reason in CRASHING:
        return True
    ended_badly = container.exit_code not in (None, 0) or container.exit_reason == "OOMKilled"
    if not ended_badly:
        return False
    return container.restart_count > 0 or not container.ready
