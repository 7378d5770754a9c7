"""The generated rights are the file's, are enough for every reader, and hold nothing dangerous."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.story import STORY, why_unused
from tests.tools.shop import Remembered, alert, connect, deployment, grant
from tools import sightings
from tools.actions import REGISTRY
from tools.errors import Forbidden, Refused
from tools.evidence import collect
from tools.namespaces import mode_label
from tools.rbac import PARTS, as_text, covers, manifests, opting_in, render, rules_for
from tools.records import RbacRule
from tools.resources import DEPLOYMENTS, PODS
from tools.sandbox import Sandbox
from tools.targets import resolve

K8S = Path(__file__).parents[2] / "k8s"


def test_the_file_is_what_is_generated() -> None:
    """`python -m tools.rbac > k8s/base/rbac.yaml` brings it up to date."""
    assert (K8S / "base" / "rbac.yaml").read_text(encoding="utf-8") == render()


@pytest.mark.parametrize(
    ("part", "file"),
    [
        ("opt-in", "opt-in/binding.yaml"),
        ("nodes", "components/nodes/nodes.yaml"),
        ("cluster-wide-writes", "components/cluster-wide-writes/writes.yaml"),
    ],
)
def test_what_is_applied_beside_the_base_is_generated_too(part: str, file: str) -> None:
    """`python -m tools.rbac PART > k8s/FILE` brings it up to date."""
    assert (K8S / file).read_text(encoding="utf-8") == as_text(PARTS[part](), part)


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
    """No secrets, no way into a pod, no wildcard, no right on rights (section 8.1). ConfigMaps are read one by one by
    their names, and only their metadata is asked for.
    """
    rules: tuple[RbacRule, ...] = getattr(rules_for(REGISTRY), role)
    resources = {rule.resource for rule in rules}
    verbs = {verb for rule in rules for verb in rule.verbs}
    forbidden = {"secrets", "pods/attach", "pods/portforward", "nodes/proxy", "*"}
    assert not resources & forbidden
    assert {rule.verbs for rule in rules if rule.resource == "configmaps"} <= {("get",)}
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


def bindings(**wanted: Any) -> list[tuple[str, str, str]]:
    """Kind, role and namespace of each that is printed."""
    return [
        (item["kind"], item["roleRef"]["name"], item["metadata"].get("namespace", ""))
        for item in manifests("sre", **wanted)
        if item["kind"].endswith("Binding")
    ]


READS = ("ClusterRoleBinding", "sre-agent-reader", "")
ON_NODES = [
    ("ClusterRoleBinding", "sre-agent-nodes", ""),
    ("RoleBinding", "sre-agent-node-events", "default"),
]


def test_writing_is_bound_nowhere_by_itself() -> None:
    """Reading everywhere, writing in the namespaces that are named, nodes only where they are wanted."""
    assert bindings() == [READS]
    assert bindings(nodes=True) == [READS, *ON_NODES]
    named = [("RoleBinding", "sre-agent-executor", place) for place in ("shop", "pay")]
    assert bindings(write_namespaces=["shop", "pay"]) == [READS, *named]
    everywhere = ("ClusterRoleBinding", "sre-agent-executor", "")
    assert bindings(cluster_wide_writes=True) == [READS, *ON_NODES, everywhere]


def test_what_is_bound_in_a_namespace_reaches_nothing_of_the_cluster() -> None:
    """The role of writes holds no rule about nodes: bound in the whole cluster by mistake it opens none."""
    roles = {item["metadata"]["name"]: item for item in manifests() if item["kind"] == "ClusterRole"}
    assert sorted(roles) == ["sre-agent-executor", "sre-agent-reader"]
    resources = {name for rule in roles["sre-agent-executor"]["rules"] for name in rule["resources"]}
    assert "nodes" not in resources
    assert "deployments" in resources


def test_the_manifests_can_be_applied(sandbox: Sandbox, tmp_path: Path) -> None:
    """An account made from them may write where it was opted in and nowhere else, and may not read secrets."""
    sandbox.apply([item for item in yaml.safe_load_all(render("ops", write_namespaces=["shop"])) if item])
    account = connect(sandbox, tmp_path, sandbox.token("ops", "sre-agent"))
    assert account.allowed("patch", "apps", "deployments", "shop")
    assert not account.allowed("patch", "apps", "deployments", "default")
    assert not account.allowed("patch", "", "nodes")
    assert account.allowed("get", "", "pods/log", "default")
    assert not account.allowed("get", "", "secrets", "shop")
    reader = connect(sandbox, tmp_path, sandbox.token("ops", "sre-agent-reader"))
    assert reader.allowed("list", "", "pods", "shop")
    assert not reader.allowed("patch", "apps", "deployments", "shop")


def test_the_command_that_opts_in_is_the_binding_that_is_generated() -> None:
    """`kubectl create rolebinding` of the same name, role and account as `kubectl apply -n shop -k k8s/opt-in`."""
    (made,) = PARTS["opt-in"]()
    account = made["subjects"][0]
    assert "namespace" not in made["metadata"]
    assert opting_in("shop").split() == [
        *("kubectl", "-n", "shop", "create", "rolebinding", made["metadata"]["name"]),
        f"--clusterrole={made['roleRef']['name']}",
        f"--serviceaccount={account['namespace']}:{account['name']}",
    ]
    assert opting_in("shop", "ops").endswith("--serviceaccount=ops:sre-agent")


def test_every_right_to_read_is_taken_by_the_audited_story_or_says_when_it_is() -> None:
    """What `make e2e` finds in the audit log; here so that a new right is not found missing there only."""
    reading = {(verb, rule.group, rule.resource) for rule in rules_for().reader for verb in rule.verbs}
    assert STORY - reading == set()
    assert [right for right in sorted(reading - STORY) if not why_unused(right)] == []
