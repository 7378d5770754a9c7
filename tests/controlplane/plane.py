"""A real Kubernetes control plane on loopback for tests: etcd, API server, controllers, scheduler, fake nodes.

    plane = ControlPlane.shared()
    namespace = plane.new_namespace("rollback")
    kubeconfig = plane.service_account_kubeconfig(namespace, "agent", tmp_path / "agent.kubeconfig")

Nothing runs in its containers: stages.py says what the fake kubelets report, kubelet.py what they log. The rest
is the real thing, RBAC, admission, garbage collection and audit included. It needs no root and no containers.
"""

from __future__ import annotations

import atexit
import base64
import json
import secrets
import shutil
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from tests.controlplane import build, certificates, commands, stages
from tests.controlplane.api import AdminApi, ApiError, Json
from tests.controlplane.components import Component, StartFailed, answers
from tests.controlplane.kubelet import FakeKubelet
from tests.ports import free_port

NODES = ("node-1", "node-2", "node-3")
PORT_TAKEN = "address already in use"
USERS = ("admin", "kube-controller-manager", "kube-scheduler")


class ControlPlane:
    """Start it from the main thread: its processes end with the thread that started them."""

    _shared: ClassVar[ControlPlane | None] = None

    def __init__(self) -> None:
        self._components: list[Component] = []
        self._kubelet: FakeKubelet | None = None
        self._tokens = {name: secrets.token_urlsafe(24) for name in USERS}
        self.state_dir = Path()
        self.url = self._etcd = ""
        self.in_each_namespace: list[Json] = []
        """Objects that new_namespace makes in every one; each without a namespace of its own."""

    @classmethod
    def shared(cls) -> ControlPlane:
        """The one that this process started already, or a new one; it is stopped when the process exits."""
        if cls._shared is None:
            plane = cls()
            plane.start()
            atexit.register(plane.stop)
            cls._shared = plane
        return cls._shared

    def start(self) -> None:
        """Return once the nodes are Ready.

        Raises GoMissing (a skip), NotBuilt or StartFailed, having stopped what was started.
        """
        binaries = build.built()
        try:
            self._start_in_a_new_folder(binaries)
        except StartFailed as failed:
            if PORT_TAKEN not in str(failed):
                raise
            self._start_in_a_new_folder(binaries)

    def stop(self) -> None:
        """End every process that was started, and delete the state; may be called twice."""
        for component in reversed(self._components):
            component.terminate()
        for component in reversed(self._components):
            component.wait()
        self._components.clear()
        if self._kubelet:
            self._kubelet.stop()
            self._kubelet = None
        if self.state_dir != Path():
            shutil.rmtree(self.state_dir, ignore_errors=True)

    @property
    def admin_kubeconfig(self) -> Path:
        return self.state_dir / "admin.kubeconfig"

    @property
    def ca(self) -> Path:
        return self.state_dir / "ca.crt"

    @property
    def pids(self) -> list[int]:
        return [component.pid for component in self._components]

    def new_namespace(self, prefix: str) -> str:
        """A namespace of its own for a test, ready for pods (its default ServiceAccount is there)."""
        name = f"{prefix}-{uuid.uuid4().hex[:8]}"
        self.api.post("/api/v1/namespaces", {"metadata": {"name": name}})
        for item in self.in_each_namespace:
            path = f"/apis/{item['apiVersion']}/namespaces/{name}/{item['kind'].lower()}s"
            self.api.post(path, item)
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        self.eventually(lambda: self.exists(account), what=account)
        return name

    def delete_namespace(self, name: str) -> None:
        """Ask for its deletion; the controllers need some seconds for it."""
        self.api.delete(f"/api/v1/namespaces/{name}")

    def service_account_kubeconfig(self, namespace: str, name: str, path: Path, seconds: int = 3600) -> Path:
        """Write a kubeconfig with a token that the API server issued; makes the account if it is not there.

        The server refuses to issue tokens for less than 600 seconds.
        """
        accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        if not self.exists(f"{accounts}/{name}"):
            self.api.post(accounts, {"metadata": {"name": name}})
        asked = {"spec": {"expirationSeconds": seconds}}
        token = self.api.post(f"{accounts}/{name}/token", asked)["status"]["token"]
        return self._kubeconfig(path, token, namespace)

    def audit(self, user: str | None = None) -> list[Json]:
        """What ServiceAccounts outside kube-system asked for, oldest first, as audit.k8s.io/v1 events with bodies.

        `user` is a whole user name, or `<namespace>:<account>`. An event is written just after its answer went out.
        """
        logs = [*sorted(self.state_dir.glob("audit-*.log")), self.state_dir / commands.AUDIT_LOG]
        lines = [line for log in logs if log.exists() for line in log.read_text().splitlines(keepends=True)]
        events: list[Json] = [json.loads(line) for line in lines if line.endswith("\n")]
        wanted = {user, f"system:serviceaccount:{user}"}
        return [event for event in events if user is None or event["user"]["username"] in wanted]

    def stop_node(self, name: str) -> None:
        """Its kubelet falls silent: NotReady after commands.NODE_GRACE_SECONDS, its pods no longer change."""
        self._manage(name, None)

    def start_node(self, name: str) -> None:
        """The kubelet of a stopped node is back."""
        self._manage(name, "fake")

    def add_node(self, name: str, *taints: Json) -> None:
        """One more node; returns once it is Ready and has these taints alone. Whoever adds it deletes it."""
        self.api.post("/api/v1/nodes", {**_node(name), "spec": {"taints": list(taints)}})
        self.eventually(self._all_nodes_ready, what=f"node {name}")
        # a node that has just become Ready keeps the taint of one that is not for a moment
        self.eventually(lambda: len(self._taints(name)) == len(taints), what=f"{name} without other taints")

    def compact(self) -> None:
        """Forget what was, as the API server has etcd do every five minutes: it learns of it by a key that it reads."""
        revision = str(self.api.get("/api/v1/namespaces?limit=1")["metadata"]["resourceVersion"])
        self._tell_etcd("put", {"key": _base64("compact_rev_key"), "value": _base64(revision)})
        self._tell_etcd("compaction", {"revision": revision})

    def exists(self, path: str) -> bool:
        try:
            self.api.get(path)
        except ApiError as error:
            if error.status != 404:
                raise
            return False
        return True

    def eventually(self, true: Callable[[], Any], within: float = 60, what: str = "the condition") -> None:
        """Poll until `true()` is; raises TimeoutError naming `what`."""
        deadline = time.monotonic() + within
        while not true():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} was not there within {within:.0f} s")
            time.sleep(0.2)

    def _manage(self, node: str, managed: str | None) -> None:
        change = {"metadata": {"labels": {commands.MANAGED: managed}}}
        self.api.patch(f"/api/v1/nodes/{node}", change, "merge")

    def _start_in_a_new_folder(self, binaries: Path) -> None:
        self.state_dir = Path(tempfile.mkdtemp(prefix="controlplane-"))
        try:
            self._start(binaries)
        except BaseException:
            self.stop()
            raise

    def _start(self, binaries: Path) -> None:
        made = certificates.create(self.state_dir)
        etcd, peer, api, controllers, scheduler, kwok = (free_port() for _ in range(6))
        self.url, self._etcd = f"https://127.0.0.1:{api}", f"http://127.0.0.1:{etcd}"
        self.api = AdminApi(self.url, self._tokens["admin"], made.ca)
        self._kubelet = FakeKubelet(self._pod, made.server, made.server_key)
        self._write_configuration()
        program = binaries / "controlplane"
        self._component("etcd", program, commands.etcd(etcd, peer)).wait_for(
            "health", partial(answers, f"{self._etcd}/health")
        )
        self._component("kube-apiserver", program, commands.api_server(api, etcd)).wait_for(
            "readyz", partial(answers, f"{self.url}/readyz", self._tokens["admin"])
        )
        manager = self._component(
            "kube-controller-manager", program, commands.controller_manager(controllers)
        )
        schedules = self._component("kube-scheduler", program, commands.scheduler(scheduler))
        nodes = self._component("kwok", binaries / "kwok", commands.kwok(kwok, self._kubelet.port))
        for name in NODES:
            self.api.post("/api/v1/nodes", _node(name))
        manager.wait_for("healthz", partial(answers, f"https://127.0.0.1:{controllers}/healthz"))
        schedules.wait_for("healthz", partial(answers, f"https://127.0.0.1:{scheduler}/healthz"))
        nodes.wait_for("Ready nodes", self._all_nodes_ready)

    def _write_configuration(self) -> None:
        rows = [f'{token},system:{name},{name},"system:masters"\n' for name, token in self._tokens.items()]
        (self.state_dir / "tokens.csv").write_text("".join(rows))
        for name, token in self._tokens.items():
            self._kubeconfig(self.state_dir / f"{name}.kubeconfig", token, "default")
        (self.state_dir / "audit-policy.yaml").write_text(commands.AUDIT_POLICY)
        stages.write(self.state_dir / "stages.yaml")

    def _component(self, name: str, program: Path, arguments: list[str]) -> Component:
        component = Component(name, [str(program), *arguments], self.state_dir)
        self._components.append(component)
        return component

    def _pod(self, namespace: str, name: str) -> Json:
        return self.api.get(f"/api/v1/namespaces/{namespace}/pods/{name}")

    def _all_nodes_ready(self) -> bool:
        conditions = [
            {c["type"]: c["status"] for c in node["status"].get("conditions", [])}
            for node in self.api.items("/api/v1/nodes")
        ]
        return all(each.get("Ready") == "True" for each in conditions)

    def _tell_etcd(self, call: str, body: Json) -> None:
        request = urllib.request.Request(
            f"{self._etcd}/v3/kv/{call}", json.dumps(body).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()

    def _taints(self, node: str) -> list[Json]:
        found: list[Json] = self.api.get(f"/api/v1/nodes/{node}")["spec"].get("taints", [])
        return found

    def _kubeconfig(self, path: Path, token: str, namespace: str) -> Path:
        authority = base64.b64encode(self.ca.read_bytes()).decode()
        cluster = {"server": self.url, "certificate-authority-data": authority}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": {"token": token}}],
            "contexts": [
                {"name": "test", "context": {"cluster": "test", "user": "test", "namespace": namespace}}
            ],
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(content, indent=1))
        return path


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _node(name: str) -> Json:
    labels = {
        commands.MANAGED: "fake",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": f"zone-{name[-1]}",
    }
    return {"metadata": {"name": name, "labels": labels}}
