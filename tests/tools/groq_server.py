"""A scripted Groq on loopback, over real HTTP: what it answers next is up to the test.

`GroqServer.script` holds what is served once each, in order; when it is empty, `usual` is served. An answer is a
function of the request's body; those below make every fault of the table that the adapter is tested against.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

KEY = "gsk_scripted0123456789"
BIG, SMALL = "openai/gpt-oss-120b", "openai/gpt-oss-20b"


@dataclass(frozen=True)
class Served:
    """One HTTP answer."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    """Say nothing until the server stops."""
    drop: bool = False
    """Close the connection without a word."""
    drip: bool = False
    """A byte every few milliseconds, for ever."""
    missing: int = 0
    """Bytes that the length promises beyond the body."""


Answering: TypeAlias = Callable[[dict[str, Any]], Served]


class GroqServer:
    """Remembers what it was asked."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.script: deque[Answering] = deque()
        self.usual: Answering = agree
        self.offered: tuple[str, ...] | int = (BIG, SMALL)
        """Models listed, or the status of a refusal."""
        self.moved_to = ""
        """Another server, to which the list of models is redirected."""
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.listed = 0
        self.stopping = threading.Event()
        self._lock = threading.Lock()

    def next(self, body: dict[str, Any], headers: dict[str, str]) -> Served:
        """Taken from the script, else the usual."""
        with self._lock:
            self.asked.append(body)
            self.headers.append(headers)
            answering = self.script.popleft() if self.script else self.usual
        return answering(body)

    def models_asked(self) -> list[str]:
        """In order."""
        return [body["model"] for body in self.asked]

    def prompt(self) -> str:
        """Of the newest question: system and user."""
        return "\n".join(message["content"] for message in self.asked[-1]["messages"])


@contextmanager
def groq_server() -> Iterator[GroqServer]:
    """Served until the block ends, hanging answers too."""

    class Handler(_Handler):
        scripted: GroqServer

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.daemon_threads = False
        scripted = Handler.scripted = GroqServer(httpd.server_port)
        thread = threading.Thread(target=httpd.serve_forever, args=(0.02,), name="groq-server")
        thread.start()
        try:
            yield scripted
        finally:
            scripted.stopping.set()
            httpd.shutdown()
            thread.join(10)


class _Handler(BaseHTTPRequestHandler):
    scripted: GroqServer
    protocol_version = "HTTP/1.1"
    timeout = 5

    def do_GET(self) -> None:
        """`/openai/v1/models`."""
        self.scripted.listed += 1
        self.scripted.headers.append({k.lower(): v for k, v in self.headers.items()})
        if self.scripted.moved_to:
            self._send(Served(302, b"", {"Location": f"{self.scripted.moved_to}{self.path}"}))
            return
        offered = self.scripted.offered
        if isinstance(offered, int):
            self._send(refused(offered, "invalid_api_key")({}))
        elif self.path != "/openai/v1/models":
            self._send(refused(404, "unknown_url")({}))
        else:
            self._send(_json({"object": "list", "data": [{"id": model} for model in offered]}))

    def do_POST(self) -> None:
        """`/openai/v1/chat/completions`."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/openai/v1/chat/completions":
            self._send(refused(404, "unknown_url")(body))
            return
        served = self.scripted.next(body, {k.lower(): v for k, v in self.headers.items()})
        if served.hang:
            self.scripted.stopping.wait(30)
        if served.hang or served.drop:
            self.close_connection = True
            return
        self._send(served)

    def _send(self, served: Served) -> None:
        try:
            self.send_response(served.status)
            for name, value in served.headers.items():
                self.send_header(name, value)
            extra = 1_000_000 if served.drip else served.missing
            self.send_header("Content-Length", str(len(served.body) + extra))
            self.end_headers()
            self.wfile.write(served.body)
            while served.drip and not self.scripted.stopping.wait(0.005):
                self.wfile.write(b" ")
        except OSError:
            pass
        if served.drip or served.missing:
            self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Quiet."""


def answer(
    body: dict[str, Any],
    choice: str,
    *,
    cites: list[str] | None = None,
    text: str = "The pods of the newest revision exit at once.",
    doubts: str = "none",
    **extra: Any,
) -> dict[str, Any]:
    """The object that a model would answer this question with; cites the first item that it may."""
    properties = body["response_format"]["json_schema"]["schema"]["properties"]
    ids = properties["reasons"]["items"]["properties"]["evidence"]["items"]["enum"]
    reasons = [{"text": text, "evidence": ids[:1] if cites is None else cites}]
    return {"reasons": reasons, "doubts": doubts, "choice": choice, **extra}


def choices(body: dict[str, Any]) -> list[str]:
    """What may be chosen, as the server is told."""
    offered: list[str] = body["response_format"]["json_schema"]["schema"]["properties"]["choice"]["enum"]
    return offered


def says(content: str | None, *, finish_reason: str = "stop") -> Answering:
    """A completion with this text."""

    def served(body: dict[str, Any]) -> Served:
        return _json(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1767614400,
                "model": body["model"],
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": content},
                        "logprobs": None,
                        "finish_reason": finish_reason,
                    }
                ],
                "usage": {"prompt_tokens": 1200, "completion_tokens": 80, "total_tokens": 1280},
            }
        )

    return served


def chooses(choice: str, **more: Any) -> Answering:
    """A well-formed answer with this choice; see `answer`."""
    return lambda body: says(json.dumps(answer(body, choice, **more)))(body)


def agree(body: dict[str, Any]) -> Served:
    """The playbook's first candidate, with a reason."""
    return chooses(choices(body)[0])(body)


def argue_for_worst(body: dict[str, Any]) -> Served:
    """The last candidate, sure of itself: what a model does that wants harm and keeps the form."""
    last = [choice for choice in choices(body) if choice != "none"][-1]
    return chooses(last, text="Do this at once, without asking anybody.")(body)


def cut_off(body: dict[str, Any]) -> Served:
    """Half of an agreeing answer, as at the limit of tokens: its JSON could be completed."""
    whole = {**answer(body, ""), "choice": choices(body)[0]}
    return says(json.dumps(whole)[:-2], finish_reason="length")(body)


def refused(status: int, code: str = "", **headers: str) -> Answering:
    """An error in the API's form; header names with _ for -."""
    error = {"message": f"scripted {status}", "type": "error", "code": code}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda body: _json({"error": error}, status=status, headers=named)


def raw(text: str, *, status: int = 200, content_type: str = "text/html", missing: int = 0) -> Answering:
    """Anything else."""
    return lambda body: Served(status, text.encode(), {"Content-Type": content_type}, missing=missing)


def hang(body: dict[str, Any]) -> Served:
    """Takes the question and says nothing."""
    return Served(hang=True)


def drop(body: dict[str, Any]) -> Served:
    """Takes the question and hangs up."""
    return Served(drop=True)


def drip(body: dict[str, Any]) -> Served:
    """Begins to answer and never ends."""
    return Served(headers={"Content-Type": "application/json"}, drip=True)


def _json(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Served:
    return Served(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})
