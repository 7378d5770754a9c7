"""Whether a release has changed its database before it failed, by the logs of its init containers that migrate.

A rollback brings back pods and not data (kubernetes.md 4.8): the revision before may not run on a schema that is newer
than itself. The log proves nothing about that; it is reason enough not to propose it (R8.2 forbids only the other way).
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
    r"|running (?:changeset|upgrade)\b"
    r"|changeset \S+ ran successfully"
    r"|\bapplying (?:migration )?\S+?(?:\.\.\. ?ok|\.sql)\b|\bapplying migration\b"
    r"|\bok\s+\d+_\S+\.(?:sql|go)\b"
    r"|^==+ .*: migrated\b"
    r"|\bbatch \d+ run: [1-9]"
    r"|\b\d+/u \S+ \("
    r"|\b(?:applied|executed|ran) (?:[1-9]\d*|the following) (?:new )?(?:migration|changeset)"
    r"|\bmigrations? \S+ (?:applied|executed|done)\b"
    r"|\bmigration(?:s|\(s\))? (?:has|have|was|were) (?:been )?(?:\w+ )?applied\b",
    re.IGNORECASE,
)
"""As the usual tools say it: Flyway, Liquibase, Alembic, Django, Rails, Knex, goose, golang-migrate, Prisma."""
_NOTHING = re.compile(
    r"(?<![\w.])(?:no|0(?!\.)|nothing|already|up[ -]to[ -]date|pending|would)\b", re.IGNORECASE
)


def migrates(container: ContainerFacts) -> bool:
    """By its own spec, or what its status says of it."""
    return container.init and (
        container.migrates or bool(MIGRATES.search(f"{container.name} {container.image}"))
    )


def applied(text: str) -> str:
    """The last line that says that something was changed; empty where none does."""
    lines = [" ".join(line.split()) for line in clean(text).split("\n")]
    return next((x[:200] for x in reversed(lines) if _APPLIED.search(x) and not _NOTHING.search(x)), "")


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
        line = applied(outcome.value)
        told = f'it has changed the data: "{line}"' if line else "it speaks of no change"
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
