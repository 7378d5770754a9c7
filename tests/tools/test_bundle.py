"""Bundles: read from plain files, written back the same, and refused with the file's name when they are wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tools.bundle import Bundle, BundleError, BundleMeta, LogName

CLUSTER = """\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
apiVersion: v1
kind: List
items:
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web, namespace: shop, creationTimestamp: 2026-01-05T11:00:00Z}
  spec: {replicas: 2}
- apiVersion: example.org/v1
  kind: Gateway
  metadata: {name: front, namespace: shop}
---
apiVersion: v1
kind: PodList
items:
- metadata: {name: web-1, namespace: shop}
"""


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A small bundle with every kind of file."""
    files = {
        "alert.json": json.dumps({"version": "4", "alerts": []}),
        "alerts/03.json": json.dumps({"number": 3}),
        "alerts/02.json": json.dumps({"number": 2}),
        "cluster.yaml": CLUSTER,
        "meta.yaml": "now: 2026-01-05T12:00:00Z\ntitle: a case\nforbidden: [secrets, shop/pods/log]\n",
        "logs/shop/web-1/web.log": "now running\n",
        "logs/shop/web-1/web.previous.log": "it crashed\n",
        "metrics.yaml": "[{query_contains: cpu, series: []}]",
        "llm.jsonl": '{"answer": 1}\n\n{"answer": 2}\n',
        "history.yaml": "incidents: []\n",
        "expected.yaml": "expected: notify_only\n",
    }
    for name, text in files.items():
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return tmp_path


def test_a_bundle_is_loaded_whole(case: Path) -> None:
    """Bodies in order of delivery, lists unfolded, instants left as text, both logs."""
    bundle = Bundle.load(case)
    assert bundle.meta.now == datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert bundle.meta.forbidden == ("secrets", "shop/pods/log")
    assert bundle.meta.captured is None
    assert [body.get("number") for body in bundle.alerts] == [None, 2, 3]
    assert [obj["kind"] for obj in bundle.objects] == ["Namespace", "Deployment", "Gateway", "Pod"]
    assert bundle.objects[1]["metadata"]["creationTimestamp"] == "2026-01-05T11:00:00Z"
    assert bundle.objects[3]["apiVersion"] == "v1"
    assert bundle.logs == {
        LogName("shop", "web-1", "web"): "now running\n",
        LogName("shop", "web-1", "web", previous=True): "it crashed\n",
    }
    assert bundle.metrics == ({"query_contains": "cpu", "series": []},)
    assert bundle.llm == ({"answer": 1}, {"answer": 2})
    assert bundle.history == {"incidents": []}


def test_what_was_expected_is_never_loaded(case: Path) -> None:
    """The answer must not be anywhere in what an agent under test is given."""
    assert "notify_only" not in repr(Bundle.load(case))


def test_writing_and_loading_gives_the_same_bundle(
    case: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A captured bundle replays to the same decision only if nothing is lost on the way."""
    bundle = Bundle.load(case)
    place = tmp_path_factory.mktemp("copies") / "copy"
    bundle.write(place)
    again = Bundle.load(place)
    assert (again.meta, again.alerts, again.objects, again.logs) == (
        bundle.meta,
        bundle.alerts,
        bundle.objects,
        bundle.logs,
    )
    assert (again.metrics, again.llm, again.history) == (bundle.metrics, bundle.llm, bundle.history)
    with pytest.raises(BundleError, match="holds a bundle already"):
        bundle.write(place)


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("alert.json", "not json", "alert.json: not JSON"),
        ("alert.json", "[]", "must be one JSON object"),
        ("meta.yaml", "title: no clock", "meta.yaml: now: Field required"),
        ("meta.yaml", "now: 2026-01-05T12:00:00", "must have a time zone"),
        ("meta.yaml", "now: 2026-01-05T12:00:00Z\napi: slow", "meta.yaml: api"),
        ("meta.yaml", "- now", "must be one mapping"),
        ("cluster.yaml", "a: [", "cluster.yaml: not YAML"),
        ("cluster.yaml", "kind: Pod", "needs apiVersion and kind"),
        (
            "cluster.yaml",
            "{apiVersion: v1, kind: Pod, metadata: {}}",
            "document 1: an object needs metadata.name",
        ),
        (
            "cluster.yaml",
            "{apiVersion: v1, kind: Node, metadata: {name: a}}\n---\n{apiVersion: v1, kind: Node, metadata: {name: a}}",
            "is there twice",
        ),
        ("llm.jsonl", "{}\n{", "llm.jsonl: line 2: not JSON"),
        ("metrics.yaml", "a: 1", "metrics.yaml: must be a list"),
    ],
)
def test_a_wrong_file_is_named(case: Path, file: str, text: str, complaint: str) -> None:
    """The message says which file, where, and what is wrong."""
    (case / file).write_text(text)
    with pytest.raises(BundleError) as refused:
        Bundle.load(case)
    assert complaint in str(refused.value)
    assert file in str(refused.value)


@pytest.mark.parametrize("missing", ["alert.json", "meta.yaml"])
def test_a_missing_file_is_named(case: Path, missing: str) -> None:
    """Only these two are not optional."""
    (case / missing).unlink()
    with pytest.raises(BundleError, match=f"{missing}: missing"):
        Bundle.load(case)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Nothing is guessed from a path that does not exist."""
    with pytest.raises(BundleError, match="no such folder"):
        Bundle.load(tmp_path / "nothing")


def test_a_bundle_needs_no_cluster(tmp_path: Path) -> None:
    """An alert about a cluster that does not answer has no objects."""
    bundle = Bundle(BundleMeta(now=datetime(2026, 1, 5, tzinfo=UTC), api="refused"), alerts=({"alerts": []},))
    bundle.write(tmp_path / "case")
    loaded = Bundle.load(tmp_path / "case")
    assert (loaded.objects, loaded.logs, loaded.meta.api) == ((), {}, "refused")
