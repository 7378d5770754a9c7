"""The fence on the real API server: the agent's own writes pass, and an account with all rights can do nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.controlplane.plane import ControlPlane
from tests.controlplane.workloads import Workload
from tests.e2e.test_registry_contract_real import PlaneStage
from tests.tools.actions.registry_contract import CASES
from tools.actions import REGISTRY, parse_call
from tools.actions.announce import announce
from tools.allowed_commands import AllowedCommand
from tools.cluster import KubernetesCluster
from tools.container_commands import Dial
from tools.errors import Forbidden, ToolError
from tools.evicting import evict
from tools.fence import GROUP, policies
from tools.records import ActionCall
from tools.resources import CLAIMS, CONFIGMAPS, CRONJOBS, DEPLOYMENTS, JOBS, NODES, PODS, STAMP, JsonObject

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
RBAC = "/apis/rbac.authorization.k8s.io/v1"
FENCE = f"/apis/{GROUP}/v1"
PLURALS = {
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
}
FENCED = sorted(REGISTRY.keys() & CASES.keys())
OFF = [name for name, action in REGISTRY.items() if action.risk == "off"]
ALLOWED = AllowedCommand(
    namespace="e2e-*", workload="*", container="web", argv=("nginx", "-g", 'it\'s \\ "quoted"')
)
"""With words that would end a text in CEL if they were not escaped."""


@dataclass(frozen=True)
class Fenced:
    """An administrator by RBAC, behind the fence."""

    plane: ControlPlane
    namespace: str
    cluster: KubernetesCluster
    stage: PlaneStage


@pytest.fixture(scope="module")
def account(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubernetesCluster]:
    """With every right that there is, and the fence in force around it alone."""
    namespace = plane.new_namespace("fence")
    path = plane.service_account_kubeconfig(
        namespace, "fenced", tmp_path_factory.mktemp("fence") / "kubeconfig"
    )
    subject = {"kind": "ServiceAccount", "name": "fenced", "namespace": namespace}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    binding = {"metadata": {"name": namespace}, "roleRef": reference, "subjects": [subject]}
    plane.api.post(f"{RBAC}/clusterrolebindings", binding)
    user = f"system:serviceaccount:{namespace}:fenced"
    made = [_named(item, namespace) for item in policies(user, OFF, [ALLOWED])]
    for item in made:
        plane.api.post(f"{FENCE}/{PLURALS[item['kind']]}", item)
    Workload(plane, namespace, "web").create()
    cluster = KubernetesCluster.connect(str(path))
    plane.eventually(lambda: _is_up(cluster, namespace), 60, "the fence to be in force")
    yield cluster
    for item in made:
        plane.api.delete(f"{FENCE}/{PLURALS[item['kind']]}/{item['metadata']['name']}")
    plane.api.delete(f"{RBAC}/clusterrolebindings/{namespace}")
    plane.delete_namespace(namespace)


@pytest.fixture
def fenced(
    plane: ControlPlane, account: KubernetesCluster, namespace: str, tmp_path: Path
) -> Iterator[Fenced]:
    """Over a workload in a namespace of its own."""
    stage = PlaneStage(plane, namespace, tmp_path)
    stage.release("registry.example/web:1")
    yield Fenced(plane, namespace, account, stage)
    stage.clean()


def _named(item: JsonObject, namespace: str) -> JsonObject:
    """Policies belong to no namespace: each test's have names of their own."""
    named = {**item, "metadata": {"name": f"{item['metadata']['name']}-{namespace}"}}
    if "policyName" in item["spec"]:
        named["spec"] = {**item["spec"], "policyName": f"{item['spec']['policyName']}-{namespace}"}
    return named


def _is_up(cluster: KubernetesCluster, namespace: str) -> bool:
    """Each policy denies what it is for; a rehearsal tells, and the slowest of them is the last to be compiled."""
    probes: tuple[Callable[[], object], ...] = (
        lambda: cluster.create(
            CONFIGMAPS,
            namespace,
            {"metadata": {"name": "probe"}},
            dry_run=True,
        ),
        lambda: cluster.patch(
            DEPLOYMENTS,
            namespace,
            "web",
            {"metadata": {"labels": {"a": "b"}}},
            patch_type="merge",
            dry_run=True,
        ),
        lambda: cluster.patch(
            NODES, "", "node-1", {"metadata": {"labels": {"a": "b"}}}, patch_type="merge", dry_run=True
        ),
        lambda: cluster.patch(
            DEPLOYMENTS,
            namespace,
            "web",
            {"spec": {"replicas": 0}},
            patch_type="merge",
            dry_run=True,
            subresource="scale",
        ),
        lambda: cluster.run_command(namespace, "web", "web", ("id",), seconds=5),
    )
    return all(_is_denied(probe) for probe in probes)


def _is_denied(write: Callable[[], object]) -> bool:
    try:
        write()
    except Forbidden as error:
        return "ValidatingAdmissionPolicy" in str(error)
    except ToolError:
        return False
    return False


