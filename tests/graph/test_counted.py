"""One pod is one pod."""

from __future__ import annotations

from graph import counted
from tools.records import EventFacts


def test_one_has_its_own_words() -> None:
    """Noun and verb fit the number."""
    assert counted.pods(1, "crashes", "crash") == "1 pod crashes"
    assert counted.pods(3, "crashes", "crash") == "3 pods crash"
    assert counted.pods(1, "is", "are", kind="new") == "1 new pod is"
    assert counted.all_pods(1, "is", "are") == "The only pod is"
    assert counted.all_pods(2, "is", "are") == "All 2 pods are"
    assert [counted.times(n, "restart") for n in (0, 1, 2)] == ["0 restarts", "1 restart", "2 restarts"]


def test_a_sum_over_objects_is_said_to_be_one() -> None:
    """And an event that came once needs no number."""
    event = EventFacts(kind="Pod", name="web-1", type="Warning", reason="Unhealthy", message="503")
    assert counted.told(event) == 'Unhealthy: "503"'
    assert counted.told(event.model_copy(update={"count": 7})) == 'Unhealthy, 7 times: "503"'
    several = event.model_copy(update={"count": 528, "objects": 3})
    assert counted.told(several) == 'Unhealthy, 528 times on 3 pods: "503"'
