"""What tools take and give: frozen, JSON-shaped, safe to checkpoint.

Every record forbids unknown fields and is immutable. Fields are additive only: a checkpoint written by an
older release must still load, so a new field always has a default. Instants are timezone-aware UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

Argument: TypeAlias = str | int | bool | None
ItemStatus: TypeAlias = Literal["found", "no_data", "forbidden", "failed", "absent"]
"""`absent`: its source is not configured, so that nobody was asked; nothing is missing then."""
UsageSource: TypeAlias = Literal["metrics.k8s.io", "Prometheus"]
Risk: TypeAlias = Literal["medium", "high", "off"]
Level: TypeAlias = Literal["shadow", "approve", "auto"]
"""How far the agent may go by itself."""
LEVELS: tuple[Level, ...] = ("shadow", "approve", "auto")
"""From the narrowest on."""
VerdictName: TypeAlias = Literal[
    "RECOVERED", "PROVISIONAL", "NOT_RECOVERED", "REGRESSED", "SUPERSEDED", "INCONCLUSIVE"
]


class Record(BaseModel):
    """Base of everything that crosses a module border."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Alert(Record):
    """One alert of an Alertmanager v4 body, normalised (kubernetes.md R1.1, R1.3)."""

    fingerprint: str
    """Alertmanager's, or our own over the labels without replica labels (R1.12)."""
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: datetime
    ends_at: datetime | None = None
    """None while firing: Alertmanager's year 0001 never gets past the parser."""
    generator_url: str = ""

    @property
    def name(self) -> str:
        """The `alertname` label, or an empty string."""
        return self.labels.get("alertname", "")

    @property
    def severity(self) -> str:
        """The `severity` label, or an empty string."""
        return self.labels.get("severity", "")


class Target(Record):
    """The workload (or node) that an incident is about; `uid` is what every write is bound to."""

    kind: str
    namespace: str
    """Empty for cluster-scoped kinds."""
    name: str
    uid: str
    resolved_by: Literal["labels", "owner", "prometheus", "events", "name_pattern", "service"] = "owner"
    """How it was found; `name_pattern` and `service` cap the route at `ask` (R3.5)."""
    managed_by: str = ""
    """`argocd`, `flux`, `helm`, `operator` or empty."""

    @property
    def supposed(self) -> bool:
        """Neither the alert nor an owner names it: it only looks like the one, so that a person decides (R3.5)."""
        return self.resolved_by in ("name_pattern", "service")

    def short(self) -> dict[str, str]:
        """The three fields that the decision record shows."""
        return {"kind": self.kind, "namespace": self.namespace, "name": self.name}


class ContainerFacts(Record):
    """One container's status as the kubelet reports it. Durations follow from the instants."""

    name: str
    image: str = ""
    image_id: str = ""
    """As the runtime tells it: a tag that was moved shows only here."""
    init: bool = False
    sidecar: bool = False
    """An init container that is restarted always: it is meant to run beside the others."""
    ready: bool = False
    restart_count: int = 0
    waiting_reason: str = ""
    waiting_message: str = ""
    running_since: datetime | None = None
    exit_code: int | None = None
    """Of the newest termination, whether in `state` or `lastState`."""
    exit_reason: str = ""
    exit_started_at: datetime | None = None
    exit_finished_at: datetime | None = None
    exit_message: str = ""
    """Termination message, redacted, at most 1 KB."""
    cpu_request: float | None = None
    """Cores, of the pod's own spec; None where there is none."""
    cpu_limit: float | None = None
    memory_request: float | None = None
    """Bytes, of the pod's own spec."""
    memory_limit: float | None = None
    migrates: bool = False
    """An init container that changes a database, by its name, image or command: `tools/migrators.py`."""


