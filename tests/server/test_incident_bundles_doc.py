"""docs/incident-bundles.md: the example in it is a bundle, and it names every key that a bundle may have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from server.evaluate import Case, Evaluation
from server.expected import Expected
from server.stage import Stage
from tools.bundle import Bundle, BundleMeta
from tools.history import History, PastAction, PastIncident, PastRevision, read_history
from tools.recorded_series import RecordedSeries

DOC = (Path(__file__).parents[2] / "docs" / "incident-bundles.md").read_text(encoding="utf-8")
FILE = re.compile(r"^`(?P<place>[\w./-]+)`:\n\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def shown(mark: str) -> str:
    """The block after this comment."""
    found = re.search(rf"<!-- {mark} -->\n```yaml\n(.*?)^```$", DOC, re.MULTILINE | re.DOTALL)
    assert found, mark
    return found[1]


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example's files in a folder."""
    for file in FILE.finditer(DOC):
        place = tmp_path / "web" / file["place"]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(file["text"], encoding="utf-8")
    return tmp_path / "web"


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Where it is decided."""
    with Stage() as made:
        yield made


def test_the_example_is_decided_as_the_text_says(stage: Stage, example: Path) -> None:
    """A rollback is asked for, to a revision that its history proves; without the history that is not proved."""
    (decision,) = stage.decide(Bundle.load(example)).decisions
    assert (decision["route"], decision["action"]["name"]) == ("ask", "rollback_deployment")
    assert decision["action"]["args"]["to_revision"] == 1
    assert "Revision 1 was seen ready for 90 minutes" in str(decision["reasons"])
    (example / "history.yaml").unlink()
    (unproved,) = stage.decide(Bundle.load(example)).decisions
    assert unproved["route"] == "ask"
    assert "not proved" in str(unproved["reasons"])


def test_the_example_scores_as_the_best_answer(stage: Stage, example: Path) -> None:
    """Its expected.yaml is one, and fits its cluster."""
    (scored,) = Evaluation(stage).run([Case("web", example)])
    assert (scored.score.outcome, scored.score.best, scored.error, scored.notes) == ("accepted", True, "", ())


def test_the_log_in_the_example_is_the_containers(example: Path) -> None:
    """A place that no rule reads would be found by nobody."""
    ((name, text),) = Bundle.load(example).logs.items()
    assert (name.namespace, name.pod, name.container, name.previous) == (
        *("shop", "web-7c9d5b8f64-x2k8p", "web"),
        True,
    )
    assert "Cannot find module" in text


def test_the_history_that_is_shown_is_read_without_notes() -> None:
    """Every key in it is one that is known."""
    history, notes = read_history(yaml.safe_load(shown("history-keys")))
    assert notes == ()
    assert (len(history.incidents), len(history.actions), len(history.revisions)) == (1, 1, 1)


@pytest.mark.parametrize("kind", [History, PastIncident, PastAction, PastRevision])
def test_every_key_of_a_history_is_shown(kind: type[PastIncident]) -> None:
    """Whoever writes one by hand finds it in the text."""
    missing = [key for key in kind.model_fields if not re.search(rf"\b{key}\b", DOC)]
    assert missing == []


def test_the_metrics_that_are_shown_answer_a_query() -> None:
    """With the three points that are in them."""
    now = BundleMeta.model_validate({"now": "2026-01-05T12:00:00Z"}).now
    series = RecordedSeries.of(yaml.safe_load(shown("metrics-keys")), now)
    (line,) = series.instant("max by (pod) (container_memory_working_set_bytes)", now).series
    assert line.points[-1] == (now, 108003328.0)


@pytest.mark.parametrize("kind", [BundleMeta, Expected])
def test_every_key_of_meta_and_expected_has_a_line(kind: type[BundleMeta]) -> None:
    """In the tables."""
    rows = [line for line in DOC.splitlines() if line.startswith("| `")]
    missing = [key for key in kind.model_fields if not any(f"`{key}" in row.split("|")[1] for row in rows)]
    assert missing == []
