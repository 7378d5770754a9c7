"""Every rule by name: it blocks when it should, does not when it should not, and is needed."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from graph import policy
from graph.policy import (
    AlertRule,
    Attempt,
    PolicyFacts,
    PolicySettings,
    Rule,
    evaluate,
    route,
    settle_until,
)
from tests.graph.command_scenarios import SCENARIOS as COMMAND_SCENARIOS
from tests.graph.evidence_builders import NOW, TARGET, ago, policy_facts
from tests.graph.guard_scenarios import HOLD_SCENARIOS
from tests.graph.guard_scenarios import SCENARIOS as GUARD_SCENARIOS
from tests.graph.hpa_scenarios import SCENARIOS as HPA_SCENARIOS
from tests.graph.kind_scenarios import KIND_SCENARIOS
from tests.graph.limit_scenarios import SCENARIOS as LIMIT_SCENARIOS
from tests.graph.memory_scenarios import SCENARIOS as MEMORY_SCENARIOS
from tests.graph.rollout_scenarios import SCENARIOS as ROLLOUT_SCENARIOS
from tools.records import Target

AUTO = PolicySettings(mode="auto")
HOUR = 3600.0


def auto(**more: Any) -> PolicySettings:
    return PolicySettings(**{"mode": "auto", **more})


def rollback(**more: Any) -> PolicyFacts:
    """A confident rollback, proposed for a bad release."""
    base = {"action": "rollback_deployment", "family": "rollback", "risk": "high", "problem": "bad_release"}
    return policy_facts(**{**base, **more})


def attempt(hours: float = 1.0, **more: Any) -> Attempt:
    """A restart for the same class, `hours` ago."""
    base = {"action": "restart_deployment", "problem": "transient_crash", "at": ago(hours * HOUR)}
    return Attempt(**{**base, **more})


def target(**more: Any) -> Target:
    return TARGET.model_copy(update=more)


def blocks(facts: PolicyFacts, settings: PolicySettings = AUTO) -> dict[str, str]:
    """Effect by rule."""
    return {block.rule: block.effect for block in evaluate(facts, settings)}


def outcome(facts: PolicyFacts, settings: PolicySettings = AUTO) -> str:
    return route(evaluate(facts, settings))


def test_nothing_stands_in_the_way_of_a_confident_restart_in_mode_auto() -> None:
    """The scenario that all others change in one point acts."""
    assert blocks(policy_facts()) == {}
    assert outcome(policy_facts()) == "act"


SCENARIOS = {
    "kill_switch": (policy_facts(paused=True), AUTO, "refuse"),
    "test_run": (policy_facts(test=True), AUTO, "refuse"),
    "undo_requested": (policy_facts(undo_requested=True), AUTO, "ask"),
    "edited": (policy_facts(edited=True), AUTO, "ask"),
    "mode": (policy_facts(), PolicySettings(mode="approve"), "ask"),
    "namespace_denied": (policy_facts(target=target(namespace="kube-system")), AUTO, "refuse"),
    "namespace_allowed": (policy_facts(), auto(namespace_allow=("team-*",)), "refuse"),
    "target_limits": (policy_facts(), auto(target_namespace="other"), "refuse"),
    "alert_rules": (
        policy_facts(alert_names=("KubePodCrashLooping",)),
        auto(alert_rules=(AlertRule(alert="KubePod*", actions=()),)),
        "refuse",
    ),
    "own_workload": (policy_facts(), auto(own_uids=("uid-web",)), "refuse"),
    "workload_disabled": (policy_facts(disabled=True), AUTO, "refuse"),
    "managed_elsewhere": (policy_facts(target=target(managed_by="operator")), AUTO, "refuse"),
    "workload_state": (policy_facts(workload_paused=True), AUTO, "refuse"),
    "risk": (policy_facts(risk="high"), AUTO, "ask"),
    "requested": (policy_facts(problem="requested"), AUTO, "ask"),
    "threshold": (policy_facts(confidence=0.79), AUTO, "ask"),
    "one_attempt": (policy_facts(attempts=(attempt(),)), AUTO, "refuse"),
    "workload_budget": (
        policy_facts(attempts=(attempt(problem="a", action="x"), attempt(2, problem="b", action="y"))),
        AUTO,
        "ask",
    ),
    "write_in_flight": (policy_facts(in_flight=("uid-web",)), AUTO, "refuse"),
    "cluster_budget": (policy_facts(automatic_writes_hour=6), AUTO, "ask"),
    "restart_in_rollout": (policy_facts(rolling_out=True), AUTO, "refuse"),
    "restart_of_ready": (policy_facts(ready=2), AUTO, "ask"),
    "restart_outage": (policy_facts(strategy="Recreate", ready=1), AUTO, "ask"),
    "evidence_incomplete": (policy_facts(evidence_missing=("dependencies",)), AUTO, "ask"),
    "unsure_target": (policy_facts(target=target(resolved_by="name_pattern")), AUTO, "ask"),
    "suspicious_telemetry": (policy_facts(suspicious=True), AUTO, "ask"),
    **KIND_SCENARIOS,
    **GUARD_SCENARIOS,
    **LIMIT_SCENARIOS,
    "four_eyes": (policy_facts(), auto(four_eyes=("restart",)), "ask"),
    "autonomy_level": (policy_facts(autonomy="approve"), AUTO, "ask"),
    **HOLD_SCENARIOS,
    "no_access": (policy_facts(no_access=("patch deployments.apps in shop",)), AUTO, "refuse"),
    **MEMORY_SCENARIOS,
    **ROLLOUT_SCENARIOS,
    **HPA_SCENARIOS,
    **COMMAND_SCENARIOS,
}
"""One scenario per rule in which this rule alone decides."""


def test_every_rule_has_a_scenario_and_the_order_is_kept() -> None:
    """A new rule needs a scenario here; the order is the one in which `blocked_by` names them."""
    assert [rule.__name__ for rule in policy.RULES] == list(SCENARIOS)


@pytest.mark.parametrize("name", SCENARIOS)
def test_rule_alone_decides_its_scenario(name: str) -> None:
    """The rule, and no other, stands in the way, with its effect and a reason; so it decides the route."""
    alone_decides(name, policy.RULES)


def alone_decides(name: str, rules: Sequence[Rule]) -> None:
    """What the test above asserts, for any set of rules."""
    facts, settings, effect = SCENARIOS[name]
    found = evaluate(facts, settings, rules)
    assert [(block.rule, block.effect) for block in found] == [(name, effect)]
    assert found[0].reason
    assert str(found[0]) == f"{name}: {found[0].reason}"
    assert route(found) == {"refuse": "notify", "ask": "ask"}[effect]


@pytest.mark.parametrize("name", SCENARIOS)
def test_without_the_rule_the_test_of_it_fails(name: str) -> None:
    """Each rule is needed: with it taken out of RULES its scenario would act, and its test says so."""
    others = [rule for rule in policy.RULES if rule.__name__ != name]
    assert len(others) == len(policy.RULES) - 1
    with pytest.raises(AssertionError):
        alone_decides(name, others)
    facts, settings, _ = SCENARIOS[name]
    assert route(evaluate(facts, settings, others)) == "act"


@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if scenario[2] == "refuse"])
def test_a_rule_that_only_asks_where_it_must_refuse_is_seen(name: str) -> None:
    """Somebody could then approve what nobody may."""
    softened = [_softened(rule) if rule.__name__ == name else rule for rule in policy.RULES]
    with pytest.raises(AssertionError):
        alone_decides(name, softened)


def _softened(rule: Rule) -> Rule:
    @functools.wraps(rule)
    def asks(facts: PolicyFacts, settings: PolicySettings) -> tuple[Any, str] | None:
        answer = rule(facts, settings)
        return ("ask", answer[1]) if answer else None

    return asks


def test_all_rules_are_evaluated_and_named_in_order() -> None:
    """A decision names everything in its way, not the first thing."""
    facts = policy_facts(paused=True, confidence=0.1, target=target(namespace="kube-system"), suspicious=True)
    named = [block.rule for block in evaluate(facts, AUTO)]
    assert named == ["kill_switch", "namespace_denied", "threshold", "suspicious_telemetry"]


def test_route_refusal_beats_asking() -> None:
    """Nobody is asked for what would be refused."""
    assert outcome(policy_facts(paused=True, confidence=0.1)) == "notify"
    assert outcome(policy_facts(confidence=0.1)) == "ask"
    assert route(()) == "act"


def test_a_test_is_told_what_it_would_have_been() -> None:
    """Its own rule left out, and nothing else; what is no test is told nothing."""
    assert policy.without_test(evaluate(policy_facts(test=True), AUTO)) == "act"
    assert policy.without_test(evaluate(policy_facts(test=True, confidence=0.1), AUTO)) == "ask"
    assert policy.without_test(evaluate(policy_facts(test=True, paused=True), AUTO)) == "notify"
    assert policy.without_test(evaluate(policy_facts(paused=True), AUTO)) == ""


# mode


@pytest.mark.parametrize(
    ("setting", "label", "expected"),
    [
        ("auto", "", "act"),
        ("auto", "auto", "act"),
        ("auto", "approve", "ask"),
        ("auto", "shadow", "notify"),
        ("approve", "", "ask"),
        ("approve", "auto", "ask"),
        ("approve", "approve", "ask"),
        ("approve", "shadow", "notify"),
        ("shadow", "", "notify"),
        ("shadow", "auto", "notify"),
        ("shadow", "approve", "notify"),
    ],
)
def test_a_namespace_label_only_narrows_the_mode(setting: Any, label: str, expected: str) -> None:
    """The narrower of setting and label holds."""
    assert outcome(policy_facts(namespace_mode=label), PolicySettings(mode=setting)) == expected


@pytest.mark.parametrize("label", ["Auto", "off", "on", "true", " "])
def test_an_unknown_mode_label_refuses(label: str) -> None:
    """Somebody meant something by it: not understanding it is no permission."""
    assert blocks(policy_facts(namespace_mode=label)) == {"mode": "refuse"}


# where


@pytest.mark.parametrize(
    "namespace",
    ["kube-system", "kube-public", "kube-node-lease", "monitoring", "argocd", "istio-system", "cert-manager"],
)
def test_denied_namespaces_are_refused_for_any_action(namespace: str) -> None:
    """The shipped list, with its globs."""
    assert blocks(policy_facts(target=target(namespace=namespace))) == {"namespace_denied": "refuse"}
    assert "namespace_denied" in blocks(rollback(target=target(namespace=namespace)))


@pytest.mark.parametrize("namespace", ["shop", "my-monitoring", "kube", "argocd-demo"])
def test_names_that_only_resemble_denied_ones_are_allowed(namespace: str) -> None:
    """A glob matches the whole name."""
    assert blocks(policy_facts(target=target(namespace=namespace))) == {}


def test_deny_wins_over_allow() -> None:
    """Allowed by name and denied by glob is denied."""
    settings = auto(namespace_allow=("shop", "team-a"), namespace_deny=("team-*",))
    assert blocks(policy_facts(target=target(namespace="team-a")), settings) == {"namespace_denied": "refuse"}
    assert blocks(policy_facts(), settings) == {}


def test_allow_list_takes_globs() -> None:
    """With a list, only what it names."""
    settings = auto(namespace_allow=("sh*", "team-?"))
    assert blocks(policy_facts(), settings) == {}
    assert blocks(policy_facts(target=target(namespace="team-ab")), settings) == {
        "namespace_allowed": "refuse"
    }


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [
        ({"target_namespace": "shop"}, True),
        ({"target_deployment": "web"}, True),
        ({"target_namespace": "shop", "target_deployment": "web"}, True),
        ({"target_namespace": "shop", "target_deployment": "api"}, False),
        ({"target_namespace": "other", "target_deployment": "web"}, False),
    ],
)
def test_target_limits(limits: dict[str, str], allowed: bool) -> None:
    """TARGET_NAMESPACE and TARGET_DEPLOYMENT both have to hold."""
    assert blocks(policy_facts(), auto(**limits)) == ({} if allowed else {"target_limits": "refuse"})


def test_target_deployment_means_a_deployment() -> None:
    """A StatefulSet of that name is another workload, unless its kind is said."""
    facts = policy_facts(target=target(kind="StatefulSet"))
    assert blocks(facts, auto(target_deployment="web")) == {"target_limits": "refuse"}
    assert blocks(facts, auto(target_deployment="statefulset/web")) == {}
    assert blocks(policy_facts(), auto(target_deployment="statefulset/web")) == {"target_limits": "refuse"}
    daemon = policy_facts(target=target(kind="DaemonSet"))
    assert blocks(daemon, auto(target_deployment="daemonset/web")) == {}


@pytest.mark.parametrize(
    ("rule", "refused"),
    [
        (AlertRule(alert="KubePodCrashLooping"), False),
        (AlertRule(alert="KubePod*", problems=("transient_crash",), actions=("restart_deployment",)), False),
        (AlertRule(alert="KubePod*", problems=("bad_release",)), True),
        (AlertRule(alert="KubePod*", actions=("rollback_deployment",)), True),
        (AlertRule(alert="Other*", actions=()), False),
        (AlertRule(alert="kubepodcrashlooping", actions=()), False),
    ],
)
def test_an_alert_leads_only_where_its_entries_let_it(rule: AlertRule, refused: bool) -> None:
    """A restart for a transient crash, after KubePodCrashLooping and another alert; case counts."""
    facts = policy_facts(alert_names=("KubePodCrashLooping", "KubePodNotReady"))
    assert blocks(facts, auto(alert_rules=(rule,))) == ({"alert_rules": "refuse"} if refused else {})


def test_every_entry_that_fits_has_to_permit_it() -> None:
    """A wide entry cannot open what a narrow one forbids."""
    rules = (AlertRule(alert="*"), AlertRule(alert="KubePodNotReady", actions=()))
    facts = policy_facts(alert_names=("KubePodCrashLooping", "KubePodNotReady"))
    assert blocks(facts, auto(alert_rules=rules)) == {"alert_rules": "refuse"}


def test_own_workload_is_known_by_uid() -> None:
    """Neither name nor namespace decide: another workload beside the agent may be acted on."""
    settings = auto(own_uids=("uid-agent", "uid-store"))
    assert blocks(policy_facts(), settings) == {}
    assert blocks(policy_facts(target=target(uid="uid-store")), settings) == {"own_workload": "refuse"}


@pytest.mark.parametrize(
    ("manager", "restart", "back"),
    [
        ("", None, None),
        ("helm", None, "ask"),
        ("argocd", "ask", "refuse"),
        ("flux", "ask", "refuse"),
        ("operator", "refuse", "refuse"),
    ],
)
def test_managed_elsewhere(manager: str, restart: str | None, back: str | None) -> None:
    """Git and operators revert; Helm undoes a rollback at its next upgrade; a restart stays, but not with operators."""
    managed = target(managed_by=manager)
    assert blocks(policy_facts(target=managed)).get("managed_elsewhere") == restart
    assert blocks(rollback(target=managed)).get("managed_elsewhere") == back


@pytest.mark.parametrize("manager", ["helm", "argocd", "flux", "operator"])
def test_a_run_that_ended_is_nobodys_declaration(manager: str) -> None:
    """Deleting it changes nothing that Git keeps; an operator's own, or a Job that Git keeps itself, is left alone."""
    run = {"action": "delete_job", "family": "job", "problem": "job_failed"}
    owned, declared = (target(kind=kind, managed_by=manager) for kind in ("CronJob", "Job"))
    of_cron_job = blocks(policy_facts(**run, target=owned)).get("managed_elsewhere")
    assert of_cron_job == ("refuse" if manager == "operator" else None)
    assert blocks(policy_facts(**run, target=declared)).get("managed_elsewhere")


