"""Amounts are read at a glance."""

from __future__ import annotations

from graph.amounts import asked, readable, size
from tests.graph.evidence_builders import pod


def test_bytes_have_a_unit_and_few_digits() -> None:
    """As a person would say them; what is no quantity stays."""
    texts = ["14682104Ki", "128Mi", "9555167912", "7812Mi", "1208Ki", "5Gi", "plenty"]
    assert [readable(text) for text in texts] == [
        "14.0Gi",
        "128Mi",
        "8.9Gi",
        "7.6Gi",
        "1.2Mi",
        "5Gi",
        "plenty",
    ]
    assert size(0) == "0"


def test_what_a_pod_asks_for_is_said_with_what_it_does_not() -> None:
    """Nothing where that was not read."""
    assert asked(pod("web", "rs1", cpu_request=0.5, memory_request=2.0**30)) == "500m CPU and 1Gi memory"
    assert asked(pod("web", "rs1", cpu_request=0.0, memory_request=2.0**27)) == "no CPU and 128Mi memory"
    assert asked(pod("web", "rs1")) == ""
