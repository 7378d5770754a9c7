"""All stored incidents, decided once for a session of tests, however many of its processes ask for them."""

from __future__ import annotations

import fcntl
import os
import pickle
from dataclasses import dataclass
from pathlib import Path

import pytest

from server.evaluate import find_cases
from server.evaluation_jobs import Plan, scored
from server.report import Scored
from tests.server.stored import CORPUS

BLIND = CORPUS.parent / "blind"


@dataclass(frozen=True)
class Corpus:
    """With no model."""

    own: list[Scored]
    blind: list[Scored]


def whole_corpus(factory: pytest.TempPathFactory) -> Corpus:
    """Who comes first decides them, the others wait and read what it left."""
    place = _shared(factory)
    with (place / "corpus.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = place / "corpus.pickle"
        if not kept.exists():
            kept.write_bytes(pickle.dumps(_decided()))
        made: Corpus = pickle.loads(kept.read_bytes())
    return made


def _shared(factory: pytest.TempPathFactory) -> Path:
    """The session's folder, which the processes of pytest-xdist have in common."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def _decided() -> Corpus:
    own, blind = find_cases([CORPUS]), find_cases([BLIND])
    both = list(scored([*own, *blind], Plan(prompts=True)))
    return Corpus(both[: len(own)], both[len(own) :])
