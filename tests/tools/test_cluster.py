"""The real adapter against the sandbox, and against answers that are slow, broken, refused or lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.proxy import Fault, FaultProxy, drop, hold, refuse
from tests.tools.shop import NAMESPACE, deployment
from tools.cluster import KubernetesCluster
from tools.errors import Conflict, Forbidden, Invalid, NotFound, TransientError, UnknownOutcome
from tools.resources import CONFIGMAPS, DEPLOYMENTS, EVENTS, NODES, PODS
from tools.sandbox import Sandbox


class Link:
    """The adapter behind a proxy that can spoil answers, and how long it waited between attempts."""

    def __init__(self, proxy: FaultProxy, folder: Path, timeout: tuple[float, float]) -> None:
        self.proxy = proxy
        self.waited: list[float] = []
        path = folder / "proxy.kubeconfig"
        path.write_text(json.dumps(kubeconfig(proxy.url)))
        self.cluster = KubernetesCluster.connect(str(path), timeout=timeout, sleep=self.waited.append)

    def spoil(self, fault: Fault, method: str = "GET", times: int = 1) -> None:
        self.proxy.spoil(fault, method=method, when=lambda request: True, times=times)

    def count(self, method: str) -> int:
        return sum(request.method == method for request in self.proxy.requests)


def kubeconfig(server: str, token: str = "admin") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }


@pytest.fixture
def link(sandbox: Sandbox, tmp_path: Path) -> Iterator[Link]:
    """One Deployment `web` behind a proxy; reads time out after half a second."""
    sandbox.apply(deployment())
    sandbox.settle(30)
    with FaultProxy(sandbox.url) as proxy:
        yield Link(proxy, tmp_path, timeout=(3, 0.5))


def scale(cluster: KubernetesCluster, replicas: int, **options: Any) -> Any:
    return cluster.patch(
        DEPLOYMENTS, NAMESPACE, "web", {"spec": {"replicas": replicas}}, patch_type="merge", **options
    )


def test_get_and_list(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """Raw objects, with selectors; a missing one is NotFound."""
    sandbox.apply([deployment(), deployment("cart", replicas=1)])
    sandbox.settle(30)
    assert cluster.get(DEPLOYMENTS, NAMESPACE, "web")["spec"]["replicas"] == 3
    assert len(cluster.list(PODS, NAMESPACE, label_selector="app=web")) == 3
    assert len(cluster.list(PODS, NAMESPACE, label_selector="app in (web,cart)")) == 4
    assert len(cluster.list(PODS)) == 4
    assert {item["type"] for item in cluster.list(EVENTS, NAMESPACE, field_selector="type=Normal")} == {
        "Normal"
    }
    assert [node["metadata"]["name"] for node in cluster.list(NODES)] == ["node-1", "node-2", "node-3"]
    with pytest.raises(NotFound):
        cluster.get(DEPLOYMENTS, NAMESPACE, "nope")


def test_pages_are_followed(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """More objects than one page holds come as one list, each once."""
    sandbox.apply(deployment(replicas=0))
    for number in range(520):
        sandbox.apply(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{number}", "namespace": "shop"}}
        )

    names = [item["metadata"]["name"] for item in cluster.list(CONFIGMAPS, NAMESPACE)]
    assert len(names) == len(set(names)) == 520
    assert sum("configmaps" in request.path for request in sandbox.requests) == 2


@pytest.mark.parametrize("name", ["../../secrets/x", "a/b", "..", "web?x=1", "", "web\n", "-x", "a" * 300])
def test_names_that_could_leave_the_path_are_refused(
    cluster: KubernetesCluster, sandbox: Sandbox, name: str
) -> None:
    """Names come from alerts, which anybody may have written; nothing is sent for such a one."""
    before = len(sandbox.requests)
    if name:
        with pytest.raises(Invalid, match="cannot be the name"):
            cluster.get(PODS, NAMESPACE, name)
        with pytest.raises(Invalid, match="cannot be the name"):
            cluster.get(PODS, name, "web")
    assert len(sandbox.requests) == before


def test_logs(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """Text of the current and the previous run; a container without a previous run is Invalid."""
    sandbox.apply([deployment(fault="crashloop", replicas=1), deployment("cart", replicas=1)])
    sandbox.set_log(NAMESPACE, "web", "one\ntwo\nthree\n", previous=True)
    sandbox.settle(60)
    (web,) = cluster.list(PODS, NAMESPACE, label_selector="app=web")
    (cart,) = cluster.list(PODS, NAMESPACE, label_selector="app=cart")
    name = web["metadata"]["name"]
    assert cluster.logs(NAMESPACE, name, "web", previous=True) == "one\ntwo\nthree\n"
    assert cluster.logs(NAMESPACE, name, "web", previous=True, tail_lines=1) == "three\n"
    with pytest.raises(Invalid):
        cluster.logs(NAMESPACE, cart["metadata"]["name"], "web", previous=True)


def test_the_newest_lines_of_a_long_log_are_not_lost(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """limitBytes keeps the first bytes, so a log that fills them is asked for again with fewer lines."""
    sandbox.apply(deployment(replicas=1))
    sandbox.settle(30)
    lines = [f"{number} {'x' * 1000}" for number in range(200)]
    sandbox.set_log(NAMESPACE, "web", "\n".join(lines) + "\n")
    (pod,) = cluster.list(PODS, NAMESPACE)
    assert cluster.logs(NAMESPACE, pod["metadata"]["name"], "web").splitlines()[-1].startswith("199 ")


def test_writes_name_their_manager_and_dry_runs_change_nothing(
    sandbox: Sandbox, cluster: KubernetesCluster
) -> None:
    """fieldManager and strict validation on every write; dryRun=All is only answered."""
    sandbox.apply(deployment())
    assert scale(cluster, 5, dry_run=True).object["spec"]["replicas"] == 5
    assert cluster.get(DEPLOYMENTS, NAMESPACE, "web")["spec"]["replicas"] == 3
    scale(cluster, 5)
    assert cluster.get(DEPLOYMENTS, NAMESPACE, "web")["spec"]["replicas"] == 5
    dry, real = [request for request in sandbox.requests if request.method == "PATCH"]
    assert (dry.dry_run, real.dry_run) == (True, False)
    assert real.query["fieldManager"] == "sre-agent"
    assert real.query["fieldValidation"] == "Strict"
    with pytest.raises(Invalid):
        cluster.patch(DEPLOYMENTS, NAMESPACE, "web", {"spec": {"replicsa": 1}}, patch_type="merge")


def test_a_failed_test_operation_is_a_conflict(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """What a JSON Patch was conditional on did not hold: nothing changed."""
    sandbox.apply(deployment())
    operations: list[dict[str, Any]] = [
        {"op": "test", "path": "/metadata/uid", "value": "other"},
        {"op": "replace", "path": "/spec/replicas", "value": 9},
    ]
    with pytest.raises(Conflict):
        cluster.patch(DEPLOYMENTS, NAMESPACE, "web", operations, patch_type="json")
    assert cluster.get(DEPLOYMENTS, NAMESPACE, "web")["spec"]["replicas"] == 3


def test_rights_are_asked_for(sandbox: Sandbox, cluster: KubernetesCluster, tmp_path: Path) -> None:
    """SelfSubjectAccessReview, subresources included."""
    token = sandbox.token(NAMESPACE, "nobody")
    nobody = KubernetesCluster.connect(str(sandbox.kubeconfig(tmp_path / "n", token)))
    assert cluster.allowed("get", "", "pods/log", NAMESPACE)
    assert not nobody.allowed("get", "", "pods/log", NAMESPACE)
    with pytest.raises(Forbidden):
        nobody.list(PODS, NAMESPACE)


def test_the_version_is_the_servers(cluster: KubernetesCluster) -> None:
    """The cheap probe."""
    assert cluster.version().startswith("v1.")


@pytest.mark.parametrize("fault", [refuse(503), refuse(500), refuse(429, 7), drop(), hold()])
def test_reads_are_tried_again(link: Link, fault: Fault) -> None:
    """A server error, throttling, a dropped connection, no answer in time: the next attempt succeeds."""
    link.spoil(fault, times=2)
    assert link.cluster.get(DEPLOYMENTS, NAMESPACE, "web")["kind"] == "Deployment"
    assert link.count("GET") == 3
    assert link.waited == ([7.0, 7.0] if fault.status == 429 else [0.1, 0.2])


def test_reads_are_not_tried_for_ever(link: Link) -> None:
    """After four attempts the error is the reader's to handle."""
    link.spoil(refuse(503), times=100)
    with pytest.raises(TransientError, match="GET deployments shop/web: 503"):
        link.cluster.get(DEPLOYMENTS, NAMESPACE, "web")
    assert link.count("GET") == 4


