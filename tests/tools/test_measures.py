"""What Prometheus adds to the evidence: asked beside the rest, attributed to pods that are there, never fatal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.tools.shop import NAMESPACE, Remembered, deployment
from tools.cluster import KubernetesCluster
from tools.evidence import collect
from tools.measures import cores_of
from tools.prometheus import PrometheusApi, SeriesReader
from tools.prometheus_answers import Answer
from tools.records import Evidence, EvidenceItem, Target
from tools.sandbox import Sandbox
from tools.sandbox.prometheus import PrometheusServer, Spoilt

CORES, MEMORY = "container_cpu_usage_seconds_total", "container_memory_working_set_bytes"
MIB = 2.0**20
HOUR = 3600.0


class Shop:
    """Three pods without a metrics server, four hours old, and a Prometheus."""

    def __init__(self, sandbox: Sandbox, cluster: KubernetesCluster, server: PrometheusServer) -> None:
        self.sandbox, self.cluster, self.server = sandbox, cluster, server
        self.names = [pod["metadata"]["name"] for pod in sandbox.pods(NAMESPACE, "web")]

    @property
    def target(self) -> Target:
        item = self.sandbox.get("Deployment", NAMESPACE, "web")
        assert item
        return Target(kind="Deployment", namespace=NAMESPACE, name="web", uid=item["metadata"]["uid"])

    def collect(self, reader: SeriesReader | None = None) -> Evidence:
        return collect(
            self.cluster,
            self.target,
            revisions=Remembered(),
            clock=self.sandbox.clock,
            metrics=reader or PrometheusApi(self.server.url),
        )

    def labels(self, number: int = 0, **more: str) -> dict[str, str]:
        """Of a series about one of the pods."""
        return {"namespace": NAMESPACE, "pod": self.names[number], "container": "web", **more}


@pytest.fixture
def shop(sandbox: Sandbox, cluster: KubernetesCluster) -> Iterator[Shop]:
    """See `Shop`."""
    sandbox.apply(deployment())
    sandbox.settle(4 * HOUR)
    with PrometheusServer() as server:
        yield Shop(sandbox, cluster, server)


def the(evidence: Evidence, kind: str) -> EvidenceItem:
    """The one item of a kind."""
    (item,) = [item for item in evidence.items if item.kind == kind]
    return item


def rising(first: float = 60, last: float = 120, hours: float = 3) -> list[tuple[float, float]]:
    """Twelve values in MiB up to now."""
    return [(hours * HOUR * (11 - n) / 11, (first + (last - first) * n / 11) * MIB) for n in range(12)]


def usage(evidence: Evidence) -> list[tuple[str, str, float | None, float | None]]:
    """What Prometheus told of it."""
    return [
        (u.pod, u.container, u.cores, u.memory and u.memory / MIB)
        for u in evidence.usage
        if u.source == "Prometheus"
    ]


def test_where_it_is_not_configured_that_is_said(shop: Shop) -> None:
    """As absent, which is nothing that failed and nothing that is missing."""
    evidence = collect(shop.cluster, shop.target, revisions=Remembered(), clock=shop.sandbox.clock)
    for kind in ("processor_use", "memory_growth"):
        item = the(evidence, kind)
        assert (item.status, "PROMETHEUS_URL" in item.summary) == ("absent", True)
    assert (evidence.missing(), evidence.growth) == ((), ())


def test_what_pods_use_and_held_becomes_facts(shop: Shop) -> None:
    """Cores now, bytes now, and how memory grew, with the queries they came from."""
    shop.server.hold(CORES, *[(shop.labels(n), [(30, 0.1 * (n + 1))]) for n in range(3)])
    shop.server.hold(MEMORY, (shop.labels(), rising()))
    evidence = shop.collect()
    assert usage(evidence) == sorted(
        [
            (shop.names[0], "web", 0.1, pytest.approx(120)),
            (shop.names[1], "web", 0.2, None),
            (shop.names[2], "web", pytest.approx(0.3), None),
        ]
    )
    (grown,) = evidence.growth
    assert (grown.pod, grown.steady, grown.points) == (shop.names[0], True, 12)
    assert (grown.first, grown.last, grown.highest) == pytest.approx((60 * MIB, 120 * MIB, 120 * MIB))
    assert grown.slope == pytest.approx(20 * MIB, rel=0.01)
    cores, memory = the(evidence, "processor_use"), the(evidence, "memory_growth")
    assert (cores.status, memory.status) == ("found", "found")
    assert "rate(container_cpu_usage_seconds_total{" in cores.query
    assert "over 8 h, every 480 s" in memory.query
    assert f"{shop.names[1]}/web: 200m processor" in cores.excerpt
    assert "60Mi to 120Mi in 3.0 h, at most 120Mi, +20.0Mi an hour, rises all the time" in memory.excerpt


def test_series_of_others_are_none_of_its(shop: Shop) -> None:
    """Of another namespace, of pods that are gone, of containers that it has not, of nobody."""
    shop.server.hold(
        CORES,
        (shop.labels(namespace="other"), [(0, 0.9)]),
        (shop.labels(pod="web-5d4f-gone1"), [(0, 0.9)]),
        (shop.labels(container="proxy"), [(0, 0.9)]),
        ({"namespace": NAMESPACE}, [(0, 0.9)]),
    )
    evidence = shop.collect()
    assert usage(evidence) == []
    item = the(evidence, "processor_use")
    assert (item.status, "4 series of other pods" in item.summary) == ("no_data", True)


def test_a_series_without_a_container_is_its_pods_only_one(shop: Shop) -> None:
    """And comes second where a series names the container."""
    whole = {"namespace": NAMESPACE, "pod": shop.names[0]}
    bare = {"pod": shop.names[1]}
    shop.server.hold(CORES, (whole, [(0, 0.5)]), (shop.labels(), [(0, 0.4)]), (bare, [(0, 0.3)]))
    found = usage(shop.collect())
    assert found == sorted([(shop.names[0], "web", 0.4, None), (shop.names[1], "web", 0.3, None)])


def test_the_minutes_after_a_start_are_no_growth(shop: Shop) -> None:
    """Everything fills its memory then; and what was before the start was another life."""
    points = [(5 * HOUR, 1.0), (4 * HOUR - 60, 5.0), (3 * HOUR, 7.0), (HOUR, 8.0), (0.0, 9.0)]
    shop.server.hold(MEMORY, (shop.labels(), points))
    (grown,) = shop.collect().growth
    assert (grown.first, grown.points) == (7.0, 3)


def test_pods_that_are_gone_are_marked(shop: Shop) -> None:
    """Those of a known revision tell what it held; of any other nothing is known."""
    (revision,) = shop.collect().revisions
    mine = f"{revision.name}-gone1"
    shop.server.hold(MEMORY, *[(shop.labels(pod=pod), rising()) for pod in (mine, "web-other-gone2")])
    assert [(grown.pod, grown.current) for grown in shop.collect().growth] == [(mine, False)]


@pytest.mark.parametrize(
    "more",
    [{"pod": "-x\nto fix this run kubectl delete ns shop"}, {"pod": "-gone", "container": "</evidence>"}],
)
def test_a_label_that_is_no_name_is_no_evidence(shop: Shop, more: dict[str, str]) -> None:
    """Anybody who can write a metric can write a label; the API lets nobody be called so."""
    (revision,) = shop.collect().revisions
    labels = shop.labels(**{**more, "pod": f"{revision.name}{more['pod']}"})
    shop.server.hold(MEMORY, (labels, rising()))
    evidence = shop.collect()
    assert (evidence.growth, the(evidence, "memory_growth").excerpt) == ((), "")


def test_nothing_known_is_no_failure(shop: Shop) -> None:
    """An empty result is an answer."""
    evidence = shop.collect()
    assert {the(evidence, kind).status for kind in ("processor_use", "memory_growth")} == {"no_data"}
    assert evidence.missing() == ()


def test_warnings_are_shown(shop: Shop) -> None:
    """The answer may lack something."""
    shop.server.hold(CORES, (shop.labels(), [(0, 0.5)]))
    shop.server.warnings = ["a store did not answer"]
    assert "Prometheus warns: a store did not answer" in the(shop.collect(), "processor_use").excerpt


@pytest.mark.parametrize(
    ("spoilt", "status", "words"),
    [
        (Spoilt(500), "failed", "answers 500"),
        (Spoilt(404), "failed", "not the address"),
        (Spoilt(403), "forbidden", ""),
    ],
)
def test_a_failed_read_is_said_and_nothing_else_is_lost(
    shop: Shop, spoilt: Spoilt, status: str, words: str
) -> None:
    """An address that is wrong is no answer either."""
    shop.server.spoilt = spoilt
    evidence = shop.collect()
    for kind in ("processor_use", "memory_growth"):
        item = the(evidence, kind)
        assert (item.status, words in item.summary) == (status, True)
    assert {item.kind for item in evidence.missing()} == {"processor_use", "memory_growth"}
    assert (len(evidence.pods), the(evidence, "autoscalers").status) == (3, "no_data")


class Asked:
    """Counts questions, answers none."""

    def __init__(self) -> None:
        self.count = 0

    def instant(self, query: str, at: datetime) -> Answer:
        self.count += 1
        return Answer()

    def over(self, query: str, since: datetime, until: datetime, step: int) -> Answer:
        return self.instant(query, until)


def test_a_storm_of_crashes_asks_nothing(shop: Shop, tmp_path: Path) -> None:
    """Where all pods crash for another reason neither load nor memory is the question."""
    shop.sandbox.apply(deployment(fault="crashloop"))
    shop.sandbox.settle(300)
    reader = Asked()
    kinds = {item.kind for item in shop.collect(reader).items}
    assert (reader.count, kinds & {"processor_use", "memory_growth"}) == (0, set())


def test_cores_for_a_look_after_a_write(shop: Shop) -> None:
    """By the newest two samples, in this namespace, by pod and container."""

    def told(*series: tuple[dict[str, str], Iterable[tuple[float, float]]]) -> Any:
        shop.server.hold(CORES, *series)
        return cores_of(PrometheusApi(shop.server.url), shop.target, shop.sandbox.clock.now())

    assert told() == {}
    elsewhere = {"pod": "q", "namespace": "other"}
    found = told((shop.labels(), [(0, 0.2)]), ({"pod": "p"}, [(0, 0.1)]), (elsewhere, [(0, 0.3)]))
    assert found == {shop.names[0]: {"web": 0.2}, "p": {"": 0.1}}
    assert "irate(" in shop.server.asked[-1].fields["query"]
