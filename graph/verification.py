"""Whether a write helped: looks since the receipt in, a verdict or the next look out (kubernetes.md section 5).

Pure. Rollout status is computed as kubectl does; then a stability window must hold from its first to its last
look. A failed look is never success: it breaks the window, and time decides INCONCLUSIVE. The alert plays no
part: a quiet alert alone is never success. What `fold` keeps is compared with what was seen before, not with the
clock, where it can be: clocks of nodes and of this process differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from graph import counted
from graph.policy import PolicySettings
from graph.rollout_status import rolled_out
from graph.state import Progress
from tools.records import ContainerObservation, Observation, Receipt, Verdict

NEVER_STARTS = frozenset(
    {
        "ImagePullBackOff",
        "ErrImagePull",
        "ErrImageNeverPull",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "InvalidImageName",
    }
)
LONGEST_WINDOW = timedelta(seconds=900)
SLOW_LIFE = timedelta(minutes=7)
"""A container that lived longer before it failed may fail again after any window: PROVISIONAL."""
STUCK_AFTER = timedelta(seconds=60)
"""A pull or a configuration that fails for shorter is tried again by the kubelet and may work."""
STALE_DEADLINE = timedelta(seconds=60)
"""The controller keeps ProgressDeadlineExceeded from the rollout before until the new one makes progress."""
LATELY = timedelta(seconds=900)
MAX_RESETS = 1
WORSE_LOOKS = 2
"""One look may fall into a restart; an undo needs more."""


def window(receipt: Receipt, settings: PolicySettings) -> timedelta:
    """`clamp(max(floor, minReadySeconds + 60, 2 x longest life + 30), floor, 900 s)`; a floor beyond 900 s holds.

    On a test cluster 60, 30 and 900 s shrink with the floor.
    """
    floor, scale = settings.verify_window_seconds, slack(settings)
    min_ready = receipt.before.min_ready_seconds if receipt.before else 0
    wanted = max(min_ready + 60 * scale, 2 * life(receipt).total_seconds() + 30 * scale)
    return max(timedelta(seconds=floor), min(timedelta(seconds=wanted), LONGEST_WINDOW * scale))


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
    seen = progress.model_copy(update=_seen(progress, look, receipt))
    if _crash(seen, look):
        return seen  # a new window's baseline would hide it from `judge`
    if seen.window_started_at is None:
        return _begin_window(seen, look) if _well(look, receipt) else seen
    broken = disturbance(seen, look, receipt)
    if not broken:
        return seen
    scaled_up = progress.last is not None and look.desired > progress.last.desired
    reset = {"resets": seen.resets + (0 if scaled_up else 1), "last_error": broken}
    if _well(look, receipt):
        return _begin_window(seen, look).model_copy(update=reset)
    return seen.model_copy(update={**reset, "window_started_at": None})


def judge(progress: Progress, receipt: Receipt, settings: PolicySettings, now: datetime) -> Verdict | None:
    """The verdict, or None: look again."""
    look = progress.last
    if look is None or progress.failed_looks:
        return out_of_time(progress, receipt, settings, now)
    theirs = superseded(look, receipt)
    if theirs:
        return Verdict(name="SUPERSEDED", reason=theirs, at=now)
    if look.desired == 0:
        reason = "scaled to zero, or no node takes it: nothing runs that could be verified"
        return Verdict(name="INCONCLUSIVE", reason=reason, at=now)
    failed = _failure(progress, look, receipt, settings)
    if failed:
        return _did_not_help(failed, progress, receipt, settings, now)
    if progress.resets > MAX_RESETS:
        reason = f"the workload did not stay well: {progress.last_error}"
        return Verdict(name="NOT_RECOVERED", reason=reason, at=now)
    started = progress.window_started_at
    if started and look.at - started >= window(receipt, settings) and _well(look, receipt):
        return _held(receipt, look.at - started, settings, now)
    return out_of_time(progress, receipt, settings, now)


def disturbance(progress: Progress, look: Observation, receipt: Receipt) -> str:
    """What breaks the window at this look, or an empty string."""
    new_pods = {pod.uid for pod in look.pods} - set(progress.pod_uids)
    if new_pods:
        return f"{counted.pods(len(new_pods), 'was', 'were')} replaced during the window"
    new_warnings = set(look.warnings) - set(progress.warnings)
    if new_warnings:
        return f"new warning: {sorted(new_warnings)[0]}"
    return _unready(look) or ("" if rolled_out(look, receipt) else "the rollout is no longer complete")


def _seen(progress: Progress, look: Observation, receipt: Receipt) -> dict[str, Any]:
    """What every readable look adds, whatever it shows."""
    stuck = {key for key, _, c in _containers(look) if c.waiting_reason in NEVER_STARTS}
    before = {**_restarts_before(look, receipt), **progress.restarts_before}
    return {
        "looks": progress.looks + 1,
        "failed_looks": 0,
        "last": look,
        "restarts_before": before,
        "stuck_since": _since(progress.stuck_since, sorted(stuck), look),
        "pending_since": _since(progress.pending_since, [p.name for p in look.pods if p.pending], look),
        "unready_since": _since(progress.unready_since, [p.name for p in look.pods if not p.ready], look),
        "worse_looks": progress.worse_looks + 1 if _is_worse(look, receipt) else 0,
    }


def _since(known: dict[str, datetime], keys: list[str], look: Observation) -> dict[str, datetime]:
    return {key: known.get(key, look.at) for key in keys}


def _containers(look: Observation) -> Iterator[tuple[str, str, ContainerObservation]]:
    """Key, `pod/container` for people, and the container."""
    for pod in look.pods:
        for container in pod.containers:
            yield f"{pod.uid}/{container.name}", f"{pod.name}/{container.name}", container


def _restarts_before(look: Observation, receipt: Receipt) -> dict[str, int]:
    """Pods that a rollback goes back to may have run, and restarted, long before the write."""
    containers = _containers(look)
    return {key: max(0, c.restart_count - _ended_since(c, receipt)) for key, _, c in containers}


def _ended_since(container: ContainerObservation, receipt: Receipt) -> bool:
    return container.last_finished_at is not None and container.last_finished_at > receipt.sent_at


def _ended_anew(container: ContainerObservation, known: datetime | None) -> bool:
    end = container.last_finished_at
    return end is not None and (known is None or end > known)


def _well(look: Observation, receipt: Receipt) -> bool:
    """All that was wanted is available, so that no fewer are than before; and the pods themselves say so too."""
    return rolled_out(look, receipt) and not _unready(look)


def _unready(look: Observation) -> str:
    unready = look.desired - sum(pod.ready for pod in look.pods)
    return f"{unready} of {look.desired} pods are not ready" if unready > 0 else ""


def _is_worse(look: Observation, receipt: Receipt) -> bool:
    return look.available < min(_available_before(receipt), look.desired)


def _available_before(receipt: Receipt) -> int:
    """Without what was ready only between two crashes: going back to that would be no gain."""
    before = receipt.before
    if before is None:
        return 0
    between = sum(
        pod.ready and any(_ended_lately(c, before.at) for c in pod.containers) for pod in before.pods
    )
    return max(0, before.available - between)


def _ended_lately(container: ContainerObservation, at: datetime) -> bool:
    return container.last_finished_at is not None and at - container.last_finished_at <= LATELY


def _failure(progress: Progress, look: Observation, receipt: Receipt, settings: PolicySettings) -> str:
    """What shows beyond doubt that it did not help."""
    stale = receipt.before is not None and receipt.before.deadline_exceeded
    patience = STALE_DEADLINE * slack(settings) if stale else timedelta(0)
    observed = look.observed_generation >= receipt.generation
    if look.deadline_exceeded and observed and look.at - receipt.sent_at >= patience:
        return "the rollout exceeded its progress deadline"
    return _crash(progress, look) or _stuck(progress, look, settings)


def _crash(progress: Progress, look: Observation) -> str:
    """Compared with the window's start, also after the window was broken; before the first window with the write."""
    for key, where, container in _containers(look):
        baseline = progress.restarts.get(key)
        if baseline is not None and container.restart_count > baseline:
            return f"{where} restarted after it had been well"
        if baseline is not None and _ended_anew(container, progress.ends.get(key)):
            return f"{where} ended after it had been well"
        again = container.restart_count - progress.restarts_before.get(key, 0)
        if container.ready:
            continue
        if container.waiting_reason == "CrashLoopBackOff" and (again > 1 or progress.window_started_at):
            return f"{where} is in CrashLoopBackOff after {counted.times(container.restart_count, 'restart')}"
        if again > 1:
            return f"{where} restarted {again} times since"
    return ""


