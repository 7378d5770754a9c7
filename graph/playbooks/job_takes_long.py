"""A Job has not ended for long: it runs, waits, or was suspended, and only who wrote it knows how long it may take.

Proof: the Job's own status. Pods of it that crash, wait for a node or cannot be made are classes of their own and asked
for first. Counter-proof: a Job that has ended by now. To stop it would lose what it has done.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph import counted
from graph.job_words import took
from graph.playbooks import Playbook
from graph.state import Finding
from graph.symptoms import live_pods
from tools.records import Alert, Evidence, JobFacts, PodFacts

NAMES = re.compile(
    r"KubeJob(?:NotCompleted|Completion)|KubernetesJobSlowCompletion|\w*Job\w*(?:Slow|TooLong|Stuck)\w*"
)


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus and of the community's rules."""
    return bool(NAMES.fullmatch(alert.name))


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    job = evidence.job
    if job is None:
        return None
    hours = (evidence.collected_at - job.created_at).total_seconds() / 3600
    return Finding(
        problem="job_takes_long",
        summary=f"Job {job.name} {_state(job, hours)}.",
        directness=1.0,
        evidence=tuple(
            id_
            for kind in ("job", "workload", "pods", "logs", "runs", "events")
            for id_ in evidence.cite(kind)
        ),
        facts=(*_before(evidence), _tries(job), *_pods(evidence)),
        ruled_out=("a failure: it has not failed",)
        if job.outcome != "complete"
        else ("a Job that runs: it has ended",),
        next_step=_next_step(job),
        how_soon="later" if job.outcome == "complete" else "",
    )


def _state(job: JobFacts, hours: float) -> str:
    if job.outcome == "complete":
        return f"has completed at {job.ended_at:%Y-%m-%d %H:%M} UTC" if job.ended_at else "has completed"
    if job.suspended:
        return f"is suspended: it was made {hours:.1f} hours ago and runs nothing"
    if not job.active:
        return f"was made {hours:.1f} hours ago, and no pod of it runs"
    return f"has been running for {hours:.1f} hours with {counted.times(job.active, 'active pod')}"


def _before(evidence: Evidence) -> list[str]:
    """What its earlier runs took, which tells more than any deadline of a rule."""
    length = took(evidence)
    return [f"earlier runs that succeeded took {length}"] if length else []


def _tries(job: JobFacts) -> str:
    return f"{job.tries_failed} of its pods failed, of {job.backoff_limit} that may"


def _pods(evidence: Evidence) -> list[str]:
    return [
        f"{pod.name}: {pod.phase}, on {pod.node or 'no node'}{_parts(pod)}" for pod in live_pods(evidence)[:3]
    ]


def _parts(pod: PodFacts) -> str:
    """Of several programs, which have ended and which run."""
    own = [c for c in pod.containers if not c.init]
    ended = [
        f"{c.name} ended with {c.exit_code}"
        for c in own
        if c.running_since is None and c.exit_code is not None
    ]
    running = [c.name for c in own if c.running_since]
    return f"; {' and '.join(ended)}, {' and '.join(running)} still runs" if ended and running else ""


def _next_step(job: JobFacts) -> str:
    if job.outcome == "complete":
        return "Nothing to do; the alert should resolve."
    return (
        f"kubectl -n <namespace> logs job/{job.name} --tail=20 --timestamps, and again in five minutes: does it get "
        "on? "
        "If it hangs, ask who owns it before it is stopped: what it has done may be lost. activeDeadlineSeconds in its "
        "template ends later runs by themselves."
    )


PLAYBOOK = Playbook(problem="job_takes_long", rank=102, tells=tells, explains=explains)
