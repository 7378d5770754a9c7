"""A model of sentences that is a table: made here, run by the real fastembed and onnxruntime, a few kilobytes large.

Words of one row of `MEANINGS` have one vector, whatever their letters: what shares a meaning and no word is near.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

MEANINGS = (
    ("database", "postgres", "store"),
    ("refused", "unreachable", "down"),
    ("image", "registry", "tag"),
    ("config", "key", "setting"),
    ("memory", "heap", "oom"),
)
_FLOAT, _INT64 = 1, 7


def tiny_model(folder: Path, *, dimension: int = 8, seed: int = 0) -> Path:
    """Write it; another seed or dimension is another model."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {"[PAD]": 0, "[UNK]": 1}
    rows = [np.zeros(dimension), np.full(dimension, 0.01)]
    for number, meaning in enumerate(MEANINGS):
        vector = np.roll(np.eye(1, dimension)[0], number + seed)
        for word in meaning:
            vocabulary[word] = len(rows)
            rows.append(vector)
    (folder / "model.onnx").write_bytes(_onnx(np.array(rows, dtype="<f4")))
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    told = {"model_max_length": 64, "pad_token": "[PAD]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
    return folder


def _onnx(table: np.ndarray) -> bytes:
    """`last_hidden_state = table[input_ids]` in the wire format of onnx.proto, whose field numbers these are."""
    held = _field(1, table.shape[0]) + _field(1, table.shape[1]) + _field(2, _FLOAT)
    initializer = held + _field(8, b"table") + _field(9, table.tobytes())
    node = (
        _field(1, b"table") + _field(1, b"input_ids") + _field(2, b"last_hidden_state") + _field(4, b"Gather")
    )
    graph = (
        _field(1, node)
        + _field(2, b"tiny")
        + _field(5, initializer)
        + _field(11, _value(b"input_ids", _INT64, 2))
        + _field(12, _value(b"last_hidden_state", _FLOAT, 3))
    )
    opset = _field(1, b"") + _field(2, 17)
    return _field(1, 8) + _field(7, graph) + _field(8, opset)


def _value(name: bytes, kind: int, axes: int) -> bytes:
    shape = b"".join(_field(1, _field(2, f"axis{number}".encode())) for number in range(axes))
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, shape)))


def _field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    return bytes([*written, value])
