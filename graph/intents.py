"""What a question asks for, told from its words alone; whom it is about is told by `graph/linking.py`.

Rules over plain English, the more telling first: what asks for a change before what asks for the past, what names
a thing to read (logs, events) before what only asks how things are. No names of anybody's cluster stand here.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal, TypeAlias

from graph import cues
from graph.vocabulary import ANY_KIND, GREETING, HELP, KINDS, PAST_ACTS, STATES, TROUBLE, WELL
from graph.windows import since
from tools.records import Record

Intent: TypeAlias = Literal[
    "greet",
    "help",
    "act",
    "incident",
    "why_acted",
    "acted",
    "approvals",
    "to_do",
    "conduct",
    "logs",
    "events",
    "incidents",
    "changes",
    "images",
    "pods",
    "containers",
    "problems",
    "namespaces",
    "nodes",
    "workloads",
    "services",
    "trouble",
    "status",
    "story",
    "usage",
    "not_read",
    "about",
]
MOST_QUESTION = 2000
_FEW = {"two": 2, "three": 3, "four": 4, "five": 5, "ten": 10}
_NOUNS: dict[Intent, str] = {
    "pods": cues.POD_WORDS,
    "containers": "containers?",
    "namespaces": KINDS["Namespace"],
    "nodes": KINDS["Node"],
    "services": KINDS["Service"],
    "workloads": cues.WORKLOAD_WORDS,
}


class Wish(Record):
    """What is asked for."""

    intent: Intent
    state: str = ""
    """Of pods; see `tools.lookups.STATES`."""
    kind: str = ""
    """Kind of workloads to list."""
    ill: bool = False
    """Of workloads: only those that are not well."""
    action: str = ""
    """First word of the action that is spoken of."""
    verb: str = ""
    """What an order asks for, in its own word."""
    since: datetime | None = None
    most: int = 0
    """How many are asked for; 0: not said."""
    previous: bool | None = None
    """Of logs: the run that ended."""
    warnings: bool = False
    listing: bool = False
    still_open: bool = False
    outcomes: tuple[str, ...] = ()
    """Statuses that incidents are asked for by."""
    why: bool = False
    incident_id: str = ""
    follows_up: bool = False
    """It leans on the question before."""
    whole_cluster: bool = False
    """It speaks of everything, not of what the question before was about."""
    points_back: bool = False
    """It speaks of `it` or `there`."""


def plain(question: str) -> str:
    """Lower case, one kind of apostrophe and blank; reading commands of kubectl as sentences."""
    text = question.replace("’", "'").replace("‘", "'").replace("`", "'").replace("_", " ").lower()
    text = " ".join(text.split())[:MOST_QUESTION]
    read = cues.KUBECTL_READS.sub("", text)
    if read == text:
        return text
    for flag, words in cues.KUBECTL_FLAGS:
        read = flag.sub(words, read)
    return " ".join(read.split())


def understand(question: str, now: datetime) -> Wish:
    """What this question asks for. Always an answer: `about` when no rule fits."""
    whole = plain(question)
    text = cues.NAMES.sub("x0", whole)
    intent = _intent(text)
    return Wish(
        intent=intent,
        state=_state(text) if intent == "pods" and not cues.WHERE.search(text) else "",
        kind=_workload_kind(text) if intent == "workloads" else "",
        ill=intent == "workloads" and _is_ill(text),
        action=_action(text),
        verb=found["verb"] if (found := cues.ORDER.search(text)) else "",
        since=since(whole, now),
        most=_most(text),
        previous=_previous(whole),
        warnings=bool(cues.WARNINGS.search(text)),
        listing=not cues.HOW_MANY.search(text),
        still_open=bool(cues.OPEN.search(text)),
        outcomes=_outcomes(text) if intent == "incidents" else (),
        why=bool(cues.WHY.search(text)),
        incident_id=found[0] if (found := cues.INCIDENT_ID.search(text)) else "",
        follows_up=bool(cues.FOLLOWS_UP.search(text)),
        whole_cluster=bool(cues.WHOLE_CLUSTER.search(text)),
        points_back=bool(cues.PRONOUN.search(cues.NO_PRONOUN.sub(" ", text))),
    )


def _intent(text: str) -> Intent:
    if GREETING.search(text):
        return "greet"
    if HELP.search(text):
        return "help"
    if _acts(text):
        return "act"
    if cues.INCIDENT_ID.search(text):
        return "incident"
    return _of_the_agent(text) or _of_readings(text) or _of_things(text) or _of_health(text) or "about"


def _acts(text: str) -> bool:
    """An order. Where a text begins as a question, the order stands in a further clause."""
    if cues.ABOUT_ACTING.search(text):
        return True
    asks = bool(cues.ASKS.search(text))
    if not asks and cues.WANTED.search(text):
        return True
    found = cues.ORDER.search(text)
    if found is None or (asks and found["verb"] in ("approve", "reject")):
        return False
    return found.start() > 0 or not asks


def _of_the_agent(text: str) -> Intent | None:
    if cues.WHO_DECIDED.search(text) or cues.CONCLUDED.search(text) or cues.NOTHING_DONE.search(text):
        return "why_acted"
    if cues.CONDUCT_OF_YOU.search(text) or cues.NOTHING_HAPPENS.search(text):
        return "conduct"
    if cues.TO_DO.search(text):
        return "to_do"
    if cues.CORDONED.search(text) and not re.search(cues.YOU, text):
        return "nodes"
    of_containers = cues.RESTARTS.search(text) and not re.search(cues.YOU, text)
    if not of_containers and (cues.BY_AGENT.search(text) or cues.PASSIVE.search(text)):
        return "why_acted"
    if cues.APPROVALS.search(text):
        return "approvals"
    if cues.ACTIONS.search(text):
        return "acted"
    return "conduct" if cues.CONDUCT.search(text) else None


def _of_readings(text: str) -> Intent | None:
    readings: tuple[tuple[re.Pattern[str], Intent], ...] = (
        (cues.LOGS, "logs"),
        (cues.EVENTS, "events"),
        (cues.INCIDENTS, "incidents"),
        (cues.RESTARTS, "pods"),
        (cues.WHICH_IMAGE, "pods" if _state(text) == "image" else "images"),
        (cues.ROLLOUT_STATE, "trouble"),
        (cues.STORY, "story"),
        (cues.CHANGES, "changes"),
    )
    for pattern, intent in readings:
        if pattern.search(text):
            return intent
    if cues.NOT_READ.search(text):
        return "not_read"
    if cues.USAGE.search(text) and not _state(text):
        return "usage"
    if not cues.IMAGES.search(text):
        return None
    return "pods" if _state(text) == "image" else "images"


def _of_things(text: str) -> Intent | None:
    """The noun that is asked for: not one that only says where (`in the shop namespace`)."""
    if cues.WHERE.search(text):
        return "pods"
    asked = _asked_noun(text)
    ill = _is_ill(text)
    if asked == "pods" or (not asked and cues.HOW_MANY.search(text)):
        if ill and _state(text) in ("", "ready", "running"):
            return "problems"
        return None if cues.WHY.search(text) else "pods"
    if asked == "containers" and cues.HOW_MANY.search(text):
        return asked
    if asked in ("namespaces", "containers") and ill:
        return "problems"
    if not asked and cues.WHICH_ARE.search(text) and _state(text) in cues.REASONS:
        return "pods"
    return asked


def _asked_noun(text: str) -> Intent | None:
    places = [
        (found.start(), intent)
        for intent, pattern in _NOUNS.items()
        for found in re.finditer(rf"\b(?:{pattern})\b", text)
        if not _only_says_where(text[: found.start()], found[0], text[found.end() :])
    ]
    return min(places)[1] if places else None


def _only_says_where(before: str, word: str, after: str) -> bool:
    """`in the shop namespace`, `namespace shop`, `per node`, `of the web deployment`; a plural asks for itself."""
    singular = not word.endswith("s") or word in ("ns", "sts", "ds")
    if cues.ANY_OF.search(before):
        return False
    if cues.ONLY_SAYS_WHERE.search(before):
        return singular or bool(re.search(rf"\b(?:{ANY_KIND}|how many|incidents?|changes?)\b", before))
    return singular and bool(cues.OF_SOMETHING_NAMED.search(before) or re.match(r" [a-z0-9][\w.-]*", after))


def _of_health(text: str) -> Intent | None:
    if _is_ill(text) or cues.WHY.search(text):
        return "trouble"
    return "status" if re.search(rf"\b(?:{WELL})\b", text) or cues.HOW_IS.search(text) else None


def _is_ill(text: str) -> bool:
    return bool(re.search(rf"\b(?:{TROUBLE})\b", text))


def _state(text: str) -> str:
    text = cues.HAS_RUNNING.sub(r"\1", text)
    return next((state for state, pattern in STATES if re.search(rf"\b(?:{pattern})\b", text)), "")


def _outcomes(text: str) -> tuple[str, ...]:
    return next((statuses for pattern, statuses in cues.OUTCOMES if pattern.search(text)), ())


def _workload_kind(text: str) -> str:
    kinds = ("StatefulSet", "DaemonSet", "CronJob", "Job", "Deployment")
    return next((kind for kind in kinds if re.search(rf"\b(?:{KINDS[kind]})\b", text)), "")


def _action(text: str) -> str:
    return next((name for name, pattern in PAST_ACTS.items() if re.search(rf"\b(?:{pattern})", text)), "")


def _previous(text: str) -> bool | None:
    if cues.ENDED_RUN.search(text):
        return True
    return False if cues.PRESENT_RUN.search(text) else None


def _most(text: str) -> int:
    if found := cues.FEW.search(text):
        return _FEW.get(found[1]) or int(found[1])
    return 1 if cues.NEWEST.search(text) else 0
