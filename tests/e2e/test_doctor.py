"""The doctor and the look at the agent's own account, against the real API server's own access reviews."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.access import declared
from server.settings import Settings
from tests.controlplane.plane import ControlPlane
from tests.e2e.agent import ACCOUNT
from tests.e2e.audit_log import Right
from tests.e2e.wheel import Installed
from tools.access import Surplus, surplus
from tools.cluster import KubernetesCluster

pytestmark = pytest.mark.e2e
RBAC = "/apis/rbac.authorization.k8s.io/v1"


@pytest.fixture
def kubeconfig(plane: ControlPlane, rights: set[Right], tmp_path: Path) -> Path:
    """The generated account's."""
    return plane.service_account_kubeconfig(ACCOUNT, ACCOUNT, tmp_path / "kubeconfig")


@pytest.fixture
def secrets_of_its_namespace(plane: ControlPlane, rights: set[Right]) -> Iterator[None]:
    """What somebody might grant by mistake: the tokens lie there."""
    roles, bindings = (f"{RBAC}/namespaces/{ACCOUNT}/{kind}" for kind in ("roles", "rolebindings"))
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
    plane.api.post(roles, {"metadata": {"name": "peek"}, "rules": [rule]})
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": ACCOUNT}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "peek"}
    plane.api.post(bindings, {"metadata": {"name": "peek"}, "roleRef": role, "subjects": [subject]})
    yield
    for path in (bindings, roles):
        plane.api.delete(f"{path}/peek")


def examined(installed: Installed, folder: Path, **environ: str) -> tuple[int, dict[str, Any]]:
    """Exit status and report of the installed command."""
    given = {"PATH": os.environ["PATH"], "HOME": str(folder), "DATA_DIR": str(folder / "data"), **environ}
    command = [str(installed.program), "doctor", "--json"]
    ended = subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, check=False)
    return ended.returncode, json.loads(ended.stdout)


@pytest.fixture
def opted_in(plane: ControlPlane, rights: set[Right]) -> Iterator[str]:
    """A namespace in which the agent may write."""
    name = plane.new_namespace("opted-in")
    yield name
    plane.delete_namespace(name)


@pytest.mark.usefixtures("opted_in")
def test_the_generated_account_has_every_right_and_none_of_the_dangerous_ones(
    installed: Installed, kubeconfig: Path, tmp_path: Path
) -> None:
    """What every account of a cluster may do anyway is no surplus."""
    status, report = examined(installed, tmp_path, KUBECONFIG=str(kubeconfig))
    assert [check for check in report["checks"] if check["state"] == "broken"] == []
    assert status == 0
    words = {check["name"]: check["words"] for check in report["checks"]}
    assert words["no rights beyond"].startswith("none that writes, enters or reads secrets")
    assert " of them in " in words["rights to act"]
    assert "default" not in words["rights to act"]
    assert words["rights on nodes"] == "all of them"
    assert words["kubernetes"].startswith("v1.")


@pytest.mark.usefixtures("secrets_of_its_namespace")
def test_a_right_in_its_own_namespace_is_found(plane: ControlPlane, kubeconfig: Path) -> None:
    """By the question that the agent asks before it starts in a pod."""
    cluster = KubernetesCluster.connect(str(kubeconfig))
    rules = declared(Settings.load({}))
    plane.eventually(lambda: cluster.allowed("get", "", "secrets", ACCOUNT), what="the right")
    assert surplus(cluster, rules, [ACCOUNT, "default"]) == Surplus(refused=(f"get secrets in {ACCOUNT}",))
    assert surplus(cluster, rules, ["default"]) == Surplus()


def test_looking_changes_nothing(
    plane: ControlPlane, installed: Installed, kubeconfig: Path, tmp_path: Path
) -> None:
    """The audit log holds nothing but questions about rights, and the names of the namespaces."""
    before = len(plane.audit(f"{ACCOUNT}:{ACCOUNT}"))
    examined(installed, tmp_path, KUBECONFIG=str(kubeconfig))
    asked = plane.audit(f"{ACCOUNT}:{ACCOUNT}")[before:]
    assert asked
    assert {(call["verb"], call["objectRef"]["resource"]) for call in asked if "objectRef" in call} == {
        ("create", "selfsubjectaccessreviews"),
        ("create", "selfsubjectrulesreviews"),
        ("list", "namespaces"),
    }
