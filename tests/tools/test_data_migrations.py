"""Which logs of migrations say that the data were changed, and whose are read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.graph.evidence_builders import ago
from tools.cluster import KubernetesCluster
from tools.data_migrations import KIND, NOTHING_TO_DO, UNTOLD, add_migrations, applied, told_of
from tools.facts import pod_facts
from tools.items import Items
from tools.migrators import migrates as migrates_by_spec
from tools.reads import Reads
from tools.records import ContainerFacts, PodFacts


@pytest.mark.parametrize(
    "line",
    [
        'Migrating schema "shop" to version "12 - drop columns"',
        'Successfully applied 3 migrations to schema "shop", now at version v14',
        "INFO  [alembic.runtime.migration] Running upgrade 1a2b -> 3c4d, drop phone",
        "Running Changeset: db/changelog.xml::12::dev",
        "  Applying orders.0007_drop_total... OK",
        "== 20260721093011 AddBalance: migrated (0.0123s) ==============",
        "Batch 4 run: 2 migrations",
        "2026/11/26 06:02:41 OK   00012_drop_phone.sql (5.87s)",
        "12/u drop_phone (5.8s)",
        "The following migration(s) have been applied:",
        "Applying migration `20260721_add_balance`",
        "INFO  [alembic.runtime.migration] Running upgrade a1 -> b2, make email no longer required",
        "Applied 12 migrations, 0 failed",
        "Successfully applied 3 migrations (0 pending)",
        "goose: successfully migrated database to version: 42",
        "Migration AddColumn1712 has been executed successfully.",
        "Migrating database from 12 to 13... done",
    ],
)
def test_a_line_of_the_usual_tools_says_that_something_was_changed(line: str) -> None:
    """Found among other lines, the last one of them is told; that nothing is left to do then does not matter."""
    assert applied(f"connecting\n{line}\ndone") == " ".join(line.split())
    told, decides = told_of(f"{line}\nNo migrations to apply.\n")
    assert (told, bool(decides)) == (f'it has changed the data: "{decides}"', True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        'Schema "shop" is up to date. No migration necessary.',
        "Successfully validated 214 migrations (execution time 00:00.4s)",
        "No migrations to apply.",
        "Successfully applied 0 migrations",
        "migrations were already applied",
        "2 pending migrations would be applied",
        "Database is up-to-date, running changeset check only",
    ],
)
def test_a_log_that_changed_nothing_says_nothing(text: str) -> None:
    """What only looked is not taken for a change."""
    assert applied(text) == ""


CONTEXT = """INFO  [alembic.runtime.migration] Context impl PostgresqlImpl.
INFO  [alembic.runtime.migration] Will assume transactional DDL."""


@pytest.mark.parametrize(
    "text",
    [
        'Successfully validated 44 migrations\nSchema "public" is up to date. No migration necessary.',
        CONTEXT,
        "Operations to perform:\n  Apply all migrations: admin\nRunning migrations:\n  No migrations to apply.",
        "Using environment: production\n\x1b[36mAlready up to date\x1b[39m",
        "61 migrations found in prisma/migrations\n\n\nNo pending migrations to apply.",
        "2026/11/26 06:02:41 goose: no migrations to run. current version: 42",
        "Database is up to date, no changesets to execute",
        "UPDATE SUMMARY\nRun:                          0\nPreviously run:              12",
        "2026/11/26 06:02:41 no change",
        "No migrations were executed, database schema was already up to date.",
        "Nothing to migrate.",
        "Successfully applied 0 migrations",
    ],
)
def test_a_known_phrase_says_that_there_was_nothing_to_do(text: str) -> None:
    """As the usual tools say it, among their other lines."""
    assert told_of(f"connecting\n{text}\nclosed\n") == (NOTHING_TO_DO, "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "Successfully validated 214 migrations (execution time 00:00.4s)",
        "schema tool 4: finished in 3 s",
        "Bringing the database up to date",
        "Already up to date.",
        "migrations were already applied",
        "Migrated 4 tenants\nNo migrations to apply.",
        "No migrations to run for shop_a\nUpgrading shop_b",
        f"{CONTEXT}\nINFO  [alembic.runtime.migration] Running stamp_revision 1a -> 2b",
        "UPDATE SUMMARY\nRun: 0\nUPDATE SUMMARY\nRun: 3",
        "No migrations to apply.\n" + "x\n" * 200,
    ],
)
def test_any_other_log_does_not_say_that_there_was_nothing_to_do(text: str) -> None:
    """Nor does one whose beginning is not read, nor the words of another program."""
    assert told_of(text) == (UNTOLD, "")


def pod(name: str, ended: float | None, **more: Any) -> PodFacts:
    """A pod that is not ready, whose migration ended so many seconds ago, well unless told."""
    container = ContainerFacts(
        name=more.pop("container", "migrate"),
        init=True,
        exit_code=more.pop("code", 0),
        exit_finished_at=None if ended is None else ago(ended),
    )
    return PodFacts(name=name, uid=f"uid-{name}", created_at=ago(900), containers=(container,), **more)


def test_only_migrations_that_ended_well_in_pods_that_are_ill_are_read(cluster: KubernetesCluster) -> None:
    """The first ones first: they have had work to do. One that is not there any more is said so."""
    ill = [pod("late", 60), pod("first", 600), pod("mid", 300), pod("last", 30)]
    others = [pod("well", 600, ready=True), pod("failed", 600, code=1), pod("seed", 600, container="seed")]
    items = Items()
    with Reads(5.0) as reads:
        add_migrations(items, cluster, "shop", [*ill, *others, pod("gone", 600, deleting=True)], reads)
    assert [item.kind for item in items.all] == [KIND] * 3
    assert [item.summary.split(":")[0].rpartition(" ")[2] for item in items.all] == ["first", "mid", "late"]
    assert {item.decides for item in items.all} == {""}


@pytest.mark.parametrize(
    ("spec", "known"),
    [
        ({"name": "schema", "command": ["alembic", "upgrade", "head"]}, True),
        ({"name": "prepare", "command": ["bin/rails", "db:migrate"]}, True),
        ({"name": "init", "command": ["sh", "-c"], "args": ["npx prisma db push && echo ok"]}, True),
        ({"name": "db", "image": "docker.io/flyway/flyway:11"}, True),
        ({"name": "setup", "command": ["python", "manage.py", "migrate", "--noinput"]}, True),
        ({"name": "render", "command": ["/app/bin/render"], "args": None}, False),
        ({"name": "wait", "command": ["sh", "-c", "until pg_isready; do sleep 1; done"]}, False),
        ({}, False),
    ],
)
def test_who_migrates_is_known_by_what_it_starts_too(spec: dict[str, Any], known: bool) -> None:
    """Most images that migrate are the program's own."""
    assert migrates_by_spec({"image": "registry.example/shop/web:2", **spec}) is known
    entry = {"name": spec.get("name", "x"), "state": {"terminated": {"exitCode": 0}}}
    told = {
        "metadata": {"name": "web-1", "uid": "u", "creationTimestamp": "2026-01-05T11:00:00Z"},
        "spec": {"initContainers": [{"name": "x", **spec}], "containers": []},
        "status": {"initContainerStatuses": [entry]},
    }
    (facts,) = pod_facts([told])
    assert facts.containers[0].migrates is known
