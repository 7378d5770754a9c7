"""One pod is one pod."""

from __future__ import annotations

from graph import counted


def test_one_has_its_own_words() -> None:
    """Noun and verb fit the number."""
    assert counted.pods(1, "crashes", "crash") == "1 pod crashes"
    assert counted.pods(3, "crashes", "crash") == "3 pods crash"
    assert counted.pods(1, "is", "are", kind="new") == "1 new pod is"
    assert counted.all_pods(1, "is", "are") == "The only pod is"
    assert counted.all_pods(2, "is", "are") == "All 2 pods are"
    assert [counted.times(n, "restart") for n in (0, 1, 2)] == ["0 restarts", "1 restart", "2 restarts"]
