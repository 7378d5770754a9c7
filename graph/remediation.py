"""One incident, from alert to report: the nodes in the order in which they run, then the wiring.

parse_alert → gather_logs → retrieve_similar → decide → (settle | request_approval → await_approval) → execute
→ verify ⇄ (advance →) await_look → (undo) → remember → report

Nodes that wait (`settle`, `await_approval`, `await_look`) do nothing but interrupt, since an interrupted node
runs again from its top. `execute`, `advance` and `undo` are at-least-once: ledger and stamp make them exactly-once.
Node names are a storage format: renaming one strands the runs that wait in it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, interrupt

from graph import (
    autonomy,
    counsel,
    dry_runs,
    granting,
    keeping,
    looking_again,
    messages,
    policy,
    proposals,
    requested,
    second_signal,
    second_steps,
    stepping,
    undoing,
    verdicts,
    verification,
    writes,
)
from graph.at_once import fell_ill_together
from graph.explained import looks_for
from graph.four_eyes import needs_two
from graph.holding import standing
from graph.observed_use import observed_use
from graph.overriding import holds_left, overridden
from graph.policy_facts import REQUESTED
from graph.policy_hold import GLOBAL_HOLD
from graph.proof import Change, prove_again
from graph.recollection import recollect
from graph.services import Services
from graph.state import Decision, IncidentState, Progress, Proposal, Status
from graph.together import together
from graph.urgency import without_orders
from tools import evidence as evidence_reader
from tools import targets
from tools.actions import parse_call
from tools.approvals import Approval
from tools.errors import (
    Conflict,
    Crowded,
    DryRunUnsupported,
    PermanentError,
    Refused,
    TransientError,
    UnknownOutcome,
)
from tools.records import Alert, ApprovalAnswer, Evidence, EvidenceItem, Verdict
from tools.surroundings import look_around

MOST_PROPOSALS = 5
"""After so many changed proposals a person takes over."""
OUTCOMES: dict[str, Status] = {
    "RECOVERED": "recovered",
    "PROVISIONAL": "provisional",
    "INCONCLUSIVE": "inconclusive",
    "NOT_RECOVERED": "escalated",
    "REGRESSED": "escalated",
    "SUPERSEDED": "escalated",
}
ANSWERED: dict[str, Status] = {"rejected": "rejected", "expired": "expired", "withdrawn": "withdrawn"}


def parse_alert(
    state: IncidentState, runtime: Runtime[Services]
) -> Command[Literal["gather_logs", "report"]]:
    """Find what the alerts are about; join the older run of the same workload, if there is one."""
    services, incident_id = runtime.context, state["incident_id"]
    incident = services.incidents.get(incident_id)
    alerts = services.incidents.alerts(incident_id)
    services.incidents.set_status(incident_id, "investigating")
    update: dict[str, Any] = {"episode_id": incident.episode_id, "alerts": alerts, "target": None}
    try:
        resolution = _resolve(services, incident_id, alerts)
    except TransientError as error:
        writes.wait_for_server(services, incident.began_at, error)
        return Command(goto="gather_logs", update={**update, "unresolved": str(error)})
    except PermanentError as error:
        return Command(goto="gather_logs", update={**update, "unresolved": str(error)})
    if resolution.target is None:
        return Command(goto="gather_logs", update={**update, "unresolved": resolution.reason})
    if resolution.worth_telling:
        _tell_target(services, incident_id, resolution.reason)
    owner = services.incidents.claim_target(incident_id, resolution.target)
    update["target"] = resolution.target
    if owner != incident_id:
        _not_taken_up(services, incident_id, owner)
        return Command(goto="report", update={**update, "outcome": "merged"})
    return Command(goto="gather_logs", update=update)


def gather_logs(state: IncidentState, runtime: Runtime[Services]) -> dict[str, Any]:
    """Read what decides; a read that fails is an item, not an error."""
    services, target = runtime.context, state.get("target")
    now = services.clock.now()
    alerts = services.incidents.alerts(state["incident_id"])
    if target is None:
        evidence = look_around(services.cluster, alerts, looks_for(alerts), clock=services.clock)
        services.incidents.save_evidence(state["incident_id"], evidence)
        return {"evidence": evidence, "alerts": alerts}
    try:
        evidence = evidence_reader.collect(
            services.cluster,
            target,
            revisions=services.revisions,
            clock=services.clock,
            alerts=alerts,
            metrics=services.metrics,
            all_guards=undoing.asked_by_person(services, state["incident_id"]),
        ).model_copy(update={"at_once": fell_ill_together(services, now)})
    except TransientError as error:
        writes.wait_for_server(services, services.incidents.get(state["incident_id"]).began_at, error)
        failed = EvidenceItem(id="e1", kind="workload", status="failed", query="all", summary=str(error))
        evidence = Evidence(collected_at=now, items=(failed,))
    services.incidents.save_evidence(state["incident_id"], evidence)
    return {"evidence": evidence, "alerts": alerts}


def retrieve_similar(state: IncidentState, runtime: Runtime[Services]) -> dict[str, Any]:
    """What was done before for this workload and its problem class, and whether it helped."""
    services, incident_id, target = runtime.context, state["incident_id"], state.get("target")
    finding, _ = requested.diagnose(services, incident_id, state["evidence"], target, state.get("alerts", []))
    similar, gap = recollect(services.incidents, services.memory, finding, target)
    if gap and all(entry.kind != "memory" for entry in services.incidents.timeline(incident_id)):
        services.incidents.note(incident_id, "memory", f"could not be looked at: {gap}")
    return {"similar": similar, "memory_gap": gap}


def decide(
    state: IncidentState, runtime: Runtime[Services]
) -> Command[Literal["settle", "execute", "request_approval", "remember"]]:
    """Prove a class, choose among its candidates, ask policy; the route is the outcome."""
    services, incident_id = runtime.context, state["incident_id"]
    now = services.clock.now()
    decided = _decide(state, services)
    decision: Decision = decided["decision"]
    services.incidents.save_decision(
        incident_id, decision.model_dump(mode="json"), summary=without_orders(decided["finding"]).summary
    )
    if decided["finding"].problem != REQUESTED:  # a replay could not know what a person wanted
        keeping.keep(services, state)
    if decision.without_test:
        decided["proposal"] = dry_runs.rehearse(services, incident_id, decision, decided["proposal"])
    if decision.route == "act":
        decided["proposal"] = proposals.snapshot(services, decided["proposal"])
        until = policy.settle_until(services.incidents.get(incident_id).began_at, services.policy)
        services.incidents.set_status(incident_id, "settling", f"settles until {until:%H:%M:%S} UTC")
        goto: Literal["settle", "execute"] = "settle" if until > now else "execute"
        return Command(goto=goto, update={**decided, "settle_until": until.isoformat()})
    if decision.route == "ask":
        return Command(goto="request_approval", update=decided)
    outcome = "ignored" if decision.route == "ignore" else "notified"
    return Command(goto="remember", update={**decided, "outcome": outcome})


def settle(state: IncidentState) -> dict[str, Any]:
    """Park until the outage has had time to show itself as one."""
    interrupt({"kind": "settle", "until": state["settle_until"]})
    return {}


def request_approval(
    state: IncidentState, runtime: Runtime[Services]
) -> Command[Literal["await_approval", "remember"]]:
    """Preview by dry run and ask a person for exactly that; once, though the process dies as it asks."""
    services, incident_id, proposal = runtime.context, state["incident_id"], state["proposal"]
    assert proposal is not None
    count = state.get("proposals", 0) + 1
    if count > MOST_PROPOSALS:
        text = f"the target changed {MOST_PROPOSALS} times while an approval was asked for"
        return _explain_instead(services, state, text)
    now = services.clock.now()
    try:
        shown, approval = _ask(services, state, proposal, now)
    except PermanentError as error:
        return _explain_instead(services, state, f"the API server refuses it: {error}")
    test = services.policy.test_cluster
    alike = together(services, state, now)
    message = messages.approval_request(state, shown, approval.id, approval.expires_at, now, test, alike)
    services.outbox.queue(message)
    _point_to_fresh(services, state.get("approval_id", ""), approval.id)
    text = f"a person decides on {proposal.call.name} (approval {approval.id})"
    services.incidents.set_status(incident_id, "awaiting_approval", text)
    update = {"proposal": shown, "approval_id": approval.id, "proposals": count}
    return Command(goto="await_approval", update=update)


def await_approval(
    state: IncidentState,
) -> Command[Literal["execute", "gather_logs", "remember"]]:
    """Park until a person, the clock or the alert's end answers."""
    answer = ApprovalAnswer.model_validate(
        interrupt({"kind": "approval", "approval_id": state["approval_id"]})
    )
    if answer.decision == "approved":
        return Command(goto="execute", update={"answer": answer})
    if answer.decision in ("stale", "renewed"):
        return Command(goto="gather_logs", update={"answer": answer})
    return Command(goto="remember", update={"answer": answer, "outcome": ANSWERED[answer.decision]})


