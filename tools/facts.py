"""Facts out of Kubernetes objects: pure, tolerant of absent fields, no reading (section 6.1).

A field that the API leaves out is its zero value. Messages are redacted here, so that no record ever holds
a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tools.excerpts import message
from tools.objects import (
    EPOCH,
    condition,
    container_statuses,
    controller,
    created,
    desired,
    event_time,
    first_event_time,
    instant,
    metadata,
    name,
    revision_number,
    surge,
    termination,
    uid,
)
from tools.records import ContainerFacts, EventFacts, PodFacts, RevisionFacts, WorkloadFacts
from tools.resources import JsonObject
from tools.revisions import RevisionSeen
from tools.rollout_plan import rollout_plan
from tools.templates import images, memoryless_digest, release_digest, template_digest
from tools.usage import amount

ILL_SECONDS = 60.0
"""A revision that our ledger saw failing for this long, and never healthy for `PROVED_SECONDS`, was ill."""
PROVED_SECONDS = 600.0
KEPT_KEYS = (
    "sre-agent/",
    "argocd.argoproj.io/",
    "meta.helm.sh/",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/instance",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "olm.owner",
    "kubernetes.io/change-cause",
)
MESSAGE_LIMIT = 1000


def workload_facts(deployment: JsonObject) -> WorkloadFacts:
    """A Deployment's own spec and status."""
    spec, status = deployment.get("spec") or {}, deployment.get("status") or {}
    annotations = metadata(deployment).get("annotations") or {}
    return WorkloadFacts(
        generation=int(metadata(deployment).get("generation") or 0),
        observed_generation=int(status.get("observedGeneration") or 0),
        resource_version=str(metadata(deployment).get("resourceVersion", "")),
        desired=desired(deployment),
        replicas=int(status.get("replicas") or 0),
        updated=int(status.get("updatedReplicas") or 0),
        ready=int(status.get("readyReplicas") or 0),
        available=int(status.get("availableReplicas") or 0),
        paused=bool(spec.get("paused")),
        strategy=str((spec.get("strategy") or {}).get("type") or "RollingUpdate"),
        surge=surge(deployment),
        min_ready_seconds=int(spec.get("minReadySeconds") or 0),
        progressing_reason=str(condition(deployment, "Progressing").get("reason", "")),
        revision=revision_number(deployment),
        template_digest=template_digest(spec.get("template") or {}),
        created_at=created(deployment),
        annotations=kept(annotations),
        labels=kept(metadata(deployment).get("labels") or {}),
        priority_class=str(_pod_spec(spec).get("priorityClassName") or ""),
        rollout=rollout_plan(deployment),
    )


def _pod_spec(spec: JsonObject) -> JsonObject:
    return (spec.get("template") or {}).get("spec") or {}


def kept(keys: Mapping[str, str]) -> dict[str, str]:
    """Labels or annotations that rules read; all others may hold anything."""
    return {key: message(str(value)) for key, value in keys.items() if key.startswith(KEPT_KEYS)}


def pod_facts(pods: Iterable[JsonObject], *, limit: int = 100) -> tuple[PodFacts, ...]:
    """Pods not terminating first, those that are not ready before the ready ones, at most `limit`."""
    facts = [_pod(pod) for pod in pods]
    facts.sort(key=lambda pod: (pod.deleting, pod.ready, pod.created_at, pod.name))
    return tuple(facts[:limit])


def _pod(pod: JsonObject) -> PodFacts:
    status, ready, specs = pod.get("status") or {}, condition(pod, "Ready"), _specs(pod)
    scheduled = condition(pod, "PodScheduled")
    return PodFacts(
        name=name(pod),
        uid=uid(pod),
        node=str((pod.get("spec") or {}).get("nodeName") or ""),
        phase=str(status.get("phase") or ""),
        reason=str(status.get("reason") or ""),
        ready=ready.get("status") == "True",
        ready_changed_at=instant(ready.get("lastTransitionTime")),
        unschedulable=message(str(scheduled.get("message") or ""))
        if scheduled.get("status") == "False"
        else "",
        created_at=created(pod),
        deleting="deletionTimestamp" in metadata(pod),
        owner_uid=str((controller(pod) or {}).get("uid", "")),
        containers=tuple(_container(entry, init, specs) for entry, init in container_statuses(pod)),
    )


def _specs(pod: JsonObject) -> dict[str, JsonObject]:
    """Containers and init containers of the pod's own spec, by name: it holds what a LimitRange filled in."""
    spec = pod.get("spec") or {}
    listed = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    return {str(container.get("name", "")): container for container in listed}


