"""Build kustomize once, beside the control plane: the manifests are rendered by what people render them with.

`python -m tests.controlplane.kustomize` builds it into the same cache (half a minute with cold Go caches) and prints
its path. Version and content are pinned, as those of kwok are.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from tests.controlplane.build import (
    BuildFailed,
    GoMissing,
    NotBuilt,
    cache_folder,
    check_sum,
    go_command,
    locked,
    run_go,
    say,
)

MODULE = "sigs.k8s.io/kustomize/kustomize/v5"
VERSION = "v5.7.1"
SUM = "h1:sYJsarwy/SDJfjjLMUqwFDGPwzUtMOQ1i1Ed49+XSbw="


class NotRendered(Exception):
    """The message is what kustomize said."""


def ensure() -> Path:
    """Build it unless it is built already; its path. Raises GoMissing or BuildFailed."""
    if _path().is_file():
        return _path()
    go = go_command()
    with locked(cache_folder() / "kustomize.lock"):
        return _path() if _path().is_file() else _build(go)


def built() -> Path:
    """Its path. Raises GoMissing or NotBuilt."""
    if not _path().is_file():
        go_command()
        raise NotBuilt("kustomize is not built yet: run `make controlplane`")
    return _path()


def render(folder: Path) -> list[dict[str, Any]]:
    """The objects of a kustomization. Raises NotRendered, GoMissing or NotBuilt."""
    said = subprocess.run([built(), "build", folder], capture_output=True, text=True, check=False)
    if said.returncode:
        raise NotRendered(said.stderr.strip())
    return [document for document in yaml.safe_load_all(said.stdout) if document]


def _path() -> Path:
    return cache_folder() / f"kustomize-{VERSION}"


def _build(go: str) -> Path:
    say(f"building kustomize {VERSION}")
    check_sum(go, MODULE, VERSION, SUM)
    with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="building-") as scratch:
        flags = ["-trimpath", "-buildvcs=false", "-ldflags", "-s -w"]
        run_go(go, "install", *flags, f"{MODULE}@{VERSION}", cwd=Path(scratch), gobin=scratch)
        os.replace(Path(scratch) / "kustomize", _path())
    return _path()


def main(arguments: list[str]) -> int:
    """Exit code 1 if it cannot be built; with --skip-without-go a missing Go is only said, and tests skip by name."""
    try:
        sys.stdout.write(f"{ensure()}\n")
    except GoMissing as missing:
        say(str(missing))
        return 0 if arguments == ["--skip-without-go"] else 1
    except BuildFailed as failed:
        say(str(failed))
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