def test_scaled_to_zero_is_refused() -> None:
    """Somebody scaled it down: theirs, not ours. Only a deletion loses nothing by that, and a pause holds it too."""
    assert blocks(policy_facts(desired=0)) == {"workload_state": "refuse"}
    deletion = {"action": "delete_deployment", "family": "delete", "desired": 0}
    assert "workload_state" not in blocks(policy_facts(**deletion))
    assert blocks(policy_facts(**deletion, workload_paused=True))["workload_state"] == "refuse"


# who decides


@pytest.mark.parametrize("risk", ["high", "off"])
def test_what_is_not_medium_risk_always_asks(risk: Any) -> None:
    """Certainty does not make it automatic."""
    assert blocks(policy_facts(risk=risk, confidence=1.0)) == {"risk": "ask"}


@pytest.mark.parametrize("name", ["delete", "delete_pod", "evict"])
def test_an_eviction_asks_by_each_of_its_names(name: str) -> None:
    """`delete` is a family to people though the registry calls it `evict`: a name that is taken must hold."""
    facts = policy_facts(action="delete_pod", family="evict", problem="stuck_pod", ready=2)
    assert blocks(facts, auto(require_approval_for=(name,))) == {"risk": "ask"}


@pytest.mark.parametrize("name", ["restart", "restart_deployment"])
def test_require_approval_for_names_an_action_or_a_family(name: str) -> None:
    """REQUIRE_APPROVAL_FOR makes a medium-risk action ask."""
    assert blocks(policy_facts(), auto(require_approval_for=(name,))) == {"risk": "ask"}
    assert blocks(policy_facts(), auto(require_approval_for=("scale",))) == {}


