"""What the documents say is there: tests, paths, settings, commands, files; and the tables lack none of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from graph.playbooks import playbooks
from server.cli import main
from server.openapi import routes
from server.settings import Settings
from tests.harness import harness
from tools.actions import REGISTRY
from tools.clock import ManualClock
from tools.letters import Letterhead
from tools.notifier import AppriseNotifier

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
HTTP = (ROOT / "docs" / "http.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
NAMES = {name.upper() for name in Settings.model_fields} - {"SANDBOX"}
NOT_YET = "not built yet"
NODE_ID = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
PATH = re.compile(r"`(GET|POST) (/[^`]*)`")
OTHER_CAPITALS = {"RECOVERED", "NOT_RECOVERED", "POST", "GET"}
"""Words in capitals that are no settings."""


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[set[tuple[str, str]]]:
    """Method and path of every route, every argument written `<id>`."""
    with harness(tmp_path_factory.mktemp("documents"), MEMORY="false") as agent:
        yield {(method, re.sub(r"<\w+>", "<id>", rule.rule)) for rule, method in routes(agent.agent.app)}


@cache
def functions_of(path: str) -> frozenset[str]:
    """The test functions of a module."""
    body = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    return frozenset(node.name for node in body if isinstance(node, ast.FunctionDef))


def rows(text: str) -> list[list[str]]:
    """The cells of a table's rows, its head left out."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.mark.parametrize("text", [HTTP, SETTINGS], ids=["http", "settings"])
def test_every_test_that_is_named_exists(text: str) -> None:
    """By file and function."""
    named = NODE_ID.findall(text)
    assert named
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).is_file() or name not in functions_of(path)
    ]
    assert missing == []


@pytest.mark.parametrize("text", [HTTP, SETTINGS], ids=["http", "settings"])
def test_every_row_names_a_test_or_says_that_it_is_not_built(text: str) -> None:
    """No claim without either."""
    bare = [row[0] for row in rows(text) if not NODE_ID.search(row[-1]) and NOT_YET not in row[-1]]
    assert bare == []


def test_the_table_of_paths_is_the_app(there: set[tuple[str, str]]) -> None:
    """Every route has its row; every row is a route, or says that it is not built yet."""
    table = {PATH.findall(row[0])[0]: row[-1].startswith(NOT_YET) for row in rows(HTTP)}
    assert {path for path, missing in table.items() if not missing} == there
    assert not {path for path, missing in table.items() if missing} & there


def test_the_table_of_settings_is_the_settings() -> None:
    """Every field has its row, with the default that is in force where it is plain, and no row is without a field."""
    table = {row[0].strip("`"): row[1].strip("`") for row in rows(SETTINGS)}
    assert set(table) == NAMES
    fields = Settings.model_fields
    for name, told in table.items():
        default = fields[name.lower()].default
        if isinstance(default, bool):
            assert told == str(default).lower(), name
        elif isinstance(default, (int, float)):
            assert float(told) == default, name


def test_settings_that_the_readme_names_exist() -> None:
    """In code spans and blocks alike."""
    code = " ".join(re.findall(r"`([^`\n]+)`", README))
    named = set(re.findall(r"\b[A-Z]{4,}(?:_[A-Z]+)*\b(?!\.md)", code)) - OTHER_CAPITALS
    assert named - NAMES == set()
    assert {"MODE", "GROQ_API_KEY", "GMAIL_APP_PASSWORD", "NOTIFY_URLS", "WEBHOOK_TOKEN_FILE"} <= named


def test_paths_that_the_readme_names_are_routes(there: set[tuple[str, str]]) -> None:
    """Whether with a method, in an address, or alone."""
    spans = [
        span for span in re.findall(r"`([^`\n]+)`", README) if " " not in span or PATH.match(f"`{span}`")
    ]
    alone = {
        span.split(" ")[-1].partition("?")[0] for span in spans if re.match(r"(?:(?:GET|POST) )?/\w", span)
    }
    addresses = set(re.findall(r"http://127\.0\.0\.1:5000(/\w+)", README))
    assert addresses | alone
    assert (addresses | alone) - {path for _, path in there} == set()


@pytest.mark.parametrize("name", ["README.md", "docs/install.md"])
def test_commands_that_are_named_exist(name: str) -> None:
    """Subcommands of `sre-agent`, their options, and targets of make."""
    text = (ROOT / name).read_text(encoding="utf-8")
    for command, options in re.findall(r"sre-agent ((?!-)[a-z]+)((?: --[a-z-]+)*)", text):
        if command in main.commands:
            known = {option for each in main.commands[command].params for option in each.opts}
            assert set(options.split()) <= known, f"sre-agent {command}{options}"
        else:
            assert not re.search(rf"(?:`|^    |-- )sre-agent {command}", text, re.M), f"sre-agent {command}"
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"(?:^    |`)make ([a-z0-9-]+)", text, re.M)) <= targets


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "docs/install.md",
        "docs/http.md",
        "docs/settings.md",
        "docs/policy.md",
        "docs/what-it-does.md",
    ],
)
def test_files_that_are_named_exist(name: str) -> None:
    """Documents, manifests and pictures of this repository."""
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(r"(?:`|\(|apply -k |delete -k )((?:docs|k8s|tests)/[\w./-]+|[A-Z]+\.md)", text)
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_what_it_does_names_every_action_and_the_readme_counts_the_classes() -> None:
    """Neither is found to be out of date by a newcomer."""
    told = (ROOT / "docs/what-it-does.md").read_text(encoding="utf-8")
    assert [name for name in REGISTRY if f"`{name}`" not in told] == []
    (count,) = re.findall(r"It knows (\d+) classes of problems", README)
    assert int(count) == len(playbooks())


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_the_address_for_messages_in_the_readme_is_one_that_apprise_takes() -> None:
    """A newcomer copies it."""
    (url,) = re.findall(r"`(mailtos?://[^`]+)`", README)
    AppriseNotifier("an example", url, Letterhead(), ManualClock())
