"""Which Services a pod template names as hosts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.shop import NAMESPACE, service
from tools.dependencies import MOST, dependency_facts, services_named


def template(
    env: dict[str, str] | None = None, args: list[str] | None = None, init: bool = False
) -> dict[str, Any]:
    container = {
        "name": "web",
        "env": [{"name": key, "value": value} for key, value in (env or {}).items()],
        "args": args or [],
    }
    containers = "initContainers" if init else "containers"
    return {"metadata": {"labels": {"app": "web"}}, "spec": {containers: [container]}}


def named(made: dict[str, Any], *services: str) -> list[str]:
    known = [service(name, name) for name in services or ("db", "cart", "web")]
    return [found["metadata"]["name"] for found in services_named(made, known, NAMESPACE)]


@pytest.mark.parametrize(
    "env",
    [
        {"DATABASE_URL": "postgres://u:p@db:5432/x"},
        {"X": "http://db/health"},
        {"X": "db.shop.svc.cluster.local:5432"},
        {"X": "db.shop.svc:5432"},
        {"X": "tcp://db.shop:5432"},
        {"DB_HOST": "db"},
        {"BROKERS": "one:9092,db:9092"},
        {"DSN": "user:pass@tcp(db:3306)/x"},
        {"REDIS_ADDR": "DB."},
    ],
)
def test_a_host_in_the_environment(env: dict[str, str]) -> None:
    """In a URL, before a port, qualified, or under a key that speaks of a host."""
    assert named(template(env)) == ["db"]
    assert named(template(env, init=True)) == ["db"]


@pytest.mark.parametrize(
    "args",
    [
        ["--db-host=db"],
        ["--db-host", "db"],
        ["--url=http://db:80"],
        ["-c", "wait-for db:5432"],
        ["http://db"],
    ],
)
def test_a_host_in_the_arguments(args: list[str]) -> None:
    """Joined to its flag, after it, or in a command line."""
    assert named(template(args=args)) == ["db"]


@pytest.mark.parametrize(
    "env",
    [
        {"CACHE_TYPE": "db"},
        {"X": "db"},
        {"X": "http://db.other:80"},
        {"X": "http://db.example.com"},
        {"X": "mydb:5432"},
        {"LOG": "a/db:latest"},
        {"MODE": "cart"},
    ],
)
def test_a_name_that_is_no_host_here(env: dict[str, str]) -> None:
    """A word, another namespace, another domain, part of a name, an image."""
    assert named(template(env)) == []


def test_a_variable_without_a_value_names_nothing() -> None:
    """Values from Secrets and ConfigMaps are not read."""
    made = template()
    made["spec"]["containers"][0]["env"] = [
        {"name": "DB_HOST", "valueFrom": {"secretKeyRef": {"name": "db", "key": "h"}}}
    ]
    assert named(made) == []


def test_its_own_service_is_no_dependency() -> None:
    """One that selects the workload's own pods."""
    assert named(template({"SELF_URL": "http://web:80", "DB_HOST": "db"})) == ["db"]


def test_there_are_not_more_than_can_be_read() -> None:
    """A gateway names dozens; the first few by name are looked at, always the same ones."""
    names = [f"s{number}" for number in range(9)]
    env = {f"S{number}_HOST": name for number, name in enumerate(reversed(names))}
    assert named(template(env), *names) == names[:MOST]


def pod(ready: str, at: str = "2026-01-05T12:00:00Z", **metadata: Any) -> dict[str, Any]:
    ready_condition = {"type": "Ready", "status": ready, "lastTransitionTime": at}
    return {"metadata": metadata, "status": {"conditions": [ready_condition]}}


def test_recovery_is_when_the_last_of_its_pods_became_ready() -> None:
    """While one is not ready it has not recovered; one that is being deleted does not count; none is no recovery."""
    database = service("db", "db")
    both = [pod("True"), pod("True", "2026-01-05T12:03:00Z")]
    facts = dependency_facts(database, [*both, pod("False", deletionTimestamp="x")], "e6")
    assert (facts.pods, facts.ready, facts.evidence_id) == (2, 2, "e6")
    assert facts.recovered_at is not None
    assert facts.recovered_at.minute == 3
    assert dependency_facts(database, [*both, pod("False")], "e6").recovered_at is None
    assert dependency_facts(database, [], "e6").recovered_at is None


def test_a_service_is_back_since_the_first_of_its_pods_became_ready() -> None:
    """One pod that was ready all the time means that the Service was never down."""
    both = [pod("True", "2026-01-05T09:00:00Z"), pod("True", "2026-01-05T12:03:00Z")]
    facts = dependency_facts(service("db", "db"), both, "e6")
    assert facts.ready_since is not None
    assert (facts.ready_since.hour, facts.ready_since.minute) == (9, 0)
    assert dependency_facts(service("db", "db"), [pod("False")], "e6").ready_since is None
