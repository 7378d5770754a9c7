"""What is read where alerts name no object: where labels say to look, bounded, and no failure is passed over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from tools.clock import ManualClock
from tools.dns_pods import found_by
from tools.errors import Forbidden, NotFound
from tools.records import Alert, Evidence
from tools.resources import JsonObject, JsonObjects, Resource
from tools.sandbox.selectors import matches, parse_labels
from tools.surroundings import Look, look_around

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


def item(
    kind: str, name: str, namespace: str = "", labels: dict[str, str] | None = None, **more: object
) -> JsonObject:
    """An object as the API sends it."""
    known = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "labels": labels or {}}
    return {"kind": kind, "metadata": {**known, "creationTimestamp": "2026-01-05T10:00:00Z"}, **more}


def node(name: str, address: str) -> JsonObject:
    """A node that is Ready."""
    conditions = [{"type": "Ready", "status": "True"}]
    addresses = [{"type": "InternalIP", "address": address}]
    return item("Node", name, spec={}, status={"conditions": conditions, "addresses": addresses})


class Objects:
    """A cluster of a few objects that counts what it is asked."""

    def __init__(self, *items: JsonObject, forbidden: Sequence[str] = ()) -> None:
        self.items, self.forbidden = items, forbidden
        self.asked: list[str] = []

    def _all(self, resource: Resource) -> JsonObjects:
        if resource.plural in self.forbidden:
            raise Forbidden(f"{resource.plural} is forbidden")
        return [each for each in self.items if each["kind"] == resource.kind]

    def get(self, resource: Resource, namespace: str, name: str) -> JsonObject:
        self.asked.append(f"get {resource.plural}")
        for each in self._all(resource):
            if each["metadata"]["name"] == name:
                return each
        raise NotFound(f"{resource.plural} {name} not found")

    def list(
        self, resource: Resource, namespace: str = "", *, label_selector: str = "", field_selector: str = ""
    ) -> JsonObjects:
        self.asked.append(f"list {resource.plural} {namespace} {label_selector}{field_selector}".strip())
        on = field_selector.removeprefix("spec.nodeName=")
        return [
            each
            for each in self._all(resource)
            if (not namespace or each["metadata"]["namespace"] == namespace)
            and matches(parse_labels(label_selector), each)
            and (not on or each["spec"].get("nodeName") == on)
        ]

    def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, tail_lines: int = 200
    ) -> str:
        raise NotFound("no logs")


def looked(cluster: Objects, looks: Sequence[Look], **labels: str) -> Evidence:
    """What is found about one alert."""
    alert = Alert(fingerprint="f", status="firing", labels=labels, starts_at=NOW)
    return look_around(cluster, [alert], looks, clock=ManualClock(NOW))


def test_nothing_is_read_for_nothing() -> None:
    """An alert that no class knows costs no request."""
    cluster = Objects()
    assert looked(cluster, ()).items == ()
    assert cluster.asked == []


def test_a_machine_is_found_by_its_address_with_who_is_on_it() -> None:
    """With or without a port; one that is no node is none."""
    pod = item("Pod", "web-1", "shop", spec={"nodeName": "b"}, status=READY)
    cluster = Objects(node("a", "10.0.0.1"), node("b", "10.0.0.2"), pod)
    for instance in ("10.0.0.2:9100", "10.0.0.2", "b", "b:9100"):
        found = looked(cluster, ("host",), instance=instance)
        assert found.node
        assert (found.node.name, [each.name for each in found.node_pods]) == ("b", ["web-1"])
    other = looked(cluster, ("host",), instance="10.9.9.9:9100")
    assert (other.node, other.node_pods) == (None, ())


def test_pods_of_the_control_plane_and_of_dns_are_found_by_their_labels() -> None:
    """And nothing else of kube-system, however many pods there are."""
    mine = item("Pod", "etcd-a", "kube-system", {"tier": "control-plane"}, spec={}, status=READY)
    dns = item("Pod", "coredns-a", "kube-system", {"k8s-app": "kube-dns"}, spec={}, status=READY)
    other = item("Pod", "proxy-a", "kube-system", {"k8s-app": "kube-proxy"}, spec={}, status=READY)
    cluster = Objects(mine, dns, other)
    assert [each.name for each in looked(cluster, ("control_plane",)).around] == ["etcd-a"]
    assert [each.name for each in looked(cluster, ("dns",)).around] == ["coredns-a"]
    assert cluster.asked == [
        "list pods kube-system tier=control-plane",
        "list pods kube-system k8s-app in (kube-dns,coredns)",
    ]


@pytest.mark.parametrize(
    ("labels", "asked", "command"),
    [
        ({"k8s-app": "coredns"}, 1, "-l 'k8s-app in (kube-dns,coredns)'"),
        ({"app.kubernetes.io/name": "coredns"}, 2, "-l app.kubernetes.io/name=coredns"),
    ],
)
def test_pods_of_dns_are_found_by_other_labels_too(labels: dict[str, str], asked: int, command: str) -> None:
    """A second list only where the first is empty; commands name what was found."""
    cluster = Objects(item("Pod", "coredns-a", "kube-system", labels, spec={}, status=READY))
    found = looked(cluster, ("dns",))
    assert [each.name for each in found.around] == ["coredns-a"]
    assert len(cluster.asked) == asked
    assert command.removeprefix("-l ") == found_by(found.items)


def test_where_no_label_finds_them_that_is_one_item() -> None:
    """And a refusal is not asked a second time."""
    other = item("Pod", "proxy-a", "kube-system", {"k8s-app": "kube-proxy"}, spec={}, status=READY)
    assert [each.status for each in looked(Objects(other), ("dns",)).items] == ["no_data"]
    refusing = Objects(other, forbidden=["pods"])
    assert [each.status for each in looked(refusing, ("dns",)).items] == ["forbidden"]
    assert len(refusing.asked) == 1


def test_what_a_budget_covers_is_read_with_it() -> None:
    """Of the budget that is named, and only its pods; of one that is not there nothing is covered."""
    budget = item(
        "PodDisruptionBudget", "web", "shop", spec={"selector": {"matchLabels": {"app": "web"}}}, status={}
    )
    web = item("Pod", "web-1", "shop", {"app": "web"}, spec={}, status=READY)
    api = item("Pod", "api-1", "shop", {"app": "api"}, spec={}, status=READY)
    cluster = Objects(budget, web, api)
    found = looked(cluster, ("budget",), namespace="shop", poddisruptionbudget="web")
    assert [each.name for each in found.budgets] == ["web"]
    assert [each.name for each in found.around] == ["web-1"]
    gone = looked(cluster, ("budget",), namespace="shop", poddisruptionbudget="old")
    assert (gone.budgets, gone.around) == ((), ())


def test_pods_behind_a_scraped_service_are_found_by_its_selector() -> None:
    """A Service that is not there says so."""
    service = item("Service", "web", "shop", spec={"selector": {"app": "web"}})
    web = item("Pod", "web-1", "shop", {"app": "web"}, spec={}, status=READY)
    cluster = Objects(service, web)
    found = looked(cluster, ("scraped",), namespace="shop", service="web")
    assert [each.name for each in found.around] == ["web-1"]
    found = looked(cluster, ("scraped",), namespace="shop", job="kube-state-metrics", endpoint="web")
    assert [each.name for each in found.around] == ["web-1"]
    gone = looked(cluster, ("scraped",), namespace="shop", service="old")
    assert [(each.kind, each.status) for each in gone.items] == [("around", "no_data")]


def test_what_may_not_be_read_is_an_item_that_says_so() -> None:
    """Never an answer, and never an error."""
    kinds = ("pods", "nodes", "resourcequotas", "persistentvolumes")
    cluster = Objects(forbidden=kinds)
    looks: tuple[Look, ...] = ("control_plane", "host", "quotas", "volume")
    found = looked(cluster, looks, namespace="shop", persistentvolume="pv1", instance="10.0.0.1:9100")
    told = {each.kind: each.status for each in found.items}
    assert told == dict.fromkeys(("around", "nodes", "quotas", "persistent_volume"), "forbidden")


def test_a_volume_is_read_by_its_name() -> None:
    """With its phase and whose it is; one that is gone is no failure."""
    volume = item(
        "PersistentVolume",
        "pv1",
        spec={"claimRef": {"namespace": "shop", "name": "data"}, "storageClassName": "ssd"},
        status={"phase": "Failed", "message": "password=hunter2 in use"},
    )
    found = looked(Objects(volume), ("volume",), persistentvolume="pv1").persistent_volume
    assert found
    assert (found.phase, found.claim, found.storage_class) == ("Failed", "shop/data", "ssd")
    assert "hunter2" not in found.reason
    gone = looked(Objects(), ("volume",), persistentvolume="pv1")
    assert [(each.kind, each.status) for each in gone.items] == [("persistent_volume", "no_data")]


@pytest.mark.parametrize(("nodes", "read"), [(0, False), (3, True), (40, True), (41, False)])
def test_what_all_pods_request_is_read_of_a_small_cluster_only(nodes: int, read: bool) -> None:
    """All pods are in memory at once: of a large cluster they would kill this process, at each try anew."""
    cluster = Objects(*(node(f"n{number}", f"10.0.0.{number}") for number in range(nodes)))
    found = looked(cluster, ("nodes", "requests"))
    assert ("list pods" in cluster.asked) is read
    assert any(each.kind == "requests" for each in found.items) is read
