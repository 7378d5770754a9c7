"""Small evidence, policy facts and observations with sensible defaults, for tests of the pure rules.

Times are given in seconds before `NOW` (evidence) or after `SENT` (looks), since that is how tests tell stories.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from graph.policy import PolicyFacts
from tools.records import (
    ActionCall,
    Alert,
    ContainerFacts,
    ContainerObservation,
    DependencyFacts,
    Evidence,
    EvidenceItem,
    ItemStatus,
    NodeFacts,
    Observation,
    PodFacts,
    PodObservation,
    Receipt,
    RevisionFacts,
    Similar,
    Target,
    WorkloadFacts,
)

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
SENT = NOW
DAY = 86400.0
NEW, OLD = "digest-new", "digest-old"
TARGET = Target(kind="Deployment", namespace="shop", name="web", uid="uid-web")
KINDS = ("workload", "pods", "revisions", "revision_diff", "events", "previous_logs", "dependencies")


def ago(seconds: float) -> datetime:
    """An instant before `NOW`."""
    return NOW - timedelta(seconds=seconds)


def after(seconds: float) -> datetime:
    """An instant after the write."""
    return SENT + timedelta(seconds=seconds)


def back_off(
    restarts: int = 5,
    *,
    life: float | None = 2.0,
    ended: float = 60.0,
    code: int = 1,
    reason: str = "Error",
    delay: str = "",
    **more: Any,
) -> ContainerFacts:
    """A container in CrashLoopBackOff whose last run lasted `life` and ended `ended` seconds ago."""
    message = f"back-off {delay} restarting failed container=app pod=web" if delay else ""
    return ContainerFacts(
        name=more.pop("name", "app"),
        restart_count=restarts,
        waiting_reason="CrashLoopBackOff",
        waiting_message=message,
        exit_code=code,
        exit_reason=reason,
        exit_started_at=None if life is None else ago(ended + life),
        exit_finished_at=ago(ended),
        **more,
    )


def restarted(
    running: float, *, life: float = 2.0, gap: float = 10.0, restarts: int = 5, **more: Any
) -> ContainerFacts:
    """A container that runs for `running` seconds now, after it had ended `gap` seconds earlier."""
    ended = running + gap
    return ContainerFacts(
        name="app",
        restart_count=restarts,
        running_since=ago(running),
        exit_code=more.pop("code", 1),
        exit_reason=more.pop("reason", "Error"),
        exit_started_at=ago(ended + life),
        exit_finished_at=ago(ended),
        **more,
    )


def well(running: float = DAY, **more: Any) -> ContainerFacts:
    """A container that has run since its start."""
    return ContainerFacts(name=more.pop("name", "app"), ready=True, running_since=ago(running), **more)


def waits(reason: str, **more: Any) -> ContainerFacts:
    """A container that has never started."""
    return ContainerFacts(name="app", image="registry.example/web:1.1", waiting_reason=reason, **more)


def pod(
    name: str,
    revision: str,
    *containers: ContainerFacts,
    age: float = 600.0,
    ready: bool = False,
    **more: Any,
) -> PodFacts:
    """A pod of a ReplicaSet, by the ReplicaSet's name; not ready since its birth unless told."""
    changed = more.pop("ready_changed", age)
    return PodFacts(
        name=name,
        uid=f"uid-{name}",
        phase=more.pop("phase", "Running"),
        ready=ready,
        created_at=ago(age),
        ready_changed_at=None if changed is None else ago(changed),
        owner_uid=f"uid-{revision}",
        containers=containers,
        **more,
    )


def ready_pod(name: str, revision: str, *, age: float = DAY, **more: Any) -> PodFacts:
    """A pod that has been ready since it started."""
    return pod(name, revision, well(age), age=age, ready=True, **more)


def pods(count: int, revision: str, *containers: ContainerFacts, **more: Any) -> tuple[PodFacts, ...]:
    """Pods alike."""
    return tuple(pod(f"{revision}-{i}", revision, *containers, **more) for i in range(count))


def ready_pods(count: int, revision: str, *, age: float = DAY) -> tuple[PodFacts, ...]:
    """Ready pods alike."""
    return tuple(ready_pod(f"{revision}-{i}", revision, age=age) for i in range(count))


def revision(
    number: int, *, name: str = "", digest: str = OLD, age: float = DAY * 3, **more: Any
) -> RevisionFacts:
    """A ReplicaSet, named `rs<number>` unless told."""
    name = name or f"rs{number}"
    return RevisionFacts(
        number=number, name=name, uid=f"uid-{name}", created_at=ago(age), template_digest=digest, **more
    )


def workload(**more: Any) -> WorkloadFacts:
    """A Deployment of three pods on template NEW, observed and complete unless told."""
    return WorkloadFacts(
        **{
            "generation": 2,
            "observed_generation": 2,
            "resource_version": "100",
            "desired": 3,
            "replicas": 3,
            "updated": 3,
            "ready": 3,
            "available": 3,
            "progressing_reason": "NewReplicaSetAvailable",
            "template_digest": NEW,
            "created_at": ago(30 * DAY),
            **more,
        }
    )


def dependency(service: str = "database", **more: Any) -> DependencyFacts:
    """A Service with one ready pod."""
    return DependencyFacts(**{"service": service, "pods": 1, "ready": 1, **more})


