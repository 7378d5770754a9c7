"""A folder that can hold no model is told before anything is loaded, and two models are never taken for one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from server.settings import Settings, SettingsError
from tests.tiny_model import tiny_model
from tools.model_folder import fingerprint, problem_with, takes_first

Fault = Callable[[Path], object]


def _pooling(modes: dict[str, bool]) -> Fault:
    def write(folder: Path) -> None:
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(modes))

    return write


FAULTS: list[tuple[Fault, str]] = [
    (shutil.rmtree, "is no folder"),
    (lambda f: (f / "model.onnx").unlink(), "lacks model.onnx"),
    (lambda f: (f / "tokenizer.json").unlink(), "lacks tokenizer.json"),
    (lambda f: (f / "tokenizer_config.json").unlink(), "lacks tokenizer_config.json"),
    (lambda f: (f / "model.onnx").write_bytes(b""), "model.onnx is empty"),
    (
        lambda f: (f / "model.onnx").write_bytes(b"version https://git-lfs.github.com/spec/v1"),
        "model.onnx is a pointer of Git LFS and not the model (git lfs pull)",
    ),
    (lambda f: (f / "tokenizer.json").write_text("<html>"), "tokenizer.json is no JSON"),
    (
        _pooling({"pooling_mode_max_tokens": True}),
        "1_Pooling/config.json asks for pooling_mode_max_tokens; the mean or the first token are known",
    ),
]


@pytest.mark.parametrize(("fault", "said"), FAULTS, ids=[said.split(";")[0] for _, said in FAULTS])
def test_the_start_says_what_is_wrong_with_the_folder(tmp_path: Path, fault: Fault, said: str) -> None:
    """In the line of its setting, with what belongs there; a memory that is off needs none."""
    folder = tiny_model(tmp_path / "model")
    fault(folder)
    given = {"MEMORY_MODEL_FOLDER": str(folder)}
    with pytest.raises(SettingsError) as refused:
        Settings.load(given)
    (line,) = refused.value.problems
    assert line.startswith(f"MEMORY_MODEL_FOLDER={folder}: {said}. Mend: put model.onnx, tokenizer.json")
    Settings.load({**given, "MEMORY": "false"})


def test_a_folder_as_the_hubs_lay_it_out_is_taken(tmp_path: Path) -> None:
    """The weights in `onnx/`, and how words become one vector said beside them."""
    folder = tiny_model(tmp_path / "model")
    (folder / "onnx").mkdir()
    (folder / "model.onnx").rename(folder / "onnx" / "model.onnx")
    _pooling({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False})(folder)
    assert problem_with(folder) == ""
    assert takes_first(folder)
    assert Settings.load({"MEMORY_MODEL_FOLDER": str(folder)}).memory_model_folder == folder


def test_whatever_changes_vectors_changes_the_fingerprint(tmp_path: Path) -> None:
    """Weights, tokenizer, pooling; not where the folder lies."""
    folder = tiny_model(tmp_path / "model")
    found = [fingerprint(folder), fingerprint(tiny_model(tmp_path / "another", seed=1))]
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 8, "pad_token": "[PAD]"}')
    found.append(fingerprint(folder))
    _pooling({"pooling_mode_cls_token": True})(folder)
    found.append(fingerprint(folder))
    assert len(set(found)) == 4
    assert fingerprint(shutil.copytree(folder, tmp_path / "copy")) == found[-1]


def test_looking_at_a_folder_loads_nothing_heavy(tmp_path: Path) -> None:
    """The agent's own process looks; only the memory's runs the model."""
    folder = tiny_model(tmp_path / "model")
    code = (
        "import sys; from pathlib import Path; from tools.model_folder import problem_with;"
        "assert problem_with(Path(sys.argv[1])) == '';"
        "print([n for n in ('fastembed', 'onnxruntime', 'numpy', 'qdrant_client') if n in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "[]"
