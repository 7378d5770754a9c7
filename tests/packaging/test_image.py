"""The Dockerfile, as far as it can be judged without building it: what it copies, who it runs as, what it installs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    """Keyword and arguments of each, with continued lines joined and comments gone."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]  # type: ignore[misc]


def stages() -> list[list[Instruction]]:
    """The instructions of each stage; what stands before the first is left out."""
    found: list[list[Instruction]] = []
    for keyword, arguments in instructions():
        if keyword == "FROM":
            found.append([])
        if found:
            found[-1].append((keyword, arguments))
    return found


def locked(part: str) -> str:
    """What the script in the build stage prints."""
    script = str(ROOT / "docker" / "locked.py")
    return subprocess.run([sys.executable, script, part], capture_output=True, text=True, check=True).stdout


def names(requirements: str) -> set[str]:
    """Of the packages in a requirements file."""
    return {canonicalize_name(name) for name in re.findall(r"^([A-Za-z0-9][\w.-]*)==", requirements, re.M)}


def test_it_copies_what_is_there_and_the_ignore_file_lets_through() -> None:
    """Every source of a COPY from the context exists, and is among the few that are sent to the builder."""
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_through = {line[1:] for line in ignore if line.startswith("!")}
    sources = {
        source.removeprefix("./")
        for keyword, arguments in instructions()
        if keyword == "COPY" and "--from" not in arguments
        for source in arguments.split()[:-1]
    }
    assert "*" in ignore
    assert sources == let_through
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_every_package_of_the_project_is_copied() -> None:
    """A new top package must not be missing in the image alone."""
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    copied = {arguments.split()[0] for keyword, arguments in instructions() if keyword == "COPY"}
    assert packages == {"graph", "prompts", "server", "tools"}
    assert packages <= copied


def test_it_runs_the_command_as_a_number_and_not_as_root() -> None:
    """A name cannot be proved non-root by the kubelet; the manifests name the same number."""
    last = dict(stages()[-1])
    manifest = yaml.safe_load((ROOT / "k8s" / "base" / "deployment.yaml").read_text(encoding="utf-8"))
    security = manifest["spec"]["template"]["spec"]["securityContext"]
    assert last["USER"] == f"{security['runAsUser']}:{security['fsGroup']}"
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", last["USER"])
    assert json.loads(last["ENTRYPOINT"]) == ["sre-agent"]
    assert json.loads(last["CMD"]) == ["serve"]
    after = [keyword for keyword, _ in stages()[-1]]
    assert after.index("USER") > max(
        i for i, keyword in enumerate(after) if keyword in ("COPY", "RUN", "ADD")
    )


def test_the_image_holds_no_builder_and_no_secret() -> None:
    """Two stages; the last one installs nothing and takes what it has from the first."""
    build, last = stages()
    assert build[0][1].endswith("AS build")
    assert "RUN" not in dict(last)
    assert all("--from=build" in arguments for keyword, arguments in last if keyword == "COPY")


def test_everything_is_installed_by_hash() -> None:
    """From the lock, wheels only; the project itself without asking any index."""
    installs = [
        line
        for keyword, arguments in instructions()
        if keyword == "RUN"
        for line in arguments.split("&&")
        if re.search(r"pip (install|wheel)", line)
    ]
    assert len(installs) == 4
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)


def test_no_registry_is_baked_in() -> None:
    """The base image and the package index are arguments, so that a mirror can serve them."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    arguments = [value for keyword, value in instructions() if keyword == "ARG"]
    assert [value.partition("=")[0] for value in arguments] == ["PYTHON_IMAGE", "PIP_INDEX_URL"]
    assert re.findall(r"^FROM (\S+)", text, re.M) == ["${PYTHON_IMAGE}"] * 2


@pytest.mark.parametrize("part", ["runtime", "build"])
def test_each_part_of_the_lock_is_taken_over_unchanged(part: str) -> None:
    """Same versions, same hashes."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    lines = [line for line in locked(part).splitlines() if line.startswith("    --hash") or "==" in line]
    assert len(lines) > 5
    assert set(lines) <= set(lock.splitlines())


def test_the_runtime_part_is_what_the_project_needs_and_no_test_tool() -> None:
    """Closed under the requirements that the installed packages declare themselves."""
    kept = names(locked("runtime"))
    tools = {"pytest", "mypy", "ruff", "playwright", "import-linter"}
    assert kept.isdisjoint(
        tools | {"ipykernel", "nbclient", "ipython", "jupyter-client", "matplotlib", "fonttools"}
    )
    declared = [Requirement(text) for text in requires("sre-agent") or ()]
    direct = {canonicalize_name(each.name) for each in declared if 'extra == "notebooks"' not in str(each)}
    assert direct <= kept
    for name in sorted(kept & set(_installed())):
        for text in requires(name) or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                assert canonicalize_name(requirement.name) in kept, f"{requirement} of {name}"


def _installed() -> list[str]:
    from importlib.metadata import distributions

    return [canonicalize_name(each.metadata["Name"]) for each in distributions()]
