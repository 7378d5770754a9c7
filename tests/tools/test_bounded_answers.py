"""Answers that are larger, stranger or further away than anything should be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.answers import parse
from tools.bundle import MOST_LOG_BYTES, Bundle, LogName
from tools.cluster import LOG_BYTES, KubernetesCluster
from tools.errors import Invalid, TransientError
from tools.objects import instant
from tools.quantities import parse_quantity
from tools.reads import failed
from tools.transport import BODY_LIMIT, CHUNK, TOO_LARGE, Request, Transport
from tools.usage import quantity


class Pouring:
    """A server that sends a body in pieces, whatever it was asked for."""

    status = 200

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.response = self
        self.headers = self
        self.pieces = pieces
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Any:
        self.asked.append(request)
        return self

    def stream(self, size: int) -> Iterator[bytes]:
        return self.pieces

    def getlist(self, name: str) -> list[str]:
        return []

    def close(self) -> None:
        self.pieces = iter(())

    release_conn = close


def of_size(size: int) -> Iterator[bytes]:
    return (b"x" * CHUNK for _ in range(size // CHUNK))


def test_of_a_log_past_its_bounds_the_end_is_kept() -> None:
    """A server that ignores limitBytes and tailLines sends fifty megabytes: the newest lines are what was wanted."""
    pieces = iter([*of_size(50 * 1024 * 1024), b"\nlast words\n"])
    wire = Pouring(pieces)
    cluster = KubernetesCluster(Transport(wire, tls_error=OSError), server="", identity="")
    text = cluster.logs("shop", "web-1", "web")
    assert text.endswith("\nlast words\n")
    assert len(text) <= LOG_BYTES
    assert len(wire.asked) == 1


def test_a_list_past_its_bounds_is_a_failed_read() -> None:
    """Never an empty one: nothing is known of what it would have said."""
    transport = Transport(Pouring(of_size(BODY_LIMIT + 2 * CHUNK)), tls_error=OSError)
    with pytest.raises(Invalid) as raised:
        transport.read(Request("GET", "/", "LIST pods"))
    assert raised.value.reason == TOO_LARGE
    assert failed(raised.value).status == "failed"


def test_an_answer_that_is_nested_without_end_is_no_json() -> None:
    """The parser's own limit is an answer of some proxy, and not the end of the run."""
    with pytest.raises(TransientError):
        parse(b"[" * 100_000, "LIST pods")


@pytest.mark.parametrize(
    "text", ["1e999", "-1e999", "9" * 400, "1" + "0" * 400 + "Gi", "NaN", "inf", "1Gi\n", ""]
)
def test_an_amount_without_end_is_no_amount(text: str) -> None:
    """Nothing that is computed of it would be a number."""
    assert quantity(text) is None
    with pytest.raises(ValueError, match="quantities must"):
        parse_quantity(text)


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "1969-12-31T23:59:59Z",
        "soon",
        "",
        "2026-13-01T00:00:00Z",
    ],
)
def test_a_time_at_the_end_of_the_calendar_is_no_time(text: str) -> None:
    """Go's zero is one, and nothing can be added to the others."""
    assert instant(text) is None


def test_of_a_log_file_the_newest_lines_are_loaded(tmp_path: Path) -> None:
    """Whole ones, whatever their encoding; a file of one endless line is cut anywhere."""
    (tmp_path / "meta.yaml").write_text("now: 2026-01-05T12:00:00Z\n")
    (tmp_path / "alert.json").write_text("{}")
    folder = tmp_path / "logs" / "shop" / "web-1"
    folder.mkdir(parents=True)
    line = b"2026-01-05T12:00:00Z GET / served \xe4\xff\n"
    (folder / "web.log").write_bytes(line * (2 * MOST_LOG_BYTES // len(line)) + b"last words\n")
    (folder / "endless.log").write_bytes(b"x" * (2 * MOST_LOG_BYTES))
    logs = Bundle.load(tmp_path).logs
    web = logs[LogName("shop", "web-1", "web")]
    assert web.endswith("\nlast words\n")
    assert web.startswith("2026-01-05T12:00:00Z GET / served \ufffd\ufffd\n")
    assert len(web) <= MOST_LOG_BYTES
    assert len(logs[LogName("shop", "web-1", "endless")]) == MOST_LOG_BYTES
