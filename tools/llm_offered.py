"""Which models the server offers to this key: one GET without the SDK, so that a health check loads nothing."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from tools.errors import Forbidden, PermanentError, ToolError, TransientError
from tools.excerpts import message

SECONDS = 5.0
MOST_BYTES = 1_000_000


def offered_models(base: str, key: str) -> tuple[str, ...]:
    """Their ids. `base` is the address without a path. Raises Forbidden for a refused key, else TransientError."""
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    request = Request(f"{base}/openai/v1/models", headers={"User-Agent": "sre-agent"})
    # unredirected: a redirect must not carry the key to another host
    request.add_unredirected_header("Authorization", f"Bearer {key}")
    try:
        with urlopen(request, timeout=SECONDS) as answer:
            return _ids(answer.read(MOST_BYTES))
    except HTTPError as error:
        with error:
            raise _refusal(error.code, urlsplit(base).netloc) from error
    except OSError as error:
        raise TransientError(f"the model's server cannot be reached: {message(str(error), 160)}") from error


def _ids(body: bytes) -> tuple[str, ...]:
    try:
        listed = json.loads(body)["data"]
        return tuple(str(model["id"]) for model in listed)
    except (ValueError, LookupError, TypeError) as error:
        raise TransientError("the list of models is not JSON: is GROQ_API_BASE right?") from error


def _refusal(status: int, host: str) -> ToolError:
    if status in (401, 403):
        return Forbidden(f"{host} refuses the key ({status}): check GROQ_API_KEY", status=status)
    if status == 404:
        return PermanentError(f"{host} has no list of models (404): is GROQ_API_BASE right?", status=status)
    return TransientError(f"{host} answers {status}", status=status)