class PodFacts(Record):
    """One pod of the target's workload."""

    name: str
    uid: str
    node: str = ""
    phase: str = ""
    reason: str = ""
    message: str = ""
    """Of the status, redacted: why it was evicted."""
    ready: bool = False
    ready_changed_at: datetime | None = None
    """`lastTransitionTime` of the Ready condition."""
    unschedulable: str = ""
    """Message of PodScheduled=False, else empty."""
    created_at: datetime
    deleting: bool = False
    gone_by: datetime | None = None
    """`deletionTimestamp`: by then it should be gone, its grace period included."""
    put_out_by: str = ""
    """Reason of DisruptionTarget=True: `PreemptionByScheduler`, `EvictionByEvictionAPI`; empty: nobody puts it out."""
    finalizers: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    """PersistentVolumeClaims that it mounts."""
    cpu_request: float | None = None
    """Cores that the scheduler has to find for it, all containers together; None: not read."""
    memory_request: float | None = None
    """Bytes, likewise."""
    owner_uid: str = ""
    """uid of the controlling ReplicaSet; for the other kinds, of the ControllerRevision that it was made of."""
    revision_mark: str = ""
    """Of such a pod: how its controller marks the revision."""
    containers: tuple[ContainerFacts, ...] = ()
    finishes: bool = False
    """Its restartPolicy is not Always: a container that ends with 0 has done its work."""


class RevisionFacts(Record):
    """One ReplicaSet of a Deployment, or one ControllerRevision of the other kinds, seen as a revision."""

    number: int
    name: str
    uid: str
    created_at: datetime
    template_digest: str
    """sha256 of the pod template without pod-template-hash, restartedAt and our own keys (R4.11)."""
    release_digest: str = ""
    """The same without marks of the configuration that is mounted: equal ones run the same containers."""
    memoryless_digest: str = ""
    """As `template_digest`, without what its containers may have and ask for of memory."""
    memory_limits: dict[str, float] = {}
    """Container -> bytes, where it has a limit."""
    images: tuple[str, ...] = ()
    init_digests: dict[str, str] = {}
    """Init container -> sha256 of its spec without secrets: equal ones do the same."""
    refers_to: tuple[str, ...] = ()
    """`ConfigMap rates`, `Secret db key password`: what its template names."""
    replicas: int = 0
    ready: int = 0
    available: int = 0
    seen_healthy_seconds: float | None = None
    """Longest uninterrupted time that our own ledger saw it fully ready; None = the ledger never saw it."""
    told_healthy_seconds: float | None = None
    """The same by Prometheus, in the hour before the present release; None = it was not asked, or does not know."""
    seen_current_seconds: float | None = None
    """How long it was the current revision, where that can be told from its successor's creation."""
    seen_ill: bool = False
    """The ledger saw its pods failing while it was current."""


class RolloutPlan(Record):
    """What a rollout of the workload would do, by its spec."""

    strategy: str = "RollingUpdate"
    """`RollingUpdate`, `Recreate` or `OnDelete`."""
    surge: int = 0
    """Pods beyond the wanted number, at the most."""
    may_be_missing: int = 0
    """Of the wanted pods, at the most."""
    partition: int = 0
    """A StatefulSet's: pods below that number stay as they are."""
    claims: tuple[str, ...] = ()
    """PersistentVolumeClaims that all of its pods share."""
    host_ports: tuple[int, ...] = ()


class ProbeFacts(Record):
    """A probe of a container of the workload's template, with Kubernetes' defaults where it names none."""

    container: str
    kind: Literal["startup", "liveness", "readiness"]
    asks: str
    """`GET :8080/healthz`, `TCP :5432`, `gRPC :9000`, `a command`; commands themselves are not kept."""
    period_seconds: int = 10
    timeout_seconds: int = 1
    failures: int = 3
    """In a row, before it counts as failed."""
    delay_seconds: int = 0


class WorkloadFacts(Record):
    """The workload's own spec and status, as far as rules read them."""

    generation: int
    observed_generation: int = 0
    resource_version: str
    desired: int
    replicas: int = 0
    updated: int = 0
    ready: int = 0
    available: int = 0
    paused: bool = False
    strategy: str = "RollingUpdate"
    surge: int = 0
    """Pods beyond `desired` that a rolling update may make."""
    min_ready_seconds: int = 0
    progressing_reason: str = ""
    """Reason of the Progressing condition, e.g. `ProgressDeadlineExceeded`."""
    progress_deadline_seconds: int = 600
    """How long a rollout may make no progress."""
    revision: int = 0
    template_digest: str = ""
    created_at: datetime
    annotations: dict[str, str] = {}
    """Only keys that rules read (sre-agent/*, GitOps and Helm marks)."""
    notes: tuple[str, ...] = ()
    """What people wrote on it about why (`tools.notes`): foreign text, quoted."""
    labels: dict[str, str] = {}
    priority_class: str = ""
    """Of the pod template: `system-*` is never written to."""
    rollout: RolloutPlan = RolloutPlan()
    kind: str = "Deployment"
    containers: tuple[str, ...] = ()
    """Of its own template, init containers and sidecars too; what its pods have beyond them was injected."""
    probes: tuple[ProbeFacts, ...] = ()
    ordered: bool = False
    """A StatefulSet that replaces no pod while another one of it is not ready."""
    unavailable_since: datetime | None = None
    """When the Available condition of a Deployment became False; None: it is not, or has none."""


