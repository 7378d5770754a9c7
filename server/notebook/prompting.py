"""A laboratory for the prompt: what a model is shown of an incident, how large it is, and what is answered."""

from __future__ import annotations

from collections.abc import Callable

from graph.counsel import question_of
from graph.question import MOST_BYTES
from server.notebook.again import limits_of, model_named
from server.notebook.moment import at_decision
from server.notebook.opening import Opened
from server.notebook.stopping import Stop, told
from server.notebook.tables import Table, listed, pairs
from tools.adviser import Question, Reply
from tools.adviser_records import HOW
from tools.past_runs import PastRun

NOTHING = "There is nothing to choose, or nothing to cite: no model would be asked. Take another one in the first cell."
NOT_ON_FILE = f"not compared: no answer to this prompt is on file; {HOW}"


def asked(record: Opened, run: PastRun) -> Question:
    """The question of this incident. Raises Stop where no model would be asked."""
    with at_decision(record.file, run, limits_of(record, run)) as moment:
        case = moment.case
    asked_for = question_of(case) if case.candidates else None
    if asked_for is None or not asked_for.evidence:
        raise Stop(NOTHING)
    return asked_for


def rewritten(asked_for: Question, change: Callable[[str], str]) -> Question:
    """With other instructions. Only the text of the system's part may change: what may be chosen and cited stays."""
    return asked_for.model_copy(update={"system": change(asked_for.system)})


def sizes(**questions: Question) -> Table:
    """Bytes of each part, and of both together against the most that is sent."""
    rows = []
    for name, each in questions.items():
        system, user = len(each.system.encode()), len(each.user.encode())
        rows.append(
            (name.replace("_", " "), system, user, system + user, f"{(system + user) / MOST_BYTES:.0%}")
        )
    return Table("Size in bytes", ("prompt", "system", "user", "both", f"of {MOST_BYTES}"), rows)


def answered(record: Opened, model: str, **questions: Question) -> Table:
    """What the model says to each. `recorded` gives what is on file for this very prompt, without a network: an answer
    to other words would compare nothing. Raises Stop.
    """
    rows = []
    for name, each in questions.items():
        known = model != "recorded" or _is_on_file(record, each)
        told_of = _row(_answer(record, model, each)) if known else ("", "", NOT_ON_FILE, 0)
        rows.append((name.replace("_", " "), *told_of))
    return Table(f"Answers of {model}", ("prompt", "choice", "doubts", "reasons", "tokens"), rows)


def _is_on_file(record: Opened, each: Question) -> bool:
    return any(line.get("prompt") == each.digest for line in (record.bundle.llm if record.bundle else ()))


def _answer(record: Opened, model: str, each: Question) -> Reply:
    adviser = model_named(model, record)
    if adviser is None:
        raise Stop("MODEL is off: choose recorded, declines or groq in the first cell.")
    with told():
        reply = adviser.ask(each)
    adviser.close()
    return reply


def offered(each: Question) -> Table:
    """What may be chosen and what may be cited."""
    return pairs(
        "May be answered", [("choices", listed(each.choices)), ("evidence", ", ".join(each.evidence))]
    )


def _row(reply: Reply) -> tuple[object, ...]:
    tokens = reply.prompt_tokens + reply.completion_tokens
    if reply.answer is None:
        return ("", "", reply.failure, tokens)
    reasons = listed(f"{reason.text} [{', '.join(reason.evidence)}]" for reason in reply.answer.reasons)
    return (reply.answer.choice, reply.answer.doubts, reasons, tokens)
