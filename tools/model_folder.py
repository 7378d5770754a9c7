"""A folder with a model that turns texts into vectors: what it must hold, and how one is told from another.

Nothing is loaded here, so that a start can look at it. Whether it works is seen by whoever loads it
(`tools.dense_model`); `sre-agent doctor` does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

WEIGHTS = ("model.onnx", "onnx/model.onnx")
"""Where they may be: flat, or as the hubs of models lay them out."""
TOKENIZER = ("tokenizer.json", "tokenizer_config.json")
POOLING = "1_Pooling/config.json"
"""How sentence-transformers say that words become one vector. Absent: their mean."""
MEND = (
    "put model.onnx, tokenizer.json and tokenizer_config.json of a sentence-transformers model there, or leave "
    "MEMORY_MODEL_FOLDER out"
)
_POINTER = b"version https://git-lfs"


def problem_with(folder: Path) -> str:
    """Why it can hold no model; empty when nothing speaks against it."""
    if not folder.is_dir():
        return "is no folder"
    weights = weights_in(folder)
    missing = [*([] if weights else [WEIGHTS[0]]), *(n for n in TOKENIZER if not (folder / n).is_file())]
    if missing:
        return f"lacks {', '.join(missing)}"
    try:
        return next(_unreadable(folder, weights), "")
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def weights_in(folder: Path) -> str:
    """The file of the weights, relative to the folder; empty: there is none."""
    return next((name for name in WEIGHTS if (folder / name).is_file()), "")


def takes_first(folder: Path) -> bool:
    """Whether a text's vector is that of its first token instead of the mean. Raises OSError, ValueError."""
    file = folder / POOLING
    if not file.is_file():
        return False
    told = json.loads(file.read_text(encoding="utf-8"))
    modes = [name for name, on in told.items() if name.startswith("pooling_mode_") and on is True]
    if modes not in (["pooling_mode_mean_tokens"], ["pooling_mode_cls_token"]):
        raise ValueError(
            f"{POOLING} asks for {', '.join(modes) or 'nothing'}; the mean or the first token are known"
        )
    return modes == ["pooling_mode_cls_token"]


def fingerprint(folder: Path) -> str:
    """Changes with whatever changes vectors: those of two models must never be compared. Raises OSError."""
    digest = hashlib.sha256()
    for name in (weights_in(folder) or WEIGHTS[0], *TOKENIZER, POOLING):
        file = folder / name
        if name == POOLING and not file.exists():
            continue
        with file.open("rb") as read:
            digest.update(hashlib.file_digest(read, "sha256").digest())
    return digest.hexdigest()[:12]


def _unreadable(folder: Path, weights: str) -> Iterator[str]:
    with (folder / weights).open("rb") as read:
        start = read.read(len(_POINTER))
    if start == _POINTER:
        yield f"{weights} is a pointer of Git LFS and not the model (git lfs pull)"
    if not start:
        yield f"{weights} is empty"
    for name in TOKENIZER:
        try:
            json.loads((folder / name).read_text(encoding="utf-8"))
        except ValueError:
            yield f"{name} is no JSON"
    try:
        takes_first(folder)
    except (ValueError, AttributeError) as error:
        yield str(error)