@pytest.mark.parametrize("name", FENCED)
def test_what_the_agent_does_passes(fenced: Fenced, name: str) -> None:
    """Preview and write of each action, by its own code."""
    case = CASES[name]
    case.prepare(fenced.stage)
    action, args = parse_call(ActionCall(name=name, args=case.args(fenced.stage)), OFF)
    assert action.preview(fenced.cluster, args).accepted
    receipt = action.execute(fenced.cluster, args, key="k1", at=fenced.stage.now(), dry_run=False)
    assert receipt.outcome == "done"
    announce(fenced.cluster, receipt.target, "SreAgentTried", "it was tried", receipt.sent_at)


def test_an_undo_passes(fenced: Fenced) -> None:
    """A cordon that is taken back."""
    args = {"namespace": "", **{k: fenced.stage.node()["metadata"][k] for k in ("name", "uid")}}
    for number, name in enumerate(("cordon_node", "uncordon_node")):
        action, parsed = parse_call(ActionCall(name=name, args=args))
        action.execute(fenced.cluster, parsed, key=f"k{number}", at=fenced.stage.now(), dry_run=False)


Change: TypeAlias = dict[str, Any]


def container(**changed: Any) -> Change:
    """The container `web` with something else in it, signed as the agent's own writes are."""
    return template({"spec": {"containers": [{"name": "web", **changed}]}})


def template(change: Change) -> Change:
    """A change of the pod template, signed."""
    return signed({"spec": {"template": change}})


def signed(change: Change) -> Change:
    """With the stamp of a ledger entry."""
    return {**change, "metadata": {**change.get("metadata", {}), "annotations": {STAMP: "k9"}}}


DENIED: dict[str, Change] = {
    "another repository": container(image="registry.example/miner:1"),
    "the same name at another registry": container(image="elsewhere.example/web:1"),
    "another command": container(command=["sh", "-c", "id"]),
    "another container": template({"spec": {"containers": [{"name": "two", "image": "x:1"}]}}),
    "an init container": template({"spec": {"initContainers": [{"name": "two", "image": "x:1"}]}}),
    "a probe that executes": container(livenessProbe={"exec": {"command": ["id"]}}),
    "privileges": container(securityContext={"privileged": True}),
    "another account": template({"spec": {"serviceAccountName": "fenced"}}),
    "the network of the host": template({"spec": {"hostNetwork": True}}),
    "a volume of the host": template({"spec": {"volumes": [{"name": "h", "hostPath": {"path": "/"}}]}}),
    "a secret": template({"spec": {"volumes": [{"name": "s", "secret": {"secretName": "s"}}]}}),
    "replicas past the scale subresource": signed({"spec": {"replicas": 5}}),
    "a pause": signed({"spec": {"paused": True}}),
    "a label": signed({"metadata": {"labels": {"a": "b"}}}),
    "somebody else's annotation": {"metadata": {"annotations": {STAMP: "k9", "other": "x"}}},
    "no stamp": {"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}},
}


@pytest.mark.parametrize("change", DENIED.values(), ids=DENIED.keys())
def test_any_other_change_of_a_workload_is_denied(fenced: Fenced, change: Change) -> None:
    """By the fence alone: the account may do everything."""
    before = fenced.stage.admin.get(DEPLOYMENTS, fenced.namespace, "web")
    with pytest.raises(Forbidden, match="ValidatingAdmissionPolicy"):
        fenced.cluster.patch(DEPLOYMENTS, fenced.namespace, "web", change, patch_type="strategic")
    after = fenced.stage.admin.get(DEPLOYMENTS, fenced.namespace, "web")
    assert after["spec"] == before["spec"]


def test_writes_that_no_action_makes_are_denied(fenced: Fenced, web: Workload) -> None:
    """Pods, Jobs, deletions, evictions by name, forced ones, nodes, roles: one after the other, none is done."""
    cluster, space = fenced.cluster, fenced.namespace
    pod = fenced.stage.web.pods()[0]["metadata"]
    bare: Change = {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "c", "image": "x:1"}]}}
    job = {
        "metadata": {"name": "x"},
        "spec": {"template": {"spec": {**bare["spec"], "restartPolicy": "Never"}}},
    }
    trust = fenced.stage.admin.get(CONFIGMAPS, space, "kube-root-ca.crt")
    by_name = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod["name"], "namespace": space},
    }
    forced = {**by_name, "deleteOptions": {"preconditions": {"uid": pod["uid"]}, "gracePeriodSeconds": 0}}
    taint = {
        "spec": {"taints": [{"key": "a", "effect": "NoExecute"}]},
        "metadata": {"annotations": {STAMP: "k9"}},
    }
    tries: tuple[Callable[[], object], ...] = (
        lambda: cluster.create(PODS, space, bare),
        lambda: cluster.create(JOBS, space, job),
        lambda: cluster.delete(PODS, space, pod["name"], uid=pod["uid"]),
        lambda: cluster.delete(CONFIGMAPS, space, "kube-root-ca.crt", uid=trust["metadata"]["uid"]),
        lambda: cluster.create(PODS, space, by_name, name=pod["name"], subresource="eviction"),
        lambda: cluster.create(PODS, space, forced, name=pod["name"], subresource="eviction"),
        lambda: cluster.patch(NODES, "", "node-1", taint, patch_type="merge"),
        lambda: cluster.create(CONFIGMAPS, space, {"metadata": {"name": "x"}}),
    )
    assert [number for number, one in enumerate(tries) if not _is_denied(one)] == []
    assert _uid(fenced)
    evict(cluster, space, pod["name"], pod["uid"], dry_run=True)