class DependencyFacts(Record):
    """A Service that the workload's containers name in their environment, and the pods behind it."""

    service: str
    pods: int = 0
    ready: int = 0
    recovered_at: datetime | None = None
    """Newest Ready=True transition among its pods, when all are ready."""
    ready_since: datetime | None = None
    """Oldest Ready=True transition among its ready pods: before it, none of these was ready."""
    evidence_id: str = ""


class UsageFacts(Record):
    """What one container uses, as one source tells it: a sample of `metrics.k8s.io`, or Prometheus' newest values."""

    pod: str
    container: str
    cores: float | None
    """None: this source does not tell."""
    memory: float | None
    """Bytes."""
    at: datetime
    source: UsageSource = "metrics.k8s.io"


class MemoryGrowth(Record):
    """What one container held over the last hours of its present life, by Prometheus, reduced to numbers.

    Pods that are gone are among them, for what an older revision held: `current` tells them apart.
    """

    pod: str
    container: str
    points: int
    since: datetime
    at: datetime
    """Of the newest point."""
    first: float
    """Bytes, as are the next three."""
    last: float
    highest: float
    slope: float
    """Of a straight line through all points, per hour."""
    steady: bool
    """It rises through all of the time, not in one jump and not only at first."""
    current: bool = True
    """The pod is there now."""


class AutoscalerFacts(Record):
    """What else decides how many replicas the workload has."""

    kind: str
    """`HorizontalPodAutoscaler`, or KEDA's `ScaledObject`."""
    name: str
    uid: str = ""
    least: int = 0
    most: int = 0
    current: int = 0
    """Replicas as its own status counts them; a ScaledObject tells none."""
    wanted: int = 0
    limited: str = ""
    """Reason of ScalingLimited=True: `TooManyReplicas` at its maximum."""
    limited_since: datetime | None = None
    inactive: str = ""
    """Why it decides nothing now: `FailedGetResourceMetric`, or that it has no status yet; empty: it does."""
    inactive_why: str = ""
    """The same in its own words, redacted."""
    unable: str = ""
    """Why it cannot change the number of replicas: reason and message of AbleToScale=False, redacted."""
    scaled_at: datetime | None = None
    """When it last changed the number of replicas."""
    over: float | None = None
    """The greatest of its metrics, of its target; None: nobody tells one."""
    managed_by: str = ""
    """Of the autoscaler itself: `argocd`, `flux`, `helm`, `operator` (KEDA too) or empty."""


class BudgetFacts(Record):
    """A PodDisruptionBudget that covers pods of the workload, as its controller last counted."""

    name: str
    allowed: int = 0
    """`disruptionsAllowed`."""
    healthy: int = 0
    needed: int = 0
    observed: bool = True
    """The status is about the present spec."""
    unready_always_go: bool = False
    """`unhealthyPodEvictionPolicy: AlwaysAllow`."""


class QuotaFacts(Record):
    """A ResourceQuota of the namespace: what it grants and what is used, cores and bytes and counts."""

    name: str
    hard: dict[str, float] = {}
    used: dict[str, float] = {}


class LimitFacts(Record):
    """The most that a LimitRange of the namespace lets one container have."""

    name: str
    most_memory: float | None = None
    """Bytes."""
    most_cores: float | None = None
    most_pod_memory: float | None = None
    """Bytes, of all containers of one pod together."""


