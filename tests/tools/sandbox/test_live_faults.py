"""Faults on a clock that stands still: what happens when is exact, and scripted faults end when they should."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.contract.api_server import conditions, connect, is_ready, waits
from tests.contract.api_server import deployment as manifest
from tools.clock import ManualClock
from tools.sandbox import Sandbox

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    """Noon."""
    return ManualClock(START)


@pytest.fixture
def sandbox(clock: ManualClock) -> Sandbox:
    """A live sandbox that nobody serves: these tests need no HTTP."""
    return Sandbox(clock, nodes=3, seed=1)


def _apply(sandbox: Sandbox, name: str = "web", **wanted: Any) -> None:
    sandbox.apply(manifest(name, **wanted) | {"metadata": {"name": name, "namespace": "shop"}})


def _status(sandbox: Sandbox, name: str = "web") -> dict[str, Any]:
    status: dict[str, Any] = sandbox.pods("shop", name)[0]["status"]["containerStatuses"][0]
    return status


def _ready(sandbox: Sandbox, name: str = "web") -> list[bool]:
    return [is_ready(pod) for pod in sandbox.pods("shop", name)]


def test_back_off_doubles_to_five_minutes(sandbox: Sandbox, clock: ManualClock) -> None:
    """The first restart comes at once, the next after 10, 20, 40, 80, 160 and then always 300 seconds."""
    _apply(sandbox, replicas=1, fault="crashloop")
    starts: list[datetime] = []
    count = -1
    while len(starts) < 10:
        sandbox.settle(0.5)
        status = _status(sandbox)
        if "running" in status["state"] and status["restartCount"] > count:
            count = status["restartCount"]
            starts.append(clock.now())
    gaps = [(later - sooner).total_seconds() for sooner, later in pairwise(starts)]
    crashes_after = 1.5
    assert [round(gap - crashes_after) for gap in gaps] == [1, 10, 20, 40, 80, 160, 300, 300, 300]


def test_back_off_is_forgotten_after_ten_minutes_of_running(sandbox: Sandbox, clock: ManualClock) -> None:
    """A container that ran well for long starts at once again."""
    _apply(sandbox, replicas=1)
    sandbox.settle(5)
    sandbox.fault("shop", "web", "crashloop", until=clock.now() + timedelta(seconds=100))
    sandbox.settle(400)
    before = _status(sandbox)["restartCount"]
    assert _ready(sandbox) == [True]
    sandbox.settle(1300)
    sandbox.fault("shop", "web", "crashloop", until=clock.now() + timedelta(seconds=1))
    sandbox.settle(2.5)
    status = _status(sandbox)
    assert (status["restartCount"], "running" in status["state"]) == (before + 1, True)


def test_a_restart_helps_when_only_older_pods_are_ill(sandbox: Sandbox, clock: ManualClock) -> None:
    """Stale state: pods created before an instant crash, the ones that replace them are well."""
    _apply(sandbox, replicas=2)
    sandbox.settle(600)
    sandbox.fault("shop", "web", "crashloop", created_before=clock.now() + timedelta(seconds=60))
    sandbox.settle(120)
    assert _ready(sandbox) == [False, False]
    restarted = manifest(annotations={"kubectl.kubernetes.io/restartedAt": "now"})
    sandbox.apply(restarted | {"metadata": {"name": "web", "namespace": "shop"}})
    sandbox.settle(60)
    assert _ready(sandbox) == [True, True]
    assert _status(sandbox)["restartCount"] == 0


def test_pods_crash_while_a_dependency_is_down(sandbox: Sandbox, clock: ManualClock) -> None:
    """A condition may look at the sandbox itself; when it ends, back-off runs out and the pods stay up."""
    for name in ("db", "web"):
        _apply(sandbox, name, replicas=1)
    sandbox.settle(300)
    sandbox.fault("shop", "db", "notready", until=clock.now() + timedelta(seconds=90))
    sandbox.fault("shop", "web", "crashloop", when=lambda pod, now: not sandbox.ready("shop", "db"))
    sandbox.settle(45)
    assert (_ready(sandbox, "db"), _ready(sandbox, "web")) == ([False], [False])
    assert waits(_status(sandbox)) == "CrashLoopBackOff"
    sandbox.settle(120)
    assert (_ready(sandbox, "db"), _ready(sandbox, "web")) == ([True], [True])
    count = _status(sandbox)["restartCount"]
    sandbox.settle(600)
    assert _status(sandbox)["restartCount"] == count


def test_a_revision_that_was_healthy_can_break_when_it_comes_back(
    sandbox: Sandbox, clock: ManualClock
) -> None:
    """The demo's other ending: the older revision is no good any more."""
    _apply(sandbox, replicas=1)
    sandbox.settle(900)
    since = clock.now()

    def came_back(pod: dict[str, Any], now: datetime) -> bool:
        created = datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
        return bool(pod["spec"]["containers"][0]["image"] == "shop/web:1") and created > since

    sandbox.fault("shop", "web", "crashloop", when=came_back)
    sandbox.settle(60)
    assert _ready(sandbox) == [True]
    _apply(sandbox, replicas=1, image="shop/web:2", fault="crashloop")
    sandbox.settle(60)
    _apply(sandbox, replicas=1)
    sandbox.settle(120)
    assert _ready(sandbox) == [False]
    assert _status(sandbox)["restartCount"] >= 2


