"""Without a key nothing of the model is loaded; with one, only by the first question."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHILD = """
import json, sys
from pathlib import Path
from tests.harness import deployment, harness

with harness(Path(sys.argv[1]), **json.loads(sys.argv[2])) as agent:
    agent.sandbox.apply(deployment("web", fault="crashloop"))
    agent.advance(60)
    agent.alert(agent.crash_alert(agent.pods("shop")[0]))
    agent.drive()
    agent.agent.probes.refresh()
    for path in ("/", "/health", "/metrics", "/incidents"):
        assert agent.client.get(path).status_code == 200
names = ("groq", "langchain_groq", "tools.llm", "tools.llm_http")
print(json.dumps([name for name in names if name in sys.modules]))
"""


def loaded(folder: Path, **environ: str) -> list[str]:
    """What of the model a serving process has loaded after an incident without candidates."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder), json.dumps(environ)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_without_a_key_nothing_of_it_is_imported(tmp_path: Path) -> None:
    """Neither the SDK nor our own adapter, though an incident was decided and every page shown."""
    assert loaded(tmp_path) == []


def test_with_a_key_its_packages_wait_for_a_question(tmp_path: Path) -> None:
    """An agent that never has to choose never pays for them; its health is asked all the same."""
    assert loaded(tmp_path, GROQ_API_KEY="gsk_x", GROQ_API_BASE="http://127.0.0.1:9") == ["tools.llm"]
