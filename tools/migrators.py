"""Which init containers change a database: by their name, their image, or what they start."""

from __future__ import annotations

import re

from tools.resources import JsonObject

MIGRATES = re.compile(
    r"migrat|flyway|liquibase|alembic|\b(?:goose|dbmate|sqitch)\b|\bprisma\s+db\s+push\b|\bdb:(?:prepare|schema:load)\b",
    re.IGNORECASE,
)
"""The usual tools by name, and the word for what a framework's own task does: `db:migrate`, `manage.py migrate`."""
MOST = 4096
"""Characters of a command that are looked at: a script may be long."""


def migrates(container: JsonObject) -> bool:
    """By a container's own spec: most images that migrate are the program's own, started with another command."""
    words = [container.get("name"), container.get("image")]
    words += [*(container.get("command") or []), *(container.get("args") or [])]
    return bool(MIGRATES.search(" ".join(str(word) for word in words if word)[:MOST]))
