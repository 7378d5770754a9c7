"""Keeps what a dependency of a dependency would load in vain out of the process: a third of the start, and 6 MiB.

LangChain's tracers, which LangGraph imports, import the client of a tracing service whose package of wire types
builds some 160 pydantic models at import. One of them is asked for, by its own module's path; the rest never is.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType

LAZY = "langsmith.types"


def install() -> None:
    """Make `LAZY` load itself when a name is first taken from it. To be called before LangGraph is imported."""
    package = LAZY.rpartition(".")[0]
    if LAZY in sys.modules or package in sys.modules:
        return
    parent = find_spec(package)
    spec = PathFinder.find_spec(LAZY, parent.submodule_search_locations) if parent else None
    if spec is not None and spec.loader is not None:
        sys.modules[LAZY] = _lazy(spec)


def _lazy(spec: ModuleSpec) -> ModuleType:
    module = module_from_spec(spec)

    def load(name: str) -> object:
        # Importing a submodule asks for __path__ and the like, which are set: those are no reason to load.
        if name.startswith("__") or spec.loader is None:
            raise AttributeError(name)
        del module.__dict__["__getattr__"]
        spec.loader.exec_module(module)
        return getattr(module, name)

    module.__dict__["__getattr__"] = load
    return module
