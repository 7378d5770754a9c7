"""Preview any action by running it as a dry run and comparing what the API server would keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from tools.cluster import Cluster, ClusterReader, Written
from tools.computed_writes import computed
from tools.container_commands import Ran
from tools.errors import DryRunUnsupported, PermanentError, Refused
from tools.excerpts import message
from tools.objects import name, uid
from tools.records import Preview, Receipt
from tools.resources import DAEMONSETS, DEPLOYMENTS, STATEFULSETS, JsonObject, PatchType, Resource
from tools.rollout import Named
from tools.templates import template_diff
from tools.workload_revisions import is_of, living_pods, revisions_of, template_of
from tools.workload_status import ON_DELETE, counts, kind_of, strategy_of

A = TypeVar("A", bound=Named)
A_contra = TypeVar("A_contra", bound=Named, contravariant=True)
REHEARSED = datetime(1970, 1, 1, tzinfo=UTC)
"""Time of a write that is never made; it shows nowhere."""
COMPUTED = (
    "The change is shown as it was computed here: the API server could not try it, and may refuse it or make something "
    "else of it."
)
VERIFICATION = (
    "The rollout completes, then all pods of the new revision stay ready without restarts or warnings "
    "for the whole stability window."
)


class Execute(Protocol[A_contra]):
    """An action's one code path for dry run and write."""

    def __call__(self, cluster: Cluster, args: A_contra, *, key: str, at: datetime, dry_run: bool) -> Receipt:
        """Raises ToolError when nothing was changed."""
        ...


def pods_of_every_revision(cluster: ClusterReader, workload: JsonObject) -> tuple[str, ...]:
    """A template that changes makes another revision, so that pods of all of them go."""
    owned = revisions_of(cluster, workload)
    pods = living_pods(cluster, workload)
    going = (name(pod) for pod in pods if any(is_of(pod, uid(workload), item) for item in owned))
    return tuple(sorted(going))


def nothing_replaced(cluster: ClusterReader, item: JsonObject) -> tuple[str, ...]:
    """No pod goes."""
    return ()


def difference_of_templates(before: JsonObject, after: JsonObject) -> str:
    """What changes in the pod template."""
    return template_diff(template_of(before), template_of(after))


def ready_now(workload: JsonObject) -> str:
    """How many of the wanted pods are ready."""
    known = counts(workload, kind_of(workload))
    return f"{known.ready} of {known.desired} pods are ready now"


