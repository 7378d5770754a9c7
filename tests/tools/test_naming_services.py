"""Which Service an alert names, and which `service` label only says who was scraped."""

from __future__ import annotations

import pytest

from tools.naming import naming

SHOP = {"namespace": "shop"}
INGRESS = {"namespace": "ingress-nginx", "exported_namespace": "shop", "exported_service": "web"}
SCRAPE = {"job": "ingress", "instance": "10.0.0.9:10254", "endpoint": "metrics", "pod": "controller-7"}
MESH = {"destination_workload": "web-v2", "destination_workload_namespace": "shop"}
ASKED = {"destination_service_name": "web", "destination_service_namespace": "shop"}


@pytest.mark.parametrize(
    ("labels", "namespace", "service", "destination"),
    [
        (SHOP | {"service": "web"}, "shop", "web", ""),
        (SHOP | {"service": "web", "ingress": "front", "prometheus": "monitoring/k8s"}, "shop", "web", ""),
        ({"service": "web"}, "", "web", ""),
        (INGRESS, "shop", "web", ""),
        (INGRESS | {"ingress": "front"} | SCRAPE | {"service": "controller-metrics"}, "shop", "web", ""),
        (SHOP | {"exported_service": "web"}, "shop", "web", ""),
        ({"namespace": "ingress-nginx", "exported_service": "web"} | SCRAPE, "ingress-nginx", "", ""),
        (MESH, "shop", "", "web-v2"),
        (MESH | ASKED, "shop", "web", "web-v2"),
        (ASKED | {"namespace": "istio-system"}, "shop", "web", ""),
        (MESH | ASKED | {"destination_service_namespace": "other"}, "shop", "", "web-v2"),
        (ASKED | {"destination_workload": "unknown"}, "shop", "web", ""),
        (SHOP | {"destination_service_name": "PassthroughCluster"}, "shop", "", ""),
    ],
)
def test_what_was_asked_is_named(
    labels: dict[str, str], namespace: str, service: str, destination: str
) -> None:
    """By an ingress or a mesh. A renamed Service without its namespace is in nobody knows which."""
    named = naming(labels)
    got = (named.service, named.destination)
    assert got == (service, destination)
    if service or destination:
        assert named.namespace == namespace


KSM = SHOP | {"job": "kube-state-metrics", "instance": "10.0.0.4:8080"}


@pytest.mark.parametrize(
    ("labels", "namespace", "service"),
    [
        (KSM | {"endpoint": "web"}, "shop", "web"),
        (KSM | {"endpoint": "web", "job": "monitoring/kps-kube-state-metrics"}, "shop", "web"),
        (KSM | SHOP | {"endpoint": "http", "exported_endpoint": "web", "exported_namespace": "shop"}, "shop", "web"),
        (KSM | {"endpoint": "http-metrics"}, "shop", ""),
        (KSM | {"endpoint": "https-main"}, "shop", ""),
        (KSM | {"endpoint": "web", "job": "web"}, "shop", ""),
        (KSM | {"endpoint": "web", "service": "kube-state-metrics"}, "shop", ""),
        (KSM | {"endpoint": "web", "pod": "kube-state-metrics-7"}, "shop", ""),
        (KSM | {"endpoint": "web", "deployment": "api"}, "shop", ""),
        (SHOP | {"endpoint": "web"}, "shop", ""),
    ],
)  # fmt: skip
def test_endpoints_of_kube_state_metrics_are_a_service(
    labels: dict[str, str], namespace: str, service: str
) -> None:
    """Its series call Endpoints so, which have their Service's name; a scrape calls the port that it asks so."""
    named = naming(labels)
    assert (named.namespace, named.service) == (namespace, service)


@pytest.mark.parametrize("scraped", SCRAPE)
def test_a_service_beside_a_label_of_a_scrape_is_who_was_scraped(scraped: str) -> None:
    """One of them is enough."""
    assert naming(SHOP | {"service": "web", scraped: SCRAPE[scraped]}).service == ""


@pytest.mark.parametrize(
    "exporter",
    [
        "kube-state-metrics",
        "kps-kube-state-metrics",
        "node-exporter",
        "prometheus-k8s",
        "alertmanager-main",
        "kubelet",
        "kps-kubelet",
        "kps-kube-etcd",
        "blackbox",
        "statsd",
        "otel-collector",
        "nginx-ingress-nginx-controller-metrics",
        "db-metrics",
    ],
)
def test_an_exporter_is_not_what_an_alert_is_about(exporter: str) -> None:
    """A rule that sums over kube-state-metrics' series may keep its `service` and drop the rest."""
    assert naming({"exported_namespace": "shop", "service": exporter}).service == ""


@pytest.mark.parametrize("service", ["etcdkeeper", "metrics-shop", "hotel", "motel-search", "web-etcdless"])
def test_a_name_that_only_holds_an_exporters_is_what_was_asked(service: str) -> None:
    """Whole words of a name are compared."""
    assert naming(SHOP | {"service": service}).service == service


@pytest.mark.parametrize(
    "other",
    [
        {"deployment": "web"},
        {"exported_pod": "web-1"},
        {"node": "node-1"},
        {"workload": "a", "workload_type": "job"},
    ],
)
def test_a_service_counts_only_where_nothing_else_is_named(other: dict[str, str]) -> None:
    """What names a workload, pod or node is nearer to it."""
    named = naming(INGRESS | MESH | ASKED | other)
    assert (named.service, named.destination) == ("", "")


def test_subjects_of_services_merge_with_nothing_else() -> None:
    """A Service and a workload of one name are two objects, as are Services of two namespaces."""
    of = [
        SHOP | {"service": "web"},
        SHOP | {"deployment": "web"},
        {"namespace": "test", "service": "web"},
        MESH,
    ]
    assert len({naming(labels).subject() for labels in of}) == 4
    assert naming(INGRESS).subject() == naming(SHOP | {"service": "web"}).subject() == ("shop", "Service web")
