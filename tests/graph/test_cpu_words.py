"""What pods use of processor time, in one line with its bounds, and what cannot be told of it."""

from __future__ import annotations

import pytest

from graph.cpu_words import busiest, in_all, use_lines
from graph.diagnosis import diagnose
from tests.graph.evidence_builders import TARGET, ago, alert, evidence, ready_pods
from tools.records import Evidence, UsageFacts


def using(*cores: float, limit: float | None = 1.0, request: float | None = None) -> Evidence:
    """So many pods that use so much."""
    bounds = {"cpu_limit": limit, "cpu_request": request}
    pods = tuple(
        p.model_copy(update={"containers": tuple(c.model_copy(update=bounds) for c in p.containers)})
        for p in ready_pods(len(cores), "web-7d4")
    )
    usage = tuple(
        UsageFacts(pod=p.name, container="app", cores=used, memory=1.0, at=ago(20))
        for p, used in zip(pods, cores, strict=True)
    )
    return evidence(pods=pods, usage=usage)


def test_all_pods_stand_in_one_line_greatest_first() -> None:
    """What their names have in common is said once."""
    line = "app: limit 1, no request; used by web-7d4-… 1 950m (95%), 0 900m (90%) (told by metrics.k8s.io)"
    assert use_lines(using(0.9, 0.95)) == [line]
    assert in_all("app", using(0.9, 0.95)) == "1.85 of 2 cores in all"


@pytest.mark.parametrize(
    ("found", "line", "total"),
    [
        (
            using(1.25, limit=None),
            "app: no limit, no request; used by web-7d4-0 1.25 (told by metrics.k8s.io)",
            "",
        ),
        (
            using(0.25, limit=None, request=0.5),
            "app: no limit, request 500m; used by web-7d4-0 250m (50%) (told by metrics.k8s.io)",
            "0.25 of 0.5 cores in all",
        ),
    ],
)
def test_without_a_limit_it_is_told_of_the_request_or_as_it_is(
    found: Evidence, line: str, total: str
) -> None:
    """Nothing is made up where there is no bound."""
    assert use_lines(found) == [line]
    assert in_all("app", found) == total


def test_one_busy_pod_among_idle_ones_is_named() -> None:
    """The load is not spread then: its log is the one to read, and more pods would idle too."""
    found = using(0.2, 0.95, 0.1)
    assert "something in web-7d4-1: 1 of 3 use 80% and more" in use_lines(found)[1]
    assert busiest(found) == "web-7d4-1"
    finding, candidates = diagnose(found, TARGET, [alert("HighCPUUsage")])
    assert (finding.problem, candidates) == ("unknown", [])
    assert "kubectl -n shop logs web-7d4-1" in finding.next_step


def test_where_nobody_tells_there_is_no_line() -> None:
    """As many lines as are known: none."""
    unknown = evidence(pods=ready_pods(2, "web-7d4"))
    assert (use_lines(unknown), in_all("app", unknown), busiest(unknown)) == ([], "", "")
