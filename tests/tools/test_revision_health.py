"""Prometheus proves that the revision before was ready, where nothing else does; and is asked only there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import pytest

from tests.tools.shop import NAMESPACE, Remembered, deployment, of_kind
from tools.cluster import KubernetesCluster
from tools.evidence import collect
from tools.prometheus import PrometheusApi
from tools.records import Evidence, EvidenceItem, Target
from tools.resources import DAEMONSETS, STATEFULSETS
from tools.revisions import RevisionLedger, RevisionSeen
from tools.sandbox import Sandbox
from tools.sandbox.prometheus import PrometheusServer, Spoilt

READY, WANTED = "kube_replicaset_status_ready_replicas", "kube_replicaset_spec_replicas"


class Shop:
    """A release that crashes over one that ran for two hours, both of three pods."""

    def __init__(self, sandbox: Sandbox, cluster: KubernetesCluster, server: PrometheusServer) -> None:
        self.sandbox, self.cluster, self.server = sandbox, cluster, server
        self.older = self.collect(ask=False).revisions[-1]

    def collect(self, *, ask: bool = True, ledger: RevisionLedger | None = None) -> Evidence:
        item = self.sandbox.get("Deployment", NAMESPACE, "web")
        assert item
        target = Target(kind="Deployment", namespace=NAMESPACE, name="web", uid=item["metadata"]["uid"])
        return collect(
            self.cluster,
            target,
            revisions=ledger or Remembered(),
            clock=self.sandbox.clock,
            metrics=PrometheusApi(self.server.url) if ask else None,
        )

    def told(self, ready: dict[int, int], *, wanted: int = 3, namespace: str = NAMESPACE) -> float | None:
        """Pods ready so many minutes before the release, by Prometheus; what becomes of the older revision."""
        labels = {"namespace": namespace, "replicaset": self.older.name}
        self.server.hold(READY, (labels, [(60 * minutes, count) for minutes, count in ready.items()]))
        self.server.hold(WANTED, (labels, [(60 * minutes, wanted) for minutes in ready]))
        return self.collect().revisions[-1].told_healthy_seconds


SET_READY, SET_WANTED = "kube_statefulset_status_replicas_ready", "kube_statefulset_replicas"
SET_REVISION = "kube_statefulset_status_current_revision"


@pytest.mark.parametrize(
    ("current", "seconds"),
    [
        pytest.param(range(0, 51), 3000, id="of the older one all the time"),
        pytest.param(range(0, 21), 1200, id="since it was the current one"),
        pytest.param([*range(0, 16), *range(18, 51)], 1920, id="another one in between"),
        pytest.param([], None, id="nobody says of which one they were"),
    ],
)
def test_of_a_stateful_set_it_counts_while_its_pods_were_of_that_revision(
    sandbox: Sandbox, cluster: KubernetesCluster, current: Sequence[int], seconds: int | None
) -> None:
    """kube-state-metrics counts its pods together: whose they were it tells beside that."""
    sandbox.apply(of_kind("StatefulSet", deployment()))
    sandbox.settle(7200)
    sandbox.apply(of_kind("StatefulSet", deployment(image="registry.example/web:2", fault="crashloop")))
    sandbox.settle(300)
    live = cluster.get(STATEFULSETS, NAMESPACE, "web")
    target = Target(kind="StatefulSet", namespace=NAMESPACE, name="web", uid=live["metadata"]["uid"])
    clock = sandbox.clock
    with PrometheusServer() as server:
        metrics = PrometheusApi(server.url)
        ask = partial(collect, cluster, target, revisions=Remembered(), clock=clock, metrics=metrics)
        older = ask().revisions[-1]
        server.hold(SET_READY, ({"namespace": NAMESPACE}, [(60 * m, 3) for m in range(51)]))
        server.hold(SET_WANTED, ({"namespace": NAMESPACE}, [(60 * m, 3) for m in range(51)]))
        told = {"namespace": NAMESPACE, "revision": older.name}
        server.hold(SET_REVISION, (told, [(60 * m, 1) for m in current]))
        evidence = ask()
    assert evidence.revisions[-1].told_healthy_seconds == seconds
    assert [item.status for item in health(evidence)] == ["no_data" if seconds is None else "found"]


def test_of_a_daemon_set_nothing_is_asked_about_revisions(
    sandbox: Sandbox, cluster: KubernetesCluster
) -> None:
    """kube-state-metrics does not tell them apart; what its pods use is asked."""
    sandbox.apply(of_kind("DaemonSet", deployment()))
    sandbox.settle(900)
    live = cluster.get(DAEMONSETS, NAMESPACE, "web")
    target = Target(kind="DaemonSet", namespace=NAMESPACE, name="web", uid=live["metadata"]["uid"])
    with PrometheusServer() as server:
        found = collect(
            cluster, target, revisions=Remembered(), clock=sandbox.clock, metrics=PrometheusApi(server.url)
        )
    assert health(found) == []
    assert {"processor_use", "memory_growth"} <= {item.kind for item in found.items}


@pytest.fixture
def shop(sandbox: Sandbox, cluster: KubernetesCluster) -> Iterator[Shop]:
    """See `Shop`."""
    sandbox.apply(deployment())
    sandbox.settle(7200)
    sandbox.apply(
        deployment(image="registry.example/web:2", fault="crashloop", strategy={"type": "Recreate"})
    )
    sandbox.settle(300)
    with PrometheusServer() as server:
        yield Shop(sandbox, cluster, server)


def health(evidence: Evidence) -> list[EvidenceItem]:
    """The item about it, if there is one."""
    return [item for item in evidence.items if item.kind == "revision_health"]


def minutes(first: int, last: int, count: int = 3, *, every: int = 1) -> dict[int, int]:
    """So many pods from so many minutes before the release to so many."""
    return dict.fromkeys(range(last, first + 1, every), count)


@pytest.mark.parametrize(
    ("ready", "seconds"),
    [
        pytest.param(minutes(50, 0), 3000, id="all the time"),
        pytest.param(minutes(60, 0) | {30: 2}, 1740, id="once one of them was not"),
        pytest.param(minutes(60, 40) | minutes(30, 0), 1800, id="ten minutes that nobody knows"),
        pytest.param(minutes(60, 0, every=5), 3600, id="scraped seldom"),
        pytest.param(minutes(60, 0, 2), 0, id="never all"),
        pytest.param({0: 3}, 0, id="one sample"),
    ],
)
def test_the_longest_stretch_in_which_all_were_ready(shop: Shop, ready: dict[int, int], seconds: int) -> None:
    """In the hour before the release, without a break."""
    assert shop.told(ready) == seconds


def test_the_item_says_it_with_its_query(shop: Shop) -> None:
    """For the hour that ends with the release."""
    shop.told(minutes(50, 0))
    evidence = shop.collect()
    (item,) = health(evidence)
    assert (item.status, item.summary) == (
        "found",
        "revision 1 was fully ready for 50 minutes in the hour before the release",
    )
    assert f'{READY}{{namespace="shop",replicaset=~"web-.*"}}' in item.query
    (asked, _) = [each for each in shop.server.asked if each.path.endswith("query_range")][-2:]
    assert float(asked.fields["end"]) == evidence.revisions[0].created_at.timestamp()


def test_what_does_not_count(shop: Shop) -> None:
    """None wanted, so that none is missing; or another namespace's ReplicaSet of that name."""
    assert shop.told(minutes(50, 0, 0), wanted=0) == 0
    assert shop.told(minutes(50, 0), namespace="other") is None


