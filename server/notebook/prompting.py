"""A laboratory for the prompt: what a model is shown of an incident, how large it is, and what is answered."""

from __future__ import annotations

from collections.abc import Callable

from graph.question import MOST_BYTES, question
from server.notebook.again import limits_of, model_named
from server.notebook.moment import at_decision
from server.notebook.opening import Opened
from server.notebook.stopping import Stop, told
from server.notebook.tables import Table, listed, pairs
from tools.adviser import Question, Reply
from tools.past_runs import PastRun

NOTHING = "There is nothing to choose in this incident: no model would be asked. Choose another one in the first cell."


def asked(record: Opened, run: PastRun) -> Question:
    """The question of this incident. Raises Stop where no model would be asked."""
    with at_decision(record.file, run, limits_of(record, run)) as moment:
        case = moment.case
    if not case.candidates:
        raise Stop(NOTHING)
    return question(case.finding, case.candidates, case.evidence, case.target, case.similar, case.alerts)


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
    """What the model says to each: `recorded` gives what is on file, without a network. Raises Stop."""
    rows = []
    for name, each in questions.items():
        adviser = model_named(model, record)
        if adviser is None:
            raise Stop("MODEL is off: choose recorded, declines or groq in the first cell.")
        with told():
            rows.append((name.replace("_", " "), *_row(adviser.ask(each))))
        adviser.close()
    return Table(f"Answers of {model}", ("prompt", "choice", "doubts", "reasons", "tokens"), rows)


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
