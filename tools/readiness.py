"""Whether a server that is only sometimes configured says of itself that it is ready: one GET, nothing else."""

from __future__ import annotations

from urllib.parse import urlsplit

from tools.errors import TransientError

SECONDS = 3.0
QDRANT_READY = "/readyz"
_FEW_BYTES = 200


def ready(url: str, path: str) -> str:
    """What it answers, e.g. `all shards are ready` Raises TransientError; credentials in the URL stay untold."""
    import urllib3

    parts = urlsplit(url)
    credentials = f"{parts.username}:{parts.password or ''}" if parts.username else None
    headers = urllib3.make_headers(basic_auth=credentials)
    host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    target = f"{parts.scheme}://{host}{parts.path.rstrip('/')}{path}"
    try:
        with (
            urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=SECONDS)) as pool,
            pool.request("GET", target, headers=headers, preload_content=False, redirect=False) as answer,
        ):
            status, data = answer.status, answer.read(_FEW_BYTES)
    except (urllib3.exceptions.HTTPError, OSError) as err:
        raise TransientError(f"{host} does not answer: {type(err).__name__}") from err
    if status != 200:
        raise TransientError(f"{host} answers {status} to GET {path}")
    return " ".join(data.decode("utf-8", "replace").split())
