"""A Job has failed: clear it away where a later run of its CronJob has succeeded, else say why it failed.

Proof: the Job's own condition, and for what may be cleared away a later run's. The failed Job keeps its alert up for as
long as it is there. Its logs go with it, so that it is proposed only where they were read, and so are kept.
"""

from __future__ import annotations

from graph.ages import since
from graph.job_words import ended, exits, last_success, reason
from graph.kept_logs import logs_are_kept
from graph.playbooks import Playbook
from graph.state import Finding, HowSoon, Proposal
from tools.records import ActionCall, Evidence, JobFacts, Target

IN_A_ROW = 3
"""So many failed runs without one that succeeded are worth a word about suspending it."""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    job = evidence.job
    if job is None or job.outcome != "failed":
        return None
    later = _later_success(job, evidence)
    when = f" at {since(job.ended_at, evidence.collected_at)}" if job.ended_at else ""
    end = f"; {later.name} has succeeded since, so that only this Job keeps the alert up" if later else ""
    tries = f"{job.tries_failed} of {job.backoff_limit + 1} tries"
    return Finding(
        problem="job_failed",
        summary=f"Job {job.name} failed{when}, after {tries}{ended(evidence)}{end}.",
        directness=1.0,
        evidence=tuple(
            evidence.cite("job")
            + evidence.cite("runs")
            + evidence.cite("pods")
            + evidence.cite("logs")
            + evidence.cite("previous_logs")
            + evidence.cite("events")
        ),
        facts=(*reason(job), *exits(evidence), *_runs(evidence), *last_success(evidence)),
        ruled_out=() if later else _not_cleared(evidence),
        next_step=_next_step(job, later, evidence),
        how_soon=_how_soon(later, evidence),
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


def _how_soon(later: JobFacts | None, evidence: Evidence) -> HowSoon:
    """What a later run has made up for can wait; runs that fail in a row will go on failing."""
    if later:
        return "later"
    return "soon" if sum(run.outcome == "failed" for run in evidence.runs) >= IN_A_ROW else ""


def _runs(evidence: Evidence) -> list[str]:
    return [item.summary for item in evidence.items if item.kind == "runs" and item.status == "found"]


def _not_cleared(evidence: Evidence) -> tuple[str, ...]:
    if evidence.cron_job is None:
        return ("a later run that has succeeded: no CronJob makes others",)
    if evidence.unread("runs"):
        return ()
    return ("a later run that has succeeded: there is none",)


def _next_step(job: JobFacts, later: JobFacts | None, evidence: Evidence) -> str:
    look = f"kubectl logs -l job-name={job.name} --prefix --tail=50"
    if later:
        return (
            f"{look}, then kubectl delete job {job.name} (its logs go with it); deleting it clears the alert."
        )
    cron_job = evidence.cron_job
    failed = [run for run in evidence.runs if run.outcome == "failed"]
    if cron_job is None:
        return (
            f"{look} shows the rest. Once its cause is mended make it again from its manifest or chart: a Job that has "
            "failed is not tried again."
        )
    step = (
        f"{look} shows the rest; mend its cause, then kubectl create job {job.name}-again "
        f"--from=cronjob/{cron_job.name} "
        f"runs it once now, beside its schedule ({cron_job.schedule}). Is it safe to run twice?"
    )
    if len(failed) >= IN_A_ROW:
        patch = """'{"spec":{"suspend":true}}'"""
        step += (
            f" If its runs do harm: kubectl patch cronjob {cron_job.name} -p {patch} starts no more of them."
        )
    return step


PLAYBOOK = Playbook(problem="job_failed", rank=7, proves=proves, candidates=candidates)
