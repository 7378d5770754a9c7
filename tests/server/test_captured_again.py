"""Stored incidents, captured while they are decided, are decided the same from what was captured."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from server.stage import Stage
from tests.server.stored import CORPUS
from tools.bundle import Bundle
from tools.bundle_redaction import redacted
from tools.readings import Kept, pack, unpack

NAMED = (
    "canary-web",  # a workload of a kind that is not read
    "survey-form",  # its alert has resolved before anybody looks
    "tenant-portal",  # what may not be read
    "voice-bridge",
    "fleet-sensors",  # several bodies
    "rack-one",
    "tin-roof",  # alerts that name no object
    "rook-tower",
    "harbour-lamp",
    "salt-marsh",
    "cork-board",  # what resolves names was read too
    "checkout-cart",
)
TOLD = ("history.yaml", "metrics.yaml")
"""Cases that have more than objects and logs."""


class Holding:
    """Readings in memory, as the record would have kept them."""

    def __init__(self) -> None:
        self.bundles: list[Bundle] = []

    def keep(self, incident_id: str, bundle: Bundle, at: datetime) -> None:
        self.bundles.append(unpack(pack(redacted(bundle))))

    def of(self, incident_id: str) -> Kept:
        return Kept()


def cases() -> list[str]:
    """The named ones, some with a history and some with series."""
    more = [path.parent.name for name in TOLD for path in sorted(CORPUS.glob(f"*/{name}"))[:4]]
    return list(dict.fromkeys((*NAMED, *more)))


@pytest.fixture(scope="module")
def holding() -> Holding:
    """What the stage's runs read."""
    return Holding()


@pytest.fixture(scope="module")
def stage(holding: Holding) -> Iterator[Stage]:
    """One that keeps what its runs read."""
    with Stage(holding) as made:
        yield made


def without_id(record: dict[str, Any]) -> dict[str, Any]:
    """The decision but for whose it is."""
    return {key: value for key, value in record.items() if key != "incident_id"}


@pytest.mark.parametrize("case", cases())
def test_what_a_run_read_is_decided_as_it_was(stage: Stage, holding: Holding, case: str) -> None:
    """Redacted, and without whatever the run did not read: the same record but for its id."""
    holding.bundles = []
    (live,) = stage.decide(Bundle.load(CORPUS / case)).decisions
    (captured,) = holding.bundles
    (again,) = stage.decide(captured).decisions
    assert without_id(again) == without_id(live)
