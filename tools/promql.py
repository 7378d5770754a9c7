"""The queries that are asked of Prometheus, built from names by code; label values are escaped.

The names are those of cAdvisor, as the kubelet serves them, and of kube-state-metrics. `max by` and not `sum by`: what
is scraped twice (two Prometheus servers, two jobs) would count double, and double use would be a proof of load that is
not there.
"""

from __future__ import annotations

import re

MOST_BEFORE_SUFFIX = 58
"""A generated pod name keeps so many characters of what stands before its last five."""


def processor_use(namespace: str, workload: str) -> str:
    """Cores that each container of the workload's pods uses, as an average of five minutes.

    Of a container that is younger it tells too little, since the server divides by the whole time.
    """
    rate = f"rate(container_cpu_usage_seconds_total{_of(namespace, workload)}[5m])"
    return f"max by (namespace, pod, container) ({rate})"


def processor_lately(namespace: str, workload: str) -> str:
    """The same between the newest two samples: right for a container that has just started, and after a change."""
    rate = f"irate(container_cpu_usage_seconds_total{_of(namespace, workload)}[2m])"
    return f"max by (namespace, pod, container) ({rate})"


def memory_held(namespace: str, workload: str) -> str:
    """Bytes that each container of the workload's pods holds and the kernel counts against its limit."""
    return (
        f"max by (namespace, pod, container) (container_memory_working_set_bytes{_of(namespace, workload)})"
    )


def volume_figure(metric: str, namespace: str, claim: str) -> str:
    """What the kubelets tell of one claim's volume; `metric` is one of `kubelet_volume_stats_*`."""
    pairs = f'namespace="{quoted(namespace)}",persistentvolumeclaim="{quoted(claim)}"'
    return f"max by (namespace, persistentvolumeclaim) ({metric}{{{pairs}}})"


def replicas_ready(namespace: str, workload: str) -> str:
    """Pods that each ReplicaSet of the workload has ready."""
    return (
        f"max by (namespace, replicaset) (kube_replicaset_status_ready_replicas{_sets(namespace, workload)})"
    )


def replicas_wanted(namespace: str, workload: str) -> str:
    """Pods that each of them is to have."""
    return f"max by (namespace, replicaset) (kube_replicaset_spec_replicas{_sets(namespace, workload)})"


def stateful_set_ready(namespace: str, workload: str) -> str:
    """Pods that a StatefulSet has ready, whatever their revision."""
    return f"max by (namespace) (kube_statefulset_status_replicas_ready{_stateful_set(namespace, workload)})"


def stateful_set_wanted(namespace: str, workload: str) -> str:
    """Pods that it is to have."""
    return f"max by (namespace) (kube_statefulset_replicas{_stateful_set(namespace, workload)})"


def stateful_set_revision(namespace: str, workload: str) -> str:
    """Which revision its pods were of: its `currentRevision`, which moves once an update has reached all of them."""
    chosen = _stateful_set(namespace, workload)
    return f"max by (namespace, revision) (kube_statefulset_status_current_revision{chosen})"


def owner_of_pod(namespace: str, pod: str) -> str:
    """What controlled a pod within the last two hours, though it may be gone by now."""
    chosen = f'{{namespace="{quoted(namespace)}",pod="{quoted(pod)}",owner_is_controller="true"}}'
    return f"max by (namespace, pod, owner_kind, owner_name) (last_over_time(kube_pod_owner{chosen}[2h]))"


def owner_of_replicaset(namespace: str, replicaset: str) -> str:
    """The same of a ReplicaSet that may be gone too."""
    chosen = (
        f'{{namespace="{quoted(namespace)}",replicaset="{quoted(replicaset)}",owner_is_controller="true"}}'
    )
    last = f"last_over_time(kube_replicaset_owner{chosen}[2h])"
    return f"max by (namespace, replicaset, owner_kind, owner_name) ({last})"


def _sets(namespace: str, workload: str) -> str:
    return f'{{namespace="{quoted(namespace)}",replicaset=~"{quoted(re_escaped(workload))}-.*"}}'


def _stateful_set(namespace: str, workload: str) -> str:
    return f'{{namespace="{quoted(namespace)}",statefulset="{quoted(workload)}"}}'


def _of(namespace: str, workload: str) -> str:
    pods = f"{re_escaped(f'{workload}-'[:MOST_BEFORE_SUFFIX])}.*"
    pairs = (
        f'namespace="{quoted(namespace)}"',
        f'pod=~"{quoted(pods)}"',
        'container!=""',
        'container!="POD"',
    )
    return "{" + ",".join(pairs) + "}"


def quoted(text: str) -> str:
    """As it stands between double quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\0", "")


def re_escaped(text: str) -> str:
    """As a regular expression that matches just that (RE2: only what has a meaning may be escaped)."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)
