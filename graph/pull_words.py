"""Images that cannot be pulled, in words: the registry's own answer, which secret could not be read, who else waits."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph import counted
from graph.ages import old
from graph.pulls import Waiting, workloads_in
from graph.state import HowSoon
from tools.excerpts import message, quote
from tools.records import Evidence, PullFacts

LONGEST = 160
MOST = 4
_WRAPPED = re.compile(
    r'^(?:Back-off pulling image "[^"]*"|(?:Err)?ImagePull(?:BackOff)?|[Ff]ailed to pull image "[^"]*"'
    r'|rpc error: code = \S+ desc|[Ff]ailed to pull and unpack image "[^"]*"'
    r'|[Ff]ailed to (?:resolve reference|copy|do request)(?: "[^"]*")?|Error response from daemon'
    r"|[Ee]rror|Error: ErrImagePull)(?:: | = |$)"
)
"""What the kubelet and the runtimes put around an answer, from the outside in."""
_STATUS = re.compile(r": ([45]\d\d [A-Z].*)$")
_ANSWERED = re.compile(
    r"(?<![\w.:-])[45]\d\d (?-i:[A-Z][a-z])|status(?: code)?:? (?:\[[^\]]*\]:? |\S+: )?[45]\d\d\b"
    r"|too ?many ?requests|rate limit",
    re.IGNORECASE,
)
"""A status of HTTP, never the port of an address."""
_SECRETS = re.compile(r"image pull secrets \(([\w., -]+)\)")
_POD = re.compile(r"^(?P<name>.+?)(?:-[a-z0-9]{6,10})?-[a-z0-9]{5}$")


def answer(found: Waiting) -> str:
    """`unexpected status from HEAD request to https://…: 429 Too Many Requests`: what was said of it, its end kept."""
    text = " ".join(found.said.split())
    while (inner := _WRAPPED.sub("", text, count=1)) != text:
        text = inner
    text = text.removeprefix(f"{found.container.image}: ")
    status = _STATUS.search(text) if len(text) > LONGEST else None
    return message(status[1] if status else text, LONGEST)


def did_answer(found: Waiting) -> bool:
    """Whether a registry was reached and told a status: the node has a way to it then."""
    return bool(_ANSWERED.search(found.said))


def answered(found: Waiting) -> str:
    """`: "…"`, to be put behind who said it; empty: nobody tells."""
    text = answer(found)
    return f": {quote(text)}" if text else ""


def who_waits(found: Sequence[Waiting], evidence: Evidence) -> str:
    """Which pods of the workload, where, since when, and in which state of waiting."""
    first = min(found, key=lambda entry: entry.pod.created_at)
    waited = old(first.pod.created_at, evidence.collected_at)
    names = ", ".join(f"{e.pod.name} on {e.pod.node or 'no node'}" for e in found[:3])
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    verb = "waits" if len(found) == 1 else "wait"
    return f"{names}{more} {verb} ({found[0].container.waiting_reason}) for {waited}"


def unread_secrets(evidence: Evidence) -> tuple[tuple[str, ...], int]:
    """Secrets that the kubelet could not get to pull with, and how often it said so."""
    told = [event for event in evidence.events if event.reason == "FailedToRetrieveImagePullSecret"]
    texts = [found[1] for event in told if (found := _SECRETS.search(event.message))]
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    return tuple(dict.fromkeys(names)), sum(event.count for event in told)


def others(pulls: Sequence[PullFacts]) -> list[str]:
    """One line for each other workload that waits, those without a ready pod first."""
    alike: dict[str, list[PullFacts]] = {}
    for pull in pulls:
        alike.setdefault(pull.owner_uid or f"{pull.namespace}/{pull.pod}", []).append(pull)
    ranked = sorted(alike.values(), key=_share)
    lines = [f"{_workload(group[0])}{_state(group)} waits for {group[0].image}" for group in ranked[:MOST]]
    rest = len(ranked) - MOST
    return [*lines, f"{counted.times(rest, 'more workload')} of that registry"] if rest > 0 else lines


def nodes_of(found: Sequence[Waiting], pulls: Sequence[PullFacts]) -> list[str]:
    """On which nodes pods wait, each once."""
    names = [*(entry.pod.node for entry in found), *(pull.node for pull in pulls)]
    return sorted({name for name in names if name})


def alike(pulls: Sequence[PullFacts]) -> str:
    """`; 2 other workloads wait as well, a/sync is down (0 of 2 ready)`; empty: none does."""
    count = len(workloads_in(list(pulls)))
    if not count:
        return ""
    down = next((pull for pull in pulls if _is_down(pull)), None)
    worst = f", {_workload(down)} is down (0 of {down.desired} ready)" if down else ""
    return f"; {counted.times(count, 'other workload')} {'waits' if count == 1 else 'wait'} as well{worst}"


def _is_down(pull: PullFacts) -> bool:
    return pull.ready == 0 and bool(pull.desired)


def hits(pulls: Sequence[PullFacts]) -> HowSoon:
    """How soon, where other workloads of the registry wait too: any pod that is replaced meanwhile is lost."""
    if any(_is_down(pull) for pull in pulls):
        return "now"
    return "soon" if pulls else ""


def _share(group: Sequence[PullFacts]) -> float:
    first = group[0]
    return first.ready / first.desired if first.ready is not None and first.desired else 1.0


def _workload(pull: PullFacts) -> str:
    """By the pod's name, as controllers make it, where the workload's own is not known."""
    found = _POD.match(pull.pod) if pull.owner_uid else None
    return f"{pull.namespace}/{pull.workload or (found['name'] if found else pull.pod)}"


def _state(group: Sequence[PullFacts]) -> str:
    first = group[0]
    if first.ready is not None and first.desired:
        return f" ({first.ready} of {first.desired} ready)"
    return f" ({counted.times(len(group), 'pod')})"
