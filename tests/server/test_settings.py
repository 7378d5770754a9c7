"""Settings: names, defaults, and every problem listed at once with what mends it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graph.policy import PolicySettings
from server.settings import Settings, SettingsError

TOKEN = "0123456789abcdef0123456789abcdef"


def problems(environ: dict[str, str], **options: bool) -> list[str]:
    """The problems that loading these variables reports; none is a failed test."""
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ, **options)
    return caught.value.problems


def tokens_file(folder: Path, entries: object) -> str:
    """A tokens file with these entries; its path."""
    path = folder / "tokens.yaml"
    path.write_text(json.dumps(entries), encoding="utf-8")
    return str(path)


def test_defaults() -> None:
    """With nothing set, the agent asks before every action and listens on loopback only."""
    settings = Settings.load({})
    assert (settings.mode, settings.host, settings.port) == ("approve", "127.0.0.1", 5000)
    assert settings.database_url == "sqlite:///data/sre-agent.db"
    assert settings.policy() == PolicySettings()


def test_the_record_follows_the_data_folder(tmp_path: Path) -> None:
    """DATA_DIR moves the record, the checkpoints and the memory with it."""
    settings = Settings.load({"DATA_DIR": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path}/sre-agent.db"
    assert settings.checkpoints.parent == settings.qdrant_path.parent == tmp_path


def test_every_problem_is_listed_at_once() -> None:
    """A value out of range, a misspelt name, a contradiction and a missing file are told together."""
    found = problems(
        {
            "CONFIDENCE_THRESHOLD": "1.7",
            "SETTLE_SECOND": "3",
            "MODE": "auto",
            "AUTO_ACTION_ENABLED": "false",
            "PORT": "http",
            "KUBECONFIG": "/nowhere/config",
        }
    )
    assert "CONFIDENCE_THRESHOLD=1.7: must be between 0 and 1. Mend: CONFIDENCE_THRESHOLD=0.8" in found
    assert sorted(line.split("=")[0].split(" ")[0] for line in found) == [
        "CONFIDENCE_THRESHOLD",
        "KUBECONFIG",
        "MODE",
        "PORT",
        "SETTLE_SECOND",
    ]
    assert all("Mend: " in line for line in found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONFIDENCE_THRESHOLD", "-0.1"),
        ("CONFIDENCE_THRESHOLD", "nan"),
        ("MODE", "evaluate"),
        ("AUTO_ACTION_ENABLED", "perhaps"),
        ("SETTLE_SECONDS", "-1"),
        ("PORT", "70000"),
        ("PUBLIC_URL", "sre.example.org"),
        ("DATABASE_URL", "mysql://db/x"),
        ("REQUIRE_APPROVAL_FOR", "restart_deploymnt"),
        ("ENABLE_ACTIONS", "restart_deployment"),
        ("NAMESPACE_DENY", "kube_system"),
        ("TARGET_NAMESPACE", "Shop"),
        ("TARGET_DEPLOYMENT", "cronjob/web"),
        ("TARGET_DEPLOYMENT", "statefulset/"),
        ("TARGET_DEPLOYMENT", "shop/statefulset/web"),
        ("APPROVAL_TTL_MINUTES", "0"),
        ("VERIFY_DELAY_SECONDS", "1d"),
        ("ALERT_EMAIL_TO", "nobody"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(name: str, value: str) -> None:
    """The line begins with the variable and its value, says the rule, and gives a value that works."""
    (line,) = problems({name: value})
    assert line.startswith(f"{name}={value}: must ")
    assert "Mend: " in line


def test_the_mended_line_mends() -> None:
    """What a problem proposes is accepted when it is done."""
    (line,) = problems({"REQUIRE_APPROVAL_FOR": "nothing_known"})
    name, _, value = line.split("Mend: ")[1].partition("=")
    assert Settings.load({name: value}).require_approval_for == ("rollback", "delete_deployment")


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("CONFIDENCE_TRESHOLD", "CONFIDENCE_THRESHOLD"),
        ("AUTO_ACTIONS_ENABLED", "AUTO_ACTION_ENABLED"),
        ("GROQ_MODEL", "GROQ_MODELS"),
        ("VERIFY_WINDOW", "VERIFY_WINDOW_SECONDS"),
    ],
)
def test_a_misspelt_name_is_reported_with_the_right_one(misspelt: str, meant: str) -> None:
    """A setting that would silently have no effect stops the start."""
    (line,) = problems({misspelt: "1"})
    assert line.startswith(f"{misspelt} is not known; did you mean {meant}?")


def test_strangers_in_the_environment_are_left_alone() -> None:
    """Other programs' variables, and those that Kubernetes sets for Services, are no problem."""
    Settings.load(
        {
            "PATH": "/bin",
            "HOSTNAME": "web-1",
            "QDRANT_PORT": "tcp://10.0.0.7:6333",
            "QDRANT_PORT_6333_TCP_ADDR": "10.0.0.7",
            "QDRANT_SERVICE_HOST": "10.0.0.7",
            "MODEL": "x",
        }
    )


