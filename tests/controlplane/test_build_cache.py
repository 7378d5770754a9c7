"""The build of the control plane: once per content, by one builder at a time, whatever the shell's Go settings are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FAKE_GO = """#!/bin/sh
case "$1 $2" in
  "env GOVERSION") echo go{version} ;;
  "mod download") echo '{{"Sum": "{sum}"}}' ;;
  build*)
    echo "build $GOFLAGS $GOWORK" >>"{log}"
    sleep 0.5
    while [ "$1" != -o ]; do shift; done
    touch "$2" ;;
  install*) echo install >>"{log}"; touch "$GOBIN/kwok" ;;
esac
"""
KWOK_SUM = "h1:+eGsNOIPapjsSzeZlOEcwbpyEVa2Vqlcafa0qIjaKV4="


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """What the fake Go was asked to build."""
    return tmp_path / "go.log"


def _build(
    folder: Path, *arguments: str, version: str = "1.24.0", kwok: str = KWOK_SUM
) -> subprocess.Popen[str]:
    go = folder / "bin" / "go"
    go.parent.mkdir(exist_ok=True)
    go.write_text(FAKE_GO.format(version=version, sum=kwok, log=folder / "go.log"))
    go.chmod(0o755)
    shell = {"PATH": f"{go.parent}:/usr/bin:/bin", "GOFLAGS": "-mod=vendor", "GOWORK": "/somewhere/go.work"}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.controlplane.build", *arguments],
        cwd=ROOT,
        env=os.environ | shell | {"CONTROLPLANE_CACHE": str(folder / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _result(run: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = run.communicate(timeout=60)
    return run.returncode, out.strip(), err


def test_two_at_once_build_once_and_a_third_not_at_all(tmp_path: Path, log: Path) -> None:
    """The second waits for the first, the third finds it built; all name the same folder with both binaries."""
    runs = [_result(run) for run in [_build(tmp_path), _build(tmp_path)]]
    runs.append(_result(_build(tmp_path)))
    assert [code for code, *_ in runs] == [0, 0, 0]
    (folder,) = {out for _, out, _ in runs}
    assert {path.name for path in Path(folder).iterdir()} == {"controlplane", "kwok"}
    assert [line.split()[0] for line in log.read_text().splitlines()] == ["build", "install"]


def test_the_shells_go_settings_do_not_reach_the_build(tmp_path: Path, log: Path) -> None:
    """GOFLAGS and GOWORK of the caller would change, or break, what is built."""
    assert _result(_build(tmp_path))[0] == 0
    assert log.read_text().splitlines()[0] == "build -buildvcs=false off"


@pytest.mark.parametrize(("arguments", "code"), [((), 1), (("--skip-without-go",), 0)])
def test_an_old_go_is_named(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    """The message says which Go was found and which is needed; nothing is built."""
    ended, out, err = _result(_build(tmp_path, *arguments, version="1.19.8"))
    assert (ended, out) == (code, "")
    assert "go1.19.8" in err
    assert "Go 1.24 or newer is needed" in err


def test_a_kwok_of_another_content_is_refused(tmp_path: Path) -> None:
    """The module's hash is pinned beside its version."""
    ended, _, err = _result(_build(tmp_path, kwok="h1:other"))
    assert ended == 1
    assert "h1:other" in err
