"""What happened in the cluster: Kubernetes events, newest first, repeats merged. See `tools/lookups.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from tools.answer_words import SHOWN, capped, limited, place_words
from tools.facts import event_facts
from tools.objects import event_time
from tools.pods_in import one_namespace, pods_in
from tools.records import EventFacts, RbacRule
from tools.resources import EVENTS, NAMESPACES, JsonObject
from tools.seen_pods import ago
from tools.subjects import Subject
from tools.survey import Survey

RULES: tuple[RbacRule, ...] = (RbacRule(group="", resource="events", verbs=("list",)),)


def events(
    survey: Survey, subjects: Sequence[Subject] = (), *, warnings: bool = False, since: datetime | None = None
) -> str:
    """Kubernetes events about these subjects and their pods, newest first, repeats merged."""
    listed = survey.list(EVENTS, one_namespace(subjects))
    if listed.why:
        return f"The events cannot be read: {listed.why}."
    chosen = [
        item
        for item in about(survey, listed.items, subjects)
        if not warnings or item.get("type") == "Warning"
    ]
    if since:
        chosen = [item for item in chosen if (at := event_time(item)) and at >= since]
    what = "warning event" if warnings else "event"
    place = place_words(subjects)
    if not chosen:
        return f"No {what}s{place}. Kubernetes keeps them for an hour or so."
    facts = sorted(
        event_facts(chosen, limit=200), key=lambda fact: fact.last_seen or survey.now, reverse=True
    )
    ill = sum(fact.type == "Warning" for fact in facts)
    kinds = f"1 kind of {what}" if len(facts) == 1 else f"{len(facts)} kinds of {what}s"
    lead = f"{kinds}{place}" + ("" if warnings else f", {ill} of them warnings")
    lines = limited([event_line(fact, survey.now) for fact in facts], SHOWN, "kinds of events")
    return capped("\n".join([f"{lead}, newest first:", *lines]))


def event_line(fact: EventFacts, now: datetime) -> str:
    """One kind of event."""
    at = f"{ago((now - fact.last_seen).total_seconds())}: " if fact.last_seen else ""
    times = f" (x{fact.count})" if fact.count > 1 else ""
    return f"- {at}{fact.type} {fact.reason} {fact.kind}/{fact.name}{times}: {fact.message}"


def about(survey: Survey, items: Iterable[JsonObject], subjects: Sequence[Subject]) -> list[JsonObject]:
    """Events on the subjects themselves, on their pods, and on what is named after them."""
    if not subjects:
        return list(items)
    places = {subject.name for subject in subjects if subject.kind == NAMESPACES.kind}
    others = [subject for subject in subjects if subject.kind != NAMESPACES.kind]
    own = {(pod.namespace, pod.name) for pod in pods_in(survey, others).pods} if others else set()
    return [item for item in items if _is_about(item, places, others, own)]


def _is_about(
    item: JsonObject, places: set[str], subjects: Sequence[Subject], pods: set[tuple[str, str]]
) -> bool:
    involved = item.get("involvedObject") or {}
    place, title = str(involved.get("namespace") or ""), str(involved.get("name", ""))
    if place in places or (place, title) in pods:
        return True
    return any(
        place == subject.namespace and (title == subject.name or _is_below(title, subject))
        for subject in subjects
    )


def _is_below(title: str, subject: Subject) -> bool:
    """`web-7d9f8` and `web-7d9f8-x2x1z` of workload `web`, pods that are gone included; not `web-api-7d9f8`."""
    rest = title.removeprefix(f"{subject.name}-")
    return (
        subject.is_workload
        and rest != title
        and rest.count("-") <= 1
        and rest[:1].isalnum()
        and _generated(rest)
    )


def _generated(rest: str) -> bool:
    return all(part.isdigit() or not set(part) & set("aeiou013") for part in rest.split("-"))
