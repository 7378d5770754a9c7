"""What has changed in the cluster since an instant, from what the API still knows. See `tools/lookups.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from tools.answer_words import SHOWN, capped, count, limited, namespace_of, place_words
from tools.excerpts import message
from tools.lookups_events import RULES as EVENT_RULES
from tools.lookups_events import about
from tools.objects import condition, controller, created, event_time, instant, metadata, name
from tools.pods_in import one_namespace, pods_in
from tools.records import RbacRule
from tools.resources import (
    CONTROLLER_REVISIONS,
    DAEMONSETS,
    DEPLOYMENTS,
    EVENTS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICASETS,
    STATEFULSETS,
    JsonObject,
)
from tools.seen_pods import ago
from tools.subjects import Subject
from tools.survey import Survey
from tools.templates import RESTARTED_AT, images, template_digest
from tools.workload_revisions import KINDS, newest_first, number_of, revisions_resource, template_of

RULES: tuple[RbacRule, ...] = (
    *EVENT_RULES,
    RbacRule(group="apps", resource="replicasets", verbs=("list",)),
    RbacRule(group="apps", resource="controllerrevisions", verbs=("list",)),
)
TELLING = frozenset(
    {
        *("ScalingReplicaSet", "SuccessfulRescale", "RegisteredNode", "NodeReady", "NodeNotReady"),
        *("NodeSchedulable", "NodeNotSchedulable", "Preempted", "Evicted", "TaintManagerEviction"),
        *("SuccessfulCreate", "SuccessfulDelete", "Rebooted", "DeploymentRollback", "ProvisioningSucceeded"),
    }
)
"""Reasons of events that tell of a change; all others tell how things are."""
ROLLOUT = timedelta(minutes=10)
"""How long the scaling of a rollout may go on."""
Change: TypeAlias = tuple[datetime, str]
Workload: TypeAlias = tuple[str, str, str]
"""Kind, namespace, name."""
REVISIONS = (REPLICASETS, CONTROLLER_REVISIONS)


def changes(survey: Survey, subjects: Sequence[Subject] = (), *, since: datetime) -> str:
    """New revisions with what they changed, scaling, edits, and nodes that came, went or fell silent."""
    kinds = (*KINDS.values(), *REVISIONS, PODS)
    place = one_namespace(subjects)
    survey.read(*kinds, EVENTS, *(() if place else (NODES,)), namespace=place)
    rollouts = list(_revisions(survey, subjects, since))
    further = [
        *_edits(survey, subjects, since),
        *_node_changes(survey, subjects, since),
        *_told_by_events(survey, subjects, since),
    ]
    found = [*rollouts, *(line for line in further if not _is_part_of(line, rollouts))]
    lines = [
        f"- {at:%H:%M:%S} UTC ({ago((survey.now - at).total_seconds())}): {words}"
        for at, words in _sorted(found)
    ]
    unread = [f"{kind.plural}: {why}" for kind in (*kinds, EVENTS) if (why := survey.list(kind, place).why)]
    window = f"since {since:%Y-%m-%d %H:%M} UTC ({ago((survey.now - since).total_seconds())})"
    lead = f"{count(len(lines), 'change')}{place_words(subjects)} {window}:"
    if not lines:
        lead = f"Nothing is seen to have changed{place_words(subjects)} {window}."
    lines = limited(lines, SHOWN, "changes")
    lines += _new_pods(survey, subjects, since)
    lines += [f"Could not be read: {'; '.join(unread)}."] if unread else []
    return capped("\n".join([lead, *lines]))


def _revisions(survey: Survey, subjects: Sequence[Subject], since: datetime) -> Iterable[Change]:
    """Per workload its revisions that began in the window; a restart is told apart from a new template."""
    owned: dict[Workload, list[JsonObject]] = {}
    for resource in REVISIONS:
        for item in survey.list(resource, one_namespace(subjects)).items:
            above = controller(item) or {}
            kind = str(above.get("kind", ""))
            if kind in KINDS and revisions_resource(kind) is resource:
                owned.setdefault((kind, namespace_of(item), str(above.get("name", ""))), []).append(item)
    writers = _revision_writers(survey, one_namespace(subjects))
    for workload, items in owned.items():
        if _is_meant(subjects, *workload):
            kind, place, title = workload
            for at, words in _revision_lines(f"{kind} {place}/{title}", newest_first(items)[::-1], since):
                by = next((who for when, who in writers.get(workload, ()) if _together(when, at)), "")
                yield at, f"{words}{f' (written by {by})' if by else ''}"


def _revision_writers(survey: Survey, namespace: str) -> dict[Workload, list[tuple[datetime, str]]]:
    return {
        (kind, namespace_of(item), name(item)): [(at, manager) for at, manager, _ in _writers(item)]
        for kind, resource in KINDS.items()
        for item in survey.list(resource, namespace).items
    }


def _together(one: datetime, other: datetime) -> bool:
    return abs((one - other).total_seconds()) <= 2


def _revision_lines(title: str, items: Sequence[JsonObject], since: datetime) -> Iterable[Change]:
    for position, item in enumerate(items):
        at, number = created(item), number_of(item)
        before = items[position - 1] if position else None
        if at >= since and before is None:
            yield at, f"{title} began with revision {number} ({', '.join(_images(item))})"
        elif at >= since and before is not None:
            yield at, f"{title} got revision {number}: {_difference(before, item)}"


def _difference(before: JsonObject, after: JsonObject) -> str:
    old, new = template_of(before), template_of(after)
    if template_digest(old) == template_digest(new):
        return "a restart, the same template"
    gone, come = _images(before), _images(after)
    if gone != come:
        return f"image {', '.join(gone)} became {', '.join(come)}"
    return "the pod template changed, the images are the same"


def _is_part_of(line: Change, rollouts: Sequence[Change]) -> bool:
    """What a rollout brings along: the write that began it, and its scaling up and down."""
    at, words = line
    return any(
        words.startswith(rollout.split(" got ")[0].split(" began ")[0])
        and timedelta(seconds=-2) <= at - began <= ROLLOUT
        for began, rollout in rollouts
    )


def _edits(survey: Survey, subjects: Sequence[Subject], since: datetime) -> Iterable[Change]:
    """Who last wrote a workload, where the API keeps that; the control plane's own writes are left out."""
    for resource in (DEPLOYMENTS, STATEFULSETS, DAEMONSETS):
        for item in survey.list(resource, one_namespace(subjects)).items:
            if not _is_meant(subjects, resource.kind, namespace_of(item), name(item)):
                continue
            title = f"{resource.kind} {namespace_of(item)}/{name(item)}"
            for at, manager, what in _writers(item):
                if at >= since and at > created(item):
                    yield at, f"{title} was {what} by {manager}"
            if resource is not DEPLOYMENTS and created(item) >= since:
                yield created(item), f"{title} was created"
            restarted = _restarted_at(item)
            if restarted and restarted >= since and resource is not DEPLOYMENTS:
                yield restarted, f"{title} was restarted"


