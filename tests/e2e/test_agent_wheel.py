"""The wheel holds the whole agent, and what runs is the wheel and nothing else of ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.agent import PlaneAgent
from tests.e2e.wheel import PACKAGES, ROOT, Installed, files_of, source_files

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

WHERE_FROM = f"""
import importlib, json, pkgutil, sys
for package in {PACKAGES!r}:
    for found in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        if not found.name.startswith("tools.migrations."):
            importlib.import_module(found.name)
ours = {{name: module.__file__ for name, module in sys.modules.items() if name.split(".")[0] in {PACKAGES!r}}}
print(json.dumps(ours))
"""
"""Alembic's own files there run only when it loads them."""


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(installed: Installed) -> None:
    """Modules, pages, style sheets, prompts and migrations; no tests, no leftovers."""
    assert files_of(installed.wheel) == source_files()
    kinds = {Path(name).suffix for name in files_of(installed.wheel)}
    assert kinds >= {".py", ".html", ".css", ".svg", ".j2", ".mako"}


def test_it_runs_in_an_empty_folder_with_a_kubeconfig_alone(agent: PlaneAgent, installed: Installed) -> None:
    """Schema made, cluster reached, pages and style served; not one module comes from anywhere but the wheel."""
    command = Path(f"/proc/{agent.pid}/cmdline").read_text().split("\0")
    assert Path(command[0]).is_relative_to(installed.folder)
    assert command[1:3] == [str(installed.program), "serve"]
    agent.eventually(lambda: agent.get("/health").body["k8s"] is True, "k8s in /health")
    assert ".css" in agent.get("/").body
    assert "{" in agent.get("/static/style.css").body
    assert sorted(path.name for path in agent.folder.iterdir()) == ["data", "kubeconfig"]

    said = installed.python_says(WHERE_FROM, agent.folder, agent.environ)
    modules: dict[str, str] = json.loads(said)
    assert {"graph.remediation", "server.bootstrap", "tools.cluster", "prompts"} <= set(modules)
    strangers = {n: f for n, f in modules.items() if not Path(f).is_relative_to(installed.site_packages)}
    assert strangers == {}
    assert not installed.site_packages.is_relative_to(ROOT)
