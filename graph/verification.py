"""Whether a write helped: looks since the receipt in, a verdict or the next look out (kubernetes.md section 5).

Pure. Rollout status is computed as kubectl does; then a stability window must hold from its first to its last
look. A failed look is never success: it breaks the window, and time decides INCONCLUSIVE. The alert plays no
part: a quiet alert alone is never success.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from graph.policy import PolicySettings
from graph.state import Progress
from tools.records import ContainerObservation, Observation, PodObservation, Receipt, Verdict, VerdictName

NEVER_STARTS = frozenset(
    {
        "ImagePullBackOff",
        "ErrImagePull",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "InvalidImageName",
    }
)
LONGEST_WINDOW = timedelta(seconds=900)
SLOW_LIFE = timedelta(minutes=7)
"""A container that lived longer before it failed may fail again after any window: PROVISIONAL."""
MAX_RESETS = 1


def window(receipt: Receipt, settings: PolicySettings) -> timedelta:
    """`clamp(max(floor, minReadySeconds + 60, 2 x longest life + 30), floor, 900 s)`.

    On a test cluster the fixed 60 and 30 seconds shrink with the floor, which is announced everywhere.
    """
    floor = settings.verify_window_seconds
    slack = min(1.0, floor / 120.0) if settings.test_cluster else 1.0
    min_ready = receipt.before.min_ready_seconds if receipt.before else 0
    wanted = max(floor, min_ready + 60 * slack, 2 * _life(receipt).total_seconds() + 30 * slack)
    return min(max(timedelta(seconds=wanted), timedelta(seconds=floor)), LONGEST_WINDOW)


def first_look(receipt: Receipt, settings: PolicySettings) -> datetime:
    """When to look for the first time."""
    return receipt.sent_at + timedelta(seconds=settings.verify_delay_seconds)


def fold(progress: Progress, look: Observation, receipt: Receipt) -> Progress:
    """Add one look."""
    if look.error:
        return progress.model_copy(
            update={
                "looks": progress.looks + 1,
                "failed_looks": progress.failed_looks + 1,
                "last_error": look.error,
                "window_started_at": None,
            }
        )
    seen = progress.model_copy(update={"looks": progress.looks + 1, "failed_looks": 0, "last": look})
    if seen.window_started_at is None:
        return _begin_window(seen, look) if rolled_out(look, receipt) else seen
    broken = disturbance(seen, look, receipt)
    if not broken:
        return seen
    reset = {"resets": seen.resets + 1, "last_error": broken}
    if rolled_out(look, receipt):
        return _begin_window(seen, look).model_copy(update=reset)
    return seen.model_copy(update={**reset, "window_started_at": None})


def judge(progress: Progress, receipt: Receipt, settings: PolicySettings, now: datetime) -> Verdict | None:
    """The verdict, or None: look again."""
    look = progress.last
    if look is None or progress.failed_looks:
        return _out_of_time(progress, receipt, settings, now)
    superseded = _superseded(look, receipt)
    if superseded:
        return Verdict(name="SUPERSEDED", reason=superseded, at=now)
    if look.desired == 0:
        return Verdict(
            name="INCONCLUSIVE", reason="scaled to zero: nothing runs that could be verified", at=now
        )
    failed = _failure(progress, look, receipt, settings)
    if failed:
        return Verdict(name=_worse_or_not(look, receipt), reason=failed, at=now)
    started = progress.window_started_at
    if started and now - started >= window(receipt, settings) and not _window_fault(look, receipt):
        return _held(receipt, settings, started, now)
    return _out_of_time(progress, receipt, settings, now)


def rolled_out(look: Observation, receipt: Receipt) -> bool:
    """kubectl's rollout status for a Deployment, from `metadata.generation` of our write on."""
    return (
        look.observed_generation >= max(receipt.generation, look.generation)
        and look.updated >= look.desired
        and look.replicas == look.updated
        and look.available >= look.updated
        and look.desired > 0
    )


def disturbance(progress: Progress, look: Observation, receipt: Receipt) -> str:
    """What breaks the window at this look, or an empty string."""
    new_pods = {pod.uid for pod in look.pods} - set(progress.pod_uids)
    if new_pods:
        return f"{len(new_pods)} pods were replaced during the window"
    new_warnings = set(look.warnings) - set(progress.warnings)
    if new_warnings:
        return f"new warning: {sorted(new_warnings)[0]}"
    if not rolled_out(look, receipt):
        return _window_fault(look, receipt) or "the rollout is no longer complete"
    return _window_fault(look, receipt)


