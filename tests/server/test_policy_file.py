"""POLICY_FILE: a schema, everything that is wrong at once with its line, and no limit wider than shipped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graph.policy import PolicySettings
from server.policy_file import AT_LEAST, AT_MOST, PolicyFile, PolicyFileError, read_policy_file
from server.settings import Settings, SettingsError
from tests.server.app_stand import PEOPLE

ROOT = Path(__file__).parents[2]
WRONG = """\
cluster_writes_per_hour: many
cluster_writes_per_day: 21
freeze_windows:
  - name: weekend
    time_zone: Europe/Berln
    days: [fri]
  - name: night
    time_zone: UTC
    start: "22:00"
    hours: 8
  - name: nothing
    time_zone: UTC
four_eyes: [rollbak]
cool_down_seconds: 60
node_pause_secs: 5
workload_writes: 1
workload_writes: 2
"""


def problems(path: Path, text: str, **more: bool) -> list[str]:
    """What is wrong with a file of this text."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyFileError) as caught:
        read_policy_file(path, **more)
    return caught.value.problems


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where it stands."""
    return tmp_path / "policy.yaml"


def test_everything_that_is_wrong_is_told_at_once_with_line_and_mend(file: Path) -> None:
    """One line each, in the words of the file."""
    found = problems(file, WRONG)
    for line, words in (
        (1, "cluster_writes_per_hour: Input should be a valid integer. Mend: cluster_writes_per_hour: 6"),
        (2, "cluster_writes_per_day: 21 is wider than what is shipped; it may be 20 at the most"),
        (
            5,
            "freeze_windows.1.time_zone: 'Europe/Berln' is no IANA time zone. Mend: time_zone: Europe/Berlin",
        ),
        (10, "freeze_windows.2.hours: is not known; there are: name, time_zone"),
        (11, "freeze_windows.3: needs days, or hours, or since and until. Mend: a list of entries"),
        (13, "four_eyes.1: must name actions or families"),
        (14, "cool_down_seconds: 60 is wider than what is shipped; it may be 1800 at the least"),
        (15, "node_pause_secs: is not known; there are: workload_writes"),
        (17, "workload_writes is there twice. Mend: join the two"),
    ):
        assert any(each.startswith(f"line {line}: {words}") for each in found), (line, found)
    assert len(found) == 9


def test_the_start_names_every_problem_of_the_file_among_all_others(file: Path) -> None:
    """Beside what is wrong with the environment."""
    file.write_text(WRONG, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        Settings.load({"POLICY_FILE": str(file), "MODE": "always"})
    told = caught.value.problems
    assert sum(line.startswith(f"POLICY_FILE={file}: line ") for line in told) == 9
    assert sum(line.startswith("MODE=always") for line in told) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1]", "must be a mapping of limits"),
        ("a: b: c", "line 1: is no YAML"),
        ("5: 6", "5 is no name of a limit"),
        ("cluster_writes_per_hour: true", "valid integer"),
        ("cluster_writes_per_hour: -1", "greater than or equal to 0"),
        ("freeze_windows: always", "valid tuple"),
        ("verify_poll_seconds: .nan", "less than or equal to 600"),
    ],
)
def test_what_is_no_policy_is_refused(file: Path, text: str, words: str) -> None:
    """Whatever it is instead."""
    assert any(words in line for line in problems(file, text))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ('argv: ["sh", "-c", "id"]', "runs whatever stands behind it: name the command itself. Mend: argv"),
        ('argv: ["env", "python3", "-c", "x"]', "runs whatever stands behind it"),
        ('argv: ["cat", "/var/../etc/shadow"]', "leads out of its folder"),
        ('argv: ["./reload"]', "is no program"),
        ('argv: ["reload", "|", "tee"]', "is meant for a shell"),
        ("argv: reload", "valid tuple"),
        ("argv: []", "must be one to 64 words"),
        ("argv: [reload, 8080]", "valid string"),
        ("argv: [reload], seconds: 301", "less than or equal to 300"),
        ("argv: [reload], stdin: true", "is not known; there are: namespace, workload"),
        ("argv: [reload], container: ''", "must be a name, with * and ? as wildcards"),
        ("seconds: 5", "Field required"),
    ],
)
def test_a_command_that_is_more_than_one_command_is_told_at_the_start(
    file: Path, entry: str, words: str
) -> None:
    """Before anything can be asked for: code, shells, paths that lead elsewhere, and what is no entry."""
    place = "namespace: shop, workload: web" + ("" if "container" in entry else ", container: web")
    found = problems(file, f"exec_commands:\n  - {{{place}, {entry}}}\n")
    assert any(words in line and line.startswith("line 2: ") for line in found), found


def test_nothing_set_keeps_what_is_shipped(file: Path) -> None:
    """An empty file, one with comments only, none."""
    for text in ("", "# nothing yet\n"):
        file.write_text(text, encoding="utf-8")
        assert read_policy_file(file) == {}
    assert read_policy_file(None) == {}
    assert all(
        getattr(PolicyFile(), name) == getattr(PolicySettings(), name) for name in PolicyFile.model_fields
    )


@pytest.mark.parametrize("name", [*AT_MOST, *AT_LEAST])
def test_a_limit_may_be_narrower_and_not_wider_but_on_a_test_cluster(file: Path, name: str) -> None:
    """One step to either side of what is shipped."""
    shipped = getattr(PolicySettings(), name)
    step = (0.01 if name.endswith("_share") else 1) * (1 if name in AT_MOST else -1)
    file.write_text(f"{name}: {shipped - step}", encoding="utf-8")
    assert read_policy_file(file) == {name: shipped - step}
    (problem,) = problems(file, f"{name}: {shipped + step}")
    assert f"Mend: {name}: {shipped:g}" in problem
    assert read_policy_file(file, wider=True) == {name: shipped + step}
    assert Settings.load({"POLICY_FILE": str(file), "TEST_CLUSTER": "true"}).policy()


def test_the_example_of_the_document_is_taken_and_names_every_key(file: Path) -> None:
    """As it stands, without TEST_CLUSTER."""
    document = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", document, re.S)
    file.write_text(example, encoding="utf-8")
    read = read_policy_file(file)
    assert set(read) == set(PolicyFile.model_fields)
    people = file.with_name("people.yaml")
    people.write_text(PEOPLE, encoding="utf-8")
    given = {"POLICY_FILE": str(file), "AUTH_TOKENS_FILE": str(people)}
    assert Settings.load(given).policy().freeze_windows == read["freeze_windows"]
    table = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", document.partition("## Rules")[0], re.M)
    assert [name for name, _ in table] == list(PolicyFile.model_fields)
    for name, told in table:
        shipped = getattr(PolicySettings(), name)
        assert float(told) == shipped if isinstance(shipped, (int, float)) else told.strip() == "none"