def test_a_claim_asks_for_a_little_more_and_nothing_else(fenced: Fenced) -> None:
    """From 1Gi: no more than half as much again, not less, no other metadata, no unsigned request."""
    CASES["expand_pvc"].prepare(fenced.stage)
    asked = {size: {"spec": {"resources": {"requests": {"storage": size}}}} for size in ("1537Mi", "1536Mi")}
    labelled = {**asked["1536Mi"], "metadata": {"labels": {"a": "b"}}}
    for change in (signed(asked["1537Mi"]), asked["1536Mi"], signed(labelled), signed({})):
        assert _is_denied(partial(_claim, fenced, change)), change
    _claim(fenced, signed(asked["1536Mi"]))


def _claim(fenced: Fenced, change: Change) -> object:
    return fenced.cluster.patch(CLAIMS, fenced.namespace, "data", change, patch_type="merge", dry_run=True)


def test_a_cron_job_is_suspended_and_nothing_else(fenced: Fenced) -> None:
    """Another schedule, another image, an unsigned suspension."""
    CASES["suspend_cronjob"].prepare(fenced.stage)
    image = {"template": {"spec": {"containers": [{"name": "task", "image": "registry.example/miner:1"}]}}}
    changes = (
        signed({"spec": {"schedule": "* * * * *"}}),
        signed({"spec": {"jobTemplate": {"spec": image}}}),
        {"spec": {"suspend": True}},
    )
    for change in changes:
        assert _is_denied(partial(_cron_job, fenced, change)), change
    _cron_job(fenced, signed({"spec": {"suspend": True}}))


def _cron_job(fenced: Fenced, change: Change) -> object:
    return fenced.cluster.patch(
        CRONJOBS, fenced.namespace, "nightly", change, patch_type="strategic", dry_run=True
    )


def _uid(fenced: Fenced) -> str:
    return str(fenced.stage.admin.get(DEPLOYMENTS, fenced.namespace, "web")["metadata"]["uid"])


def test_another_account_is_left_alone(fenced: Fenced) -> None:
    """The fence stands around the agent, around nobody else."""
    body = {"metadata": {"labels": {"a": "b"}}}
    fenced.stage.admin.patch(DEPLOYMENTS, fenced.namespace, "web", body, patch_type="merge")


OTHER_COMMANDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "other words": ("web", ("id",)),
    "a word less": ("web", ALLOWED.argv[:-1]),
    "a word more": ("web", (*ALLOWED.argv, "-q")),
    "no words": ("web", ()),
    "another container": ("sidecar", ALLOWED.argv),
    "no container": ("", ALLOWED.argv),
}


def _dial(fenced: Fenced) -> Dial:
    """The account's own way to open a WebSocket, for what its adapter never asks for."""
    assert fenced.cluster._dial
    return fenced.cluster._dial


def test_only_the_words_that_are_named_pass_to_a_container(fenced: Fenced) -> None:
    """CONNECT of pods/exec is matched by the API server: the words pass as far as there is a kubelet, all others are
    denied, in another namespace too, and so are input and a terminal.
    """
    name = fenced.stage.web.pods()[0]["metadata"]["name"]
    ran = fenced.cluster.run_command(fenced.namespace, name, "web", ALLOWED.argv, seconds=20)
    assert ran.exit_code is None
    assert "the server says that it could not be run" in ran.why_unknown
    for what, (container, argv) in OTHER_COMMANDS.items():
        run = partial(fenced.cluster.run_command, fenced.namespace, name, container, argv, seconds=20)
        assert _is_denied(run), what
    assert _is_denied(partial(fenced.cluster.run_command, "default", name, "web", ALLOWED.argv, seconds=20))
    path = PODS.path(fenced.namespace, name, "exec")
    asked = [("container", "web"), ("stdout", "true"), *(("command", word) for word in ALLOWED.argv)]
    dial = _dial(fenced)
    for more in ("stdin", "tty"):
        assert _is_denied(partial(dial, path, [*asked, (more, "true")], "it")), more


def test_attaching_and_forwarding_are_denied(fenced: Fenced) -> None:
    """They are connections too, and no action makes one."""
    name = fenced.stage.web.pods()[0]["metadata"]["name"]
    dial = _dial(fenced)
    for subresource in ("attach", "portforward"):
        path = PODS.path(fenced.namespace, name, subresource)
        assert _is_denied(partial(dial, path, [("container", "web"), ("ports", "80")], "it")), subresource
