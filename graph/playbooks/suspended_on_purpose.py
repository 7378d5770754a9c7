"""Somebody has suspended a CronJob or a Job: it starts nothing, and that is a decision and no incident.

Proof: its own spec, without this agent's mark. What this agent suspended itself is `cronjob_suspended`, and a run that
has failed is told first. Nothing is resumed: a run that was missed would start at once.
"""

from __future__ import annotations

from graph.ages import since
from graph.playbooks import Playbook
from graph.state import Finding
from tools.records import Evidence


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    what = _suspended(evidence)
    if not what:
        return None
    kind, name = what
    running = sum(not run.outcome and not run.suspended for run in evidence.runs)
    return Finding(
        problem="suspended_on_purpose",
        summary=f"{kind} {name} is suspended by somebody: it starts nothing.",
        directness=1.0,
        evidence=tuple(evidence.cite("workload") + evidence.cite("job") + evidence.cite("runs")),
        facts=(*_last(evidence), *([f"{running} of its Jobs still run"] if running else [])),
        ruled_out=("this agent: it carries no mark of it", "a failed run: none is left"),
        how_soon="later",
        next_step=(
            f"kubectl -n <namespace> get {kind.lower()} {name} -o jsonpath='{{.metadata.managedFields[*].manager}}' "
            "--show-managed-fields names who writes to it: ask them. kubectl -n <namespace> patch "
            f"""{kind.lower()} {name} -p '{{"spec":{{"suspend":false}}}}' """
            "lets it go on, and a run that was missed may start at once. Silence its alert if it is to stay so."
        ),
    )


def _suspended(evidence: Evidence) -> tuple[str, str] | None:
    cron_job, job = evidence.cron_job, evidence.job
    if cron_job is not None:
        return ("CronJob", cron_job.name) if cron_job.suspended and not cron_job.suspended_by else None
    return ("Job", job.name) if job is not None and job.suspended and not job.outcome else None


def _last(evidence: Evidence) -> list[str]:
    cron_job = evidence.cron_job
    if cron_job is None:
        return []
    at = cron_job.last_schedule_at
    return [
        f"schedule {cron_job.schedule}",
        f"last started {since(at, evidence.collected_at)}" if at else "it never started",
    ]


PLAYBOOK = Playbook(problem="suspended_on_purpose", rank=9, proves=proves)
