"""Let a CronJob start Jobs again that this agent has suspended; never one that somebody else did (section 4.8)."""

from __future__ import annotations

from datetime import datetime

from tools.actions import Action
from tools.cluster import Cluster, ClusterReader
from tools.records import ActionCall, Preview, Receipt
from tools.rehearsal import Shown, nothing_replaced, rehearse
from tools.requestable import Requestable
from tools.resources import CRONJOBS
from tools.suspending import (
    RULES,
    CronJobArgs,
    catching_up,
    cron_job_args,
    difference,
    observe,
    suspend,
)

NAME = "resume_cronjob"
VERIFICATION = "It stays resumed for the whole stability window, and no run that begins meanwhile fails."


class ResumeCronJob(CronJobArgs):
    """Which CronJob."""


def execute(cluster: Cluster, args: ResumeCronJob, *, key: str, at: datetime, dry_run: bool) -> Receipt:
    """Take our suspension and our mark away.

    Errors: `tools.conditional.write_once`; Refused for another's suspension.
    """
    return suspend(cluster, NAME, args, on=False, key=key, at=at, dry_run=dry_run)


def preview(cluster: Cluster, args: ResumeCronJob) -> Preview:
    """What it would change, by a dry run, and what it starts at once."""
    item = cluster.get(CRONJOBS, args.namespace, args.name)
    shown = Shown(
        undo="Undone by suspend_cronjob; a Job that has begun by then goes on.",
        notes=(f"Not only later runs: {catching_up(item)}.",),
        resource=CRONJOBS,
        verification=VERIFICATION,
        diff=difference,
        replaced=nothing_replaced,
        stays_ready=lambda _: "no pod goes; Jobs may start",
    )
    return rehearse(cluster, args, execute, shown)


def undo(cluster: ClusterReader, args: ResumeCronJob) -> ActionCall | None:
    """Suspend it again."""
    return ActionCall(name="suspend_cronjob", args=args.model_dump())


ACTION = Action(
    name=NAME,
    summary="Let a CronJob start Jobs again that this agent has suspended",
    family="cronjob",
    args=ResumeCronJob,
    risk="high",
    rules=RULES,
    preview=preview,
    execute=execute,
    observe=observe,
    undo=undo,
    on_request=Requestable(kinds=(CRONJOBS.kind,), propose=cron_job_args),
)
