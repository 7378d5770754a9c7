"""Releases that go wrong on the control plane, each waited for until it shows as it would when an alert fires."""

from __future__ import annotations

from tests.controlplane.api import Json
from tests.controlplane.workloads import Workload, container, is_ready

GOOD, BAD, WORSE = "shop/web:1", "shop/web:2", "shop/web:3"
DEADLINE_SECONDS = 5


def serve_well(web: Workload) -> None:
    """Version 1, with all its pods ready and a short deadline for what comes after it."""
    web.create(image=GOOD)
    web.wait_until_healthy()
    shorten_deadline(web)


def shorten_deadline(web: Workload) -> None:
    """A rollout that makes no progress for five seconds counts as failed."""
    deadline = {"spec": {"progressDeadlineSeconds": DEADLINE_SECONDS}}
    web.plane.api.patch(web.path, deadline, "merge")


def release_stuck(web: Workload, image: str = BAD) -> Json:
    """A version that never becomes ready, past its deadline, while version 1 still serves; its pod."""
    web.release(image, fault="notready")
    web.plane.eventually(lambda: is_stuck(web, image), what="a rollout past its deadline")
    assert sum(map(is_ready, pods_of(web, GOOD))) == web.read()["spec"]["replicas"]
    return pods_of(web, image)[0]


def release_crashing(web: Workload, image: str = BAD) -> Json:
    """A version that crashes at once and has replaced every older pod; one of its pods."""
    web.release(image, fault="crashloop", crash_log="booting\nImportError: no module named shop")
    web.plane.eventually(lambda: _all_crash(web, image), 180, "nothing but crashing pods")
    return pods_of(web, image)[0]


def pods_of(web: Workload, image: str) -> list[Json]:
    """Its pods of one version."""
    return [pod for pod in web.pods() if pod["spec"]["containers"][0]["image"] == image]


def images(web: Workload) -> set[str]:
    """Versions that its pods run."""
    return {pod["spec"]["containers"][0]["image"] for pod in web.pods()}


def is_stuck(web: Workload, image: str) -> bool:
    """Its rollout to this version is past its deadline."""
    conditions = {c["type"]: c.get("reason") for c in web.read()["status"].get("conditions", [])}
    return conditions.get("Progressing") == "ProgressDeadlineExceeded" and bool(pods_of(web, image))


def _all_crash(web: Workload, image: str) -> bool:
    found = web.pods()
    crashing = [pod for pod in pods_of(web, image) if container(pod).get("restartCount", 0) >= 2]
    return bool(len(found) == len(crashing) == web.read()["spec"]["replicas"])
