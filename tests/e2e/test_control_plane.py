"""The control plane behaves as the tests of the agent assume: real controllers over faults that can be asked for."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.controlplane.api import AdminApi, ApiError, Json
from tests.controlplane.plane import NODES, ControlPlane
from tests.controlplane.workloads import Workload, container, is_ready, revision

pytestmark = pytest.mark.e2e


def test_a_healthy_deployment_becomes_ready(web: Workload) -> None:
    """Scheduled on the fake nodes, every pod Running and Ready with the ids that a runtime gives."""
    web.create(replicas=3)
    web.wait_until_healthy()
    pods = web.pods()
    assert len(pods) == 3
    assert {pod["spec"]["nodeName"] for pod in pods} <= set(NODES)
    for pod in pods:
        status = container(pod)
        assert (status["ready"], status["restartCount"]) == (True, 0)
        assert status["containerID"].startswith("containerd://")
        assert "@sha256:" in status["imageID"]
        assert "startedAt" in status["state"]["running"]


def test_a_crash_loop_alternates_and_its_restarts_grow(web: Workload) -> None:
    """CrashLoopBackOff and Running in turn, each restart with a container and a lastState of its own."""
    web.create(replicas=1, fault="crashloop")
    pod = _pod_when(web, lambda status: _waits(status) and status["restartCount"] == 1)
    first = container(pod)
    second = container(_pod_when(web, lambda status: _waits(status) and status["restartCount"] == 2))
    third = container(_pod_when(web, lambda status: "running" in status["state"]))
    assert first["lastState"]["terminated"]["exitCode"] == 1
    assert first["lastState"]["terminated"]["reason"] == "Error"
    assert first["lastState"]["terminated"]["containerID"] == first["containerID"]
    assert first["lastState"]["terminated"]["startedAt"] < first["lastState"]["terminated"]["finishedAt"]
    assert second["containerID"] != first["containerID"]
    assert (third["restartCount"], third["lastState"]) == (3, second["lastState"])
    assert not is_ready(pod)
    assert "BackOff" in {event["reason"] for event in web.events(pod)}


def test_progressing_stays_complete_while_every_pod_crashes(web: Workload) -> None:
    """The trap that verification must not fall into: the rollout counts as done, yet no pod stays up."""
    web.create(replicas=1)
    web.wait_until_healthy()
    web.release("shop/web:2", fault="crashloop")
    _pod_when(web, lambda status: _waits(status) and status["restartCount"] >= 1)
    conditions = {c["type"]: c["reason"] for c in web.read()["status"]["conditions"]}
    assert conditions["Progressing"] == "NewReplicaSetAvailable"


def test_logs_of_both_lives_of_a_crashing_container_are_readable(web: Workload) -> None:
    """The template says what its containers log; the running and the ended one are told apart."""
    template = {"sim/log": "booting\nserving", "sim/crash-log": "booting\nImportError: no module named shop"}
    web.create(replicas=1, fault="crashloop", annotations=template)
    pod = _pod_when(web, _waits)
    assert web.log(pod) == web.log(pod, "previous=true") == "booting\nImportError: no module named shop\n"
    assert web.log(pod, "previous=true&tailLines=1") == "ImportError: no module named shop\n"
    assert web.log(pod, "previous=true&limitBytes=4") == "boot"
    running = _pod_when(web, lambda status: "running" in status["state"])
    assert web.log(running, "container=web") == "booting\nserving\n"
    assert web.log(running, "tailLines=1&timestamps=true").endswith(" serving\n")


@pytest.mark.parametrize(
    ("fault", "query", "refusal"),
    [
        (None, "previous=true", 'previous terminated container "web" in pod "{pod}" not found'),
        (
            "imagepull",
            "",
            'container "web" in pod "{pod}" is waiting to start: trying and failing to pull image',
        ),
        (None, "container=nope", "container nope is not valid for pod {pod}"),
    ],
)
def test_a_log_that_is_not_there_is_a_bad_request(
    web: Workload, fault: str | None, query: str, refusal: str
) -> None:
    """400 with the kubelet's or the API server's own words, never an empty log."""
    web.create(replicas=1, fault=fault)
    settled = {None: "running", "imagepull": "ImagePullBackOff"}[fault]
    pod = _pod_when(web, lambda status: settled in json.dumps(status.get("state", {})))
    with pytest.raises(ApiError) as refused:
        web.log(pod, query)
    assert refused.value.status == 400
    assert json.loads(refused.value.body)["message"] == refusal.format(pod=pod["metadata"]["name"])


def test_a_rollback_brings_healthy_pods_back(web: Workload) -> None:
    """The fault sits in the template, so the older template mends it; the revision gets a new number."""
    web.create()
    web.wait_until_healthy()
    web.release("shop/web:2", fault="crashloop")
    _pod_when(web, _waits)
    old, new = web.revisions()
    web.roll_back_to(old)
    web.wait_until_healthy()
    assert all(container(pod)["image"] == "shop/web:1" and is_ready(pod) for pod in web.pods())
    assert revision(web.revisions()[-1]) == 3
    assert web.revisions()[-1]["metadata"]["uid"] == old["metadata"]["uid"] != new["metadata"]["uid"]


@pytest.mark.parametrize("fault", ["notready", "crashdead", "imagepull", "configerror"])
def test_a_release_that_never_gets_ready_leaves_the_old_pods_serving(web: Workload, fault: str) -> None:
    """The rolling update stops at the surge pod; the pods of the older revision stay ready."""
    web.create(replicas=2)
    web.wait_until_healthy()
    web.release("shop/web:2", fault=fault)
    new = _pod_when(web, lambda status: bool(status.get("state")), image="shop/web:2")
    assert not is_ready(new)
    old = [pod for pod in web.pods() if container(pod)["image"] == "shop/web:1"]
    assert [is_ready(pod) for pod in old] == [True, True]
    restarts = container(new)["restartCount"]
    assert restarts == 0 or fault == "crashdead"


def test_a_slow_start_is_ready_in_the_end(web: Workload) -> None:
    """Unready at first without a restart, then ready: what must not be taken for a bad release."""
    web.create(replicas=1, fault="slowstart")
    early = _pod_when(web, lambda status: "running" in status.get("state", {}))
    assert not is_ready(early)
    web.wait_until_healthy()
    assert container(web.pods()[0])["restartCount"] == 0


def test_an_out_of_memory_kill_says_so(web: Workload) -> None:
    """Exit code 137 with the reason OOMKilled."""
    web.create(replicas=1, fault="oom")
    ended = container(_pod_when(web, _waits))["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")


def test_a_fault_put_on_one_pod_is_an_outage_that_a_restart_mends(web: Workload) -> None:
    """The label on the pod, not on the template: a replacement is healthy, and so is the pod once it is gone."""
    web.create(replicas=1)
    web.wait_until_healthy()
    (pod,) = web.pods()
    path = f"/api/v1/namespaces/{web.namespace}/pods/{pod['metadata']['name']}"
    web.plane.api.patch(path, {"metadata": {"labels": {"sim/fault": "crashloop"}}}, "merge")
    _pod_when(web, _waits)
    web.plane.api.patch(path, {"metadata": {"labels": {"sim/fault": None}}}, "merge")
    healed = _pod_when(web, lambda status: status["ready"])
    assert healed["metadata"]["uid"] == pod["metadata"]["uid"]
    assert container(healed)["restartCount"] >= 2


def test_rights_are_really_checked_and_every_request_is_in_the_audit_log(
    plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    """A ServiceAccount's token is bound by RBAC; what it asked for is logged, with the body if it was let in."""
    config = json.loads(
        plane.service_account_kubeconfig(namespace, "agent", tmp_path / "agent.kubeconfig").read_text()
    )
    agent = AdminApi(plane.url, config["users"][0]["user"]["token"], plane.ca)
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    with pytest.raises(ApiError) as refused:
        agent.post(maps, {"metadata": {"name": "before"}})
    assert refused.value.status == 403
    _grant(plane, namespace, "agent", [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create"]}])
    plane.eventually(lambda: _created(agent, maps), what="the right")
    plane.eventually(lambda: _codes(plane, f"{namespace}:agent")[-1:] == [201], what="the audit event")
    first, *_, last = plane.audit(f"{namespace}:agent")
    assert (first["verb"], first["responseStatus"]["code"]) == ("create", 403)
    assert "requestObject" not in first
    assert last["requestObject"]["data"] == {"key": "value"}
    assert plane.audit(f"{namespace}:somebody-else") == []


def test_a_stopped_node_turns_not_ready_and_comes_back(plane: ControlPlane, web: Workload) -> None:
    """The node controller notices the silent kubelet by its lease and marks the pods there unready."""
    web.create(replicas=1)
    web.wait_until_healthy()
    (pod,) = web.pods()
    node = pod["spec"]["nodeName"]
    others = set(NODES) - {node}
    plane.stop_node(node)
    try:
        plane.eventually(lambda: not _node_ready(plane, node), what="NotReady")
        plane.eventually(lambda: not is_ready(web.pods()[0]), what="unready pods")
        assert all(_node_ready(plane, other) for other in others)
    finally:
        plane.start_node(node)
    plane.eventually(lambda: _node_ready(plane, node), what="Ready")
    plane.eventually(lambda: is_ready(web.pods()[0]), what="ready pods")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_ends_in_any_way_leaves_no_process_behind(
    plane: ControlPlane, how: signal.Signals
) -> None:
    """Ctrl-C, a polite end and a kill of the test run: each of its components is gone soon after."""
    # a run that was started in the background ignores SIGINT, and so would its child
    script = (
        "import signal, sys, time; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from tests.controlplane.plane import ControlPlane; plane = ControlPlane.shared();"
        "print(*plane.pids, plane.state_dir, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        *pids, state_dir = run.stdout.readline().split()
        assert len(pids) == 5
        run.send_signal(how)
        run.wait(60)
    plane.eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), what="the end of all")
    assert how != signal.SIGINT or not Path(state_dir).exists()
    shutil.rmtree(state_dir, ignore_errors=True)


def _pod_when(web: Workload, true: Callable[[Json], bool], image: str | None = None) -> Json:
    """The first pod (of that image) whose container status makes `true` true."""
    found: list[Json] = []

    def look() -> bool:
        pods = [pod for pod in web.pods() if image in (None, container(pod).get("image"))]
        found[:] = [pod for pod in pods if container(pod) and true(container(pod))]
        return bool(found)

    web.plane.eventually(look, what=f"a pod of {web.name} in that state")
    return found[0]


def _waits(status: Json) -> bool:
    return bool(status["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff")


def _created(agent: AdminApi, maps: str) -> bool:
    try:
        agent.post(maps, {"metadata": {"name": "after"}, "data": {"key": "value"}})
    except ApiError as error:
        if error.status != 403:
            raise
        return False
    return True


def _codes(plane: ControlPlane, user: str) -> list[int]:
    return [event["responseStatus"]["code"] for event in plane.audit(user)]


def _grant(plane: ControlPlane, namespace: str, account: str, rules: list[dict[str, Any]]) -> None:
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    plane.api.post(f"{rbac}/roles", {"metadata": {"name": account}, "rules": rules})
    subject = {"kind": "ServiceAccount", "name": account, "namespace": namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account}
    plane.api.post(
        f"{rbac}/rolebindings", {"metadata": {"name": account}, "subjects": [subject], "roleRef": role}
    )


def _node_ready(plane: ControlPlane, name: str) -> bool:
    return is_ready(plane.api.get(f"/api/v1/nodes/{name}"))