def execute(
    state: IncidentState, runtime: Runtime[Services]
) -> Command[Literal["verify", "gather_logs", "request_approval", "remember"]]:
    """Prove it all again, claim it in the ledger, write once, and know what was written."""
    services, proposal = runtime.context, state["proposal"]
    assert proposal is not None
    key = proposals.ledger_key(state["incident_id"], proposal)
    known = services.ledger.get(key)
    if not (known and (known.receipt or writes.was_sent(services, known))):
        change = _prove_again(services, state, proposal)
        if change:
            services.ledger.release(key)
            if change.kind == "asks":
                return _ask_instead(services, state, change)
            return _not_any_more(services, state, change.kind, change.reason)
        untaken = granting.take(services, state["incident_id"], proposal, services.clock.now())
        if untaken:
            return _not_any_more(services, state, "blocked", untaken)
    try:
        entry = known or proposals.ledger_entry(services, state, proposal)
        receipt = writes.send(services, entry, untried=proposals.is_untried(proposal))
    except Crowded as error:
        return _crowded_out(services, state, error)
    except Conflict as error:
        return _not_any_more(services, state, "changed", str(error))
    except DryRunUnsupported as error:
        told = f"the API server could not try it: {error}"
        return _ask_instead(services, state, Change(kind="asks", reason=told, blocks=(told,)))
    except PermanentError as error:
        return _not_any_more(services, state, "blocked", str(error))
    except UnknownOutcome as error:
        return _nobody_knows(services, state, error)
    # a write that was found done after a crash was not seen before: the proposal's snapshot stands in
    known_before = receipt.model_copy(update={"before": receipt.before or proposal.observed})
    return Command(goto="verify", update={"receipt": known_before, "progress": Progress()})


