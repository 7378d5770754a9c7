"""Containers are held back by their processor limit while they work: slower, and nothing is broken by it.

Told by the alert: the kernel counts it and the API does not. It is never acted on: a limit that is reached for
milliseconds is what a limit is for, and more pods are throttled the same (kubernetes.md 2.1). Counter-proof: pods that
are not ready, crash, or use all that they may for long; those are classes of their own and asked for first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph import counted
from graph.alert_says import says
from graph.alert_words import fire, label, named
from graph.cpu_words import bounds, cores, in_all, use_line, use_of
from graph.playbooks import Playbook
from graph.state import Finding, HowSoon
from graph.symptoms import container_named, live_pods
from graph.workload_words import restarts_all
from tools.records import Alert, ContainerFacts, Evidence

NAMES = re.compile(r"\w*Throttl\w*")
SHARE = re.compile(r"\d+(?:\.\d+)?\s?%")
NEAR = 0.8
"""Of its limit on the average: below it, it is held back only in bursts."""


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus and of the community's rules; an API server throttles too."""
    return bool(NAMES.fullmatch(alert.name)) and bool(
        alert.labels.get("pod") or alert.labels.get("container")
    )


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    name = label(alerts, "container")
    container = next((c for pod in live_pods(evidence) if (c := container_named(pod, name))), None)
    return Finding(
        problem="throttling",
        summary=_summary(evidence, alerts, container),
        directness=0.6,
        evidence=tuple(evidence.cite("pods") + evidence.cite("metrics") + evidence.cite("processor_use")),
        facts=tuple(filter(None, (_use(name, container, evidence), _bursts(name, evidence)))),
        ruled_out=_well(evidence),
        next_step=_next_step(evidence, alerts, container),
        how_soon=_how_soon(name, evidence),
    )


def _summary(evidence: Evidence, alerts: Sequence[Alert], container: ContainerFacts | None) -> str:
    name, pod = label(alerts, "container"), label(alerts, "pod")
    of = f" of {pod}" if pod else ""
    limit = f" of {cores(container.cpu_limit)}" if container and container.cpu_limit else ""
    share = next((found[0] for alert in alerts if (found := SHARE.search(says(alert)))), "")
    told = (
        f" in {share} of its periods, as the alert tells"
        if share
        else f", as {fire(alerts).split()[0]} tells"
    )
    return f"{f'Container {name}' if name else 'A container'}{of} is held back by its processor limit{limit}{told}."


def _use(name: str, container: ContainerFacts | None, evidence: Evidence) -> str:
    used = use_line(name, evidence)
    if used or container is None:
        return f"{used}: {in_all(name, evidence)}" if used else ""
    return f"{name}: {bounds(container)}; nobody tells what it uses"


def _bursts(name: str, evidence: Evidence) -> str:
    shares = _shares(name, evidence)
    if not shares or max(shares) >= NEAR:
        return ""
    return (
        f"on the average at most {max(shares):.0%} of its limit: it is held back in bursts (a limit counts in "
        "periods of "
        "100 ms), which slows single answers"
    )


def _shares(name: str, evidence: Evidence) -> list[float]:
    return [amount / c.cpu_limit for _, c, amount in use_of(name, evidence) if c.cpu_limit]


def _how_soon(name: str, evidence: Evidence) -> HowSoon:
    """A limit that is reached for long is load; one that is reached for milliseconds is what a limit is for."""
    shares = _shares(name, evidence)
    if shares and max(shares) >= NEAR:
        return "soon"
    return "later" if _well(evidence) else ""


def _next_step(evidence: Evidence, alerts: Sequence[Alert], container: ContainerFacts | None) -> str:
    space, pod, name = (named(alerts, label) for label in ("namespace", "pod", "container"))
    mend = ""
    if container and container.cpu_limit:
        mend = (
            f": kubectl -n {space} set resources <workload> -c {name} --limits=cpu={cores(2 * container.cpu_limit)} "
            f"(now {bounds(container)}; {restarts_all(evidence)})"
        )
    return (
        f"kubectl -n {space} exec {pod} -c {name} -- cat /sys/fs/cgroup/cpu.stat: nr_throttled of nr_periods "
        "is the share. "
        f"Only where its answers are too slow, raise the limit{mend}. More replicas are throttled the same."
    )


def _well(evidence: Evidence) -> tuple[str, ...]:
    pods = live_pods(evidence)
    if not pods or not all(pod.ready for pod in pods):
        return ()
    return (f"pods that are ill: {counted.all_pods(len(pods), 'is', 'are')} ready",)


PLAYBOOK = Playbook(problem="throttling", rank=99, tells=tells, explains=explains)
