"""A CronJob starts runs faster than they end: suspend it, so that no more are added, if a person says so.

Proof: it may run side by side, several of its Jobs have not ended, and since the oldest of them began not one has
succeeded. Each instant of its schedule adds another until nothing else finds room. Runs that merely overlap, and end
one after another, are no pile. What runs goes on: a suspension ends nothing.
"""

from __future__ import annotations

from graph import counted
from graph.ages import old
from graph.job_words import took
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from tools.records import ActionCall, Evidence, JobFacts, Target

A_PILE = 3
SUSPEND = """'{"spec":{"suspend":true}}'"""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    cron_job = evidence.cron_job
    if cron_job is None or cron_job.suspended or cron_job.concurrency != "Allow" or evidence.unread("runs"):
        return None
    going = _going(evidence)
    if len(going) < A_PILE or _succeeded_meanwhile(going[0], evidence):
        return None
    began = f"{going[0].created_at:%Y-%m-%d %H:%M:%S} UTC"
    return Finding(
        problem="runs_pile_up",
        summary=(
            f"CronJob {cron_job.name} ({cron_job.schedule}) has {len(going)} runs that have not ended, and none has "
            f"succeeded since the oldest began at {began}: each instant of its schedule adds one."
        ),
        directness=1.0,
        evidence=tuple(evidence.cite("runs") + evidence.cite("job") + evidence.cite("events")),
        facts=_facts(going, evidence),
        ruled_out=("runs that merely overlap: none has succeeded meanwhile",),
        next_step=(
            f"kubectl logs job/{going[0].name} --tail=50: why does it not end? kubectl patch cronjob {cron_job.name} "
            "-p "
            f"{SUSPEND} adds no more; what runs goes on. Then concurrencyPolicy: Forbid, so that it waits for the run "
            "before."
        ),
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """A suspension; our own mark on it lets it be taken back."""
    if evidence.cron_job is None:
        return []
    args = {"namespace": target.namespace, "name": target.name, "uid": target.uid}
    return [
        Proposal(
            call=ActionCall(name="suspend_cronjob", args=args),
            target=target,
            risk="high",
            problem=PLAYBOOK.problem,
            reason="No more runs are added while somebody finds out why they do not end.",
        )
    ]


def _facts(going: list[JobFacts], evidence: Evidence) -> tuple[str, ...]:
    """The oldest first, with how long each runs; and how long such runs took before."""
    now, length = evidence.collected_at, took(evidence)
    before = [f"runs that succeeded took {length}"] if length else []
    lines = [
        f"{run.name}: runs for {old(run.created_at, now)} with {counted.times(run.active, 'pod')}"
        for run in going[:4]
    ]
    more = [f"and {len(going) - 4} more"] if len(going) > 4 else []
    return (*lines, *more, *before)


def _going(evidence: Evidence) -> list[JobFacts]:
    """Runs that have not ended and are not suspended themselves, oldest first."""
    return [run for run in evidence.runs if not run.outcome and not run.suspended and run.active]


def _succeeded_meanwhile(oldest: JobFacts, evidence: Evidence) -> bool:
    ends = [run.ended_at for run in evidence.runs if run.outcome == "complete" and run.ended_at]
    last = evidence.cron_job.last_success_at if evidence.cron_job else None
    return any(end >= oldest.created_at for end in [*ends, *([last] if last else [])])


PLAYBOOK = Playbook(problem="runs_pile_up", rank=8, proves=proves, candidates=candidates)