@pytest.mark.parametrize(("confidence", "asks"), [(0.8, False), (0.799, True), (1.0, False), (0.0, True)])
def test_threshold_is_met_at_the_threshold(confidence: float, asks: bool) -> None:
    """At or above may act; what is no number asks."""
    assert ("threshold" in blocks(policy_facts(confidence=confidence))) == asks


def test_a_confidence_that_is_no_number_asks() -> None:
    """NaN compares with nothing."""
    assert blocks(policy_facts(confidence=float("nan"))) == {"threshold": "ask"}


# how often


def test_the_same_action_for_the_same_class_is_refused() -> None:
    """A restart is tried once in six hours, even when a person would say yes; the reason says how it went."""
    facts = policy_facts(attempts=(attempt(5.9, verdict="NOT_RECOVERED"),))
    (block,) = evaluate(facts, AUTO)
    assert (block.rule, block.effect) == ("one_attempt", "refuse")
    assert "NOT_RECOVERED" in block.reason


def test_another_action_for_the_same_class_asks() -> None:
    """The next step after a restart is a person."""
    assert blocks(policy_facts(attempts=(attempt(action="delete_pod"),))) == {"one_attempt": "ask"}


def test_an_undo_is_no_attempt() -> None:
    """Neither of the class nor of the workload's budget."""
    undone = tuple(attempt(hours, undo=True) for hours in (0.1, 1, 2, 3))
    assert blocks(policy_facts(attempts=undone)) == {}


