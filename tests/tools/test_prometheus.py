"""Prometheus' API is read within bounds, its answers are checked, and every failure has a name."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tools.breaker import Breaker
from tools.clock import ManualClock
from tools.errors import Forbidden, PermanentError, ToolError, TransientError
from tools.prometheus import PrometheusApi
from tools.promql import memory_held, processor_lately, processor_use
from tools.sandbox.prometheus import VERSION, PrometheusServer, Spoilt

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
WEB = {"namespace": "shop", "pod": "web-5d4f-abcde", "container": "web"}
CORES = "container_cpu_usage_seconds_total"


@pytest.fixture
def server() -> Iterator[PrometheusServer]:
    """It holds what one pod uses."""
    with PrometheusServer() as running:
        running.hold(CORES, (WEB, [(600, 0.1), (60, 0.4), (0, 0.45)]))
        yield running


def ask(server: PrometheusServer, **more: Any) -> list[tuple[dict[str, str], list[float]]]:
    """Labels and values of what an instant query finds."""
    found = PrometheusApi(server.url, **more).instant(processor_use("shop", "web"), NOW)
    return [(dict(series.labels), [value for _, value in series.points]) for series in found.series]


def test_an_instant_query_tells_the_newest_value(server: PrometheusServer) -> None:
    """At the caller's time, not at the server's."""
    assert ask(server) == [(WEB, [0.45])]
    (asked,) = server.asked
    assert (asked.path, asked.fields["time"]) == ("/api/v1/query", f"{NOW.timestamp():.3f}")
    assert asked.fields["query"] == processor_use("shop", "web")


def test_a_range_query_tells_all_values_in_it(server: PrometheusServer) -> None:
    """Oldest first, with their times."""
    answer = PrometheusApi(server.url).over(processor_use("shop", "web"), NOW - timedelta(minutes=5), NOW, 60)
    (series,) = answer.series
    assert series.points == ((NOW - timedelta(seconds=60), 0.4), (NOW, 0.45))
    fields = server.asked[0].fields
    assert (fields["step"], float(fields["end"]) - float(fields["start"])) == ("60", 300)


def test_nothing_found_is_an_answer(server: PrometheusServer) -> None:
    """Not an error: there may be no such series."""
    assert PrometheusApi(server.url).instant(memory_held("shop", "web"), NOW).series == ()


def test_warnings_come_along(server: PrometheusServer) -> None:
    """The answer may not be whole; whoever shows it says so."""
    server.warnings = ["store 10.0.0.7 did not answer"]
    assert PrometheusApi(server.url).instant(CORES, NOW).warnings == ("store 10.0.0.7 did not answer",)


def test_values_that_are_no_numbers_are_left_out(server: PrometheusServer) -> None:
    """NaN and the infinities are nothing to decide by."""
    nan, inf = float("nan"), float("inf")
    other = {**WEB, "pod": "web-5d4f-fghij"}
    server.hold(CORES, (WEB, [(120, nan), (60, 0.4), (0, -inf)]), (other, [(0, nan)]))
    answer = PrometheusApi(server.url).over(CORES, NOW - timedelta(minutes=5), NOW, 60)
    assert [value for series in answer.series for _, value in series.points] == [0.4]
    body = {"metric": WEB, "value": [NOW.timestamp(), "NaN"]}
    server.spoilt = Spoilt(body=success("vector", [body, {"metric": WEB, "histogram": [1, {}]}]))
    assert [values for _, values in ask(server)] == [[], []]


def success(kind: object, result: object) -> bytes:
    """A body as Prometheus sends it."""
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}}).encode()


FAULTS = [
    pytest.param(Spoilt(401), Forbidden, "credentials", id="401"),
    pytest.param(Spoilt(403), Forbidden, "credentials", id="403"),
    pytest.param(Spoilt(404), PermanentError, "not the address", id="404"),
    pytest.param(
        Spoilt(400, b'{"error": "1:3: parse error"}'), PermanentError, "400.*: 1:3: parse error", id="400"
    ),
    pytest.param(Spoilt(422, b"[]"), PermanentError, "answers 422", id="422"),
    pytest.param(Spoilt(429), TransientError, "answers 429", id="429"),
    pytest.param(Spoilt(500), TransientError, "answers 500", id="500"),
    pytest.param(Spoilt(302), PermanentError, "answers 302", id="redirect"),
    pytest.param(Spoilt(body=b"<html>", content_type="text/html"), PermanentError, "login page", id="html"),
    pytest.param(Spoilt(body=b"{}", content_type=""), PermanentError, "no type", id="no type"),
    pytest.param(Spoilt(body=b"[1]"), TransientError, "no JSON object", id="a list"),
    pytest.param(Spoilt(body=b'{"status":'), TransientError, "no JSON object", id="cut JSON"),
    pytest.param(Spoilt(body=b"[" * 4000), TransientError, "no JSON object", id="deep JSON"),
    pytest.param(
        Spoilt(body=b'{"status":"error","error":"too many samples"}'),
        TransientError,
        "too many samples",
        id="an error with 200",
    ),
    pytest.param(Spoilt(body=success("scalar", [1, "2"])), TransientError, "list of series", id="a scalar"),
    pytest.param(Spoilt(body=success("vector", {})), TransientError, "list of series", id="no list"),
    pytest.param(Spoilt(body=success("vector", [[]])), TransientError, "no labels", id="no labels"),
    pytest.param(
        Spoilt(body=success("matrix", [{"metric": {}, "values": 1}])),
        TransientError,
        "no values",
        id="number",
    ),
    pytest.param(
        Spoilt(body=success("vector", [{"metric": {}, "value": [1]}])), TransientError, "no pair", id="half"
    ),
    pytest.param(
        Spoilt(body=success("vector", [{"metric": {}, "value": [1, "x"]}])),
        TransientError,
        "no number",
        id="x",
    ),
    pytest.param(
        Spoilt(body=success("vector", [{"metric": {}, "value": [1e300, "1"]}])),
        TransientError,
        "no number",
        id="a time beyond all times",
    ),
    pytest.param(Spoilt(body=b" " * 5000), PermanentError, "more than 4096 bytes", id="oversize"),
    pytest.param(Spoilt(cut=True), TransientError, "drops the connection", id="dropped"),
]


@pytest.mark.parametrize(("spoilt", "error", "words"), FAULTS)
def test_what_is_no_answer_has_a_name(
    server: PrometheusServer, spoilt: Spoilt, error: type[ToolError], words: str
) -> None:
    """Never an empty result, which would say that nothing is used."""
    server.spoilt = spoilt
    with pytest.raises(error, match=words) as caught:
        ask(server, max_bytes=4096)
    assert type(caught.value) is error


def test_a_server_that_says_nothing_is_left_in_time(server: PrometheusServer) -> None:
    """And is not asked again: it would take as long."""
    server.spoilt = Spoilt(hang=True)
    with pytest.raises(TransientError, match="does not answer"):
        ask(server, timeout=0.2)
    assert len(server.asked) == 1


@pytest.mark.parametrize("spoilt", [Spoilt(503, times=1), Spoilt(cut=True, times=1)])
def test_a_passing_fault_costs_one_more_question(server: PrometheusServer, spoilt: Spoilt) -> None:
    """Another replica may answer, or the next connection hold."""
    server.spoilt = spoilt
    assert ask(server) == [(WEB, [0.45])]
    assert len(server.asked) == 2


def test_no_third_question(server: PrometheusServer) -> None:
    """A server in trouble is left alone."""
    server.spoilt = Spoilt(503)
    with pytest.raises(TransientError, match="answers 503"):
        ask(server)
    assert len(server.asked) == 2


def test_nobody_there_is_an_error() -> None:
    """A port that nobody listens on."""
    with pytest.raises(TransientError, match="does not answer"):
        PrometheusApi("http://127.0.0.1:9").instant("up", NOW)


@pytest.mark.parametrize(
    ("userinfo", "sent"),
    [
        ("ana:pa%3Ass", f"Basic {base64.b64encode(b'ana:pa:ss').decode()}"),
        (":s3cret-token", "Bearer s3cret-token"),
        ("", ""),
    ],
)
def test_credentials_of_the_url_go_into_a_header_only(
    server: PrometheusServer, userinfo: str, sent: str
) -> None:
    """Neither the request's line nor any error shows them."""
    api = PrometheusApi(server.url.replace("http://", f"http://{userinfo}@" if userinfo else "http://"))
    api.instant(CORES, NOW)
    assert server.asked[0].authorization == sent
    server.spoilt = Spoilt(500, b'{"error": "http://ana:pa:ss@host is ill"}')
    with pytest.raises(TransientError) as caught:
        api.instant(CORES, NOW)
    assert "pa:ss" not in str(caught.value)


