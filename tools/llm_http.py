"""The HTTP client under the SDK: its timeouts bound single reads, so a body that drips is bounded here as a whole.

Loads httpx, so it is imported by the first question only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx


def timeouts(read: float, connect: float) -> httpx.Timeout:
    """Seconds. The SDK's own default is no timeout at all when LangChain calls it."""
    return httpx.Timeout(read, connect=connect)


def client(body_seconds: float, timer: Callable[[], float]) -> httpx.Client:
    """A client that follows no redirect (prompts go where they were sent, or nowhere) and whose answers end."""

    def bound(response: httpx.Response) -> None:
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _Ending(response.stream, timer() + body_seconds, timer)

    return httpx.Client(follow_redirects=False, event_hooks={"response": [bound]})


class _Ending(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, deadline: float, timer: Callable[[], float]) -> None:
        self._stream, self._deadline, self._timer = stream, deadline, timer

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            if self._timer() > self._deadline:
                raise httpx.ReadTimeout("the answer drips")
            yield chunk

    def close(self) -> None:
        self._stream.close()
