"""Delete a Job that has ended, with its pods, once its logs are kept with the incident (section 4.8).

It clears the alert that the failed Job keeps up. A Job that is gone, or that another one has taken the name of, is
what was asked for: the uid stands for the stamp.
"""

from __future__ import annotations

from datetime import datetime

from tools.actions import Action
from tools.cluster import Cluster, ClusterReader
from tools.conditional import Once, write_once
from tools.errors import Conflict, NotFound, Refused, ToolError
from tools.job_facts import ended
from tools.objects import controller, metadata, owned_by, uid
from tools.records import ActionCall, Argument, Observation, Preview, RbacRule, Receipt, Record, Target
from tools.rehearsal import Shown, rehearse
from tools.requestable import Requestable
from tools.resources import CRONJOBS, JOBS, PODS, JsonObject
from tools.rollout import unseen
from tools.suspending import LOOK_RULES, look

NAME = "delete_job"
NO_UNDO = "A deletion cannot be undone: the Job, its pods and their logs are gone. Nothing runs it again."
NOTES = (
    "It removes evidence: the logs of two of its pods at most, 5 KB of each, are kept with this incident.",
    "It clears the alert about this Job. It mends nothing: what made it fail may make a later one fail.",
)
VERIFICATION = (
    "The Job and its pods are gone, and no later Job of its CronJob fails, for the whole stability window."
)


class DeleteJob(Record):
    """The Job, bound to its uid, and the CronJob that made it; none: nobody made it."""

    namespace: str
    name: str
    uid: str
    cron_job: str = ""
    cron_job_uid: str = ""

    def target(self) -> Target:
        """The CronJob: what is verified, and what budgets are counted for. Without one the Job itself."""
        if self.cron_job:
            return Target(
                kind=CRONJOBS.kind, namespace=self.namespace, name=self.cron_job, uid=self.cron_job_uid
            )
        return Target(kind=JOBS.kind, namespace=self.namespace, name=self.name, uid=self.uid)


class WhichJob(Record):
    """What a person says who asks for it."""

    job: str
    """Its name: what is verified, and what the request is about, is the CronJob that made it."""


def execute(cluster: Cluster, args: DeleteJob, *, key: str, at: datetime, dry_run: bool) -> Receipt:
    """Delete it. Errors: `tools.conditional.write_once`; Refused where it is not ours to delete."""
    before = _look(cluster, args, at)
    receipt = Receipt(
        key=key,
        call=ActionCall(name=NAME, args=args.model_dump()),
        target=args.target(),
        sent_at=at,
        outcome="done",
        generation=before.generation,
        before=None if dry_run else before,
    )
    step = Once(
        title=f"Job {args.namespace}/{args.name}",
        read=lambda: _job(cluster, args),
        done=lambda job: _is_going(job, args),
        require=lambda job: _require_ended(job, args, before),
        send=lambda job: (
            cluster.delete(JOBS, args.namespace, args.name, uid=args.uid, dry_run=dry_run).object
        ),
        told=lambda told, _: told,
        found="the Job is gone already",
    )
    return write_once(step, receipt, dry_run=dry_run)


def observe(cluster: ClusterReader, args: DeleteJob, receipt: Receipt | None, at: datetime) -> Observation:
    """Whether the Job and its pods are gone, and what its CronJob's other Jobs do. A failed read is an observation."""
    try:
        job = _job(cluster, args)
        seen = _look(cluster, args, at)
        left = _pods(cluster, args) if not job or uid(job) != args.uid else [job]
    except ToolError as err:
        return unseen(err, receipt, at)
    return seen.model_copy(
        update={"done": _is_going(job, args), "lingering": str(metadata(left[0])["name"]) if left else ""}
    )