class NodeFacts(Record):
    """A node, as far as rules read it."""

    name: str
    uid: str
    ready: str = "Unknown"
    """Status of the Ready condition: `True`, `False`, `Unknown`."""
    ready_changed_at: datetime | None = None
    reason: str = ""
    """Of the Ready condition, with its message, redacted."""
    schedulable: bool = True
    """Not cordoned."""
    cordoned_by: str = ""
    """Ledger key of our own cordon; empty: not ours."""
    control_plane: bool = False
    zone: str = ""
    pool: str = ""
    going_away: bool = False
    """An autoscaler has marked it for removal."""
    pressures: tuple[str, ...] = ()
    """Conditions other than Ready that are True: `MemoryPressure`."""
    allocatable_memory: float | None = None
    """Bytes."""
    allocatable_cores: float | None = None
    allocatable_pods: int | None = None
    cordoned_at: datetime | None = None
    """Since when the taint of a cordon is there, where it says so."""
    pressure_words: tuple[str, ...] = ()
    """Each of `pressures` with its reason and since when."""
    notes: tuple[str, ...] = ()
    """What people wrote on it about why (`tools.notes`): foreign text, quoted."""
    kubelet_version: str = ""

    @property
    def takes_pods(self) -> bool:
        """Ready, and not cordoned."""
        return self.ready == "True" and self.schedulable


Fate: TypeAlias = Literal["goes", "leaves", "stays", "forbids"]
"""`leaves`: it is being deleted already. `forbids`: the node is not drained because of it."""


class NodePod(Record):
    """A pod on a node, and what a drain of the node would do to it."""

    namespace: str
    name: str
    uid: str
    fate: Fate
    why: str = ""
    owner_kind: str = ""
    owner_name: str = ""
    owner_api: str = ""
    """`apps/v1`."""
    priority_class: str = ""
    disabled_by: str = ""
    """What controls it and has the annotation `sre-agent/disable`: `Deployment shop/web`. Read only for a drain."""
    finished: bool = False
    evicted: str = ""
    """Why the kubelet put it out, in its words, redacted; empty: it did not."""

    @property
    def title(self) -> str:
        """`pod shop/web-1`."""
        return f"pod {self.namespace}/{self.name}"


class JobFacts(Record):
    """A Job: how it went, and who made it."""

    name: str
    uid: str
    created_at: datetime
    ended_at: datetime | None = None
    """When the condition came by which it is complete or has failed."""
    outcome: Literal["", "complete", "failed"] = ""
    """Empty while it runs or waits."""
    reason: str = ""
    """Of the condition Failed, with its message, redacted."""
    tries_failed: int = 0
    """Pods that failed."""
    backoff_limit: int = 6
    active: int = 0
    """Pods that run or wait."""
    suspended: bool = False
    owner_kind: str = ""
    """Of its controller: empty where it has none; `CronJob`; of a group that is not built in with the group."""
    owner_name: str = ""
    owner_uid: str = ""


class CronJobFacts(Record):
    """A CronJob, as far as rules read it."""

    name: str
    uid: str
    schedule: str = ""
    suspended: bool = False
    suspended_by: str = ""
    """Ledger key of our own suspension; empty: not ours."""
    starting_deadline_seconds: int | None = None
    concurrency: str = "Allow"
    last_schedule_at: datetime | None = None
    last_success_at: datetime | None = None


class VolumeFacts(Record):
    """A PersistentVolumeClaim and the volume behind it."""

    name: str
    uid: str
    phase: str = ""
    asked_text: str = ""
    """What it asks for, as it spells it."""
    asked: float | None = None
    """Bytes, as are the next four."""
    capacity: float | None = None
    used: float | None = None
    """By Prometheus, from the kubelet; None: nobody tells."""
    size: float | None = None
    """Of its file system, from the kubelet too."""
    used_before: float | None = None
    """The same as `used`, six hours earlier."""
    inodes_share: float | None = None
    """0..1."""
    storage_class: str = ""
    expandable: bool | None = None
    """`allowVolumeExpansion` of its StorageClass; None: that could not be read."""
    resize_waits: str = ""
    resize_failed: str = ""


