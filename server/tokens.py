"""Who may do what: role tokens from a file, and the webhook's token. No web framework here.

The file is a YAML or JSON list; a token stands there in clear or as its sha256:

    - {name: ana, role: approver, token_sha256: 9f86d0…}
    - {name: grafana, role: viewer, token: 3c1f…}
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

Role: TypeAlias = Literal["viewer", "approver", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "approver", "admin")
MINIMUM_LENGTH = 16
"""Characters of a token in clear: shorter ones can be guessed over the network."""


class TokenFileError(ValueError):
    """The file cannot be used; `problems` says every reason."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Person(BaseModel):
    """Who a request comes from, and the most that they may do."""

    model_config = ConfigDict(frozen=True)

    name: str
    role: Role
    token_sha256: str = ""
    """Empty for a local request without tokens."""

    @property
    def roles(self) -> list[Role]:
        """Their role and all below it."""
        return list(ROLES[: ROLES.index(self.role) + 1])

    @property
    def session_id(self) -> str:
        """What a browser session remembers of the token: enough to see it revoked, useless to log in."""
        return digest(self.token_sha256)


LOCAL = Person(name="local", role="admin")
"""Everybody who can reach loopback, where no tokens are configured."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\s:][^\r\n:]*$")]
    role: Role
    token: Annotated[str, Field(min_length=MINIMUM_LENGTH)] | None = None
    token_sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")] | None = None

    @model_validator(mode="after")
    def _one_secret(self) -> _Entry:
        if (self.token is None) == (self.token_sha256 is None):
            raise ValueError("give either token or token_sha256")
        return self

    def person(self) -> Person:
        secret = self.token_sha256 or digest(self.token or "")
        return Person(name=self.name, role=self.role, token_sha256=secret.lower())


def digest(token: str) -> str:
    """sha256 of a token in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_people(path: Path) -> tuple[Person, ...]:
    """The people of a tokens file. Raises TokenFileError with every problem; secrets are never quoted."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise TokenFileError([f"cannot be read: {err.strerror}"]) from err
    except (yaml.YAMLError, UnicodeDecodeError) as err:
        raise TokenFileError(["is neither YAML nor JSON"]) from err
    try:
        entries = TypeAdapter(list[_Entry]).validate_python(document)
    except ValidationError as err:
        raise TokenFileError([_words(error["loc"], error["msg"]) for error in err.errors()]) from err
    people = tuple(entry.person() for entry in entries)
    problems = _duplicates("name", [person.name for person in people])
    problems += _duplicates("token", [person.token_sha256 for person in people])
    if not people:
        problems.append("is empty: nobody could log in")
    if problems:
        raise TokenFileError(problems)
    return people


def _words(where: tuple[int | str, ...], message: str) -> str:
    if not where:
        return "must be a list of entries with name, role and token or token_sha256"
    entry, *fields = where
    return f"entry {int(entry) + 1} {'.'.join(map(str, fields))}: {message}".replace(" :", ":")


def _duplicates(what: str, values: list[str]) -> list[str]:
    if len(set(values)) == len(values):
        return []
    return [f"has the same {what} twice"]


def find(people: Iterable[Person], token: str) -> Person | None:
    """Whose token this is. Compares with every entry, in constant time each."""
    given = digest(token)
    found = None
    for person in people:
        if hmac.compare_digest(person.token_sha256, given):
            found = person
    return found


def matches_any(given: str, accepted: Iterable[str]) -> bool:
    """Whether `given` is one of the accepted tokens. Compares with each, in constant time."""
    sums = [hmac.compare_digest(digest(given), digest(token)) for token in accepted]
    return any(sums)


def split_tokens(text: str) -> tuple[str, ...]:
    """The tokens of WEBHOOK_TOKEN or its file: by comma or line, two of them while one replaces the other."""
    return tuple(part.strip() for part in text.replace("\n", ",").split(",") if part.strip())
