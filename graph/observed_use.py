"""After a scale-up: what the pods use, by Prometheus, where the look at the cluster could not tell."""

from __future__ import annotations

from tools.errors import ToolError
from tools.measures import cores_of
from tools.prometheus import SeriesReader
from tools.records import Observation, PodObservation, Receipt
from tools.usage import busiest_share

JUDGED_BY_USE = "scale_deployment"


def observed_use(metrics: SeriesReader | None, look: Observation, receipt: Receipt) -> Observation:
    """The look with the shares that it lacks; as it is where nobody tells them.

    A Prometheus that does not answer leaves them unknown, and an unknown share is never relief.
    """
    known = all(pod.cpu_share is not None for pod in look.pods)
    if metrics is None or known or receipt.call.name != JUDGED_BY_USE:
        return look
    try:
        cores = cores_of(metrics, receipt.target, look.at)
    except ToolError:
        return look
    return look.model_copy(
        update={"pods": tuple(_with_share(pod, cores.get(pod.name, {})) for pod in look.pods)}
    )


def _with_share(pod: PodObservation, cores: dict[str, float]) -> PodObservation:
    if pod.cpu_share is not None:
        return pod
    # a series without a container is told of the whole pod: of its only container where it has one
    names = [container.name for container in pod.containers]
    if "" in cores and len(names) == 1:
        cores = {names[0]: cores[""], **cores}
    return pod.model_copy(update={"cpu_share": busiest_share(pod.cpu_bounds, cores)})