class ClaimFacts(Record):
    """A PersistentVolumeClaim that pods wait for, and what it would be made of."""

    name: str
    phase: str = ""
    """Empty: there is none of that name."""
    deleting: bool = False
    storage_class: str = ""
    """Empty: the cluster's default, or none."""
    class_missing: bool = False
    """A StorageClass of that name does not exist."""
    waits_for_pod: bool = False
    """Its StorageClass makes the volume once a pod is placed (`WaitForFirstConsumer`)."""
    modes: tuple[str, ...] = ()
    volume: str = ""
    zones: tuple[str, ...] = ()
    """Of its volume, where that ties it to some; empty too where the volume was not read."""
    reclaim: str = ""
    """Of its volume: `Delete`, `Retain`; empty: not read."""
    asked: str = ""
    """What it asks for, as it spells it: `10Gi`."""


class ServiceFacts(Record):
    """A Service that selects the workload's pods, or that has its name and does not."""

    name: str
    selects: bool = True
    differs: tuple[str, ...] = ()
    """Of its selector: what the pods' labels do not have so."""
    elsewhere: bool = False
    """It selects pods of another workload that were read."""
    ports_missing: tuple[str, ...] = ()
    """Names of target ports that no container has."""


class CertificateFacts(Record):
    """A Certificate of cert-manager whose Secret the pods mount."""

    name: str
    secret: str = ""
    not_after: datetime | None = None
    reason: str = ""
    """Why it is not Ready, redacted; empty: it is."""


class PullFacts(Record):
    """A container anywhere in the cluster whose image cannot be pulled now."""

    namespace: str
    pod: str
    owner_uid: str = ""
    """uid of its controller; several pods of one controller tell no more than one."""
    image: str
    reason: str = ""
    message: str = ""
    node: str = ""
    workload: str = ""
    """Name of what its controller belongs to; empty: not read."""
    desired: int | None = None
    """Pods that this workload wants, and how many of it are ready; None: not read."""
    ready: int | None = None


class PersistentVolumeFacts(Record):
    """A PersistentVolume that an alert names."""

    name: str
    phase: str = ""
    """`Available`, `Bound`, `Released`, `Failed`, `Pending`."""
    reason: str = ""
    """Of the phase, with its message, redacted."""
    claim: str = ""
    """`namespace/name` of what it is bound to, or was."""
    storage_class: str = ""
    reclaim: str = ""
    """What becomes of it when its claim goes: `Delete`, `Retain`."""


class RequestsFacts(Record):
    """What all pods of the cluster that have not ended request, read where an alert says that it is too much."""

    pods: int = 0
    cores: float = 0.0
    memory: float = 0.0
    """Bytes."""
    most_cores: tuple[tuple[str, float], ...] = ()
    """`shop/web` and what its pods request together, greatest first."""
    most_memory: tuple[tuple[str, float], ...] = ()
    waiting: int = 0
    """Pods that the scheduler finds no room for."""
    waits: tuple[str, ...] = ()
    """The first of them, with why, redacted."""


class NeighbourFacts(Record):
    """Another workload of the namespace that lacks pods, read where the target is ill."""

    kind: str
    name: str
    uid: str = ""
    desired: int = 0
    available: int = 0
    since: datetime | None = None
    """When its Available condition became False, where it has one."""
    shares: tuple[str, ...] = ()
    """What its template has in common with the target's, and with no well workload's: `host db`, `ConfigMap rates`."""


class ConfigFacts(Record):
    """A ConfigMap that the target's template names; never its contents."""

    name: str
    exists: bool = True
    optional: bool = False
    """Every use of it says that it may be missing."""
    uses: tuple[str, ...] = ()
    """`environment`, `volume`, `subpath`."""
    created_at: datetime | None = None
    changed_at: datetime | None = None
    """When its data was last written after it was made; None: never, or nobody kept it."""
    changed_by: str = ""
    """The field manager of that write, redacted."""

    @property
    def by(self) -> str:
        """` by helm`, or nothing where nobody is known."""
        return f" by {self.changed_by}" if self.changed_by else ""


class EventFacts(Record):
    """A Kubernetes Event on the workload, its ReplicaSets or pods."""

    kind: str
    name: str
    type: str
    reason: str
    message: str
    count: int = 1
    last_seen: datetime | None = None
    first_seen: datetime | None = None
    """By then every object that it is told of had shown it."""
    objects: int = 1
    """Of how many objects `count` is the sum; `name` is the one that showed it last."""
    related: str = ""
    """The other object that it is about, of the newest: `Pod shop/web-1`, which a preempted pod made room for."""


