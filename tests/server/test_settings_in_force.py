"""Settings that no other test shows at work: what the agent does with their values."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from server.channels import channels
from server.settings import Settings, SettingsError
from tests.chaos.agent_process import AgentProcess
from tests.harness import Harness, deployment, harness
from tests.server.ways import decision as decision_of
from tests.server.ways import pending
from tools.clock import ManualClock
from tools.sandbox import Sandbox


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_every_address_is_a_channel_of_its_own() -> None:
    """One that refuses keeps no other from its mail; the second contact's come last."""
    settings = Settings.load(
        {
            "GMAIL_USER": "agent@example.org",
            "GMAIL_APP_PASSWORD": "sixteen-letters-x",
            "ALERT_EMAIL_TO": "ana@example.org, vera@example.org",
            "ESCALATE_TO": "otto@example.org",
        }
    )
    assert [channel.name for channel in channels(settings, ManualClock())] == [
        "mail to ana@example.org",
        "mail to vera@example.org",
        "second contact, mail to otto@example.org",
    ]


def bad_release(agent: Harness) -> str:
    """A release that crashes over a healthy one; the incident's id."""
    agent.sandbox.apply(deployment("web"))
    agent.advance(1200, step=60)
    agent.sandbox.apply(deployment("web", image="registry.example/web:1.1", fault="crashloop"))
    agent.advance(120, step=10)
    broken = next(p for p in agent.pods("shop") if "1.1" in p["spec"]["containers"][0]["image"])
    (incident_id,) = agent.alert(agent.crash_alert(broken))
    agent.drive()
    return incident_id


def test_the_playbooks_file_narrows_what_an_alert_leads_to(tmp_path: Path) -> None:
    """A bad release that would be asked about is explained, and the decision names the file."""
    (tmp_path / "playbooks.yaml").write_text("[{alert: 'KubePod*', problems: [transient_crash]}]")
    with harness(tmp_path, MODE="auto", PLAYBOOKS_FILE=str(tmp_path / "playbooks.yaml")) as agent:
        incident_id = bad_release(agent)
        decision = decision_of(agent, incident_id)
        assert (decision["problem"], decision["route"]) == ("bad_release", "notify")
        assert (
            "alert_rules: PLAYBOOKS_FILE has no action for bad_release after KubePodCrashLooping"
            in (decision["blocked_by"])
        )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1", "must be a list"),
        ("- problems: [bad_release]", "each entry needs alert"),
        ("- {alert: X, action: []}", "action is not known; there are: alert, problems, actions"),
        ("- {alert: X, actions: [reboot]}", "reboot is none of actions; there are: cordon_node"),
        ("- {alert: X, problems: [gloom]}", "gloom is none of problems"),
        ("- {alert: X, actions: restart_deployment}", "actions must be a list of names"),
        ("- {alert: [X", "Mend: leave that line out"),
    ],
)
def test_a_playbooks_file_that_is_wrong_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """Somebody who wrote it would believe that it is followed."""
    (tmp_path / "playbooks.yaml").write_text(text)
    with pytest.raises(SettingsError, match=re.escape(said)):
        Settings.load({"PLAYBOOKS_FILE": str(tmp_path / "playbooks.yaml")})


def test_a_playbooks_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(SettingsError, match="No such file or directory"):
        Settings.load({"PLAYBOOKS_FILE": str(tmp_path / "playbooks.yaml")})


def test_the_record_is_where_database_url_says(tmp_path: Path) -> None:
    """Not under DATA_DIR."""
    place = tmp_path / "elsewhere.db"
    with harness(tmp_path, DATABASE_URL=f"sqlite:///{place}"):
        assert place.read_bytes().startswith(b"SQLite format 3")
        assert not (tmp_path / "data" / "sre-agent.db").exists()


def asked(agent: Harness) -> str:
    """What chat says of the pods of the shop."""
    answer = agent.client.post("/ask", json={"question": "How many pods are there in shop?"})
    return str(answer.get_json()["answer"])


def test_chat_reads_with_the_readers_own_account(tmp_path: Path) -> None:
    """An account without rights sees nothing, whatever the agent's own may see: all reading is the reader's."""
    token = tmp_path / "reader.token"
    token.write_text("not yet")
    with harness(tmp_path, READER_TOKEN_FILE=str(token)) as agent:
        agent.sandbox.apply(deployment("web"))
        agent.sandbox.settle(60)
        token.write_text(agent.sandbox.token("shop", "reader"))
        answer = asked(agent)
        assert "may not" in answer or "forbidden" in answer.lower()
        agent.sandbox.apply(reading("shop", "reader"))
        assert "3 pods in namespace shop" in asked(agent)


def reading(namespace: str, account: str) -> list[dict[str, object]]:
    """Rights to list everything, for one account."""
    api = "rbac.authorization.k8s.io/v1"
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}]
    subject = {"kind": "ServiceAccount", "name": account, "namespace": namespace}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reading"}
    return [
        {"apiVersion": api, "kind": "ClusterRole", "metadata": {"name": "reading"}, "rules": rules},
        {
            "apiVersion": api,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "reading"},
            "subjects": [subject],
            "roleRef": reference,
        },
    ]