def rolling(workload: JsonObject) -> str:
    """What keeps serving while pods are replaced."""
    kind, ready = kind_of(workload), ready_now(workload)
    strategy = strategy_of(workload, kind)
    if strategy in ("Recreate", ON_DELETE):
        stops = "stops all of them before the first new one starts"
        return f"{ready}; strategy {strategy} {stops if strategy == 'Recreate' else 'replaces none of them'}"
    if kind == STATEFULSETS.kind:
        return f"{ready}; one after another from the highest ordinal down, each is away until its successor is ready"
    spec = workload.get("spec") or {}
    limits = (spec.get("strategy") or spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
    if kind == DAEMONSETS.kind:
        return f"{ready}; node after node, at most {limits.get('maxUnavailable', 1)} unavailable at a time"
    unavailable, surge = limits.get("maxUnavailable", "25%"), limits.get("maxSurge", "25%")
    return (
        f"{ready}; rolling update, at most {unavailable} unavailable and {surge} more than wanted at a time"
    )


@dataclass(frozen=True)
class Shown:
    """What an action says about itself in a preview; for one on a pod template, only `undo` needs saying."""

    undo: str
    notes: tuple[str, ...] = ()
    resource: Resource = DEPLOYMENTS
    """Of the object that the arguments name."""
    verification: str = VERIFICATION
    diff: Callable[[JsonObject, JsonObject], str] = difference_of_templates
    """Of the object as read and the server's answer."""
    replaced: Callable[[ClusterReader, JsonObject], tuple[str, ...]] = pods_of_every_revision
    stays_ready: Callable[[JsonObject], str] = rolling


class Rehearsal:
    """A cluster that lets no write through but dry runs, and remembers what they would have made."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._read: dict[tuple[Resource, str, str], JsonObject] = {}
        self.list = cluster.list
        self.logs = cluster.logs
        self.allowed = cluster.allowed
        self.version = cluster.version
        self.written: Written | None = None
        self.untried = ""
        """Why the server could not try it; what was written is computed here then."""

    def get(self, resource: Resource, namespace: str, name: str) -> JsonObject:
        """One object. Errors as of the cluster."""
        found = self._cluster.get(resource, namespace, name)
        self._read[resource, namespace, name] = found
        return found

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: JsonObject | list[JsonObject],
        *,
        patch_type: PatchType,
        dry_run: bool = False,
        subresource: str = "",
    ) -> Written:
        """Pass a dry run on. Raises Refused for anything else."""
        _require_dry(dry_run)
        try:
            self.written = self._cluster.patch(
                resource, namespace, name, body, patch_type=patch_type, dry_run=True, subresource=subresource
            )
        except DryRunUnsupported as err:
            live = self._read.get((resource, namespace, name), {})
            self.written = self._computed(computed(live, body, patch_type), err)
        return self.written

    def create(
        self,
        resource: Resource,
        namespace: str,
        body: JsonObject,
        *,
        dry_run: bool = False,
        name: str = "",
        subresource: str = "",
    ) -> Written:
        """Pass a dry run on. Raises Refused for anything else."""
        _require_dry(dry_run)
        try:
            self.written = self._cluster.create(
                resource, namespace, body, dry_run=True, name=name, subresource=subresource
            )
        except DryRunUnsupported as err:
            self.written = self._computed(body, err)
        return self.written

    def delete(
        self, resource: Resource, namespace: str, name: str, *, uid: str, dry_run: bool = False
    ) -> Written:
        """Pass a dry run on. Raises Refused for anything else."""
        _require_dry(dry_run)
        try:
            self.written = self._cluster.delete(resource, namespace, name, uid=uid, dry_run=True)
        except DryRunUnsupported as err:
            self.written = self._computed(self._read.get((resource, namespace, name)), err)
        return self.written

    def _computed(self, item: JsonObject | None, err: DryRunUnsupported) -> Written:
        """Raises `err` where nobody can tell what it would become."""
        if item is None:
            raise err
        self.untried = message(str(err))
        return Written(item)

    def run_command(
        self, namespace: str, pod: str, container: str, argv: Sequence[str], *, seconds: float
    ) -> Ran:
        """There is no dry run of a command. Raises Refused."""
        raise Refused("A preview may not run a command")


def rehearse(cluster: Cluster, args: A, execute: Execute[A], shown: Shown) -> Preview:
    """What `execute` would do. Raises TransientError; every lasting refusal is a preview that says so."""
    before = cluster.get(shown.resource, args.namespace, args.name)
    rehearsal = Rehearsal(cluster)
    try:
        receipt = execute(rehearsal, args, key="dry-run", at=REHEARSED, dry_run=True)
    except PermanentError as err:
        return _preview(shown, before, accepted=False, dry_run=message(str(err), 1000))
    after = rehearsal.written
    if after is None:
        return _preview(shown, before, accepted=False, dry_run=receipt.message)
    told = f"not known: {rehearsal.untried}" if rehearsal.untried else "accepted"
    return _preview(shown, before, accepted=True, dry_run=told).model_copy(
        update={
            "untried": rehearsal.untried,
            "notes": (*shown.notes, *([COMPUTED] if rehearsal.untried else [])),
            "diff": shown.diff(before, after.object),
            "warnings": tuple(message(text) for text in after.warnings),
            "pods_replaced": shown.replaced(cluster, before),
        }
    )


def _preview(shown: Shown, before: JsonObject, *, accepted: bool, dry_run: str) -> Preview:
    return Preview(
        diff="",
        dry_run=dry_run,
        accepted=accepted,
        stays_ready=shown.stays_ready(before),
        verification=shown.verification,
        undo=shown.undo,
        notes=shown.notes,
    )


def _require_dry(dry_run: bool) -> None:
    if not dry_run:
        raise Refused("A preview may not write: the action did not ask for a dry run")
