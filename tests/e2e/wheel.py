"""The agent as a user gets it: its wheel, built from the sources and installed where the sources are not.

    agent = Installed.from_sources(tmp_path)
    agent.run("rbac", "--namespace", "sre-agent")

The environment is new; it sees the locked dependencies of the one that runs the tests through a path file, which
unlike that environment's own start-up does not follow the editable installation to the sources.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("graph", "prompts", "server", "tools")
LEFT_OUT = (".*", "*.egg-info", "build", "data", "dist", "docs", "tests")
"""Patterns of what lies beside the packages: state, what was made, and what no user gets."""


class CommandFailed(Exception):
    """The message ends with what the command said."""


@dataclass(frozen=True)
class Installed:
    """One environment with the wheel in it, and nothing of ours besides."""

    folder: Path
    wheel: Path

    @classmethod
    def from_sources(cls, folder: Path) -> Installed:
        """Build the wheel and install it, both without a network. Raises CommandFailed."""
        wheel = build_wheel(folder)
        environment = folder / "environment"
        _run([sys.executable, "-m", "venv", "--without-pip", environment], folder)
        agent = cls(environment, wheel)
        (agent.site_packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
        offline = ["--no-index", "--no-deps", "--quiet", "--disable-pip-version-check"]
        _run([sys.executable, "-m", "pip", "--python", agent.python, "install", *offline, wheel], folder)
        return agent

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def program(self) -> Path:
        """The command `sre-agent`."""
        return self.folder / "bin" / "sre-agent"

    @property
    def site_packages(self) -> Path:
        (found,) = self.folder.glob("lib/python3*/site-packages")
        return found

    def run(self, *arguments: str, cwd: Path | None = None) -> str:
        """What `sre-agent` prints. Raises CommandFailed."""
        return _run([self.program, *arguments], cwd or self.folder)

    def python_says(self, code: str, cwd: Path, environ: Mapping[str, str]) -> str:
        """What the environment's interpreter prints, asked from a folder. Raises CommandFailed."""
        return _run([self.python, "-c", code], cwd, environ)


def build_wheel(folder: Path) -> Path:
    """Build from a copy of the sources, so that neither is anything left in them nor anything old taken along."""
    sources = folder / "sources"
    beside = shutil.ignore_patterns(*LEFT_OUT)
    compiled = shutil.ignore_patterns("__pycache__")

    def left_out(where: str, names: list[str]) -> set[str]:
        return (beside if Path(where) == ROOT else compiled)(where, names)

    shutil.copytree(ROOT, sources, ignore=left_out)
    _run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, sources], folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def files_of(wheel: Path) -> set[str]:
    """What it installs, its own metadata apart."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def source_files() -> set[str]:
    """Every file of the packages."""
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file())
    return {str(path.relative_to(ROOT)) for path in found if "__pycache__" not in path.parts}


def _run(command: list[str | Path], cwd: Path, environ: Mapping[str, str] | None = None) -> str:
    """By default with an environment that leads to no sources of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    ended = subprocess.run(
        command,
        cwd=cwd,
        env=environ or kept,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        words = " ".join(map(str, command))
        raise CommandFailed(f"{words} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
    return ended.stdout