def test_a_scripted_crash_leaves_its_lines(sandbox: Sandbox) -> None:
    """Exit code and log lines are the script's; a text that was set wins over everything."""
    _apply(sandbox, replicas=1)
    sandbox.settle(30)
    sandbox.fault("shop", "web", "crashloop", exit_code=3, log_lines=["panic: stale lock"])
    sandbox.settle(20)
    status = _status(sandbox)
    ended = status["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (3, "Error")
    assert _log(sandbox).endswith("panic: stale lock\n")
    sandbox.set_log("shop", "web", "set by hand\n", previous=True)
    assert _log(sandbox) == "set by hand\n"


def _log(sandbox: Sandbox) -> str:
    """The previous log, over HTTP as everybody reads it."""
    name = sandbox.pods("shop", "web")[0]["metadata"]["name"]
    with sandbox, TemporaryDirectory() as folder:
        client = connect(sandbox.kubeconfig(Path(folder) / "kubeconfig"))
        answer = client.get(f"/api/v1/namespaces/shop/pods/{name}/log", previous="true")
    assert answer.status == 200, answer.text
    return answer.text


def test_an_image_that_is_pushed_later_is_pulled(sandbox: Sandbox, clock: ManualClock) -> None:
    """ErrImagePull and ImagePullBackOff in turn until the fault ends, then the pod starts."""
    _apply(sandbox, replicas=0)
    sandbox.fault("shop", "web", "imagepull", until=clock.now() + timedelta(seconds=100))
    _apply(sandbox, replicas=1)
    sandbox.settle(1)
    assert waits(_status(sandbox)) == "ErrImagePull"
    sandbox.settle(3)
    assert waits(_status(sandbox)) == "ImagePullBackOff"
    sandbox.settle(200)
    assert _ready(sandbox) == [True]
    assert _status(sandbox)["restartCount"] == 0


def test_cleared_faults_are_over(sandbox: Sandbox) -> None:
    """Of one Deployment, or all; what a template's label asks for stays."""
    _apply(sandbox, replicas=1)
    _apply(sandbox, "other", replicas=1)
    for name in ("web", "other"):
        sandbox.fault("shop", name, "notready")
    sandbox.settle(30)
    assert (_ready(sandbox), _ready(sandbox, "other")) == ([False], [False])
    sandbox.clear_faults("shop", "web")
    sandbox.settle(5)
    assert (_ready(sandbox), _ready(sandbox, "other")) == ([True], [False])
    sandbox.clear_faults()
    sandbox.settle(5)
    assert _ready(sandbox, "other") == [True]


def test_an_unknown_fault_is_refused(sandbox: Sandbox) -> None:
    """The message names the known ones."""
    with pytest.raises(ValueError, match="crashloop, crashdead, oom"):
        sandbox.fault("shop", "web", "explode")  # type: ignore[arg-type]


def test_a_readiness_probe_delays_readiness(sandbox: Sandbox) -> None:
    """initialDelaySeconds counts from the container's start."""
    probe = {"httpGet": {"path": "/", "port": 80}, "initialDelaySeconds": 20}
    container = {"name": "web", "image": "shop/web:1", "readinessProbe": probe}
    _apply(sandbox, replicas=1, containers=[container])
    sandbox.settle(15)
    assert _ready(sandbox) == [False]
    sandbox.settle(10)
    assert _ready(sandbox) == [True]


def test_only_the_named_container_crashes(sandbox: Sandbox) -> None:
    """Siblings in the pod go on running."""
    containers = [{"name": "web", "image": "shop/web:1"}, {"name": "proxy", "image": "shop/proxy:1"}]
    _apply(sandbox, replicas=1, containers=containers)
    sandbox.settle(10)
    sandbox.fault("shop", "web", "crashloop", container="proxy")
    sandbox.settle(60)
    statuses = {s["name"]: s for s in sandbox.pods("shop", "web")[0]["status"]["containerStatuses"]}
    assert statuses["web"]["restartCount"] == 0
    assert statuses["web"]["ready"]
    assert statuses["proxy"]["restartCount"] >= 2
    assert _ready(sandbox) == [False]


def test_a_silent_node_loses_its_pods(sandbox: Sandbox) -> None:
    """NotReady after 40 s, its pods not ready; after five more minutes they are replaced elsewhere."""
    _apply(sandbox, replicas=3)
    sandbox.settle(60)
    (lost,) = [pod for pod in sandbox.pods("shop", "web") if pod["spec"]["nodeName"] == "node-1"]
    sandbox.stop_node("node-1")
    sandbox.settle(41)
    node = sandbox.get("Node", "", "node-1")
    assert node
    assert conditions(node)["Ready"]["status"] == "Unknown"
    assert sorted(_ready(sandbox)) == [False, True, True]
    sandbox.settle(320)
    pods = {pod["metadata"]["uid"]: pod for pod in sandbox.pods("shop", "web")}
    assert "deletionTimestamp" in pods[lost["metadata"]["uid"]]["metadata"]
    alive = [pod for pod in pods.values() if "deletionTimestamp" not in pod["metadata"]]
    assert [is_ready(pod) for pod in alive] == [True] * 3
    assert {pod["spec"]["nodeName"] for pod in alive} == {"node-2", "node-3"}
    sandbox.start_node("node-1")
    sandbox.settle(10)
    assert lost["metadata"]["uid"] not in {pod["metadata"]["uid"] for pod in sandbox.pods("shop", "web")}


def test_pods_wait_when_no_node_takes_them(sandbox: Sandbox) -> None:
    """Pending, PodScheduled=False, and scheduled as soon as a node is schedulable again."""
    for number in (1, 2, 3):
        node = sandbox.get("Node", "", f"node-{number}")
        assert node
        node["spec"]["unschedulable"] = True
        sandbox.apply(node)
    _apply(sandbox, replicas=1)
    sandbox.settle(30)
    (pod,) = sandbox.pods("shop", "web")
    assert (pod["status"]["phase"], conditions(pod)["PodScheduled"]["reason"]) == ("Pending", "Unschedulable")
    node = sandbox.get("Node", "", "node-2")
    assert node
    node["spec"].pop("unschedulable")
    sandbox.apply(node)
    sandbox.settle(10)
    assert _ready(sandbox) == [True]
