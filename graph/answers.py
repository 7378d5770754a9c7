"""Answers without a model: which lookups a wish asks for, and how their words are put together.

Everything said is read at this moment from the cluster or the record. What is not known is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from graph import chat_offers, chat_words
from graph.causes import cause
from graph.chat_conduct import conduct
from graph.chat_services import ChatServices
from graph.intents import Intent, Wish
from graph.linking import Linked
from tools import lookups, lookups_changes, lookups_events, lookups_logs, lookups_record, lookups_things
from tools.answer_words import capped
from tools.lookups_record import Told
from tools.lookups_workload import named_containers, status
from tools.pods_in import pods_in, workloads_behind
from tools.subjects import Census, Subject
from tools.survey import Survey

DEFAULT_WINDOW = timedelta(hours=1)
LONG_WINDOW = timedelta(hours=24)
MOST_TOLD = 3
"""Subjects that are told of one by one; more are counted."""


@dataclass(frozen=True)
class Case:
    """One question, understood."""

    services: ChatServices
    survey: Survey
    wish: Wish
    subjects: tuple[Subject, ...]
    linked: Linked
    census: Census | None = None
    question: str = ""

    @property
    def running(self) -> tuple[Subject, ...]:
        """Subjects that are or run pods, and no whole namespaces; for a Service, the workloads behind it."""
        found: dict[Subject, None] = {}
        for subject in self.subjects:
            if subject.is_workload or subject.kind == "Pod":
                found[subject] = None
            elif subject.kind == "Service":
                found |= dict.fromkeys(workloads_behind(self.survey, subject))
        return tuple(found)

    @property
    def whom(self) -> tuple[Subject, ...]:
        """Whom an incident could be opened for."""
        return self.running or tuple(subject for subject in self.subjects if subject.kind == "Node")

    @property
    def offer(self) -> dict[str, Any] | None:
        """The request that a person may send instead of an order."""
        return chat_offers.offer(self.wish, self.whom, self.question) if self.wish.intent == "act" else None

    def since(self, default: timedelta) -> timedelta:
        """How far back to look."""
        return self.survey.now - self.wish.since if self.wish.since else default


def answer(case: Case) -> Told:
    """The words for this case, and the incidents that they speak of."""
    nobody = case.linked.unknown_places or (case.linked.unknown and not case.subjects)
    if nobody and case.wish.intent != "act":
        return Told(text=chat_words.unknown(case.linked, case.census))
    told = _BY_INTENT[case.wish.intent](case)
    return Told(text=chat_words.with_notes(told.text, case.linked), incidents=told.incidents)


def _pods(case: Case) -> Told:
    wish = case.wish
    return _told(lookups.pods(case.survey, case.subjects, state=wish.state, listing=wish.listing))


def _containers(case: Case) -> Told:
    found = pods_in(case.survey, case.subjects)
    if found.why:
        return _told(f"The pods cannot be read: {found.why}.")
    return _told(lookups.containers(found, case.subjects))


def _problems(case: Case) -> Told:
    return _told(lookups.problem_pods(case.survey, case.subjects))


def _namespaces(case: Case) -> Told:
    if case.running:
        return _status(case)
    return _told(lookups.namespaces(case.survey))


def _nodes(case: Case) -> Told:
    return _told(lookups_things.nodes(case.survey, case.subjects))


def _workloads(case: Case) -> Told:
    wish = case.wish
    told = lookups_things.workloads(case.survey, case.subjects, kind=wish.kind, only_ill=wish.ill)
    return _joined([_told(told), _problems(case)]) if wish.ill else _told(told)


def _services(case: Case) -> Told:
    return _told(lookups_things.services(case.survey, case.subjects))


def _images(case: Case) -> Told:
    return _told(lookups_things.images(case.survey, case.subjects))


def _usage(case: Case) -> Told:
    return _told(lookups_things.usage(case.survey, case.subjects))


def _events(case: Case) -> Told:
    wish = case.wish
    return _told(lookups_events.events(case.survey, case.subjects, warnings=wish.warnings, since=wish.since))


def _changes(case: Case) -> Told:
    since = case.survey.now - case.since(DEFAULT_WINDOW if not case.subjects else LONG_WINDOW)
    text = lookups_changes.changes(case.survey, case.subjects, since=since)
    places = {subject.namespace or subject.name for subject in case.subjects}
    namespace = places.pop() if len(places) == 1 else ""
    did = lookups_record.acted(case.services.record, since, case.survey.now, namespace=namespace)
    return Told(text=f"{text}\n{did.text}", incidents=did.incidents)


def _logs(case: Case) -> Told:
    subjects: Sequence[Subject] = case.running or case.subjects
    if not subjects:
        ill = [pod for pod in pods_in(case.survey).pods if pod.trouble]
        if not ill:
            return _told("Whose logs? Nothing is failing; name a workload or a pod.")
        subjects = [Subject(kind="Pod", namespace=pod.namespace, name=pod.name) for pod in ill[:1]]
    containers = {title for subject in subjects for title in named_containers(case.survey, subject)}
    names = {subject.name for subject in subjects}
    asked = next((word for word in case.linked.words if word in containers and word not in names), "")
    parts = [
        lookups_logs.logs(case.survey, [subject], container=asked, previous=case.wish.previous)
        for subject in subjects[:MOST_TOLD]
    ]
    return _told("\n\n".join(parts))


def _incidents(case: Case) -> Told:
    wish, record, now = case.wish, case.services.record, case.survey.now
    most = wish.most or lookups_record.SCREEN
    told = lookups_record.incidents(
        record,
        case.subjects,
        now,
        since=wish.since,
        still_open=wish.still_open,
        outcomes=wish.outcomes,
        most=most,
    )
    if wish.most == 1 and told.incidents and (incident := record.incident(told.incidents[0])):
        return lookups_record.explain(record, incident, now)
    return told


def _incident(case: Case) -> Told:
    incident = case.services.record.incident(case.wish.incident_id)
    if incident is None:
        return _told(f"The record has no incident {case.wish.incident_id}.")
    return lookups_record.explain(case.services.record, incident, case.survey.now)


def _why_acted(case: Case) -> Told:
    record, now = case.services.record, case.survey.now
    told = lookups_record.why_acted(record, case.subjects, now, action=case.wish.action)
    if told.incidents or not case.running:
        return told
    return _joined([told, *_each(case, _one_status)])


def _acted(case: Case) -> Told:
    if case.subjects:
        return _why_acted(case)
    since = case.survey.now - case.since(LONG_WINDOW)
    return lookups_record.acted(case.services.record, since, case.survey.now)


def _approvals(case: Case) -> Told:
    if case.subjects and case.wish.why:
        return lookups_record.why_acted(case.services.record, case.subjects, case.survey.now)
    return lookups_record.waiting(case.services.record)


def _to_do(case: Case) -> Told:
    """What waits for a person, then what is not well and waits for nobody."""
    return _joined([lookups_record.waiting(case.services.record), _trouble(case)])


def _conduct(case: Case) -> Told:
    told = conduct(case.services, case.survey)
    return _joined([_why_acted(case), told]) if case.wish.why and case.running else told


def _trouble(case: Case) -> Told:
    """Why something is not well; without a subject, whatever is not well."""
    if case.running:
        return _joined(_each(case, _one_cause))
    problems = _problems(case)
    nodes = lookups_things.sick_nodes(case.survey)
    now_open = lookups_record.incidents(case.services.record, case.subjects, case.survey.now, still_open=True)
    return _joined([problems, _told(nodes), now_open if now_open.incidents else _told("")])


def _status(case: Case) -> Told:
    if any(subject.kind == "Node" for subject in case.subjects):
        return _joined([_nodes(case), _told(lookups.pods(case.survey, case.subjects, listing=True))])
    if case.running:
        return _joined(_each(case, _one_status))
    return _overview(case)


def _overview(case: Case) -> Told:
    """A namespace or the cluster at a glance."""
    parts = [_told(lookups.pods(case.survey, case.subjects))]
    parts += [] if case.subjects else [_nodes(case)]
    parts.append(_told(lookups_things.workloads(case.survey, case.subjects)) if case.subjects else _told(""))
    parts.append(
        lookups_record.incidents(case.services.record, case.subjects, case.survey.now, most=MOST_TOLD)
    )
    return _joined(parts)


def _story(case: Case) -> Told:
    """What happened: the incidents, what changed, and how it is now."""
    wish, now = case.wish, case.survey.now
    since = now - case.since(LONG_WINDOW)
    told = lookups_record.incidents(case.services.record, case.subjects, now, since=since, most=MOST_TOLD)
    now_is = _each(case, _one_cause) if case.running else [_problems(case)]
    changed = lookups_changes.changes(case.survey, case.subjects, since=wish.since or now - DEFAULT_WINDOW)
    return _joined([*now_is, told, _told(changed)])


def _about(case: Case) -> Told:
    if not case.subjects:
        return _told(chat_words.NOT_UNDERSTOOD)
    return _status(case)


def _one_status(case: Case, subject: Subject) -> Told:
    ill = any(pod.trouble for pod in pods_in(case.survey, [subject]).pods)
    return _one_cause(case, subject) if ill else _told(status(case.survey, subject))


def _one_cause(case: Case, subject: Subject) -> Told:
    parts = [status(case.survey, subject, with_events=False), cause(case.services, case.survey, subject)]
    told = lookups_record.incidents(case.services.record, [subject], case.survey.now, most=MOST_TOLD)
    found = told.text if told.incidents else ""
    return Told(text=capped("\n".join(part for part in [*parts, found] if part)), incidents=told.incidents)


def _each(case: Case, tell: Callable[[Case, Subject], Told]) -> list[Told]:
    told = [tell(case, subject) for subject in case.running[:MOST_TOLD]]
    more = len(case.running) - MOST_TOLD
    return [*told, _told(f"{more} more are called so; name one with its namespace.")] if more > 0 else told


def _joined(parts: Sequence[Told]) -> Told:
    text = "\n\n".join(part.text for part in parts if part.text)
    ids = dict.fromkeys(incident for part in parts for incident in part.incidents)
    return Told(text=text, incidents=tuple(ids))


def _told(text: str) -> Told:
    return Told(text=text)


_BY_INTENT: dict[Intent, Callable[[Case], Told]] = {
    "greet": lambda case: _told(chat_words.GREETING),
    "help": lambda case: _told(chat_words.HELP),
    "act": lambda case: _told(chat_words.no_acting(case.wish.verb, case.whom, case.offer)),
    "not_read": lambda case: _told(chat_words.NOT_READ),
    "incident": _incident,
    "why_acted": _why_acted,
    "acted": _acted,
    "approvals": _approvals,
    "to_do": _to_do,
    "conduct": _conduct,
    "logs": _logs,
    "events": _events,
    "incidents": _incidents,
    "changes": _changes,
    "images": _images,
    "pods": _pods,
    "containers": _containers,
    "problems": _problems,
    "namespaces": _namespaces,
    "nodes": _nodes,
    "workloads": _workloads,
    "services": _services,
    "trouble": _trouble,
    "status": _status,
    "story": _story,
    "usage": _usage,
    "about": _about,
}
