"""A Job has failed: clear it away where a later run of its CronJob has succeeded, else say why it failed.

Proof: the Job's own condition, and for what may be cleared away a later run's. The failed Job keeps its alert up for as
long as it is there. Its logs go with it, so that it is proposed only where they were read, and so are kept.
"""

from __future__ import annotations

from graph.kept_logs import logs_are_kept
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from tools.records import ActionCall, Evidence, JobFacts, Target

IN_A_ROW = 3
"""So many failed runs without one that succeeded are worth a word about suspending it."""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    job = evidence.job
    if job is None or job.outcome != "failed":
        return None
    later = _later_success(job, evidence)
    since = f" at {job.ended_at:%Y-%m-%d %H:%M:%S} UTC" if job.ended_at else ""
    end = f"; {later.name} has succeeded since, so that only this Job keeps the alert up" if later else ""
    return Finding(
        problem="job_failed",
        summary=f"Job {job.name} failed{since}: {job.reason or 'no reason is given'}{end}.",
        directness=1.0,
        evidence=tuple(
            evidence.cite("job")
            + evidence.cite("runs")
            + evidence.cite("pods")
            + evidence.cite("logs")
            + evidence.cite("previous_logs")
            + evidence.cite("events")
        ),
        facts=(_tries(job), *_exits(evidence), *_runs(evidence)),
        ruled_out=() if later else _not_cleared(evidence),
        next_step=_next_step(job, later, evidence),
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """The deletion of a run that a later one has made up for, once its logs are kept."""
    job = evidence.job
    if job is None or not _later_success(job, evidence) or not logs_are_kept(evidence, job.uid):
        return []
    args = {
        "namespace": target.namespace,
        "name": job.name,
        "uid": job.uid,
        "cron_job": job.owner_name,
        "cron_job_uid": job.owner_uid,
    }
    return [
        Proposal(
            call=ActionCall(name="delete_job", args=args),
            target=target,
            risk="high",
            problem=PLAYBOOK.problem,
            reason="A later run has succeeded; the failed one serves nothing any more but its alert.",
        )
    ]


def _later_success(job: JobFacts, evidence: Evidence) -> JobFacts | None:
    """The newest run of the same CronJob that began after this one and has succeeded."""
    if evidence.cron_job is None or job.owner_uid != evidence.cron_job.uid or evidence.unread("runs"):
        return None
    later = [run for run in evidence.runs if run.outcome == "complete" and run.created_at > job.created_at]
    return later[-1] if later else None


def _tries(job: JobFacts) -> str:
    return (
        f"{job.name}: {job.tries_failed} failed tries of {job.backoff_limit + 1}, {job.reason or 'no reason'}"
    )


def _exits(evidence: Evidence) -> list[str]:
    """How the containers of its pods ended."""
    ends = {
        f"{container.name} exited with {container.exit_code} ({container.exit_reason or 'no reason'})"
        for pod in evidence.pods
        for container in pod.containers
        if container.exit_code not in (None, 0)
    }
    return sorted(ends)[:5]


def _runs(evidence: Evidence) -> list[str]:
    return [item.summary for item in evidence.items if item.kind == "runs" and item.status == "found"]


def _not_cleared(evidence: Evidence) -> tuple[str, ...]:
    if evidence.cron_job is None:
        return ("a later run that has succeeded: no CronJob makes others",)
    if evidence.unread("runs"):
        return ()
    return ("a later run that has succeeded: there is none",)


def _next_step(job: JobFacts, later: JobFacts | None, evidence: Evidence) -> str:
    look = f"kubectl logs job/{job.name}"
    if later:
        return f"{look}, then kubectl delete job {job.name}; deleting it clears the alert."
    cron_job = evidence.cron_job
    failed = [run for run in evidence.runs if run.outcome == "failed"]
    if cron_job is None:
        return f"{look}; once its cause is mended make it again: a Job that has failed is not tried again."
    step = f"{look}; mend its cause, then kubectl create job {job.name}-again --from=cronjob/{cron_job.name}."
    if len(failed) >= IN_A_ROW:
        patch = """'{"spec":{"suspend":true}}'"""
        step += f" If its runs do harm: kubectl patch cronjob {cron_job.name} -p {patch}."
    return step


PLAYBOOK = Playbook(problem="job_failed", rank=7, proves=proves, candidates=candidates)
