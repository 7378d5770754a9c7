"""`sre-agent rbac --fence`: the admission policies, with the commands that a policy file allows."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from server.policy_file import PolicyFileError, read_policy_file
from tools.fence import render

__all__ = ["PolicyFileError", "fence_of"]


def fence_of(namespace: str, enabled: Collection[str], policy_file: Path | None) -> str:
    """As YAML. Without a policy file no command passes. Raises OSError, PolicyFileError, Refused."""
    return render(namespace, enabled, read_policy_file(policy_file).get("exec_commands", ()))