def item(kind: str, status: ItemStatus = "found", number: int = 1) -> EvidenceItem:
    """One thing that was read, or was not."""
    return EvidenceItem(id=f"e{number}", kind=kind, status=status, query="GET", summary=f"{kind}: {status}")


def items(**unread: ItemStatus) -> tuple[EvidenceItem, ...]:
    """One found item of every kind, but for those named."""
    return tuple(item(kind, unread.get(kind, "found"), n) for n, kind in enumerate(KINDS, start=1))


def evidence(**more: Any) -> Evidence:
    """Everything was read; a Deployment on template NEW."""
    return Evidence(**{"collected_at": NOW, "items": items(), "workload": workload(), **more})


def released(*failing: PodFacts, older: Sequence[PodFacts] = (), age: float = 600.0, **more: Any) -> Evidence:
    """Revision 2 was released `age` seconds ago over revision 1, which had run for three days."""
    serving = sum(p.ready for p in older)
    previous = revision(1, replicas=len(older), ready=serving, seen_current_seconds=3 * DAY - age)
    current = revision(2, digest=NEW, age=age, replicas=len(failing))
    return evidence(**{"pods": (*failing, *older), "revisions": (current, previous), **more})


def node_under(ready: str = "True") -> NodeFacts:
    """The node that odd pods are on."""
    reason = "Kubelet stopped posting node status."
    return NodeFacts(name="node-1", uid="uid-node-1", ready=ready, reason=reason)


def among_siblings(*unwell: PodFacts, siblings: Sequence[PodFacts] = (), **more: Any) -> Evidence:
    """Unwell pods of revision 2 beside siblings that are ready, in a complete rollout."""
    count, ready = len(unwell) + len(siblings), len(siblings)
    counts = {"desired": count, "replicas": count, "updated": count, "ready": ready, "available": ready}
    return evidence(
        **{
            "pods": (*unwell, *siblings),
            "workload": workload(**counts),
            "revisions": (revision(2, digest=NEW, replicas=count, ready=ready),),
            "nodes": (node_under(),),
            "items": (*items(), item("nodes", number=8)),
            **more,
        }
    )


def alert(name: str = "KubePodCrashLooping", *, severity: str = "warning", status: Any = "firing") -> Alert:
    """One alert."""
    labels = {"alertname": name, "severity": severity, "namespace": "shop"}
    return Alert(fingerprint=name, status=status, labels=labels, starts_at=ago(900))


def policy_facts(**more: Any) -> PolicyFacts:
    """A confident restart of a workload that is wholly down: nothing stands in its way in mode auto."""
    return PolicyFacts(
        **{
            "now": NOW,
            "target": TARGET,
            "action": "restart_deployment",
            "family": "restart",
            "risk": "medium",
            "problem": "transient_crash",
            "confidence": 0.95,
            "desired": 3,
            "ready": 0,
            **more,
        }
    )


def similar(verdict: str, **more: Any) -> Similar:
    """A past restart of the same workload for the same class."""
    return Similar(
        **{
            "incident_id": "i0",
            "problem": "transient_crash",
            "action": "restart_deployment",
            "verdict": verdict,
            "same_workload": True,
            "closed_at": ago(DAY),
            **more,
        }
    )


def container_seen(**more: Any) -> ContainerObservation:
    """A container that runs well."""
    return ContainerObservation(**{"name": "app", "ready": True, "restart_count": 0, **more})


def pod_seen(name: str, *, ready: bool = True, **container: Any) -> PodObservation:
    """A pod with one container, by default well."""
    seen = container_seen(**{"ready": ready, **container})
    return PodObservation(name=name, uid=f"uid-{name}", ready=ready, containers=(seen,))


WELL = (pod_seen("a"), pod_seen("b"), pod_seen("c"))


def look(at: float, *pods_seen: PodObservation, **more: Any) -> Observation:
    """A look `at` seconds after the write: rolled out and well unless told; counts follow from the pods."""
    seen = pods_seen or WELL
    up = sum(p.ready for p in seen)
    counts = {"desired": 3, "replicas": len(seen), "updated": len(seen), "ready": up, "available": up}
    return Observation(
        **{
            "at": after(at),
            "uid": TARGET.uid,
            "generation": 5,
            "observed_generation": 5,
            "template_digest": OLD,
            "pods": seen,
            **counts,
            **more,
        }
    )


def blind(at: float) -> Observation:
    """A look that failed."""
    return Observation(at=after(at), error="503: the API server is overloaded")


def receipt(**more: Any) -> Receipt:
    """A rollback that made generation 5 of a workload none of whose pods was available."""
    before = Observation(at=SENT, uid=TARGET.uid, generation=4, observed_generation=4, desired=3)
    return Receipt(
        **{
            "key": "k1",
            "call": ActionCall(name="rollback_deployment"),
            "target": TARGET,
            "sent_at": SENT,
            "outcome": "done",
            "generation": 5,
            "template_digest": OLD,
            "before": before,
            **more,
        }
    )


def before(available: int = 0, *pods_seen: PodObservation, **more: Any) -> Observation:
    """The workload just before the write."""
    return look(0, *pods_seen, **{"available": available, "template_digest": NEW, **more})