def _stuck(progress: Progress, look: Observation, settings: PolicySettings) -> str:
    patience = STUCK_AFTER * slack(settings)
    for key, where, container in _containers(look):
        since = progress.stuck_since.get(key)
        if since and look.at - since >= patience:
            return f"{where} is in {container.waiting_reason}"
    return ""


def _did_not_help(
    reason: str, progress: Progress, receipt: Receipt, settings: PolicySettings, now: datetime
) -> Verdict | None:
    """REGRESSED undoes by itself, so it must be lastingly worse; one more look tells."""
    if 0 < progress.worse_looks < WORSE_LOOKS and now < _limit(receipt, settings):
        return None
    name = "REGRESSED" if progress.worse_looks >= WORSE_LOOKS else "NOT_RECOVERED"
    return Verdict(name=name, reason=reason, at=now)


def superseded(look: Observation, receipt: Receipt) -> str:
    """Who else changed it since, or an empty string."""
    if look.uid != receipt.target.uid:
        return "the workload was deleted or replaced"
    if receipt.template_digest and look.template_digest != receipt.template_digest:
        return "somebody else changed the pod template since"
    return _restarted_again(look, receipt)


def _restarted_again(look: Observation, receipt: Receipt) -> str:
    """A restart is one annotation, which no digest counts: gone, or another one, it is another rollout (4.3)."""
    ours = receipt.call.args.get("restarted_at")
    if not ours or look.restarted_at is None or look.restarted_at == ours:
        return ""
    before = receipt.before.restarted_at if receipt.before else None
    if look.restarted_at == (before or ""):
        return (
            "drift: something put back the template as it was before the restart, so that its pods are replaced a "
            "second time; a GitOps tool does that, and the restart has to be made there"
        )
    return "somebody else restarted it since"


