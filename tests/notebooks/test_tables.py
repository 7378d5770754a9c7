"""Tables and tallies, without a record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.notebook.overview import confidence_against_verdict, counted, durations, rules, some
from server.notebook.stopping import Stop
from server.notebook.tables import Table, pairs
from tools.past_runs import PastRun

BEGAN = datetime(2026, 1, 5, 12, tzinfo=UTC)


def run(**known: Any) -> PastRun:
    """One that began at noon."""
    return PastRun(**{"id": "a", "alert_name": "Down", "status": "notified", "began_at": BEGAN, **known})


def after(seconds: float) -> datetime:
    """So long after noon."""
    return BEGAN + timedelta(seconds=seconds)


def test_what_stands_in_a_cell_is_no_markup() -> None:
    """Logs and labels are written by others."""
    html = Table("<b>t</b>", ("<i>h</i>",), [("<script>x</script>",)])._repr_html_()
    assert "<script>" not in html
    assert "<b>" not in html
    assert "<i>" not in html
    assert "&lt;script&gt;x&lt;/script&gt;" in html


def test_as_text_a_row_is_as_high_as_its_highest_cell() -> None:
    """Columns stay below their heads."""
    text = repr(Table("t", ("a", "b", "c"), [("1\n22", "x", ""), ("", "", "z")]))
    assert text.splitlines() == ["t", "  a   b  c", "  1   x", "  22", "         z"]


def test_without_rows_it_says_so() -> None:
    """In both forms."""
    table = Table("Actions", ("a",), [], "Nothing was written.")
    assert "Nothing was written." in table._repr_html_()
    assert repr(table).endswith("Nothing was written.")
    assert repr(pairs("t", [("a", ""), ("b", None)])) == "t\n  Nothing."


def test_the_most_frequent_comes_first() -> None:
    """With its share; an empty field has a name."""
    table = counted("t", [run(), run(problem="x"), run(problem="x")], "problem", "status")
    assert list(table.rows) == [("x", "notified", 2, "67%"), ("(none)", "notified", 1, "33%")]


def test_rules_count_once_for_each_incident() -> None:
    """However many candidates one stood in the way of."""
    assert list(rules([run(blocked_by=("risk", "risk")), run(blocked_by=("mode",))]).rows) == [
        ("mode", 1),
        ("risk", 1),
    ]


def test_stages_count_only_the_runs_that_went_through_them() -> None:
    """One was asked about, one acted by itself, one is still being looked at."""
    asked = run(
        decided_at=after(1),
        asked_at=after(1),
        answered_at=after(61),
        claimed_at=after(62),
        ended_at=after(100),
    )
    acted = run(decided_at=after(3), claimed_at=after(33), ended_at=after(200))
    rows = {row[0]: row[1:] for row in durations([asked, acted, run()]).rows}
    assert rows["alert in to decision"] == (2, "2.0 s", "3.0 s", "3.0 s")
    assert rows["asked to answered"] == (1, "60.0 s", "60.0 s", "60.0 s")
    assert rows["decided to written, nobody asked"] == (1, "30.0 s", "30.0 s", "30.0 s")
    assert rows["alert in to end"] == (2, "150.0 s", "200.0 s", "200.0 s")


def test_confidence_stands_beside_what_came_of_it() -> None:
    """By ranges; the last mark counts, and what was never decided is left out."""
    runs = [
        run(confidence=1.0, action_taken="restart_deployment", verdict="RECOVERED", marks=("wrong", "right")),
        run(confidence=0.9, action_taken="restart_deployment", verdict="NOT_RECOVERED", marks=("wrong",)),
        run(confidence=0.3),
        run(),
    ]
    table = confidence_against_verdict(runs)
    assert table.heads[3:5] == ("NOT_RECOVERED", "RECOVERED")
    assert list(table.rows) == [("0.0 to 0.5", 1, 0, 0, 0, 0, 0), ("0.9 to 1.0", 2, 2, 1, 1, 1, 1)]


def test_a_record_without_incidents_is_said() -> None:
    """With what to do."""
    with pytest.raises(Stop, match=r"no incidents yet.\nLet the agent"):
        some([])
