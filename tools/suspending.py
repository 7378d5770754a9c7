"""Set whether a CronJob starts Jobs, once, under conditions, with our own mark on it (section 4.8).

A suspension stops runs that have not begun; Jobs that run go on. A resumption makes up for the newest run that was
missed at once, unless `startingDeadlineSeconds` is over for it.
"""

from __future__ import annotations

from datetime import datetime

from tools.cluster import Cluster, ClusterReader
from tools.conditional import escaped, set_annotations
from tools.errors import Conflict, Refused, ToolError
from tools.job_facts import ended, jobs_of
from tools.objects import metadata, name, uid
from tools.records import (
    Argument,
    JobObservation,
    Observation,
    RbacRule,
    Receipt,
    Record,
    Target,
)
from tools.requestable import Nothing
from tools.resources import CRONJOBS, STAMP, SUSPENDED_BY, JsonObject
from tools.rollout import stamp_of, unseen
from tools.stamped_patch import patch_once

LOOK_RULES: tuple[RbacRule, ...] = (
    RbacRule(group="batch", resource="cronjobs", verbs=("get",)),
    RbacRule(group="batch", resource="jobs", verbs=("list",)),
)
RULES: tuple[RbacRule, ...] = (
    RbacRule(group="batch", resource="cronjobs", verbs=("get", "patch")),
    *LOOK_RULES,
)


class CronJobArgs(Record):
    """Which CronJob is meant."""

    namespace: str
    name: str
    uid: str

    def target(self) -> Target:
        """The CronJob."""
        return Target(kind=CRONJOBS.kind, namespace=self.namespace, name=self.name, uid=self.uid)


def cron_job_args(
    cluster: ClusterReader, target: Target, given: Nothing, at: datetime
) -> dict[str, Argument]:
    """All arguments of a call on this CronJob."""
    return {"namespace": target.namespace, "name": target.name, "uid": target.uid}


def suspend(
    cluster: Cluster, action: str, args: CronJobArgs, *, on: bool, key: str, at: datetime, dry_run: bool
) -> Receipt:
    """Suspend the CronJob, or (`on` False) take our own suspension back. Errors: `tools.conditional.write_once`."""
    return patch_once(
        cluster,
        action,
        args,
        CRONJOBS,
        lambda live: _on(live, key) if on else _off(key),
        require=lambda live: (_require_running if on else _require_ours)(live, args),
        before=lambda: look(cluster, args.namespace, args.name, at),
        told=lambda told, live: told.model_copy(update={"generation": _generation(live)}),
        key=key,
        at=at,
        dry_run=dry_run,
    )


def observe(cluster: ClusterReader, args: CronJobArgs, receipt: Receipt | None, at: datetime) -> Observation:
    """The CronJob and its Jobs. A read that fails is an observation with `error`, never an exception."""
    try:
        return look(cluster, args.namespace, args.name, at)
    except ToolError as err:
        return unseen(err, receipt, at)


def look(cluster: ClusterReader, namespace: str, cron_job: str, at: datetime) -> Observation:
    """As `observe`, but raises ToolError."""
    item = cluster.get(CRONJOBS, namespace, cron_job)
    return Observation(
        at=at,
        kind=CRONJOBS.kind,
        uid=uid(item),
        stamp=stamp_of(item),
        generation=_generation(item),
        observed_generation=_generation(item),  # a CronJob's status does not say which one it is about
        suspended=is_suspended(item),
        jobs=tuple(
            JobObservation(name=name(job), uid=uid(job), outcome=ended(job))
            for job in jobs_of(cluster, namespace, uid(item))
        ),
    )


def is_suspended(item: JsonObject) -> bool:
    """`spec.suspend`."""
    return bool((item.get("spec") or {}).get("suspend"))


def suspended_by(item: JsonObject) -> str:
    """The ledger key of our own suspension, or empty."""
    marks = metadata(item).get("annotations") or {}
    return str(marks.get(SUSPENDED_BY, "")) if is_suspended(item) else ""


def difference(before: JsonObject, after: JsonObject) -> str:
    """What changes, for a preview."""
    was, is_now = (str(is_suspended(item)).lower() for item in (before, after))
    return f"--- before\n+++ after\n-  suspend: {was}\n+  suspend: {is_now}"


def catching_up(item: JsonObject) -> str:
    """What happens at once when it is resumed."""
    deadline = (item.get("spec") or {}).get("startingDeadlineSeconds")
    if deadline is None:
        return "a run that was missed meanwhile is started at once, since it has no startingDeadlineSeconds"
    return f"a run that was missed in the last {deadline} s is started at once (startingDeadlineSeconds)"


def _generation(item: JsonObject) -> int:
    return int(metadata(item).get("generation") or 0)


def _on(live: JsonObject, key: str) -> list[JsonObject]:
    marks = set_annotations("/metadata", metadata(live), {STAMP: key, SUSPENDED_BY: key})
    return [{"op": "add", "path": "/spec/suspend", "value": True}, *marks]


def _off(key: str) -> list[JsonObject]:
    """Our mark is there, so there are annotations."""
    return [
        {"op": "replace", "path": "/spec/suspend", "value": False},
        {"op": "remove", "path": f"/metadata/annotations/{escaped(SUSPENDED_BY)}"},
        {"op": "add", "path": f"/metadata/annotations/{escaped(STAMP)}", "value": key},
    ]


def _require_same(live: JsonObject, args: CronJobArgs) -> str:
    title = f"CronJob {args.namespace}/{args.name}"
    if uid(live) != args.uid:
        raise Conflict(f"{title} is another object of that name: uid {uid(live)}, not {args.uid}")
    return title


def _require_running(live: JsonObject, args: CronJobArgs) -> None:
    title = _require_same(live, args)
    if is_suspended(live):
        raise Conflict(f"{title} has changed since this was proposed: somebody has suspended it")
    if "deletionTimestamp" in metadata(live):
        raise Refused(f"{title} is being deleted")


def _require_ours(live: JsonObject, args: CronJobArgs) -> None:
    title = _require_same(live, args)
    if not is_suspended(live):
        raise Conflict(f"{title} has changed since this was proposed: it is not suspended any more")
    if not suspended_by(live):
        raise Refused(f"{title} was suspended by somebody else: theirs to resume")
