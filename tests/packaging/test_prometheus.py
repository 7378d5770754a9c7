"""A real Prometheus with the shipped configuration scrapes a real agent, and understands what is asked of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.packaging.shipped import make_tokens, settings
from tests.packaging.test_monitoring import MONITORING, questions
from tests.ports import free_port
from tests.served import serving, until
from tests.server.app_stand import stand

pytestmark = pytest.mark.prometheus


@dataclass
class Prometheus:
    """Its HTTP API."""

    port: int

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """The data of an answer; empty while it does not answer yet."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                found: dict[str, Any] = json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            with error:
                if error.code == HTTPStatus.SERVICE_UNAVAILABLE:
                    return {}
                raise AssertionError(f"{query}: {error.read().decode()}") from error
        except OSError:
            return {}
        return found

    def value(self, expression: str) -> str:
        """Of the one series that this gives; empty for none."""
        result = self.get("query", query=expression).get("result")
        return str(result[0]["value"][1]) if result else ""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """It scrapes an agent that runs with the shipped settings; what only a cluster has is left out."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed (Debian: prometheus)")
    folder = tmp_path_factory.mktemp("prometheus")
    tokens = make_tokens(folder)
    with (
        stand(folder, settings(tokens)) as agent,
        serving(agent.app()) as port,
        running(program, folder, shipped(folder, tokens, port)) as started,
    ):
        yield started


def shipped(folder: Path, tokens: Path, agent_port: int) -> Path:
    """The configuration of the component, with addresses and paths of this machine and a faster beat."""
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = (job for job in config["scrape_configs"] if job["job_name"] == "sre-agent")
    job["authorization"]["credentials_file"] = str(tokens / "metrics")
    job["static_configs"] = [{"targets": [f"127.0.0.1:{agent_port}"]}]
    beat = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    path = folder / "prometheus.yml"
    rules = [str(MONITORING / "rules" / "*.yaml")]
    path.write_text(yaml.safe_dump({"global": beat, "rule_files": rules, "scrape_configs": [job]}))
    return path


class running:
    """The process, ended by its id."""

    def __init__(self, program: str, folder: Path, config: Path) -> None:
        self.port = free_port()
        self._command = [
            program,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]
        self._log = folder / "prometheus.log"

    def __enter__(self) -> Prometheus:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        return Prometheus(self.port)

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.wait(30)


def test_it_scrapes_with_the_token_that_the_one_line_made(prometheus: Prometheus) -> None:
    """By the shipped job's authorization; the agent is up and says that its record can be read."""
    until(lambda: prometheus.value('up{job="sre-agent"}') == "1")
    until(lambda: prometheus.value("sre_agent_store_readable") == "1")


def test_every_rule_can_be_evaluated(prometheus: Prometheus) -> None:
    """None has an error, and an agent that is well sets none of those about it off."""

    def evaluated() -> list[dict[str, Any]]:
        groups = prometheus.get("rules").get("groups", [])
        rules = [rule for group in groups for rule in group["rules"]]
        return rules if rules and all(rule["health"] != "unknown" for rule in rules) else []

    rules = until(evaluated)
    assert len(rules) == 15
    assert [rule["name"] for rule in rules if rule["health"] != "ok"] == []
    until(lambda: prometheus.value("sre_agent_store_readable"))
    firing = 'count(ALERTS{alertname=~"SREAgent.*", alertstate="firing"}) or vector(0)'
    assert until(lambda: prometheus.value(firing)) == "0"


def test_every_question_of_the_dashboard_is_understood(prometheus: Prometheus) -> None:
    """Grafana's own variables stand for durations."""
    until(lambda: prometheus.value("sre_agent_store_readable"))
    for question in questions():
        prometheus.get("query", query=question.replace("$__rate_interval", "1m").replace("$__range", "1h"))
