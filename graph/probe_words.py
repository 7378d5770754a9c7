"""What a probe allows and what it got, in words: the numbers are the template's, the answers the kubelet's."""

from __future__ import annotations

import re

from tools.excerpts import commands, imperative, message, quote
from tools.records import Evidence, ProbeFacts

_FAILED = re.compile(
    r"^(?:Startup|Liveness|Readiness) probe (?:failed|errored)(?: and resulted in \w+ state)?: ", re.I
)
_TIMEOUT = re.compile(r"deadline exceeded|Client\.Timeout|i/o timeout|timed out|timeout", re.I)
_STATUS = re.compile(r"statuscode: (\d{3})")
_WEB = re.compile(r"GET :(?:(\d+)|[-\w]+)(/[-\w./~%]*)")


def probe_of(evidence: Evidence, container: str, kind: str) -> ProbeFacts | None:
    """The template's probe of this kind; None: it has none, or it was not read."""
    probes = evidence.workload.probes if evidence.workload else ()
    return next((p for p in probes if (p.container, p.kind) == (container, kind)), None)


def numbers(probe: ProbeFacts | None) -> str:
    """` (GET :8080/live, every 3 s, 1 s to answer, 2 failures in a row)`, or nothing where it is not known."""
    if probe is None:
        return ""
    delay = f", from {probe.delay_seconds} s on" if probe.delay_seconds else ""
    often = "1 failure" if probe.failures == 1 else f"{probe.failures} failures in a row"
    return f" ({probe.asks}, every {probe.period_seconds} s{delay}, {probe.timeout_seconds} s to answer, {often})"


def patience_seconds(probe: ProbeFacts) -> int:
    """How long it may be silent at most before the probe has failed."""
    return (probe.failures - 1) * probe.period_seconds + probe.timeout_seconds


def outcome(text: str, probe: ProbeFacts | None) -> str:
    """What the kubelet got, of an event `Readiness probe failed: …`; empty where it gives orders."""
    if found := _STATUS.search(text):
        return f'"HTTP probe failed with statuscode: {found[1]}", so that the program itself answers'
    if "connection refused" in text:
        return '"connection refused": nothing listens on its port'
    if timed_out(text):
        within = f" within {probe.timeout_seconds} s" if probe else " in time"
        return f"no answer{within}"
    told = _FAILED.sub("", text)
    return "" if imperative([told]) or commands(told) else quote(message(told, 120))


def got(text: str, probe: ProbeFacts | None) -> str:
    """`: no answer within 1 s`, to be put behind what fails; nothing where it may not be told."""
    told = outcome(text, probe)
    return f": {told}" if told else ""


def timed_out(text: str) -> bool:
    """It answered too late, or not at all."""
    return bool(_TIMEOUT.search(text))


def body_command(probe: ProbeFacts | None, pod: str) -> str:
    """The command that prints what a probe over HTTP gets as its answer; empty where it asks otherwise.

    With -v=8: of an answer 503 kubectl prints the body only there, behind `Response Body`. A port that has a name is
    left out: the API server takes the first that the pod declares then.
    """
    found = _WEB.fullmatch(probe.asks) if probe else None
    if not found:
        return ""
    port = f":{found[1]}" if found[1] else ""
    return f"kubectl get --raw /api/v1/namespaces/<namespace>/pods/{pod}{port}/proxy{found[2]} -v=8"
