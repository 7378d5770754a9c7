"""Which alerts may share a run."""

from __future__ import annotations

import pytest

from tools.workload_key import pod_of, workload_key, workload_of


def key(**labels: str) -> str:
    """The key of an alert in namespace shop."""
    return workload_key({"alertname": "A", "namespace": "shop"} | labels)


@pytest.mark.parametrize(
    ("pod", "found"),
    [
        ("web-7c9f8d6b5-bxk2q", ("Deployment", "web")),
        ("web-api-7c9f8d6b5-zt9wm", ("Deployment", "web-api")),
        ("db-0", ("StatefulSet", "db")),
        ("db-main-12", ("StatefulSet", "db-main")),
        ("agent-bxk2q", ("PodOwner", "agent")),
        ("web-abcde-aeiou", ("Pod", "web-abcde-aeiou")),
        ("standalone", ("Pod", "standalone")),
    ],
)
def test_pods_point_to_their_owner_by_the_form_of_their_name(pod: str, found: tuple[str, str]) -> None:
    """Suffixes are only taken off when they are in the alphabet of generated names."""
    assert workload_of({"pod": pod}) == found


def test_a_workload_label_and_its_pods_share_a_key() -> None:
    """KubeDeploymentReplicasMismatch and KubePodCrashLooping of one Deployment are one run."""
    assert key(deployment="web") == key(pod="web-7c9f8d6b5-bxk2q") == "Deployment:shop/web"


def test_a_recorded_workload_shares_the_key_of_its_pods() -> None:
    """`workload` beside `workload_type`, as kubernetes-mixin's recording rules write it."""
    assert key(workload="web", workload_type="deployment") == key(deployment="web")
    assert key(workload="web") == "alert:shop/A"


def test_workloads_of_one_name_and_two_kinds_stay_apart() -> None:
    """A guess may split what belongs together, but not join what does not."""
    assert len({key(deployment="web"), key(statefulset="web"), key(daemonset="web")}) == 3


def test_the_scrape_job_is_never_a_kubernetes_job() -> None:
    """`job=kube-state-metrics` and `instance` name who was scraped (R3.1)."""
    assert key(job="kube-state-metrics", instance="10.0.0.1:8443") == "alert:shop/A"
    assert key(job="kube-state-metrics", job_name="backup") == "Job:shop/backup"


INGRESS = {"exported_namespace": "shop", "exported_service": "web", "ingress": "web"}


def test_alerts_of_one_service_share_a_key() -> None:
    """Of two rules too; not with a workload of that name, another Service, or a Service of another namespace."""
    asked = key(service="web")
    assert asked == key(service="web", alertname="B") == workload_key(INGRESS) == "Service:shop/web"
    others = {
        key(service="api"),
        key(service="web", namespace="test"),
        key(deployment="web"),
        key(destination_workload="web", destination_workload_namespace="shop"),
    }
    assert asked not in others
    assert len(others) == 4


def test_a_scraped_service_is_no_key() -> None:
    """Beside `job` it says who was scraped, and what else is named wins."""
    assert key(service="web", job="web") == "alert:shop/A"
    assert key(service="web", deployment="api") == "Deployment:shop/api"


def test_exported_labels_win() -> None:
    """With honor_labels: false the plain ones name the exporter (R3.2)."""
    labels = {
        "alertname": "A",
        "namespace": "monitoring",
        "pod": "kube-state-metrics-0",
        "exported_namespace": "shop",
        "exported_pod": "web-7c9f8d6b5-bxk2q",
    }
    assert workload_key(labels) == "Deployment:shop/web"
    assert pod_of(labels) == "web-7c9f8d6b5-bxk2q"


def test_the_exporters_own_pod_is_not_what_the_alert_is_about() -> None:
    """A pod label that leaked from the scrape is ignored (R3.2)."""
    assert key(deployment="web", pod="kube-state-metrics-0") == "Deployment:shop/web"
    assert key(pod="kube-state-metrics-7c9f8d6b5-bxk2q") == "alert:shop/A"
    assert pod_of({"pod": "prometheus-node-exporter-bxk2q"}) == ""


def test_a_pod_beats_the_node_it_runs_on() -> None:
    """The node says where, the pod says what (R3.4)."""
    assert key(pod="web-7c9f8d6b5-bxk2q", node="n1") == "Deployment:shop/web"
    assert workload_key({"alertname": "KubeNodeNotReady", "node": "n1"}) == "Node:/n1"


def test_nothing_to_go_by_is_bounded_by_name_and_namespace() -> None:
    """One run for a hundred alerts that name no object."""
    assert key() == "alert:shop/A"
    assert workload_key({}) == "alert:/"


def test_a_hostile_name_still_fits_an_index() -> None:
    """Keys are bounded, and differ where names differ."""
    first, second = key(deployment="x" * 1000), key(deployment="x" * 999 + "y")
    assert first != second
    assert max(len(first), len(second)) <= 300
