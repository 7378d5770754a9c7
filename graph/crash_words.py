"""How a container ended and what that means, in words for people (exit codes: kubernetes.md 2.1)."""

from __future__ import annotations

from graph.ages import lasting
from graph.symptoms import NOT_STARTED, life_seconds
from tools.excerpts import imperative, message, quote
from tools.records import ContainerFacts

MEANING = {
    0: "it completed, and this container is not meant to end",
    126: "the command cannot be executed",
    127: "the command was not found",
    134: "aborted",
    137: "killed by SIGKILL",
    139: "segmentation fault",
    143: "ended by SIGTERM: a probe or a drain",
}


def ending(container: ContainerFacts) -> str:
    """`ends with exit code 139 (segmentation fault) after 2 s`; what the runtime says of one that never began."""
    if never_began(container):
        return f"cannot be started{_quoted(container.exit_message)}"
    life = life_seconds(container)
    after = "" if life is None else f" after {lasting(life)}"
    if container.exit_reason == "OOMKilled":
        return f"is killed for memory{after}"
    if container.exit_code is None:
        return f"ends{after}"
    meaning = MEANING.get(container.exit_code)
    return f"ends with exit code {container.exit_code}{f' ({meaning})' if meaning else ''}{after}"


def end_code(container: ContainerFacts) -> str:
    """`exit code 1`, `OOMKilled, exit code 137`: the runtime's reason where it says more than that it failed.

    Of one whose exit code is not known, what it waits for.
    """
    reason = "" if container.exit_reason in ("", "Error") else f"{container.exit_reason}, "
    code = container.waiting_reason if container.exit_code is None else f"exit code {container.exit_code}"
    return f"{reason}{code}"


def runtime_words(text: str) -> str:
    """What the runtime says of a start that failed, without the layers that pass it on; empty where it gives orders."""
    told = text[text.rfind("exec: ") :] if "exec: " in text else text
    return "" if imperative([told]) else message(told, 160)


def never_began(container: ContainerFacts) -> bool:
    """The runtime could not start it, so that it has said nothing and no log of it exists."""
    return container.exit_reason in NOT_STARTED


def _quoted(text: str) -> str:
    words = runtime_words(text)
    return f": {quote(words)}" if words else ""
