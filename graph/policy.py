"""May this run here, now, without a person. Pure: one function per rule, each named in `blocked_by`.

A rule answers `refuse` (nobody's approval makes it right now: explain instead), `ask` (a person decides) or
nothing. All rules are always evaluated, so that a decision names everything that stood in its way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from graph import counted
from graph.four_eyes import PEOPLE
from graph.kind_rules import KIND_RULES
from graph.policy_access import ACCESS_RULES
from graph.policy_autonomy import AUTONOMY
from graph.policy_commands import COMMAND_RULES
from graph.policy_facts import (
    DENIED_NAMESPACES,
    REQUESTED,
    AlertRule,
    Answer,
    Attempt,
    GuardFacts,
    PolicyFacts,
    PolicySettings,
    names_of,
)
from graph.policy_grant import lifted
from graph.policy_guards import GUARDS
from graph.policy_hold import HOLD_RULES
from graph.policy_hpa import HPA_GUARDS
from graph.policy_limits import LIMITS
from graph.policy_memory import MEMORY_GUARDS
from graph.policy_rollouts import ROLLOUTS
from tools.records import Record

__all__ = [
    "DENIED_NAMESPACES",
    "NAMESPACE",
    "RULES",
    "AlertRule",
    "Attempt",
    "Block",
    "GuardFacts",
    "PolicyFacts",
    "PolicySettings",
    "Rule",
    "evaluate",
    "route",
    "settle_until",
    "without_test",
]
NAMESPACE = "namespace"
DECIDING = frozenset({"workload", "pods", "revisions", "dependencies", NAMESPACE})
"""Kinds of evidence that rules and proofs rest on; logs and events only explain. The namespace's labels narrow."""

AT_ZERO = frozenset({"delete_deployment"})
"""What may be done to a workload that is scaled to zero."""


class Block(Record):
    """Why a rule stands in the way."""

    rule: str
    effect: Literal["refuse", "ask"]
    reason: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.reason}"


Rule: TypeAlias = Callable[[PolicyFacts, PolicySettings], Answer]


