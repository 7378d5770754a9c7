"""`sre-agent capture`: an incident of the record as a bundle on disk. No cluster is asked, and no running agent."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from tools.bundle import Bundle, BundleError
from tools.clock import SystemClock
from tools.database import Database
from tools.incidents import SqlIncidents
from tools.readings import SqlReadings


def capture_incident(database_url: str, incident_id: str, out: Path) -> Bundle:
    """Write what is kept of an incident into `out`, which must be new or empty.

    Raises BundleError, NotFound for an incident that the record does not have, StoreError.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BundleError(f"{out}: is not empty; choose a new folder")
    with closing(Database.open(database_url)) as database:
        bundle = _kept(database, incident_id)
    bundle.write(out)
    return bundle


def _kept(database: Database, incident_id: str) -> Bundle:
    incident = SqlIncidents(database, SystemClock()).get(incident_id)
    if incident.merged_into:
        raise BundleError(f"incident {incident_id} was merged: use --incident {incident.merged_into}")
    kept = SqlReadings(database).of(incident_id)
    if kept.bundle is None:
        raise BundleError(f"incident {incident_id}: nothing was kept: {kept.missing}")
    return kept.bundle
