"""How one thing is: a workload with its pods and newest revision, a pod with its containers. See `tools/lookups.py`."""

from __future__ import annotations

from datetime import timedelta

from tools.answer_words import SHOWN, capped, count, limited, trouble_line
from tools.excerpts import message
from tools.lookups_events import events
from tools.lookups_things import ready_words
from tools.objects import condition, controller, created, name, revision_number
from tools.pods_in import object_of, pods_in
from tools.records import ContainerFacts
from tools.resources import DEPLOYMENTS, PODS, REPLICASETS, JsonObject
from tools.seen_pods import SeenPod, ago, span, state_of, state_words
from tools.subjects import Subject
from tools.survey import Survey
from tools.templates import images

RECENT = timedelta(hours=1)


def status(survey: Survey, subject: Subject, *, with_events: bool = True) -> str:
    """Ready pods, what is wrong with the others, the newest revision, and recent warnings."""
    found = pods_in(survey, [subject])
    if subject.kind == PODS.kind:
        lines = (
            _pod_lines(found.pods[0], survey) if found.pods else [f"{subject} cannot be read: {found.why}"]
        )
    else:
        lines = _workload_lines(survey, subject, found.pods)
        lines += [f"Its pods cannot be read: {found.why}."] if found.why else []
    if with_events:
        told = events(survey, [subject], warnings=True, since=survey.now - RECENT)
        lines += ["", told] if "\n" in told else []
    return capped("\n".join(lines))


def _workload_lines(survey: Survey, subject: Subject, pods: tuple[SeenPod, ...]) -> list[str]:
    item = object_of(survey, subject)
    if item is None:
        return [f"{subject}: {count(len(pods), 'pod')}, {state_words(pods)}."]
    lines = [f"{subject}: {ready_words(subject.kind, item)}; {count(len(pods), 'pod')}: {state_words(pods)}."]
    if subject.kind == DEPLOYMENTS.kind:
        lines.append(_revision(survey, subject, item))
        progress = condition(item, "Progressing")
        if progress.get("status") == "False":
            lines.append(f"Its rollout is stuck: {message(str(progress.get('message') or ''), 200)}")
        lines += ["Its rollout is paused."] if (item.get("spec") or {}).get("paused") else []
    else:
        template = (item.get("spec") or {}).get("template") or {}
        told = ", ".join(message(image, 200) for image in images(template))
        age = ago((survey.now - created(item)).total_seconds())
        lines.append(f"Created {age}{f', image {told}' if told else ''}.")
    ill = [pod for pod in pods if pod.trouble]
    return lines + limited([trouble_line(pod) for pod in ill], SHOWN, "pods")


def _revision(survey: Survey, subject: Subject, item: JsonObject) -> str:
    """The newest ReplicaSet tells since when, the Deployment's own template what."""
    template = (item.get("spec") or {}).get("template") or {}
    told = ", ".join(message(image, 200) for image in images(template))
    number = revision_number(item)
    for replicaset in survey.list(REPLICASETS, subject.namespace).items:
        above = controller(replicaset) or {}
        if above.get("name") == subject.name and revision_number(replicaset) == number:
            since = created(replicaset)
            age = ago((survey.now - since).total_seconds())
            return f"Revision {number} since {since:%Y-%m-%d %H:%M:%S} UTC ({age}), image {told}."
    return f"Revision {number}, image {told}."


def _pod_lines(pod: SeenPod, survey: Survey) -> list[str]:
    facts = pod.facts
    state = pod.trouble.words if pod.trouble else f"{facts.phase}, {state_of(pod)}"
    owner = f", of {pod.owner_kind} {pod.owner}" if pod.owner else ""
    node = f", on {facts.node}" if facts.node else ""
    age = span((survey.now - facts.created_at).total_seconds())
    head = f"Pod {pod.namespace}/{pod.name}: {state}{owner}{node}, {age} old."
    return [head, *(f"- {_container(entry, survey)}" for entry in facts.containers)]


def _container(entry: ContainerFacts, survey: Survey) -> str:
    parts = [f"{'init container' if entry.init else 'container'} {entry.name} ({entry.image})"]
    if entry.running_since:
        parts.append(f"running for {span((survey.now - entry.running_since).total_seconds())}")
    if entry.waiting_reason:
        parts.append(f"waiting: {entry.waiting_reason} {message(entry.waiting_message, 160)}".rstrip())
    if entry.restart_count:
        parts.append(count(entry.restart_count, "restart"))
    if entry.exit_code is not None:
        named = f" ({entry.exit_reason})" if entry.exit_reason else ""
        told = f": {message(entry.exit_message, 160)}" if entry.exit_message else ""
        parts.append(f"last exit code {entry.exit_code}{named}{told}")
    return ", ".join(parts)


def named_containers(survey: Survey, subject: Subject) -> frozenset[str]:
    """Names of the containers of a subject's pods."""
    return frozenset(title for pod in pods_in(survey, [subject]).pods for title in pod.containers)


def uid_of(survey: Survey, subject: Subject) -> str:
    """uid of the object, where it has been listed."""
    if subject.kind == PODS.kind:
        return next(
            (pod.facts.uid for pod in pods_in(survey, [subject]).pods if pod.name == subject.name), ""
        )
    item = object_of(survey, subject)
    return str((item.get("metadata") or {}).get("uid", "")) if item and name(item) else ""
