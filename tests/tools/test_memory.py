"""The embedded memory: found by the words of the proof, without any network, from many threads, once for each key.

By words alone and with a model beside them: what is promised is the same.
"""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port
from tests.tiny_model import tiny_model
from tools.errors import TransientError
from tools.memory import MemoryDocument, QdrantMemory, words

CONFIG = "exits at once with code 1, its configuration names a key that is not there"
DEPENDENCY = "the database did not accept connections and is back, restarts stopped growing"
IMAGE = "the registry does not know this tag"


def document(key: str, text: str, problem: str = "bad_release", **more: Any) -> MemoryDocument:
    """What is remembered of one incident."""
    return MemoryDocument(key=key, incident_id=key, problem=problem, text=words(problem, [text]), **more)


class CaughtUp(QdrantMemory):
    """Has a model, and owes it no vector."""

    def remember(self, documents: Sequence[MemoryDocument]) -> None:
        super().remember(documents)
        assert self.catch_up(1000) == 0

    def forget(self, keys: Sequence[str]) -> None:
        super().forget(keys)
        assert self.catch_up(1000) == 0


@pytest.fixture(params=["words", "words and a model"])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[QdrantMemory]:
    """An empty one in a folder of its own."""
    folder = tmp_path / "qdrant"
    with_model = request.param != "words"
    opened = CaughtUp(folder, "", tiny_model(tmp_path / "model")) if with_model else QdrantMemory(folder)
    yield opened
    opened.close()


def ids(memory: QdrantMemory, problem: str, text: str) -> list[str]:
    """Which incidents a question finds, best first."""
    return [one.incident_id for one in memory.recall(problem, text)]


def refusal(memory: QdrantMemory) -> str:
    """What is said of a memory that cannot be used."""
    try:
        memory.count()
    except TransientError as error:
        return str(error)
    return ""


def test_the_same_proof_is_found_before_the_same_class_and_the_same_class_before_like_words(
    memory: QdrantMemory,
) -> None:
    """However alike another class may sound."""
    memory.remember(
        [
            document("other-proof", DEPENDENCY),
            document("same-proof", CONFIG),
            document("like-words", CONFIG, problem="crash_loop"),
            document("neither", IMAGE, problem="image_error"),
        ]
    )
    assert [one.incident_id for one in memory.recall("bad_release", CONFIG, limit=2)] == [
        "same-proof",
        "other-proof",
    ]
    found = memory.recall("bad_release", CONFIG)
    assert [one.incident_id for one in found][:3] == ["same-proof", "other-proof", "like-words"]
    assert [one.score for one in found if one.incident_id == "neither"] < [found[0].score / 2]


def test_writing_the_same_key_again_replaces(memory: QdrantMemory) -> None:
    """Whatever died between writing and noting it."""
    memory.remember([document("i1", CONFIG)])
    memory.remember([document("i1", DEPENDENCY, note="wrong: the database was to blame")])
    assert memory.count() == 1
    (found,) = memory.recall("bad_release", DEPENDENCY)
    assert (found.incident_id, found.note) == ("i1", "wrong: the database was to blame")


def test_what_is_forgotten_is_found_no_more(memory: QdrantMemory) -> None:
    """And what was never there is no error."""
    memory.remember([document("i1", CONFIG), document("i2", CONFIG)])
    memory.forget(["i1", "never-there"])
    assert ids(memory, "bad_release", CONFIG) == ["i2"]
    memory.forget([])
    memory.remember([])


def test_it_is_there_after_a_restart(memory: QdrantMemory) -> None:
    """In its folder."""
    memory.remember([document("i1", CONFIG)])
    for _ in range(2):
        memory.close()
        assert ids(memory, "bad_release", CONFIG) == ["i1"]
        assert memory.catch_up(0) == 0


def test_no_secret_gets_in(memory: QdrantMemory, tmp_path: Path) -> None:
    """Neither in a text, made small or not, nor in a note, though whoever wrote them did not look."""
    token, key = "ghp_0123456789abcdefghijABCDEFGHIJ", "AKIAIOSFODNN7EXAMPLE"
    memory.remember([document("i1", f"the key {key} was refused", note=f"we tried {token}")])
    raw = MemoryDocument(key="i2", incident_id="i2", problem="bad_release", text=f"we tried {token}")
    memory.remember([raw])
    memory.close()
    stored = b"".join(
        path.read_bytes() for path in (tmp_path / "qdrant").rglob("*") if path.is_file()
    ).lower()
    assert b"incident_id" in stored
    assert not any(secret.lower().encode() in stored for secret in (token, key))


