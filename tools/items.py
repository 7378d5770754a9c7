"""Evidence in words: one item per thing that was read, short enough for a person, cited by its id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from tools.excerpts import bounded, message
from tools.records import (
    ContainerFacts,
    DependencyFacts,
    EventFacts,
    EvidenceItem,
    ItemStatus,
    PodFacts,
    RevisionFacts,
    WorkloadFacts,
)
from tools.resources import JsonObject

SHOWN_PODS = 20


class Items:
    """Items in the order they were planned, which gives them their ids."""

    def __init__(self) -> None:
        self.all: list[EvidenceItem] = []

    @property
    def next_id(self) -> str:
        """The id that the next item will have."""
        return f"e{len(self.all) + 1}"

    def add(
        self, kind: str, status: ItemStatus, query: str, summary: str, excerpt: str = "", decides: str = ""
    ) -> None:
        """One thing that was read; summary and excerpt are redacted already."""
        item = EvidenceItem(
            id=self.next_id,
            kind=kind,
            status=status,
            query=query,
            summary=summary,
            excerpt=bounded(excerpt) if excerpt else "",
            decides=decides,
        )
        self.all.append(item)


def workload_words(facts: WorkloadFacts) -> tuple[str, str]:
    """Summary and excerpt of a workload with revisions."""
    summary = (
        f"revision {facts.revision}: {facts.ready} of {facts.desired} pods ready, {facts.updated} of the newest "
        f"template, {facts.available} available"
    )
    lines = [
        f"desired {facts.desired}, replicas {facts.replicas}, updated {facts.updated}, ready {facts.ready}, "
        f"available {facts.available}",
        f"strategy {facts.strategy}, minReadySeconds {facts.min_ready_seconds}, paused {str(facts.paused).lower()}",
        f"generation {facts.generation}, observed {facts.observed_generation}",
        *_partition_words(facts),
        f"Progressing: {facts.progressing_reason or 'no condition'}",
        f"created {when(facts.created_at)}",
    ]
    return summary, "\n".join(lines)


def _partition_words(facts: WorkloadFacts) -> list[str]:
    partition = facts.rollout.partition
    return [f"partition {partition}: smaller ordinals keep their revision"] if partition else []


def pods_words(pods: Sequence[PodFacts], revisions: Sequence[RevisionFacts]) -> tuple[str, str]:
    """Summary and excerpt: siblings by revision and node first, then the pods themselves."""
    numbers = {revision.uid: f"revision {revision.number}" for revision in revisions} or _makers(pods)
    living = [pod for pod in pods if not pod.deleting]
    ready = sum(pod.ready for pod in living)
    going = f", {len(pods) - len(living)} being deleted" if len(pods) > len(living) else ""
    lines = [
        f"by revision: {_groups([(numbers.get(pod.owner_uid, 'no revision'), pod.ready) for pod in living])}",
        f"by node: {_groups([(pod.node or 'no node', pod.ready) for pod in living])}",
        *(_pod_words(pod, numbers.get(pod.owner_uid, "")) for pod in pods[:SHOWN_PODS]),
    ]
    if len(pods) > SHOWN_PODS:
        lines.append(f"[... {len(pods) - SHOWN_PODS} pods omitted]")
    return f"{len(living)} pods, {ready} ready{going}", "\n".join(lines)


def _makers(pods: Sequence[PodFacts]) -> dict[str, str]:
    """Where no revision is known and several things made the pods: what these are called, by their pods' names."""
    made = {pod.owner_uid: pod.name.rpartition("-")[0] for pod in pods if pod.owner_uid}
    return made if len(made) > 1 else {}


def _groups(pods: Sequence[tuple[str, bool]]) -> str:
    total, ready = Counter(group for group, _ in pods), Counter(group for group, ok in pods if ok)
    return ", ".join(f"{group} {ready[group]}/{count} ready" for group, count in sorted(total.items())[:20])


def _pod_words(pod: PodFacts, revision: str) -> str:
    state = "being deleted" if pod.deleting else "ready" if pod.ready else "not ready"
    parts = [pod.phase, pod.reason, state, revision, f"on {pod.node}" if pod.node else "", pod.unschedulable]
    head = f"{pod.name}: {', '.join(part for part in parts if part)}"
    return "\n".join([head, *(f"  {_container_words(entry)}" for entry in pod.containers if _telling(entry))])