def test_it_says_its_version(server: PrometheusServer) -> None:
    """For /health; what has no build to tell of is asked whether it answers queries at all."""
    assert PrometheusApi(server.url + "/").version() == VERSION
    server.spoilt = Spoilt(404, times=1)
    assert PrometheusApi(server.url).version() == ""
    server.spoilt = Spoilt(500)
    with pytest.raises(TransientError):
        PrometheusApi(server.url).version()


def test_one_that_fails_again_and_again_is_not_waited_for(server: PrometheusServer) -> None:
    """For a minute; then one question is let through, and a probe that is answered ends it at once."""
    clock = ManualClock(NOW)
    api = PrometheusApi(server.url, breaker=Breaker(clock))

    def asks() -> int:
        before = len(server.asked)
        with pytest.raises(TransientError, match=r"answers 500"):
            api.instant(CORES, NOW)
        return len(server.asked) - before

    server.spoilt = Spoilt(500)
    assert [asks() for _ in range(5)] == [1, 1, 1, 0, 0]
    clock.advance(61)
    assert [asks() for _ in range(2)] == [1, 0]
    server.spoilt = None
    assert api.version() == VERSION
    assert len(api.instant(CORES, NOW).series) == 1


def test_a_refusal_is_an_answer(server: PrometheusServer) -> None:
    """It costs no waiting, so that it does not count as a failure."""
    api = PrometheusApi(server.url, breaker=Breaker(ManualClock(NOW)))
    server.spoilt = Spoilt(403)
    for _ in range(5):
        with pytest.raises(Forbidden):
            api.instant(CORES, NOW)
    assert len(server.asked) == 5


