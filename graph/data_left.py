"""What a release's migration has left behind: no rollback changes data back (kubernetes.md 4.8).

The revision before may not run on what a newer one has made of the database. Only its pods that are ready now, on the
data as they are, show that it does. Where the log of a migration cannot be read, what it did is not known. A line that
tells its reader what to do is believed, since it can only forbid, and not quoted (R8.4).
"""

from __future__ import annotations

from tools.data_migrations import KIND
from tools.excerpts import imperative
from tools.records import Evidence, RevisionFacts


def data_changed(evidence: Evidence) -> str:
    """The words of a migration that has run with the newest release; empty where none is known to have run."""
    return next((item.decides for item in evidence.items if item.kind == KIND and item.decides), "")


def data_unread(evidence: Evidence) -> str:
    """Of a migration that has ended well and whose log could not be read: which, and why; empty where all were."""
    unread = (item.summary for item in evidence.items if item.kind == KIND and item.status != "found")
    return next(unread, "")


def may_have_changed(evidence: Evidence) -> bool:
    """It has, or nobody could read that it has not."""
    return bool(data_changed(evidence) or data_unread(evidence))


def of_the_data(current: RevisionFacts, evidence: Evidence) -> tuple[str, str] | None:
    """The fact and the next step of a release that its data keep from going back; None where they do not."""
    if migration := data_changed(evidence):
        words = "" if imperative([migration]) else f': "{migration}"'
        return (
            f"it has changed its database, which no rollback changes back{words}",
            f"kubectl edit <workload>: mend the release and roll forward; revision {current.number - 1} may not run on "
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