@pytest.mark.parametrize("fault", [refuse(503), refuse(500), drop(), drop(after_commit=True), hold()])
def test_a_write_whose_answer_is_lost_is_sent_once(link: Link, fault: Fault) -> None:
    """Nobody knows whether it happened, so it is not repeated and not called a failure."""
    link.spoil(fault, method="PATCH")
    with pytest.raises(UnknownOutcome):
        scale(link.cluster, 5)
    link.proxy.release()
    assert link.count("PATCH") == 1
    assert link.waited == []


def test_a_dry_run_whose_answer_is_lost_changed_nothing(link: Link) -> None:
    """It has no outcome to look up: it can be sent again."""
    link.spoil(drop(), method="PATCH")
    with pytest.raises(TransientError):
        scale(link.cluster, 5, dry_run=True)


def test_a_throttled_write_was_not_done(link: Link) -> None:
    """429 is an answer: the server did not act."""
    link.spoil(refuse(429, 1), method="PATCH")
    with pytest.raises(TransientError) as caught:
        scale(link.cluster, 5)
    assert caught.value.retry_after == 1


def test_a_dead_server_is_transient_for_reads_and_for_writes(tmp_path: Path, sandbox: Sandbox) -> None:
    """The connection is refused before anything is sent, so a write certainly did not happen."""
    path = tmp_path / "dead"
    path.write_text(json.dumps(kubeconfig(sandbox.url)))
    sandbox.stop()
    cluster = KubernetesCluster.connect(str(path), sleep=lambda _seconds: None)
    with pytest.raises(TransientError, match="no connection"):
        cluster.get(DEPLOYMENTS, NAMESPACE, "web")
    with pytest.raises(TransientError, match="no connection"):
        scale(cluster, 5)


