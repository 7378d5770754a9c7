"""`sre-agent capture`: an incident of the record, or the cluster as it is now, as a bundle on disk."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from server.expected import parse_object
from server.settings import Settings
from tools.bundle import Bundle, BundleError
from tools.clock import Clock
from tools.cluster import ClusterReader, JsonObject, KubernetesCluster
from tools.database import Database


@dataclass(frozen=True)
class Asked:
    """What to capture; exactly one of the three."""

    incident: str = ""
    """Id of an incident in the record."""
    alert: Path | None = None
    """A file with a webhook body."""
    workload: str = ""
    """`namespace/Kind/name`, or `Node/name`."""


def capture(asked: Asked, out: Path, settings: Settings, clock: Clock) -> Bundle:
    """Write it to the folder `out`, which must be new or empty. Raises ValueError, BundleError, ToolError."""
    given = [name for name in ("incident", "alert", "workload") if getattr(asked, name)]
    if len(given) != 1:
        raise ValueError("say what to capture with one of --incident, --alert and --workload")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(
            f"{out} is there already, and nothing is overwritten: name a folder that is new or empty"
        )
    bundle = _kept(asked.incident, settings, clock) if asked.incident else _live(asked, settings, clock)
    bundle.write(out)
    return bundle


def _kept(incident_id: str, settings: Settings, clock: Clock) -> Bundle:
    from tools.incidents import SqlIncidents
    from tools.readings import SqlReadings

    with closing(Database.open(settings.database_url)) as database:
        kept = SqlReadings(database).of(incident_id)
        merged_into = SqlIncidents(database, clock).get(incident_id).merged_into
    if kept.bundle is None:
        joined = f"it was merged into {merged_into}: capture that one" if merged_into else kept.missing
        raise BundleError(f"nothing was kept of incident {incident_id}: {joined}")
    return kept.bundle


def _live(asked: Asked, settings: Settings, clock: Clock) -> Bundle:
    from server.capturing import capture_now

    body = _body_of(asked.alert) if asked.alert else None
    cluster = KubernetesCluster.connect(settings.kubeconfig or None)
    return capture_now(settings, cluster, body or _body_about(asked.workload, cluster, clock), clock)


def _body_of(path: Path) -> JsonObject:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(body, dict):
        raise BundleError(f"{path}: must be one JSON object, an Alertmanager v4 webhook body")
    return body


def _body_about(workload: str, cluster: ClusterReader, clock: Clock) -> JsonObject:
    """A person's request to look at it, as a body. Raises NotFound for a workload that does not exist."""
    from graph.keeping import webhook_body
    from server.by_hand import resource_of
    from tools.manual_alerts import manual_alert

    named = parse_object(workload)
    cluster.get(resource_of(named.kind), named.namespace, named.name)
    alert = manual_alert(
        named.kind, named.namespace, named.name, actor="sre-agent capture", reason="", at=clock.now()
    )
    return webhook_body([alert])
