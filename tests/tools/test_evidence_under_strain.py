"""Evidence of clusters that answer in part, lack fields, contradict themselves or are large: there is always some."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph.diagnosis import diagnose
from tests.tools.shop import NAMESPACE, Remembered, connect, deployment
from tools.bundle import Bundle
from tools.clock import ManualClock
from tools.evidence import RULES, collect
from tools.records import Alert, Evidence, RbacRule, Target
from tools.resources import JsonObject
from tools.sandbox import Sandbox
from tools.sandbox.frozen import FrozenSandbox
from tools.targets import resolve

INCIDENTS = Path(__file__).parents[1] / "incidents"
CASES = (
    "orders-export",
    "voice-bridge",
    "rack-three",
    "tape-index",
    "metrics-shard",
    "fine-export",
    "log-shipper",
    "canary-web",
)
IDENTITY = {
    ("kind",),
    ("apiVersion",),
    ("metadata",),
    ("metadata", "name"),
    ("metadata", "uid"),
    ("metadata", "namespace"),
}
ABSURD = (
    "",
    "x" * 5000,
    "\u202e",
    "-1",
    "1e999",
    "NaN",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "250%",
    "%",
)


class Laid:
    """A reader over objects as they lie, however broken they are; every container prints one line."""

    def __init__(self, objects: list[JsonObject]) -> None:
        self.objects = objects

    def get(self, resource: Any, namespace: str, name: str) -> JsonObject:
        from tools.errors import NotFound

        for item in self.list(resource, namespace if resource.namespaced else ""):
            if item["metadata"]["name"] == name:
                return item
        raise NotFound(f"{resource.kind} {namespace}/{name} not found")

    def list(self, resource: Any, namespace: str = "", **_: str) -> list[JsonObject]:
        places = ("", namespace) if namespace else None
        return [
            item
            for item in self.objects
            if item["kind"] == resource.kind
            and (places is None or item["metadata"].get("namespace", "default") in places)
        ]

    def logs(self, *_: Any, **__: Any) -> str:
        return "Error: something\n"

    def allowed(self, *_: Any) -> bool:
        return True

    def version(self) -> str:
        return "v1.34.4"


def paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in an object."""
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in entries:
        yield (*before, key)
        yield from paths(inner, (*before, key))


def broken(objects: tuple[JsonObject, ...], rng: random.Random) -> list[JsonObject]:
    """The objects with fields taken away, set to null, or filled with what no controller writes."""
    copied = copy.deepcopy(list(objects))
    for _ in range(rng.randint(1, 2 * len(copied))):
        item = rng.choice(copied)
        place = rng.choice([path for path in paths(item) if path not in IDENTITY])
        holder = item
        for key in place[:-1]:
            holder = holder[key]
        old = holder[place[-1]]
        absurd = rng.choice(ABSURD) if isinstance(old, str) else rng.choice((-1, 0, 2**63 - 1))
        if rng.random() < 0.4 and isinstance(old, str | int) and not isinstance(old, bool):
            holder[place[-1]] = absurd
        elif isinstance(holder, dict):
            holder[place[-1]] = None if rng.random() < 0.5 else holder.pop(place[-1]) and None
    return copied


@pytest.mark.parametrize("case", CASES)
def test_objects_that_lack_what_they_should_have(case: str) -> None:
    """Raw JSON is read, and a field that is absent, null or absurd is never an error: there is always a finding."""
    bundle, rng = Bundle.load(INCIDENTS / case), random.Random(case)
    alerts = [
        Alert(fingerprint="f", status="firing", labels=each["labels"], starts_at=bundle.meta.now)
        for body in bundle.alerts
        for each in body["alerts"]
    ]
    decided = 0
    for _ in range(12):
        cluster = Laid(broken(bundle.objects, rng))
        target = resolve(cluster, alerts).target
        if target:
            decided += 1
            evidence = collect(
                cluster, target, revisions=Remembered(), clock=ManualClock(bundle.meta.now), all_guards=True
            )
            finding, _ = diagnose(evidence, target, alerts)
            assert finding.summary
            assert all(len(item.excerpt.encode()) <= 5000 for item in evidence.items)
    assert decided


def grant_in(sandbox: Sandbox, namespace: str) -> str:
    """A token of an account that may read in this one namespace, and nothing of the cluster's own."""
    token = sandbox.token(namespace, "narrow")
    group = "rbac.authorization.k8s.io"
    rules: list[RbacRule] = list(RULES)
    role = {
        "apiVersion": f"{group}/v1",
        "kind": "Role",
        "metadata": {"name": "narrow", "namespace": namespace},
        "rules": [{"apiGroups": [r.group], "resources": [r.resource], "verbs": list(r.verbs)} for r in rules],
    }
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "narrow", "namespace": namespace},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "narrow"},
        "subjects": [{"kind": "ServiceAccount", "name": "narrow", "namespace": namespace}],
    }
    sandbox.apply([role, binding])
    return token


