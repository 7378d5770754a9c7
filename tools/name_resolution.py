"""The pods that resolve the cluster's names, where what a container printed speaks of names that are not resolved.

The text only says that a look is worth it; what is proved is proved by the pods (kubernetes.md R8.2).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tools.cluster import ClusterReader
from tools.facts import pod_facts
from tools.gathering import ask_list, run_asks
from tools.items import Items, pods_words
from tools.reads import Reads
from tools.records import EvidenceItem, PodFacts
from tools.resources import PODS
from tools.surroundings import SELECTORS, SYSTEM

KIND = "dns"
SPEAKS = re.compile(
    r"no such host|server misbehaving|(?:could not|cannot|can't|failed to|unable to) resolve|EAI_AGAIN|ENOTFOUND"
    r"|name resolution|Name or service not known|UnknownHostException|nodename nor servname|SERVFAIL|lookup \S+ on \S+",
    re.IGNORECASE,
)


def add_dns(
    items: Items, cluster: ClusterReader, pods: Sequence[PodFacts], reads: Reads
) -> tuple[PodFacts, ...]:
    """Those pods and an item, where a log of the target's speaks of names; none otherwise, and none of its own."""
    if not any(map(_speaks, items.all)):
        return ()
    ask = ask_list(cluster, PODS, SYSTEM, SELECTORS["dns"])
    read = run_asks(reads, {KIND: ask})[KIND]
    own = {pod.uid for pod in pods}
    found = tuple(pod for pod in pod_facts(read.values) if pod.uid not in own and not pod.deleting)
    if found:
        items.add(KIND, "found", read.query, *pods_words(found, ()))
    else:
        status = "no_data" if read.status == "found" else read.status
        items.add(KIND, status, read.query, read.why or "no pods of it under the usual label")
    return found


def _speaks(item: EvidenceItem) -> bool:
    return item.kind in ("logs", "previous_logs") and bool(SPEAKS.search(item.excerpt))
