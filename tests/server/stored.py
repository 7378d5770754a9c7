"""Stored incidents of the corpus for tests that change them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

CORPUS = Path(__file__).resolve().parent.parent / "incidents"


def copied(name: str, folder: Path, **meta: Any) -> Path:
    """A copy of a case that a test may change, with these lines in its meta.yaml."""
    place = folder / name
    shutil.copytree(CORPUS / name, place)
    known = yaml.safe_load((place / "meta.yaml").read_text())
    (place / "meta.yaml").write_text(yaml.safe_dump({**known, **meta}))
    return place


def files(folder: Path) -> dict[str, bytes]:
    """All of its files, to see whether one changes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
