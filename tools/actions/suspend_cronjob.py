"""Let a CronJob start nothing more, as `kubectl patch` of `spec.suspend` does (section 4.8). What runs goes on."""

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

NAME = "suspend_cronjob"
NOTES = (
    "Jobs that have begun go on: this stops later ones only.",
    "An alert about suspended CronJobs, where there is one, fires because of it.",
)
VERIFICATION = (
    "It stays suspended, and no run begins, for the whole stability window. Nothing is mended by it."
)


class SuspendCronJob(CronJobArgs):
    """Which CronJob."""


def execute(cluster: Cluster, args: SuspendCronJob, *, key: str, at: datetime, dry_run: bool) -> Receipt:
    """Set `spec.suspend` and leave our mark. Errors: `tools.conditional.write_once`."""
    return suspend(cluster, NAME, args, on=True, key=key, at=at, dry_run=dry_run)


def preview(cluster: Cluster, args: SuspendCronJob) -> Preview:
    """What it would change, by a dry run, and what taking it back will start."""
    item = cluster.get(CRONJOBS, args.namespace, args.name)
    shown = Shown(
        undo=f"Undone by resume_cronjob, for this agent's own suspension only; then {catching_up(item)}.",
        notes=NOTES,
        resource=CRONJOBS,
        verification=VERIFICATION,
        diff=difference,
        replaced=nothing_replaced,
        stays_ready=lambda _: "no pod goes; Jobs that run go on",
    )
    return rehearse(cluster, args, execute, shown)


def undo(cluster: ClusterReader, args: SuspendCronJob) -> ActionCall | None:
    """Take our suspension back."""
    return ActionCall(name="resume_cronjob", args=args.model_dump())


ACTION = Action(
    name=NAME,
    summary="Let a CronJob start no more Jobs",
    family="cronjob",
    args=SuspendCronJob,
    risk="high",
    rules=RULES,
    preview=preview,
    execute=execute,
    observe=observe,
    undo=undo,
    on_request=Requestable(kinds=(CRONJOBS.kind,), propose=cron_job_args),
)
