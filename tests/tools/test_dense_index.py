"""A model beside the words: it orders what they have found, and comes, goes and changes without anything being lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.tiny_model import tiny_model
from tools.errors import TransientError
from tools.memory import MemoryDocument, QdrantMemory, Recalled, words

QUESTION = "the database is unreachable now, tag"
LIKE_WORDS, LIKE_MEANING, NEITHER = (
    "now the image and its tag",
    "postgres went down now",
    "now it waits for longer and longer than anybody should wait for it",
)


def document(key: str, text: str, problem: str = "crash_loop") -> MemoryDocument:
    """What is remembered of one incident."""
    return MemoryDocument(key=key, incident_id=key, problem=problem, text=words(problem, [text]))


ALL = [
    document("like words", LIKE_WORDS),
    document("like meaning", LIKE_MEANING),
    document("neither", NEITHER),
]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with one."""
    return tiny_model(tmp_path / "model")


@contextmanager
def opened(folder: Path, model: Path | None = None) -> Iterator[QdrantMemory]:
    """A memory of one folder, as one start of the agent has it."""
    memory = QdrantMemory(folder / "qdrant", "", model)
    with closing(memory):
        yield memory


def ids(found: list[Recalled]) -> list[str]:
    """Which, in their order."""
    return [one.incident_id for one in found]


def ids_of(one: Recalled) -> str:
    """To sort by."""
    return one.incident_id


def refusal(memory: QdrantMemory) -> str:
    """What is said when its vectors cannot be made."""
    with pytest.raises(TransientError) as told:
        memory.catch_up(100)
    return str(told.value)


def collections(folder: Path) -> list[str]:
    """What lies in the folder, without the model's fingerprint."""
    return sorted(path.name[:16] for path in (folder / "qdrant" / "collection").iterdir())


def test_it_orders_by_meaning_what_the_words_have_found_and_adds_nothing_to_their_score(
    tmp_path: Path, model: Path
) -> None:
    """The order is another; what is found and how well it matches, which decides what is shown, is not."""
    with opened(tmp_path) as memory:
        memory.remember(ALL)
        by_words = memory.recall("", QUESTION)
    with opened(tmp_path, model) as memory:
        memory.catch_up(100)
        by_both = memory.recall("", QUESTION)
    assert ids(by_words)[0] == "like words"
    assert ids(by_both)[0] == "like meaning"
    assert sorted(by_both, key=ids_of) == sorted(by_words, key=ids_of)


def test_what_shares_no_word_is_not_found_by_a_model_either(tmp_path: Path, model: Path) -> None:
    """To a model something is always nearest."""
    with opened(tmp_path, model) as memory:
        memory.remember([document("i1", "postgres went down")])
        memory.catch_up(100)
        assert memory.recall("", "the database is unreachable") == []


def test_the_same_class_comes_first_however_near_another_is(tmp_path: Path, model: Path) -> None:
    """Mechanism before wording and before meaning."""
    with opened(tmp_path, model) as memory:
        memory.remember(
            [document("other", QUESTION, "bad_release"), document("own", "the image now, the tag")]
        )
        memory.catch_up(100)
        assert ids(memory.recall("crash_loop", QUESTION)) == ["own", "other"]


def test_it_comes_and_goes_with_its_setting(tmp_path: Path, model: Path) -> None:
    """Switched on, off and on over the same folder: the words answer whenever it has not caught up."""
    with opened(tmp_path) as memory:
        memory.remember(ALL)
    with opened(tmp_path, model) as memory:
        assert memory.catch_up(2) == 1
        assert ids(memory.recall("", QUESTION))[0] == "like words"
        assert memory.catch_up(2) == 0
        assert ids(memory.recall("", QUESTION))[0] == "like meaning"
    with opened(tmp_path, model) as memory:
        assert memory.catch_up(0) == 0
        assert ids(memory.recall("", QUESTION))[0] == "like meaning"
    with opened(tmp_path) as memory:
        memory.remember([document("later", LIKE_MEANING)])
        assert collections(tmp_path) == ["incidents"], "what is not used is kept"
    with opened(tmp_path, model) as memory:
        assert memory.catch_up(0) == 4
        assert memory.catch_up(100) == 0


@pytest.mark.parametrize("another", [{"seed": 1}, {"dimension": 6}], ids=["alike", "of another dimension"])
def test_another_model_starts_anew_and_its_vectors_are_never_compared_with_the_old(
    tmp_path: Path, model: Path, another: dict[str, int]
) -> None:
    """Even of the same dimension, where nothing would fail; the old vectors are removed."""
    with opened(tmp_path, model) as memory:
        memory.remember(ALL)
        memory.catch_up(100)
    with opened(tmp_path, tiny_model(tmp_path / "another", **another)) as memory:
        assert memory.catch_up(0) == 3
        assert ids(memory.recall("", QUESTION))[0] == "like words"
        assert memory.catch_up(100) == 0
        assert collections(tmp_path) == ["incidents", "incidents-dense-"]
        assert ids(memory.recall("", QUESTION))[0] == "like meaning"


def test_what_was_rewritten_or_forgotten_without_the_model_is_seen(tmp_path: Path, model: Path) -> None:
    """As a kill leaves it, between the words and the vectors."""
    with opened(tmp_path, model) as memory:
        memory.remember(ALL)
        memory.catch_up(100)
        memory.remember([document("neither", "postgres, the database, is unreachable now")])
        memory.forget(["like meaning"])
    with opened(tmp_path, model) as memory:
        assert memory.catch_up(0) == 2
        memory.catch_up(100)
        assert ids(memory.recall("", QUESTION)) == ["neither", "like words"]
    with opened(tmp_path, model) as memory:
        assert memory.catch_up(0) == 0


def test_vectors_of_another_dimension_under_its_name_are_told(tmp_path: Path, model: Path) -> None:
    """Whoever made them, with what mends it."""
    with opened(tmp_path, model) as memory:
        memory.remember(ALL)
        memory.catch_up(100)
    meta = tmp_path / "qdrant" / "meta.json"
    meta.write_text(meta.read_text().replace('"size": 8', '"size": 9'))
    for storage in (tmp_path / "qdrant").rglob("incidents-dense-*/storage.sqlite"):
        with closing(sqlite3.connect(storage)) as connection, connection:
            connection.execute("DELETE FROM points")
    with opened(tmp_path, model) as memory:
        told = refusal(memory)
    assert "dense vectors with 9 dimensions" in told
    assert "move it away, and it is built anew from the record" in told


def test_a_folder_that_is_gone_leaves_the_words_and_its_vectors(tmp_path: Path, model: Path) -> None:
    """A volume that is not there yet: nothing is thrown away for it."""
    with opened(tmp_path, model) as memory:
        memory.remember(ALL)
        memory.catch_up(100)
    away = model.rename(tmp_path / "away")
    with opened(tmp_path, model) as memory:
        assert ids(memory.recall("", QUESTION))[0] == "like words"
        assert "is no folder: put model.onnx" in refusal(memory)
        assert collections(tmp_path) == ["incidents", "incidents-dense-"]
        away.rename(model)
        assert memory.catch_up(100) == 0
        assert ids(memory.recall("", QUESTION))[0] == "like meaning"
