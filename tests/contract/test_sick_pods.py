"""How pods fall ill, the same on both servers: the label `sim/fault` asks for it."""

from __future__ import annotations

from tests.contract.api_server import ApiServer, Json, conditions, is_ready, waits


def _events(server: ApiServer, obj: Json) -> list[Json]:
    selector = f"involvedObject.uid={obj['metadata']['uid']}"
    return server.admin.items(server.path("events"), fieldSelector=selector)


def test_a_crash_loop_alternates_and_its_restarts_grow(server: ApiServer) -> None:
    """CrashLoopBackOff and Running in turn; lastState says how it ended; the phase stays Running."""
    server.create_deployment(replicas=1, fault="crashloop")
    pod = server.wait_for_container(lambda s: waits(s) == "CrashLoopBackOff" and s["restartCount"] >= 1)
    status = pod["status"]["containerStatuses"][0]
    ended = status["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (1, "Error")
    assert ended["startedAt"] <= ended["finishedAt"]
    assert (status["ready"], pod["status"]["phase"]) == (False, "Running")
    assert conditions(pod)["Ready"]["reason"] == "ContainersNotReady"
    assert "back-off" in status["state"]["waiting"]["message"].lower()
    count = status["restartCount"]
    running = server.wait_for_container(lambda s: "running" in s["state"] and s["restartCount"] > count)
    assert running["metadata"]["uid"] == pod["metadata"]["uid"]
    held = server.wait_for_container(lambda s: waits(s) == "CrashLoopBackOff" and s["restartCount"] > count)
    assert held["status"]["containerStatuses"][0]["restartCount"] > count


def test_a_crash_loop_leaves_events(server: ApiServer) -> None:
    """A BackOff Warning on the pod, found by its uid."""
    server.create_deployment(replicas=1, fault="crashloop")
    pod = server.wait_for_container(lambda s: waits(s) == "CrashLoopBackOff")
    found = server.wait_until(
        lambda: [event for event in _events(server, pod) if event["reason"] == "BackOff"], "the event"
    )
    event = found[0]
    assert event["type"] == "Warning"
    assert event["involvedObject"]["kind"] == "Pod"
    assert event["involvedObject"]["name"] == pod["metadata"]["name"]
    assert "Back-off restarting failed container" in event["message"]


def test_an_out_of_memory_kill_says_so(server: ApiServer) -> None:
    """137, OOMKilled."""
    server.create_deployment(replicas=1, fault="oom")
    pod = server.wait_for_container(lambda s: waits(s) == "CrashLoopBackOff")
    ended = pod["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")


def test_an_image_that_cannot_be_pulled_backs_off(server: ApiServer) -> None:
    """ImagePullBackOff, phase Pending, nothing ever started, a Failed Warning."""
    server.create_deployment(replicas=1, fault="imagepull", image="shop/none:1")
    pod = server.wait_for_container(lambda s: waits(s) == "ImagePullBackOff")
    status = pod["status"]["containerStatuses"][0]
    assert (status["restartCount"], status["ready"], pod["status"]["phase"]) == (0, False, "Pending")
    assert not status["lastState"]
    assert status["imageID"] == ""
    reasons = server.wait_until(lambda: {e["reason"] for e in _events(server, pod)}, "events")
    assert "Failed" in reasons


def test_a_container_that_is_never_ready_keeps_running(server: ApiServer) -> None:
    """Running, not ready, no restart, an Unhealthy Warning."""
    server.create_deployment(replicas=1, fault="notready")
    pod = server.wait_for_container(lambda s: "running" in s["state"])
    server.wait_until(
        lambda: [event for event in _events(server, pod) if event["reason"] == "Unhealthy"], "the event"
    )
    status = server.read(server.pods(pod["metadata"]["name"]))["status"]["containerStatuses"][0]
    assert (status["ready"], status["restartCount"], status["started"]) == (False, 0, True)


def test_a_release_that_crashes_before_it_is_ready_stops_the_rollout(server: ApiServer) -> None:
    """`crashdead`: restarts grow and the pod is never ready, so the Deployment never counts as rolled out."""
    server.create_deployment(replicas=1, fault="crashdead")
    server.wait_for_container(lambda s: waits(s) == "CrashLoopBackOff" and s["restartCount"] >= 1)
    found = server.read(server.deployments("web"))
    assert conditions(found)["Available"]["status"] == "False"
    assert found["status"].get("readyReplicas", 0) == 0


def test_a_missing_configuration_keeps_a_container_from_starting(server: ApiServer) -> None:
    """CreateContainerConfigError."""
    server.create_deployment(replicas=1, fault="configerror")
    pod = server.wait_for_container(lambda s: waits(s) == "CreateContainerConfigError")
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0


def test_a_slow_start_is_ready_in_the_end(server: ApiServer) -> None:
    """Unready for a while, then ready, without a restart."""
    server.create_deployment(replicas=1, fault="slowstart")
    early = server.wait_for_container(lambda s: "running" in s["state"])
    assert not is_ready(early)
    late = server.wait_for_container(lambda s: s["ready"])
    assert late["status"]["containerStatuses"][0]["restartCount"] == 0


def test_the_scheduler_writes_events_in_the_newer_form(server: ApiServer) -> None:
    """eventTime and action; no count, no first or last timestamp: a reader has to look at all of them."""
    server.create_deployment(replicas=1)
    pod = server.wait_for_container(lambda s: s["ready"])
    found = server.wait_until(
        lambda: [event for event in _events(server, pod) if event["reason"] == "Scheduled"], "the event"
    )
    assert found[0]["eventTime"].endswith("Z")
    assert found[0]["action"] == "Binding"
    assert (found[0]["lastTimestamp"], found[0].get("count")) == (None, None)


def test_a_rollout_leaves_events_on_the_deployment(server: ApiServer) -> None:
    """ScalingReplicaSet, with the ReplicaSet's name; one list finds it by the Deployment's uid alone."""
    made = server.create_deployment(replicas=1)
    server.wait_until_rolled_out()
    found = server.wait_until(lambda: _events(server, made), "the event")
    assert {event["reason"] for event in found} == {"ScalingReplicaSet"}
    name = server.revisions_of()[0]["metadata"]["name"]
    assert found[0]["message"] == f"Scaled up replica set {name} from 0 to 1"
    assert {event["involvedObject"]["uid"] for event in found} == {made["metadata"]["uid"]}
