"""A model of sentences from a folder, run by fastembed on onnxruntime. Asks no network: the folder holds all of it.

Imported only when a memory with MEMORY_MODEL_FOLDER needs its first vector.
"""

from __future__ import annotations

import math
from pathlib import Path

from fastembed import TextEmbedding
from fastembed.common.model_description import ModelSource, PoolingType
from langchain_core.embeddings import Embeddings

from tools.errors import TransientError
from tools.model_folder import MEND, fingerprint, problem_with, takes_first, weights_in
from tools.redaction import redact

BATCH = 1
"""Texts at a time. On one thread more are no faster, and eight of 500 tokens take 100 MiB more, which stay taken."""
THREADS = 1
"""The runs have the other processors."""


class DenseModel(Embeddings):
    """Vectors of length one. Not safe between threads. Raises TransientError when the folder's model does not run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        if problem := problem_with(folder):
            raise self._unusable(problem)
        try:
            self._model = TextEmbedding(_registered(folder), specific_model_path=str(folder), threads=THREADS)
        except Exception as error:
            # onnxruntime's errors have no class in common but this
            raise self._unusable(f"cannot be loaded ({_short(error)})") from error
        self.dimension = len(self.embed_query("the memory"))
        """Numbers of a vector."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector for each."""
        try:
            found = [[float(number) for number in vector] for vector in self._model.embed(texts, BATCH)]
        except Exception as error:
            raise self._unusable(f"does not run ({_short(error)})") from error
        if not all(vector and all(map(math.isfinite, vector)) for vector in found):
            raise self._unusable("gives vectors that are none")
        return found

    def embed_query(self, text: str) -> list[float]:
        """Its vector."""
        return self.embed_documents([text])[0]

    def _unusable(self, why: str) -> TransientError:
        return TransientError(f"the memory's model in {self._folder} {why}: {MEND}")


def _registered(folder: Path) -> str:
    """The name by which fastembed knows it, which it keeps as long as the process lives."""
    name = f"local/{fingerprint(folder)}"
    if all(known["model"] != name for known in TextEmbedding.list_supported_models()):
        TextEmbedding.add_custom_model(
            model=name,
            pooling=PoolingType.CLS if takes_first(folder) else PoolingType.MEAN,
            normalization=True,
            sources=ModelSource(hf=name),
            dim=1,  # only told to whoever asks fastembed for it
            model_file=weights_in(folder),
        )
    return name


def _short(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return redact(f"{type(error).__name__}: {lines[0] if lines else ''}")[:200]
