"""A CronJob that this agent has suspended starts nothing: let it start again, if a person says so.

Proof: the CronJob carries our own mark and is suspended, and none of its Jobs runs any more. One that somebody else
suspended is theirs.
"""

from __future__ import annotations

from graph.ages import since
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from tools.records import ActionCall, Evidence, Target

RESUME = """'{"spec":{"suspend":false}}'"""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    cron_job = evidence.cron_job
    if cron_job is None or not cron_job.suspended_by or evidence.unread("runs"):
        return None
    if any(not run.outcome for run in evidence.runs):
        return None
    last = cron_job.last_schedule_at
    since = f" since its run of {last:%Y-%m-%d %H:%M} UTC" if last else ""
    return Finding(
        problem="cronjob_suspended",
        summary=f"CronJob {cron_job.name}, which this agent suspended, has started nothing{since}.",
        directness=1.0,
        evidence=tuple(evidence.cite("workload") + evidence.cite("runs") + evidence.cite("events")),
        facts=(f"none of its Jobs runs; its schedule is {cron_job.schedule}", *_last(evidence)),
        next_step=f"kubectl patch cronjob {cron_job.name} -p {RESUME} lets it start again, once what made its runs "
        "fail is mended; a run that was missed may start at once.",
    )


def _last(evidence: Evidence) -> list[str]:
    at = evidence.cron_job.last_success_at if evidence.cron_job else None
    return [f"last success {since(at, evidence.collected_at)}"] if at else []


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """Take our own suspension back."""
    args = {"namespace": target.namespace, "name": target.name, "uid": target.uid}
    return [
        Proposal(
            call=ActionCall(name="resume_cronjob", args=args),
            target=target,
            risk="high",
            problem=PLAYBOOK.problem,
            reason="Nothing of it runs any more, and it starts nothing only because of our suspension.",
        )
    ]


PLAYBOOK = Playbook(problem="cronjob_suspended", rank=9, proves=proves, candidates=candidates)
