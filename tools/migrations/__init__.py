"""Schema changes. `upgrade_in_child` is what a server calls; only its child process imports Alembic."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools.errors import StoreError

_CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
from tools.errors import StoreError
from tools.migrations.run import upgrade
try:
    upgrade(sys.stdin.read())
except StoreError as err:
    sys.exit(str(err))
"""


def upgrade_in_child(url: str, *, timeout: float = 300.0) -> None:
    """Bring the schema up to date in a process of its own: Alembic's memory goes with it.

    Raises StoreError with the child's words. The URL goes over stdin: it may hold a password.
    """
    root = Path(__file__).resolve().parent.parent.parent
    try:
        child = subprocess.run(
            [sys.executable, "-c", _CHILD, str(root)],
            input=url,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired as err:
        raise StoreError(f"the schema upgrade did not end within {timeout:.0f} s") from err
    if child.returncode != 0:
        words = child.stderr.strip().splitlines() or ["no words"]
        raise StoreError(f"the schema upgrade failed: {words[-1]}")
