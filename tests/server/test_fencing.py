"""`sre-agent rbac --fence` with commands: the API server is told the same words as policy, and none without a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from server.fencing import PolicyFileError, fence_of

EXEC = ("exec_command",)


def rules(enabled: tuple[str, ...], file: Path | None) -> dict[str, list[str]]:
    """Expressions by the name of their policy."""
    found: list[dict[str, Any]] = list(yaml.safe_load_all(fence_of("sre-agent", enabled, file)))
    return {
        item["metadata"]["name"]: [check["expression"] for check in item["spec"]["validations"]]
        for item in found
        if item["kind"] == "ValidatingAdmissionPolicy"
    }


def test_no_command_passes_unless_the_action_is_on_and_the_file_names_it(tmp_path: Path) -> None:
    """Off: a connection is no declared write. On without a file: nothing is allowed. A word is spelled as data."""
    file = tmp_path / "policy.yaml"
    file.write_text(
        'exec_commands:\n  - {namespace: "shop-*", workload: web, container: web, argv: [say, "it\'s"]}\n'
    )
    off, empty, named = rules((), file), rules(EXEC, None), rules(EXEC, file)
    assert "sre-agent-commands" not in off
    assert "pods/exec" not in off["sre-agent-only-declared"][0]
    assert "/pods/exec CONNECT" in empty["sre-agent-only-declared"][0]
    assert "pods/exec CREATE" not in empty["sre-agent-only-declared"][0]
    assert empty["sre-agent-commands"][0] == "false"
    assert named["sre-agent-commands"][0] == (
        "(request.namespace.matches('^shop-.*$') && object.?container.orValue('').matches('^web$') && "
        "object.?command.orValue([]) == ['say', 'it\\U00000027s'])"
    )


def test_a_policy_file_that_is_no_good_makes_no_fence(tmp_path: Path) -> None:
    """Told as at the start."""
    file = tmp_path / "policy.yaml"
    file.write_text("exec_commands: [{argv: [sh, -c, id]}]\n")
    with pytest.raises(PolicyFileError, match="runs whatever"):
        fence_of("sre-agent", EXEC, file)
