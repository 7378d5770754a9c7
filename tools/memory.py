"""What closed incidents teach beyond a look-up by name: found again by the words of their proof, in Qdrant.

The memory holds no verdicts: it finds ids, and our own ledger says what happened. It works without any network:
BM25 needs no model, and its stop words stand here, since a missing file of them would silently mean none. A model of
sentences, where a folder with one is given, only orders what the words have found.
Only this module, `tools.dense_index` and `tools.dense_model` import qdrant_client, langchain_qdrant and fastembed, and
only when a memory is opened.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Literal, Protocol
from uuid import NAMESPACE_URL, uuid5

from tools.errors import TransientError
from tools.records import Record
from tools.redaction import redact

if TYPE_CHECKING:
    from langchain_core.documents import Document
    from langchain_qdrant import QdrantVectorStore
    from qdrant_client import QdrantClient

    from tools.dense_index import DenseIndex

COLLECTION, VECTOR = "incidents", "sparse"
LONGEST_TEXT = 4000
CANDIDATES = 5
"""So many times what is asked for is looked through by class, and by a model: the best words may be another class's."""
SERVER_SECONDS = 5
_STOP_WORDS = (
    "a an the and or of to in on at by for from with as is are was were be been being it its this that these those "
    "has have had do does did will would can could should may might must he she they them their we us our you your "
    "i me my which who whom what when where why how than then so if but into about also there here"
)
"""Pinned: index and question must leave out the same words. `not`, `no`, `down` and `out` tell incidents apart."""


class MemoryDocument(Record):
    """One closed incident, or a summary of older ones of a workload and class."""

    key: str
    """The incident's id, or `summary:<workload>:<class>`. Writing the same key again replaces."""
    kind: Literal["incident", "summary"] = "incident"
    incident_id: str
    """For a summary: the newest incident that it sums up."""
    problem: str
    text: str
    """Problem class and proof in words, without names and instants: what is matched."""
    note: str = ""
    """What people said of the incident; a summary in words."""


class Recalled(Record):
    """One document that a question has found."""

    kind: Literal["incident", "summary"] = "incident"
    incident_id: str
    problem: str
    score: float
    """Of its words (BM25): it means nothing by itself. A model adds nothing to it."""
    note: str = ""


class Memory(Protocol):
    """Raises TransientError when it cannot be read or written: it is never needed, and says what is missing."""

    def recall(self, problem: str, text: str, *, limit: int = 20) -> list[Recalled]:
        """Best first: those of the same problem class, then others; among them by words, or words and a model."""
        ...

    def remember(self, documents: Sequence[MemoryDocument]) -> None:
        """Add or replace."""
        ...

    def forget(self, keys: Sequence[str]) -> None:
        """Remove what is there of these."""
        ...

    def count(self) -> int:
        """How many documents it holds."""
        ...

    def catch_up(self, limit: int) -> int:
        """Make at most so many of the vectors that its model owes; returns how many are owed still. 0: no model."""
        ...

    def close(self) -> None:
        """Give back what it holds; it may be used again afterwards."""
        ...


class QdrantMemory:
    """An embedded folder, which one process may use at a time, or a server. Opened by the first call.

    The embedded Qdrant is not safe between threads (durability.md 10.1): one lock is held around every call. Its
    points are pickled, so the folder is to be trusted like code. `model_folder`: a model of sentences beside the words.
    """

    def __init__(self, path: Path, url: str = "", model_folder: Path | None = None) -> None:
        self._path = path
        self._url = url
        self._model_folder = model_folder
        self._lock = threading.Lock()
        self._client: QdrantClient | None = None
        self._store: QdrantVectorStore | None = None
        self._index: DenseIndex | None = None

    def recall(self, problem: str, text: str, *, limit: int = 20) -> list[Recalled]:
        question = words(problem, [text])
        with self._opened() as store:
            found = store.similarity_search_with_score(question, k=limit * CANDIDATES)
            by_point = {
                str(document.metadata["_id"]): _recalled(document, score) for document, score in found
            }
            order = self._index.fused(question, list(by_point)) if self._index else list(by_point)
        return sorted((by_point[point] for point in order), key=lambda one: one.problem != problem)[:limit]

    def remember(self, documents: Sequence[MemoryDocument]) -> None:
        if not documents:
            return
        points = [_point(each.key) for each in documents]
        with self._opened() as store:
            self._owe(points)
            store.add_texts(
                [redact(each.text)[:LONGEST_TEXT] for each in documents],
                metadatas=[_metadata(each) for each in documents],
                ids=points,
            )

    def forget(self, keys: Sequence[str]) -> None:
        if not keys:
            return
        points = [_point(key) for key in keys]
        with self._opened() as store:
            self._owe(points)
            store.delete(list(points))

    def count(self) -> int:
        with self._opened() as store:
            return store.client.count(COLLECTION).count

    def catch_up(self, limit: int) -> int:
        with self._opened():
            return self._index.catch_up(limit) if self._index else 0

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = self._store = self._index = None

    def _owe(self, points: list[str]) -> None:
        if self._index:
            self._index.lacks(points)

    @contextmanager
    def _opened(self) -> Iterator[QdrantVectorStore]:
        with self._lock, _translated(self._url or str(self._path)):
            if self._store is None:
                client = _connect(self._path, self._url)
                try:
                    store = _open(client, self._path)
                    self._index = _indexed(client, self._model_folder, alone=not self._url)
                    self._store = store
                except BaseException:
                    client.close()
                    raise
                self._client = client
            yield self._store


