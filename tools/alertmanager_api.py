"""Alertmanager's own API, where it is configured: what a cut body has left out, read back (kubernetes.md R1.4).

`GET /api/v2/alerts` answers with every alert that Alertmanager holds. Only those of the cut group that are active are
taken: what is silenced or inhibited was not sent for a reason. An alert that is missing there is not called resolved:
another Alertmanager may hold it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tools.errors import TransientError

TIMEOUT_SECONDS = 3.0
MAX_BYTES = 16 * 1024 * 1024


class AlertmanagerApi:
    """Reads one Alertmanager. Nothing here changes anything there."""

    def __init__(self, url: str, *, timeout: float = TIMEOUT_SECONDS, max_bytes: int = MAX_BYTES) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._max_bytes = max_bytes

    def version(self) -> str:
        """What it runs. Raises TransientError when it does not say."""
        told = self._get("/api/v2/status", {})
        info = told.get("versionInfo") if isinstance(told, dict) else None
        return str(info.get("version", "")) if isinstance(info, dict) else ""

    def completed(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A webhook body with the active alerts of its group that were cut off. Raises TransientError."""
        given = [entry for entry in body.get("alerts", []) if isinstance(entry, dict)]
        known = {_identity(entry) for entry in given}
        labels = body.get("groupLabels")
        group = labels.items() if isinstance(labels, dict) else ()
        missing = [
            {**entry, "status": "firing"}
            for entry in self._active(str(body.get("receiver", "")))
            if _identity(entry) not in known and group <= entry.get("labels", {}).items()
        ]
        return {**body, "alerts": [*given, *missing], "truncatedAlerts": 0}

    def firing(self, names: Sequence[str]) -> list[dict[str, str]]:
        """Labels of every alert of these names that it holds now, silenced or not. Raises TransientError."""
        wanted = "|".join(sorted(re.escape(name) for name in set(names)))
        found = self._get("/api/v2/alerts", {"filter": f'alertname=~"{wanted}"', "unprocessed": "true"})
        if not isinstance(found, list):
            raise TransientError("Alertmanager's API answers with something else than a list of alerts")
        labels = [entry.get("labels") for entry in found if isinstance(entry, dict)]
        return [each for each in labels if isinstance(each, dict) and each.get("alertname") in names]

    def states(self, matcher: str) -> list[dict[str, Any]]:
        """See `tools.quiet.Silences`."""
        fields = {"active": "true", "silenced": "true", "inhibited": "true", "unprocessed": "true"}
        found = self._get("/api/v2/alerts", fields | ({"filter": matcher} if matcher else {}))
        if not isinstance(found, list):
            raise TransientError("Alertmanager's API answers with something else than a list of alerts")
        return [entry for entry in found if isinstance(entry, dict)]

    def _active(self, receiver: str) -> list[dict[str, Any]]:
        fields = {"active": "true", "silenced": "false", "inhibited": "false", "unprocessed": "false"}
        found = self._get("/api/v2/alerts", fields | ({"receiver": re.escape(receiver)} if receiver else {}))
        if not isinstance(found, list):
            raise TransientError("Alertmanager's API answers with something else than a list of alerts")
        return [entry for entry in found if isinstance(entry, dict) and isinstance(entry.get("labels"), dict)]

    def _get(self, path: str, fields: Mapping[str, str]) -> Any:
        # here, for few agents are told of this API
        import urllib3

        timeout = urllib3.Timeout(total=self._timeout)
        try:
            with (
                urllib3.PoolManager(retries=False, timeout=timeout) as pool,
                pool.request(
                    "GET", self._url + path, fields=dict(fields), preload_content=False, redirect=False
                ) as answer,
            ):
                status, data = answer.status, answer.read(self._max_bytes + 1)
        except (urllib3.exceptions.HTTPError, OSError) as err:
            raise TransientError(f"Alertmanager's API does not answer: {type(err).__name__}") from err
        if status != 200:
            raise TransientError(f"Alertmanager's API answers {status} to GET {path}")
        if len(data) > self._max_bytes:
            raise TransientError(f"Alertmanager's API answers with more than {self._max_bytes} bytes")
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as err:
            raise TransientError(f"Alertmanager's API answers with no JSON to GET {path}") from err


def _identity(entry: Mapping[str, Any]) -> str:
    """An alert is its labels."""
    return json.dumps(entry.get("labels"), sort_keys=True)
