"""The pods that resolve the cluster's names, where what a container printed speaks of names that are not resolved.

Where they are ready, their own log is read as well: whom they ask in turn, and who does not answer. The text of logs
only says that a look is worth it, and explains; what is proved is proved by the pods (kubernetes.md R8.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tools.cluster import ClusterReader
from tools.container_logs import LogRead
from tools.dns_pods import BY_CHART, USUAL
from tools.excerpts import clean, excerpt_log, imperative
from tools.facts import pod_facts
from tools.gathering import Found, ask_list, run_asks
from tools.items import Items, pods_words
from tools.reads import Reads
from tools.records import EvidenceItem, PodFacts, UpstreamFacts
from tools.resolver_log import upstreams
from tools.resources import PODS
from tools.surroundings import SYSTEM

KIND = "dns"
LOG_KIND = "dns_logs"
MOST_LOGS = 2
"""Pods whose log is read: each asks the same ones in turn."""
LOG_LINES = 50
SPEAKS = re.compile(
    r"no such host|server misbehaving|(?:could not|cannot|can't|failed to|unable to) resolve|EAI_AGAIN|ENOTFOUND"
    r"|name resolution|Name or service not known|UnknownHostException|nodename nor servname|SERVFAIL|lookup \S+ on \S+",
    re.IGNORECASE,
)


class Resolvers(NamedTuple):
    """What is known of who resolves names."""

    pods: tuple[PodFacts, ...] = ()
    upstream: UpstreamFacts | None = None
    suspicious: bool = False
    """Their log tells somebody what to do (R8.4)."""


def add_dns(items: Items, cluster: ClusterReader, pods: Sequence[PodFacts], reads: Reads) -> Resolvers:
    """Those pods and an item, where a log of the target's speaks of names; none otherwise, and none of its own."""
    if not any(map(_speaks, items.all)):
        return Resolvers()
    read = _read(cluster, reads)
    own = {pod.uid for pod in pods}
    found = tuple(pod for pod in pod_facts(read.values) if pod.uid not in own and not pod.deleting)
    if not found:
        status = "no_data" if read.status == "found" else read.status
        items.add(KIND, status, read.query, read.why or "no pods of it under the usual labels")
        return Resolvers()
    items.add(KIND, "found", read.query, *pods_words(found, ()))
    texts = _add_logs(items, cluster, found, reads)
    return Resolvers(found, upstreams(texts), imperative([clean(text) for text in texts]))


def _read(cluster: ClusterReader, reads: Reads) -> Found:
    """By the usual labels; only where those find none, by the chart's."""
    usual = run_asks(reads, {KIND: ask_list(cluster, PODS, SYSTEM, USUAL)})[KIND]
    if usual.values or usual.status not in ("found", "no_data"):
        return usual
    return run_asks(reads, {KIND: ask_list(cluster, PODS, SYSTEM, BY_CHART)})[KIND]


def _add_logs(
    items: Items, cluster: ClusterReader, pods: Sequence[PodFacts], reads: Reads
) -> tuple[str, ...]:
    """What ready ones print, an item each; why those that are not end stands in their status."""
    plans = [
        LogRead(SYSTEM, pod.name, container.name, previous=False, lines=LOG_LINES)
        for pod in [pod for pod in pods if pod.ready][:MOST_LOGS]
        for container in [each for each in pod.containers if not each.init][:1]
    ]
    outcomes = reads.run({plan: _reader(cluster, plan) for plan in plans})
    for plan, outcome in outcomes.items():
        which = f"{plan.container} in {plan.pod}"
        if outcome.value is None:
            items.add(LOG_KIND, outcome.status, plan.query, f"{which}: {outcome.why}")
        elif not outcome.value.strip():
            items.add(LOG_KIND, "no_data", plan.query, f"{which}: it printed nothing")
        else:
            items.add(LOG_KIND, "found", plan.query, *_words(which, outcome.value))
    return tuple(outcome.value for outcome in outcomes.values() if outcome.value)


def _reader(cluster: ClusterReader, plan: LogRead) -> Callable[[], str]:
    return lambda: cluster.logs(plan.namespace, plan.pod, plan.container, tail_lines=plan.lines)


def _words(which: str, text: str) -> tuple[str, str, str]:
    """Summary, excerpt and the line that decides."""
    found = upstreams([text])
    head = f"{which}: {len(text.splitlines())} lines read"
    if found is None or not (found.silent or found.count):
        return f"{head}; nobody whom it asks in turn is said not to answer", excerpt_log(text), ""
    asked = ", ".join(found.silent) or "those whom it asks in turn"
    return f"{head}; no answer from {asked}", excerpt_log(text), found.line


def _speaks(item: EvidenceItem) -> bool:
    return item.kind in ("logs", "previous_logs") and bool(SPEAKS.search(item.excerpt))
