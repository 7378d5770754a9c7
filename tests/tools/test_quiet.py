"""Silenced or inhibited: told of the right alert, by one request, and never guessed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.graph.evidence_builders import alert
from tools.alertmanager import own_fingerprint
from tools.quiet import why_quiet
from tools.records import Alert


@dataclass
class Alertmanager:
    """Tells of the alerts that a test gives it."""

    told: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def states(self, matcher: str) -> list[dict[str, Any]]:
        self.asked.append(matcher)
        return self.told


def fires(name: str, **labels: str) -> Alert:
    return alert().model_copy(
        update={"labels": {"alertname": name, "namespace": "shop", **labels}, "fingerprint": f"fp-{name}"}
    )


def told(one: Alert, *, silenced: str = "", inhibited: str = "", fingerprint: str = "") -> dict[str, Any]:
    """As the API tells of it."""
    status = {"silencedBy": [silenced] * bool(silenced), "inhibitedBy": [inhibited] * bool(inhibited)}
    return {
        "labels": one.labels,
        "fingerprint": fingerprint or one.fingerprint,
        "status": {**status, "state": "suppressed" if silenced or inhibited else "active"},
    }


CRASH, MISMATCH = fires("KubePodCrashLooping"), fires("KubeDeploymentReplicasMismatch")


def test_one_silence_is_enough() -> None:
    """A person asked for quiet about this workload; one request asks for all of its alerts."""
    api = Alertmanager([told(CRASH), told(MISMATCH, silenced="s-1")])
    said = why_quiet(api, [CRASH, MISMATCH])
    assert said == "KubeDeploymentReplicasMismatch is silenced in Alertmanager (s-1)"
    assert api.asked == ['alertname=~"KubeDeploymentReplicasMismatch|KubePodCrashLooping"']


def test_inhibition_counts_when_nothing_else_fires() -> None:
    """Warnings are often inhibited by the critical alert of the same workload."""
    some = Alertmanager([told(CRASH), told(MISMATCH, inhibited="fp-CRASH")])
    assert why_quiet(some, [CRASH, MISMATCH]) == ""
    every = Alertmanager([told(CRASH, inhibited="x"), told(MISMATCH, inhibited="x")])
    assert "inhibited in Alertmanager" in why_quiet(every, [CRASH, MISMATCH])


def test_somebody_elses_silence_is_not_ours() -> None:
    """The same name in another namespace."""
    other = fires("KubePodCrashLooping", namespace="books").model_copy(update={"fingerprint": "another"})
    assert why_quiet(Alertmanager([told(other, silenced="s-1")]), [CRASH]) == ""


def test_an_alert_that_is_not_known_there_is_not_quiet() -> None:
    """Another Alertmanager may hold it."""
    assert why_quiet(Alertmanager(), [CRASH]) == ""


@pytest.mark.parametrize("fingerprint", ["", "elsewhere"])
def test_it_is_known_by_our_own_fingerprint_and_by_its_labels(fingerprint: str) -> None:
    """Replica labels change Alertmanager's fingerprint and not ours (R1.12)."""
    ours = CRASH.model_copy(update={"fingerprint": own_fingerprint(CRASH.labels)})
    replica = ours.model_copy(update={"labels": {**CRASH.labels, "prometheus_replica": "b"}})
    api = Alertmanager([told(replica, silenced="s-1", fingerprint=fingerprint)])
    assert "is silenced" in why_quiet(api, [ours])


def test_what_has_resolved_is_not_asked_about() -> None:
    """Nothing fires: nothing to ask."""
    api = Alertmanager([told(CRASH, silenced="s-1")])
    assert why_quiet(api, [CRASH.model_copy(update={"status": "resolved"})]) == ""
    assert api.asked == []


def test_a_name_that_is_no_word_asks_for_all() -> None:
    """No text of an alert gets into a matcher unchecked (R8.3)."""
    odd = fires('x"} or {a="b')
    api = Alertmanager([told(odd, silenced="s-1")])
    assert "is silenced" in why_quiet(api, [odd])
    assert api.asked == [""]


def test_what_has_another_shape_silences_nothing() -> None:
    """Entries without labels or status are passed over."""
    assert (
        why_quiet(Alertmanager([{}, {"labels": [], "status": "x"}, {"labels": {}, "status": 5}]), [CRASH])
        == ""
    )