def preview(cluster: Cluster, args: DeleteJob) -> Preview:
    """What would go, by a dry run of the deletion."""
    shown = Shown(
        undo=NO_UNDO,
        notes=NOTES,
        resource=JOBS,
        verification=VERIFICATION,
        diff=lambda job, _: f"--- before\n+++ after\n-  Job {args.name}, {ended(job)}, uid {uid(job)}",
        replaced=lambda reader, _: tuple(sorted(str(metadata(pod)["name"]) for pod in _pods(reader, args))),
        stays_ready=lambda _: "nothing that runs is touched: the Job has ended",
    )
    return rehearse(cluster, args, execute, shown)


def _look(cluster: ClusterReader, args: DeleteJob, at: datetime) -> Observation:
    """The CronJob with its Jobs; for a Job that nobody made there is nothing more to look at."""
    if args.cron_job:
        return look(cluster, args.namespace, args.cron_job, at).model_copy(update={"stamp": ""})
    return Observation(at=at, kind=JOBS.kind, uid=args.uid)


def _job(cluster: ClusterReader, args: DeleteJob) -> JsonObject:
    """The Job of that name, or an empty object."""
    try:
        return cluster.get(JOBS, args.namespace, args.name)
    except NotFound:
        return {}


def _pods(cluster: ClusterReader, args: DeleteJob) -> list[JsonObject]:
    listed = cluster.list(PODS, args.namespace, label_selector=f"job-name={args.name}")
    return [pod for pod in listed if owned_by(pod, args.uid)]


def _is_going(job: JsonObject, args: DeleteJob) -> bool:
    return not job or uid(job) != args.uid or "deletionTimestamp" in metadata(job)


def propose(cluster: ClusterReader, target: Target, given: WhichJob, at: datetime) -> dict[str, Argument]:
    """The Job as it is now. Raises Refused where it is not there, has not ended, or is not the target's."""
    named: dict[str, Argument] = {"namespace": target.namespace, "name": given.job}
    try:
        job = cluster.get(JOBS, target.namespace, given.job)
    except NotFound as err:
        raise Refused(f"There is no Job {given.job} in {target.namespace}") from err
    made = {"cron_job": target.name, "cron_job_uid": target.uid} if target.kind == CRONJOBS.kind else {}
    args = DeleteJob(**{**named, **made, "uid": uid(job)})
    if not made and uid(job) != target.uid:
        raise Refused(f"Job {given.job} is not {target.kind} {target.name}")
    _require_whose(job, args)
    return dict(args.model_dump())


def _require_ended(job: JsonObject, args: DeleteJob, before: Observation) -> None:
    if args.cron_job and before.uid != args.cron_job_uid:
        raise Conflict(f"CronJob {args.cron_job} is another object of that name: uid {before.uid}")
    _require_whose(job, args)


def _require_whose(job: JsonObject, args: DeleteJob) -> None:
    """It has ended, and is its CronJob's or nobody's."""
    title = f"Job {args.namespace}/{args.name}"
    owner = controller(job) or {}
    if owner and (owner.get("kind"), owner.get("apiVersion")) != (CRONJOBS.kind, CRONJOBS.api_version):
        raise Refused(f"{title} belongs to {owner.get('kind')} {owner.get('name')}: theirs to delete")
    if str(owner.get("uid", "")) != args.cron_job_uid:
        raise Conflict(f"{title} has changed since this was proposed: it belongs to somebody else")
    if not ended(job):
        raise Refused(f"{title} has not ended")


ACTION = Action(
    name=NAME,
    summary="Delete a Job that has ended, with its pods",
    family="job",
    args=DeleteJob,
    risk="high",
    rules=(
        RbacRule(group="batch", resource="jobs", verbs=("get", "list", "delete")),
        RbacRule(group="", resource="pods", verbs=("list",)),
        *LOOK_RULES,
    ),
    preview=preview,
    execute=execute,
    observe=observe,
    no_undo=NO_UNDO,
    on_request=Requestable(
        kinds=(CRONJOBS.kind, JOBS.kind), propose=propose, given=WhichJob, named={JOBS.kind: "job"}
    ),
)