@pytest.mark.timeout(300)
def test_logs_take_the_level_and_the_form_that_are_set(tmp_path: Path) -> None:
    """JSON lines by default; readable ones where a person asks for them; nothing below the level."""
    with Sandbox(nodes=1) as sandbox:
        kubeconfig = sandbox.kubeconfig(tmp_path / "kubeconfig")

        def log_of(name: str, **environ: str) -> str:
            with AgentProcess(tmp_path / name, kubeconfig=kubeconfig, MEMORY="false", **environ) as agent:
                agent.start()
                assert agent.terminate() == 0
                return agent.log()

        lines = [json.loads(line) for line in log_of("json").splitlines()]
        assert [line["event"] for line in lines if line["logger"] == "serve"] == [
            "ready",
            "draining",
            "stopped",
        ]
        assert "[info     ] ready" in log_of("console", LOG_FORMAT="console")
        assert '"ready"' not in log_of("quiet", LOG_LEVEL="ERROR")


def test_an_open_freeze_window_is_named_in_the_decision_and_shown_as_in_force(tmp_path: Path) -> None:
    """Whatever the file holds by now: it was read at the start."""
    window = "{name: year end, time_zone: Europe/Berlin, since: 2020-01-01}"
    (tmp_path / "policy.yaml").write_text(f"freeze_windows: [{window}]", encoding="utf-8")
    with harness(tmp_path, MODE="auto", POLICY_FILE=str(tmp_path / "policy.yaml")) as agent:
        incident_id = bad_release(agent)
        decision = decision_of(agent, incident_id)
        assert decision["route"] == "ask"
        assert "change_freeze: change freeze 'year end': it has no end" in decision["blocked_by"]
        approval = pending(agent)["id"]
        refused = agent.client.post(f"/approve/{approval}", json={})
        assert (refused.status_code, refused.get_json()["type"]) == (409, "/problems/global-hold")
        assert "change freeze 'year end'" in refused.get_json()["detail"]
        assert agent.client.get("/hold").get_json()["freezes"] == ["change freeze 'year end': it has no end"]
        assert agent.client.post(f"/approve/{approval}", json={"reason": "it burns"}).status_code == 200
        agent.drive()
        assert agent.agent.services.ledger.for_incident(incident_id)
        (tmp_path / "policy.yaml").write_text("")
        (shown,) = agent.client.get("/config").get_json()["policy"]["freeze_windows"]
        assert (shown["name"], shown["time_zone"]) == ("year end", "Europe/Berlin")


def test_a_yes_from_before_a_freeze_is_no_yes_in_it(tmp_path: Path) -> None:
    """The window opens between the approval and the write: nothing is written, and a person is asked again."""
    window = "{name: year end, time_zone: UTC, since: 2026-01-05 12:30:00}"
    (tmp_path / "policy.yaml").write_text(f"freeze_windows: [{window}]", encoding="utf-8")
    with harness(tmp_path, MODE="auto", POLICY_FILE=str(tmp_path / "policy.yaml")) as agent:
        incident_id = bad_release(agent)
        assert agent.clock.now().isoformat() < "2026-01-05T12:30"
        first = pending(agent)["id"]
        assert agent.client.post(f"/approve/{first}", json={}).status_code == 200
        agent.clock.advance(600)
        agent.drive()
        assert agent.agent.services.ledger.for_incident(incident_id) == []
        assert any("change_freeze" in words for words in decision_of(agent, incident_id)["blocked_by"])
        assert pending(agent)["id"] != first


def test_a_yes_in_spite_of_a_hold_is_none_in_spite_of_a_freeze(tmp_path: Path) -> None:
    """The hold was shown and the window opened afterwards: nothing is written, and a person is asked about both."""
    window = "{name: year end, time_zone: UTC, since: 2026-01-05 12:30:00}"
    (tmp_path / "policy.yaml").write_text(f"freeze_windows: [{window}]", encoding="utf-8")
    with harness(tmp_path, MODE="auto", POLICY_FILE=str(tmp_path / "policy.yaml")) as agent:
        incident_id = bad_release(agent)
        holds = agent.agent.services.holds
        assert holds is not None
        holds.engage("correlated_failure", "five workloads fell ill", at=agent.clock.now(), weight=5)
        first = pending(agent)["id"]
        assert agent.client.post(f"/approve/{first}", json={"reason": "I watch it"}).status_code == 200
        assert agent.agent.services.approvals.get(first).overrides == ("global hold: correlated failure",)
        agent.clock.advance(600)
        agent.drive()
        assert agent.agent.services.ledger.for_incident(incident_id) == []
        assert any("change_freeze" in words for words in decision_of(agent, incident_id)["blocked_by"])
        second = pending(agent)["id"]
        assert agent.client.post(f"/approve/{second}", json={"reason": "it burns"}).status_code == 200
        agent.drive()
        assert agent.agent.services.ledger.for_incident(incident_id)
        lines = [line.text for line in agent.agent.services.incidents.timeline(incident_id)]
        told = "(in spite of global hold: correlated failure; change freeze: year end)"
        assert any(told in line for line in lines), lines
