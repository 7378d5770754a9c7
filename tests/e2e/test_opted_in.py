"""Writing ends at the namespaces that were opted in, on the real API server; the command that is told opts one in."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from server.access import Account
from server.settings import Settings
from tests.controlplane.plane import ControlPlane
from tests.controlplane.workloads import Workload
from tests.e2e.agent import ACCOUNT, PlaneAgent, may, object_alert, pod_alert
from tests.e2e.audit_log import Right
from tests.e2e.releases import GOOD, images, release_stuck, serve_well
from tools.cluster import KubernetesCluster
from tools.errors import Forbidden, Refused
from tools.rbac import EXECUTOR
from tools.resources import DEPLOYMENTS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
RBAC = "/apis/rbac.authorization.k8s.io/v1"
PATCH: Right = ("patch", "apps", "deployments")


def opt_out(plane: ControlPlane, namespace: str) -> None:
    """As whoever deletes the binding does; returns once the API server knows it."""
    plane.api.delete(f"{RBAC}/namespaces/{namespace}/rolebindings/{EXECUTOR}")
    plane.eventually(lambda: not may(plane, namespace, *PATCH), what="the rights to be gone")


def carried_out(plane: ControlPlane, command: str) -> None:
    """What `kubectl create rolebinding` of this command line makes, made by the administrator."""
    words = shlex.split(command)
    options = dict(word[2:].split("=", 1) for word in words if word.startswith("--"))
    space, account = options["serviceaccount"].split(":")
    assert words[:2] == ["kubectl", "-n"]
    assert words[3:5] == ["create", "rolebinding"]
    body = {
        "metadata": {"name": words[5]},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": options["clusterrole"],
        },
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": space}],
    }
    plane.api.post(f"{RBAC}/namespaces/{words[2]}/rolebindings", body)
    plane.eventually(lambda: may(plane, words[2], *PATCH), what="the rights")


def test_what_was_not_opted_in_is_explained_and_the_told_command_opts_it_in(
    agent: PlaneAgent, plane: ControlPlane, web: Workload
) -> None:
    """Nothing is asked and nothing is tried; after the command, the same alert fired again is asked about."""
    opt_out(plane, web.namespace)
    serve_well(web)
    stuck = release_stuck(web)
    incident_id = agent.alert(pod_alert(stuck, "KubePodNotReady"))
    agent.until_status(incident_id, "notified")

    told = agent.told(incident_id)
    assert f"no_access: the agent's account may not patch deployments.apps in {web.namespace}" in told
    assert agent.calls()
    assert not [call for call in agent.calls() if call.changes]

    (command, *_) = re.findall(r"`(kubectl [^`]*)`", told)
    carried_out(plane, command)
    assert agent.alert(pod_alert(stuck, "KubePodNotReady", status="resolved")) == incident_id
    named = {"namespace": web.namespace, "pod": stuck["metadata"]["name"], "uid": stuck["metadata"]["uid"]}
    again = agent.alert(object_alert("KubePodNotReady", **named))
    assert agent.approve(agent.asked(again)["id"]).status == 200
    agent.until_status(again, "recovered")
    assert images(web) == {GOOD}


def test_the_account_can_write_where_it_was_opted_in_and_nowhere_else(
    plane: ControlPlane, rights: set[Right], web: Workload, tmp_path: Path
) -> None:
    """Not by its token, whatever the agent thinks: the API server refuses the same patch next door, dry runs too."""
    web.create(image=GOOD)
    elsewhere = plane.new_namespace("next-door")
    opt_out(plane, elsewhere)
    other = Workload(plane, elsewhere, "web")
    other.create(image=GOOD)
    kubeconfig = plane.service_account_kubeconfig(ACCOUNT, ACCOUNT, tmp_path / "kubeconfig")
    account = KubernetesCluster.connect(str(kubeconfig))
    change = {"metadata": {"annotations": {"sre-agent/last-action": "k1"}}}

    account.patch(DEPLOYMENTS, web.namespace, "web", change, patch_type="merge")
    for dry_run in (True, False):
        with pytest.raises(Forbidden):
            account.patch(DEPLOYMENTS, elsewhere, "web", change, patch_type="merge", dry_run=dry_run)
    assert account.get(DEPLOYMENTS, elsewhere, "web")["metadata"]["name"] == "web"
    plane.delete_namespace(elsewhere)


def test_a_right_that_nobody_thought_of_keeps_a_pods_account_from_starting(
    plane: ControlPlane, rights: set[Right], namespace: str, tmp_path: Path
) -> None:
    """Bound by an aggregated role, as add-ons do: the API server's own list names it, and where it is had."""
    roles, label = f"{RBAC}/clusterroles", {f"e2e/{namespace}": "true"}
    rule = {"apiGroups": ["apps"], "resources": ["*"], "verbs": ["deletecollection"]}
    plane.api.post(roles, {"metadata": {"name": f"{namespace}-part", "labels": label}, "rules": [rule]})
    chosen = {"clusterRoleSelectors": [{"matchLabels": label}]}
    plane.api.post(roles, {"metadata": {"name": namespace}, "aggregationRule": chosen, "rules": []})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": namespace}
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": ACCOUNT}
    binding = {"metadata": {"name": "add-on"}, "roleRef": reference, "subjects": [subject]}
    plane.api.post(f"{RBAC}/namespaces/{namespace}/rolebindings", binding)
    plane.eventually(
        lambda: may(plane, namespace, "deletecollection", "apps", "deployments"), what="the aggregated right"
    )
    kubeconfig = plane.service_account_kubeconfig(ACCOUNT, ACCOUNT, tmp_path / "kubeconfig")
    cluster = KubernetesCluster.connect(str(kubeconfig))
    cluster.in_cluster = True

    Account(cluster, Settings.load({"POD_NAMESPACE": ACCOUNT})).refuse_surplus()
    named = Settings.load({"POD_NAMESPACE": ACCOUNT, "NAMESPACE_ALLOW": namespace})
    with pytest.raises(
        Refused, match=rf"deletecollection \*\.apps in {namespace}\. The agent does not start"
    ):
        Account(cluster, named).refuse_surplus()
    for name in (namespace, f"{namespace}-part"):
        plane.api.delete(f"{roles}/{name}")