def words(problem: str, lines: Sequence[str], *, without: Sequence[str] = ()) -> str:
    """Class and proof as words to match by: no names in `without`, no ids, no instants, no long numbers."""
    # before it is made small: secrets are told by their capitals too
    text = redact("\n".join(lines)).lower()
    for name in sorted((name.lower() for name in without if len(name) > 1), key=len, reverse=True):
        text = re.sub(rf"\b{re.escape(name)}(?:-[a-z0-9]+)*\b", " ", text)
    text = re.sub(r"\d{4}-\d\d-\d\dt?[ \d:.z]*(?:utc)?", " ", text)
    text = re.sub(
        r"\b(?=\w*\d)[0-9a-f]{8,}\b|\b[a-z0-9]+(?:-[a-z0-9]+)*-[a-z0-9]{8,10}-[a-z0-9]{5}\b", " ", text
    )
    text = re.sub(r"\d{4,}|\s+", " ", text)
    return f"{problem} {text}".strip()[:LONGEST_TEXT]


def _recalled(document: Document, score: float) -> Recalled:
    return Recalled(
        kind=document.metadata.get("kind", "incident"),
        incident_id=document.metadata["incident_id"],
        problem=document.metadata["problem"],
        score=round(score, 3),
        note=document.metadata.get("note", ""),
    )


def _metadata(document: MemoryDocument) -> dict[str, str]:
    return {
        "incident_id": document.incident_id,
        "kind": document.kind,
        "problem": document.problem,
        "note": redact(document.note)[:1000],
    }


def _point(key: str) -> str:
    return str(uuid5(NAMESPACE_URL, key))


def _connect(path: Path, url: str) -> QdrantClient:
    if not url:
        path.mkdir(parents=True, exist_ok=True)
    from qdrant_client import QdrantClient

    if url:
        # its own check of the server's version would be a thread that fails by itself
        return QdrantClient(url=url, timeout=SERVER_SECONDS, check_compatibility=False)
    return QdrantClient(path=str(path))


def _open(client: QdrantClient, path: Path) -> QdrantVectorStore:
    from langchain_qdrant import FastEmbedSparse, QdrantVectorStore, RetrievalMode
    from qdrant_client.models import Modifier, SparseVectorParams

    if not client.collection_exists(COLLECTION):
        # BM25 counts on the server's inverse document frequencies
        vectors = {VECTOR: SparseVectorParams(modifier=Modifier.IDF)}
        client.create_collection(COLLECTION, vectors_config={}, sparse_vectors_config=vectors)
    bm25 = FastEmbedSparse("Qdrant/bm25", specific_model_path=str(path), stopwords=_STOP_WORDS.split())
    return QdrantVectorStore(
        client,
        COLLECTION,
        sparse_embedding=bm25,
        retrieval_mode=RetrievalMode.SPARSE,
        sparse_vector_name=VECTOR,
    )


def _indexed(client: QdrantClient, model_folder: Path | None, *, alone: bool) -> DenseIndex | None:
    from tools.dense_index import DenseIndex, drop_others

    index = DenseIndex(client, COLLECTION, model_folder) if model_folder else None
    if alone and (index is None or index.collection):
        drop_others(client, COLLECTION, used=index.collection if index else "")
    return index


@contextmanager
def _translated(place: str) -> Iterator[None]:
    try:
        yield
    except TransientError:
        raise
    except ImportError as err:
        raise TransientError(
            f"the memory's packages are not installed ({err.name}): pip install 'sre-agent[memory]', or MEMORY=false"
        ) from err
    except RuntimeError as err:
        if "already accessed" not in str(err):
            raise TransientError(f"the memory at {place} failed: {_short(err)}") from err
        raise TransientError(
            f"the memory at {place} is in use by another process: give each agent its own QDRANT_PATH, or run a "
            "Qdrant server and set QDRANT_URL"
        ) from err
    except OSError as err:
        raise TransientError(
            f"the memory at {place} cannot be used ({_short(err)}): set QDRANT_PATH to a folder that this user may "
            "write"
        ) from err
    except _BROKEN as err:
        raise TransientError(
            f"the memory at {place} cannot be read ({type(err).__name__}: {_short(err)}): {_ANEW}"
        ) from err
    except Exception as err:
        # a server's errors have classes of qdrant_client's own, which is only imported when a memory is opened
        from langchain_qdrant.qdrant import QdrantVectorStoreError
        from qdrant_client.http.exceptions import ApiException

        if isinstance(err, QdrantVectorStoreError):
            raise TransientError(f"the memory at {place} is of another make: {_short(err)} {_ANEW}") from err
        if not isinstance(err, ApiException):
            raise
        raise TransientError(f"the memory at {place} does not answer: {_short(err)}") from err


_ANEW = "move it away, and it is built anew from the record"
_BROKEN = (ValueError, sqlite3.Error, UnpicklingError, EOFError, AttributeError, KeyError)


def _short(error: BaseException) -> str:
    return redact(str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__)[:200]
