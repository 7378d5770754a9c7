"""Which containers of a pod stand beside its program, and whether one of them alone is what is not well. Pure.

A sidecar is what Kubernetes calls one (an init container that is restarted always), what a webhook has injected, or a
container that is not the first of the pod while that one runs well: by convention the first is the program.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from graph.symptoms import CONFIG, IMAGE, crashed_container, is_injected, waiting_container
from tools.records import ContainerFacts, Evidence, PodFacts

STEADY = timedelta(seconds=300)
_NOT_YET = frozenset({"PodInitializing", "ContainerCreating"})


class Ill(NamedTuple):
    """A sidecar that is not well, in a pod whose other containers are or wait for it."""

    pod: PodFacts
    container: ContainerFacts
    others_wait: bool


def ill_sidecar(pod: PodFacts, evidence: Evidence) -> Ill | None:
    """The sidecar because of which this pod is not well; None if it is well, or another container has to do with it."""
    ill = [c for c in pod.containers if not _is_fine(c, pod, evidence.collected_at)]
    others = [c for c in pod.containers if c not in ill and not c.init]
    waiting = [c for c in ill if c.waiting_reason in _NOT_YET and not c.restart_count]
    failing = [c for c in ill if c not in waiting]
    if len(failing) != 1 or not (others or waiting):
        return None
    (container,) = failing
    if not _stands_beside(container, pod, evidence):
        return None
    return Ill(pod, container, bool(waiting))


def _stands_beside(container: ContainerFacts, pod: PodFacts, evidence: Evidence) -> bool:
    if container.sidecar or is_injected(container, evidence):
        return True
    programs = [c for c in pod.containers if not c.init and not is_injected(c, evidence)]
    own = evidence.workload.containers if evidence.workload else ()
    programs.sort(key=lambda c: own.index(c.name) if c.name in own else len(own))
    return not container.init and len(programs) > 1 and container.name != programs[0].name


def _is_fine(container: ContainerFacts, pod: PodFacts, now: datetime) -> bool:
    if container.init and not container.sidecar:
        return container.exit_code == 0
    if container.waiting_reason or not container.ready or container.running_since is None:
        return False
    return crashed_container(pod.model_copy(update={"containers": (container,)}), now) is None


def may_be_starting(container: ContainerFacts, now: datetime) -> bool:
    """It runs and is not ready, and has not had the time for it."""
    if container.running_since is None or container.restart_count:
        return False
    return now - container.running_since < STEADY


def cannot_start(pod: PodFacts) -> bool:
    """For its image or configuration: other classes tell more of that."""
    return waiting_container(pod, IMAGE | CONFIG) is not None
