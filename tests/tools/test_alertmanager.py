"""What is believed of Alertmanager's bodies, and what is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_alerts import BEGIN, body, firing, parsed, real_bodies, resolved
from tools.alertmanager import MAX_INVALID, own_fingerprint, parse, parse_time
from tools.errors import Invalid

NOW = datetime(2026, 11, 22, 15, 50, tzinfo=UTC)


def test_the_real_bodies_are_read_whole() -> None:
    """All eight alerts of the six real bodies are understood, with Alertmanager's times."""
    read = [parse(sent, now=NOW) for sent in real_bodies()]
    assert [[alert.status for alert in one.alerts] for one in read] == [
        ["firing"],
        ["firing", "firing"],
        ["resolved"],
        ["resolved", "firing"],
        ["resolved"],
        ["resolved"],
    ]
    assert not any(one.invalid or one.notes for one in read)
    assert [one.truncated for one in read] == [1, 0, 1, 0, 0, 0]
    assert read[0].alerts[0].starts_at == datetime(2026, 11, 22, 15, 48, 49, 626591, tzinfo=UTC)


def test_a_firing_alert_has_no_end() -> None:
    """Year 0001 is Go's "not yet", never an end in the past (R1.3)."""
    assert [alert.ends_at for alert in parsed(firing()).alerts] == [None]


@pytest.mark.parametrize("digits", ["", ".1", ".12", ".123456", ".1234567", ".123456789"])
@pytest.mark.parametrize("zone", ["Z", "z", "+00:00", "+02:00", "-05:30"])
def test_times_have_any_fraction_and_any_offset(digits: str, zone: str) -> None:
    """0 to 9 fractional digits, Z or an offset (R1.3), kept to the microsecond."""
    read = parse_time(f"2026-11-22T15:48:49{digits}{zone}")
    micros = int((digits[1:] + "000000")[:6]) if digits else 0
    offset = {"+02:00": timedelta(hours=2), "-05:30": -timedelta(hours=5, minutes=30)}.get(zone, timedelta())
    assert read == datetime(2026, 11, 22, 15, 48, 49, micros, tzinfo=UTC) - offset


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "",
        None,
        1700000000,
        "2026-11-22T15:48:49",
        "2026-13-22T15:48:49Z",
        "2026-11-22T15:48:61Z",
        "2026-11-22 15:48:49Z",
        "2026-11-22T15:48:49.1234567890Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "２０２６-11-22T15:48:49Z",
    ],
)
def test_what_is_no_time_is_none(text: object) -> None:
    """Nothing else passes for an instant, and nothing raises."""
    assert parse_time(text) is None


def test_a_bad_time_does_not_cost_the_alert() -> None:
    """It is taken with the time of receipt, and the sender is told which field."""
    read = parse(body(firing() | {"startsAt": "yesterday"}), now=NOW)
    assert [alert.starts_at for alert in read.alerts] == [NOW]
    assert read.notes == (
        'alerts[0].startsAt is "yesterday", not an RFC 3339 time: the time of receipt stands for it',
    )


def test_a_resolve_without_an_end_ended_when_it_came() -> None:
    """Year 0001 on a resolved alert is no end either."""
    entry = firing() | {"status": "resolved"}
    assert [alert.ends_at for alert in parse(body(entry), now=NOW).alerts] == [NOW]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (None, "the body is missing"),
        ([], "the body is a list"),
        ("x", "the body is a text"),
        ({}, '"version" is null'),
        ({"version": "3", "alerts": []}, '"version" is "3"'),
        ({"version": 4, "alerts": []}, '"version" is 4'),
        ({"version": "4"}, '"alerts" is missing'),
        ({"version": "4", "alerts": {}}, '"alerts" is an object'),
    ],
)
def test_what_is_no_v4_body_is_refused_with_what_to_send(sent: object, words: str) -> None:
    """The message names what is wrong and what to send."""
    with pytest.raises(Invalid) as refused:
        parse(sent, now=NOW)
    assert words in str(refused.value)
    assert "webhook_configs" in str(refused.value)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (None, "alerts[1]: missing, not an object"),
        (7, "alerts[1]: a number, not an object"),
        ({}, 'alerts[1]: "status" is null'),
        (firing() | {"status": "melting"}, 'alerts[1]: "status" is "melting"'),
        (firing() | {"labels": {}}, 'alerts[1]: "labels" is empty'),
        (firing() | {"labels": ["a"]}, 'alerts[1]: "labels" is a list'),
        (firing() | {"labels": {"a": {"b": "c"}}}, 'alerts[1]: "labels.a" is an object'),
        (firing() | {"annotations": 3}, 'alerts[1]: "annotations" is a number'),
    ],
)
def test_one_malformed_alert_does_not_cost_the_others(entry: object, words: str) -> None:
    """It is kept with the reason and a cut of its text; its neighbours are read."""
    read = parsed(firing("a"), entry, firing("b"))
    assert [alert.labels["pod"] for alert in read.alerts] == ["a", "b"]
    assert [bad.reason.startswith(words) for bad in read.invalid] == [True]


def test_the_cut_of_a_malformed_alert_is_short() -> None:
    """A megabyte of nonsense is kept as 500 bytes."""
    (bad,) = parsed({"status": "x" * 1_000_000}).invalid
    assert 0 < len(bad.excerpt.encode()) <= 500