# the queries


def test_names_are_escaped_as_text_and_as_expression() -> None:
    """A dot is a dot; quotes, backslashes and line breaks end nothing."""
    query = memory_held('a"} or vector(1) #', "web.v1+\\x\n")
    assert '{namespace="a\\"} or vector(1) #",' in query
    assert 'pod=~"web\\\\.v1\\\\+\\\\\\\\x\\n-.*",' in query
    assert query.count("container_memory_working_set_bytes") == 1


def test_a_long_name_is_cut_where_names_of_pods_are() -> None:
    """The API cuts what it makes names from; the query must not ask for more than is left."""
    name = "a-deployment-with-a-name-that-is-longer-than-what-a-pod-keeps-of-it"
    assert f'pod=~"{name[:58]}.*"' in processor_use("shop", name)
    assert 'pod=~"web-.*"' in processor_use("shop", "web")


def test_what_is_a_query_is_understood_by_its_metric() -> None:
    """Of containers only: neither the pod's sum nor its pause container; over five minutes unless told."""
    query = processor_use("shop", "web")
    assert "rate(container_cpu_usage_seconds_total{" in query
    assert 'container!="",container!="POD"}[5m]' in query
    assert "irate(container_cpu_usage_seconds_total{" in processor_lately("shop", "web")
