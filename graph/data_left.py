"""What a release's migration has left behind: no rollback changes data back (kubernetes.md 4.8).

The revision before may not run on what a newer one has made of the database. Only its pods that are ready now, on the
data as they are, show that it does. Where the log of a migration cannot be read, what it did is not known. A line that
tells its reader what to do is believed, since it can only forbid, and not quoted (R8.4).
"""

from __future__ import annotations

from tools.data_migrations import KIND, NOTHING_TO_DO
from tools.excerpts import imperative, quote
from tools.records import Evidence, EvidenceItem, RevisionFacts


def data_changed(evidence: Evidence) -> str:
    """The words of a migration that has run with the newest release; empty where none is known to have run."""
    return next((item.decides for item in evidence.items if item.kind == KIND and item.decides), "")


def data_unread(evidence: Evidence) -> str:
    """Of a migration that has ended well: whose log could not be read or does not tell, and why; empty if all do."""
    unread = (item.summary for item in evidence.items if item.kind == KIND and not _tells(item))
    return next(unread, "")


def _tells(item: EvidenceItem) -> bool:
    """That the data were changed, or that there was nothing to do."""
    return item.status == "found" and bool(item.decides or item.summary.endswith(NOTHING_TO_DO))


def may_have_changed(evidence: Evidence) -> bool:
    """It has, or no log says that it has not."""
    return bool(data_changed(evidence) or data_unread(evidence))


def of_the_data(before: RevisionFacts | None, evidence: Evidence) -> tuple[str, str] | None:
    """The fact and the next step of a release that its data keep from going back to `before`, the revision that a way
    back would lead to if one is known; None where they do not.
    """
    if migration := data_changed(evidence):
        words = "" if imperative([migration]) else f": {quote(migration)}"
        older = f"revision {before.number}" if before else "an older revision"
        return (
            f"it has changed its database, which no rollback changes back{words}",
            f"kubectl edit <workload>: mend the release and roll forward; {older} may not run on "
            "what the migration left. Ask whoever wrote it before anything goes back.",
        )
    if unread := data_unread(evidence):
        which = unread.partition(":")[0]
        container, _, pod = which.partition(" in ")
        return (
            f"whether its migration has changed the database is not known: {unread}",
            f"kubectl logs {pod} -c {container} --tail=50: where nothing was to migrate, go back with kubectl rollout "
            "undo <workload>; else mend the release and roll forward.",
        )
    return None
