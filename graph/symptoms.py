"""What can be read off evidence without deciding anything: which containers fail, how, and since when."""

from __future__ import annotations

from datetime import datetime, timedelta

from graph import counted
from graph.ages import lasting
from tools.records import ContainerFacts, DependencyFacts, Evidence, PodFacts, RevisionFacts

CRASHING = frozenset({"CrashLoopBackOff"})
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
NOT_STARTED = frozenset({"StartError", "ContainerCannotRun"})
"""By these the runtime says that no program has begun: there is no log, and there was no life."""
JUST_RELEASED = timedelta(minutes=30)
LIVED_WELL_SECONDS = 600.0
"""A container that ran this long was not broken from the start; the kubelet forgets its back-off by then too."""
SHORTEST_CALM, LONGEST_CALM = 120.0, 900.0
LONGEST_CYCLE_SECONDS = 660.0
"""More than any restart cycle of a container that never lives well: 300 s of back-off and its life."""
FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 10.0, 300.0
"""The kubelet's, doubled from the one to the other."""


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


def just_released(evidence: Evidence) -> bool:
    """The newest revision is young and another template ran before: it may be what is busy."""
    current = current_revision(evidence)
    if current is None or evidence.collected_at - current.created_at >= JUST_RELEASED:
        return False
    return any(r.template_digest != current.template_digest for r in evidence.revisions)


def container_named(pod: PodFacts, name: str) -> ContainerFacts | None:
    """The container of this name that is no init container."""
    return next((c for c in pod.containers if c.name == name and not c.init), None)


def crashed_container(pod: PodFacts, now: datetime) -> ContainerFacts | None:
    """The first container that crashed and is not proved well again: in back-off, ended, or back for too short."""
    return next((c for c in pod.containers if _crashed(c, now) and not _has_done(pod, c)), None)


def waiting_container(pod: PodFacts, reasons: frozenset[str]) -> ContainerFacts | None:
    """The first container that waits for one of these reasons."""
    return next((c for c in pod.containers if c.waiting_reason in reasons), None)


def is_failing(pod: PodFacts, now: datetime) -> bool:
    """Crashed, or unable to start for its image or configuration."""
    return crashed_container(pod, now) is not None or waiting_container(pod, IMAGE | CONFIG) is not None


def is_broken(pod: PodFacts, now: datetime) -> bool:
    """Failing, or simply not ready."""
    return is_failing(pod, now) or not pod.ready


def crashed_lately(pod: PodFacts, now: datetime) -> bool:
    """A container ended within the longest back-off and a bit: its next crash may still be to come."""
    bad = (c for c in pod.containers if ended_badly(c) and not _has_done(pod, c))
    ends = (c.exit_finished_at for c in bad if c.exit_finished_at)
    return any((now - end).total_seconds() < LIVED_WELL_SECONDS for end in ends)


def ended_badly(container: ContainerFacts) -> bool:
    """Its newest end was no success. What is not an init container is not meant to end at all, not even with 0."""
    if container.exit_reason == "OOMKilled":
        return True
    return container.exit_code is not None and (container.exit_code != 0 or not container.init)


def _has_done(pod: PodFacts, container: ContainerFacts) -> bool:
    """It ended with 0 in a pod that is meant to finish, as a Job's."""
    return pod.finishes and container.exit_code == 0 and container.exit_reason != "OOMKilled"


def life_seconds(container: ContainerFacts) -> float | None:
    """How long the newest run lasted that has ended."""
    if container.exit_started_at is None or container.exit_finished_at is None:
        return None
    return (container.exit_finished_at - container.exit_started_at).total_seconds()


def lived_well(pod: PodFacts, container: ContainerFacts, now: datetime) -> bool:
    """It once ran for long: this run or the last one did, or one of those before them must have.

    Of earlier runs only their number is known. A container that crashes at once is held back for 10 s, 20 s, 40 s and
    so on up to 300 s between them: what these back-offs, a tenth more, and twice as many lives like its last do not
    fill of the time since the pod's birth was a healthy run.
    """
    running = container.running_since
    if running and (now - running).total_seconds() >= LIVED_WELL_SECONDS:
        return True
    if (life_seconds(container) or 0.0) >= LIVED_WELL_SECONDS:
        return True
    unknown_runs = container.restart_count - (1 if running else 0)
    if unknown_runs <= 0:
        return False
    before = ((container.exit_started_at or now) - pod.created_at).total_seconds()
    return before - _looping_seconds(unknown_runs, life_seconds(container)) >= LIVED_WELL_SECONDS


def _looping_seconds(runs: int, life: float | None) -> float:
    """The most that so many runs of a loop take; a life that is not known counts as the longest cycle."""
    if life is None:
        return runs * LONGEST_CYCLE_SECONDS
    back_offs = sum(
        min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * (1 << min(run, 5))) for run in range(runs)
    )
    return 1.1 * back_offs + 2 * runs * life


def is_complete(evidence: Evidence) -> bool:
    """Every pod that the Deployment wants is there and of the newest template, whether it is ready or not."""
    workload = evidence.workload
    if workload is None or workload.observed_generation < workload.generation:
        return False
    return workload.updated >= workload.desired > 0 and workload.replicas <= workload.updated


def dependencies_down(evidence: Evidence) -> tuple[DependencyFacts, ...]:
    """Services the workload names, none of whose pods is ready: one scaled to zero too.

    Services that select no pods, such as those outside the cluster, are no part of the evidence.
    """
    return tuple(d for d in evidence.dependencies if not d.ready)


def could_not_read(evidence: Evidence, kind: str) -> bool:
    """Some of what was planned of this kind was forbidden or failed."""
    return any(item.kind == kind for item in evidence.missing())


def is_injected(container: ContainerFacts, evidence: Evidence) -> bool:
    """The pod has it and the workload's template does not: an admission webhook has put it in."""
    own = evidence.workload.containers if evidence.workload else ()
    return bool(own) and container.name not in own


def describe_crash(pod: PodFacts, container: ContainerFacts) -> str:
    """One line: which container, how it ended, after how long, how often."""
    how = container.exit_reason or container.waiting_reason or "ended"
    code = "" if container.exit_code is None else f" (exit code {container.exit_code})"
    life = None if container.exit_reason in NOT_STARTED else life_seconds(container)
    after = "" if life is None else f" after {lasting(life)}"
    return f"{pod.name}/{container.name}: {how}{code}{after}, {counted.times(container.restart_count, 'restart')}"


def _crashed(container: ContainerFacts, now: datetime) -> bool:
    """Ready or not says nothing here: without a readiness probe a crash loop is ready between two crashes."""
    if container.waiting_reason in CRASHING:
        return True
    if not ended_badly(container):
        return False
    if container.running_since is None:
        return True
    return (now - container.running_since).total_seconds() < _calm_seconds(container)


def _calm_seconds(container: ContainerFacts) -> float:
    """How long it must run to be well again, sized by its last life as the stability window is (5.3)."""
    life = life_seconds(container)
    if life is None:
        return LIVED_WELL_SECONDS
    return min(LONGEST_CALM, max(SHORTEST_CALM, 2 * life + 30))
