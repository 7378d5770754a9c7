"""What all pods request, as the scheduler counts it."""

from __future__ import annotations

from typing import Any

from tools.requests_summed import requests_facts

FULL = "0/3 nodes are available: 3 Insufficient memory."


def pod(name: str, cpu: str, memory: str, *, init: str = "0", phase: str = "Running", waits: str = "") -> Any:
    """One of ReplicaSet web-7d4, as the API has it."""
    owner = {"kind": "ReplicaSet", "name": "web-7d4", "uid": "u", "controller": True}
    state = [{"type": "PodScheduled", "status": "False", "message": waits}] if waits else []
    return {
        "metadata": {"namespace": "shop", "name": name, "ownerReferences": [owner]},
        "spec": {
            "containers": [{"resources": {"requests": {"cpu": cpu, "memory": memory}}}, {}],
            "initContainers": [{"resources": {"requests": {"cpu": init}}}],
        },
        "status": {"phase": phase, "conditions": state},
    }


def test_requests_are_summed_by_workload_without_pods_that_have_ended() -> None:
    """An init container counts only where it asks for more than those that run."""
    told = requests_facts(
        [pod("a", "500m", "1Gi"), pod("b", "500m", "1Gi", init="2"), pod("c", "9", "9Gi", phase="Failed")]
    )
    assert (told.pods, told.cores, told.memory) == (2, 2.5, 2 * 2.0**30)
    assert told.most_cores == (("shop/web", 2.5),)
    assert told.most_memory == (("shop/web", 2 * 2.0**30),)
    assert told.waiting == 0


def test_a_sidecar_and_the_overhead_of_a_runtime_count_beside_what_runs() -> None:
    """The scheduler keeps room for them as long as the pod lives."""
    heavy = pod("a", "500m", "1Gi", init="250m")
    heavy["spec"]["initContainers"][0]["restartPolicy"] = "Always"
    heavy["spec"]["overhead"] = {"memory": "1Gi"}
    told = requests_facts([heavy])
    assert (told.cores, told.memory) == (0.75, 2 * 2.0**30)


def test_a_pod_that_waits_for_room_is_told_with_the_schedulers_words() -> None:
    """One that waits for a taint to go is another matter."""
    taint = "0/3 nodes are available: 3 node(s) had untolerated taint {gpu: true}."
    told = requests_facts(
        [pod("a", "1", "1Gi", waits=FULL, phase="Pending"), pod("b", "1", "1Gi", waits=taint)]
    )
    assert (told.waiting, told.waits) == (1, (f'shop/a: "{FULL}"',))


def test_what_is_no_quantity_counts_as_nothing() -> None:
    """Objects of a bundle may hold anything."""
    assert requests_facts([pod("a", "many", "1Gi"), {"metadata": {"name": "bare"}}]).cores == 0.0
