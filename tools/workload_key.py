"""Which alerts may share a run, guessed from labels alone (kubernetes.md 3.1 and 3.3).

The guess only bounds how many runs start: each run finds its true target in the cluster and merges there. So
a guess may split what belongs together, but should not join what does not: the kind is part of the key.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from tools.naming import place_of
from tools.naming_services import asked_of
from tools.synthetic import own_key

_WORKLOADS = (
    ("Deployment", ("deployment",)),
    ("StatefulSet", ("statefulset",)),
    ("DaemonSet", ("daemonset",)),
    ("CronJob", ("cronjob",)),
    ("Job", ("job_name", "exported_job")),
    ("HorizontalPodAutoscaler", ("horizontalpodautoscaler", "hpa")),
)
_TYPES = {kind.lower(): kind for kind, _ in _WORKLOADS[:5]}
"""As kubernetes-mixin's recording rules write them beside `workload`."""
ASKED = ("Service", "Destination")
"""What an ingress or a mesh names: what was asked, which says only where to look for the workload."""
_RANDOM = "[bcdfghjklmnpqrstvwxz2456789]"
"""The alphabet of generated names: no vowels, no 0, 1 or 3."""
_DEPLOYMENT_POD = re.compile(rf"(.+)-{_RANDOM}{{5,10}}-{_RANDOM}{{5}}")
_ORDINAL_POD = re.compile(r"(.+)-\d{1,5}")
_GENERATED_POD = re.compile(rf"(.+)-{_RANDOM}{{5}}")
_LONGEST = 300


def label(labels: Mapping[str, str], name: str) -> str:
    """The label, or `exported_<name>` where a scrape renamed it: that one is the alert's own (R3.2)."""
    return labels.get(f"exported_{name}") or labels.get(name, "")


def pod_of(labels: Mapping[str, str]) -> str:
    """The pod the alert is about; empty where the label is only the exporter that told of it."""
    return place_of(labels)[1]


def workload_of(labels: Mapping[str, str]) -> tuple[str, str]:
    """Kind and name of what the labels point to; ("", "") when they point to nothing.

    A workload label beats a pod label, a pod beats the node it runs on (R3.2, R3.4). `job` is the scrape job
    and `instance` the scraped address: neither names anything in the cluster.
    """
    for kind, names in _WORKLOADS:
        for name in names:
            if found := label(labels, name):
                return kind, found
    typed = _TYPES.get(labels.get("workload_type", "").lower())
    if typed and labels.get("workload"):
        return typed, labels["workload"]
    if pod := pod_of(labels):
        return _owner_of(pod)
    if claim := label(labels, "persistentvolumeclaim"):
        return "PersistentVolumeClaim", claim
    if node := label(labels, "node"):
        return "Node", node
    return _asked(labels)


def workload_key(labels: Mapping[str, str]) -> str:
    """The key that alerts of one run share; a test shares its run with nothing, nor does a request for an action."""
    if own := own_key(labels):
        return own
    kind, name = workload_of(labels)
    namespace = "" if kind == "Node" else _namespace_of(labels, kind)
    key = f"{kind}:{namespace}/{name}" if kind else f"alert:{namespace}/{labels.get('alertname', '')}"
    if len(key) <= _LONGEST:
        return key
    return f"{kind or 'alert'}:sha256/{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()}"


def _asked(labels: Mapping[str, str]) -> tuple[str, str]:
    asked = asked_of(labels)
    if asked.destination:
        return "Destination", asked.destination
    return ("Service", asked.service) if asked.service else ("", "")


def _namespace_of(labels: Mapping[str, str], kind: str) -> str:
    return asked_of(labels).namespace if kind in ASKED else place_of(labels)[0]


def _owner_of(pod: str) -> tuple[str, str]:
    for kind, pattern in (
        ("Deployment", _DEPLOYMENT_POD),
        ("StatefulSet", _ORDINAL_POD),
        ("PodOwner", _GENERATED_POD),
    ):
        if match := pattern.fullmatch(pod):
            return kind, match.group(1)
    return "Pod", pod
