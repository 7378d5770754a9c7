"""What chat may read of the cluster, in words: pods and namespaces.

Over a `ClusterReader` only: nothing here can write. Every answer is short, redacted, and says what could not be
read instead of leaving it out. `tools/lookups_*.py` hold the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tools import lookups_changes, lookups_events, lookups_logs, lookups_things
from tools import pods_in as scope
from tools import subjects as names
from tools.answer_words import GROUPS, SHOWN, capped, count, limited, place_words, trouble_line
from tools.lookups_things import ready_words
from tools.objects import name
from tools.pods_in import Pods, object_of, pods_in
from tools.records import RbacRule
from tools.resources import NAMESPACES, PODS, JsonObject
from tools.seen_pods import SeenPod, state_of, state_words
from tools.subjects import Subject
from tools.survey import Survey

RULES: tuple[RbacRule, ...] = (
    *names.RULES,
    *scope.RULES,
    *lookups_changes.RULES,
    *lookups_events.RULES,
    *lookups_logs.RULES,
    *lookups_things.RULES,
)
"""Of all lookups."""
STATES = {
    "running": "in phase Running",
    "ready": "ready",
    "not_ready": "not ready",
    "pending": "pending",
    "failed": "failed",
    "completed": "completed",
    "crashing": "crashing",
    "oom": "killed for lack of memory",
    "image": "unable to pull their image",
    "config": "without a valid configuration",
    "terminating": "being deleted",
    "restarted": "restarted at least once",
    "trouble": "not well",
}
"""What pods can be asked by, and how an answer says it."""


def pods(survey: Survey, subjects: Sequence[Subject] = (), *, state: str = "", listing: bool = False) -> str:
    """How many pods there are and how they are; those in a state; all of them when `listing`."""
    found = pods_in(survey, subjects)
    if found.why:
        return f"The pods cannot be read: {found.why}."
    if state:
        return capped(_pods_in_state(found, subjects, state))
    lines = [_pods_lead(survey, found.pods, subjects)]
    ill = [pod for pod in found.pods if pod.trouble]
    if listing:
        lines += limited([_pod_line(pod) for pod in found.pods], SHOWN, "pods")
    elif ill:
        lines += ["Not well:", *limited([trouble_line(pod) for pod in ill], SHOWN, "pods")]
    return capped("\n".join(lines))


def containers(found: Pods, subjects: Sequence[Subject] = ()) -> str:
    """How many containers these pods have, and how many of them run."""
    facts = [entry for pod in found.pods for entry in pod.facts.containers if not entry.init]
    running = sum(entry.running_since is not None for entry in facts)
    ready = sum(entry.ready for entry in facts)
    total = sum(len(pod.containers) for pod in found.pods)
    pods_ = count(len(found.pods), "pod")
    return f"{count(total, 'container')} in {pods_}{place_words(subjects)}: {running} running, {ready} ready."


def problem_pods(survey: Survey, subjects: Sequence[Subject] = ()) -> str:
    """The pods that are not well, each with its reason."""
    found = pods_in(survey, subjects)
    if found.why:
        return f"The pods cannot be read: {found.why}."
    ill = [pod for pod in found.pods if pod.trouble]
    where = place_words(subjects)
    if not found.pods:
        return f"There are no pods{where}."
    if not ill:
        return f"No problem pods{where}: of {count(len(found.pods), 'pod')}, {state_words(found.pods)}."
    verb = "is" if len(ill) == 1 else "are"
    lead = f"{len(ill)} of {count(len(found.pods), 'pod')}{where} {verb} not well:"
    return capped("\n".join([lead, *limited([trouble_line(pod) for pod in ill], SHOWN, "pods")]))


def namespaces(survey: Survey) -> str:
    """All namespaces, with how many pods each has."""
    survey.read(NAMESPACES, PODS)
    listed, found = survey.list(NAMESPACES), pods_in(survey)
    if listed.why and found.why:
        return f"The namespaces cannot be read: {listed.why}."
    known = {name(item): _phase(item) for item in listed.items}
    counts = Counter(pod.namespace for pod in found.pods)
    places = sorted({*known, *counts})
    lines = [f"{count(len(places), 'namespace')}: {', '.join(places)}."]
    if listed.why:
        lines.append(f"Told from the pods alone, since namespaces cannot be listed: {listed.why}.")
    if not found.why:
        lines += [f"- {place}: {count(counts[place], 'pod')}{known.get(place, '')}" for place in places]
    return capped("\n".join(lines))


def _pods_lead(survey: Survey, found: Sequence[SeenPod], subjects: Sequence[Subject]) -> str:
    if len(subjects) == 1 and subjects[0].is_workload:
        item = object_of(survey, subjects[0])
        ready = f" ({ready_words(subjects[0].kind, item)})" if item else ""
        return f"{subjects[0]} has {count(len(found), 'pod')}{ready}: {state_words(found)}."
    if not found:
        return f"There are no pods{place_words(subjects)}."
    verb = "is" if len(found) == 1 else "are"
    places = Counter(pod.namespace for pod in found)
    groups = places if len(places) > 1 else Counter(pod.owner or pod.name for pod in found)
    told = ", ".join(f"{group} {number}" for group, number in groups.most_common(GROUPS))
    more = f" and {len(groups) - GROUPS} more" if len(groups) > GROUPS else ""
    kinds = f" in {count(len(places), 'namespace')}" if len(places) > 1 and not subjects else ""
    breakdown = f": {told}{more}" if told else ""
    return (
        f"There {verb} {count(len(found), 'pod')}{place_words(subjects)}{kinds}{breakdown}."
        f" {state_words(found).capitalize()}."
    )


def _pods_in_state(found: Pods, subjects: Sequence[Subject], state: str) -> str:
    chosen = [pod for pod in found.pods if in_state(pod, state)]
    verb = "is" if len(chosen) == 1 else "are" if state != "restarted" else "have"
    if state == "restarted" and len(chosen) == 1:
        verb = "has"
    lead = f"{len(chosen)} of {count(len(found.pods), 'pod')}{place_words(subjects)} {verb} {STATES[state]}"
    if not chosen:
        return f"{lead}. Of all: {state_words(found.pods)}."
    if state == "running":
        lead += f", {sum(state_of(pod) == 'ready' for pod in chosen)} of them ready and well"
    if state == "restarted":
        chosen.sort(key=lambda pod: -pod.restarts)
        lead += f", {count(sum(pod.restarts for pod in chosen), 'restart')} in all"
    return "\n".join([f"{lead}:", *limited([_pod_line(pod) for pod in chosen], SHOWN, "pods")])


def in_state(pod: SeenPod, state: str) -> bool:
    """Whether a pod is in one of `STATES`."""
    facts, kind = pod.facts, pod.trouble.kind if pod.trouble else ""
    return {
        "running": facts.phase == "Running",
        "ready": state_of(pod) == "ready",
        "not_ready": not facts.ready and not pod.done,
        "pending": facts.phase == "Pending",
        "failed": facts.phase == "Failed",
        "completed": pod.done,
        "crashing": kind in ("crashing", "oom"),
        "oom": any(entry.exit_reason == "OOMKilled" for entry in facts.containers),
        "image": kind == "image",
        "config": kind == "config",
        "terminating": facts.deleting,
        "restarted": pod.restarts > 0,
        "trouble": pod.trouble is not None,
    }[state]


def _pod_line(pod: SeenPod) -> str:
    facts = pod.facts
    parts = [pod.trouble.words if pod.trouble else f"{facts.phase}, {state_of(pod)}"]
    parts += [f"on {facts.node}"] if facts.node else []
    parts += [count(pod.restarts, "restart")] if pod.restarts and not pod.trouble else []
    return f"- {pod.namespace}/{pod.name}: {', '.join(parts)}"


def _phase(item: JsonObject) -> str:
    phase = str((item.get("status") or {}).get("phase") or "Active")
    return "" if phase == "Active" else f", {phase}"
