"""Rules, dashboard and receivers: series exist, alerts fire when they should, files are what their readers take."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.packaging.series import exposed

K8S = Path(__file__).parents[2] / "k8s"
MONITORING = K8S / "components" / "monitoring"
OPERATOR = K8S / "components" / "prometheus-operator"
DASHBOARD = K8S / "components" / "grafana-dashboard" / "sre-agent.json"
FIVE = {"PodCrashLoopBackOff", "PodOOMKilled", "HighCPUUsage", "ImagePullBackOff", "NodeNotReady"}
NO_SUCH_IMAGE = "registry.invalid/sre-agent/no-such-image:0"
BEYOND_SERIES = {"le", "job"}
"""Labels that come with a bucket or with the scrape."""


@pytest.fixture(scope="module")
def series() -> dict[str, set[str]]:
    """What /metrics shows."""
    return exposed()


def rules(name: str) -> list[dict[str, Any]]:
    """Of one of the plain files."""
    document = yaml.safe_load((MONITORING / "rules" / name).read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    """As Grafana reads it."""
    found: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return found


def questions() -> list[str]:
    """Every expression of the dashboard."""
    return [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())]


def own_expressions() -> list[str]:
    """Every expression about series of the agent."""
    return [*(rule["expr"] for rule in rules("agent.yaml")), *questions()]


def promtool(*arguments: str | Path) -> None:
    """Runs it, and shows what it says when it is not content. Skips, by name, where it is not installed."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    ended = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("name", ["workloads.yaml", "agent.yaml"])
def test_prometheus_takes_the_rules(name: str) -> None:
    """As its own checker says."""
    promtool("check", "rules", MONITORING / "rules" / name)


def test_each_alert_fires_on_the_series_that_should_fire_it() -> None:
    """And none on those that only look alike; the series are in alerts.yaml."""
    promtool("test", "rules", Path(__file__).parent / "alerts.yaml")


def test_every_alert_has_such_a_test() -> None:
    """A new rule needs series that fire it."""
    text = (Path(__file__).parent / "alerts.yaml").read_text(encoding="utf-8")
    assert [rule["alert"] for rule in rules("agent.yaml") if f'alertname="{rule["alert"]}"' not in text] == []
    assert [
        rule["alert"] for rule in rules("workloads.yaml") if f"alertname: {rule['alert']}" not in text
    ] == []


def test_the_configurations_are_taken(tmp_path: Path) -> None:
    """Debian's promtool is built without the discovery of Kubernetes, which is left out for it."""
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    for job in config["scrape_configs"]:
        job.pop("kubernetes_sd_configs", None)
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    promtool("check", "config", "--syntax-only", tmp_path / "prometheus.yml")