def kill_switch(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Paused: no new action, whoever wants it."""
    return ("refuse", "actions are paused by the kill switch") if facts.paused else None


def test_run(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A test goes the whole way but for the write, and asks nobody for it."""
    return ("refuse", "a test: every write is a dry run only") if facts.test else None


def undo_requested(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Who asks to have something taken back has not seen yet what that changes."""
    return (
        ("ask", "a person asked to take it back, and approves what is shown")
        if facts.undo_requested
        else None
    )


def edited(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Who sets an argument has not seen yet what that changes."""
    return ("ask", "a person changed it, and approves what is shown") if facts.edited else None


def mode(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """The setting, narrowed by the namespace's label; a label never widens it."""
    order = ("shadow", "approve", "auto")
    label = facts.namespace_mode
    if label and label not in order:
        return ("refuse", f"namespace label sre-agent/mode={label!r} is none of {', '.join(order)}")
    effective = min(settings.mode, label or settings.mode, key=order.index)
    if effective == "shadow":
        return ("refuse", "mode is shadow: decided and recorded, not asked, not done")
    return ("ask", "mode is approve: every action asks") if effective == "approve" else None


def threshold(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Below the threshold a person decides."""
    if facts.confidence >= settings.confidence_threshold:
        return None
    return ("ask", f"confidence {facts.confidence:.3g} is below {settings.confidence_threshold:.3g}")


def namespace_denied(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Deny wins over allow (product.md section 2)."""
    namespace = facts.target.namespace
    hit = next((p for p in settings.namespace_deny if fnmatchcase(namespace, p)), "")
    return ("refuse", f"namespace {namespace} is on the deny list ({hit})") if hit else None


def namespace_allowed(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """With an allow list, only what it names."""
    namespace = facts.target.namespace
    if settings.namespace_allow and not namespace:
        return ("refuse", "it belongs to no namespace, and the allow list names namespaces")
    if not settings.namespace_allow or any(fnmatchcase(namespace, p) for p in settings.namespace_allow):
        return None
    return ("refuse", f"namespace {namespace} is not on the allow list")


def target_limits(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """TARGET_NAMESPACE and TARGET_DEPLOYMENT: act only there."""
    target = facts.target
    if settings.target_namespace and target.namespace != settings.target_namespace:
        return ("refuse", f"actions are limited to namespace {settings.target_namespace}")
    kind, slash, name = settings.target_deployment.rpartition("/")
    wanted = (kind if slash else "deployment", name)
    if settings.target_deployment and (target.kind.lower(), target.name) != wanted:
        return ("refuse", f"actions are limited to {'/'.join(wanted)}")
    return None


def alert_rules(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """PLAYBOOKS_FILE says which alert may lead where; what fits no entry is not narrowed."""
    for rule in settings.alert_rules:
        name = next((n for n in facts.alert_names if fnmatchcase(n, rule.alert)), "")
        if not name:
            continue
        if rule.problems is not None and facts.problem not in rule.problems:
            return ("refuse", f"PLAYBOOKS_FILE has no action for {facts.problem} after {name}")
        if rule.actions is not None and facts.action not in rule.actions:
            return ("refuse", f"PLAYBOOKS_FILE does not permit {facts.action} after {name}")
    return None


def own_workload(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """By uid, not by namespace: agent and target may share one."""
    if facts.target.uid in settings.own_uids:
        return ("refuse", "the target is the agent's own workload")
    return None


def workload_disabled(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """The workload's owner has said no."""
    return ("refuse", 'annotation sre-agent/disable: "true" on the workload') if facts.disabled else None


def managed_elsewhere(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A spec change on what Git or an operator owns is reverted: propose it there (kubernetes.md 4.9).

    A restart stays under Git tools, which do not own its annotation, but its owner is asked; Helm keeps it too, so
    that only what changes more than that asks. An eviction changes no spec, nor do a command or the deletion of a run:
    only a Job that Git itself keeps is made, and so run, again.
    """
    owner = facts.target.managed_by
    if facts.family in ("evict", "exec") or (_is_a_run(facts) and owner != "operator"):
        return None
    if owner in ("argocd", "flux") and facts.family == "restart":
        return ("ask", f"managed by {owner}: a restart stays, but Git is where its state is kept")
    if owner in ("argocd", "flux", "operator"):
        return ("refuse", f"managed by {owner}, which would revert it: change it there")
    if owner == "helm" and facts.family != "restart":
        return ("ask", "managed by Helm: the next upgrade will undo it")
    return None


def _is_a_run(facts: PolicyFacts) -> bool:
    """A Job that its CronJob made, which nobody declares."""
    return facts.family == "job" and facts.target.kind == "CronJob"


def risk(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """High risk always asks; so does what REQUIRE_APPROVAL_FOR names."""
    if facts.risk != "medium":
        return ("ask", f"{facts.action} is {facts.risk} risk: always a person")
    if names_of(facts.action, facts.family) & set(settings.require_approval_for):
        return ("ask", f"{facts.action} is in REQUIRE_APPROVAL_FOR")
    return None


def requested(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """What a person asked for is shown to a person before it is done: whoever asked has not seen the preview."""
    return (
        ("ask", "asked for by a person, who approves what is shown") if facts.problem == REQUESTED else None
    )


def one_attempt(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """One attempt per workload and problem class in the window; then a person, never the same again."""
    since = facts.now - timedelta(seconds=settings.attempt_window_seconds)
    same = [a for a in facts.attempts if a.problem == facts.problem and a.at >= since and not a.undo]
    repeated = next((a for a in same if a.action == facts.action), None)
    if repeated:
        outcome = repeated.verdict or "no verdict yet"
        return (
            "refuse",
            f"{facts.action} was tried for {facts.problem} at {repeated.at:%H:%M} UTC ({outcome})",
        )
    return ("ask", f"{same[0].action} was tried for {facts.problem} already") if same else None


def workload_budget(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """So many writes on one workload, whatever they were for, and the same action not at once (7.2)."""
    since = facts.now - timedelta(seconds=settings.attempt_window_seconds)
    recent = [a for a in facts.attempts if a.at >= since and not a.undo]
    if len(recent) >= settings.workload_writes:
        return ("ask", f"{counted.times(len(recent), 'write')} on this workload already")
    cooled = facts.now - timedelta(seconds=settings.cool_down_seconds)
    again = next((a for a in recent if a.action == facts.action and a.at >= cooled), None)
    return ("ask", f"{again.action} was done at {again.at:%H:%M} UTC: it cools down") if again else None


def cluster_budget(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Automatic writes per hour and day, all workloads together."""
    if facts.automatic_writes_hour >= settings.cluster_writes_per_hour:
        return ("ask", f"{facts.automatic_writes_hour} automatic writes in the last hour")
    if facts.automatic_writes_day >= settings.cluster_writes_per_day:
        return ("ask", f"{facts.automatic_writes_day} automatic writes in the last day")
    return None


def write_in_flight(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """One write in flight per workload and per namespace, two per cluster (kubernetes.md 7.2)."""
    if facts.target.uid in facts.in_flight:
        return ("refuse", "another write on this workload is still being verified")
    if (
        facts.target.namespace in facts.in_flight_namespaces
        or len(facts.in_flight) >= settings.writes_in_flight
    ):
        return ("ask", "another write is still being verified")
    return None


def workload_state(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Paused or scaled to zero by a person: theirs, not ours; what runs nothing may be deleted, which loses nothing."""
    if facts.workload_paused:
        return ("refuse", "the Deployment is paused")
    if facts.desired == 0 and facts.action not in AT_ZERO:
        return ("refuse", "the workload is scaled to zero")
    return None


def restart_in_rollout(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A restart in the middle of a rollout buries the evidence (kubernetes.md 4.3)."""
    if facts.family == "restart" and facts.rolling_out:
        return ("refuse", "a rollout is in progress")
    return None


def restart_of_ready(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A workload most of whose pods are ready is not restarted without a person, but for a leak proved by metrics."""
    if facts.family == "restart" and not facts.guards.leak_proved and facts.ready * 2 > facts.desired:
        return ("ask", f"{facts.ready} of {facts.desired} pods are ready")
    return None


def restart_outage(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Recreate takes every pod down at once."""
    if facts.family == "restart" and facts.strategy == "Recreate" and facts.ready:
        return ("ask", "strategy Recreate: a restart is a full outage")
    return None


def evidence_incomplete(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """What a proof rests on could not all be read: it may hide a counter-proof."""
    missing = sorted(DECIDING & set(facts.evidence_missing))
    return ("ask", f"could not be read: {', '.join(missing)}") if missing else None


def unsure_target(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """R3.5: found by the pod's name alone, or behind a Service or mesh name that the alert gives."""
    if not facts.target.supposed:
        return None
    if facts.target.resolved_by == "service":
        return (
            "ask",
            "the alert names a Service or a mesh's destination; the target is what was found behind it",
        )
    return ("ask", "the target was resolved by name pattern")


def suspicious_telemetry(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """R8.4: telemetry that gives orders forces a person."""
    return ("ask", "telemetry contains text that gives orders") if facts.suspicious else None


RULES: tuple[Rule, ...] = (
    kill_switch,
    test_run,
    undo_requested,
    edited,
    mode,
    namespace_denied,
    namespace_allowed,
    target_limits,
    alert_rules,
    own_workload,
    workload_disabled,
    managed_elsewhere,
    workload_state,
    risk,
    requested,
    threshold,
    one_attempt,
    workload_budget,
    write_in_flight,
    cluster_budget,
    restart_in_rollout,
    restart_of_ready,
    restart_outage,
    evidence_incomplete,
    unsure_target,
    suspicious_telemetry,
    *KIND_RULES,
    *GUARDS,
    *LIMITS,
    *PEOPLE,
    *AUTONOMY,
    *HOLD_RULES,
    *ACCESS_RULES,
    *MEMORY_GUARDS,
    *ROLLOUTS,
    *HPA_GUARDS,
    *COMMAND_RULES,
)


def evaluate(
    facts: PolicyFacts, settings: PolicySettings, rules: Iterable[Rule] = RULES
) -> tuple[Block, ...]:
    """Every rule that stands in the way, in the order of `rules`; what a person's grant lifts does not."""
    answers = ((rule.__name__, rule(facts, settings)) for rule in rules)
    standing = ((name, a) for name, a in answers if a and not lifted(name, a, facts, settings))
    return tuple(Block(rule=name, effect=a[0], reason=a[1]) for name, a in standing)


def route(blocks: tuple[Block, ...]) -> Literal["act", "ask", "notify"]:
    """`notify` when any rule refuses, `ask` when any asks, else `act`."""
    effects = {block.effect for block in blocks}
    if "refuse" in effects:
        return "notify"
    return "ask" if "ask" in effects else "act"


def without_test(blocks: tuple[Block, ...]) -> Literal["act", "ask", "notify", ""]:
    """The route that a test would have had as a real incident; empty for what is no test."""
    others = tuple(block for block in blocks if block.rule != test_run.__name__)
    return "" if others == blocks else route(others)


def settle_until(began_at: datetime, settings: PolicySettings) -> datetime:
    """An automatic write waits until then, so that an outage shows itself as one first."""
    return began_at + timedelta(seconds=settings.settle_seconds)