def verify(
    state: IncidentState, runtime: Runtime[Services]
) -> Command[Literal["verify", "await_look", "advance", "undo", "remember"]]:
    """Look, add it up, judge; or say when to look next, or that an action of many writes goes on."""
    services, incident_id, receipt = runtime.context, state["incident_id"], state["receipt"]
    services.incidents.set_status(incident_id, "verifying")
    now, progress = services.clock.now(), state["progress"]
    due = verification.first_look(receipt, services.policy)
    if now < due:
        return Command(goto="await_look", update={"look_at": due.isoformat()})
    action, args = parse_call(receipt.call, services.policy.enabled_actions)
    look = observed_use(services.metrics, action.observe(services.cluster, args, receipt, now), receipt)
    progress = verdicts.fold(progress, look, receipt)
    if not look.error and stepping.goes_on(services, state):
        return Command(goto="advance", update={"progress": progress})
    verdict = stepping.verdict(state, now) or verdicts.judge(progress, receipt, services.policy, now)
    verdict = verdicts.claimed(verdict, state["finding"].problem)
    verdict = second_signal.counted(services, incident_id, verdict, progress, receipt, now)
    if verdict is None:
        second_steps.take(services, state)
        next_look = now + timedelta(seconds=services.policy.verify_poll_seconds)
        return Command(goto="await_look", update={"progress": progress, "look_at": next_look.isoformat()})
    services.ledger.set_verdict(receipt.key, verdict.name)
    second_steps.close(services, state, verdict.name)
    services.incidents.save_verdict(incident_id, verdict)
    autonomy.take_back(services, receipt.key)
    looking_again.schedule(services, incident_id, verdict, progress, receipt)
    undo_it = (verdict.name == "REGRESSED" or verdict.undo) and receipt.inverse is not None
    update = {"progress": progress, "verdict": verdict, "outcome": OUTCOMES[verdict.name]}
    return Command(goto="undo" if undo_it else "remember", update=update)


