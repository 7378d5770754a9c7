"""What a workload is called in commands for people: told from its revisions, which are named after it."""

from __future__ import annotations

from graph.symptoms import current_revision
from tools.records import Evidence


def name_in(evidence: Evidence) -> str:
    """`web`; `NAME` where no revision tells it."""
    current = current_revision(evidence)
    return (current.name.rpartition("-")[0] if current else "") or "NAME"


def reference(evidence: Evidence) -> str:
    """`deployment/web`, as kubectl takes it."""
    kind = evidence.workload.kind.lower() if evidence.workload else "deployment"
    return f"{kind}/{name_in(evidence)}"