def _window_fault(look: Observation, receipt: Receipt) -> str:
    unready = look.desired - sum(pod.ready for pod in look.pods)
    if unready > 0:
        return f"{unready} of {look.desired} pods are not ready"
    before = receipt.before.available if receipt.before else 0
    if look.available < min(before, look.desired):
        return f"{look.available} pods are available, {before} were before"
    return ""


def _failure(progress: Progress, look: Observation, receipt: Receipt, settings: PolicySettings) -> str:
    """What shows beyond doubt that it did not help."""
    if look.deadline_exceeded and look.observed_generation >= receipt.generation:
        return "the rollout exceeded its progress deadline"
    crash = next(filter(None, (_crash(p, c, progress, receipt) for p in look.pods for c in p.containers)), "")
    if crash:
        return crash
    if progress.resets > MAX_RESETS:
        return f"the workload did not stay well: {progress.last_error}"
    return ""


def _crash(pod: PodObservation, container: ContainerObservation, progress: Progress, receipt: Receipt) -> str:
    where, ended = f"{pod.name}/{container.name}", container.last_finished_at
    baseline, started = progress.restarts.get(f"{pod.uid}/{container.name}"), progress.window_started_at
    if baseline is not None and container.restart_count > baseline:
        return f"{where} restarted during the window"
    if started and ended and ended > started:
        return f"{where} ended during the window"
    if container.waiting_reason in NEVER_STARTS and progress.looks > 1:
        return f"{where} is in {container.waiting_reason}"
    if container.waiting_reason == "CrashLoopBackOff" and (started or container.restart_count > 1):
        return f"{where} is in CrashLoopBackOff after {container.restart_count} restarts"
    if ended and ended > receipt.sent_at and container.restart_count > 1 and not container.ready:
        return f"{where} restarted {container.restart_count} times since"
    return ""


def _worse_or_not(look: Observation, receipt: Receipt) -> VerdictName:
    before = receipt.before
    return "REGRESSED" if before and look.available < min(before.available, look.desired) else "NOT_RECOVERED"


def _superseded(look: Observation, receipt: Receipt) -> str:
    if look.uid != receipt.target.uid:
        return "the workload was deleted or replaced"
    if receipt.template_digest and look.template_digest != receipt.template_digest:
        return "somebody else changed the pod template since"
    return ""


def _begin_window(progress: Progress, look: Observation) -> Progress:
    restarts = {f"{p.uid}/{c.name}": c.restart_count for p in look.pods for c in p.containers}
    return progress.model_copy(
        update={
            "rolled_out_at": progress.rolled_out_at or look.at,
            "window_started_at": look.at,
            "restarts": restarts,
            "pod_uids": tuple(sorted(pod.uid for pod in look.pods)),
            "warnings": look.warnings,
        }
    )


def _held(receipt: Receipt, settings: PolicySettings, started: datetime, now: datetime) -> Verdict:
    seconds = (now - started).total_seconds()
    if _life(receipt) > SLOW_LIFE:
        reason = f"well for {seconds:.0f} s, but it lived {_life(receipt)} before it failed last time"
        return Verdict(name="PROVISIONAL", reason=reason, at=now)
    return Verdict(name="RECOVERED", reason=f"rolled out and well for {seconds:.0f} s", at=now)


def _out_of_time(
    progress: Progress, receipt: Receipt, settings: PolicySettings, now: datetime
) -> Verdict | None:
    limit = timedelta(seconds=settings.verify_timeout_seconds) + window(receipt, settings)
    if now - receipt.sent_at < limit:
        return None
    why = progress.last_error or "the rollout did not complete"
    return Verdict(name="INCONCLUSIVE", reason=f"out of time: {why}", at=now)


def _life(receipt: Receipt) -> timedelta:
    """The longest life of a crashed container before the write."""
    pods = receipt.before.pods if receipt.before else ()
    lives = [c.life_seconds for pod in pods for c in pod.containers if c.life_seconds is not None]
    return timedelta(seconds=max(lives, default=0.0))
