"""What is said beside a finding: who else is ill, and what changed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from graph.context import with_context
from graph.diagnosis import diagnose
from graph.state import Finding
from tests.graph.evidence_builders import NOW, evidence, item, pod
from tools.records import ConfigFacts, NeighbourFacts

BROKEN = Finding(
    problem="crash_loop", summary="it crashes", directness=0.8, evidence=("e1",), facts=("a fact",)
)
CART = NeighbourFacts(kind="Deployment", name="cart", desired=2, shares=("host db",))
BLOG = NeighbourFacts(kind="Deployment", name="blog", desired=1)


def test_neighbours_stand_behind_the_facts_of_the_finding() -> None:
    """What shares something is named, what shares nothing is counted; the finding stays what it was."""
    around = evidence(pods=(pod("a", "r1"),), neighbours=(CART, BLOG), items=(item("neighbours", number=7),))
    found = with_context(BROKEN, around)
    assert found.facts == (
        "a fact",
        "Deployment cart is ill too (0 of 2) and shares host db",
        "1 other workload lacks pods as well, in the same namespace",
    )
    assert found.evidence == ("e1", "e7")
    assert found.model_copy(update={"facts": BROKEN.facts, "evidence": BROKEN.evidence}) == BROKEN


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            ConfigFacts(name="rates", changed_at=NOW - timedelta(minutes=5), changed_by="kubectl-edit"),
            ["ConfigMap rates was changed at 2026", "by kubectl-edit", "1 of 1 pods started before"],
        ),
        (ConfigFacts(name="rates", exists=False), ["ConfigMap rates does not exist"]),
        (ConfigFacts(name="rates", exists=False, optional=True), []),
        (ConfigFacts(name="rates", changed_at=NOW - timedelta(days=2)), []),
        (ConfigFacts(name="rates"), []),
    ],
)
def test_configuration_that_changed_lately_or_is_missing(config: ConfigFacts, said: list[str]) -> None:
    """An old change, one that never was and what may be missing are not worth a line."""
    around = evidence(pods=(pod("a", "r1"),), configs=(config,))
    told = "\n".join(with_context(BROKEN, around).facts[1:])
    assert all(words in told for words in said)
    assert bool(told) is bool(said)


def test_what_is_well_is_left_alone() -> None:
    """Nothing around it makes a thing that recovered an incident again."""
    well = BROKEN.model_copy(update={"broken": False})
    assert with_context(well, evidence(neighbours=(CART,))) == well


def test_a_failed_look_around_is_no_doubt_about_the_rest() -> None:
    """Said as missing, but not as the reason why nothing is known."""
    around = evidence(pods=(pod("a", "r1", ready=False),), items=(item("neighbours", "forbidden", 7),))
    finding, _ = diagnose(around, None)
    assert "reads failed" not in finding.summary
