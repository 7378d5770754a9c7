"""Tests and requests that people start: alerts made on purpose, told from real ones by name and labels together.

A test goes the whole way of an alert and writes nothing. The key of its run begins with `test:`, which no key of a
workload does; so it joins no real run, no real alert joins it, and the record tells the two apart by that key.
A request for an action has a run of its own as well, so that the action is bound to the incident that it opened.
"""

from __future__ import annotations

from collections.abc import Mapping

TEST_NAME = "SreAgentTest"
ACTOR = "opened_by"
REQUEST = "request"
TEST_KEY = "test:"
ACTION_NAME = "ActionRequested"
"""Of the alert that a request for an action is. What is asked for does not stand in it: see `requested_actions`."""
ACTION_KEY = "action:"
_LONGEST = 200


def is_test(labels: Mapping[str, str]) -> bool:
    """Whether these are the labels of a test: somebody's rule that is merely named so is none."""
    return labels.get("alertname") == TEST_NAME and _by_a_person(labels)


def own_key(labels: Mapping[str, str]) -> str:
    """The key of a run of its own, whatever workload it is about; empty for what is neither a test nor a request."""
    keys = {TEST_NAME: TEST_KEY, ACTION_NAME: ACTION_KEY}
    key = keys.get(labels.get("alertname", ""))
    return f"{key}{labels[REQUEST][:_LONGEST]}" if key and _by_a_person(labels) else ""


def is_key_of_test(workload_key: str) -> bool:
    """Whether the run with this key is a test's."""
    return workload_key.startswith(TEST_KEY)


def _by_a_person(labels: Mapping[str, str]) -> bool:
    return bool(labels.get(REQUEST)) and ACTOR in labels
