"""A client of the agent's HTTP surface like any other: it reads incidents and what waits, and it approves."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime
from typing import Any

import click

from tools.incident_record import ENDED

MOST = 200


class Visitor:
    """Everything is asked of `address`."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ended(self, place: str, since: datetime) -> list[dict[str, Any]]:
        """Rows of incidents of a place that began since then and have ended, oldest first; merged ones left out."""
        query = urllib.parse.urlencode({"since": since.isoformat(), "limit": MOST})
        rows = self.get(f"/incidents?{query}")["incidents"]
        ours = [row for row in rows if row["target"] and _place(row["target"]) == place]
        return [row for row in reversed(ours) if row["status"] in ENDED - {"merged"}]

    def pending(self, place: str) -> list[str]:
        """Ids of the approvals that wait for something of this place."""
        waiting = self.get("/pending")["pending"]
        return [one["id"] for one in waiting if _place(one["proposal"]["target"]) == place]

    def incident(self, incident_id: str) -> dict[str, Any]:
        """Everything that is known of one."""
        return self.get(f"/incidents/{incident_id}")

    def approve(self, approval_id: str) -> None:
        """`POST /approve/<id>`; a refusal is said on stderr."""
        url = f"{self.address}/approve/{approval_id}"
        body = json.dumps({"reason": "the diff is what I want"}).encode()
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(request, timeout=30).close()
        except urllib.error.HTTPError as error:
            click.echo(f"{url}: {error.code} {error.read().decode()}", err=True)

    def get(self, path: str) -> dict[str, Any]:
        """The JSON of one path."""
        with urllib.request.urlopen(f"{self.address}{path}", timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found


def _place(target: dict[str, Any]) -> str:
    """A namespace, or the name of what is in none."""
    return str(target["namespace"] or target["name"])
