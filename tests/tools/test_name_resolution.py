"""Who resolves names: read only where a log gives a reason to look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.tools.test_surroundings import READY, Objects, item
from tools.items import Items
from tools.name_resolution import add_dns
from tools.reads import Reads
from tools.records import PodFacts

DNS = item("Pod", "coredns-a", "kube-system", {"k8s-app": "kube-dns"}, spec={}, status=READY)


def resolved(cluster: Objects, log: str, pods: Sequence[PodFacts] = ()) -> tuple[tuple[PodFacts, ...], Items]:
    """The pods that resolve names, where a log says so."""
    items = Items()
    items.add("previous_logs", "found", "q", "s", log)
    with Reads(5.0) as reads:
        return add_dns(items, cluster, pods, reads), items


@pytest.mark.parametrize(
    ("log", "asked"),
    [
        ("dial tcp: lookup db on 10.96.0.10:53: no such host", True),
        ("getaddrinfo EAI_AGAIN db.example.net", True),
        ("java.net.UnknownHostException: db", True),
        ("Temporary failure in name resolution", True),
        ("connection refused", False),
        ("user not found", False),
    ],
)
def test_who_resolves_names_is_read_where_a_log_speaks_of_it(log: str, asked: bool) -> None:
    """One list of a few pods; nothing otherwise."""
    cluster = Objects(DNS)
    found, _ = resolved(cluster, log)
    assert [each.name for each in found] == (["coredns-a"] if asked else [])
    assert len(cluster.asked) == int(asked)


def test_pods_of_dns_itself_are_not_their_own_cause() -> None:
    """Where the target is what resolves names."""
    own: Any = PodFacts(
        name="coredns-a",
        uid="uid-coredns-a",
        phase="Running",
        ready=False,
        created_at=datetime(2026, 1, 5, tzinfo=UTC),
        owner_uid="rs",
        containers=(),
    )
    assert resolved(Objects(DNS), "no such host", [own])[0] == ()


def test_a_refusal_is_told() -> None:
    """Rights in one namespace only."""
    found, items = resolved(Objects(DNS, forbidden=["pods"]), "no such host")
    assert found == ()
    assert items.all[-1].kind == "dns"
    assert items.all[-1].status == "forbidden"
