"""The contract of all actions, on the sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from tests.tools.actions.registry_contract import CASES, RegistryContract
from tests.tools.shop import NAMESPACE, connect, deployment, grant, of_kind
from tools.cluster import KubernetesCluster
from tools.records import RbacRule
from tools.resources import DEPLOYMENTS, NODES, JsonObject
from tools.sandbox import Sandbox
from tools.sandbox.controllers.nodes import node_object


class SandboxStage:
    """A sandbox as the contract drives it."""

    namespace = NAMESPACE

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.kind = DEPLOYMENTS.kind
        self._sandbox = sandbox
        self._folder = folder
        self.admin = connect(sandbox, folder)
        sandbox.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})

    def account(self, rules: Sequence[RbacRule]) -> KubernetesCluster:
        return connect(self._sandbox, self._folder, grant(self._sandbox, "limited", rules))

    def release(self, image: str, *, fault: str = "") -> None:
        made = of_kind(self.kind, deployment(image=image, fault=fault))
        resources = {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}}
        made["spec"]["template"]["spec"]["containers"][0]["resources"] = resources
        self._sandbox.apply(made)
        self._sandbox.settle(60)

    def settle(self) -> None:
        self._sandbox.settle(60)

    def pass_time(self, seconds: float) -> None:
        self._sandbox.settle(seconds)

    def silence(self, node: str) -> None:
        self._sandbox.stop_node(node)
        self._sandbox.settle(60)

    @property
    def has_metrics(self) -> bool:
        return True

    @property
    def resizes(self) -> bool:
        return True

    def node(self) -> JsonObject:
        if self._sandbox.get("Node", "", "spare") is None:
            made = {"apiVersion": "v1", "kind": "Node", **node_object("spare", self.now())}
            self._sandbox.apply(made)
        return self.admin.get(NODES, "", "spare")

    def now(self) -> datetime:
        return self._sandbox.clock.now()


@pytest.fixture
def stage(sandbox: Sandbox, tmp_path: Path) -> SandboxStage:
    """One sandbox per test."""
    return SandboxStage(sandbox, tmp_path)


@pytest.mark.parametrize("name", sorted(CASES))
class TestOnTheSandbox(RegistryContract):
    """Every action of the registry, on every kind of workload that it reaches."""