@pytest.mark.alertmanager
def test_alertmanager_takes_its_receiver() -> None:
    """As its own checker says."""
    program = shutil.which("amtool")
    if program is None:
        pytest.skip("amtool is not installed (Debian: prometheus-alertmanager)")
    command = [program, "check-config", MONITORING / "alertmanager.yml"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_both_receivers_say_the_same() -> None:
    """The plain one and that of the operator: address, token, nothing truncated, resolved ones too."""
    plain = yaml.safe_load((MONITORING / "alertmanager.yml").read_text(encoding="utf-8"))
    object_ = yaml.safe_load((OPERATOR / "alertmanager-config.yaml").read_text(encoding="utf-8"))["spec"]
    (route,) = plain["route"]["routes"]
    (matcher,) = object_["route"]["matchers"]
    assert route["matchers"] == [f'{matcher["name"]}{matcher["matchType"]}"{matcher["value"]}"']
    for snake, camel in (
        ("group_by", "groupBy"),
        ("group_wait", "groupWait"),
        ("repeat_interval", "repeatInterval"),
    ):
        assert plain["route"][snake] == object_["route"][camel]
    (webhook,) = plain["receivers"][1]["webhook_configs"]
    (theirs,) = object_["receivers"][0]["webhookConfigs"]
    assert (webhook["url"], webhook["max_alerts"], webhook["send_resolved"]) == (theirs["url"], 0, True)
    assert (theirs["maxAlerts"], theirs["sendResolved"]) == (0, True)


def test_alerts_about_the_agent_do_not_go_to_the_agent() -> None:
    """It would investigate itself; their names are what the receivers leave out."""
    left_out = re.compile(r"(?:Watchdog|InfoInhibitor|SREAgent.*)\Z")
    assert all(left_out.match(rule["alert"]) for rule in rules("agent.yaml"))
    assert {rule["alert"] for rule in rules("workloads.yaml")} == FIVE


def test_the_operators_rules_are_the_plain_ones() -> None:
    """`python k8s/prometheus_rules.py > k8s/components/prometheus-operator/rules.yaml` brings them up to date."""
    script = str(K8S / "prometheus_rules.py")
    made = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout
    assert (OPERATOR / "rules.yaml").read_text(encoding="utf-8") == made


def test_every_series_that_is_asked_for_exists(series: dict[str, set[str]]) -> None:
    """In rules and on the dashboard, by the name that /metrics gives it."""
    named = {name for words in own_expressions() for name in re.findall(r"sre_agent_\w+", words)}
    assert len(named) > 15
    assert named - series.keys() == set()


def test_every_label_that_is_asked_for_exists(series: dict[str, set[str]]) -> None:
    """In matchers, in `by`, and in the legends of the dashboard."""
    for words in own_expressions():
        for name, matchers in re.findall(r"(sre_agent_\w+)\{([^}]*)\}", words):
            assert set(re.findall(r"(\w+)\s*[=!]~?", matchers)) <= series[name], words
        held = {label for name in re.findall(r"sre_agent_\w+", words) for label in series[name]}
        grouped = {
            label for group in re.findall(r"by \(([^)]*)\)", words) for label in re.findall(r"\w+", group)
        }
        assert grouped <= held | BEYOND_SERIES, words
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            shown = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert shown <= set(
                re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", target["expr"])))
            ), target


def test_the_dashboard_asks_for_every_series_of_the_agent(series: dict[str, set[str]]) -> None:
    """What is counted is shown somewhere, histograms by their buckets, tokens of models apart."""
    shown = " ".join(questions())
    unshown = {name for name in series if not re.search(rf"\b{name}\b", shown)}
    assert {name for name in unshown if not name.endswith(("_sum", "_count"))} == {
        "sre_agent_llm_tokens_total"
    }


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    """Unique ids, panels of kinds that exist, within 24 columns and not over each other, safety first."""
    board = dashboard()
    panels = board["panels"]
    assert (board["uid"], board["schemaVersion"] >= 39) == ("sre-agent", True)
    assert (panels[0]["type"], panels[0]["title"], panels[0]["gridPos"]["y"]) == ("row", "Safety", 0)
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["type"] in {"row", "stat", "timeseries"}
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        if panel["type"] != "row":
            assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert [target["refId"] for target in panel["targets"]] == list("ABC")[: len(panel["targets"])]
    for one, other in combinations(panels, 2):
        assert not _overlap(one["gridPos"], other["gridPos"]), (one["title"], other["title"])
    assert [each["type"] for each in board["templating"]["list"]] == ["datasource"]


def test_there_is_a_thing_to_try_each_of_the_five_alerts_with() -> None:
    """Named by an annotation, and none besides."""
    found = [
        item["metadata"].get("annotations", {}).get("sre-agent/alert")
        for path in (K8S / "test-workloads").glob("*.yaml")
        for item in yaml.safe_load_all(path.read_text(encoding="utf-8"))
        if path.name not in ("kustomization.yaml", "namespace.yaml")
    ]
    assert sorted(found) == sorted(FIVE)


def test_each_image_has_its_tag_in_one_place() -> None:
    """Manifests name images without a tag; the kustomization beside them says which."""
    for path in K8S.rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        named = set(re.findall(r"^\s*(?:- )?image: (\S+)$", text, re.M)) - {NO_SUCH_IMAGE}
        if named:
            beside = yaml.safe_load((path.parent / "kustomization.yaml").read_text(encoding="utf-8"))
            assert named <= {entry["name"] for entry in beside["images"] if entry["newTag"]}, path


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    apart = (
        one["x"] + one["w"] <= other["x"]
        or other["x"] + other["w"] <= one["x"]
        or one["y"] + one["h"] <= other["y"]
        or other["y"] + other["h"] <= one["y"]
    )
    return not apart
