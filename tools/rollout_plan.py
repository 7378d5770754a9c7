"""What a rollout of a workload would do, read off its spec: pods beyond the wanted number, pods that may be missing.

Rounded as the controllers do it: a share of `maxSurge` up, a Deployment's share of `maxUnavailable` down.
"""

from __future__ import annotations

from math import ceil, floor
from typing import Any

from tools.objects import desired
from tools.records import RolloutPlan
from tools.resources import JsonObject

DEPLOYMENT, STATEFUL_SET, DAEMON_SET = "Deployment", "StatefulSet", "DaemonSet"


def rollout_plan(workload: JsonObject) -> RolloutPlan:
    """Of a Deployment, StatefulSet or DaemonSet as the API has it, items of lists too, which do not name their kind."""
    spec = workload.get("spec") or {}
    kind = _kind(spec)
    strategy = spec.get("strategy" if kind == DEPLOYMENT else "updateStrategy") or {}
    rolling = strategy.get("rollingUpdate") or {}
    surge, missing = _bounds(kind, _wanted(workload, kind), rolling)
    name = str(strategy.get("type") or "RollingUpdate")
    if name == "Recreate":
        surge, missing = 0, _wanted(workload, kind)
    return RolloutPlan(
        strategy=name,
        surge=surge,
        may_be_missing=missing,
        partition=int(rolling.get("partition") or 0) if kind == STATEFUL_SET else 0,
        claims=_claims(spec),
        host_ports=_host_ports(spec),
    )


def _kind(spec: JsonObject) -> str:
    """By fields that the API fills in where nobody set them."""
    if "updateStrategy" not in spec:
        return DEPLOYMENT
    return STATEFUL_SET if "replicas" in spec else DAEMON_SET


def _wanted(workload: JsonObject, kind: str) -> int:
    if kind == DAEMON_SET:
        return int((workload.get("status") or {}).get("desiredNumberScheduled") or 0)
    return desired(workload)


def _bounds(kind: str, wanted: int, rolling: JsonObject) -> tuple[int, int]:
    """A rollout that may neither add nor miss a pod could not begin: controllers then let one be missing."""
    if kind == DEPLOYMENT:
        surge = _share(rolling.get("maxSurge", "25%"), wanted, up=True)
        missing = _share(rolling.get("maxUnavailable", "25%"), wanted, up=False)
        return surge, missing if surge or missing else 1
    surge = _share(rolling.get("maxSurge", 0), wanted, up=True) if kind == DAEMON_SET else 0
    missing = _share(rolling.get("maxUnavailable", 1), wanted, up=True)
    return surge, missing if surge or missing else 1


def _share(given: Any, wanted: int, *, up: bool) -> int:
    """`25%` of the wanted pods, or a plain number of them; what is neither counts as none."""
    text = str(given)
    try:
        if not text.endswith("%"):
            return max(0, int(text))
        exact = int(text[:-1]) * wanted / 100
    except ValueError:
        return 0
    return ceil(exact) if up else floor(exact)


def _claims(spec: JsonObject) -> tuple[str, ...]:
    """Of volumes in the template; those that a StatefulSet makes for each pod go with their pod."""
    volumes = pod_spec(spec).get("volumes") or []
    used = [volume.get("persistentVolumeClaim") or {} for volume in volumes]
    return tuple(sorted(str(claim["claimName"]) for claim in used if claim.get("claimName")))


def _host_ports(spec: JsonObject) -> tuple[int, ...]:
    """Also of a pod in the host's network, whose ports are the node's."""
    pod = pod_spec(spec)
    ports = [port for each in pod.get("containers") or [] for port in each.get("ports") or []]
    key = "containerPort" if pod.get("hostNetwork") else "hostPort"
    return tuple(sorted({int(port[key]) for port in ports if port.get(key)}))


def pod_spec(spec: JsonObject) -> JsonObject:
    """Of the template in a workload's spec."""
    return (spec.get("template") or {}).get("spec") or {}
