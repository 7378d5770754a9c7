"""What the base ships, made usable in a folder: its settings, and the tokens that its one line makes."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path

from dotenv import dotenv_values

BASE = Path(__file__).parents[2] / "k8s" / "base"
KUBECTL = """#!/bin/sh
for argument in "$@"; do
  case "$argument" in
    --from-literal=*) pair=${argument#--from-literal=}; printf %s "${pair#*=}" >"$TOKENS/${pair%%=*}" ;;
  esac
done
"""


def make_tokens(folder: Path) -> Path:
    """The files of the Secret that the one line makes; kubectl is played."""
    tokens, kubectl = folder / "tokens", folder / "bin" / "kubectl"
    tokens.mkdir()
    kubectl.parent.mkdir()
    kubectl.write_text(KUBECTL)
    kubectl.chmod(stat.S_IRWXU)
    text = (BASE / "secret.example.yaml").read_text(encoding="utf-8")
    (line,) = re.findall(r"^# (METRICS=.*)$", text, re.M)
    environ = {"PATH": f"{kubectl.parent}:/usr/bin:/bin", "TOKENS": str(tokens)}
    subprocess.run(["/bin/sh", "-c", line], env=environ, check=True)
    return tokens


def settings(tokens: Path) -> dict[str, str]:
    """Those of the base, with tokens from this folder."""
    values = dotenv_values(BASE / "settings.env")
    moved = {
        name: (value or "").replace("/etc/sre-agent/tokens", str(tokens))
        for name, value in values.items()
        if name != "DATA_DIR"
    }
    return {**moved, "POD_NAME": "sre-agent-1", "POD_NAMESPACE": "sre-agent"}