def _container(entry: JsonObject, init: bool, specs: Mapping[str, JsonObject]) -> ContainerFacts:
    spec = specs.get(str(entry.get("name", "")), {})
    state = entry.get("state") or {}
    waiting, ended = state.get("waiting") or {}, termination(entry)
    return ContainerFacts(
        name=str(entry.get("name", "")),
        image=message(str(entry.get("image") or "")),
        image_id=message(str(entry.get("imageID") or "")),
        init=init,
        ready=bool(entry.get("ready")),
        restart_count=int(entry.get("restartCount") or 0),
        waiting_reason=str(waiting.get("reason") or ""),
        waiting_message=message(str(waiting.get("message") or ""), MESSAGE_LIMIT),
        running_since=instant((state.get("running") or {}).get("startedAt")),
        exit_code=ended.get("exitCode"),
        exit_reason=str(ended.get("reason") or ""),
        exit_started_at=instant(ended.get("startedAt")),
        exit_finished_at=instant(ended.get("finishedAt")),
        exit_message=message(str(ended.get("message") or ""), MESSAGE_LIMIT),
        cpu_request=amount(spec, "requests", "cpu"),
        cpu_limit=amount(spec, "limits", "cpu"),
        memory_request=amount(spec, "requests", "memory"),
        memory_limit=amount(spec, "limits", "memory"),
    )


def revision_facts(
    replicasets: Iterable[JsonObject], seen: Iterable[RevisionSeen] = ()
) -> tuple[RevisionFacts, ...]:
    """ReplicaSets as revisions, newest first, joined with what our own ledger saw of their templates."""
    ordered = sorted(replicasets, key=lambda item: (revision_number(item), created(item)), reverse=True)
    ledger = {entry.template_digest: entry for entry in seen}
    births = sorted(created(item) for item in ordered)
    return tuple(_revision(item, ledger, births) for item in ordered)


def _revision(
    item: JsonObject, ledger: Mapping[str, RevisionSeen], births: Sequence[datetime]
) -> RevisionFacts:
    template = (item.get("spec") or {}).get("template") or {}
    status, digest = item.get("status") or {}, template_digest(template)
    seen = ledger.get(digest)
    successor = next((birth for birth in births if birth > created(item)), None)
    return RevisionFacts(
        number=revision_number(item),
        name=name(item),
        uid=uid(item),
        created_at=created(item),
        template_digest=digest,
        release_digest=release_digest(template),
        memoryless_digest=memoryless_digest(template),
        memory_limits=_memory_limits(template),
        images=tuple(message(image) for image in images(template)),
        replicas=int(status.get("replicas") or 0),
        ready=int(status.get("readyReplicas") or 0),
        available=int(status.get("availableReplicas") or 0),
        seen_healthy_seconds=seen.healthy_seconds if seen else None,
        seen_current_seconds=(successor - created(item)).total_seconds() if successor else None,
        seen_ill=_ill(seen),
    )


def _memory_limits(template: JsonObject) -> dict[str, float]:
    containers = (template.get("spec") or {}).get("containers") or []
    found = {str(c.get("name", "")): amount(c, "limits", "memory") for c in containers}
    return {name: limit for name, limit in found.items() if limit}


def _ill(seen: RevisionSeen | None) -> bool:
    return seen is not None and seen.ill_seconds >= ILL_SECONDS and seen.healthy_seconds < PROVED_SECONDS


def event_facts(events: Iterable[JsonObject], *, limit: int = 10) -> tuple[EventFacts, ...]:
    """Events merged by object kind, reason and message, warnings first, then newest first; at most `limit`."""
    merged: dict[tuple[str, str, str], EventFacts] = {}
    for event in events:
        fact = _event(event)
        key = (fact.kind, fact.reason, _template(fact.message))
        merged[key] = _merge(merged[key], fact) if key in merged else fact
    ordered = sorted(
        merged.values(), key=lambda fact: (fact.type == "Warning", fact.last_seen or EPOCH), reverse=True
    )
    return tuple(ordered[:limit])


def _event(event: JsonObject) -> EventFacts:
    involved: dict[str, Any] = event.get("involvedObject") or {}
    count = event.get("count") or (event.get("series") or {}).get("count") or 1
    return EventFacts(
        kind=str(involved.get("kind", "")),
        name=str(involved.get("name", "")),
        type=str(event.get("type", "")),
        reason=message(str(event.get("reason") or ""), 100),
        message=message(str(event.get("message") or "")),
        count=int(count),
        last_seen=event_time(event),
        first_seen=first_event_time(event),
    )


def _merge(first: EventFacts, second: EventFacts) -> EventFacts:
    newer = second if (second.last_seen or EPOCH) >= (first.last_seen or EPOCH) else first
    begun = [at for at in (first.first_seen, second.first_seen) if at]
    by_then = max(begun) if len(begun) == 2 else None
    return newer.model_copy(update={"count": first.count + second.count, "first_seen": by_then})


def _template(text: str) -> str:
    """The message without what differs between pods: names after a slash, numbers, hashes."""
    return " ".join(word for word in text.split() if not any(char.isdigit() for char in word))
