"""Which candidate: the playbook's own order, and a model's opinion of it where there is a model.

The playbook's decision is complete before a model is asked, so that whatever happens to the model, it stands.
"""

from __future__ import annotations

from collections.abc import Sequence

from graph import advice as advising
from graph import assessment, confidence, policy
from graph.absent_guards import absent_guards
from graph.advice import Advice
from graph.diagnosis import is_noise, unresolved
from graph.editing import with_edit
from graph.policy_facts import REQUESTED
from graph.question import question
from graph.requested import diagnose
from graph.services import Services
from graph.state import Decision, Finding, Proposal, Route
from tools.adviser import NONE, Question, Reply
from tools.records import Alert, ApprovalAnswer, Evidence, Record, Similar, Target

FIRST = "c1"


class Case(Record):
    """What a decision is made from."""

    incident_id: str
    finding: Finding
    candidates: tuple[Proposal, ...]
    evidence: Evidence
    target: Target | None
    similar: tuple[Similar, ...] = ()
    alerts: tuple[Alert, ...] = ()


class Weighed(Record):
    """One candidate as policy sees it, before any model."""

    proposal: Proposal
    confidence: float
    parts: dict[str, float]
    blocks: tuple[policy.Block, ...]
    facts: policy.PolicyFacts

    @property
    def route(self) -> Route:
        """Where it would go, were it chosen."""
        return policy.route(self.blocks)


def case_of(
    services: Services,
    incident_id: str,
    evidence: Evidence,
    target: Target | None,
    *,
    similar: Sequence[Similar] = (),
    why_no_target: str = "",
    answer: ApprovalAnswer | None = None,
) -> Case:
    """What the evidence proves, and what could be done about it; `answer` may say what a person wants instead.

    Raises StoreError.
    """
    alerts = services.incidents.alerts(incident_id)
    finding, candidates = (
        diagnose(services, incident_id, evidence, target, alerts)
        if target
        else (unresolved(why_no_target, evidence, alerts), [])
    )
    return Case(
        incident_id=incident_id,
        finding=finding,
        candidates=tuple(with_edit(candidates, answer, services.policy.enabled_actions)),
        evidence=evidence,
        target=target,
        similar=tuple(similar),
        alerts=tuple(alerts),
    )


def decide(services: Services, case: Case) -> tuple[Decision, Proposal | None]:
    """As `decide_among`, but for alerts that are over or never act: those are ignored, and no model is asked.

    Nor is one asked about what a person asked for: there is nothing to choose.
    """
    over = is_noise(case.alerts) or (
        bool(case.alerts) and all(alert.status == "resolved" for alert in case.alerts)
    )
    asked_for = case.finding.problem == REQUESTED or any(each.edited for each in case.candidates)
    decision, proposal = decide_among(services, case, consult=not over and not asked_for)
    if over:
        decision = decision.model_copy(update={"route": "ignore", "action": None})
    if decision.action is None:
        return decision, proposal
    return decision.model_copy(update={"absent": absent_guards(services)}), proposal


def weigh(services: Services, case: Case) -> tuple[Weighed, ...]:
    """Every candidate by itself, in the playbook's order. Raises ToolError when what policy needs cannot be read."""
    return tuple(_weighed(services, case, candidate) for candidate in case.candidates)


def decide_among(services: Services, case: Case, *, consult: bool) -> tuple[Decision, Proposal | None]:
    """The decision and the proposal that it is about. Raises ToolError when what policy needs cannot be read.

    `consult`: ask the model, if there is one and there is something to choose.
    """
    own, facts = _own(services, case)
    if not case.candidates or facts is None or services.adviser is None or not consult:
        return own, case.candidates[0] if case.candidates else None
    advice = _advice(services, case)
    if advice.ignored:
        return advising.unheard(own, advice), case.candidates[0]
    parts, certainty = _certainty(services, case, case.candidates[0], advice)
    if advice.choice == NONE:
        return advising.declined(own, advice, parts, certainty), None
    chosen = case.candidates[int(advice.choice.removeprefix("c")) - 1]
    if advice.choice == FIRST:
        facts = facts.model_copy(update={"confidence": certainty})
    else:
        parts, certainty = _certainty(services, case, chosen, advice)
        facts = _facts(services, case, chosen, certainty)
    blocks = (
        *policy.evaluate(facts, services.policy),
        *advising.blocks(advice, FIRST, own.without_test or own.route),
    )
    decision = _decision(case, chosen, blocks, parts, certainty)
    return advising.signed(decision, advice), chosen


def _weighed(services: Services, case: Case, candidate: Proposal) -> Weighed:
    parts, certainty = _certainty(services, case, candidate)
    facts = _facts(services, case, candidate, certainty)
    blocks = policy.evaluate(facts, services.policy)
    return Weighed(proposal=candidate, confidence=certainty, parts=parts, blocks=blocks, facts=facts)


def _own(services: Services, case: Case) -> tuple[Decision, policy.PolicyFacts | None]:
    first = case.candidates[0] if case.candidates else None
    parts, certainty = _certainty(services, case, first)
    if first is None:
        return _decision(case, None, (), parts, certainty), None
    facts = _facts(services, case, first, certainty)
    return _decision(case, first, policy.evaluate(facts, services.policy), parts, certainty), facts


def _certainty(
    services: Services, case: Case, proposal: Proposal | None, advice: Advice | None = None
) -> tuple[dict[str, float], float]:
    opinion = None if advice is None else advising.part(advice, FIRST)
    return assessment.certainty_of(
        services, case.finding, proposal, case.evidence, case.target, case.similar, opinion
    )


def _facts(services: Services, case: Case, proposal: Proposal, certainty: float) -> policy.PolicyFacts:
    now = services.clock.now()
    return assessment.policy_facts(services, case.incident_id, proposal, case.evidence, certainty, now)


def _decision(
    case: Case,
    proposal: Proposal | None,
    blocks: tuple[policy.Block, ...],
    parts: dict[str, float],
    certainty: float,
) -> Decision:
    decision = assessment.decision(
        case.incident_id, case.finding, proposal, case.target, blocks, parts, certainty
    )
    action = proposal.call.name if proposal else ""
    past = confidence.last_time(action, case.finding.problem, case.similar)
    if past is None:
        return decision
    cited = f"Last time here: incident {past.incident_id}: {past.action}, {past.verdict}"
    return decision.model_copy(update={"reasons": (*decision.reasons, cited)})


def question_of(case: Case) -> Question:
    """What a model would be asked; where it has nothing to cite, none is."""
    return question(case.finding, case.candidates, case.evidence, case.target, case.similar, case.alerts)


def _advice(services: Services, case: Case) -> Advice:
    """Ask, check, and keep on the timeline what it cost: a process that dies after this asks again."""
    assert services.adviser is not None
    asked = question_of(case)
    if not asked.evidence:
        return Advice(ignored="the model was not asked: there is no evidence that it could cite")
    reply = services.adviser.ask(asked)
    advice = advising.heard(reply, asked, services.adviser.vendor)
    services.incidents.note(case.incident_id, "model", _cost(advice, reply, asked))
    return advice


def _cost(advice: Advice, reply: Reply, asked: Question) -> str:
    said = advice.ignored or f"{advice.decider} chose {advice.choice}, doubts: {advice.doubts}"
    tokens = f"{reply.prompt_tokens} + {reply.completion_tokens} tokens"
    digests = f"prompt {asked.digest}" + (f", answer {reply.digest}" if reply.digest else "")
    return f"{said} ({reply.calls} calls, {reply.seconds:.1f} s, {tokens}, {digests})"
