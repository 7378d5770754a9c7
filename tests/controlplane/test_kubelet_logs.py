"""The fake kubelet's logs: which life of a container they are of, how they are cut, and when there is none."""

from __future__ import annotations

from typing import Any

import pytest

from tests.controlplane.kubelet import NoLog, log_of

RUNNING = {"running": {"startedAt": "2026-01-01T00:00:10Z"}}
ENDED = {"terminated": {"startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:02Z"}}
BACKING_OFF = {"waiting": {"reason": "CrashLoopBackOff"}}


def _pod(state: dict[str, Any], last: dict[str, Any] | None = None) -> dict[str, Any]:
    status = {"name": "web", "state": state, "lastState": last or {}}
    annotations = {"sim/log": "one\ntwo\nthree", "sim/crash-log": "boom"}
    return {
        "metadata": {"name": "web-1", "annotations": annotations},
        "spec": {"containers": [{"name": "web"}, {"name": "sidecar"}]},
        "status": {"containerStatuses": [status]},
    }


@pytest.mark.parametrize(
    ("state", "last", "query", "said"),
    [
        (RUNNING, None, {}, "one\ntwo\nthree\n"),
        (RUNNING, ENDED, {"previous": "true"}, "boom\n"),
        (BACKING_OFF, ENDED, {}, "boom\n"),
        (ENDED, None, {}, "boom\n"),
        (RUNNING, None, {"tailLines": "2"}, "two\nthree\n"),
        (RUNNING, None, {"tailLines": "0"}, ""),
        (RUNNING, None, {"limitBytes": "5"}, "one\nt"),
        (RUNNING, None, {"tailLines": "1", "timestamps": "true"}, "2026-01-01T00:00:10.002000+00:00 three\n"),
        (RUNNING, None, {"sinceTime": "2026-01-01T00:00:11Z"}, ""),
    ],
)
def test_a_log_is_that_of_the_life_asked_for(
    state: dict[str, Any], last: dict[str, Any] | None, query: dict[str, str], said: str
) -> None:
    """Running, ended, backing off; tail first, bytes last, as the kubelet cuts."""
    assert log_of(_pod(state, last), "web", query) == said


@pytest.mark.parametrize(
    ("state", "query", "words"),
    [
        (RUNNING, {"previous": "true"}, 'previous terminated container "web" in pod "web-1" not found'),
        ({"waiting": {"reason": "ErrImagePull"}}, {}, "is waiting to start: image can't be pulled"),
        ({"waiting": {"reason": "ContainerCreating"}}, {}, "is waiting to start: ContainerCreating"),
    ],
)
def test_no_log_has_the_kubelets_words(state: dict[str, Any], query: dict[str, str], words: str) -> None:
    """The agent meets these refusals in real clusters."""
    with pytest.raises(NoLog, match=words):
        log_of(_pod(state), "web", query)
