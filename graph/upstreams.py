"""Names that are not resolved although what resolves them is ready: whom it asks in turn does not answer. Pure.

Only logs say so, and logs prove nothing for an action (kubernetes.md R8.2): what is told by them keeps a release from
being blamed and shows where to look. Two must agree: the target's log speaks of a name that CoreDNS got no answer for,
or of no answer at all while several names fail. "No such host" about another name is an answer: that name is wrong.
"""

from __future__ import annotations

import re

from graph import counted
from graph.ages import since
from graph.dns_commands import logs
from graph.fell_together import fell_at
from graph.state import Finding
from graph.symptoms import is_broken, live_pods
from tools.excerpts import quote
from tools.records import Evidence, PodFacts, UpstreamFacts
from tools.shared_causes import DNS

SEVERAL = 2
_LOGS = ("logs", "previous_logs")
_UNANSWERED = re.compile(
    r"server misbehaving|EAI_AGAIN|temporary failure in name resolution|SERVFAIL"
    r"|\blookup \S+(?: on \S+)?: (?:read|dial|write) .*(?:i/o timeout|refused|unreachable|no route)",
    re.IGNORECASE,
)


def unanswered(evidence: Evidence) -> UpstreamFacts | None:
    """What CoreDNS says of those that it asks, where the target's log tells of the same; else None."""
    found = evidence.upstream
    if found is None or not found.count or not any(pod.ready for pod in evidence.dns):
        return None
    words = _words(evidence)
    several = found.count >= SEVERAL and _UNANSWERED.search(words)
    return found if several or _spoken(found, words) else None


def explained(evidence: Evidence) -> Finding | None:
    """The finding, of pods that are not well for it."""
    found, now = unanswered(evidence), evidence.collected_at
    ill = [pod for pod in live_pods(evidence) if is_broken(pod, now)]
    if found is None or not ill:
        return None
    asked = " and ".join(found.silent) or "those whom it asks in turn"
    name = _spoken(found, _words(evidence)) or found.names[0]
    names = f"{counted.times(found.count, 'name')}, {name} among them" if found.count > 1 else name
    return Finding(
        problem="dns_failing",
        cause=DNS,
        how_soon="now",
        summary=f"Names outside of the cluster are not resolved: CoreDNS ({_ready(evidence)}) gets no answer from "
        f"{asked} for {names}, as its log says. This workload's log speaks of names as well.",
        directness=0.7,
        evidence=tuple(id_ for kind in ("dns_logs", "dns", *_LOGS, "pods") for id_ in evidence.cite(kind)),
        facts=(
            *([f"log of CoreDNS: {quote(found.line)}"] if found.line else []),
            _ill(ill, evidence),
            "whatever looks up a name outside of the cluster fails with it; names of Services are resolved by CoreDNS "
            "itself",
        ),
        next_step=_next_step(found, name),
    )


def hint(evidence: Evidence) -> str:
    """Where a log speaks of names and what resolves them is ready: what its own log says; else empty."""
    if not evidence.dns or not all(pod.ready for pod in evidence.dns):
        return ""
    head = f"a log speaks of names that are not resolved; DNS is ready ({_ready(evidence)})"
    if any(item.kind == "dns_logs" and item.status in ("failed", "forbidden") for item in evidence.items):
        return f"{head}, its log could not be read: {logs(evidence)}"
    found = evidence.upstream
    if found and found.count:
        return f"{head}, its log tells of names without an answer: {', '.join(found.names[:3])}"
    if found and found.servfail:
        return f"{head}, its log tells of SERVFAIL for {', '.join(found.servfail[:3])}"
    if not evidence.cite("dns_logs"):
        return f"{head} and printed nothing: is the name right?"
    return f"{head}, its log tells of nobody who does not answer: is the name right?"


def _words(evidence: Evidence) -> str:
    return "\n".join(item.excerpt for item in evidence.items if item.kind in _LOGS).lower()


def _spoken(found: UpstreamFacts, words: str) -> str:
    """The first name without an answer that the target's log holds."""
    holds = (each for each in found.names if re.search(rf"(?<![\w.-]){re.escape(each)}(?!\.?[\w-])", words))
    return next(holds, "")


def _ready(evidence: Evidence) -> str:
    return f"{sum(pod.ready for pod in evidence.dns)} of {len(evidence.dns)} ready"


def _ill(ill: list[PodFacts], evidence: Evidence) -> str:
    pods = live_pods(evidence)
    moment = fell_at(ill)
    at = f" since {since(moment, evidence.collected_at)}" if moment else ""
    return f"{counted.part(len(ill), len(pods), 'of this workload is', 'of this workload are')} not well{at}"


def _next_step(found: UpstreamFacts, name: str) -> str:
    corefile = "kubectl -n kube-system get configmap coredns -o yaml"
    ask = (
        f"on a node: dig +time=2 @{found.silent[0]} {name}. No answer there either: it is for whoever runs "
        f"{' and '.join(found.silent)}; an answer: the way there from pods, a firewall or a NetworkPolicy. See the "
        f"forward of CoreDNS: {corefile}"
        if found.silent
        else f"{corefile}: whom does its forward name? Ask them from a node with dig +time=2"
    )
    return (
        f"{ask}. Until they answer, another resolver in that forward (kubectl -n kube-system edit configmap coredns) "
        "mends it. Roll nothing back and restart nothing for it: what fails comes back when names are resolved."
    )
