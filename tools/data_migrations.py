"""Whether a release has changed its database before it failed, by the logs of its init containers that migrate.

A rollback brings back pods and not data (kubernetes.md 4.8): the revision before may not run on a schema that is newer
than itself. The log proves nothing about that; it is reason enough not to propose it (R8.2 forbids only the other way).
Only a log that says, as a known tool says it, that there was nothing to do leaves a rollback open: one that says
nothing, or speaks in other words, may be of a migration that has changed the data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tools.cluster import ClusterReader
from tools.container_logs import TAIL_LINES, LogRead
from tools.excerpts import clean, excerpt_log
from tools.items import Items
from tools.migrators import MIGRATES
from tools.reads import Reads
from tools.records import ContainerFacts, PodFacts

KIND = "migration_logs"
MOST = 3
"""Pods whose logs are read, those whose migration ended first before others: the first one has had work to do."""
_APPLIED = re.compile(
    r"successfully applied [1-9]\d* migration"
    r"|migrating schema \S+ to version"
    r"|running (?:changeset:|upgrade\b)"
    r"|changeset \S+ ran successfully"
    r"|\bapplying (?:migration )?\S+?(?:\.\.\. ?ok|\.sql)\b|\bapplying migration\b"
    r"|\bok\s+\d+_\S+\.(?:sql|go)\b"
    r"|^==+ .*: migrated\b"
    r"|\bbatch \d+ run: [1-9]"
    r"|\b\d+/u \S+ \("
    r"|\b(?:applied|executed|ran) (?:[1-9]\d*|the following) (?:new )?(?:migration|changeset)"
    r"|\bmigrations? \S+ (?:applied|executed|done)\b"
    r"|\bmigration(?:s|\(s\))? (?:has|have|was|were) (?:been )?(?:(?!already )\w+ )?applied\b"
    r"|\bmigration \S+ has been \w+ successfully\b"
    r"|\bsuccessfully migrated\b|\bmigrating \S+ from \S+ to \S",
    re.IGNORECASE,
)
"""As the usual tools say it: Flyway, Liquibase, Alembic, Django, Rails, Knex, goose, golang-migrate, Prisma."""
_NOTHING = re.compile(
    r"\bno (?:pending |new |outstanding )?(?:migrations?|changesets?)(?: (?:is|are|was|were|has been|have been))? "
    r"(?:necessary|needed|required|pending|executed|applied|to (?:apply|run|execute))\b"
    r"|\b(?:applied|executed|ran) (?:0|no) (?:new )?(?:migration|changeset)(?:s|\(s\))?(?!\w)"
    r"|\bnothing to (?:migrate|deploy)\b"
    r"|\balready at the latest version\b"
    r"|\balready in sync with the prisma schema\b"
    r"|\bmigrations already up\b"
    r"|\Ano change\Z|(?<=[\s:])no change\Z"
    r"|\Aalready up to date\Z"
    r"|\Arun: 0\Z",
    re.IGNORECASE,
)
"""That there was nothing to apply, as Flyway, Django, Prisma, goose, Liquibase, golang-migrate, Knex, Sequelize,
Laravel, Doctrine, Ecto and sqitch say it. Git says "Already up to date." with a full stop; "up to date" alone may be
what it has become.
"""
_ALEMBIC = re.compile(r"\bcontext impl \w+", re.IGNORECASE)
"""Alembic says nothing more where it has nothing to do."""
_WORKS = re.compile(
    r"\b(?:migrating|migrated|applying|(?<!already )applied|upgrading|upgraded|altering|dropping)\b"
    r"|\brunning (?:upgrade|downgrade|stamp_revision|changeset:)"
    r"|\Arun: [1-9]",
    re.IGNORECASE,
)
"""That something was worked on, whatever a tool says of nothing beside it: one script may migrate several databases."""
NOTHING_TO_DO = "it says that there was nothing to do"
UNTOLD = "its log does not say that there was nothing to do"


def migrates(container: ContainerFacts) -> bool:
    """By its own spec, or what its status says of it."""
    return container.init and (
        container.migrates or bool(MIGRATES.search(f"{container.name} {container.image}"))
    )


def applied(text: str) -> str:
    """The last line that says that something was changed; empty where none does."""
    return next(
        (line[:200] for line in reversed(_lines(text)) if _APPLIED.search(_NOTHING.sub("", line))), ""
    )


def told_of(text: str) -> tuple[str, str]:
    """What a log tells of the data, in words, and the line that says that they were changed.

    That nothing was to do is believed only as the usual tools say it: any other log may be of one that changed them.
    """
    if line := applied(text):
        return f'it has changed the data: "{line}"', line
    return NOTHING_TO_DO if _nothing_to_do(_lines(text)) else UNTOLD, ""


def _nothing_to_do(lines: Sequence[str]) -> bool:
    """Not where the beginning may be cut off: it may have said more."""
    if len(lines) >= TAIL_LINES or any(_WORKS.search(_NOTHING.sub("", line)) for line in lines):
        return False
    return any(_NOTHING.search(line) or _ALEMBIC.search(line) for line in lines)


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in clean(text).strip().split("\n")]


def add_migrations(
    items: Items, cluster: ClusterReader, namespace: str, pods: Sequence[PodFacts], reads: Reads
) -> None:
    """One item per log that was read, of pods that are ill although their migration has ended well; none otherwise."""
    for plan, outcome in reads.run(
        {plan: _reader(cluster, plan) for plan in _plans(namespace, pods)}
    ).items():
        which = f"{plan.container} in {plan.pod}"
        if outcome.value is None:
            items.add(KIND, outcome.status, plan.query, f"{which}: {outcome.why}")
            continue
        told, line = told_of(outcome.value)
        items.add(KIND, "found", plan.query, f"{which}: {told}", excerpt_log(outcome.value), line)


def _plans(namespace: str, pods: Sequence[PodFacts]) -> list[LogRead]:
    ended = [
        (container.exit_finished_at, pod.name, container.name)
        for pod in pods
        for container in pod.containers
        if not (pod.ready or pod.deleting) and migrates(container) and container.exit_code == 0
    ]
    first = sorted(ended, key=lambda entry: (entry[0] is None, str(entry[0]), entry[1]))[:MOST]
    return [LogRead(namespace, pod, container, previous=False) for _, pod, container in first]


def _reader(cluster: ClusterReader, plan: LogRead) -> Callable[[], str]:
    return lambda: cluster.logs(plan.namespace, plan.pod, plan.container, tail_lines=TAIL_LINES)
