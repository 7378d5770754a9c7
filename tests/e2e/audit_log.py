"""What the API server wrote down about an agent, and how that compares with what the agent wrote down itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from tests.controlplane.api import Json
from tests.e2e.claims import Claim, claim_of, mark_of
from tools.ledger import LedgerEntry

EVENTS = "events"
MANAGER = "sre-agent"
CREDENTIAL = "authentication.kubernetes.io/credential-id"
DONE = (200, 201)
MOVED = (409, 422)
"""A `test` of a JSON Patch that does not hold is the latter."""
READS = frozenset({"get", "list", "watch"})
QUESTIONS = frozenset({"selfsubjectaccessreviews", "selfsubjectrulesreviews"})
"""Created to be answered, never stored."""
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
        """A deletion says so in its options: a server that is sent options ignores the query."""
        options = self.body if self.verb == "delete" and self.body else {}
        return self.query.get("dryRun") == "All" or options.get("dryRun") == ["All"]

    @property
    def claim(self) -> Claim:
        """As the ledger would have it."""
        return (*self.right, self.namespace, self.name, mark_of(self.body))


def calls_of(events: Iterable[Json], credential: str) -> list[Call]:
    """What was asked with one token, oldest first."""
    return [
        Call.of(event) for event in events if credential in event["user"].get("extra", {}).get(CREDENTIAL, ())
    ]


@dataclass(frozen=True)
class Audited:
    """What the API server saw, beside what the ledger says."""

    calls: Sequence[Call]
    entries: Sequence[LedgerEntry]
    """Those that were carried out."""

    @property
    def writes(self) -> list[Call]:
        """Not rehearsed, on objects that were there already, and not turned away."""
        sent = [call for call in self.calls if call.changes and not call.dry_run and call.resource != EVENTS]
        return [call for call in sent if not self._made_anew(call)]

    @property
    def rehearsals(self) -> list[Call]:
        """Writes that the server was asked only to think about."""
        return [call for call in self.calls if call.changes and call.dry_run]

    @property
    def announcements(self) -> list[Call]:
        """Events that it left."""
        return [call for call in self.calls if call.changes and not call.dry_run and call.resource == EVENTS]

    def differences(self) -> list[str]:
        """Empty when both name the same writes, each stamped, rehearsed, announced and let in, and no others."""
        return [
            *_compared("write", (call.claim for call in self.writes), map(claim_of, self.entries)),
            *_compared("event", map(_announced, self.announcements), (e.target.uid for e in self.entries)),
            *(f"not let in: {call}" for call in self.calls if call.code == 403 or self._refused(call)),
            *(f"not as {MANAGER}: {call}" for call in self.calls if call.changes and not _signed(call)),
            *(["fewer rehearsals than writes need"] if len(self.rehearsals) < self._needed() else []),
        ]

    def _refused(self, call: Call) -> bool:
        return call.changes and call.code not in DONE and not self._made_anew(call)

    def _made_anew(self, call: Call) -> bool:
        """Turned away by its own condition, since the object had moved; then read again, and let in (R4.1, R4.8)."""
        if call.code not in MOVED:
            return False
        again = [other for other in self.calls if (other.claim, other.dry_run) == (call.claim, call.dry_run)]
        return any(other.code in DONE for other in again)

    def _needed(self) -> int:
        """One right before each write, and one more for what a person was shown."""
        return sum(1 if entry.automatic else 2 for entry in self.entries)


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


def _compared(what: str, seen: Iterable[object], recorded: Iterable[object]) -> list[str]:
    there, told = Counter(seen), Counter(recorded)
    more = [f"{what} that the ledger does not know: {each}" for each in (there - told).elements()]
    return more + [f"{what} that the API server did not see: {each}" for each in (told - there).elements()]


def _announced(call: Call) -> str:
    return str(call.body["involvedObject"]["uid"])


def _signed(call: Call) -> bool:
    """A deletion sets no field and has no field manager."""
    if call.verb == "delete":
        return call.user_agent == MANAGER
    said = (call.query.get("fieldManager"), call.query.get("fieldValidation"), call.user_agent)
    return said == (MANAGER, "Strict", MANAGER)