class EvidenceItem(Record):
    """One thing that was read, or could not be read."""

    id: str
    """`e1`, `e2`, … unique within the incident, in the order they were planned (stable for replay)."""
    kind: str
    """`workload`, `pods`, `revisions`, `revision_diff`, `events`, `logs`, `previous_logs`, `dependencies`, and
    those of `GUARDS`.
    """
    status: ItemStatus
    query: str
    """What was asked, readable: `GET /api/v1/namespaces/shop/pods?labelSelector=…`."""
    summary: str
    """One line for a person; for `failed` and `forbidden`, why."""
    excerpt: str = ""
    """Redacted, at most 5 KB, cuts marked."""
    decides: str = ""
    """Of a log: the one line that it comes down to, or the last one of a run that has ended; redacted."""


GUARDS = frozenset(
    {
        "metrics",
        "processor_use",
        "memory_growth",
        "revision_health",
        "autoscalers",
        "scaled_objects",
        "budgets",
        "quotas",
        "limit_ranges",
        "vertical_scalers",
        "nodes",
        "node_pods",
        "node_workloads",
        "volume_use",
        "storage_class",
        "claims",
        "image_pulls",
        "certificates",
        "own_services",
        "neighbours",
        "config_changes",
        "dns",
        "dns_logs",
        "running_logs",
        "changes",
    }
)
"""Kinds that are read only where an action, or an explanation, would need them: they prove or guard that only."""


class UpstreamFacts(Record):
    """What the log of the pods that resolve names says of those that they ask in turn."""

    silent: tuple[str, ...] = ()
    """Addresses that did not answer; empty where a failure names none."""
    names: tuple[str, ...] = ()
    """Different names that got no answer, the first ten, without the dot at their end."""
    count: int = 0
    """How many different names got none."""
    servfail: tuple[str, ...] = ()
    """Names that were answered with SERVFAIL, where queries are logged."""
    line: str = ""
    """The last line that says that there was no answer, redacted; empty where it tells somebody what to do."""


class Evidence(Record):
    """All that was read about a target at one instant, as items to cite and facts to prove from."""

    collected_at: datetime
    items: tuple[EvidenceItem, ...] = ()
    workload: WorkloadFacts | None = None
    """None: no workload with revisions, or it could not be read."""
    pods: tuple[PodFacts, ...] = ()
    """Not terminating first; at most 100."""
    revisions: tuple[RevisionFacts, ...] = ()
    """Newest first."""
    events: tuple[EventFacts, ...] = ()
    dependencies: tuple[DependencyFacts, ...] = ()
    usage: tuple[UsageFacts, ...] = ()
    growth: tuple[MemoryGrowth, ...] = ()
    autoscalers: tuple[AutoscalerFacts, ...] = ()
    """Only those that scale the workload."""
    budgets: tuple[BudgetFacts, ...] = ()
    """Only those that cover pods of the workload."""
    quotas: tuple[QuotaFacts, ...] = ()
    limits: tuple[LimitFacts, ...] = ()
    vertical_scalers: tuple[AutoscalerFacts, ...] = ()
    """VerticalPodAutoscalers of the workload: they set what its pods request."""
    node: NodeFacts | None = None
    """The target, where that is a node."""
    nodes: tuple[NodeFacts, ...] = ()
    """All nodes, where the target is one; else those under pods that are not well."""
    node_pods: tuple[NodePod, ...] = ()
    """Of the node, where the target is one; DaemonSets are taken to exist."""
    cron_job: CronJobFacts | None = None
    """The target, where that is one."""
    job: JobFacts | None = None
    """The Job that the alerts name, else the newest that failed; of the target, or the target itself."""
    runs: tuple[JobFacts, ...] = ()
    """The Jobs of the CronJob, oldest first."""
    volume: VolumeFacts | None = None
    """The target, where that is a PersistentVolumeClaim."""
    claims: tuple[ClaimFacts, ...] = ()
    """Those that pods of the workload wait for."""
    services: tuple[ServiceFacts, ...] = ()
    """Those that select the workload's pods, and those of its name that do not."""
    certificates: tuple[CertificateFacts, ...] = ()
    """Whose Secrets the pods mount, read where pods are ill."""
    pulls: tuple[PullFacts, ...] = ()
    """Of all workloads, where one of the target's images cannot be pulled."""
    dns: tuple[PodFacts, ...] = ()
    """Pods that resolve names, read where a log of the target speaks of names that are not resolved."""
    upstream: UpstreamFacts | None = None
    """What those say of whom they ask in turn, read where one of them is ready; None: nothing, or it was not read."""
    at_once: str = ""
    """Why many workloads that fell ill with the target are one failure, as the record counts them; else empty."""
    around: tuple[PodFacts, ...] = ()
    """Of alerts that name no object: the pods that they are about, as of the control plane or behind a Service."""
    requests: RequestsFacts | None = None
    """Of the whole cluster, of an alert that says that it is overcommitted."""
    persistent_volume: PersistentVolumeFacts | None = None
    """That such an alert names."""
    neighbours: tuple[NeighbourFacts, ...] = ()
    """Other workloads of the namespace that lack pods, those that share most with the target first."""
    configs: tuple[ConfigFacts, ...] = ()
    """ConfigMaps that the template names, read where the pods are ill."""
    disabled: bool = False
    """Annotation `sre-agent/disable: "true"` on the target, of whatever kind it is."""
    suspicious: bool = False
    """Telemetry holds imperative text ("run kubectl …"): forces a person (R8.4)."""

    def cite(self, kind: str) -> tuple[str, ...]:
        """Ids of the found items of `kind`, to name in a finding."""
        return tuple(item.id for item in self.items if item.kind == kind and item.status == "found")

    def unread(self, kind: str) -> bool:
        """Some of what was planned of this kind was forbidden or failed, so that nothing follows from its absence."""
        return any(item.kind == kind for item in self.missing())

    def missing(self) -> tuple[EvidenceItem, ...]:
        """What could not be looked at."""
        return tuple(item for item in self.items if item.status in ("forbidden", "failed"))


