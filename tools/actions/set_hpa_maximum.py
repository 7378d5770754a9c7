"""Let a HorizontalPodAutoscaler make more replicas of a Deployment (sections 2.1 and 4.8).

What is written is the autoscaler's `spec.maxReplicas`, what is looked at afterwards is the Deployment that it scales:
its pods must follow and stay well. The autoscaler alone decides whether it makes use of it.
"""

from __future__ import annotations

from datetime import datetime
from math import ceil
from typing import Self

from pydantic import model_validator

from tools.actions import Action
from tools.autoscalers import autoscaler_facts
from tools.cluster import Cluster, ClusterReader
from tools.conditional import set_annotation
from tools.errors import Conflict, Refused, ToolError
from tools.objects import desired, metadata, name, uid
from tools.records import ActionCall, Argument, Observation, Preview, RbacRule, Receipt, Record, Target
from tools.rehearsal import Shown, nothing_replaced, rehearse
from tools.requestable import Requestable
from tools.resources import AUTOSCALERS, DEPLOYMENTS, STAMP, JsonObject
from tools.rewriting import as_written
from tools.rollout import RULES as LOOK_RULES
from tools.rollout import look_at, stamp_of, unseen
from tools.stamped_patch import patch_once

NAME = "set_hpa_maximum"
VERIFICATION = (
    "The autoscaler is no longer at its maximum, and all pods that it has made are ready and stay well for the whole "
    "stability window. New pods that stay Pending are taken back. An autoscaler without metrics proves nothing."
)
NOTES = (
    "More pods cost more, for as long as the autoscaler wants them.",
    "A dry run does not prove that new pods find room: quotas and nodes are only asked when they are made.",
)


class SetHpaMaximum(Record):
    """From so many replicas at the most to so many: one step, at most half as much again."""

    namespace: str
    name: str
    """Of the autoscaler, as is the uid."""
    uid: str
    workload: str
    """The Deployment that it scales."""
    workload_uid: str
    from_maximum: int
    """What the autoscaler had when this was proposed; another number now is a Conflict."""
    maximum: int

    @model_validator(mode="after")
    def _one_step(self) -> Self:
        fewer, more = sorted((self.from_maximum, self.maximum))
        if fewer < 1 or not 1 <= more - fewer <= max(1, ceil(fewer / 2)):
            raise ValueError(f"from {self.from_maximum} to {self.maximum} is not one step of at most a half")
        return self

    def target(self) -> Target:
        """The Deployment: what is verified, and what one write at a time is counted for."""
        return Target(
            kind=DEPLOYMENTS.kind, namespace=self.namespace, name=self.workload, uid=self.workload_uid
        )


class HigherMaximum(Record):
    """What a person says who asks for it."""

    maximum: int
    """How many replicas it may make."""


def execute(cluster: Cluster, args: SetHpaMaximum, *, key: str, at: datetime, dry_run: bool) -> Receipt:
    """Set the maximum. Errors: `tools.conditional.write_once`."""
    deployment = cluster.get(DEPLOYMENTS, args.namespace, args.workload)

    def change(live: JsonObject) -> list[JsonObject]:
        return [
            {"op": "replace", "path": "/spec/maxReplicas", "value": args.maximum},
            *set_annotation("/metadata", metadata(live), STAMP, key),
        ]

    return patch_once(
        cluster,
        NAME,
        args,
        AUTOSCALERS,
        change,
        require=lambda live: _require_unchanged(live, deployment, args),
        before=lambda: look_at(cluster, deployment, at),
        told=lambda told, _: as_written(told, deployment),
        key=key,
        at=at,
        dry_run=dry_run,
    )


def observe(
    cluster: ClusterReader, args: SetHpaMaximum, receipt: Receipt | None, at: datetime
) -> Observation:
    """The Deployment's rollout, with the autoscaler as it is. A read that fails is an observation."""
    try:
        live = cluster.get(AUTOSCALERS, args.namespace, args.name)
        deployment = cluster.get(DEPLOYMENTS, args.namespace, args.workload)
        seen = look_at(cluster, deployment, at, since=receipt.sent_at if receipt else None)
    except ToolError as err:
        return unseen(err, receipt, at)
    return seen.model_copy(update={"stamp": stamp_of(live), "autoscaler": autoscaler_facts(live)})


