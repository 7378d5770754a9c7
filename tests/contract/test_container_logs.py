"""pods/log: which container, which life of it, how much of it."""

from __future__ import annotations

from tests.contract.api_server import Answer, ApiServer, Json, waits

SAID = {
    "sim/log": "booting\nserving\nstill serving",
    "sim/crash-log": "booting\nImportError: no module named shop",
}


def _log(server: ApiServer, pod: Json, **query: str | int | None) -> Answer:
    return server.admin.get(server.pods(pod["metadata"]["name"], "log"), **query)


def _running(server: ApiServer) -> Json:
    server.create_deployment(replicas=1, annotations=SAID)
    return server.wait_for_container(lambda status: status["ready"])


def test_tail_and_limit_cut_the_log(server: ApiServer) -> None:
    """tailLines keeps the newest lines, limitBytes the first bytes of what is left, and may cut a line."""
    pod = _running(server)
    assert _log(server, pod).text == "booting\nserving\nstill serving\n"
    assert _log(server, pod, tailLines=2).text == "serving\nstill serving\n"
    assert _log(server, pod, tailLines=0).text == ""
    assert _log(server, pod, limitBytes=4).text == "boot"
    assert _log(server, pod, tailLines=1, limitBytes=5).text == "still"
    assert _log(server, pod).headers["Content-Type"].startswith("text/plain")


def test_lines_carry_timestamps_when_asked(server: ApiServer) -> None:
    """An RFC 3339 instant before each line."""
    line = _log(server, _running(server), timestamps="true", tailLines=1).text
    stamp, _, text = line.partition(" ")
    assert text == "still serving\n"
    assert stamp.startswith("20")
    assert "T" in stamp


def test_older_lines_can_be_left_out(server: ApiServer) -> None:
    """sinceTime in the future leaves nothing, in the past everything."""
    pod = _running(server)
    assert _log(server, pod, sinceTime="2020-01-01T00:00:00Z").text.startswith("booting\n")
    assert _log(server, pod, sinceTime="2200-01-01T00:00:00Z").text == ""


def test_a_number_out_of_range_is_invalid(server: ApiServer) -> None:
    """422 for a negative tailLines and an empty limitBytes."""
    pod = _running(server)
    assert _log(server, pod, tailLines=-1).status == 422
    assert _log(server, pod, limitBytes=0).status == 422


def test_the_previous_log_is_that_of_the_crashed_container(server: ApiServer) -> None:
    """Running again after a crash: `previous` reads the crash, the plain request the new container."""
    server.create_deployment(replicas=1, fault="crashloop", annotations=SAID)
    pod = server.wait_for_container(
        lambda status: status["restartCount"] >= 1 and "running" in status["state"]
    )
    crashed = _log(server, pod, previous="true")
    assert crashed.status == 200, crashed.text
    assert crashed.text == "booting\nImportError: no module named shop\n"


def test_while_a_container_is_held_back_its_last_log_is_read(server: ApiServer) -> None:
    """In CrashLoopBackOff the plain request reads the container that ended last."""
    server.create_deployment(replicas=1, fault="crashloop", annotations=SAID)
    pod = server.wait_for_container(lambda status: waits(status) == "CrashLoopBackOff")
    assert "ImportError" in _log(server, pod, tailLines=1).text


def test_there_is_no_previous_log_without_a_crash(server: ApiServer) -> None:
    """400 `previous terminated container … not found`: an answer, not a failure."""
    pod = _running(server)
    refused = _log(server, pod, previous="true")
    assert (refused.status, refused.reason) == (400, "BadRequest")
    name = pod["metadata"]["name"]
    assert refused.json["message"] == f'previous terminated container "web" in pod "{name}" not found'


def test_a_container_that_never_started_has_no_log(server: ApiServer) -> None:
    """400 `is waiting to start`, with the reason."""
    server.create_deployment(replicas=1, fault="imagepull")
    pod = server.wait_for_container(lambda status: waits(status) == "ImagePullBackOff")
    refused = _log(server, pod)
    assert (refused.status, refused.reason) == (400, "BadRequest")
    message = refused.json["message"]
    assert "is waiting to start: " in message


def test_one_of_several_containers_has_to_be_named(server: ApiServer) -> None:
    """400 that lists them; an unknown name is 400 too."""
    containers = [{"name": "web", "image": "shop/web:1"}, {"name": "proxy", "image": "shop/proxy:1"}]
    server.create_deployment(replicas=1, containers=containers)
    pod = server.wait_for_container(lambda status: status["ready"])
    name = pod["metadata"]["name"]
    refused = _log(server, pod)
    assert refused.status == 400
    text = f"a container name must be specified for pod {name}, choose one of: [web proxy]"
    assert refused.json["message"] == text
    unknown = _log(server, pod, container="nobody")
    assert unknown.json["message"] == f"container nobody is not valid for pod {name}"
    assert _log(server, pod, container="proxy").status == 200


def test_a_pod_that_is_not_there_has_no_log(server: ApiServer) -> None:
    """404 about the pod."""
    refused = server.admin.get(server.pods("nobody", "log"))
    assert (refused.status, refused.reason) == (404, "NotFound")