@pytest.mark.parametrize(("status", "word"), [(500, "failed"), (403, "forbidden"), (404, "failed")])
def test_a_failed_read_proves_nothing(shop: Shop, status: int, word: str) -> None:
    """It is said; everything else is there."""
    shop.server.spoilt = Spoilt(status)
    evidence = shop.collect()
    assert [item.status for item in health(evidence)] == [word]
    assert [r.told_healthy_seconds for r in evidence.revisions] == [None, None]


def test_nothing_known_is_no_data_and_no_prometheus_is_absent(shop: Shop) -> None:
    """Neither is missing."""
    known, absent = shop.collect(), shop.collect(ask=False)
    assert [item.status for item in (*health(known), *health(absent))] == ["no_data", "absent"]
    assert known.missing() == ()


def test_it_is_not_asked_where_the_ledger_proves_it(shop: Shop) -> None:
    """Nor where all pods are well, nor of an old release."""
    item = shop.sandbox.get("Deployment", NAMESPACE, "web")
    assert item
    seen = RevisionSeen(
        workload_uid=item["metadata"]["uid"],
        template_digest=shop.older.template_digest,
        revision=1,
        healthy_seconds=600.0,
        last_seen=shop.sandbox.clock.now(),
    )
    assert health(shop.collect(ledger=Remembered(seen))) == []
    shop.sandbox.settle(25 * 3600)
    assert health(shop.collect()) == []


def test_a_release_that_is_well_asks_nothing(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """There is nothing to go back from."""
    sandbox.apply(deployment())
    sandbox.settle(7200)
    sandbox.apply(deployment(image="registry.example/web:2"))
    sandbox.settle(300)
    with PrometheusServer() as server:
        assert health(Shop(sandbox, cluster, server).collect()) == []
