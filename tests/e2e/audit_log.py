"""What the API server wrote down about an agent, and how that compares with what the agent wrote down itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from tests.controlplane.api import Json

CREDENTIAL = "authentication.kubernetes.io/credential-id"
READS = frozenset({"get", "list", "watch"})
QUESTIONS = frozenset({"selfsubjectaccessreviews"})
"""Created to be answered, never stored."""
STAMP_PATH = "/metadata/annotations/sre-agent~1last-action"
Right: TypeAlias = tuple[str, str, str]
"""Verb, API group, and resource with its subresource."""


@dataclass(frozen=True)
class Call:
    """One request that the API server has answered."""

    verb: str
    group: str
    resource: str
    """With its subresource; empty for what is no resource, such as `/version`."""
    namespace: str
    name: str
    code: int
    query: dict[str, str]
    user_agent: str
    body: Any

    @classmethod
    def of(cls, event: Json) -> Call:
        about = event.get("objectRef", {})
        parts = [about.get("resource", ""), about.get("subresource", "")]
        return cls(
            verb=event["verb"],
            group=about.get("apiGroup", ""),
            resource="/".join(filter(None, parts)),
            namespace=about.get("namespace", ""),
            name=about.get("name", ""),
            code=event["responseStatus"]["code"],
            query=dict(parse_qsl(urlsplit(event["requestURI"]).query)),
            user_agent=event["userAgent"],
            body=event.get("requestObject"),
        )

    @property
    def right(self) -> Right:
        return (self.verb, self.group, self.resource)

    @property
    def changes(self) -> bool:
        """A request that may change something, rehearsed or not."""
        return bool(self.resource) and self.verb not in READS and self.resource not in QUESTIONS

    @property
    def dry_run(self) -> bool:
        return self.query.get("dryRun") == "All"

    @property
    def stamp(self) -> str:
        """The ledger key that a patch of a Deployment leaves on it."""
        for operation in self.body or []:
            if operation["path"] == STAMP_PATH:
                return str(operation["value"])
            if operation["path"] == "/metadata/annotations":
                return str(operation["value"]["sre-agent/last-action"])
        return ""


def calls_of(events: Iterable[Json], credential: str) -> list[Call]:
    """What was asked with one token, oldest first."""
    return [
        Call.of(event) for event in events if credential in event["user"].get("extra", {}).get(CREDENTIAL, ())
    ]


def writes(calls: Iterable[Call]) -> list[Call]:
    """Not rehearsed, on objects that are there already."""
    return [call for call in calls if call.changes and not call.dry_run and call.resource != "events"]


def rehearsals(calls: Iterable[Call]) -> list[Call]:
    """Writes that the server was asked only to think about."""
    return [call for call in calls if call.changes and call.dry_run]


def announcements(calls: Iterable[Call]) -> list[Call]:
    """Events that it left."""
    return [call for call in calls if call.changes and not call.dry_run and call.resource == "events"]


def granted(manifests: Sequence[Json]) -> set[Right]:
    """Every right in the rules of the roles among these objects."""
    rules = [rule for item in manifests for rule in item.get("rules", ())]
    return {
        (verb, group, resource)
        for rule in rules
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
