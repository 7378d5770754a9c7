"""What a person can do about pods that use all the processor time that they may, with values that quotas allow."""

from __future__ import annotations

from graph.cpu_words import cores
from graph.load import pods_that_fit
from graph.symptoms import dependencies_down, just_released
from graph.workload_words import replaces_none, restarts_all
from tools.records import AutoscalerFacts, ContainerFacts, Evidence


def next_step(container: ContainerFacts, evidence: Evidence) -> str:
    """What keeps it busy first, then more pods, then more for each of them."""
    down, scaler = dependencies_down(evidence), next(iter(evidence.autoscalers), None)
    if down:
        return (
            f"kubectl -n <namespace> describe service {down[0].service}, then its pods. Mend {down[0].service} first: "
            "what waits for it may be busy with trying again, and more pods would only ask more."
        )
    if just_released(evidence):
        return (
            "kubectl rollout history <workload>: if the load has not grown, kubectl rollout undo <workload> takes the "
            "newest revision back; if it has, more replicas help."
        )
    if scaler:
        return raise_maximum(scaler, scaler.most + max(1, scaler.most // 2))
    if pods_that_fit(evidence) == 0:
        return _inside_quota(container, evidence)
    return f"{_scale(evidence)} If the share of each pod does not fall by it, {_raise_limit(container, evidence)}"


def raise_maximum(scaler: AutoscalerFacts, most: int) -> str:
    """Of an autoscaler, in its own kind's words."""
    ours = scaler.kind == "HorizontalPodAutoscaler"
    kind, field = ("hpa", "maxReplicas") if ours else ("scaledobject", "maxReplicaCount")
    return (
        f"kubectl -n <namespace> patch {kind} {scaler.name} --type=merge "
        f'-p \'{{"spec":{{"{field}":{most}}}}}\' raises its maximum from {scaler.most}, if the load is real.'
        f"{_kept_by(scaler)}"
    )


def _kept_by(scaler: AutoscalerFacts) -> str:
    return (
        f" {scaler.managed_by} keeps it and may set it back: change it there too."
        if scaler.managed_by
        else ""
    )


def _scale(evidence: Evidence) -> str:
    wanted = evidence.workload.desired if evidence.workload else 1
    room = pods_that_fit(evidence)
    more = max(1, wanted // 2) if room is None else max(1, min(room, wanted // 2))
    return (
        f"kubectl scale <workload> --replicas={wanted + more} shares the load among more pods (now {wanted})."
    )


def _raise_limit(container: ContainerFacts, evidence: Evidence) -> str:
    if not container.cpu_limit:
        return "profile it: it has no limit, so that it takes what its node has left."
    return (
        f"profile it, or raise its limit: kubectl set resources <workload> -c {container.name} "
        f"--limits=cpu={cores(2 * container.cpu_limit)} ({restarts_all(evidence)})."
    )


def _inside_quota(container: ContainerFacts, evidence: Evidence) -> str:
    """No pod more fits; perhaps each of them may have more."""
    quota = evidence.quotas[0].name
    names = ", ".join(each.name for each in evidence.quotas)
    edit = f"kubectl -n <namespace> edit quota {quota}"
    limit = _higher_limit(container, evidence)
    if not limit:
        return (
            f"kubectl -n <namespace> describe quota {quota}: {names} holds no more pods, and no higher limit. Raise it "
            f"({edit}), or take the load away."
        )
    return (
        f"kubectl set resources <workload> -c {container.name} --limits=cpu={cores(limit)} raises the limit from "
        f"{cores(container.cpu_limit or 0.0)}: quota {names} leaves room for that, though it holds no more "
        "pods; requests "
        f"stay as they are. T{restarts_all(evidence)[1:]}{_in_turn(evidence)}. "
        f"For more pods: {edit}"
    )


def _in_turn(evidence: Evidence) -> str:
    return "" if replaces_none(evidence) else ", one after the other, since none beyond them fits"


def _higher_limit(container: ContainerFacts, evidence: Evidence) -> float | None:
    """As much as all quotas leave for each pod, twice the present one at the most; None: nothing worth it, or a rollout
    would hang, since it may neither go beyond nor below the number of pods.
    """
    workload, limit = evidence.workload, container.cpu_limit
    if workload is None or not limit or workload.desired < 1:
        return None
    if workload.rollout.may_be_missing < 1 and workload.rollout.strategy != "Recreate":
        return None
    rooms = [
        quota.hard["limits.cpu"] - quota.used.get("limits.cpu", 0.0)
        for quota in evidence.quotas
        if "limits.cpu" in quota.hard
    ]
    most = min([2 * limit, *(limit + room / workload.desired for room in rooms)])
    return round(most, 3) if most >= 1.2 * limit else None
