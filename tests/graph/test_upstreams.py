"""Names that get no answer although DNS is ready: told where both logs agree, and never from one alone."""

from __future__ import annotations

from typing import Any

import pytest

from graph.diagnosis import diagnose
from tests.graph.evidence_builders import TARGET, back_off, pods, ready_pods, released
from tools.records import Evidence, EvidenceItem, UpstreamFacts

DB = UpstreamFacts(silent=("10.2.2.2",), names=("db.example",), count=1, line="i/o timeout")
TWO = DB.model_copy(update={"names": ("a.example", "b.example"), "count": 2})
DNS = ready_pods(2, "dns")


def young(log: str, upstream: UpstreamFacts | None, dns: Any = DNS, logs: str = "found") -> Evidence:
    """A young release whose only pod crashes and says this, beside what CoreDNS says."""
    found = released(*pods(1, "rs2", back_off()), older=ready_pods(3, "rs1"))
    said = EvidenceItem(
        id="e8", kind="previous_logs", status="found", query="q", summary="s", excerpt=log, decides=log
    )
    told: Any = {"id": "e9", "kind": "dns_logs", "status": logs, "query": "q", "summary": "s"}
    items = (*found.items, said, EvidenceItem(**told))
    return found.model_copy(update={"dns": dns, "upstream": upstream, "items": items})


@pytest.mark.parametrize(
    ("log", "upstream", "expected"),
    [
        pytest.param("lookup db.example: no such host", DB, "dns_failing", id="the same name"),
        pytest.param("lookup other.example: no such host", DB, "bad_release", id="another name"),
        pytest.param("lookup my-db.example: no such host", DB, "bad_release", id="a longer name"),
        pytest.param("lookup db.example.org: no such host", DB, "bad_release", id="a longer name behind"),
        pytest.param(
            "lookup c.example: no such host", TWO, "bad_release", id="an answer, whoever else fails"
        ),
        pytest.param("Temporary failure in name resolution", TWO, "dns_failing", id="no name, no answer"),
        pytest.param("Temporary failure in name resolution", DB, "bad_release", id="one name is not several"),
        pytest.param("lookup db.example: no such host", None, "bad_release", id="a clean log"),
    ],
)
def test_a_release_is_kept_from_blame_where_both_logs_agree(
    log: str, upstream: UpstreamFacts | None, expected: str
) -> None:
    """One stale line of CoreDNS hides no release that asks for a wrong name."""
    assert diagnose(young(log, upstream), TARGET)[0].problem == expected


def test_it_says_who_does_not_answer_and_proposes_nothing() -> None:
    """Logs explain and unlock no action (R8.2)."""
    finding, candidates = diagnose(young("lookup db.example: no such host", DB), TARGET)
    assert candidates == []
    assert finding.summary.startswith(
        "Names outside of the cluster are not resolved: CoreDNS (2 of 2 ready) gets no answer from 10.2.2.2 for "
        "db.example"
    )
    assert "dig +time=2 @10.2.2.2 db.example" in finding.next_step
    assert finding.cause == "dns"


@pytest.mark.parametrize(
    ("upstream", "logs", "says"),
    [
        (None, "found", "tells of nobody who does not answer"),
        (None, "no_data", "printed nothing"),
        (None, "forbidden", "could not be read"),
        (DB, "found", "names without an answer: db.example"),
        (UpstreamFacts(servfail=("db.example",)), "found", "SERVFAIL for db.example"),
    ],
)
def test_beside_another_finding_it_is_said_what_that_log_says(
    upstream: UpstreamFacts | None, logs: str, says: str
) -> None:
    """A log that could not be read is no clean one."""
    finding, _ = diagnose(young("lookup other.example: no such host", upstream, logs=logs), TARGET)
    assert finding.problem == "bad_release"
    assert any(says in fact for fact in finding.facts)
