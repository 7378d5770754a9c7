"""What the base ships as settings and as the line that makes tokens is what the agent takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from server.settings import Settings, SettingsError
from server.tokens import read_people
from tests.packaging.shipped import BASE, make_tokens
from tests.packaging.shipped import settings as settings_of
from tests.server.app_stand import stand


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """A folder with the files of the Secret that the one line makes."""
    return make_tokens(tmp_path)


def test_the_one_line_makes_tokens_that_the_agent_takes(tokens: Path) -> None:
    """A first person who may do everything, and Prometheus, which may only look."""
    settings = Settings.load(settings_of(tokens))
    assert settings.host == "0.0.0.0"
    assert [len(token) for token in settings.webhook_tokens()] == [64]
    people = read_people(tokens / "people.yaml")
    assert [(person.name, person.role) for person in people] == [("admin", "admin"), ("prometheus", "viewer")]
    assert len({(tokens / name).read_text() for name in ("webhook", "metrics", "people.yaml")}) == 3


def test_the_template_as_it_stands_is_refused(tmp_path: Path) -> None:
    """Nobody runs with tokens that stand in a public file."""
    template, _ = yaml.safe_load_all((BASE / "secret.example.yaml").read_text(encoding="utf-8"))
    for name, value in template["stringData"].items():
        (tmp_path / name).write_text(value)
    with pytest.raises(SettingsError) as refused:
        Settings.load(settings_of(tmp_path))
    assert len(refused.value.problems) >= 2


def test_secret_settings_are_named_as_the_agent_knows_them() -> None:
    """A misspelt name in the template would be a mail that never comes."""
    _, credentials = yaml.safe_load_all((BASE / "secret.example.yaml").read_text(encoding="utf-8"))
    names: Mapping[str, str] = credentials["stringData"]
    assert {name.lower() for name in names} <= set(Settings.model_fields)


def test_those_who_come_by_the_services_name_are_let_in(tokens: Path, tmp_path: Path) -> None:
    """Prometheus and Alertmanager with their tokens, the kubelet by the pod's address without one; nobody else."""
    webhook, metrics = ((tokens / name).read_text() for name in ("webhook", "metrics"))
    with stand(tmp_path, settings_of(tokens)) as server:
        client = server.client()

        def status(
            method: str, path: str, token: str = "", host: str = "sre-agent.sre-agent.svc:5000"
        ) -> int:
            headers = {"Host": host} | ({"Authorization": f"Bearer {token}"} if token else {})
            return client.open(
                path, method=method, headers=headers, json={} if method == "POST" else None
            ).status_code

        assert status("GET", "/metrics", metrics) == 200
        assert [status("GET", path, host="10.2.0.7:5000") for path in ("/livez", "/readyz")] == [200, 200]
        assert status("GET", "/metrics", webhook) == 401
        assert status("POST", "/webhook", metrics) == 401
        assert status("POST", "/pause", metrics) == 403
        assert status("GET", "/metrics") in (401, 421)
