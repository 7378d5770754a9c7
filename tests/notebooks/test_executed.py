"""The notebooks run from the first cell to the last, on a copy, in kernels that go away again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from tests.harness import deployment, harness
from tests.notebooks.executing import NAMES, execute, load, outputs, pages, plots, stopped_with
from tests.notebooks.recorded import a_record, explained
from tests.server.stored import CORPUS, files

pytestmark = pytest.mark.timeout(300)
REPLAY, OVERVIEW = "replay_incident.ipynb", "incidents_overview.ipynb"
CHANGES, SURENESS = "what_would_change.ipynb", "sureness_and_agreement.ipynb"
PROMPTS = "prompt_laboratory.ipynb"


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """What an agent left behind that has been stopped."""
    return a_record(tmp_path_factory.mktemp("agent"))


def shown(notebook: Any) -> str:
    """All that it shows, as text."""
    return "\n".join(outputs(notebook))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_was_run_is_kept_in_git(name: str) -> None:
    """No outputs, no counts, and the form is that of a notebook."""
    notebook = load(name)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell for cell in code if cell.outputs or cell.execution_count is not None] == []
    assert set(notebook.metadata) == {"kernelspec", "language_info"}


def test_there_are_the_five_of_them() -> None:
    """So that no other test passes over nothing."""
    assert [OVERVIEW, PROMPTS, REPLAY, SURENESS, CHANGES] == NAMES


def test_history_confidence_and_prompts_are_shown_from_the_record(
    record: tuple[Path, str], tmp_path: Path
) -> None:
    """What would change, whether people agree, and what a model would be shown; the record stays as it is."""
    data, _ = record
    before = files(data)
    changed = execute(CHANGES, tmp_path, DATA_DIR=str(data), CHANGED={"mode": "shadow"})
    assert "1 of 2 decisions would change" in shown(changed)
    assert plots(changed) == ["Routes of decisions, n = 2", "Decisions that would change: 1 of 2"]
    folder = tmp_path / "some"
    folder.mkdir()
    (folder / "shop-web").symlink_to(CORPUS / "shop-web")
    sureness = execute(SURENESS, tmp_path, DATA_DIR=str(data), BUNDLES=str(folder))
    text = shown(sureness)
    assert [told.partition(":")[0] for told in plots(sureness)] == [
        "The sum of its parts",
        "As it is shipped",
        "By a table that has not seen them",
        *["As it is shipped"] * 2,
        "What it would have done, and what people did",
    ]
    assert "Nobody has marked a decision" in text
    assert "rollback_deployment" in text
    prompts = shown(execute(PROMPTS, tmp_path, DATA_DIR=str(data)))
    assert "Answers of declines" in prompts
    assert "with the sentence" in prompts
    assert files(data) == before


def test_an_incident_is_told_and_decided_again_without_touching_the_record(
    record: tuple[Path, str], tmp_path: Path
) -> None:
    """Every chapter, up to the verdict; the whole data folder stays as it is to the last byte."""
    data, acted = record
    before = files(data)
    text = shown(execute(REPLAY, tmp_path, DATA_DIR=str(data), CHANGED={"mode": "shadow"}))
    assert files(data) == before
    assert f"Incident {acted}: KubePodCrashLooping, recovered" in text
    for told in (
        "bad_release",
        "rollback_deployment",
        "risk: rollback_deployment is high risk",
        "looks right",
        "RECOVERED",
        "mode is shadow: decided and recorded",
        "example:declines chose none",
        "Other limits decide otherwise.",
    ):
        assert told in text, told
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".db"]


def test_a_record_that_an_agent_works_on_stays_as_it_is(tmp_path: Path) -> None:
    """Database and write-ahead log, to the last byte; what was only just written is told all the same."""
    with harness(tmp_path, MODE="auto") as agent:
        agent.sandbox.apply(deployment("web"))
        agent.advance(60)
        incident_id = explained(agent)
        data = agent.agent.settings.data_dir
        live = (data / "sre-agent.db", data / "sre-agent.db-wal")
        before = [file.read_bytes() for file in live]
        text = shown(execute(OVERVIEW, tmp_path, DATA_DIR=str(data)))
        told = shown(execute(REPLAY, tmp_path, DATA_DIR=str(data), INCIDENT=incident_id))
        assert [file.read_bytes() for file in live] == before
    assert "OrdersQueueGrows" in text
    assert f"Incident {incident_id}: OrdersQueueGrows, notified" in told


def test_the_overview_counts_what_the_record_holds(record: tuple[Path, str], tmp_path: Path) -> None:
    """Classes, routes, outcomes, verdicts, durations, and confidence against verdict."""
    notebook = execute(OVERVIEW, tmp_path, DATA_DIR=str(record[0]))
    text = shown(notebook)
    lines = [line.split() for line in text.splitlines()]
    assert "Incidents: 2" in text
    assert ["bad_release", "ask", "1", "50%"] in lines
    assert ["unknown", "notify", "1", "50%"] in lines
    assert ["rollback_deployment", "RECOVERED", "1", "100%"] in lines
    assert ["written", "to", "end", "1", *["160.0", "s"] * 3] in lines
    assert ["0.9", "to", "1.0", "2", "1", "1", "0", "0"] in lines
    assert len(list(pages(notebook))) == 9
    assert plots(notebook) == ["Incidents by problem class, each minute (UTC)"]


def test_a_stored_incident_is_told_and_decided_again(tmp_path: Path) -> None:
    """From its files alone: other limits ask where it would have acted."""
    text = shown(execute(REPLAY, tmp_path, BUNDLE=str(CORPUS / "orders-worker")))
    assert "Stored incident orders-worker, decided now" in text
    assert "threshold: confidence 0.949 is below 0.95" in text
    assert "Other limits decide otherwise." in text


def test_the_overview_counts_stored_incidents(tmp_path: Path) -> None:
    """Each folder below the one that is named."""
    folder = tmp_path / "some"
    folder.mkdir()
    for name in ("orders-worker", "shop-web"):
        (folder / name).symlink_to(CORPUS / name)
    text = shown(execute(OVERVIEW, tmp_path, BUNDLES=str(folder)))
    assert "Incidents: 2" in text
    assert "transient_crash" in text


@pytest.mark.parametrize("name", NAMES)
def test_without_a_database_it_says_what_to_do(name: str, tmp_path: Path) -> None:
    """Which file was looked for, and how to name another; no trace of calls, and nothing is made there."""
    output = stopped_with(name, tmp_path, DATA_DIR=str(tmp_path / "nowhere"))
    assert output[0] == f"there is no record at {tmp_path / 'nowhere' / 'sre-agent.db'}"
    assert "Set DATA_DIR in the first cell" in output[1]
    assert "BUNDLE" in output[2]
    assert len(output) == 3
    assert not (tmp_path / "nowhere").exists()


def test_no_kernel_is_left_behind(tmp_path: Path) -> None:
    """Neither after a notebook that ended nor after one that stopped."""
    stopped_with(OVERVIEW, tmp_path, DATA_DIR=str(tmp_path))
    kernels = [child for child in psutil.Process().children() if "ipykernel_launcher" in child.cmdline()]
    assert kernels == []
