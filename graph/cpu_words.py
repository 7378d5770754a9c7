"""What pods use of processor time, in words: cores against request and limit, each pod's and all together."""

from __future__ import annotations

from collections.abc import Mapping

from graph.load import used_cores
from graph.symptoms import container_named, live_pods
from tools.quantities import format_quantity
from tools.records import ContainerFacts, Evidence, PodFacts, UsageSource

MOST = 5
BUSY, IDLE = 0.8, 0.5
"""Of what a container may use, or asks for."""
TELLS: Mapping[UsageSource, tuple[str, str]] = {
    "metrics.k8s.io": ("metrics", "metrics.k8s.io"),
    "Prometheus": ("processor_use", "Prometheus, as an average of five minutes"),
}
"""Who may tell it: the kind of its item, and how it is said."""


def cores(amount: float) -> str:
    """`500m`, `2`, `1.36`: as a manifest may have it."""
    return format_quantity(amount, "cpu") if amount < 1 else f"{amount:.4g}"


def bounds(container: ContainerFacts) -> str:
    """`limit 500m, request 250m`."""
    told = [("limit", container.cpu_limit), ("request", container.cpu_request)]
    return ", ".join(f"{name} {cores(amount)}" if amount else f"no {name}" for name, amount in told)


def use_of(name: str, evidence: Evidence) -> list[tuple[PodFacts, ContainerFacts, float]]:
    """What each live pod's container of this name uses, greatest first; without those that nobody tells of."""
    found = [
        (pod, container, usage.cores)
        for pod in live_pods(evidence)
        if (container := container_named(pod, name))
        and (usage := used_cores(pod, container, evidence))
        and usage.cores is not None
    ]
    return sorted(found, key=lambda each: each[2], reverse=True)


def sources(name: str, evidence: Evidence) -> list[UsageSource]:
    """Who told it, each once."""
    told = {
        usage.source
        for pod, container, _ in use_of(name, evidence)
        if (usage := used_cores(pod, container, evidence))
    }
    return [source for source in TELLS if source in told]


def use_line(name: str, evidence: Evidence) -> str:
    """`app: limit 500m, request 250m; used: web-…: x7k2p 497m (99%), … (by metrics.k8s.io)`; empty: nobody tells."""
    used = use_of(name, evidence)
    if not used:
        return ""
    before = _common([pod.name for pod, _, _ in used])
    each = ", ".join(
        f"{pod.name[len(before) :]} {cores(amount)}{_share(c, amount)}" for pod, c, amount in used[:MOST]
    )
    more = f" and {len(used) - MOST} more" if len(used) > MOST else ""
    by = " and ".join(TELLS[source][1] for source in sources(name, evidence))
    of = f" by {before}…" if before else " by"
    return f"{name}: {bounds(used[0][1])}; used{of} {each}{more} (told by {by})"


def _common(names: list[str]) -> str:
    """What all names begin with, up to a hyphen: `web-7d4b9-`; empty for a single one."""
    parts = [name.split("-") for name in names]
    same = 0
    while len(names) > 1 and all(len(each) > same + 1 and each[same] == parts[0][same] for each in parts):
        same += 1
    return "".join(f"{part}-" for part in parts[0][:same])


def use_lines(evidence: Evidence) -> list[str]:
    """That of each container of the pods, two at the most, and whether the load is spread."""
    names = dict.fromkeys(c.name for pod in live_pods(evidence)[:1] for c in pod.containers if not c.init)
    return [
        line
        for name in list(names)[:2]
        for line in (use_line(name, evidence), uneven(name, evidence))
        if line
    ]


def uneven(name: str, evidence: Evidence) -> str:
    """That few pods are near what they may use while another idles; empty where that is not known."""
    shares = [
        (amount / bound, pod.name)
        for pod, container, amount in use_of(name, evidence)
        if (bound := container.cpu_limit or container.cpu_request)
    ]
    busy = [pod for share, pod in shares if share >= BUSY]
    if not busy or min(shares)[0] >= IDLE:
        return ""
    some = f"{len(busy)} of {len(shares)} use {BUSY:.0%} and more"
    return f"the load is not spread, or it is something in {busy[0]}: {some}"


def busiest(evidence: Evidence) -> str:
    """The pod that uses most processor time, by name; empty where nobody tells."""
    told = [
        (use.cores or 0.0, use.pod)
        for use in evidence.usage
        if use.pod in {p.name for p in live_pods(evidence)}
    ]
    return max(told)[1] if told else ""


def in_all(name: str, evidence: Evidence) -> str:
    """`1.98 of 2 cores in all`, of the limits or else the requests; empty where one has neither, or nobody tells."""
    used = use_of(name, evidence)
    limits = [container.cpu_limit or container.cpu_request for _, container, _ in used]
    if not used or not all(limits):
        return ""
    return f"{sum(each[2] for each in used):.3g} of {sum(filter(None, limits)):.3g} cores in all"


def _share(container: ContainerFacts, amount: float) -> str:
    bound = container.cpu_limit or container.cpu_request
    return f" ({amount / bound:.0%})" if bound else ""
