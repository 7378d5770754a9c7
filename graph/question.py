"""The question that a model is asked: finding, candidates and evidence in a prompt of at most 5 KB.

Pure. Evidence is redacted when it is read; everything that comes from the cluster is cleaned once more here and put
inside `_untrusted.md.j2`. Sizes are bytes (section 6.2 of the Kubernetes specification).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from graph.state import Finding, Proposal
from prompts import render
from tools.actions import REGISTRY
from tools.adviser import NONE, Question
from tools.excerpts import bounded, clean, excerpt_log, message
from tools.records import Alert, Evidence, EvidenceItem, Record, Similar, Target

MOST_BYTES = 5000
"""Of both prompts together."""
MOST_REASONS = 4
MOST_CANDIDATES = 4
SUMMARY = 160
ALERT, FINDING, HISTORY, CANDIDATE = 400, 900, 400, 260
LEAST_ITEM = 60
"""Bytes left below which no further item is begun."""
BUDGETS = {
    "previous_logs": 1500,
    "logs": 1500,
    "events": 800,
    "pods": 800,
    "revision_diff": 700,
    "revisions": 600,
    "workload": 300,
}
"""By kind; what is not deciding is shown in this order."""
OTHER_BUDGET = 450
LOGS = frozenset({"logs", "previous_logs", "running_logs"})
HIDDEN_ARGS = frozenset({"namespace", "name", "uid"})
"""Arguments that only bind an action to its object; digests and instants are left out too."""
_STRIPPED = frozenset({"Cf", "Co", "Cs", "Cn"})


class Shown(Record):
    """One block of the prompt."""

    id: str
    text: str


def question(
    finding: Finding,
    candidates: Sequence[Proposal],
    evidence: Evidence,
    target: Target | None,
    similar: Sequence[Similar] = (),
    alerts: Sequence[Alert] = (),
) -> Question:
    """What to ask. Candidates are c1, c2, … in the playbook's order; only found and shown items may be cited."""
    offered = {f"c{number}": c for number, c in enumerate(candidates[:MOST_CANDIDATES], start=1)}
    system = render("decide.system.md.j2", nobody=NONE, most_reasons=MOST_REASONS)
    known = {
        "problem": finding.problem,
        "alert": _alert(alerts, target),
        "finding": _finding(finding),
        "history": bounded("\n".join(_earlier(past) for past in similar[:3]), HISTORY),
        "candidates": [_candidate(id_, candidate) for id_, candidate in offered.items()],
        "missing": _missing(evidence),
        "nobody": NONE,
    }
    bare = render("decide.user.md.j2", **known, items=(), left_out=len(evidence.items))
    items = _items(evidence, finding, MOST_BYTES - len((system + bare).encode()))
    found = sum(item.status == "found" for item in evidence.items)
    user = render("decide.user.md.j2", **known, items=items, left_out=found - len(items))
    shown = tuple(item.id.split()[0] for item in items)
    return Question(system=system, user=user, choices=tuple(offered), evidence=shown)


def plain(text: str) -> str:
    """Without secrets, escapes and every character that a reader does not see or that selects a variant."""
    return "".join(char for char in clean(text) if char in "\n\t" or not _unseen(char))


def _unseen(char: str) -> bool:
    variant = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
    return variant or unicodedata.category(char) in _STRIPPED or char in "\u115f\u1160\u3164\uffa0"


def _line(text: str, limit: int = SUMMARY) -> str:
    return message(plain(text), limit)


def _alert(alerts: Sequence[Alert], target: Target | None) -> str:
    lines = [f"target: {target.kind} {target.namespace}/{target.name}"] if target else []
    for alert in alerts[:2]:
        words = alert.annotations.get("summary") or alert.annotations.get("description") or ""
        lines.append(_line(f"{alert.name} {alert.severity} since {alert.starts_at:%H:%M:%S} UTC: {words}"))
    return bounded("\n".join(_line(line) for line in lines), ALERT)


def _finding(finding: Finding) -> str:
    lines = [f"{finding.summary} (rests on {', '.join(finding.evidence[:8])})"]
    lines += [f"fact: {fact}" for fact in finding.facts[:5]]
    lines += [f"ruled out: {other}" for other in finding.ruled_out[:4]]
    return bounded("\n".join(_line(line) for line in lines), FINDING)


def _earlier(past: Similar) -> str:
    where = "this workload" if past.same_workload else "another workload"
    done = f"{past.action or 'no action'}: {past.verdict or 'no verdict'}"
    return _line(f"{past.problem} on {where}: {done}. {past.note}")


def _candidate(id_: str, candidate: Proposal) -> dict[str, str]:
    action = REGISTRY.get(candidate.call.name)
    given = [f"{name}={value}" for name, value in candidate.call.args.items() if _telling(name)]
    proof = (
        ["health of the revision it goes back to is not proved"]
        if candidate.health_proof == "not_proved"
        else []
    )
    return {
        "id": id_,
        "action": candidate.call.name,
        "risk": candidate.risk,
        "summary": action.summary if action else "",
        "text": bounded("\n".join(_line(line) for line in [candidate.reason, *proof, *given]), CANDIDATE),
    }


def _telling(argument: str) -> bool:
    return argument not in HIDDEN_ARGS and not argument.endswith(("digest", "uid", "_at"))


def _missing(evidence: Evidence) -> str:
    return "\n".join(_line(f"{item.kind}: {item.summary}", 100) for item in evidence.missing()[:3])


def _items(evidence: Evidence, finding: Finding, room: int) -> list[Shown]:
    """What was found, the finding's own items first, each within its budget, all of them within the room."""
    order = list(BUDGETS)
    found = sorted(
        (item for item in evidence.items if item.status == "found"),
        key=lambda i: (i.id not in finding.evidence, order.index(i.kind) if i.kind in order else len(order)),
    )
    shown: list[Shown] = []
    for item in found:
        id_ = f"{item.id} {item.kind}"
        limit = min(room, BUDGETS.get(item.kind, OTHER_BUDGET))
        text = _within(item, limit - _frame(id_, ""))
        cost = _frame(id_, text)
        if cost > room:
            break
        shown.append(Shown(id=id_, text=text))
        room -= cost
    return shown


def _within(item: EvidenceItem, limit: int) -> str:
    """The item's line, then as much of its excerpt as fits, the bars before its lines included."""
    summary = _line(item.summary)
    room = limit - len(summary.encode()) - 3
    excerpt, left = plain(item.excerpt), room
    while excerpt and left >= LEAST_ITEM:
        cut = excerpt_log(excerpt, budget=left) if item.kind in LOGS else bounded(excerpt, left)
        over = len(cut.encode()) + 2 * len(cut.splitlines()) - room
        if over <= 0:
            return f"{summary}\n{cut}"
        left -= max(over, 20)
    return summary


def _frame(id_: str, text: str) -> int:
    """Bytes of a block in the prompt, with the line between it and the next."""
    return len(render("_block.md.j2", id=id_, text=text).encode()) + 1