def advance(state: IncidentState, runtime: Runtime[Services]) -> dict[str, Any]:
    """The next write of an action of many, or what it waits for; looked at before there is another one."""
    services = runtime.context
    steps = stepping.advance(services, state)
    next_look = services.clock.now() + timedelta(seconds=services.policy.verify_poll_seconds)
    return {"steps": steps, "look_at": next_look.isoformat()}


def await_look(state: IncidentState) -> dict[str, Any]:
    """Park until the next look."""
    interrupt({"kind": "look", "until": state["look_at"]})
    return {}


def undo(state: IncidentState, runtime: Runtime[Services]) -> dict[str, Any]:
    """Worse than before by our change, or of no use: the recorded inverse, unless somebody else has changed it since.

    Authorised by the decision that made the write; never in spite of a pause, nor of a global hold that the decision
    did not know of: what got worse may not be by our change then.
    """
    services, incident_id, receipt = runtime.context, state["incident_id"], state["receipt"]
    why_not = _why_not_undone(services, state)
    if why_not:
        services.incidents.note(incident_id, "undo", why_not)
        return {}
    entry = writes.undo_entry(services, state, receipt)
    try:
        undone = writes.send(services, services.ledger.get(entry.key) or entry)
    except PermanentError as error:
        services.incidents.note(incident_id, "undo", f"not undone: {error}")
        return {}
    services.ledger.set_verdict(entry.key, "UNDO_SENT")
    services.incidents.note(incident_id, "undo", f"undone by {messages.call_line(undone.call)}")
    return {"undo_receipt": undone}


def remember(state: IncidentState, runtime: Runtime[Services]) -> dict[str, Any]:
    """What later incidents find: the record holds decision, action and verdict already; add the outcome."""
    services, incident_id = runtime.context, state["incident_id"]
    services.incidents.note(incident_id, "outcome", state["outcome"])
    undoing.tell_original(services, incident_id, state["outcome"])
    return {}


def report(state: IncidentState, runtime: Runtime[Services]) -> dict[str, Any]:
    """Tell a person what they need to know, end the run, and mark the thread as finished, last of all."""
    services, outcome = runtime.context, state["outcome"]
    if outcome not in ("merged", "ignored"):
        now, test = services.clock.now(), services.policy.test_cluster
        alike = together(services, state, now)
        services.outbox.queue(messages.report(state, outcome, now, test_cluster=test, alike=alike))
    services.incidents.end(state["incident_id"], outcome)
    return {"phase": "closed"}


def _not_taken_up(services: Services, incident_id: str, owner: str) -> None:
    """A request that meets a run of the same workload is not done beside it, nor slipped into it: both say so."""
    request = requested.request_of(services, incident_id)
    if request is not None:
        text = (
            f"{request.name}, asked for by {request.actor}, was not taken up: incident {owner} is under way"
        )
        for each in (incident_id, owner):
            services.incidents.note(each, "not_done", text)


def _tell_target(services: Services, incident_id: str, how: str) -> None:
    """Once, however often the run looks."""
    told = {entry.text for entry in services.incidents.timeline(incident_id) if entry.kind == "target"}
    if how not in told:
        services.incidents.note(incident_id, "target", how)