def test_another_class_is_not_counted_once_cool() -> None:
    """A restart for another class two hours ago does not hold this one back."""
    assert blocks(policy_facts(attempts=(attempt(2, problem="leak"),))) == {}


def test_attempts_older_than_the_window_are_not_counted() -> None:
    """Six hours and a bit ago is long ago; the border itself still counts."""
    assert blocks(policy_facts(attempts=(attempt(6.01),))) == {}
    assert blocks(policy_facts(attempts=(attempt(6.0),))) == {"one_attempt": "refuse"}
    longer = auto(attempt_window_seconds=12 * HOUR)
    assert blocks(policy_facts(attempts=(attempt(6.01),)), longer) == {"one_attempt": "refuse"}


def test_the_same_action_cools_down_whatever_it_was_for() -> None:
    """A restart half an hour after a restart asks, even for another class."""
    assert blocks(policy_facts(attempts=(attempt(0.4, problem="leak"),))) == {"workload_budget": "ask"}
    assert blocks(policy_facts(attempts=(attempt(0.6, problem="leak"),))) == {}
    other = attempt(0.4, problem="leak", action="scale_deployment")
    assert blocks(policy_facts(attempts=(other,))) == {}


def test_two_writes_on_a_workload_are_enough() -> None:
    """Whatever they were for, the third one asks."""
    one, two = attempt(2, problem="leak"), attempt(3, problem="cpu", action="scale_deployment")
    assert blocks(policy_facts(attempts=(one,))) == {}
    assert blocks(policy_facts(attempts=(one, two))) == {"workload_budget": "ask"}