def test_many_threads_write_and_read_at_once(memory: QdrantMemory) -> None:
    """Nothing is lost and nothing fails: the embedded Qdrant itself would do both."""

    def work(number: int) -> int:
        memory.remember([document(f"i{number}", f"{CONFIG} {number}")])
        return len(memory.recall("bad_release", CONFIG))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(24)))
    assert min(found) >= 1
    assert memory.count() == 24


@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
)
def test_a_second_opener_is_told_what_to_do_and_the_first_goes_on(
    memory: QdrantMemory, tmp_path: Path
) -> None:
    """Two agents on one folder; the second gets in as soon as the first has left."""
    memory.remember([document("i1", CONFIG)])
    second = QdrantMemory(tmp_path / "qdrant")
    assert "in use by another process: give each agent its own QDRANT_PATH" in refusal(second)
    gc.collect()  # qdrant_client leaves its lock file open then: to be told off here and in no other test
    assert memory.count() == 1
    memory.close()
    assert second.count() == 1
    second.close()


def test_a_broken_folder_is_told(memory: QdrantMemory, tmp_path: Path) -> None:
    """Each way of being broken, with what to do; the folder is not locked by having failed."""
    memory.remember([document("i1", CONFIG)])
    memory.close()
    folder = tmp_path / "qdrant"
    storage = folder / "collection" / "incidents" / "storage.sqlite"
    good, meta = storage.read_bytes(), (folder / "meta.json").read_text()
    storage.write_bytes(b"not a database" * 100)
    for _ in range(2):
        with pytest.raises(TransientError, match=r"cannot be read \(DatabaseError.*move it away"):
            memory.count()
    storage.write_bytes(good)
    (folder / "meta.json").write_text(meta[: len(meta) // 2])
    with pytest.raises(TransientError, match="cannot be read"):
        memory.count()
    (folder / "meta.json").write_text(meta)
    assert memory.count() == 1


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """With the setting that mends it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(TransientError, match="set QDRANT_PATH to a folder that this user may write"):
        QdrantMemory(tmp_path / "file" / "qdrant").count()


def test_a_server_that_is_down_is_told(tmp_path: Path) -> None:
    """In its address, and the agent does not fall back to a folder behind anybody's back."""
    port = free_port()
    with pytest.raises(TransientError, match=f"the memory at http://127.0.0.1:{port} does not answer"):
        QdrantMemory(tmp_path / "qdrant", f"http://127.0.0.1:{port}").count()
    assert not (tmp_path / "qdrant").exists()


def test_nothing_is_asked_of_any_network(memory: QdrantMemory) -> None:
    """BM25 and its stop words are here, and so is all of a model: no host name is ever looked up."""
    asked: list[str] = []
    real, ours = socket.getaddrinfo, threading.get_ident()

    def watched(host: Any, *given: Any, **more: Any) -> Any:
        if threading.get_ident() == ours:
            asked.append(str(host))
        return real(host, *given, **more)

    socket.getaddrinfo = watched
    try:
        memory.remember([document("i1", CONFIG)])
        assert ids(memory, "bad_release", "not there") == ["i1"]
        assert (
            memory.recall("bad_release", "the of and")[0].score < memory.recall("bad_release", "key")[0].score
        )
        memory.close()
    finally:
        socket.getaddrinfo = real
    assert asked == []


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "web-5f65ddd74c-lpx6g/web: Error (exit code 137), 3 restarts",
            " / : error (exit code 137), 3 restarts",
        ),
        ("revision 2 created 2026-01-05 12:20:00 UTC by ana", "revision 2 created by ana"),
        ("pod api-6b7f9d8c55-x2x1z of shop is gone", "pod of is gone"),
        ("digest fc8bf5e16a72 of 2147483648 bytes", "digest of bytes"),
    ],
)
def test_what_is_matched_has_no_names_ids_or_instants(text: str, kept: str) -> None:
    """They would make every incident unlike every other; exit codes and counts stay."""
    assert words("p", [text], without=("web", "shop")) == f"p {kept}"
