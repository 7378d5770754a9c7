"""Delete a Deployment with its ReplicaSets and pods: off unless enabled by name, and only for a person (section 4.8).

Bound to the uid and to the template that was shown. A Deployment that is gone, or that another one has taken the name
of, is what was asked for: the uid stands for the stamp.
"""

from __future__ import annotations

from datetime import datetime

from tools.actions import Action
from tools.cluster import Cluster, ClusterReader
from tools.conditional import Once, write_once
from tools.errors import NotFound, ToolError
from tools.objects import controller, desired, metadata, name, owned_by, uid
from tools.records import ActionCall, Argument, Observation, Preview, RbacRule, Receipt, Target
from tools.rehearsal import Shown, rehearse
from tools.requestable import Nothing, Requestable
from tools.resources import DEPLOYMENTS, PODS, REPLICASETS, JsonObject
from tools.rewriting import TemplateArgs, require_unchanged, template_args
from tools.rollout import unseen

NAME = "delete_deployment"
NO_UNDO = (
    "A deletion cannot be undone: nothing makes the Deployment again by itself. Whoever has its manifest applies it "
    "anew; its revisions, and with them every way back, are gone."
)
NOTES = (
    "All of its pods go at once, past every PodDisruptionBudget.",
    "Services, autoscalers, budgets, ConfigMaps, Secrets and volumes that it used stay where they are.",
    "Whoever keeps it as declared elsewhere makes it again.",
)
VERIFICATION = (
    "The Deployment and all of its pods are gone and nothing makes it again for the whole stability window."
)


class DeleteDeployment(TemplateArgs):
    """Which Deployment, with the template that it had when this was proposed."""


def execute(cluster: Cluster, args: DeleteDeployment, *, key: str, at: datetime, dry_run: bool) -> Receipt:
    """Delete it, what it owns after it. Errors: `tools.conditional.write_once`."""
    receipt = Receipt(
        key=key,
        call=ActionCall(name=NAME, args=args.model_dump()),
        target=args.target(),
        sent_at=at,
        outcome="done",
        before=None if dry_run else _seen(cluster, args, at),
    )
    step = Once(
        title=f"Deployment {args.namespace}/{args.name}",
        read=lambda: _deployment(cluster, args),
        done=lambda live: _is_going(live, args),
        require=lambda live: require_unchanged(live, args),
        send=lambda live: (
            cluster.delete(DEPLOYMENTS, args.namespace, args.name, uid=args.uid, dry_run=dry_run).object
        ),
        told=lambda told, _: told,
        found="the Deployment is gone already",
    )
    return write_once(step, receipt, dry_run=dry_run)


def observe(
    cluster: ClusterReader, args: DeleteDeployment, receipt: Receipt | None, at: datetime
) -> Observation:
    """Whether it and its pods are gone, and whether something of that name is there. Never raises ToolError."""
    try:
        return _seen(cluster, args, at)
    except ToolError as err:
        return unseen(err, receipt, at)


def preview(cluster: Cluster, args: DeleteDeployment) -> Preview:
    """All that would go, by a dry run of the deletion."""
    shown = Shown(
        undo=NO_UNDO,
        notes=NOTES,
        verification=VERIFICATION,
        diff=lambda live, _: _difference(cluster, args, live),
        replaced=lambda reader, _: tuple(sorted(name(pod) for pod in _pods(reader, args))),
        stays_ready=lambda live: f"nothing of it stays: {desired(live)} replicas were wanted",
    )
    return rehearse(cluster, args, execute, shown)


def propose(cluster: ClusterReader, target: Target, given: Nothing, at: datetime) -> dict[str, Argument]:
    """Bound to the present template."""
    return template_args(cluster, target)


def _deployment(cluster: ClusterReader, args: DeleteDeployment) -> JsonObject:
    """What has that name now, or an empty object."""
    try:
        return cluster.get(DEPLOYMENTS, args.namespace, args.name)
    except NotFound:
        return {}


def _is_going(live: JsonObject, args: DeleteDeployment) -> bool:
    return not live or uid(live) != args.uid or "deletionTimestamp" in metadata(live)


def _seen(cluster: ClusterReader, args: DeleteDeployment, at: datetime) -> Observation:
    live = _deployment(cluster, args)
    left = [name(item) for item in (*_replicasets(cluster, args), *_pods(cluster, args))]
    if live and uid(live) == args.uid:
        left.append(args.name)
    return Observation(
        at=at,
        uid=uid(live) if live else args.uid,
        done=_is_going(live, args),
        lingering=left[0] if left else "",
    )


def _replicasets(cluster: ClusterReader, args: DeleteDeployment) -> list[JsonObject]:
    return [item for item in cluster.list(REPLICASETS, args.namespace) if owned_by(item, args.uid)]


def _pods(cluster: ClusterReader, args: DeleteDeployment) -> list[JsonObject]:
    """By the names that its ReplicaSets have: a pod may outlive the one that made it."""
    found = cluster.list(PODS, args.namespace)
    return [pod for pod in found if _made_by(controller(pod) or {}) == args.name]


def _made_by(owner: JsonObject) -> str:
    return str(owner.get("name", "")).rpartition("-")[0] if owner.get("kind") == REPLICASETS.kind else ""


def _difference(cluster: ClusterReader, args: DeleteDeployment, live: JsonObject) -> str:
    sets = [f"-  ReplicaSet {name(item)}" for item in _replicasets(cluster, args)]
    pods = [f"-  Pod {name(pod)}" for pod in _pods(cluster, args)]
    return "\n".join(["--- before", "+++ after", f"-  Deployment {args.name}, uid {uid(live)}", *sets, *pods])


ACTION = Action(
    name=NAME,
    summary="Delete a Deployment with its revisions and pods",
    family="delete",
    args=DeleteDeployment,
    risk="off",
    rules=(
        RbacRule(group="apps", resource="deployments", verbs=("get", "delete")),
        RbacRule(group="apps", resource="replicasets", verbs=("list",)),
        RbacRule(group="", resource="pods", verbs=("list",)),
    ),
    preview=preview,
    execute=execute,
    observe=observe,
    no_undo=NO_UNDO,
    on_request=Requestable(kinds=(DEPLOYMENTS.kind,), propose=propose),
)