def _writers(item: JsonObject) -> Iterable[tuple[datetime, str, str]]:
    for entry in metadata(item).get("managedFields") or []:
        at, manager = instant(entry.get("time")), str(entry.get("manager", ""))
        if at and entry.get("subresource", "") != "status" and "controller" not in manager:
            what = "scaled" if entry.get("subresource") == "scale" else "written"
            yield at, message(manager, 80), what


def _node_changes(survey: Survey, subjects: Sequence[Subject], since: datetime) -> Iterable[Change]:
    wanted = {subject.name for subject in subjects if subject.kind == NODES.kind}
    for item in survey.list(NODES).items:
        if subjects and name(item) not in wanted:
            continue
        if created(item) >= since:
            yield created(item), f"Node {name(item)} joined"
        ready = condition(item, "Ready")
        at = instant(ready.get("lastTransitionTime"))
        if at and at >= since and at > created(item):
            word = "became ready" if ready.get("status") == "True" else "is not ready"
            yield at, f"Node {name(item)} {word}"


def _told_by_events(survey: Survey, subjects: Sequence[Subject], since: datetime) -> Iterable[Change]:
    for item in about(survey, survey.list(EVENTS, one_namespace(subjects)).items, subjects):
        at, involved = event_time(item), item.get("involvedObject") or {}
        reason = str(item.get("reason") or "")
        if (
            at
            and at >= since
            and reason in TELLING
            and involved.get("kind") not in ("ReplicaSet", "Pod", "Job")
        ):
            place = f"{involved.get('namespace')}/" if involved.get("namespace") else ""
            title = f"{involved.get('kind', '')} {place}{involved.get('name', '')}"
            yield at, f"{title}: {reason}: {message(str(item.get('message') or ''), 160)}"


def _new_pods(survey: Survey, subjects: Sequence[Subject], since: datetime) -> list[str]:
    found = [pod for pod in pods_in(survey, subjects).pods if pod.facts.created_at >= since]
    going = [pod for pod in found if pod.facts.deleting]
    if not found:
        return []
    words = f"{count(len(found), 'pod')} of those that exist now began in this time"
    return [f"{words}{f', {len(going)} of them are being deleted' if going else ''}."]


def _is_meant(subjects: Sequence[Subject], kind: str, place: str, title: str) -> bool:
    return not subjects or any(
        subject.name == place
        if subject.kind == NAMESPACES.kind
        else (subject.kind, subject.namespace, subject.name) == (kind, place, title)
        for subject in subjects
    )


def _sorted(found: Iterable[Change]) -> list[Change]:
    """Newest first; the same words once."""
    newest: dict[str, datetime] = {}
    for at, words in found:
        newest[words] = max(at, newest.get(words, at))
    return sorted(((at, words) for words, at in newest.items()), reverse=True)


def _restarted_at(item: JsonObject) -> datetime | None:
    return instant(((_template(item).get("metadata") or {}).get("annotations") or {}).get(RESTARTED_AT))


def metadata_of_template(item: JsonObject) -> JsonObject:
    """`spec.template.metadata`, or an empty map."""
    found: JsonObject = _template(item).get("metadata") or {}
    return found


def _template(item: JsonObject) -> JsonObject:
    found: JsonObject = (item.get("spec") or {}).get("template") or {}
    return found


def _images(item: JsonObject) -> list[str]:
    return [message(image, 200) for image in images(template_of(item))]
