"""Cut the lock down to what an image needs: `python docker/locked.py runtime` or `python docker/locked.py build`.

`requirements.lock` pins everything, tests and checks too. Which package needs which stands in its `via` notes, so the
part that runs is what can be reached from the project itself. Versions and hashes stay as they are in the lock.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"
PROJECT = "sre-agent (pyproject.toml)"
BUILD_TOOLS = ("setuptools", "wheel")
AT_A_DESK = ("ipykernel", "matplotlib", "nbclient")
"""The extra `notebooks`: for a person with a browser, never for an image."""
_HEAD = re.compile(r"^[A-Za-z0-9]")


def entries(lock: str) -> dict[str, str]:
    """The text of each package's entry, by name."""
    found: dict[str, str] = {}
    name = ""
    for line in lock.splitlines(keepends=True):
        if _HEAD.match(line):
            name = line.partition("==")[0].partition("[")[0].lower()
            # a package that is pinned twice, for different platforms, keeps both
            found[name] = found.get(name, "") + line
        elif name:
            found[name] += line
    return found


def needed_by(entry: str) -> Iterator[str]:
    """The names in its `via` note."""
    for line in entry.splitlines():
        note = line.strip()
        if note.startswith("#"):
            yield note.lstrip("# ").removeprefix("via").strip()


def reached(lock: str, *roots: str, without: Collection[str] = ()) -> str:
    """The entries of all that the roots need, and of the roots themselves where they are packages.

    What only those in `without` need is left out with them.
    """
    packages = {name: entry for name, entry in entries(lock).items() if name not in without}
    wanted, before = set(roots), 0
    while len(wanted) != before:
        before = len(wanted)
        wanted |= {name for name, entry in packages.items() if wanted & set(needed_by(entry))}
    return "".join(entry for name, entry in packages.items() if name in wanted)


def runtime(lock: str) -> str:
    """The part that the project needs when it runs, all extras included but the one that serves no image."""
    return reached(lock, PROJECT, without=AT_A_DESK)


def build(lock: str) -> str:
    """The part that makes a wheel of the sources."""
    return reached(lock, *BUILD_TOOLS)


if __name__ == "__main__":
    part = {"runtime": runtime, "build": build}[sys.argv[1]]
    sys.stdout.write(part(LOCK.read_text(encoding="utf-8")))
