"""Evidence about a PersistentVolumeClaim: what it asks for and has, whether it may grow, and how full it is.

How full a volume is only the kubelet knows, and Prometheus tells it; without one nobody does, and an alert's own words
prove nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from tools.claim_sizes import asked_for, asked_text, failed, there_is, waits_for
from tools.cluster import ClusterReader
from tools.excerpts import message
from tools.gathering import Ask, Found, Gathered, run_asks
from tools.items import Items
from tools.objects import name, uid
from tools.prometheus import SeriesReader
from tools.prometheus_answers import Answer
from tools.promql import volume_figure
from tools.reads import Outcome, Reads
from tools.records import RbacRule, Target, VolumeFacts
from tools.resources import CLAIMS, STORAGE_CLASSES, JsonObject

USE, CLASS = "volume_use", "storage_class"
RULES: tuple[RbacRule, ...] = (
    RbacRule(group="storage.k8s.io", resource="storageclasses", verbs=("get",), cluster=True),
)
ABSENT = "Prometheus is not configured (PROMETHEUS_URL), so that nobody tells how full it is"
FRESH = timedelta(seconds=300)
STEP_SECONDS = 900
SPAN = timedelta(hours=6)
"""How long ago is looked whether it fills; a whole number of steps, so that the last is now."""
DEADLINE_SECONDS = 5.0
_FIGURES = {
    "used": "kubelet_volume_stats_used_bytes",
    "size": "kubelet_volume_stats_capacity_bytes",
    "inodes_used": "kubelet_volume_stats_inodes_used",
    "inodes": "kubelet_volume_stats_inodes",
}
_GI = 1024.0**3


def add_volume(
    items: Items,
    cluster: ClusterReader,
    target: Target,
    gathered: Gathered,
    metrics: SeriesReader | None,
    now: datetime,
    reads: Reads,
) -> VolumeFacts | None:
    """The items and facts of a claim; None for other kinds and for one that could not be read."""
    if target.kind != CLAIMS.kind or not gathered.workload.values:
        return None
    claim = gathered.workload.values[0]
    expandable = _expandable(items, cluster, claim, reads)
    told = _told(items, target, metrics, now)
    return VolumeFacts(
        name=name(claim),
        uid=uid(claim),
        phase=str((claim.get("status") or {}).get("phase") or ""),
        asked_text=asked_text(claim),
        asked=asked_for(claim),
        capacity=there_is(claim),
        storage_class=class_of(claim),
        expandable=expandable,
        resize_waits=message(waits_for(claim)),
        resize_failed=message(failed(claim)),
        **told,
    )


def _expandable(items: Items, cluster: ClusterReader, claim: JsonObject, reads: Reads) -> bool | None:
    storage_class = class_of(claim)
    if not storage_class:
        items.add(CLASS, "no_data", "not asked", "it names no StorageClass, so that its volume cannot grow")
        return False
    query = f"GET {STORAGE_CLASSES.path('', storage_class)}"
    ask = Ask(query, lambda: [cluster.get(STORAGE_CLASSES, "", storage_class)])
    found: Found = run_asks(reads, {CLASS: ask})[CLASS]
    if not found.values:
        items.add(CLASS, found.status, query, found.why or "it does not exist")
        return None if found.status in ("failed", "forbidden") else False
    grows = bool(found.values[0].get("allowVolumeExpansion"))
    words = "lets volumes grow" if grows else "does not let volumes grow"
    items.add(CLASS, "found", query, f"StorageClass {storage_class} {words}")
    return grows


def _told(
    items: Items, target: Target, metrics: SeriesReader | None, now: datetime
) -> dict[str, float | None]:
    """What Prometheus tells of it, and the item that says so."""
    if metrics is None:
        items.add(USE, "absent", "not asked", ABSENT)
        return {}
    queries = {key: volume_figure(metric, target.namespace, target.name) for key, metric in _FIGURES.items()}
    asks = {key: partial(metrics.instant, query, now) for key, query in queries.items()}
    asks["used"] = partial(metrics.over, queries["used"], now - SPAN, now, STEP_SECONDS)
    with Reads(DEADLINE_SECONDS, threads=2) as reads:
        outcomes = reads.run(asks)
    query = f"Prometheus: {queries['used']}"
    lost = next((outcome for outcome in outcomes.values() if outcome.value is None), None)
    if lost is not None:
        items.add(USE, lost.status, query, lost.why)
        return {}
    figures = _figures(outcomes, target, now)
    if figures["used"] is None or not figures["size"]:
        items.add(USE, "no_data", query, "Prometheus does not know how full it is")
        return {}
    items.add(USE, "found", query, _words(figures))
    inodes = figures["inodes_used"], figures["inodes"]
    share = inodes[0] / inodes[1] if inodes[0] is not None and inodes[1] else None
    return {
        "used": figures["used"],
        "size": figures["size"],
        "used_before": figures["before"],
        "inodes_share": share,
    }


def _figures(
    outcomes: Mapping[str, Outcome[Answer]], target: Target, now: datetime
) -> dict[str, float | None]:
    found = {key: _at(outcome.value, target, now) for key, outcome in outcomes.items()}
    return {**found, "before": _at(outcomes["used"].value, target, now - SPAN)}


def _at(answer: Answer | None, target: Target, at: datetime) -> float | None:
    """Of the claim's own series alone; of several that disagree the largest: two kubelets may tell of one volume."""
    wanted = {"namespace": target.namespace, "persistentvolumeclaim": target.name}
    values = [
        value
        for series in (answer.series if answer else ())
        if all(series.labels.get(key) == text for key, text in wanted.items())
        for moment, value in series.points
        if abs(moment - at) <= FRESH
    ]
    return max(values, default=None)


def _words(figures: Mapping[str, float | None]) -> str:
    used, size = figures["used"] or 0.0, figures["size"] or 1.0
    text = f"{used / size:.0%} of {size / _GI:.1f} Gi are used"
    if figures["before"] is not None:
        text += f"; {figures['before'] / size:.0%} six hours before"
    if figures["inodes"] and figures["inodes_used"] is not None:
        text += f"; {figures['inodes_used'] / figures['inodes']:.0%} of its inodes"
    return text


def class_of(claim: JsonObject) -> str:
    """Name of its StorageClass, or an empty string."""
    return str((claim.get("spec") or {}).get("storageClassName") or "")
