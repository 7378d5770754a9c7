"""The contract of all actions, on the sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from tests.tools.actions.registry_contract import RegistryContract
from tests.tools.shop import NAMESPACE, connect, deployment, grant
from tools.cluster import KubernetesCluster
from tools.records import RbacRule
from tools.resources import NODES, JsonObject
from tools.sandbox import Sandbox
from tools.sandbox.controllers.nodes import node_object


class SandboxStage:
    """A sandbox as the contract drives it."""

    namespace = NAMESPACE

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self._sandbox = sandbox
        self._folder = folder
        self.admin = connect(sandbox, folder)

    def account(self, rules: Sequence[RbacRule]) -> KubernetesCluster:
        return connect(self._sandbox, self._folder, grant(self._sandbox, "limited", rules))

    def release(self, image: str, *, fault: str = "") -> None:
        self._sandbox.apply(deployment(image=image, fault=fault))
        self._sandbox.settle(60)

    def settle(self) -> None:
        self._sandbox.settle(60)

    def pass_time(self, seconds: float) -> None:
        self._sandbox.settle(seconds)

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


class TestOnTheSandbox(RegistryContract):
    """Every action of the registry."""
