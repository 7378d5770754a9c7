"""Whose logs are read: what fails first, of that what the alert names, and nobody's where nothing is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tools.cluster import ClusterReader
from tools.container_logs import LogRead, add_items, reads_for
from tools.errors import Forbidden, Invalid
from tools.items import Items
from tools.naming import Naming
from tools.reads import Reads
from tools.records import ContainerFacts, PodFacts

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


class Logs:
    """Containers that print what a test says; what it says nothing of has not started."""

    def __init__(self, **printed: Any) -> None:
        self.printed = printed

    def logs(self, namespace: str, pod: str, container: str, **options: Any) -> str:
        said = self.printed.get(container)
        if isinstance(said, Exception):
            raise said
        if said is None:
            raise Invalid("container is waiting to start", status=400)
        return str(said)


def reader(**printed: Any) -> ClusterReader:
    """As the reads see it: they ask for nothing but logs."""
    made: Any = Logs(**printed)
    found: ClusterReader = made
    return found


def runs(name: str = "web", **more: Any) -> ContainerFacts:
    return ContainerFacts(name=name, ready=True, running_since=NOW, **more)


def crashed(name: str = "web", **more: Any) -> ContainerFacts:
    return ContainerFacts(name=name, restart_count=3, exit_code=1, waiting_reason="CrashLoopBackOff", **more)


def pod(name: str, *containers: ContainerFacts, **more: Any) -> PodFacts:
    return PodFacts(
        name=name, uid=name, created_at=NOW, owner_uid=more.pop("owner", "r1"), containers=containers, **more
    )


def chosen(pods: list[PodFacts], *named: Naming) -> list[tuple[str, str, str]]:
    return [(plan.pod, plan.container, plan.kind) for plan in reads_for(reader(), "shop", pods, named)]


def test_the_container_that_the_alert_is_about_goes_first() -> None:
    """A sidecar that fails beside the application is not hidden by it, nor the other way round."""
    both = [pod("a", crashed("app"), crashed("proxy"), crashed("agent"))]
    assert chosen(both)[0][1] == "app"
    named = chosen(both, Naming(namespace="shop", pod="a", container="agent"))
    assert named[:2] == [("a", "agent", "previous_logs"), ("a", "agent", "logs")]
    assert len({container for _, container, _ in named}) == 2


def test_what_fails_hides_what_is_merely_named() -> None:
    """The named pod is well, its sibling crashes."""
    assert chosen([pod("a", runs()), pod("b", crashed())], Naming(pod="a")) == [
        ("b", "web", "previous_logs"),
        ("b", "web", "logs"),
    ]


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ((Naming(pod="a"),), [("a", "web", "running_logs")]),
        ((Naming(pod="a", container="proxy"),), [("a", "proxy", "running_logs")]),
        ((Naming(pod="a", container="other"),), [("a", "web", "running_logs")]),
        ((Naming(pod="gone"), Naming(pod="a")), [("a", "web", "running_logs")]),
        ((Naming(pod="going"),), []),
        ((Naming(container="web"),), []),
        ((), []),
    ],
)
def test_where_all_is_well_the_named_container_is_read(
    named: tuple[Naming, ...], expected: list[tuple[str, str, str]]
) -> None:
    """An alert about errors names a pod whose state shows none; one that names nothing costs no request."""
    well = [pod("a", runs("init", init=True), runs(), runs("proxy")), pod("going", runs(), deleting=True)]
    assert chosen(well, *named) == expected


def test_of_what_users_get_one_pod_is_read_where_none_is_named() -> None:
    """The one that has served longest; what fails is read as ever."""
    old = pod("old", runs(), ready=True).model_copy(update={"created_at": NOW - timedelta(days=1)})
    well = [pod("a", runs(), ready=True), old, pod("going", runs(), ready=True, deleting=True)]
    assert list(reads_for(reader(), "shop", well, (), errors=True)) == [
        LogRead("shop", "old", "web", previous=False, well=True)
    ]
    plans = reads_for(reader(), "shop", [*well, pod("ill", crashed())], (), errors=True)
    assert [plan.pod for plan in plans] == ["ill", "ill"]
    assert reads_for(reader(), "shop", [pod("none")], (), errors=True) == {}


def test_an_item_says_what_the_log_comes_down_to() -> None:
    """Failed reads say why, and none of them is an error."""
    pods = [pod("a", crashed("app"), crashed("proxy"))]
    items = Items()
    denied = Forbidden("pods/log is forbidden", status=403)
    with Reads(5) as reads:
        plans = reads_for(reader(app="up\nValueError: no such column\nbye\n", proxy=denied), "shop", pods, ())
        told = add_items(items, reads.run(plans))
    assert told is False
    assert [(item.kind, item.status) for item in items.all] == [
        ("previous_logs", "found"),
        ("logs", "found"),
        ("previous_logs", "forbidden"),
        ("logs", "forbidden"),
    ]
    assert items.all[0].summary.endswith("3 lines read; it comes down to: ValueError: no such column")
    assert "container=app" in items.all[0].query


def test_a_log_of_one_that_runs_well_is_kept_apart() -> None:
    """Nothing is missing without it, so that a refusal of it casts no doubt on what is proved."""
    assert LogRead("shop", "a", "web", previous=False).kind == "logs"
    assert LogRead("shop", "a", "web", previous=False, well=True).kind == "running_logs"
