"""What is read of the surroundings: ConfigMaps that changed, and who else is ill."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.tools.shop import NAMESPACE, Remembered, deployment
from tools.clock import ManualClock
from tools.cluster import KubernetesCluster
from tools.config_changes import changed_after_start, last_change
from tools.evidence import collect
from tools.neighbours import shared_by_ill
from tools.records import ConfigFacts, ContainerFacts, Evidence, PodFacts, Target
from tools.references import references
from tools.resources import CONFIGMAPS, JsonObject
from tools.sandbox import Sandbox

BORN = "2026-01-05T08:00:00Z"


def config(*fields: tuple[str, str, list[str]]) -> JsonObject:
    """A ConfigMap with these entries of managedFields: manager, time, keys."""
    entries = [{"manager": m, "time": at, "fieldsV1": {key: {} for key in keys}} for m, at, keys in fields]
    return {"metadata": {"name": "rates", "creationTimestamp": BORN, "managedFields": entries}}


@pytest.mark.parametrize(
    ("item", "at", "manager"),
    [
        (config(("kubectl-create", BORN, ["f:data"])), None, ""),
        (
            config(
                ("kubectl-create", BORN, ["f:data"]), ("kubectl-edit", "2026-01-05T09:00:00Z", ["f:data"])
            ),
            "2026-01-05T09:00:00+00:00",
            "kubectl-edit",
        ),
        (
            config(
                ("kubectl-edit", "2026-01-05T09:00:00Z", ["f:data"]),
                ("labeller", "2026-01-05T10:00:00Z", ["f:metadata"]),
            ),
            "2026-01-05T09:00:00+00:00",
            "kubectl-edit",
        ),
        (config(("helm", "2026-01-05T09:00:00Z", [])), "2026-01-05T09:00:00+00:00", "helm"),
        (config(("helm", "yesterday", ["f:data"])), None, ""),
        ({"metadata": {"name": "rates"}}, None, ""),
    ],
)
def test_when_a_config_map_was_changed(item: JsonObject, at: str | None, manager: str) -> None:
    """The newest write of its data; neither its making nor a label is a change, and no time is no time."""
    found, by = last_change(item)
    assert (found.isoformat() if found else None, by) == (at, manager)


def test_a_container_that_began_after_the_change_knows_of_it() -> None:
    """A pod is as old as its running container, and else as itself."""
    born, changed, later = (
        datetime.fromisoformat(f"2026-01-05T{hour}:00:00Z") for hour in ("08", "09", "10")
    )
    restarted = PodFacts(
        name="b", uid="b", created_at=born, containers=(ContainerFacts(name="web", running_since=later),)
    )
    waiting = PodFacts(name="a", uid="a", created_at=born)
    going = PodFacts(name="c", uid="c", created_at=born, deleting=True)
    fact = ConfigFacts(name="rates", changed_at=changed)
    assert changed_after_start(fact, [restarted, waiting, going]) == [waiting]
    assert changed_after_start(ConfigFacts(name="rates"), [waiting]) == []


def test_references_of_a_template_and_how_they_are_used() -> None:
    """ConfigMaps, Secrets and claims by name; a volume that is mounted by a subPath never follows a change."""
    template: JsonObject = {
        "spec": {
            "imagePullSecrets": [{"name": "pull"}],
            "initContainers": [
                {"name": "i", "envFrom": [{"configMapRef": {"name": "init", "optional": True}}]}
            ],
            "containers": [
                {
                    "name": "web",
                    "env": [
                        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "rates", "key": "a"}}},
                        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "login", "key": "b"}}},
                        {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                        {"name": "D", "value": "x"},
                    ],
                    "volumeMounts": [{"name": "files", "subPath": "a"}, {"name": "all"}],
                }
            ],
            "volumes": [
                {"name": "files", "configMap": {"name": "files"}},
                {
                    "name": "all",
                    "projected": {"sources": [{"configMap": {"name": "all"}}, {"secret": {"name": "s"}}]},
                },
                {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
                {"name": "tls", "secret": {"secretName": "tls"}},
            ],
        }
    }
    assert {tuple(each) for each in references(template)} == {
        ("ConfigMap", "files", "subpath", False),
        ("ConfigMap", "all", "volume", False),
        ("Secret", "s", "volume", False),
        ("PersistentVolumeClaim", "data", "volume", False),
        ("Secret", "tls", "volume", False),
        ("ConfigMap", "init", "environment", True),
        ("ConfigMap", "rates", "environment", False),
        ("Secret", "login", "environment", False),
        ("Secret", "pull", "pull", False),
    }
    assert references({}) == ()


def workload(name: str, image: str = "a.example/x:1", **env: str) -> JsonObject:
    variables = [{"name": key, "value": value} for key, value in env.items()]
    container = {"name": "c", "image": image, "env": variables}
    return {"metadata": {"name": name}, "spec": {"template": {"spec": {"containers": [container]}}}}


@pytest.mark.parametrize(
    ("ill", "well", "shared"),
    [
        ([workload("cart", DB_HOST="db")], [workload("blog")], {"host db": 2}),
        ([workload("db"), workload("cart", DB_HOST="db")], [workload("blog")], {"host db": 3}),
        ([workload("cart", DB_HOST="db")], [workload("blog", DB_HOST="db")], {}),
        ([workload("cart")], [workload("blog")], {}),
        ([workload("cart")], [workload("blog", "b.example/y:1")], {"registry a.example": 2}),
        ([], [workload("blog")], {}),
    ],
)
def test_what_the_ill_share_and_no_well_one_has(
    ill: list[JsonObject], well: list[JsonObject], shared: dict[str, int]
) -> None:
    """What serves a host counts as sharing it; what a well one has as well explains nothing."""
    assert shared_by_ill(workload("web", DB_HOST="db"), ill, well) == shared


def ill_shop(sandbox: Sandbox) -> None:
    """`web` and `cart` need the database, which has no image; `blog` does not and is well."""
    env = {"DB_HOST": "db"}
    made = deployment(env=env, fault="crashloop")
    made["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "rates"}}]
    sandbox.apply(
        [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "rates", "namespace": NAMESPACE},
                "data": {"password": "hunter22"},
            },
            deployment("db", fault="imagepull", replicas=1),
            deployment("cart", env=env, fault="crashloop", replicas=1),
            deployment("blog", replicas=1),
            made,
        ]
    )
    sandbox.settle(120)


def read(sandbox: Sandbox, cluster: Any, clock: ManualClock, name: str = "web") -> Evidence:
    item = sandbox.get("Deployment", NAMESPACE, name)
    assert item
    target = Target(kind="Deployment", namespace=NAMESPACE, name=name, uid=item["metadata"]["uid"])
    return collect(cluster, target, revisions=Remembered(), clock=clock)


def test_who_else_is_ill_and_which_configuration_changed(
    sandbox: Sandbox, cluster: KubernetesCluster, clock: ManualClock
) -> None:
    """Both read where the target is ill; of the ConfigMap nothing but its metadata is asked for or kept."""
    ill_shop(sandbox)
    sandbox.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "rates", "namespace": NAMESPACE},
            "data": {"password": "hunter23"},
        }
    )
    evidence = read(sandbox, cluster, clock)
    assert {fact.name: fact.shares for fact in evidence.neighbours} == {
        "cart": ("host db",),
        "db": ("host db",),
    }
    assert all(fact.since for fact in evidence.neighbours)
    (rates,) = evidence.configs
    assert (rates.name, rates.exists, rates.uses) == ("rates", True, ("environment",))
    assert rates.changed_at is not None
    told = {item.kind: item for item in evidence.items}
    assert "host db (3 of 3)" in told["neighbours"].summary
    assert "2 of 3 other workloads" in told["neighbours"].summary
    assert "newest change is of rates" in told["config_changes"].summary
    assert "hunter" not in evidence.model_dump_json()
    assert cluster.get(CONFIGMAPS, NAMESPACE, "rates").keys() == {"metadata"}
    assert all(item.keys() == {"metadata"} for item in cluster.list(CONFIGMAPS, NAMESPACE))


def test_a_well_workload_asks_for_none_of_this(
    sandbox: Sandbox, cluster: KubernetesCluster, clock: ManualClock
) -> None:
    """Requests are made where their answers may matter."""
    ill_shop(sandbox)
    evidence = read(sandbox, cluster, clock, "blog")
    assert {"neighbours", "config_changes"}.isdisjoint(item.kind for item in evidence.items)


def test_a_config_map_that_does_not_exist(
    sandbox: Sandbox, cluster: KubernetesCluster, clock: ManualClock
) -> None:
    """Is a fact, with its name."""
    ill_shop(sandbox)
    sandbox.delete("ConfigMap", NAMESPACE, "rates")
    evidence = read(sandbox, cluster, clock)
    assert [(fact.name, fact.exists) for fact in evidence.configs] == [("rates", False)]
    assert "ConfigMap rates does not exist" in [item.summary for item in evidence.items]