@pytest.mark.parametrize(
    ("hour", "day", "asks"), [(5, 19, False), (6, 6, True), (0, 20, True), (7, 30, True), (0, 0, False)]
)
def test_cluster_budget(hour: int, day: int, asks: bool) -> None:
    """Six automatic writes an hour, twenty a day, all workloads together."""
    facts = policy_facts(automatic_writes_hour=hour, automatic_writes_day=day)
    assert blocks(facts) == ({"cluster_budget": "ask"} if asks else {})


@pytest.mark.parametrize(
    ("uids", "namespaces", "effect"),
    [
        ((), (), None),
        (("uid-other",), ("elsewhere",), None),
        (("uid-web",), ("shop",), "refuse"),
        (("uid-other",), ("shop",), "ask"),
        (("uid-1", "uid-2"), ("a", "b"), "ask"),
    ],
)
def test_write_in_flight(uids: tuple[str, ...], namespaces: tuple[str, ...], effect: str | None) -> None:
    """One per workload, whoever asks; one per namespace and two per cluster without a person."""
    facts = policy_facts(in_flight=uids, in_flight_namespaces=namespaces)
    assert blocks(facts).get("write_in_flight") == effect


# restarts


@pytest.mark.parametrize(
    ("ready", "desired", "asks"), [(0, 3, False), (1, 3, False), (2, 3, True), (1, 2, False), (1, 1, True)]
)
def test_a_workload_most_of_whose_pods_are_ready_is_not_restarted_alone(
    ready: int, desired: int, asks: bool
) -> None:
    """More than half ready asks."""
    assert ("restart_of_ready" in blocks(policy_facts(ready=ready, desired=desired))) == asks