def preview(cluster: Cluster, args: SetHpaMaximum) -> Preview:
    """What it would change, by a dry run."""
    deployment = cluster.get(DEPLOYMENTS, args.namespace, args.workload)
    ready = int((deployment.get("status") or {}).get("readyReplicas") or 0)
    serving = f"{ready} of {desired(deployment)} pods are ready now, and all of them stay"
    shown = Shown(
        undo=f"Undone by a maximum of {args.from_maximum} again, if nobody has changed it since.",
        notes=NOTES,
        resource=AUTOSCALERS,
        verification=VERIFICATION,
        diff=_difference,
        replaced=nothing_replaced,
        stays_ready=lambda _: serving,
    )
    return rehearse(cluster, args, execute, shown)


def undo(cluster: ClusterReader, args: SetHpaMaximum) -> ActionCall | None:
    """The maximum before."""
    inverse = args.model_copy(update={"from_maximum": args.maximum, "maximum": args.from_maximum})
    return ActionCall(name=NAME, args=inverse.model_dump())


def _require_unchanged(live: JsonObject, deployment: JsonObject, args: SetHpaMaximum) -> None:
    title = f"HorizontalPodAutoscaler {args.namespace}/{args.name}"
    if uid(live) != args.uid:
        raise Conflict(f"{title} is another object of that name: uid {uid(live)}, not {args.uid}")
    if uid(deployment) != args.workload_uid:
        raise Conflict(f"Deployment {args.workload} is another object of that name: uid {uid(deployment)}")
    spec = live.get("spec") or {}
    if spec.get("maxReplicas") != args.from_maximum:
        raise Conflict(
            f"The maximum of {title} has changed since this was proposed: it is {spec.get('maxReplicas')} now"
        )
    if not _scales(live, args.workload):
        raise Refused(f"{title} does not scale Deployment {args.workload}")
    if args.maximum < int(spec.get("minReplicas", 1) or 0):
        raise Refused(f"{title} has a minimum of {spec['minReplicas']} replicas")


def propose(
    cluster: ClusterReader, target: Target, given: HigherMaximum, at: datetime
) -> dict[str, Argument]:
    """From the present maximum of the one autoscaler of this Deployment to the number that was asked for.

    Raises Refused for fewer, and where there is no autoscaler or a second one; more than one step is refused by the
    arguments' own bounds.
    """
    found = [item for item in cluster.list(AUTOSCALERS, target.namespace) if _scales(item, target.name)]
    if len(found) != 1:
        raise Refused(f"{len(found)} HorizontalPodAutoscalers scale Deployment {target.name}, where one must")
    (live,) = found
    maximum = int((live.get("spec") or {}).get("maxReplicas") or 0)
    if given.maximum <= maximum:
        raise Refused(f"{name(live)} has a maximum of {maximum}: only more can be asked for")
    return {
        "namespace": target.namespace,
        "name": name(live),
        "uid": uid(live),
        "workload": target.name,
        "workload_uid": target.uid,
        "from_maximum": maximum,
        "maximum": given.maximum,
    }


def _scales(autoscaler: JsonObject, deployment: str) -> bool:
    reference = (autoscaler.get("spec") or {}).get("scaleTargetRef") or {}
    group, _, _ = str(reference.get("apiVersion", "")).rpartition("/")
    scaled = (group, reference.get("kind"), reference.get("name"))
    return scaled == (DEPLOYMENTS.group, DEPLOYMENTS.kind, deployment)


def _difference(before: JsonObject, after: JsonObject) -> str:
    was, now = ((item.get("spec") or {}).get("maxReplicas") for item in (before, after))
    return f"--- before\n+++ after\n-  maxReplicas: {was}\n+  maxReplicas: {now}"


ACTION = Action(
    name=NAME,
    summary="Let an autoscaler make more replicas, by at most a half",
    family="autoscaler",
    args=SetHpaMaximum,
    risk="high",
    rules=(
        RbacRule(group="autoscaling", resource="horizontalpodautoscalers", verbs=("get", "list", "patch")),
        *LOOK_RULES,
    ),
    preview=preview,
    execute=execute,
    observe=observe,
    undo=undo,
    editable=("maximum",),
    on_request=Requestable(kinds=(DEPLOYMENTS.kind,), propose=propose, given=HigherMaximum),
)
