"""Build the real control plane once: etcd, kube-apiserver, controller-manager and scheduler in one binary, and kwok.

`python -m tests.controlplane.build` builds into `~/.cache/sre-agent/controlplane/<digest>` (about ten minutes with
cold Go caches on two cores, seconds afterwards) and prints that folder. The digest covers everything that decides what
is built, so a changed version is built anew and an unchanged one never again. `CONTROLPLANE_CACHE` names another
cache folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
KUBERNETES_VERSION = "v1.34.4"
KWOK = "sigs.k8s.io/kwok"
KWOK_VERSION = "v0.7.0"
KWOK_SUM = "h1:+eGsNOIPapjsSzeZlOEcwbpyEVa2Vqlcafa0qIjaKV4="
BINARIES = ("controlplane", "kwok")
LEAST_GO = (1, 24)
FROM_THE_ENVIRONMENT = (
    "HOME",
    "PATH",
    "TMPDIR",
    "GOPATH",
    "GOCACHE",
    "GOMODCACHE",
    "GOPROXY",
    "GOSUMDB",
    "GOENV",
)


class GoMissing(unittest.SkipTest):
    """No Go that is new enough is on this machine: pytest skips, by name, the test that needs the control plane."""


class NotBuilt(Exception):
    """Nobody has built it yet, which takes longer than a test may."""


class BuildFailed(Exception):
    """Go could not build; the message carries the end of what it said."""


def go_command() -> str:
    """The path of a Go that can build this; raises GoMissing."""
    wanted = ".".join(map(str, LEAST_GO))
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        raise GoMissing(f"Go is not installed: put Go {wanted} or newer on PATH")
    said = subprocess.run(
        [go, "env", "GOVERSION"], env=_environment(), capture_output=True, text=True, check=False
    )
    version = re.match(r"go(\d+)\.(\d+)", said.stdout.strip())
    if version is None or (int(version[1]), int(version[2])) < LEAST_GO:
        raise GoMissing(
            f"{go} is {said.stdout.strip() or said.stderr.strip()}: Go {wanted} or newer is needed"
        )
    return go


def binaries() -> Path | None:
    """The folder of the built binaries, None if they have to be built first."""
    folder = cache_folder() / _digest()
    return folder if all((folder / name).is_file() for name in BINARIES) else None


def built() -> Path:
    """The folder of the binaries; raises GoMissing or NotBuilt."""
    if (folder := binaries()) is None:
        go_command()
        raise NotBuilt("the control plane is not built yet: run `make controlplane`")
    return folder


def ensure() -> Path:
    """Build unless it is built already and return the folder of the binaries; raises GoMissing or BuildFailed.

    A second caller waits for the first one's build instead of starting its own.
    """
    if (folder := binaries()) is not None:
        return folder
    go = go_command()
    with locked(cache_folder() / "lock"):
        return binaries() or _build(go, cache_folder() / _digest())


def _build(go: str, folder: Path) -> Path:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="building-") as scratch:
        say(f"building the control plane {KUBERNETES_VERSION} (about ten minutes the first time)")
        flags = ["-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {_version_stamp()}"]
        run_go(go, "build", *flags, "-o", f"{scratch}/controlplane", ".", cwd=HERE)
        say(f"building kwok {KWOK_VERSION}")
        check_sum(go, KWOK, KWOK_VERSION, KWOK_SUM)
        flags = ["-trimpath", "-buildvcs=false", "-ldflags", "-s -w"]
        run_go(go, "install", *flags, f"{KWOK}/cmd/kwok@{KWOK_VERSION}", cwd=Path(scratch), gobin=scratch)
        folder.mkdir(exist_ok=True)
        for name in BINARIES:
            os.replace(f"{scratch}/{name}", folder / name)
    return folder


def check_sum(go: str, module: str, version: str, expected: str) -> None:
    """Raises BuildFailed when a module's content is not the one that is pinned."""
    said = run_go(go, "mod", "download", "-json", f"{module}@{version}", cwd=Path(tempfile.gettempdir()))
    found = json.loads(said)["Sum"]
    if found != expected:
        raise BuildFailed(f"{module}@{version} has the sum {found}, expected {expected}")


def _version_stamp() -> str:
    """What /version answers; without it the API server calls itself v0.0.0-master."""
    _, minor, _ = KUBERNETES_VERSION.split(".")
    version = "k8s.io/component-base/version"
    values = {
        f"{version}.gitVersion": KUBERNETES_VERSION,
        f"{version}.gitMajor": "1",
        f"{version}.gitMinor": minor,
        "k8s.io/client-go/pkg/version.gitVersion": KUBERNETES_VERSION,
    }
    return " ".join(f"-X {name}={value}" for name, value in values.items())


def run_go(go: str, *arguments: str, cwd: Path, gobin: str | None = None) -> str:
    """What it prints. Raises BuildFailed with the end of what it complains about."""
    environment = _environment() | ({"GOBIN": gobin} if gobin else {})
    done = subprocess.run(
        [go, *arguments],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stderr.splitlines()[-30:])
        raise BuildFailed(f"go {arguments[0]} failed with exit code {done.returncode}:\n{tail}")
    return done.stdout


def _environment() -> dict[str, str]:
    """Only what Go needs: a GOFLAGS or GOWORK of the caller's shell must not change what is built."""
    kept = {name: os.environ[name] for name in FROM_THE_ENVIRONMENT if name in os.environ}
    return kept | {"GOFLAGS": "-buildvcs=false", "GOWORK": "off", "GOTOOLCHAIN": "local", "GO111MODULE": "on"}


def cache_folder() -> Path:
    """Made if it is not there."""
    given = os.environ.get("CONTROLPLANE_CACHE")
    folder = Path(given) if given else Path.home() / ".cache" / "sre-agent" / "controlplane"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _digest() -> str:
    parts = [KUBERNETES_VERSION, KWOK_VERSION, KWOK_SUM, platform.system(), platform.machine()]
    content = "\n".join(parts).encode() + b"".join(
        (HERE / name).read_bytes() for name in ("main.go", "go.mod", "go.sum")
    )
    return hashlib.sha256(content).hexdigest()[:16]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for another builder, if there is one."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another build of the control plane")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    """To whoever waits for the build."""
    sys.stderr.write(f"controlplane: {text}\n")
    sys.stderr.flush()


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
