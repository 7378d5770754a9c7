"""When something is over, as the text of an alert tells it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from graph.deadlines import deadline
from graph.diagnosis import unresolved
from tests.graph.evidence_builders import NOW
from tools.records import Alert, Evidence


def alert(name: str, description: str = "", **labels: str) -> Alert:
    """One that says this."""
    told = {"alertname": name, **labels}
    said = {"description": description}
    return Alert(fingerprint=name, status="firing", labels=told, annotations=said, starts_at=NOW)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("The cert `web-tls` is 5d 3h from expiry, it should have renewed a week ago.", timedelta(days=5, hours=3)),
        ("Client certificate for Kubelet on node n1 expires in 2d 4h.", timedelta(days=2, hours=4)),
        ("A client certificate is expiring in less than 7.0 days.", timedelta(days=7)),
        ("certificate expires within the next 24 hours", timedelta(hours=24)),
        ("3 days and 2 hours left", timedelta(days=3, hours=2)),
        ("it expires on 2026-01-08 06:30 UTC", timedelta(days=2, hours=18, minutes=30)),
        ("it expired 2026-01-04", -timedelta(days=1, hours=12)),
        ("it expires on 2026-13-45", None),
        ("has been firing for 15 minutes", None),
        ("expires soon", None),
    ],
)  # fmt: skip
def test_a_span_or_a_day_is_read(text: str, left: timedelta | None) -> None:
    """What only tells how long a rule has waited is no deadline."""
    assert deadline(text, NOW) == (None if left is None else NOW + left)


@pytest.mark.parametrize(
    ("left", "how_soon"),
    [("40h", "now"), ("2d 4h", "soon"), ("6d", "soon"), ("20d", "later"), ("some time", "")],
)
def test_a_certificate_is_as_urgent_as_its_date(left: str, how_soon: str) -> None:
    """By the date that the alert tells; without one the alert's severity decides."""
    words = f"Client certificate on node worker-3 expires in {left}."
    told = alert("KubeletClientCertificateExpiration", words, node="worker-3")
    finding = unresolved("", Evidence(collected_at=NOW), [told])
    assert (finding.problem, finding.how_soon) == ("certificate_expiring", how_soon)
    assert "worker-3" in finding.next_step


def test_an_address_leads_to_a_command_only_as_a_host() -> None:
    """A label is text that anybody may have written."""
    probed = alert("BlackboxSslCertificateWillExpireSoon", instance="https://shop.example.com:8443/health")
    assert "-connect shop.example.com:8443 -servername shop.example.com" in _step(probed)
    assert "-connect <host>:443" in _step(alert("SSLCertificateExpiring", instance="x; rm -rf /"))


def _step(told: Alert) -> str:
    return unresolved("", Evidence(collected_at=NOW), [told]).next_step
