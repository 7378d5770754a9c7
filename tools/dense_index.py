"""The memory's documents once more by vectors, beside their words: it orders what the words have found.

It has a collection of its own for each model, made from the documents that the words have. So a model that is new,
another or gone loses nothing, and until it has caught up the words alone decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tools.model_folder import fingerprint

if TYPE_CHECKING:
    from langchain_qdrant import QdrantVectorStore
    from qdrant_client import QdrantClient

VECTOR = "dense"
SCROLLED = 256
EVEN = 60
"""Of reciprocal rank fusion: the larger, the less the first places count."""


class DenseIndex:
    """The vectors of one model for the documents of `words`, a collection. Loads the model when it needs it.

    Raises TransientError when vectors are needed and the folder has no model that runs, and the client's own errors.
    """

    def __init__(self, client: QdrantClient, words: str, folder: Path) -> None:
        self._client = client
        self._words = words
        self._folder = folder
        self.collection = _named(words, folder)
        """Empty: the folder cannot be read now."""
        self._store: QdrantVectorStore | None = None
        self.behind = self._differences()
        """Points that have no vector of their present text."""

    def lacks(self, points: Iterable[str]) -> None:
        """These have other texts now, or none: to be said before they are written."""
        self.behind.update(points)

    def catch_up(self, limit: int) -> int:
        """Make vectors for at most so many; returns how many are still lacking."""
        batch = sorted(self.behind)[:limit]
        if not batch:
            return len(self.behind)
        texts = {str(r.id): _text(r.payload) for r in self._client.retrieve(self._words, batch)}
        if texts:
            self._opened().add_texts(list(texts.values()), ids=list(texts))
        self._remove([point for point in batch if point not in texts])
        self.behind.difference_update(batch)
        return len(self.behind)

    def fused(self, question: str, points: Sequence[str]) -> list[str]:
        """Those points, best first by words, in the order of both. By words alone while vectors are lacking."""
        if self.behind or not points:
            return list(points)
        from qdrant_client.models import Filter, HasIdCondition

        only = Filter(must=[HasIdCondition(has_id=list(points))])
        near = self._opened().similarity_search(question, k=len(points), filter=only)
        by_vector = {str(document.metadata["_id"]): place for place, document in enumerate(near)}
        scores = {
            point: 1 / (EVEN + place) + 1 / (EVEN + by_vector.get(point, len(points)))
            for place, point in enumerate(points)
        }
        return sorted(points, key=lambda point: -scores[point])

    def _remove(self, points: list[str]) -> None:
        if points and self.collection and self._client.collection_exists(self.collection):
            self._client.delete(self.collection, list(points))

    def _differences(self) -> set[str]:
        ours, theirs = texts_of(self._client, self.collection), texts_of(self._client, self._words)
        return {point for point in ours.keys() | theirs.keys() if ours.get(point) != theirs.get(point)}

    def _opened(self) -> QdrantVectorStore:
        if self._store is None:
            from langchain_qdrant import QdrantVectorStore, RetrievalMode
            from qdrant_client.models import Distance, VectorParams

            from tools.dense_model import DenseModel

            model = DenseModel(self._folder)
            self.collection = self.collection or _named(self._words, self._folder)
            if not self._client.collection_exists(self.collection):
                vectors = {VECTOR: VectorParams(size=model.dimension, distance=Distance.COSINE)}
                self._client.create_collection(self.collection, vectors_config=vectors)
            self._store = QdrantVectorStore(
                self._client,
                self.collection,
                embedding=model,
                retrieval_mode=RetrievalMode.DENSE,
                vector_name=VECTOR,
            )
        return self._store


def drop_others(client: QdrantClient, words: str, used: str = "") -> None:
    """Remove the vectors of models that are not used any more. Not on a server, where others may use them."""
    for collection in client.get_collections().collections:
        if collection.name.startswith(_prefix(words)) and collection.name != used:
            client.delete_collection(collection.name)


def texts_of(client: QdrantClient, collection: str) -> dict[str, str]:
    """Every point's text; none of a collection that is not there."""
    if not collection or not client.collection_exists(collection):
        return {}
    found: dict[str, str] = {}
    records, more = client.scroll(collection, limit=SCROLLED)
    while True:
        found.update({str(record.id): _text(record.payload) for record in records})
        if more is None:
            return found
        records, more = client.scroll(collection, limit=SCROLLED, offset=more)


def _prefix(words: str) -> str:
    return f"{words}-dense-"


def _text(payload: dict[str, object] | None) -> str:
    return str((payload or {}).get("page_content", ""))


def _named(words: str, folder: Path) -> str:
    try:
        return f"{_prefix(words)}{fingerprint(folder)}"
    except OSError:
        return ""
