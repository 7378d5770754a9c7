"""What chat may read of everything but pods: nodes, workloads, Services, images. See `tools/lookups.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tools.answer_words import SHOWN, capped, count, limited, namespace_of, place_words, title
from tools.excerpts import message
from tools.objects import condition, desired, instant, metadata, name
from tools.pods_in import Pods, pods_in
from tools.records import RbacRule
from tools.resources import (
    CRONJOBS,
    DAEMONSETS,
    JOBS,
    NAMESPACES,
    NODES,
    POD_METRICS,
    PODS,
    SERVICES,
    JsonObject,
)
from tools.seen_pods import span
from tools.subjects import WORKLOADS, Subject
from tools.survey import Survey
from tools.usage import usage_facts

MIB = 1024 * 1024
RULES: tuple[RbacRule, ...] = (RbacRule(group="metrics.k8s.io", resource="pods", verbs=("list",)),)


def nodes(survey: Survey, subjects: Sequence[Subject] = ()) -> str:
    """The nodes and how they are."""
    survey.read(NODES, PODS)
    listed = survey.list(NODES)
    if listed.why:
        return f"The nodes cannot be read: {listed.why}."
    wanted = {subject.name for subject in subjects if subject.kind == NODES.kind}
    chosen = [item for item in listed.items if not wanted or name(item) in wanted]
    found = pods_in(survey)
    ready = sum(_is_ready(item) for item in chosen)
    lead = f"{count(len(chosen), 'node')}, {ready} ready."
    lines = [_node_line(item, found, survey) for item in sorted(chosen, key=name)]
    return capped("\n".join([lead, *limited(lines, SHOWN, "nodes")]))


def sick_nodes(survey: Survey) -> str:
    """The nodes that are not ready; empty when all are."""
    listed = survey.list(NODES)
    sick = [item for item in listed.items if not _is_ready(item)]
    lines = [_node_line(item, pods_in(survey), survey) for item in sorted(sick, key=name)]
    verb = "is" if len(sick) == 1 else "are"
    lead = f"{len(sick)} of {count(len(listed.items), 'node')} {verb} not ready:"
    return capped("\n".join([lead, *limited(lines, SHOWN, "nodes")])) if sick else ""


def workloads(
    survey: Survey, subjects: Sequence[Subject] = (), *, kind: str = "", only_ill: bool = False
) -> str:
    """Deployments and their like with how many of their pods are ready; one kind only where it is named.

    `only_ill`: those with a pod that is not well, or too few that are ready.
    """
    kinds = [resource for name_, resource in WORKLOADS.items() if kind in ("", name_)]
    survey.read(*kinds)
    lines, counts, why = [], Counter[str](), []
    ill = Counter(title(pod) for pod in pods_in(survey, subjects).pods if pod.trouble)
    for resource in kinds:
        listed = survey.list(resource)
        why += [f"{resource.plural}: {listed.why}"] if listed.why else []
        for item in sorted(listed.items, key=lambda entry: (namespace_of(entry), name(entry))):
            # the Jobs of a CronJob are told by the CronJob
            if _wanted(item, subjects) and not (resource is JOBS and not kind and _is_owned(item)):
                counts[resource.kind] += 1
                whose = f"{resource.kind} {namespace_of(item)}/{name(item)}"
                bad = f", {count(ill[whose], 'pod')} not well" if ill[whose] else ""
                if not only_ill or bad or not _all_ready(resource.kind, item):
                    lines.append(f"- {whose}: {ready_words(resource.kind, item)}{bad}")
    told = ", ".join(
        count(counts[resource.kind], resource.kind) for resource in kinds if counts[resource.kind]
    )
    lead = f"{told or 'No ' + (kind or 'workload') + 's'}{place_words(subjects)}"
    lead += f", {len(lines)} not well{':' if lines else '.'}" if only_ill and told else "."
    unread = [f"Could not be read: {'; '.join(why)}."] if why else []
    return capped("\n".join([lead, *limited(lines, 2 * SHOWN, "workloads"), *unread]))


def services(survey: Survey, subjects: Sequence[Subject] = ()) -> str:
    """Services and how many ready pods stand behind each."""
    survey.read(SERVICES, PODS)
    listed, found = survey.list(SERVICES), pods_in(survey)
    if listed.why:
        return f"The services cannot be read: {listed.why}."
    chosen = [item for item in listed.items if _wanted(item, subjects)]
    lines = [_service_line(item, found) for item in sorted(chosen, key=lambda i: (namespace_of(i), name(i)))]
    lead = f"{count(len(chosen), 'service')}{place_words(subjects)}."
    return capped("\n".join([lead, *limited(lines, 2 * SHOWN, "services")]))


def images(survey: Survey, subjects: Sequence[Subject] = ()) -> str:
    """Which images run, by workload."""
    found = pods_in(survey, subjects)
    if found.why:
        return f"The pods cannot be read: {found.why}."
    groups = Counter((title(pod), ", ".join(pod.images)) for pod in found.pods if not pod.done)
    lines = [
        f"- {owner}: {image} ({count(number, 'pod')})" for (owner, image), number in sorted(groups.items())
    ]
    lead = f"Images{place_words(subjects)}:" if lines else f"No pods{place_words(subjects)}."
    return capped("\n".join([lead, *limited(lines, 2 * SHOWN, "workloads")]))


def usage(survey: Survey, subjects: Sequence[Subject] = ()) -> str:
    """What pods use now, the heaviest first, where the cluster has a metrics server."""
    listed = survey.list(POD_METRICS)
    if listed.why:
        return f"What pods use cannot be told, since metrics.k8s.io does not answer: {listed.why}."
    ours = {(pod.namespace, pod.name) for pod in pods_in(survey, subjects).pods}
    used = {
        (namespace_of(item), name(item)): usage_facts([item])
        for item in listed.items
        if (namespace_of(item), name(item)) in ours
    }
    totals = {
        place: (sum(fact.cores or 0.0 for fact in facts), sum(fact.memory or 0.0 for fact in facts))
        for place, facts in used.items()
    }
    cores, memory = (sum(pair[part] for pair in totals.values()) for part in (0, 1))
    lead = f"{count(len(totals), 'pod')}{place_words(subjects)} use {cores:.2f} cores and {memory / MIB:.0f} MiB:"
    ranked = sorted(totals.items(), key=lambda entry: (-entry[1][0], -entry[1][1], entry[0]))
    lines = [
        f"- {place}/{pod}: {used_[0]:.2f} cores, {used_[1] / MIB:.0f} MiB" for (place, pod), used_ in ranked
    ]
    if not lines:
        return f"The metrics server knows no pod{place_words(subjects)}."
    return capped("\n".join([lead, *limited(lines, SHOWN, "pods")]))


def _all_ready(kind: str, item: JsonObject) -> bool:
    """What runs to an end is never short of pods."""
    status = item.get("status") or {}
    if kind in (CRONJOBS.kind, JOBS.kind):
        return not status.get("failed")
    if kind == DAEMONSETS.kind:
        return int(status.get("numberReady") or 0) >= int(status.get("desiredNumberScheduled") or 0)
    return int(status.get("readyReplicas") or 0) >= desired(item)


def ready_words(kind: str, item: JsonObject) -> str:
    """`2 of 3 ready`; for what runs to an end, how that went."""
    status = item.get("status") or {}
    if kind == CRONJOBS.kind:
        last = instant(status.get("lastScheduleTime"))
        state = "suspended" if (item.get("spec") or {}).get("suspend") else "scheduled"
        return f"{state}, last run {last:%Y-%m-%d %H:%M} UTC" if last else f"{state}, never run"
    if kind == JOBS.kind:
        numbers = [f"{int(status.get(key) or 0)} {key}" for key in ("active", "succeeded", "failed")]
        return ", ".join(numbers)
    if kind == DAEMONSETS.kind:
        wanted = int(status.get("desiredNumberScheduled") or 0)
        return f"{int(status.get('numberReady') or 0)} of {wanted} ready"
    return f"{int(status.get('readyReplicas') or 0)} of {desired(item)} ready"


def _node_line(item: JsonObject, found: Pods, survey: Survey) -> str:
    ready = condition(item, "Ready")
    since = instant(ready.get("lastTransitionTime"))
    words = (
        "ready"
        if _is_ready(item)
        else f"NOT ready ({message(str(ready.get('reason') or 'no condition'), 80)})"
    )
    parts = [f"{words} for {span((survey.now - since).total_seconds())}" if since else words]
    parts += ["cordoned"] if (item.get("spec") or {}).get("unschedulable") else []
    parts += [
        str(entry.get("type"))
        for entry in (item.get("status") or {}).get("conditions") or []
        if entry.get("type") != "Ready" and entry.get("status") == "True"
    ]
    here = [pod for pod in found.pods if pod.facts.node == name(item)]
    parts += (
        [] if found.why else [f"{count(len(here), 'pod')}, {sum(bool(pod.trouble) for pod in here)} not well"]
    )
    return f"- {name(item)}: {', '.join(parts)}"


def _service_line(item: JsonObject, found: Pods) -> str:
    selector = (item.get("spec") or {}).get("selector") or {}
    place = f"- {namespace_of(item)}/{name(item)}"
    if not selector:
        return f"{place}: selects no pods"
    behind = [
        p for p in found.pods if p.namespace == namespace_of(item) and selector.items() <= p.labels.items()
    ]
    return f"{place}: {sum(pod.facts.ready for pod in behind)} of {count(len(behind), 'pod')} ready"


def _is_ready(node: JsonObject) -> bool:
    return bool(condition(node, "Ready").get("status") == "True")


def _wanted(item: JsonObject, subjects: Sequence[Subject]) -> bool:
    return not subjects or any(
        namespace_of(item) == subject.name
        if subject.kind == NAMESPACES.kind
        else (namespace_of(item), name(item)) == (subject.namespace, subject.name)
        for subject in subjects
    )


def _is_owned(item: JsonObject) -> bool:
    return bool(metadata(item).get("ownerReferences"))