def test_recreate_is_an_outage_only_where_something_is_ready() -> None:
    """With no pod ready there is nothing left to lose."""
    assert blocks(policy_facts(strategy="Recreate", ready=0)) == {}


def test_rules_about_restarts_leave_rollbacks_alone() -> None:
    """A rollback goes through a rollout that hangs, on pods that are ready."""
    facts = rollback(rolling_out=True, ready=3, strategy="Recreate")
    assert blocks(facts) == {"risk": "ask"}


@pytest.mark.parametrize("kind", ["workload", "pods", "revisions", "dependencies"])
def test_a_deciding_read_that_failed_asks(kind: str) -> None:
    """It may hide a counter-proof; logs and events only explain."""
    assert blocks(policy_facts(evidence_missing=(kind,))) == {"evidence_incomplete": "ask"}
    assert blocks(policy_facts(evidence_missing=("previous_logs", "events"))) == {}


@pytest.mark.parametrize("way", ["labels", "owner", "events"])
def test_targets_found_by_facts_are_sure(way: str) -> None:
    """Only a name pattern and a Service ask (R3.5)."""
    assert blocks(policy_facts(target=target(resolved_by=way))) == {}


@pytest.mark.parametrize(("way", "told"), [("name_pattern", "name pattern"), ("service", "names a Service")])
def test_nothing_is_done_alone_on_a_supposed_target(way: str, told: str) -> None:
    """What would be done by itself on a target that is named is asked for, with how the target was found (R3.5)."""
    named, supposed = (policy_facts(target=target(resolved_by=each)) for each in ("labels", way))
    assert policy.route(policy.evaluate(named, AUTO)) == "act"
    assert policy.route(policy.evaluate(supposed, AUTO)) == "ask"
    assert blocks(supposed) == {"unsure_target": "ask"}
    assert told in policy.evaluate(supposed, AUTO)[0].reason


def test_settling_counts_from_the_incident_s_begin() -> None:
    """30 s by default."""
    assert settle_until(NOW, AUTO) == NOW + timedelta(seconds=30)
