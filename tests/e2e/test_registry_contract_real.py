"""The contract of all actions and the reading of evidence, on the real control plane."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.controlplane.plane import ControlPlane
from tests.controlplane.sets import PLURALS, Sets
from tests.controlplane.workloads import Workload, container
from tests.tools.actions.registry_contract import OF_DEPLOYMENTS, OF_KINDS, RegistryContract, live_through
from tests.tools.shop import Remembered, alert
from tools.clock import SystemClock
from tools.cluster import KubernetesCluster
from tools.evidence import collect
from tools.objects import condition
from tools.rbac import rules_for
from tools.records import RbacRule
from tools.resources import NODES, JsonObject
from tools.targets import resolve

pytestmark = pytest.mark.e2e
GROUP = "rbac.authorization.k8s.io"


class PlaneStage:
    """A namespace of the control plane as the contract drives it."""

    def __init__(self, plane: ControlPlane, namespace: str, folder: Path) -> None:
        self._plane = plane
        self._folder = folder
        self.namespace = namespace
        self.kind = "Deployment"
        self.web = Workload(plane, namespace, "web")
        self.admin = KubernetesCluster.connect(str(plane.admin_kubeconfig))

    def account(self, rules: Sequence[RbacRule]) -> KubernetesCluster:
        """Bound in the namespace; only rules on what belongs to no namespace are bound in the whole cluster."""
        whole = [rule for rule in rules if rule.cluster]
        if whole:
            self._bind_everywhere(whole)
        policy = [_policy(rule) for rule in rules if not rule.cluster]
        path = self._plane.service_account_kubeconfig(self.namespace, "limited", self._folder / "limited")
        role = {"metadata": {"name": "limited"}, "rules": policy}
        subject = {"kind": "ServiceAccount", "name": "limited", "namespace": self.namespace}
        binding = {
            "metadata": {"name": "limited"},
            "roleRef": {"apiGroup": GROUP, "kind": "Role", "name": "limited"},
            "subjects": [subject],
        }
        root = f"/apis/{GROUP}/v1/namespaces/{self.namespace}"
        self._plane.api.post(f"{root}/roles", role)
        self._plane.api.post(f"{root}/rolebindings", binding)
        return KubernetesCluster.connect(str(path))

    def _bind_everywhere(self, rules: Sequence[RbacRule]) -> None:
        name = f"limited-{self.namespace}"
        subject = {"kind": "ServiceAccount", "name": "limited", "namespace": self.namespace}
        reference = {"apiGroup": GROUP, "kind": "ClusterRole", "name": name}
        role = {"metadata": {"name": name}, "rules": [_policy(rule) for rule in rules]}
        self._plane.api.post(f"/apis/{GROUP}/v1/clusterroles", role)
        binding = {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
        self._plane.api.post(f"/apis/{GROUP}/v1/clusterrolebindings", binding)

    @property
    def _sets(self) -> Sets:
        return Sets(self._plane, self.namespace, self.kind)

    def release(self, image: str, *, fault: str = "") -> None:
        if self.kind in PLURALS:
            self._sets.release(image, fault)
            going_well = self._sets.is_stuck if fault else self._sets.is_healthy
            self._plane.eventually(going_well, 90, f"{self.kind} web after its release")
            return
        if not self._plane.exists(self.web.path):
            self.web.create(image=image)
        else:
            self.web.release(image, fault=fault or None)
        if fault:
            self._plane.eventually(self._fails, 60, "the release to fail")
        else:
            self.settle()

    def settle(self) -> None:
        if self.kind in PLURALS:
            self._plane.eventually(self._sets.is_healthy, 90, f"health of {self.kind} web")
            return
        if self._plane.exists(self.web.path):
            self.web.wait_until_healthy()
            self._plane.eventually(self._all_pods_ready, 60, "ready pods")

    def pass_time(self, seconds: float) -> None:
        time.sleep(seconds)

    def silence(self, node: str) -> None:
        self._plane.stop_node(node)
        self._plane.eventually(lambda: not self._is_ready(node), 90, f"{node} to be missed")

    @property
    def has_metrics(self) -> bool:
        """There is no metrics server: what its absence does is what is tested here."""
        return False

    @property
    def resizes(self) -> bool:
        """Nobody here provisions or resizes volumes."""
        return False

    def node(self) -> JsonObject:
        """Made by the test alone, so that no other test's pods run there; the plane's own nodes stay as they are."""
        name = f"spare-{self.namespace}"
        if not self._plane.exists(f"/api/v1/nodes/{name}"):
            self._plane.add_node(name)
        return self.admin.get(NODES, "", name)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait_for_event(self, reason: str) -> None:
        def left() -> bool:
            return reason in {event["reason"] for pod in self.web.pods() for event in self.web.events(pod)}

        self._plane.eventually(left, 60, f"an event {reason}")

    def _is_ready(self, node: str) -> bool:
        return bool(condition(self.admin.get(NODES, "", node), "Ready").get("status") == "True")

    def clean(self) -> None:
        """Take away what does not go with the namespace."""
        node = f"/api/v1/nodes/spare-{self.namespace}"
        if self._plane.exists(node):
            self._plane.api.delete(node)

    def _all_pods_ready(self) -> bool:
        return all(condition(pod, "Ready").get("status") == "True" for pod in self.web.pods())

    def _fails(self) -> bool:
        """Every pod is of the newest revision and has crashed, so that no rollout is on its way any more."""
        status = self.web.read()["status"]
        counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas")]
        return counts == [2, 2] and all(container(pod).get("restartCount", 0) > 0 for pod in self.web.pods())


def _policy(rule: RbacRule) -> JsonObject:
    return {"apiGroups": [rule.group], "resources": [rule.resource], "verbs": list(rule.verbs)}


@pytest.fixture
def stage(plane: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[PlaneStage]:
    """A namespace of its own for each test."""
    one = PlaneStage(plane, namespace, tmp_path)
    yield one
    one.clean()


@pytest.mark.parametrize("name", sorted(OF_DEPLOYMENTS))
class TestOnTheControlPlane(RegistryContract):
    """Every action of the registry."""


@pytest.mark.parametrize("name", sorted(OF_KINDS))
def test_a_life_on_another_kind(stage: PlaneStage, name: str) -> None:
    """Dry run, write with the declared rights only, the same again, verdict, undo: on StatefulSets and DaemonSets."""
    live_through(stage, name)


@pytest.mark.parametrize("name", sorted(OF_KINDS))
def test_a_write_that_does_not_help_on_another_kind(stage: PlaneStage, name: str) -> None:
    """NOT_RECOVERED, or REGRESSED, as on a Deployment."""
    RegistryContract().test_it_is_not_verified_where_the_problem_stays(stage, name)


def test_a_bad_release_reads_as_one(stage: PlaneStage) -> None:
    """From the alert to facts and logs, with the reader's rights in the namespace and no others."""
    stage.release("shop/web:1")
    stage.release("shop/web:2", fault="crashloop")
    stage.wait_for_event("BackOff")
    reader = stage.account([rule for rule in rules_for().reader if not rule.cluster])
    (pod, *_) = stage.web.pods()
    fired = alert(
        stage.now(), namespace=stage.namespace, pod=pod["metadata"]["name"], uid=pod["metadata"]["uid"]
    )
    found = resolve(reader, [fired])
    assert found.target is not None
    assert (found.target.kind, found.target.name, found.target.resolved_by) == ("Deployment", "web", "owner")
    evidence = collect(reader, found.target, revisions=Remembered(), clock=SystemClock(), alerts=[fired])
    # the node is read with a right of the cluster, which this account has not: said, not guessed
    assert [(item.kind, item.status) for item in evidence.missing()] == [("nodes", "forbidden")]
    assert evidence.workload is not None
    assert [revision.number for revision in evidence.revisions] == [2, 1]
    assert evidence.revisions[0].template_digest == evidence.workload.template_digest
    assert len(evidence.pods) == 2
    assert all(entry.exit_code == 1 for pod_facts in evidence.pods for entry in pod_facts.containers)
    assert "BackOff" in {event.reason for event in evidence.events}
    kinds = {item.kind: item.status for item in evidence.items}
    assert kinds["revision_diff"] == kinds["previous_logs"] == "found"