class ActionCall(Record):
    """An action with its arguments, as data: what a proposal proposes and what an undo returns."""

    name: str
    args: dict[str, Argument] = {}


class Preview(Record):
    """What an action would do, asked of the API server by a dry run."""

    diff: str
    """Unified diff of the object before and after, redacted."""
    dry_run: str
    """The API server's answer in one line: `accepted`, or its message."""
    accepted: bool
    untried: str = ""
    """Not empty: it could not be tried, for this reason, and a person decides knowing that."""
    warnings: tuple[str, ...] = ()
    pods_replaced: tuple[str, ...] = ()
    stays_ready: str = ""
    """What keeps serving meanwhile, in one line."""
    verification: str = ""
    undo: str = ""
    """How it is undone, or the plain statement that it cannot be."""
    notes: tuple[str, ...] = ()


class Receipt(Record):
    """What a write did. Written to the ledger before the graph moves on."""

    key: str
    """Ledger key: hash(episode, action, target uid)."""
    call: ActionCall
    target: Target
    sent_at: datetime
    outcome: Literal["done", "found_done", "refused", "unknown"]
    """`found_done`: the stamp was already on the object. `refused`: the server or our own check said no."""
    generation: int = 0
    """`metadata.generation` as returned by our write."""
    template_digest: str = ""
    """Of the workload's template after our write: what drift and superseding are judged by."""
    before: Observation | None = None
    """The workload just before the write."""
    inverse: ActionCall | None = None
    message: str = ""
    exit_code: int | None = None
    """Of a command; None for every other write, and where nobody said how it ended."""
    output: str = ""
    """What a command printed, redacted and cut."""


class ContainerObservation(Record):
    """What a verdict reads of one container."""

    name: str
    ready: bool
    restart_count: int
    waiting_reason: str = ""
    last_finished_at: datetime | None = None
    life_seconds: float | None = None
    """`finishedAt - startedAt` of the newest termination."""


class PodObservation(Record):
    """What a verdict reads of one pod of the *current* revision (by owner uid, and the revision's mark)."""

    name: str
    uid: str
    ready: bool
    pending: bool = False
    containers: tuple[ContainerObservation, ...] = ()
    cpu_share: float | None = None
    """Of its busiest container: what it uses of its limit, or of its request; None: not known."""
    cpu_bounds: dict[str, float] = {}
    """Container -> cores of its limit, or of its request: what a share is of."""


class JobObservation(Record):
    """What a verdict reads of one Job of a CronJob."""

    name: str
    uid: str
    outcome: Literal["", "complete", "failed"] = ""
    """Empty while it runs, or waits to."""