def _begin_window(progress: Progress, look: Observation) -> Progress:
    containers = list(_containers(look))
    return progress.model_copy(
        update={
            "rolled_out_at": progress.rolled_out_at or look.at,
            "window_started_at": look.at,
            "restarts": {key: c.restart_count for key, _, c in containers},
            "ends": {key: c.last_finished_at for key, _, c in containers if c.last_finished_at},
            "pod_uids": tuple(sorted(pod.uid for pod in look.pods)),
            "warnings": look.warnings,
        }
    )


def _held(receipt: Receipt, held: timedelta, settings: PolicySettings, now: datetime) -> Verdict:
    seconds = f"{held.total_seconds():.0f} s"
    if life(receipt) > SLOW_LIFE * slack(settings):
        reason = f"well for {seconds}, but it lived {life(receipt)} before it failed last time"
        return Verdict(name="PROVISIONAL", reason=reason, at=now)
    return Verdict(name="RECOVERED", reason=f"rolled out and well for {seconds}", at=now)


def out_of_time(
    progress: Progress, receipt: Receipt, settings: PolicySettings, now: datetime
) -> Verdict | None:
    """INCONCLUSIVE once the time for it is over, with what was last in the way."""
    if now < _limit(receipt, settings):
        return None
    why = progress.last_error or "the rollout did not complete"
    return Verdict(name="INCONCLUSIVE", reason=f"out of time: {why}", at=now)


def _limit(receipt: Receipt, settings: PolicySettings) -> datetime:
    return receipt.sent_at + timedelta(seconds=settings.verify_timeout_seconds) + window(receipt, settings)


def life(receipt: Receipt) -> timedelta:
    """The longest life of a container that had crashed lately before the write."""
    before = receipt.before
    if before is None:
        return timedelta(0)
    crashed = [c for _, _, c in _containers(before) if _ended_lately(c, before.at)]
    lives = [c.life_seconds for c in crashed if c.life_seconds is not None]
    return timedelta(seconds=max(lives, default=0.0))


def slack(settings: PolicySettings) -> float:
    """On a test cluster fixed times shrink with the window's floor, which is announced everywhere."""
    return min(1.0, settings.verify_window_seconds / 120.0) if settings.test_cluster else 1.0