def test_an_empty_variable_is_not_set() -> None:
    """`GROQ_API_KEY=` in a template means no key, not an empty one."""
    settings = Settings.load({"GROQ_API_KEY": "", "PORT": " "})
    assert settings.groq_api_key is None
    assert settings.port == 5000


@pytest.mark.parametrize(("enabled", "mode"), [("true", "auto"), ("false", "approve")])
def test_the_older_boolean_sets_the_mode(enabled: str, mode: str) -> None:
    """AUTO_ACTION_ENABLED is understood where MODE is not given, and agrees where it is."""
    assert Settings.load({"AUTO_ACTION_ENABLED": enabled}).mode == mode
    assert Settings.load({"AUTO_ACTION_ENABLED": enabled, "MODE": mode}).mode == mode


@pytest.mark.parametrize(
    ("mode", "enabled"), [("auto", "false"), ("approve", "true"), ("shadow", "true"), ("shadow", "false")]
)
def test_mode_and_the_older_boolean_must_agree(mode: str, enabled: str) -> None:
    """Nobody should have to guess which of two contradicting settings wins."""
    (line,) = problems({"MODE": mode, "AUTO_ACTION_ENABLED": enabled})
    assert "disagree" in line
    assert "Mend: leave AUTO_ACTION_ENABLED out" in line


def test_an_open_address_needs_tokens(tmp_path: Path) -> None:
    """Other machines reach the server only when people and the webhook both have tokens."""
    found = problems({"HOST": "0.0.0.0"})
    assert len(found) == 2
    assert "AUTH_TOKENS_FILE" in found[0]
    assert "WEBHOOK_TOKEN_FILE" in found[1]
    people = tokens_file(tmp_path, [{"name": "ana", "role": "approver", "token": TOKEN}])
    settings = Settings.load({"HOST": "0.0.0.0", "AUTH_TOKENS_FILE": people, "WEBHOOK_TOKEN": TOKEN})
    assert settings.host == "0.0.0.0"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_needs_no_tokens(host: str) -> None:
    """Every way to write loopback is loopback."""
    assert Settings.load({"HOST": host}).host == host


def test_a_short_verification_window_needs_a_test_cluster() -> None:
    """Under a minute nothing is verified, except where everybody is told."""
    (line,) = problems({"VERIFY_WINDOW_SECONDS": "10"})
    assert "TEST_CLUSTER=true" in line
    assert Settings.load({"VERIFY_WINDOW_SECONDS": "10", "TEST_CLUSTER": "true"}).policy().test_cluster
    assert Settings.load({"VERIFY_WINDOW_SECONDS": "10"}, sandbox=True).verify_window_seconds == 10


def test_the_sandbox_cannot_be_claimed_by_a_variable() -> None:
    """SANDBOX=true in the environment opens nothing."""
    assert problems({"VERIFY_WINDOW_SECONDS": "10", "SANDBOX": "true"})


def test_secrets_are_never_shown() -> None:
    """What is shown or printed of the settings holds no secret and no password in a URL."""
    secrets = {
        "GROQ_API_KEY": "gsk-hidden",
        "WEBHOOK_TOKEN": "webhook-hidden-0123456789",
        "NOTIFY_URLS": "slack://hidden/a,json://hidden",
        "DATABASE_URL": "postgresql://u:hidden@db/sre",
    }
    settings = Settings.load(secrets)
    shown = settings.public()
    assert "hidden" not in json.dumps(shown)
    assert "hidden" not in repr(settings.model_copy(update={"database_url": ""}))
    assert (shown["GROQ_API_KEY"], shown["NOTIFY_URLS"]) == ("set", "set")
    assert shown["GMAIL_APP_PASSWORD"] == "unset"
    assert shown["DATABASE_URL"] == "postgresql://u:***@db/sre"


def test_a_bad_secret_is_not_quoted() -> None:
    """A problem with a credential names the variable, never its value."""
    found = problems({"WEBHOOK_TOKEN": "short", "GMAIL_APP_PASSWORD": "hidden"})
    assert not [line for line in found if "short," in line or "hidden" in line]
    assert any(line.startswith("WEBHOOK_TOKEN: a token is shorter") for line in found)
    assert any("GMAIL_USER" in line for line in found)


