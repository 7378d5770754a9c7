"""What the fence in the API server lets the agent's account run in containers, in CEL (`tools.fence`)."""

from __future__ import annotations

from collections.abc import Sequence

from tools.allowed_commands import AllowedCommand, regular


def checks(commands: Sequence[AllowedCommand]) -> list[tuple[str, str]]:
    """Only the words that POLICY_FILE names, in such a namespace and container, without input and terminal.

    Of which workload a pod is CEL does not see. The object of such a request are its options.
    """
    allowed = " || ".join(f"({_allows(command)})" for command in commands) or "false"
    return [
        (allowed, "no such command is allowed there"),
        (
            "!object.?stdin.orValue(false) && !object.?tty.orValue(false)",
            "a command gets no input and no terminal",
        ),
    ]


def _allows(command: AllowedCommand) -> str:
    namespace, container = regular(command.namespace), regular(command.container)
    return (
        f"request.namespace.matches({_text(namespace)}) && "
        f"object.?container.orValue('').matches({_text(container)}) && "
        f"object.?command.orValue([]) == [{', '.join(map(_text, command.argv))}]"
    )


def _text(value: str) -> str:
    """As CEL spells it: whatever could end the text, or mean something in it, is escaped."""
    return "'" + "".join(sign if _is_plain(sign) else f"\\U{ord(sign):08x}" for sign in value) + "'"


def _is_plain(sign: str) -> bool:
    return sign.isascii() and (sign.isalnum() or sign in "-_./^$*[] :=,+@")