def test_many_malformed_alerts_are_kept_as_a_number() -> None:
    """The first hundred one by one, the rest counted."""
    read = parsed(*[None] * (MAX_INVALID + 50), firing())
    assert len(read.invalid) == MAX_INVALID + 1
    assert read.invalid[-1].reason == "50 more alerts are malformed"
    assert len(read.alerts) == 1


def test_alerts_beyond_the_limit_are_said_to_be_missing() -> None:
    """What fits is handled, the rest is one line (R1.9)."""
    read = parse(body(*(firing(f"p{n}") for n in range(12))), now=NOW, max_alerts=10)
    assert len(read.alerts) == 10
    assert [bad.reason for bad in read.invalid] == ["2 alerts beyond the first 10 of one body were not read"]


def test_fields_that_are_not_known_are_tolerated() -> None:
    """Newer Alertmanagers add fields (R1.1)."""
    entry = firing() | {"newField": {"a": [1]}}
    assert len(parsed(entry, notification_reason="x", routeLabels={"a": "b"}).alerts) == 1


def test_numbers_and_nulls_in_labels_become_text() -> None:
    """Senders by hand write `"code": 500`; that is no reason to lose the alert."""
    entry = firing()
    entry["labels"] |= {"code": 500, "flag": True, "gone": None}
    (alert,) = parsed(entry).alerts
    assert (alert.labels["code"], alert.labels["flag"], alert.labels["gone"]) == ("500", "true", "")


def test_long_values_are_cut_between_characters() -> None:
    """Label values keep 1 KiB, and no half of a character (R1.9)."""
    (alert,) = parsed(firing(note="x" + "é" * 1000)).alerts
    assert alert.labels["note"] == "x" + "é" * 511


def test_a_cut_label_does_not_change_the_identity() -> None:
    """Two alerts that differ beyond the cut stay two."""
    first, second = parsed(firing(note="x" * 2000 + "1"), firing(note="x" * 2000 + "2")).alerts
    assert first.labels == second.labels
    assert first.fingerprint != second.fingerprint


def test_text_that_no_database_takes_is_replaced() -> None:
    """NUL and lone surrogates, in keys too."""
    entry = firing(note="a\x00b\ud800c")
    entry["labels"]["k\x00"] = "v"
    (alert,) = parsed(entry).alerts
    assert alert.labels["note"] == "a\ufffdb\ufffdc"
    assert alert.labels["k\ufffd"] == "v"


def test_alertmanagers_fingerprint_is_kept() -> None:
    """People look for it."""
    (alert,) = parsed(firing() | {"fingerprint": "2238d5e00a3dbb25"}).alerts
    assert alert.fingerprint == "2238d5e00a3dbb25"


@pytest.mark.parametrize("given_one", [None, "", "test", "f" * 5000, 12, {"a": 1}])
def test_a_fingerprint_that_is_none_is_made_from_the_labels(given_one: object) -> None:
    """A sender that writes one word into all alerts must not make them one alert."""
    first, second = parsed(
        firing("a") | {"fingerprint": given_one}, firing("b") | {"fingerprint": given_one}
    ).alerts
    assert first.fingerprint == own_fingerprint(first.labels)
    assert first.fingerprint != second.fingerprint


def test_replicas_of_prometheus_do_not_make_two_alerts() -> None:
    """Replica labels are left out of the identity, whatever fingerprint came with them (R1.12)."""
    one = firing(prometheus_replica="prometheus-0") | {"fingerprint": "1111111111111111"}
    two = firing(prometheus_replica="prometheus-1") | {"fingerprint": "2222222222222222"}
    first, second = parsed(one, two).alerts
    assert first.fingerprint == second.fingerprint


def test_which_labels_are_replicas_is_configurable() -> None:
    """Another name for the same thing."""
    sent = body(firing(replica="a"), firing(replica="b"))
    default = parse(sent, now=NOW).alerts
    told = parse(sent, now=NOW, replica_labels=("replica",)).alerts
    assert default[0].fingerprint != default[1].fingerprint
    assert told[0].fingerprint == told[1].fingerprint


def test_the_status_of_the_group_means_nothing() -> None:
    """Each alert speaks for itself (R1.1)."""
    entry = firing()
    read = parsed(resolved(firing("gone")), entry, status="resolved", truncatedAlerts=1)
    assert [alert.status for alert in read.alerts] == ["resolved", "firing"]
    assert read.alerts[1].starts_at == BEGIN


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
ALMOST = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["firing", "resolved"]) | JSON,
        "labels": st.dictionaries(st.text(), JSON, max_size=3) | JSON,
        "annotations": JSON,
        "startsAt": st.datetimes().map(lambda at: at.isoformat() + "Z") | JSON,
        "endsAt": st.datetimes().map(lambda at: at.isoformat() + "Z") | JSON,
        "fingerprint": JSON,
        "generatorURL": JSON,
    },
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ALMOST | JSON, max_size=4))
def test_every_entry_is_either_read_or_kept_as_invalid(entries: list[object]) -> None:
    """Whatever JSON comes, nothing raises and nothing is lost without a trace."""
    read = parsed(*entries)
    assert len(read.alerts) + len(read.invalid) == len(entries)
    for alert in read.alerts:
        alert.model_dump_json().encode()
