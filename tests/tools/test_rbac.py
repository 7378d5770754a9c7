"""The generated rights are the file's, are enough for every reader, and hold nothing dangerous."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.tools.shop import Remembered, alert, connect, deployment, grant
from tools import sightings
from tools.actions import REGISTRY
from tools.errors import Forbidden, Refused
from tools.evidence import collect
from tools.namespaces import mode_label
from tools.rbac import covers, manifests, render, rules_for
from tools.records import RbacRule
from tools.resources import DEPLOYMENTS, PODS
from tools.sandbox import Sandbox
from tools.targets import resolve

FILE = Path(__file__).parents[2] / "k8s" / "base" / "rbac.yaml"


def test_the_file_is_what_is_generated() -> None:
    """`python -m tools.rbac > k8s/base/rbac.yaml` brings it up to date."""
    assert FILE.read_text(encoding="utf-8") == render()


def test_the_reader_role_is_enough_to_resolve_and_to_collect(sandbox: Sandbox, tmp_path: Path) -> None:
    """With the reader's rights alone no read of an investigation, a sighting or a rule of policy is refused."""
    sandbox.apply(deployment(fault="crashloop"))
    sandbox.settle(120)
    reader = connect(sandbox, tmp_path, grant(sandbox, "reader", rules_for().reader))
    (pod, *_) = reader.list(PODS, "shop")
    fired = alert(namespace="shop", pod=pod["metadata"]["name"])
    target = resolve(reader, [fired]).target
    assert target is not None
    evidence = collect(reader, target, revisions=Remembered(), clock=sandbox.clock, alerts=[fired])
    assert evidence.missing() == ()
    assert sightings.look(reader, Remembered(), sandbox.clock) == 1
    assert mode_label(reader, "shop") == ""


def test_the_reader_role_cannot_write(sandbox: Sandbox, tmp_path: Path) -> None:
    """Not even as a dry run."""
    sandbox.apply(deployment())
    reader = connect(sandbox, tmp_path, grant(sandbox, "reader", rules_for().reader))
    with pytest.raises(Forbidden):
        reader.patch(DEPLOYMENTS, "shop", "web", {"spec": {"replicas": 0}}, patch_type="merge", dry_run=True)


@pytest.mark.parametrize("role", ["reader", "executor"])
def test_no_right_that_opens_more_than_it_says(role: str) -> None:
    """No secrets, no configmaps, no way into a pod, no wildcard, no right on rights (section 8.1)."""
    rules: tuple[RbacRule, ...] = getattr(rules_for(REGISTRY), role)
    resources = {rule.resource for rule in rules}
    verbs = {verb for rule in rules for verb in rule.verbs}
    forbidden = {"secrets", "configmaps", "pods/attach", "pods/portforward", "nodes/proxy", "*"}
    assert not resources & forbidden
    assert not verbs & {"*", "bind", "escalate", "impersonate", "deletecollection"}


def test_rights_are_merged_and_the_executor_holds_only_what_reading_does_not() -> None:
    """One rule per resource; both roles together cover what every action declares."""
    rights = rules_for()
    keys = [(rule.group, rule.resource) for rule in rights.reader]
    assert len(keys) == len(set(keys))
    assert not any(
        covers(rights.reader, verb, rule.group, rule.resource)
        for rule in rights.executor
        for verb in rule.verbs
    )
    held = (*rights.reader, *rights.executor)
    for action in REGISTRY.values():
        if action.risk != "off":
            assert all(
                covers(held, verb, rule.group, rule.resource) for rule in action.rules for verb in rule.verbs
            )


def test_an_unknown_action_is_refused() -> None:
    """A misspelt name must not silently grant nothing."""
    with pytest.raises(Refused, match="no action reboot_cluster"):
        rules_for(["reboot_cluster"])


def test_writing_can_be_bound_to_namespaces() -> None:
    """One RoleBinding per namespace instead of one for the whole cluster; reading stays everywhere."""
    kinds = [
        (item["kind"], item["metadata"].get("namespace", ""))
        for item in manifests("sre", write_namespaces=["shop", "pay"])
        if item["kind"].endswith("Binding")
    ]
    assert kinds == [("ClusterRoleBinding", ""), ("RoleBinding", "shop"), ("RoleBinding", "pay")]


def test_the_manifests_can_be_applied(sandbox: Sandbox, tmp_path: Path) -> None:
    """An account made from them may do what the executor must, and may not read secrets."""
    sandbox.apply([item for item in yaml.safe_load_all(render("ops")) if item])
    account = connect(sandbox, tmp_path, sandbox.token("ops", "sre-agent"))
    assert account.allowed("patch", "apps", "deployments", "shop")
    assert account.allowed("get", "", "pods/log", "shop")
    assert not account.allowed("get", "", "secrets", "shop")
    reader = connect(sandbox, tmp_path, sandbox.token("ops", "sre-agent-reader"))
    assert reader.allowed("list", "", "pods", "shop")
    assert not reader.allowed("patch", "apps", "deployments", "shop")
