"""What policy is told: the limits in force, and the facts of one proposal at one instant."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from graph.freeze_windows import FreezeWindow
from graph.memory_limits import MemoryAsk
from tools.allowed_commands import AllowedCommand, CommandAsk
from tools.memory_bounds import MOST_BYTES
from tools.records import (
    AutoscalerFacts,
    BudgetFacts,
    Level,
    LimitFacts,
    NodeFacts,
    NodePod,
    Record,
    Risk,
    RolloutPlan,
    Target,
)

Answer: TypeAlias = tuple[Literal["refuse", "ask"], str] | None

DENIED_NAMESPACES = (
    "kube-*",
    "openshift-*",
    "monitoring",
    "prometheus",
    "observability",
    "grafana",
    "ingress-nginx",
    "nginx-ingress",
    "ingress",
    "traefik",
    "cert-manager",
    "istio-*",
    "linkerd",
    "linkerd-*",
    "consul",
    "argocd",
    "argo-cd",
    "flux-system",
    "gatekeeper-system",
    "opa",
    "kyverno",
)


REQUESTED = "requested"
"""The problem of an incident that a person opened to have an action done."""


class AlertRule(Record):
    """What alerts of some names may lead to, from PLAYBOOKS_FILE. It narrows what is done, and never widens it."""

    alert: str
    """Shell pattern on the alert's name."""
    problems: tuple[str, ...] | None = None
    """Problem classes that may be acted on; None: all."""
    actions: tuple[str, ...] | None = None
    """Actions that may be taken; None: all, empty: none."""


class AutonomyCeiling(Record):
    """How far some actions may go for some problem classes at the most, from POLICY_FILE."""

    action: str = ""
    """Empty: every action."""
    problem: str = ""
    """Empty: every class."""
    level: Level


class PolicySettings(Record):
    """The limits in force, as configured. Names and defaults: product.md section 2."""

    mode: Literal["shadow", "approve", "auto"] = "approve"
    confidence_threshold: float = 0.8
    settle_seconds: float = 30.0
    namespace_allow: tuple[str, ...] = ()
    """Glob patterns; empty allows all that is not denied."""
    namespace_deny: tuple[str, ...] = DENIED_NAMESPACES
    target_namespace: str = ""
    target_deployment: str = ""
    """A Deployment's name, or `statefulset/web`, `daemonset/web`."""
    require_approval_for: tuple[str, ...] = ("rollback", "delete_deployment")
    own_uids: tuple[str, ...] = ()
    """uids of the agent's own workloads (and its store's): never written to."""
    enabled_actions: tuple[str, ...] = ()
    """Actions off by default that were enabled by name."""
    approval_ttl_seconds: float = 3600.0
    attempt_window_seconds: float = 6 * 3600.0
    """One attempt per workload and problem class in this time."""
    workload_writes: int = 2
    """Writes on one workload in the attempt window, whatever their class; then a person."""
    cool_down_seconds: float = 1800.0
    """The same action on the same workload not again so soon without a person, whatever the class."""
    human_only_seconds: float = 24 * 3600.0
    """A workload that took its full number of writes is a person's for so long after the last of them."""
    namespace_writes_per_hour: int = 4
    """Automatic ones, as are the next three."""
    namespace_writes_per_day: int = 12
    cluster_writes_per_hour: int = 6
    cluster_writes_per_day: int = 20
    alert_rules: tuple[AlertRule, ...] = ()
    """All that fit an alert of the incident must permit."""
    writes_in_flight: int = 2
    """Automatic writes that are being verified at the same time, in the cluster."""
    freeze_windows: tuple[FreezeWindow, ...] = ()
    """From POLICY_FILE: while one is open nothing is written without a person."""
    autonomy: tuple[AutonomyCeiling, ...] = ()
    """From POLICY_FILE: what was earned does not go beyond it."""
    four_eyes: tuple[str, ...] = ()
    """Actions or families that two different people must approve, from POLICY_FILE."""
    exec_commands: tuple[AllowedCommand, ...] = ()
    """The only commands that may be run in containers, from POLICY_FILE; none is shipped."""
    most_replicas: int = 50
    """No Deployment is scaled beyond this."""
    most_volume_gib: int = 1024
    """No claim is made to ask for more than this."""
    most_memory: float = float(MOST_BYTES)
    """Bytes: no container is given a higher limit."""
    node_pause_seconds: float = 1800.0
    """Between two cordons."""
    hold_workloads: int = 3
    """More new incidents than so many workloads within the window are one failure: the global hold."""
    hold_workload_share: float = 0.05
    """The same as a share of all workloads; the larger of the two counts."""
    hold_window_seconds: float = 300.0
    hold_nodes: int = 2
    """So many nodes that are not Ready, and at least the share below, are a global hold."""
    hold_node_share: float = 0.2
    read_patience_seconds: float = 60.0
    """How long a run waits for an API server that does not answer before it reports so; 0: at once."""
    verify_delay_seconds: float = 30.0
    verify_window_seconds: float = 120.0
    verify_poll_seconds: float = 10.0
    verify_timeout_seconds: float = 900.0
    """From the write until INCONCLUSIVE."""
    own_namespace: str = ""
    """The agent's own, where it knows it."""
    test_cluster: bool = False
    """Short windows are allowed, and every message says so."""