def _resolve(services: Services, incident_id: str, alerts: list[Alert]) -> targets.Resolution:
    """What the alerts are about; of an undo on request, what the write was about."""
    undone = undoing.asked_for(services, incident_id)
    if undone:
        return targets.Resolution(target=undone.target, reason="the write that is to be taken back")
    now = services.clock.now()
    return targets.resolve(services.cluster, alerts, metrics=services.metrics, now=now)


def _decide(state: IncidentState, services: Services) -> dict[str, Any]:
    undone = undoing.asked_for(services, state["incident_id"]) if state.get("target") else None
    if undone:
        return undoing.decide(services, state, undone)
    case = counsel.case_of(
        services,
        state["incident_id"],
        state["evidence"],
        state.get("target"),
        similar=state.get("similar", []),
        why_no_target=state.get("unresolved", ""),
        answer=state.get("answer"),
    )
    decision, proposal = counsel.decide(services, case)
    if proposal and (grant := granting.fitting(services, case.incident_id, proposal, services.clock.now())):
        decision = decision.model_copy(update={"granted": grant.words()})
    return {"finding": case.finding, "decision": decision, "proposal": proposal}


def _prove_again(services: Services, state: IncidentState, proposal: Proposal) -> Change | None:
    """Waits for a server that does not answer while patience lasts: nothing has been written yet."""
    change = prove_again(
        services,
        state["incident_id"],
        proposal,
        certainty=state["decision"].confidence,
        approved=state["decision"].route == "ask",
        now=services.clock.now(),
        over=overridden(state.get("answer")),
    )
    if change is None and _one_yes_missing(services, state, proposal):
        return Change(kind="blocked", reason=f"two people have to approve {proposal.call.name}, and one did")
    if change and any(block.startswith(f"{GLOBAL_HOLD}:") for block in change.blocks):
        keeping.keep_holds(services, state["incident_id"])
    if change and change.kind == "unreadable":
        writes.wait_for_server(services, writes.may_write_since(state), TransientError(change.reason))
    return change


def _why_not_undone(services: Services, state: IncidentState) -> str:
    """Empty: it may be undone by itself now. Raises TransientError and StoreError."""
    try:
        if services.controls.pause_now().paused:
            return "not undone: actions are paused"
    except PermanentError as error:
        return f"not undone by itself: whether actions are paused could not be read: {error}"
    held = holds_left(standing(services, services.clock.now()), overridden(state.get("answer")))
    if held:
        return f"not undone by itself: a global hold: {held[0]}"
    return ""


def _one_yes_missing(services: Services, state: IncidentState, proposal: Proposal) -> bool:
    """Asked once more before the write: the policy file may have come to want two since a person approved."""
    answer = state.get("answer")
    return needs_two(proposal.call.name, services.policy) and not (answer and answer.first_actor)


def _nobody_knows(
    services: Services, state: IncidentState, error: UnknownOutcome
) -> Command[Literal["verify", "gather_logs", "request_approval", "remember"]]:
    """The answer is lost and the object cannot be read: ask again for a while, then say so."""
    now = services.clock.now()
    limit = timedelta(seconds=services.policy.verify_timeout_seconds)
    if now - writes.may_write_since(state) < limit:
        raise error
    verdict = Verdict(name="INCONCLUSIVE", reason=str(error), at=now)
    services.incidents.save_verdict(state["incident_id"], verdict)
    return Command(goto="remember", update={"verdict": verdict, "outcome": "inconclusive"})


def _explain_instead(
    services: Services, state: IncidentState, reason: str
) -> Command[Literal["await_approval", "remember"]]:
    decision = _blocked(services, state, reason)
    return Command(goto="remember", update={"decision": decision, "outcome": "notified"})


def _crowded_out(
    services: Services, state: IncidentState, error: Crowded
) -> Command[Literal["verify", "gather_logs", "request_approval", "remember"]]:
    """Another run claimed the last room between policy's look and our claim."""
    if not error.asks:
        return _not_any_more(services, state, "blocked", f"{error.rule}: {error}")
    told = f"{error.rule}: {error}"
    return _ask_instead(services, state, Change(kind="asks", reason=told, blocks=(told,)))