@pytest.mark.parametrize(
    "text",
    [None, "", "not: [yaml", "just text", "[1, 2]", "{}", '{"current-context": "c", "contexts": 7}', "\x00"],
)
def test_a_broken_kubeconfig_says_what_to_do(tmp_path: Path, text: str | None) -> None:
    """Missing, empty, no YAML, not a kubeconfig: one clear error, at connect and not later."""
    path = tmp_path / "config"
    if text is not None:
        path.write_text(text)
    with pytest.raises(Invalid, match="Set KUBECONFIG to a valid kubeconfig"):
        KubernetesCluster.connect(str(path))


@pytest.mark.parametrize("key", ["clusters", "contexts"])
@pytest.mark.parametrize(
    "wrong", [None, 7, "x", [], [None], [{"name": "c"}], [{"name": "c", "context": "x"}]]
)
def test_a_kubeconfig_with_a_wrong_part_says_what_to_do(tmp_path: Path, key: str, wrong: Any) -> None:
    """Whatever the library trips over, the answer is the same."""
    path = tmp_path / "config"
    path.write_text(json.dumps(kubeconfig("http://127.0.0.1:1") | {key: wrong}))
    with pytest.raises(Invalid, match="Set KUBECONFIG to a valid kubeconfig"):
        KubernetesCluster.connect(str(path))


def test_a_kubeconfig_without_a_server_address_is_refused(tmp_path: Path) -> None:
    """Else every request would go nowhere, and say so only then."""
    path = tmp_path / "config"
    path.write_text(json.dumps(kubeconfig("")))
    with pytest.raises(Invalid, match="no server address"):
        KubernetesCluster.connect(str(path))


def test_a_wrong_token_says_what_to_check(sandbox: Sandbox, tmp_path: Path) -> None:
    """401 is a missing right that a person must mend."""
    cluster = KubernetesCluster.connect(str(sandbox.kubeconfig(tmp_path / "k", "wrong")))
    with pytest.raises(Forbidden, match="check the kubeconfig or the ServiceAccount"):
        cluster.list(PODS, NAMESPACE)


def test_a_token_file_replaces_the_token_and_may_rotate(sandbox: Sandbox, tmp_path: Path) -> None:
    """The second account for reading comes from a projected file, read again for every request."""
    file = tmp_path / "token"
    file.write_text("wrong\n")
    config = sandbox.kubeconfig(tmp_path / "k")
    cluster = KubernetesCluster.connect(str(config), token_file=str(file))
    with pytest.raises(Forbidden):
        cluster.list(PODS, NAMESPACE)
    file.write_text("admin\n")
    assert cluster.list(PODS, NAMESPACE) == []
    file.unlink()
    with pytest.raises(Forbidden, match="cannot be renewed"):
        cluster.list(PODS, NAMESPACE)
    with pytest.raises(Invalid, match="correct its path"):
        KubernetesCluster.connect(str(config), token_file=str(file))


def test_it_says_who_and_where_it_is(sandbox: Sandbox, tmp_path: Path) -> None:
    """For health pages: the server's address and the identity that is used."""
    path = sandbox.kubeconfig(tmp_path / "k")
    cluster = KubernetesCluster.connect(str(path))
    assert cluster.server == sandbox.url
    assert cluster.identity == f"kubeconfig {path}"


def test_the_in_cluster_token_is_sent(tmp_path: Path) -> None:
    """A release of the client once sent no Authorization header inside a cluster; the pinned one must."""
    from kubernetes.client import Configuration
    from kubernetes.config.incluster_config import InClusterConfigLoader

    (tmp_path / "token").write_text("abc")
    (tmp_path / "ca.crt").write_text("certificate")
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    configuration = Configuration()
    files = str(tmp_path / "token"), str(tmp_path / "ca.crt")
    loader: Any = InClusterConfigLoader
    loader(*files, environ=environ).load_and_set(configuration)
    settings: Any = configuration.auth_settings()
    assert settings["BearerToken"]["value"].lower() == "bearer abc"
