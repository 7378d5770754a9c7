"""Four eyes at the door: the first yes is kept, the second one decides, and they are of two people by their tokens."""

from __future__ import annotations

from collections.abc import Iterator

from graph.four_eyes import needs_two
from graph.policy import PolicySettings
from server.problems import Problem
from server.settings import Settings
from server.tokens import Person, TokenFileError, read_people
from tools.approvals import Approval


def two_needed(approval: Approval, policy: PolicySettings | None) -> bool:
    """Whether this proposal is for two people."""
    return policy is not None and needs_two((approval.proposal.get("call") or {}).get("name", ""), policy)


def refuse_same(approval: Approval, person: Person) -> None:
    """Raises where this person's yes is not the one that is missing. A name that is only stated is nobody else."""
    if not person.token_sha256:
        detail = (
            "Two people have to approve this, and without tokens nobody can be told from anybody. "
            "Set AUTH_TOKENS_FILE with two people who may approve. It stays pending."
        )
        raise Problem(409, "tokens-needed", "Two people need tokens", detail)
    if approval.first_actor == person.name:
        at = f" at {approval.first_at:%H:%M:%S} UTC" if approval.first_at else ""
        detail = f"You approved it{at}: one of two. Somebody else who may approve has to do so too. It stays pending."
        raise Problem(409, "second-person-needed", "One of two", detail, first=person.name)


def problems_at_start(settings: Settings) -> Iterator[str]:
    """What keeps two people from ever approving, while the policy file wants that."""
    if not settings.policy().four_eyes:
        return
    name = f"POLICY_FILE={settings.policy_file}: four_eyes needs two people who may approve"
    mend = (
        "Mend: AUTH_TOKENS_FILE=<file with two entries of the role approver or admin>, or leave four_eyes out"
    )
    if settings.auth_tokens_file is None:
        yield f"{name}, and without AUTH_TOKENS_FILE nobody can be told from anybody. {mend}"
        return
    try:
        people = read_people(settings.auth_tokens_file)
    except TokenFileError:
        return  # told already
    if sum("approver" in person.roles for person in people) < 2:
        yield f"{name}, and {settings.auth_tokens_file} has fewer. {mend}"
