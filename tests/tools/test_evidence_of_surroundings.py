"""What is read beyond the workload itself, where it may explain: claims, images elsewhere, nodes of pods that go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.tools.shop import Remembered
from tools.alertmanager import parse
from tools.bundle import Bundle
from tools.cluster import KubernetesCluster
from tools.evidence import collect
from tools.records import Evidence
from tools.sandbox import Sandbox
from tools.targets import resolve

CASES = Path(__file__).parents[1] / "incidents"


def read(case: str, folder: Path, *forbidden: str) -> Evidence:
    """The evidence of a stored incident, some of which may not be read."""
    bundle = Bundle.load(CASES / case)
    bundle = replace(bundle, meta=bundle.meta.model_copy(update={"forbidden": forbidden}))
    with Sandbox.frozen(bundle) as sandbox:
        cluster = KubernetesCluster.connect(str(sandbox.kubeconfig(folder / "kubeconfig")))
        alerts = parse(bundle.alerts[0], now=bundle.meta.now).alerts
        target = resolve(cluster, alerts).target
        assert target is not None
        return collect(cluster, target, revisions=Remembered(), clock=sandbox.clock, alerts=alerts)


def test_a_claim_that_a_pod_waits_for_is_read_with_its_class(tmp_path: Path) -> None:
    """And the events about the claim are among the events."""
    evidence = read("vault-keys", tmp_path)
    (claim,) = evidence.claims
    assert (claim.name, claim.phase, claim.storage_class, claim.class_missing) == (
        "data-keys-0",
        "Pending",
        "fast-ssd",
        True,
    )
    assert "ProvisioningFailed" in {event.reason for event in evidence.events}
    assert "which does not exist" in next(item for item in evidence.items if item.kind == "claims").summary


@pytest.mark.parametrize(
    ("forbidden", "kind"), [("persistentvolumeclaims", "claims"), ("storageclasses", "storage_class")]
)
def test_what_may_not_be_read_of_a_claim_is_never_said_to_be_missing(
    tmp_path: Path, forbidden: str, kind: str
) -> None:
    """It is told as forbidden."""
    evidence = read("vault-keys", tmp_path, forbidden)
    assert not any(claim.class_missing or not claim.phase for claim in evidence.claims)
    assert [item.kind for item in evidence.missing()] == [kind]


def test_what_ties_a_waiting_pod_to_a_zone_is_read_with_what_it_requests(tmp_path: Path) -> None:
    """Of the volume behind its claim; one that may not be read says nothing, and leaves nothing in doubt."""
    evidence = read("ledgers-closing", tmp_path)
    waiting = next(pod for pod in evidence.pods if pod.unschedulable)
    assert (waiting.cpu_request, waiting.memory_request) == (0.1, 128 * 2**20)
    assert [claim.zones for claim in evidence.claims] == [("eu-west-1c",)]
    unread = read("ledgers-closing", tmp_path, "persistentvolumes")
    assert [claim.zones for claim in unread.claims] == [()]
    assert unread.missing() == evidence.missing()


def test_others_that_wait_for_images_are_found_in_all_namespaces(tmp_path: Path) -> None:
    """By one list of pods that are pending."""
    evidence = read("fabric-orders", tmp_path)
    assert {pull.namespace for pull in evidence.pulls} == {"cutting", "dyeing", "fabric"}
    assert len({pull.owner_uid for pull in evidence.pulls}) == 3
    assert len({pull.node for pull in evidence.pulls}) == 2
    hit = {(pull.namespace, pull.workload, pull.ready, pull.desired) for pull in evidence.pulls}
    assert {("cutting", "cutting-orders", 1, 3), ("dyeing", "dyeing-orders", 1, 3)} < hit


def test_of_pods_that_have_started_no_claim_is_read(tmp_path: Path) -> None:
    """Nor is anybody else looked at where no image is waited for."""
    evidence = read("wal-archive", tmp_path)
    assert (evidence.claims, evidence.pulls) == ((), ())
    assert {"claims", "image_pulls"}.isdisjoint(item.kind for item in evidence.items)


def test_pods_that_go_and_pods_that_were_ended_are_told_with_their_nodes(tmp_path: Path) -> None:
    """By when it should be gone; why its node ended it; and how those nodes are."""
    going = read("courier-dispatch", tmp_path).pods[-1]
    assert (going.deleting, going.gone_by is not None, going.finalizers) == (True, True, ())
    evidence = read("gallery-frames", tmp_path)
    ended = [pod for pod in evidence.pods if pod.phase == "Failed"]
    assert "low on resource: memory" in ended[0].message
    assert {node.name for node in evidence.nodes} == {ended[0].node}


def test_why_a_pod_goes_and_whom_it_made_room_for_is_kept(tmp_path: Path) -> None:
    """By its condition while it is there, by the other object of its event when it is gone."""
    drained = read("tallow-row", tmp_path)
    assert [pod.put_out_by for pod in drained.pods if pod.deleting] == ["EvictionByEvictionAPI"]
    assert {event.reason for event in drained.events}.isdisjoint({"Preempted"}), "of another workload"
    (preempted,) = [event for event in read("heron-mill", tmp_path).events if event.reason == "Preempted"]
    assert preempted.count == 2
    assert preempted.related.startswith("Pod pricing/quotes-")


def test_sidecars_and_what_was_injected_are_told_apart(tmp_path: Path) -> None:
    """A native one by its restart policy, an injected one since the template does not hold it."""
    native = read("turnstiles-scan", tmp_path)
    assert {(c.name, c.sidecar) for c in native.pods[0].containers} == {("shipper", True), ("scan", False)}
    injected = read("tolls-tariff", tmp_path)
    assert injected.workload is not None
    assert injected.workload.containers == ("tariff",)


def test_certificates_whose_secrets_are_mounted_are_read_where_pods_are_ill(tmp_path: Path) -> None:
    """The others of the namespace are not kept; a missing right is said."""
    (certificate,) = read("mtls-vaultd", tmp_path).certificates
    assert (certificate.name, certificate.secret, certificate.not_after is not None) == (
        "vaultd",
        "vaultd-tls",
        True,
    )
    refused = read("mtls-vaultd", tmp_path, "certificates")
    assert (refused.certificates, [item.kind for item in refused.missing()]) == ((), ["certificates"])


def test_services_that_do_not_reach_the_pods_are_told(tmp_path: Path) -> None:
    """By what differs, by the port that lacks; one that reaches others' pods is told apart."""
    (by_label,) = read("kiosk-terminal", tmp_path).services
    assert by_label.differs == ("tier=frontend, and the pods have tier=web",)
    assert not by_label.elsewhere
    (by_port,) = read("locker-unlock", tmp_path).services
    assert (by_port.selects, by_port.ports_missing) == (True, ("http",))
    (moved,) = read("colours-palette", tmp_path).services
    assert (moved.selects, moved.elsewhere) == (False, True)
