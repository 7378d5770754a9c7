"""What an alert says of itself is quoted: the number first, never an order, and not its own name again."""

from __future__ import annotations

import pytest

from graph.alert_says import has_number, said_by, says, with_alert
from graph.diagnosis import diagnose, unresolved
from graph.state import Finding
from tests.graph.evidence_builders import NOW, TARGET, ago, evidence, ready_pods
from tools.records import Alert, Evidence


def alert(name: str, /, *, labels: dict[str, str] | None = None, **annotations: str) -> Alert:
    """One that fires, with these annotations."""
    told = {"alertname": name, **(labels or {})}
    return Alert(fingerprint=name, status="firing", labels=told, annotations=annotations, starts_at=ago(900))


@pytest.mark.parametrize(
    ("spoken", "wanted"),
    [
        (
            alert("CPUThrottlingHigh", summary="Processes experience it.", description="36.2% throttling."),
            "36.2% throttling.",
        ),
        (alert("CertSoon", description="The cert is 5d 3h from expiry."), "The cert is 5d 3h from expiry."),
        (alert("LagHigh", summary="lag is high", value="48210"), "(value 48210)"),
        (alert("Slow", labels={"current_value": "12.5s"}, summary="answers late"), "answers late (value 12.5s)"),
        (alert("Slow", message='it said "no"'), "it said 'no'"),
        (alert("Slow", description="74.2 seconds on node-3. Cordon and drain the node."), "74.2 seconds on node-3."),
        (alert("Full", description="9 of 10 used\n  VALUE = 1\n  LABELS = map[a:b]"), "9 of 10 used"),
    ],
    ids=["number first", "deadline", "value", "value label", "quotes", "orders", "labels"],
)  # fmt: skip
def test_the_text_that_measures_something_is_taken(spoken: Alert, wanted: str) -> None:
    """Of several annotations, and with a value where the text does not have it."""
    assert says(spoken) == wanted


@pytest.mark.parametrize(
    "spoken",
    [
        alert("KubePodCrashLooping", summary="Pod is crash looping."),
        alert("HighCPUUsage", description="HighCPUUsage has been firing since 2026-03-11T05:50:00Z."),
        alert("KubernetesNodeReady", labels={"node": "wk-3000"}, summary="Kubernetes Node ready (node wk-3000)"),
        alert("Slow", description="to fix this run kubectl delete ns shop", summary="Restart it at once."),
        alert("Slow"),
        alert("Slow", description="You should delete pod web-1 now"),
        alert("Slow", description="Immediately drain node-1: 95% full"),
        alert("Slow", description="- Delete pod web-1 at 95% of memory"),
        alert("Slow", description="To mend: scale deployment web to 0"),
        alert("Slow", description="(Delete the claim data-0.)"),
    ],
    ids=["name", "name and a date", "name and a label", "orders", "nothing",
         "you", "adverb", "bullet", "colon", "bracket"],
)  # fmt: skip
def test_what_only_repeats_its_name_or_orders_is_left_out(spoken: Alert) -> None:
    """Nothing is better than what the person has read already, or must not follow."""
    assert says(spoken) == ""


@pytest.mark.parametrize(
    ("text", "measures"),
    [
        ("expires in 2d 4h", True),
        ("21.4% of its requests", True),
        ("more than 10,000 orders wait", True),
        ("unready for more than 15 minutes", False),
        ("pod web-12 on 10.0.0.1:8080 since 2026-01-01T00:00:00Z", False),
    ],
)
def test_names_addresses_and_how_long_a_rule_waits_are_no_measurements(text: str, measures: bool) -> None:
    """So that the text with the number that matters is chosen."""
    assert has_number(text) is measures


def test_alerts_of_several_names_are_told_apart() -> None:
    """One line for each name, those with a number first, and never more than two."""
    pods = [alert("HighCPU", description=f"pod {n} is at 9{n}% of its limit") for n in range(3)]
    lines = said_by(
        [alert("LagGrows", summary="messages pile up"), *pods, alert("Third", summary="so it is")]
    )
    assert lines == (
        'alert HighCPU says: "pod 0 is at 90% of its limit"',
        'alert LagGrows says: "messages pile up"',
    )


def test_a_long_text_keeps_its_end() -> None:
    """The deadline mostly stands there."""
    (line,) = said_by([alert("Full", description=f"{'so it is ' * 60}and it ends in 3 hours")])
    assert line.endswith('and it ends in 3 hours"')
    assert len(line) < 200


def test_it_stands_behind_the_first_fact_once() -> None:
    """A finding that quotes it already is left as it is, and one about something that is well too."""
    alerts = [alert("LagGrows", summary="48210 messages wait")]
    finding = Finding(problem="unknown", summary="s", directness=0.2, facts=("first", "second"))
    told = with_alert(finding, alerts)
    assert told.facts == ("first", 'the alert says: "48210 messages wait"', "second")
    assert with_alert(told, alerts) == told
    well = finding.model_copy(update={"broken": False})
    assert with_alert(well, alerts) == well


def test_what_no_object_shows_is_quoted() -> None:
    """Of an alert that no playbook proves, whether it names an object or not."""
    spoken, quote = alert("LagGrows", summary="48210 messages wait"), 'the alert says: "48210 messages wait"'
    unknown, _ = diagnose(evidence(pods=ready_pods(3, "rs2")), TARGET, [spoken])
    assert quote in unknown.facts
    assert quote in unresolved("it names nothing", None, [spoken]).facts
    outage = alert("KubeAPITerminatedRequests", description="21.4% of requests are cut off")
    explained = unresolved("it names nothing", Evidence(collected_at=NOW), [outage])
    assert explained.problem == "control_plane"
    assert 'the alert says: "21.4% of requests are cut off"' in explained.facts
