"""Is what was proposed still true? Asked again before every approval is accepted and before every write.

Everything is read anew and compared with the snapshot taken when it was proposed, never with a later one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal

from graph import assessment, policy, undoing
from graph.editing import same_but_for_edit
from graph.last_look import last_look, switch_look
from graph.overriding import passed_over
from graph.policy_hold import GLOBAL_HOLD
from graph.policy_limits import change_freeze
from graph.requested import diagnose
from graph.services import Services
from graph.state import Finding, Proposal
from graph.urgency import without_orders
from tools.errors import Forbidden, NotFound, ToolError
from tools.evidence import collect
from tools.records import Evidence, Record

HOLDS = frozenset({GLOBAL_HOLD, change_freeze.__name__})
"""Rules whose question a plain yes does not answer."""


class Change(Record):
    """Why a proposal may not be carried out as it stands."""

    kind: Literal["resolved", "changed", "blocked", "asks", "unreadable"]
    """`asks`: it may be written once a person says yes to it as things are now."""
    reason: str
    blocks: tuple[str, ...] = ()
    """Of `blocked` and `asks`: each rule with its reason."""


def prove_again(
    services: Services,
    incident_id: str,
    proposal: Proposal,
    *,
    certainty: float,
    approved: bool,
    now: datetime,
    in_spite_of_hold: bool = False,
    over: Collection[str] = (),
) -> Change | None:
    """None: alert, target, problem, candidate and policy are as they were.

    `approved`: a person said yes, so rules that ask are answered; rules that refuse still refuse.
    `in_spite_of_hold`: they are told of whatever holds elsewhere, and asked for a reason. `over`: what they went on in
    spite of when they approved. To what has come since then they did not say yes, and are asked again.
    """
    alerts = services.incidents.alerts(incident_id)
    if alerts and all(alert.status == "resolved" for alert in alerts):
        return Change(kind="resolved", reason="its alerts have resolved")
    try:
        found = _compare(services, incident_id, proposal, certainty, now, automatic=not approved, over=over)
    except NotFound as error:
        return Change(kind="changed", reason=f"the target is gone: {error}")
    except Forbidden as error:
        return Change(kind="unreadable", reason=f"not allowed to read it any more: {error}")
    except ToolError as error:
        return Change(kind="unreadable", reason=f"it could not be read: {error}")
    return found if isinstance(found, Change) else _policy_change(found, approved, in_spite_of_hold)


def _compare(
    services: Services,
    incident_id: str,
    proposal: Proposal,
    certainty: float,
    now: datetime,
    *,
    automatic: bool,
    over: Collection[str],
) -> Change | tuple[policy.Block, ...]:
    """What has changed, or else what policy says now."""
    evidence = collect(
        services.cluster,
        proposal.target,
        revisions=services.revisions,
        clock=services.clock,
        alerts=services.incidents.alerts(incident_id),
        metrics=services.metrics,
        all_guards=undoing.asked_by_person(services, incident_id),
    )
    workload = evidence.workload
    if not evidence.cite("workload"):
        missing = evidence.missing()
        if missing:
            return Change(kind="unreadable", reason=missing[0].summary)
        return Change(kind="changed", reason="the target is gone or is another object of that name")
    if workload and workload.template_digest != proposal.workload_digest:
        return Change(kind="changed", reason="the pod template has changed since it was proposed")
    proved, candidates = _proved(services, incident_id, proposal, evidence)
    finding = without_orders(proved)
    if proposal.undo_of and not candidates:
        return Change(kind="changed", reason=finding.summary)
    if finding.problem != proposal.problem:
        return Change(kind="changed", reason=f"the problem is {finding.problem} now: {finding.summary}")
    if not any(_same(candidate, proposal) for candidate in candidates):
        return Change(kind="changed", reason="the evidence supports another action now")
    facts = assessment.policy_facts(services, incident_id, proposal, evidence, certainty, now)
    facts = switch_look(services, facts)
    if automatic:
        facts = last_look(services, facts, services.incidents.alerts(incident_id))
    facts, limits = passed_over(services, facts, over)
    return policy.evaluate(facts, limits)


def _proved(
    services: Services, incident_id: str, proposal: Proposal, evidence: Evidence
) -> tuple[Finding, Sequence[Proposal]]:
    entry = undoing.asked_for(services, incident_id) if proposal.undo_of else None
    if entry:
        return undoing.prove(services, entry, evidence)
    return diagnose(services, incident_id, evidence, proposal.target)


def _same(candidate: Proposal, proposal: Proposal) -> bool:
    """Equal but for the restart's time, which is fixed when it is proposed, and for what a person set; with no step
    that has not been shown.
    """
    shown = all(step in proposal.then for step in candidate.then)
    return shown and same_but_for_edit(candidate, proposal, ("restarted_at",))


def _policy_change(blocks: tuple[policy.Block, ...], approved: bool, in_spite_of_hold: bool) -> Change | None:
    standing = [b for b in blocks if b.effect == "refuse" or not _answered(b, approved, in_spite_of_hold)]
    if not standing:
        return None
    refused = any(block.effect == "refuse" for block in standing)
    told = tuple(str(block) for block in standing)
    return Change(kind="blocked" if refused else "asks", reason="; ".join(told), blocks=told)


def _answered(block: policy.Block, approved: bool, in_spite_of_hold: bool) -> bool:
    """A yes answers what asks; a hold that came after it is another question."""
    return approved and (in_spite_of_hold or block.rule not in HOLDS)
