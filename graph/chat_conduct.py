"""What chat tells of how the agent conducts itself now: what it may do, what holds it, what waits for a person."""

from __future__ import annotations

from collections.abc import Sequence

from graph.chat_services import ChatServices
from graph.freeze_windows import FreezeWindow
from graph.policy_facts import PolicySettings
from graph.policy_limits import open_freezes
from tools import lookups_record
from tools.answer_words import SHOWN, capped, count, limited
from tools.autonomy import Standing
from tools.lookups_record import Told
from tools.records import LEVELS
from tools.survey import Survey

NO_POLICY = "Freeze windows are not known here."


def conduct(services: ChatServices, survey: Survey) -> Told:
    """Mode, kill switch, holds, freeze windows, levels that narrow, and what waits. Raises StoreError."""
    waiting = lookups_record.waiting(services.record)
    parts = [
        lookups_record.conduct(services.record, services.mode).text,
        _held(services, survey),
        _frozen(services.policy, survey),
        _levels(services.record.levels(), services.policy),
        waiting.text,
    ]
    return Told(text=capped("\n".join(parts)), incidents=waiting.incidents)


def _held(services: ChatServices, survey: Survey) -> str:
    held = services.record.holds(survey.now)
    if not held:
        return "There is no global hold."
    lines = [f"- {hold.cause.replace('_', ' ')}: {hold}" for hold in held]
    lead = "A global hold: nothing is written by itself, and an approval needs a reason (GET /hold)."
    return "\n".join([lead, *lines])


def _frozen(policy: PolicySettings | None, survey: Survey) -> str:
    if policy is None:
        return NO_POLICY
    survey.note("configuration: freeze windows")
    if not policy.freeze_windows:
        return "No freeze window is configured."
    lines = [
        f"- {why}{_place(window)}"
        for window in policy.freeze_windows
        for why in open_freezes((window,), survey.now)
    ]
    if not lines:
        return f"{count(len(policy.freeze_windows), 'freeze window')} configured, none of them open now."
    return "\n".join(["Nothing is written by itself in a change freeze:", *lines])


def _place(window: FreezeWindow) -> str:
    return f", in {', '.join(window.namespaces)}" if window.namespaces else ""


def _levels(standing: Sequence[Standing], policy: PolicySettings | None) -> str:
    """Only what narrows: all else goes as far as the mode lets it."""
    narrowed = [each for each in standing if each.level != LEVELS[-1]]
    lines = [
        f"- {each.action} for {each.problem.replace('_', ' ')}: {each.level}, set by {each.actor}: {each.reason}"
        for each in narrowed
    ]
    for ceiling in policy.autonomy if policy else ():
        what = (
            f"{ceiling.action or 'every action'} for {ceiling.problem.replace('_', ' ') or 'every problem'}"
        )
        lines.append(f"- {what}: at most {ceiling.level}, by POLICY_FILE")
    if not lines:
        return "No action is narrowed beyond the mode (GET /autonomy)."
    return "\n".join(["Narrowed beyond the mode (GET /autonomy):", *limited(lines, SHOWN, "levels")])
