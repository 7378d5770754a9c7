"""Facts out of Kubernetes objects: pure, tolerant of absent fields, no reading (section 6.1).

A field that the API leaves out is its zero value. Messages are redacted here, so that no record ever holds
a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import reduce
from typing import Any

from tools.excerpts import message
from tools.migrators import migrates
from tools.notes import notes
from tools.objects import (
    EPOCH,
    began,
    condition,
    container_statuses,
    controller,
    created,
    event_time,
    first_event_time,
    instant,
    metadata,
    name,
    revision_number,
    termination,
    uid,
)
from tools.pod_requests import requested
from tools.probes import probe_facts
from tools.records import ContainerFacts, EventFacts, PodFacts, RevisionFacts, WorkloadFacts
from tools.references import keys_named, references
from tools.resources import DEPLOYMENTS, JsonObject
from tools.revisions import RevisionSeen
from tools.rollout_plan import pod_spec, rollout_plan
from tools.templates import images, init_digests, memoryless_digest, release_digest, template_digest
from tools.usage import amount
from tools.workload_revisions import (
    current_revision,
    is_controller_revision,
    is_of,
    mark_of,
    newest_first,
    number_of,
    template_of,
)
from tools.workload_status import counts, is_ordered, strategy_of, unavailable_since

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
EVENT_LIMIT = 500


def workload_facts(
    workload: JsonObject, kind: str = DEPLOYMENTS.kind, revisions: Sequence[JsonObject] = ()
) -> WorkloadFacts:
    """The own spec and status of a workload that has revisions; `revisions`, newest first, where it names none."""
    spec, status = workload.get("spec") or {}, workload.get("status") or {}
    annotations = metadata(workload).get("annotations") or {}
    current, plan = current_revision(workload, revisions), rollout_plan(workload)
    return WorkloadFacts(
        generation=int(metadata(workload).get("generation") or 0),
        observed_generation=int(status.get("observedGeneration") or 0),
        resource_version=str(metadata(workload).get("resourceVersion", "")),
        **counts(workload, kind)._asdict(),
        paused=bool(spec.get("paused")),
        strategy=strategy_of(workload, kind),
        surge=plan.surge,
        min_ready_seconds=int(spec.get("minReadySeconds") or 0),
        progressing_reason=str(condition(workload, "Progressing").get("reason", "")),
        progress_deadline_seconds=int(spec.get("progressDeadlineSeconds") or 600),
        revision=revision_number(workload) or (number_of(current) if current else 0),
        template_digest=template_digest(template_of(workload)),
        created_at=created(workload),
        annotations=kept(annotations),
        notes=notes(annotations),
        labels=kept(metadata(workload).get("labels") or {}),
        priority_class=str(pod_spec(spec).get("priorityClassName") or ""),
        rollout=plan,
        kind=kind,
        containers=_names(pod_spec(spec)),
        probes=probe_facts(pod_spec(spec)),
        ordered=is_ordered(workload, kind),
        unavailable_since=unavailable_since(workload),
    )


def _names(spec: JsonObject) -> tuple[str, ...]:
    listed = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    return tuple(str(container.get("name", "")) for container in listed)


def kept(keys: Mapping[str, str]) -> dict[str, str]:
    """Labels or annotations that rules read; all others may hold anything."""
    return {key: message(str(value)) for key, value in keys.items() if key.startswith(KEPT_KEYS)}


def pod_facts(
    pods: Iterable[JsonObject], *, revisions: Sequence[JsonObject] = (), limit: int = 100
) -> tuple[PodFacts, ...]:
    """Pods not terminating first, those that are not ready before the ready ones, at most `limit`.

    `revisions`: ControllerRevisions, by which pods are told apart whose controller is the workload itself.
    """
    facts = [_pod(pod, revisions) for pod in pods]
    facts.sort(key=lambda pod: (pod.deleting, pod.ready, pod.created_at, pod.name))
    return tuple(facts[:limit])


def _pod(pod: JsonObject, revisions: Sequence[JsonObject]) -> PodFacts:
    owner = str((controller(pod) or {}).get("uid", ""))
    own = [item for item in revisions if is_controller_revision(item) and is_of(pod, owner, item)]
    status, ready, specs = pod.get("status") or {}, condition(pod, "Ready"), _specs(pod)
    scheduled = condition(pod, "PodScheduled")
    return PodFacts(
        name=name(pod),
        uid=uid(pod),
        node=str((pod.get("spec") or {}).get("nodeName") or ""),
        phase=str(status.get("phase") or ""),
        reason=str(status.get("reason") or ""),
        message=message(str(status.get("message") or "")),
        ready=ready.get("status") == "True",
        ready_changed_at=instant(ready.get("lastTransitionTime")),
        unschedulable=message(str(scheduled.get("message") or ""))
        if scheduled.get("status") == "False"
        else "",
        created_at=created(pod),
        deleting="deletionTimestamp" in metadata(pod),
        gone_by=instant(metadata(pod).get("deletionTimestamp")),
        put_out_by=_put_out_by(pod),
        finalizers=tuple(str(text) for text in metadata(pod).get("finalizers") or []),
        claims=claims_of(pod),
        cpu_request=requested(pod, "cpu"),
        memory_request=requested(pod, "memory"),
        owner_uid=uid(own[0]) if own else owner,
        revision_mark=mark_of(pod),
        containers=tuple(_container(entry, init, specs) for entry, init in container_statuses(pod)),
        finishes=(pod.get("spec") or {}).get("restartPolicy", "Always") != "Always",
    )


def _put_out_by(pod: JsonObject) -> str:
    target = condition(pod, "DisruptionTarget")
    return message(str(target.get("reason") or ""), 100) if target.get("status") == "True" else ""


def claims_of(pod: JsonObject) -> tuple[str, ...]:
    """The PersistentVolumeClaims that a pod mounts, in its order; a generic ephemeral volume's is named after both."""
    found = []
    for volume in (pod.get("spec") or {}).get("volumes") or []:
        if claim := (volume.get("persistentVolumeClaim") or {}).get("claimName"):
            found.append(str(claim))
        elif volume.get("ephemeral"):
            found.append(f"{name(pod)}-{volume.get('name', '')}")
    return tuple(found)


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
        sidecar=init and spec.get("restartPolicy") == "Always",
        ready=bool(entry.get("ready")),
        restart_count=int(entry.get("restartCount") or 0),
        waiting_reason=str(waiting.get("reason") or ""),
        waiting_message=message(str(waiting.get("message") or ""), MESSAGE_LIMIT),
        running_since=instant((state.get("running") or {}).get("startedAt")),
        exit_code=ended.get("exitCode"),
        exit_reason=str(ended.get("reason") or ""),
        exit_started_at=began(ended),
        exit_finished_at=instant(ended.get("finishedAt")),
        exit_message=message(str(ended.get("message") or ""), MESSAGE_LIMIT),
        cpu_request=amount(spec, "requests", "cpu"),
        cpu_limit=amount(spec, "limits", "cpu"),
        memory_request=amount(spec, "requests", "memory"),
        memory_limit=amount(spec, "limits", "memory"),
        migrates=init and migrates(spec),
    )