class Observation(Record):
    """One look at the target after (or just before) a write. A DaemonSet's numbers stand under the same names."""

    at: datetime
    error: str = ""
    """Not empty: the look failed, and nothing else here may be believed."""
    uid: str = ""
    generation: int = 0
    observed_generation: int = 0
    template_digest: str = ""
    restarted_at: str | None = None
    """The template's `kubectl.kubernetes.io/restartedAt`, which its digest leaves out; empty: it has none. None: this
    look, or an earlier release's, does not say.
    """
    stamp: str = ""
    """Value of `sre-agent/last-action` on the object."""
    paused: bool = False
    desired: int = 0
    replicas: int = 0
    updated: int = 0
    ready: int = 0
    available: int = 0
    min_ready_seconds: int = 0
    deadline_exceeded: bool = False
    kind: str = "Deployment"
    strategy: str = "RollingUpdate"
    partition: int = 0
    """Of a StatefulSet: pods with a smaller ordinal keep their revision."""
    update_revision: str = ""
    current_revision: str = ""
    """Of a StatefulSet, as its status names them: equal once a rollout without partition is over."""
    pods: tuple[PodObservation, ...] = ()
    warnings: tuple[str, ...] = ()
    """Warning events on these pods newer than the write: `reason: message`, deduplicated."""
    done: bool | None = None
    """For an action that leaves no stamp: its effect shows. None: the stamp tells."""
    lingering: str = ""
    """Name of a pod that was evicted and is still there."""
    autoscaler: AutoscalerFacts | None = None
    """What scales the workload, where its maximum was written."""
    node_ready: bool | None = None
    """Of a node; None for a workload."""
    schedulable: bool | None = None
    """Of a node: not cordoned."""
    pods_left: int | None = None
    """Of a node that is drained: how many pods have still to go."""
    suspended: bool | None = None
    """Of a CronJob: it starts nothing."""
    jobs: tuple[JobObservation, ...] = ()
    """Of a CronJob: its Jobs that are there."""
    storage_asked: float | None = None
    """Of a PersistentVolumeClaim: bytes that it asks for."""
    storage: float | None = None
    """Of a PersistentVolumeClaim: bytes that its volume has."""
    resize_waits: str = ""
    """Of a PersistentVolumeClaim: what its volume waits for before it grows."""
    resize_failed: str = ""
    """Of a PersistentVolumeClaim: why its volume does not grow."""


class Verdict(Record):
    """Whether it helped, computed by code from observations (product.md section 5)."""

    name: VerdictName
    reason: str
    at: datetime
    undo: bool = False
    """Take the action back although nothing is worse: what it made is of no use (a scale-up that stays Pending)."""


class Similar(Record):
    """A past incident of the same workload or problem class, from our own record."""

    incident_id: str
    problem: str
    action: str = ""
    verdict: str = ""
    same_workload: bool = False
    closed_at: datetime | None = None
    note: str = ""
    """What people said of it; for older ones that are summed up, how often what was done helped."""
    matched: str = ""
    """By what it was found, for people: `the same proof`."""
    decided: str = ""
    """The action that was decided for, whether it was done or not; empty: to explain."""
    mark: Literal["right", "wrong", ""] = ""
    """The newest judgement of a person on that decision; empty: none."""


class ApprovalAnswer(Record):
    """How an approval ended; the value that resumes `await_approval`."""

    approval_id: str
    decision: Literal["approved", "rejected", "expired", "withdrawn", "stale", "renewed"]
    actor: str = ""
    reason: str = ""
    at: datetime | None = None
    override_hold: bool = False
    """In spite of a global hold."""
    overrides: tuple[str, ...] = ()
    """What held then, one by one: it was approved in spite of exactly that."""
    first_actor: str = ""
    """Where two people approved: who said yes first."""
    edit: ActionCall | None = None
    """Of `renewed`: the arguments that a person wants instead, and of which action."""


class RbacRule(Record):
    """One right, in the form of a Kubernetes PolicyRule; namespaced unless `cluster`."""

    group: str
    resource: str
    """With subresource where one is meant: `pods/log`."""
    verbs: tuple[str, ...]
    cluster: bool = False


Receipt.model_rebuild()
