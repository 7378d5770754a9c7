"""Why no node takes a pod, by group of nodes: the scheduler's one sentence of all of them, in fewer words."""

from __future__ import annotations

import re

from tools.excerpts import message, quote

_ALL = re.compile(r"^0/(?P<nodes>\d+) nodes are available: (?P<groups>.*?)\.?(?: preemption: |$)", re.DOTALL)
_GROUP = re.compile(r"(?P<count>\d+) (?P<why>.*)", re.DOTALL)
_NEXT = re.compile(r",\s+(?=\d+ )")
_TOLD: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"^Insufficient (?P<what>\S+)$"), "lacks {what}", "lack {what}"),
    (
        re.compile(r"^Too many pods$"),
        "has all the pods that it may have",
        "have all the pods that they may have",
    ),
    (
        re.compile(r"^node\(s\) had untolerated taint\(?s?\)? ?\{(?P<what>[^}:]+).*\}$"),
        "keeps it off by taint {what}",
        "keep it off by taint {what}",
    ),
    (re.compile(r"^node\(s\) were unschedulable$"), "is cordoned", "are cordoned"),
    (
        re.compile(r"^node\(s\) didn't match Pod's node affinity/selector$"),
        "does not match its node selector or affinity",
        "do not match its node selector or affinity",
    ),
    (
        re.compile(r"^node\(s\) had volume node affinity conflict$"),
        "is not where its volume is",
        "are not where its volume is",
    ),
    (
        re.compile(r"^node\(s\) didn't match pod topology spread constraints.*$"),
        "would break its topology spread",
        "would break its topology spread",
    ),
    (
        re.compile(r"^node\(s\) didn't match pod anti-affinity rules.*$"),
        "is kept from it by pod anti-affinity",
        "are kept from it by pod anti-affinity",
    ),
    (
        re.compile(r"^node\(s\) didn't have free ports for the requested pod ports$"),
        "has its host port in use",
        "have its host port in use",
    ),
)
"""In the scheduler's words, of one node and of several; other words stay as they are."""


def lacks(said: str) -> str:
    """`of 9 nodes 5 lack cpu, 3 keep it off by taint dedicated, 1 is cordoned`; else its words, quoted and cut."""
    found = _ALL.search(said)
    if found is None:
        return quote(message(said, 160)) if said else "the scheduler has not said why"
    parts = _NEXT.split(" ".join(found["groups"].split()))
    if not all(_GROUP.fullmatch(part) for part in parts):
        return quote(message(", ".join(parts), 240))
    groups = [_group(part) for part in parts]
    if len(groups) == 1 and groups[0].startswith(f"{found['nodes']} "):
        return message(f"{_every(int(found['nodes']))} {groups[0].partition(' ')[2]}", 240)
    return f"of {found['nodes']} nodes {message(', '.join(groups), 240)}"


def no_victims(said: str) -> bool:
    """No pod of a lower priority is where it could be, whose place it might take."""
    return "No preemption victims found" in said


def cordoned(said: str) -> bool:
    """Some node is left out only since it is cordoned."""
    return bool(re.search(r"\d+ node\(s\) were unschedulable", said))


def _every(nodes: int) -> str:
    return "the only node" if nodes == 1 else f"all {nodes} nodes"


def _group(text: str) -> str:
    count_text, _, why = text.partition(" ")
    count = int(count_text)
    for pattern, one, many in _TOLD:
        told = pattern.match(why)
        if told:
            return f"{count} {(one if count == 1 else many).format(**told.groupdict())}"
    return f"{count}: {quote(why)}"
