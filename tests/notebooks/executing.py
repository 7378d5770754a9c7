"""Runs a notebook of `notebooks/` in a kernel of its own, by this very interpreter and with a deadline.

No kernelspec is looked for: neither one of the user's nor one of the machine's. The kernel's folders, its sockets and
its history are in the test's folder or nowhere.
"""

from __future__ import annotations

import os
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
NAMES = sorted(path.name for path in FOLDER.glob("*.ipynb"))
DEADLINE = 60
"""Seconds for one cell."""


class OwnKernel(AsyncKernelManager):
    """Starts ipykernel with the interpreter of the test."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """Made here, read from nowhere."""
        command = [
            sys.executable,
            "-Xfrozen_modules=off",
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
        ]
        return KernelSpec(argv=command, display_name="tests", language="python")


def load(name: str) -> Any:
    """The notebook as it is in git."""
    return nbformat.read(FOLDER / name, as_version=4)


def execute(name: str, folder: Path, **parameters: Any) -> Any:
    """Execute it with these in place of its first cell's; the notebook with its outputs.

    `folder` becomes its home and the kernel's working folder. Raises CellExecutionError, CellTimeoutError.
    """
    notebook = prepared(name, **parameters)
    run(notebook, folder)
    return notebook


def prepared(name: str, **parameters: Any) -> Any:
    """The notebook with these in place of its first cell's."""
    notebook = load(name)
    (cell,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ())]
    cell.source += "".join(f"\n{key} = {value!r}" for key, value in parameters.items())
    return notebook


def run(notebook: Any, folder: Path) -> None:
    """Execute it as far as it goes; outputs are put into it. The kernel ends with this, however this ends."""
    # short: the path of a socket may have 107 characters
    with TemporaryDirectory(prefix="nb-") as sockets:
        client = NotebookClient(
            notebook,
            timeout=DEADLINE,
            startup_timeout=DEADLINE,
            kernel_manager_class=OwnKernel,
            config=Config(OwnKernel={"transport": "ipc", "ip": f"{sockets}/k"}),
            resources={"metadata": {"path": str(folder)}},
        )
        client.execute(env=_environment(folder))


def stopped_with(name: str, folder: Path, **parameters: Any) -> list[str]:
    """The lines that it shows where it stops."""
    notebook = prepared(name, **parameters)
    with pytest.raises(CellExecutionError):
        run(notebook, folder)
    (error,) = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if output.output_type == "error"
    ]
    return list(error.traceback)


def outputs(notebook: Any) -> Iterator[str]:
    """What it shows, as text, cell by cell."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            yield str(output.get("text") or output.get("data", {}).get("text/plain", ""))


def pages(notebook: Any) -> Iterator[str]:
    """What it shows as HTML."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if html := output.get("data", {}).get("text/html"):
                yield str(html)


def plots(notebook: Any) -> list[str]:
    """The words of each picture that it shows; also that nothing was said beside them on standard error."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            assert output.get("name") != "stderr", output.text
            if picture := output.get("data", {}).get("image/png"):
                assert b64decode(picture).startswith(b"\x89PNG")
                found.append(str(output.data["text/plain"]))
    return found


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of the user's, and our packages."""
    home = {name: str(folder) for name in ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **home}
