"""What a command printed, as a person may read it: secrets out, cut as logs are, never raw bytes."""

from __future__ import annotations

from tools.container_commands import Printed, Ran
from tools.excerpts import excerpt_log

BUDGET = 3000
"""Bytes of each stream that are kept in the receipt."""
MOST_UNREADABLE = 0.1
"""Share of bytes that are no text from which on it is none."""


def output_of(ran: Ran) -> str:
    """Both streams, each under its name; empty where nothing was printed."""
    told = ((name, _excerpt(stream)) for name, stream in (("stdout", ran.stdout), ("stderr", ran.stderr)))
    return "\n".join(f"{name}:\n{text}" for name, text in told if text)


def _excerpt(stream: Printed) -> str:
    whole = bytes(stream.head + stream.tail)
    if _is_binary(whole):
        return f"[{stream.total} bytes that are no text]"
    return excerpt_log(_joined(stream).decode("utf-8", "replace"), budget=BUDGET)


def _joined(stream: Printed) -> bytes:
    """Whole lines at the cut: half a secret is not recognised any more."""
    head, tail = bytes(stream.head), bytes(stream.tail)
    if not stream.left_out:
        return head + tail
    head, tail = head[: head.rfind(b"\n") + 1], tail.partition(b"\n")[2]
    missing = stream.total - len(head) - len(tail)
    return head + f"[... {missing} bytes omitted]\n".encode() + tail


def _is_binary(data: bytes) -> bool:
    if b"\0" in data:
        return True
    unreadable = data.decode("utf-8", "replace").count("\ufffd")
    return unreadable > MOST_UNREADABLE * max(1, len(data))