def _telling(container: ContainerFacts) -> bool:
    finished = container.init and container.exit_code == 0 and not container.restart_count
    return not finished and (not container.ready or container.restart_count > 0)


def _container_words(container: ContainerFacts) -> str:
    parts = [f"{'init ' if container.init else ''}container {container.name}"]
    if container.waiting_reason:
        parts.append(f"waiting: {container.waiting_reason} {container.waiting_message}".rstrip())
    if container.running_since:
        parts.append(f"running since {when(container.running_since)}")
    parts.append(f"{container.restart_count} restarts")
    if container.exit_code is not None:
        parts.append(_exit_words(container))
    return "; ".join(parts)


def _exit_words(container: ContainerFacts) -> str:
    words = f"last exit {container.exit_code} {container.exit_reason}".rstrip()
    if container.exit_finished_at:
        words += f" at {when(container.exit_finished_at)}"
    if container.exit_started_at and container.exit_finished_at:
        words += f" after {(container.exit_finished_at - container.exit_started_at).total_seconds():g} s"
    return f"{words}: {container.exit_message}" if container.exit_message else words


def revisions_words(revisions: Sequence[RevisionFacts]) -> tuple[str, str]:
    """Summary and excerpt of the revisions, newest first."""
    newest = revisions[0]
    different = sum(1 for entry in {r.template_digest for r in revisions} if entry)
    summary = (
        f"{len(revisions)} revisions with {different} different templates; "
        f"newest is {newest.number}, since {when(newest.created_at)}"
    )
    return summary, "\n".join(_revision_words(revision) for revision in revisions)


def _revision_words(revision: RevisionFacts) -> str:
    parts = [
        f"revision {revision.number} ({revision.name}), created {when(revision.created_at)}",
        f"template {revision.template_digest[:12]}",
        f"images {', '.join(revision.images)}",
        f"{revision.ready} of {revision.replicas} ready",
    ]
    if revision.seen_healthy_seconds is not None:
        parts.append(f"seen healthy for {revision.seen_healthy_seconds:.0f} s at a stretch")
    if revision.seen_ill:
        parts.append("seen failing")
    if revision.seen_current_seconds is not None:
        parts.append(f"current for {revision.seen_current_seconds:.0f} s")
    return "; ".join(parts)


def events_words(events: Sequence[EventFacts]) -> tuple[str, str]:
    """Summary and excerpt of the events."""
    warnings = sum(event.type == "Warning" for event in events)
    lines = [_event_words(event) for event in events]
    return f"{len(events)} kinds of events, {warnings} of them warnings", "\n".join(lines)


def _event_words(event: EventFacts) -> str:
    what = f"{event.type} {event.reason} {event.kind}/{event.name}"
    on = f", on {event.objects} {event.kind.lower()}s" if event.objects > 1 else ""
    return f"{when(event.last_seen)} {what} (x{event.count}{on}): {event.message}"


def dependencies_words(dependencies: Sequence[DependencyFacts]) -> tuple[str, str]:
    """Summary and excerpt of the Services that the workload names."""
    lines = []
    for entry in dependencies:
        since = f", all since {when(entry.recovered_at)}" if entry.recovered_at else ""
        lines.append(f"service {entry.service}: {entry.ready} of {entry.pods} pods ready{since}")
    down = [entry.service for entry in dependencies if entry.ready < entry.pods or not entry.pods]
    summary = f"{len(dependencies)} services named" + (
        f"; not all ready: {', '.join(down)}" if down else ", all ready"
    )
    return summary, "\n".join(lines)


def when(at: datetime | None) -> str:
    """An instant to the second, UTC, or `unknown`."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else "unknown"


def object_words(item: JsonObject) -> tuple[str, str]:
    """Summary and excerpt of an object that no rule reads facts of: its numbers and conditions."""
    status = item.get("status") or {}
    numbers = [f"{key} {value}" for key, value in sorted(status.items()) if isinstance(value, int)]
    lines = [", ".join(numbers)] if numbers else []
    for entry in status.get("conditions") or []:
        text = message(f"{entry.get('reason', '')} {entry.get('message', '')}")
        lines.append(f"{entry.get('type')}={entry.get('status')} {text}".rstrip())
    if status.get("phase"):
        lines.insert(0, f"phase {status['phase']} {message(str(status.get('reason') or ''))}".rstrip())
    return (lines[0] if lines else "it has no status"), "\n".join(lines)
