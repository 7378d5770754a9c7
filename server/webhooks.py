"""`POST /webhook`: Alertmanager's body in, 202 once it is committed. No cluster and no graph in the request.

Only 5xx makes Alertmanager keep a notification; any 4xx makes it send the same again at every group interval
(kubernetes.md 1.2). So 400 and 413 are for what a person must mend, and everything understood is a 202.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from flask import Blueprint, request
from werkzeug.exceptions import RequestEntityTooLarge

from server.problems import Problem
from tools.alertmanager import MAX_ALERTS, REPLICA_LABELS, Parsed, parse
from tools.alertmanager_api import AlertmanagerApi
from tools.clock import Clock, SystemClock
from tools.errors import Invalid, StoreError, TransientError
from tools.inbox import Accepted, Inbox

MAX_BYTES = 16 * 1024 * 1024
_NOTES = 20
log = structlog.get_logger("server.webhooks")


def blueprint(
    inbox: Inbox,
    wake: Callable[[], object],
    *,
    clock: Clock | None = None,
    alertmanager: AlertmanagerApi | None = None,
    max_bytes: int = MAX_BYTES,
    max_alerts: int = MAX_ALERTS,
    replica_labels: Sequence[str] = REPLICA_LABELS,
) -> Blueprint:
    """The route. `wake` is called after the commit when a run is due; it must return at once."""
    routes = Blueprint("webhooks", __name__)
    time = clock or SystemClock()

    @routes.post("/webhook")
    def receive() -> tuple[dict[str, Any], int]:
        body = _json(_read(max_bytes))
        parsed, accepted = take(body)
        if parsed.truncated and alertmanager and isinstance(body, dict):
            parsed, accepted = take(_completed(alertmanager, body))
        return _answer(parsed, accepted), 202

    def take(body: object) -> tuple[Parsed, Accepted]:
        try:
            parsed = parse(body, now=time.now(), max_alerts=max_alerts, replica_labels=replica_labels)
        except Invalid as err:
            raise Problem(400, "not-alertmanager-v4", "Not an Alertmanager v4 body", f"{err}.") from err
        accepted = _accept(inbox, parsed)
        if accepted.wake:
            wake()
        _log(parsed, accepted)
        return parsed, accepted

    return routes


def _read(max_bytes: int) -> bytes:
    request.max_content_length = max_bytes
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge as err:
        raise Problem(
            413,
            "body-too-large",
            "The body is too large",
            f"The body has more than {max_bytes} bytes and nothing of it was stored: let Alertmanager group by "
            "more labels (route.group_by), so that one group is smaller.",
        ) from err


def _json(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as err:
        detail = f"The body cannot be read as JSON ({err}): point an Alertmanager webhook_config at this URL."
        raise Problem(400, "not-json", "The body is not JSON", detail) from err


def _accept(inbox: Inbox, parsed: Parsed) -> Accepted:
    try:
        return inbox.accept(parsed)
    except StoreError as err:
        log.error("alerts not stored", error=str(err), alerts=len(parsed.alerts))
        detail = f"Nothing of this body was stored: {err}. Alertmanager sends it again by itself."
        raise Problem(503, "store-unavailable", "The record is not available", detail) from err


def _completed(alertmanager: AlertmanagerApi, body: dict[str, Any]) -> dict[str, Any]:
    """Raises a 503 when it cannot be told what was cut off: Alertmanager sends the body again then."""
    try:
        return alertmanager.completed(body)
    except TransientError as err:
        detail = (
            "The alerts of this body are stored, but Alertmanager cut some off and could not be asked for them: "
            f"{err}. Set max_alerts: 0 on this receiver, or mend ALERTMANAGER_URL."
        )
        raise Problem(503, "alerts-cut-off", "Alerts were cut off", detail) from err


def _answer(parsed: Parsed, accepted: Accepted) -> dict[str, Any]:
    counts = accepted.model_dump(exclude={"incident_ids", "wake"})
    notes = [bad.reason for bad in parsed.invalid] + list(parsed.notes)
    return {"incidents": list(accepted.incident_ids), **counts, "notes": notes[:_NOTES]}


def _log(parsed: Parsed, accepted: Accepted) -> None:
    counts = accepted.model_dump(exclude={"incident_ids", "wake"})
    if parsed.truncated:
        log.warning(
            "Alertmanager cut alerts off this body: set max_alerts: 0 on this receiver",
            truncated=parsed.truncated,
            group=parsed.group_key,
        )
    if parsed.invalid:
        log.warning("malformed alerts recorded", group=parsed.group_key, first=parsed.invalid[0].reason)
    log.info("alerts accepted", group=parsed.group_key, **counts)
