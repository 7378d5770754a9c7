"""A real Prometheus scrapes a small exporter: it understands the queries, and its answers are understood."""

from __future__ import annotations

import http.client
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask, Response

from tests.ports import free_port
from tests.served import serving, until
from tools.clock import SystemClock
from tools.errors import PermanentError
from tools.prometheus import PrometheusApi
from tools.promql import memory_held, processor_lately, processor_use, replicas_ready

pytestmark = pytest.mark.prometheus
POD = "web-5d4f7c9b8d-x7k2p"
SERIES = (
    ("shop", POD, "web", 0.4),
    ("shop", POD, "proxy", 0.1),
    ("shop", POD, "", 0.5),
    ("shop", POD, "POD", 0.0),
    ("other", POD, "web", 0.9),
    ("shop", "cart-6f9c-abcde", "web", 0.9),
)
"""Namespace, pod, container and cores: a pod of two containers, its sums as cAdvisor has them, and strangers."""
CONFIG = """
global:
  scrape_interval: 1s
scrape_configs:
- job_name: kubelet
  static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
- job_name: kubelet-again
  static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


def exported(started: float) -> str:
    """As the kubelet serves what cAdvisor counts."""
    seconds = time.monotonic() - started
    lines = [
        "# TYPE container_cpu_usage_seconds_total counter",
        "# TYPE container_memory_working_set_bytes gauge",
    ]
    for namespace, pod, container, cores in SERIES:
        labels = f'{{namespace="{namespace}",pod="{pod}",container="{container}"}}'
        lines.append(f"container_cpu_usage_seconds_total{labels} {cores * seconds}")
        lines.append(f"container_memory_working_set_bytes{labels} {cores * 1000}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def exporter() -> Iterator[int]:
    """Its port."""
    app, started = Flask("exporter"), time.monotonic()

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(exported(started), content_type="text/plain; version=0.0.4")

    with serving(app) as port:
        yield port


def is_ready(port: int) -> bool:
    """It answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@pytest.fixture
def api(exporter: int, tmp_path: Path) -> Iterator[PrometheusApi]:
    """Debian's Prometheus, scraping every second, twice."""
    binary = shutil.which("prometheus")
    if binary is None:
        pytest.skip("prometheus is not installed: apt-get install prometheus")
    config, port = tmp_path / "prometheus.yml", free_port()
    config.write_text(CONFIG.format(port=exporter))
    command = [
        binary,
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (
        (tmp_path / "prometheus.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        try:
            until(lambda: is_ready(port))
            yield PrometheusApi(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def test_a_real_one_is_asked_and_understood(api: PrometheusApi) -> None:
    """Cores and bytes of the workload's containers, none counted twice, none of others; now and over a while."""
    clock = SystemClock()

    def told() -> dict[str, float]:
        answer = api.instant(processor_lately("shop", "web"), clock.now())
        assert answer.warnings == ()
        assert all(s.labels["namespace"] == "shop" and s.labels["pod"] == POD for s in answer.series)
        return {series.labels["container"]: series.points[-1][1] for series in answer.series}

    cores = until(lambda: (found := told()) and set(found) == {"web", "proxy"} and found)
    assert cores == {"web": pytest.approx(0.4, rel=0.2), "proxy": pytest.approx(0.1, rel=0.2)}

    averaged = api.instant(processor_use("shop", "web"), clock.now()).series
    assert {series.labels["container"] for series in averaged} == {"web", "proxy"}

    def over() -> list[tuple[str, list[float]]]:
        now = clock.now()
        found = api.over(memory_held("shop", "web"), now - timedelta(seconds=60), now, 1).series
        return [(s.labels["container"], [value for _, value in s.points]) for s in found]

    held = dict(until(lambda: (found := over()) and all(len(values) >= 2 for _, values in found) and found))
    assert {name: set(values) for name, values in held.items()} == {"web": {400.0}, "proxy": {100.0}}


def test_a_real_one_takes_every_name_as_text(api: PrometheusApi) -> None:
    """What is escaped wrongly would be an error of its parser, or find something."""
    now = SystemClock().now()
    for name in ('a"} or vector(1) or x{y="', "back\\slash", "line\nbreak", "(a|b)*[c]{1}?^$.+", "ü\u2028"):
        for query in (processor_use("shop", name), memory_held(name, "web"), replicas_ready(name, name)):
            assert api.instant(query, now).series == ()


def test_a_real_one_says_what_is_wrong(api: PrometheusApi) -> None:
    """A query that it cannot parse; and for /health what it runs."""
    with pytest.raises(PermanentError, match=r"400 .*parse error"):
        api.instant("up{", SystemClock().now())
    assert api.version()