def read(cluster: Any, sandbox: Sandbox, clock: ManualClock, name: str = "web") -> Evidence:
    item = sandbox.get("Deployment", NAMESPACE, name)
    assert item
    target = Target(kind="Deployment", namespace=NAMESPACE, name=name, uid=item["metadata"]["uid"])
    return collect(cluster, target, revisions=Remembered(), clock=clock, all_guards=True)


def test_an_account_of_one_namespace(sandbox: Sandbox, clock: ManualClock, tmp_path: Path) -> None:
    """What is inside is read and proves; what lies outside is forbidden, by name, and nothing fails for it."""
    sandbox.apply([deployment(fault="imagepull"), deployment("cart", fault="imagepull")])
    sandbox.settle(120)
    narrow = connect(sandbox, tmp_path, grant_in(sandbox, NAMESPACE))
    evidence = read(narrow, sandbox, clock)
    forbidden = {item.kind for item in evidence.items if item.status == "forbidden"}
    assert {"nodes", "image_pulls"} <= forbidden
    assert forbidden.isdisjoint({"workload", "pods", "revisions", "events", "neighbours"})
    assert [fact.name for fact in evidence.neighbours] == ["cart"]
    finding, _ = diagnose(evidence, None)
    assert finding.problem.startswith(("image", "registry"))


def crowd(count: int) -> Iterator[JsonObject]:
    """As many pods of others, each with an event that says too much."""
    for number in range(count // 2):
        identity = {
            "namespace": NAMESPACE,
            "name": f"other-{number}",
            "uid": f"uid-{number}",
            "labels": {"app": "x"},
        }
        status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": identity,
            "spec": {"containers": []},
            "status": status,
        }
        yield {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"namespace": NAMESPACE, "name": f"event-{number}"},
            "involvedObject": {"kind": "Pod", "name": f"other-{number}", "uid": f"uid-{number}"},
            "type": "Warning",
            "reason": "BackOff",
            "message": "x" * 1000,
        }


def test_a_bundle_of_two_thousand_objects(tmp_path: Path) -> None:
    """Costs as many requests as a small one, and its evidence is as small."""
    bundle = Bundle.load(INCIDENTS / "orders-export")
    namespace = bundle.alerts[0]["alerts"][0]["labels"]["namespace"]
    labels = bundle.alerts[0]["alerts"][0]["labels"]
    alert = Alert(fingerprint="f", status="firing", labels=labels, starts_at=bundle.meta.now)
    sizes, requests = [], []
    for more in (0, 2000):
        others = [{**item, "metadata": {**item["metadata"], "namespace": namespace}} for item in crowd(more)]
        large = Bundle(
            meta=bundle.meta, alerts=bundle.alerts, objects=(*bundle.objects, *others), logs=bundle.logs
        )
        folder = tmp_path / str(more)
        folder.mkdir()
        with FrozenSandbox(large) as sandbox:
            cluster = connect(sandbox, folder)  # type: ignore[arg-type]
            target = resolve(cluster, [alert]).target
            assert target
            evidence = collect(cluster, target, revisions=Remembered(), clock=ManualClock(bundle.meta.now))
            requests.append(len(sandbox.requests))
        sizes.append(len(evidence.model_dump_json()))
    assert requests[1] - requests[0] <= 3  # pages of events
    assert sizes[1] == sizes[0]


def test_siblings_of_a_kind_that_is_not_read() -> None:
    """A Rollout's pods are found over its ReplicaSets: one revision is ill beside one that is well."""
    bundle = Bundle.load(INCIDENTS / "canary-web")
    labels = bundle.alerts[0]["alerts"][0]["labels"]
    alert = Alert(fingerprint="f", status="firing", labels=labels, starts_at=bundle.meta.now)
    cluster = Laid(list(bundle.objects))
    target = resolve(cluster, [alert]).target
    assert target
    evidence = collect(
        cluster, target, revisions=Remembered(), clock=ManualClock(bundle.meta.now), alerts=(alert,)
    )
    assert len({pod.owner_uid for pod in evidence.pods}) == 2
    (pods,) = (item for item in evidence.items if item.kind == "pods")
    assert pods.summary == "3 pods, 2 ready"
    assert "by revision: web-bdf55bd99 0/1 ready, web-f9d49669f 2/2 ready" in pods.excerpt
    _, candidates = diagnose(evidence, target, [alert])
    assert candidates == []