def test_dotenv_is_read_under_the_environment(tmp_path: Path) -> None:
    """A .env file sets what the environment does not, and its misspellings are reported too."""
    dotenv = tmp_path / ".env"
    dotenv.write_text("MODE=shadow\nPORT=6000\n", encoding="utf-8")
    settings = Settings.load({"PORT": "7000"}, dotenv=dotenv)
    assert (settings.mode, settings.port) == ("shadow", 7000)
    dotenv.write_text("SETTLE_SECOND=1\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="SETTLE_SECONDS"):
        Settings.load({}, dotenv=dotenv)


def test_lists_are_separated_by_commas() -> None:
    """Spaces and empty parts do not count."""
    policy = Settings.load({"NAMESPACE_ALLOW": "shop, pay-*,", "TARGET_NAMESPACE": "shop"}).policy()
    assert policy.namespace_allow == ("shop", "pay-*")
    assert policy.target_namespace == "shop"


def test_two_webhook_tokens_while_one_replaces_the_other(tmp_path: Path) -> None:
    """By comma, or by line in the file; a third is refused."""
    assert len(Settings.load({"WEBHOOK_TOKEN": f"{TOKEN},{TOKEN}x"}).webhook_tokens()) == 2
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n{TOKEN}x\n", encoding="utf-8")
    assert Settings.load({"WEBHOOK_TOKEN_FILE": str(path)}).webhook_tokens() == (TOKEN, f"{TOKEN}x")
    path.write_text(f"{TOKEN}\n{TOKEN}x\n{TOKEN}y\n", encoding="utf-8")
    assert "at most two" in problems({"WEBHOOK_TOKEN_FILE": str(path)})[0]
    path.write_text("\n", encoding="utf-8")
    assert "is empty" in problems({"WEBHOOK_TOKEN_FILE": str(path)})[0]


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"name": "ana"}, "must be a list"),
        ([], "is empty"),
        ([{"name": "ana", "role": "boss", "token": TOKEN}], "entry 1 role"),
        ([{"name": "ana", "role": "approver", "token": "short"}], "entry 1 token"),
        ([{"name": "ana", "role": "approver"}], "either token or token_sha256"),
        ([{"name": "ana", "role": "approver", "token_sha256": "beef"}], "entry 1 token_sha256"),
        ([{"name": "ana", "role": "approver", "tokn": TOKEN, "token": TOKEN}], "entry 1 tokn"),
        ([{"name": "ana", "role": "viewer", "token": TOKEN}], "nobody there may approve"),
        (
            [
                {"name": "ana", "role": "approver", "token": TOKEN},
                {"name": "eve", "role": "admin", "token": TOKEN},
            ],
            "same token twice",
        ),
    ],
)
def test_a_wrong_tokens_file_says_what_is_wrong(tmp_path: Path, entries: object, words: str) -> None:
    """Each mistake is told by entry and field, without quoting a token."""
    found = problems({"AUTH_TOKENS_FILE": tokens_file(tmp_path, entries)})
    assert any(words in line for line in found)
    assert not any(TOKEN in line for line in found)


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    """Missing files, and folders that are none, are told before anything starts."""
    a_file = tmp_path / "file"
    a_file.write_text("x", encoding="utf-8")
    found = problems(
        {
            "AUTH_TOKENS_FILE": "/nowhere/tokens",
            "WEBHOOK_TOKEN_FILE": "/nowhere/token",
            "POLICY_FILE": "/nowhere/policy",
            "DATA_DIR": str(a_file / "data"),
        }
    )
    assert {line.split("=")[0] for line in found} == {
        "AUTH_TOKENS_FILE",
        "WEBHOOK_TOKEN_FILE",
        "POLICY_FILE",
        "DATA_DIR",
    }


def test_the_policy_file_sets_limits(tmp_path: Path) -> None:
    """Limits of the blast radius come from POLICY_FILE; an unknown one is refused."""
    path = tmp_path / "policy.yaml"
    path.write_text("cluster_writes_per_hour: 2\nverify_timeout_seconds: 600\n", encoding="utf-8")
    policy = Settings.load({"POLICY_FILE": str(path)}).policy()
    assert (policy.cluster_writes_per_hour, policy.verify_timeout_seconds) == (2, 600)
    for text in ("cluster_write_per_hour: 2", "cluster_writes_per_hour: many", "[1]", "a: b: c"):
        path.write_text(text, encoding="utf-8")
        assert problems({"POLICY_FILE": str(path)})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("web", "web"),
        ("deployment/web", "web"),
        ("StatefulSet/web", "statefulset/web"),
        ("statefulsets/web", "statefulset/web"),
        ("daemonset/web", "daemonset/web"),
        ("", ""),
    ],
)
def test_the_one_target_may_be_of_another_kind(written: str, meant: str) -> None:
    """As kubectl names it; without a kind it is a Deployment."""
    assert Settings.load({"TARGET_DEPLOYMENT": written}).policy().target_deployment == meant