def revision_facts(
    revisions: Sequence[JsonObject],
    seen: Iterable[RevisionSeen] = (),
    pods: Sequence[JsonObject] = (),
) -> tuple[RevisionFacts, ...]:
    """ReplicaSets or ControllerRevisions, newest first, joined with what our own ledger saw of their templates.

    `pods`, of the workload: they tell how many of a ControllerRevision there are, which has no status of its own.
    """
    ordered = newest_first(revisions)
    ledger = {entry.template_digest: entry for entry in seen}
    births = sorted(created(item) for item in ordered)
    return tuple(_revision(item, ledger, births, _numbers(item, pods)) for item in ordered)


def _numbers(item: JsonObject, pods: Sequence[JsonObject]) -> dict[str, int]:
    """Of a ControllerRevision's pods nobody counts which are available: as many as are ready."""
    if not is_controller_revision(item):
        status = item.get("status") or {}
        names = {"replicas": "replicas", "ready": "readyReplicas", "available": "availableReplicas"}
        return {name: int(status.get(field) or 0) for name, field in names.items()}
    workload = str((controller(item) or {}).get("uid", ""))
    own = [pod for pod in pods if "deletionTimestamp" not in metadata(pod) and is_of(pod, workload, item)]
    ready = sum(condition(pod, "Ready").get("status") == "True" for pod in own)
    return {"replicas": len(own), "ready": ready, "available": ready}


def _revision(
    item: JsonObject,
    ledger: Mapping[str, RevisionSeen],
    births: Sequence[datetime],
    numbers: Mapping[str, int],
) -> RevisionFacts:
    template = template_of(item)
    digest = template_digest(template)
    seen = ledger.get(digest)
    successor = next((birth for birth in births if birth > created(item)), None)
    return RevisionFacts(
        number=number_of(item),
        name=name(item),
        uid=uid(item),
        created_at=created(item),
        template_digest=digest,
        release_digest=release_digest(template),
        memoryless_digest=memoryless_digest(template),
        memory_limits=_memory_limits(template),
        images=tuple(message(image) for image in images(template)),
        init_digests=init_digests(template),
        refers_to=(
            *dict.fromkeys(f"{reference.kind} {reference.name}" for reference in references(template)),
            *keys_named(template),
        ),
        **numbers,
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
    alike: dict[tuple[str, str, str], list[EventFacts]] = {}
    for event in events:
        fact = _event(event)
        alike.setdefault((fact.kind, fact.reason, _template(fact.message)), []).append(fact)
    ordered = sorted(
        map(_merged, alike.values()),
        key=lambda fact: (fact.type == "Warning", fact.last_seen or EPOCH),
        reverse=True,
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
        message=message(str(event.get("message") or ""), EVENT_LIMIT),
        count=int(count),
        last_seen=event_time(event),
        first_seen=first_event_time(event),
        related=_related(event.get("related") or {}),
    )


def _related(reference: JsonObject) -> str:
    if not reference.get("name"):
        return ""
    place = f"{reference['namespace']}/" if reference.get("namespace") else ""
    return message(f"{reference.get('kind', '')} {place}{reference['name']}", 200)


def _merged(alike: Sequence[EventFacts]) -> EventFacts:
    objects = len({fact.name for fact in alike})
    return reduce(_merge, alike).model_copy(update={"objects": objects})


def _merge(first: EventFacts, second: EventFacts) -> EventFacts:
    newer = second if (second.last_seen or EPOCH) >= (first.last_seen or EPOCH) else first
    begun = [at for at in (first.first_seen, second.first_seen) if at]
    by_then = max(begun) if len(begun) == 2 else None
    return newer.model_copy(update={"count": first.count + second.count, "first_seen": by_then})


def _template(text: str) -> str:
    """The message without what differs between pods: names after a slash, numbers, hashes."""
    return " ".join(word for word in text.split() if not any(char.isdigit() for char in word))