def _ask_instead(
    services: Services, state: IncidentState, change: Change
) -> Command[Literal["verify", "gather_logs", "request_approval", "remember"]]:
    """All is as it was, but what was to be done by itself, or on an earlier yes, needs a yes as things are now."""
    incident_id, decision = state["incident_id"], state["decision"]
    services.incidents.note(incident_id, "not_done", change.reason)
    blocked_by = tuple(dict.fromkeys((*decision.blocked_by, *change.blocks)))
    asks = decision.model_copy(update={"route": "ask", "blocked_by": blocked_by})
    services.incidents.save_decision(
        incident_id, asks.model_dump(mode="json"), summary=without_orders(state["finding"]).summary
    )
    update = {"decision": asks, "proposals": state.get("proposals", 0) + 1}
    return Command(goto="request_approval", update=update)


def _not_any_more(
    services: Services, state: IncidentState, kind: str, reason: str
) -> Command[Literal["verify", "gather_logs", "request_approval", "remember"]]:
    """What was proposed may not be written now: withdraw, look afresh, or leave it to a person."""
    services.incidents.note(state["incident_id"], "not_done", reason)
    if kind == "resolved":
        return Command(goto="remember", update={"outcome": "withdrawn"})
    if kind == "changed" and state.get("proposals", 0) < MOST_PROPOSALS:
        count = state.get("proposals", 0) + 1
        return Command(goto="gather_logs", update={"proposals": count})
    decision = _blocked(services, state, reason)
    return Command(goto="remember", update={"decision": decision, "outcome": "notified"})


def _blocked(services: Services, state: IncidentState, reason: str) -> Decision:
    decision = state["decision"]
    blocked = decision.model_copy(update={"route": "notify", "blocked_by": (*decision.blocked_by, reason)})
    summary = without_orders(state["finding"]).summary
    services.incidents.save_decision(state["incident_id"], blocked.model_dump(mode="json"), summary=summary)
    return blocked


def _ask(
    services: Services, state: IncidentState, proposal: Proposal, now: datetime
) -> tuple[Proposal, Approval]:
    """What is shown and the approval of it. Raises PermanentError when the API server would refuse the write."""
    asked = _asked_already(services, state)
    if asked:
        return Proposal.model_validate(asked.proposal), asked
    shown = proposals.preview(services, proposal)
    assert shown.preview is not None
    if not shown.preview.accepted:
        raise Refused(shown.preview.dry_run)
    return shown, services.approvals.request(proposals.approval(services, state, shown, now))


def _asked_already(services: Services, state: IncidentState) -> Approval | None:
    """What this node asked for before the process died: a second preview may differ from the one that a person is
    answering, or has answered. Newer than the approval that the run knows, if it knows one.
    """
    asked = services.approvals.for_incident(state["incident_id"])
    ids = [approval.id for approval in asked]
    known = state.get("approval_id", "")
    newer = asked[ids.index(known) + 1 :] if known in ids else asked
    return newer[-1] if newer else None


def _point_to_fresh(services: Services, old: str, fresh: str) -> None:
    if old and old != fresh:
        services.approvals.replace(old, fresh)


def build(
    checkpointer: BaseCheckpointSaver[Any] | None = None,
) -> CompiledStateGraph[IncidentState, Services, IncidentState, IncidentState]:
    """The compiled graph. Compile once per process; services come with every invoke."""
    graph = StateGraph(IncidentState, context_schema=Services)
    nodes = (parse_alert, gather_logs, retrieve_similar, decide, settle, request_approval, await_approval)
    for node in (*nodes, execute, verify, advance, await_look, undo, remember, report):
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "parse_alert")
    graph.add_edge("gather_logs", "retrieve_similar")
    graph.add_edge("retrieve_similar", "decide")
    graph.add_edge("settle", "execute")
    graph.add_edge("advance", "await_look")
    graph.add_edge("await_look", "verify")
    graph.add_edge("undo", "remember")
    graph.add_edge("remember", "report")
    graph.add_edge("report", END)
    return graph.compile(checkpointer=checkpointer)
