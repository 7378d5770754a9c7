"""Tests that people start: alerts made on purpose, told from real ones by name and labels together.

A test goes the whole way of an alert and writes nothing. The key of its run begins with `test:`, which no key of a
workload does; so it joins no real run, no real alert joins it, and the record tells the two apart by that key.
"""

from __future__ import annotations

from collections.abc import Mapping

TEST_NAME = "SreAgentTest"
ACTOR = "opened_by"
REQUEST = "request"
TEST_KEY = "test:"
_LONGEST = 200


def is_test(labels: Mapping[str, str]) -> bool:
    """Whether these are the labels of a test: somebody's rule that is merely named so is none."""
    return labels.get("alertname") == TEST_NAME and bool(labels.get(REQUEST)) and ACTOR in labels


def key_of(labels: Mapping[str, str]) -> str:
    """The key of a test's run: its own, whatever workload it is about."""
    return f"{TEST_KEY}{labels[REQUEST][:_LONGEST]}"


def is_key_of_test(workload_key: str) -> bool:
    """Whether the run with this key is a test's."""
    return workload_key.startswith(TEST_KEY)
