"""Events as facts: told once for all pods that show them, with the times that hold for every one of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tools.facts import event_facts


def back_off(pod: str, minute: int, **more: Any) -> dict[str, Any]:
    """A BackOff event of this pod, seen first at 12:MM and last at 12:30."""
    return {
        "involvedObject": {"kind": "Pod", "name": pod},
        "type": "Warning",
        "reason": "BackOff",
        "message": f"Back-off restarting failed container web in pod {pod}_shop(1f)",
        "firstTimestamp": f"2026-01-05T12:{minute:02}:00Z",
        "lastTimestamp": "2026-01-05T12:30:00Z",
        "count": 3,
        **more,
    }


def test_the_first_time_is_that_of_the_last_pod_to_begin() -> None:
    """By then every pod had shown it; a rule may lean on that, on the first pod's time it may not."""
    (fact,) = event_facts([back_off("web-1", 5), back_off("web-2", 9), back_off("web-3", 7)])
    assert fact.first_seen == datetime(2026, 1, 5, 12, 9, tzinfo=UTC)
    assert (fact.count, fact.objects, fact.name) == (9, 3, "web-3")


def test_one_whose_first_time_is_not_known_leaves_none() -> None:
    """Nothing holds for all of them then."""
    unknown = back_off("web-2", 9, firstTimestamp=None)
    (fact,) = event_facts([back_off("web-1", 5), unknown])
    assert fact.first_seen is None


def test_several_events_of_one_pod_are_of_one() -> None:
    """A person is not told that two pods fail where one does, twice."""
    (fact,) = event_facts([back_off("web-1", 5), back_off("web-1", 9)])
    assert (fact.count, fact.objects) == (6, 1)


def test_an_event_of_the_newer_kind_has_its_first_time_elsewhere() -> None:
    """events.k8s.io writes eventTime and a series."""
    series = {"count": 4, "lastObservedTime": "2026-01-05T12:31:00Z"}
    newer = back_off("web-1", 5, firstTimestamp=None, eventTime="2026-01-05T12:04:00Z", series=series)
    (fact,) = event_facts([newer])
    assert fact.first_seen == datetime(2026, 1, 5, 12, 4, tzinfo=UTC)


def test_the_other_object_of_an_event_is_kept_of_the_newest() -> None:
    """Whom a pod was preempted for stands there and not in the words."""
    for_whom = {"kind": "Pod", "namespace": "pay", "name": "api-1"}
    older = back_off("web-1", 5, lastTimestamp="2026-01-05T12:20:00Z", related={**for_whom, "name": "api-0"})
    (fact,) = event_facts([back_off("web-2", 7, related=for_whom), older])
    assert fact.related == "Pod pay/api-1"
    (alone,) = event_facts([back_off("web-1", 5, related={"kind": "Node", "name": "n1"})])
    assert alone.related == "Node n1"
    (without,) = event_facts([back_off("web-1", 5, related=None)])
    assert without.related == ""
