"""What a pod asks for is counted as the scheduler counts."""

from __future__ import annotations

from typing import Any

from tools.pod_requests import requested


def container(cpu: str, **more: Any) -> dict[str, Any]:
    """One that requests that much."""
    return {"resources": {"requests": {"cpu": cpu}}, **more}


def test_what_runs_together_is_summed_and_one_start_may_need_more() -> None:
    """Sidecars run beside the others; an init container only before them; a runtime has its overhead."""
    pod: dict[str, Any] = {"spec": {"containers": [container("500m"), container("250m")]}}
    assert requested(pod, "cpu") == 0.75
    pod["spec"]["initContainers"] = [container("250m", restartPolicy="Always"), container("2")]
    assert requested(pod, "cpu") == 2.0
    pod["spec"]["overhead"] = {"cpu": "1"}
    assert requested(pod, "cpu") == 3.0
    assert requested(pod, "memory") == 0.0
    assert requested({}, "cpu") == 0.0