def names_of(action: str, family: str) -> frozenset[str]:
    """What a list of actions or families may call it: `delete_pod`, its family `evict`, and its verb `delete`."""
    return frozenset((action, family, action.partition("_")[0]))


class Attempt(Record):
    """An earlier write on this workload, from the ledger."""

    action: str
    problem: str
    at: datetime
    undo: bool = False
    verdict: str = ""


class GuardFacts(Record):
    """What else stands around the object of the proposal; empty where its action does not ask."""

    autoscalers: tuple[AutoscalerFacts, ...] = ()
    budgets: tuple[BudgetFacts, ...] = ()
    quota_lacks: str = ""
    """Which quota the proposed replicas would exceed."""
    replicas: int = 0
    """How many the proposal would have."""
    volume_gib: float = 0.0
    """How much storage the proposal would ask for."""
    surge_lacks: str = ""
    """Which quota the first pods of a rollout would exceed, where quotas were read."""
    creation_refused: str = ""
    """What the API server said lately when the workload's controller wanted another pod."""
    priority_class: str = ""
    node: NodeFacts | None = None
    other_nodes: tuple[NodeFacts, ...] = ()
    node_pods: tuple[NodePod, ...] = ()
    """On the node, with what a drain would do to each."""
    node_writes: tuple[datetime, ...] = ()
    """When nodes were written to lately, by other incidents."""
    leak_proved: bool = False
    """Metrics show the siblings of a pod that was killed for memory near their own limit."""
    scaler_uid: str = ""
    """Of the autoscaler whose maximum the proposal would set."""
    limits: tuple[LimitFacts, ...] = ()
    vertical_scalers: tuple[AutoscalerFacts, ...] = ()
    memory: MemoryAsk = MemoryAsk()
    """What the proposal would give a container."""
    memory_writes: tuple[datetime, ...] = ()
    """When limits of this workload were changed lately, by this agent."""
    command: CommandAsk = CommandAsk()
    """What the proposal would run in a container."""


class PolicyFacts(Record):
    """Everything a rule may look at, read by the caller at one instant."""

    now: datetime
    target: Target
    action: str
    family: str
    risk: Risk
    problem: str
    confidence: float
    alert_names: tuple[str, ...] = ()
    """Of the incident's alerts."""
    test: bool = False
    """The incident is a test that a person started."""
    granted: bool = False
    """A person let exactly this be done once more, and that is open."""
    edited: bool = False
    """A person set some of its arguments."""
    undo_requested: bool = False
    """A person asked to have something taken back, and this is its inverse."""
    paused: bool = False
    pause_unread: str = ""
    """Whether actions are paused could not be read where the kill switch is kept."""
    suspicious: bool = False
    evidence_missing: tuple[str, ...] = ()
    """Kinds of evidence some of which could not be read."""
    namespace_mode: str = ""
    """Label `sre-agent/mode` of the namespace."""
    disabled: bool = False
    """Annotation `sre-agent/disable: "true"` on the workload."""
    workload_paused: bool = False
    strategy: str = "RollingUpdate"
    desired: int = 1
    ready: int = 0
    rollout: RolloutPlan = RolloutPlan()
    steps: int = 0
    """Further writes that the proposal's rollout would wait for."""
    rolling_out: bool = False
    """A rollout of this workload is still moving and nothing says that it failed."""
    health_proof: str = ""
    attempts: tuple[Attempt, ...] = ()
    """Writes on this workload for as long as they may count, newest first."""
    autonomy: Level = "auto"
    """What stands for this action and this problem class."""
    autonomy_reason: str = ""
    namespace_writes_hour: int = 0
    """Automatic ones in the target's namespace; 0 for a node."""
    namespace_writes_day: int = 0
    automatic_writes_hour: int = 0
    automatic_writes_day: int = 0
    in_flight: tuple[str, ...] = ()
    """uids of targets whose write is still being verified (other incidents')."""
    in_flight_namespaces: tuple[str, ...] = ()
    guards: GuardFacts = GuardFacts()
    no_access: tuple[str, ...] = ()
    """Writes of the action that the agent's account may not make there: `patch deployments.apps in shop`."""
    opt_in: tuple[str, ...] = ()
    """The commands that would give what is missing, one for each namespace."""
    access_unread: str = ""
    """Why that could not be told."""
    holds: tuple[str, ...] = ()
    """Why the agent holds still, one line for each cause."""
    quiet: str = ""
    """Why the incident's alerts are to be left alone: silenced or inhibited in Alertmanager."""
    quiet_unread: str = ""
    """Alertmanager's API is configured and did not answer."""
    hold_unread: str = ""
    """What could not be read that a hold depends on."""
