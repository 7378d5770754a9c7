"""A process that dies right after any of its writes: the next one goes on, and nothing is lost or done twice.

The kills of real processes are in `tests/chaos`. Here death is an exception that nothing catches, so that every
single write of a run is some process's last: to the record, to the checkpoints and to the API server.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from graph.remediation import build

# isort: split
# After graph, which sets a switch that LangGraph reads when it is first imported.
from langgraph.checkpoint.sqlite import SqliteSaver

from server.runner import Runner
from tests.chaos.faults import Scene
from tests.harness import Harness
from tests.server.whole_runs import run

pytest_plugins = ("tests.server.empty_folder",)
pytestmark = pytest.mark.timeout(300)
WRITES = {
    "incidents": (
        "claim_target",
        "save_evidence",
        "save_decision",
        "set_status",
        "set_action_taken",
        "save_verdict",
        "note",
        "end",
        "wake",
    ),
    "approvals": ("request", "replace"),
    "ledger": ("claim", "finish", "release", "set_verdict"),
    "outbox": ("queue",),
    "cluster": ("patch", "create"),
}


class Died(BaseException):
    """The process is gone."""


@dataclass
class Fate:
    """Decides who dies: while it is cruel, whoever does something that nobody did before it."""

    cruel: bool
    deaths: list[str] = field(default_factory=list)

    def strike(self, what: str) -> None:
        """Raises Died, the first time that it hears of this."""
        if self.cruel and what not in self.deaths:
            self.deaths.append(what)
            raise Died(what)


class Mortal:
    """A service whose caller may not survive a write."""

    def __init__(self, name: str, service: Any, fate: Fate) -> None:
        self._name = name
        self._service = service
        self._fate = fate

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._service, method)
        return self._mortal(method, found) if method in WRITES[self._name] else found

    def _mortal(self, method: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def write(*args: Any, **given: Any) -> Any:
            answer = call(*args, **given)
            told = args[1] if method in ("set_status", "note", "set_verdict") else _of_eviction(args, given)
            dry = "dry run" if given.get("dry_run") else ""
            self._fate.strike(" ".join(filter(None, (f"{self._name}.{method}", told, dry))))
            return answer

        return write


def _of_eviction(args: tuple[Any, ...], given: dict[str, Any]) -> str:
    """The second step of a rollback is a write of its own, with a claim and a receipt of its own."""
    calls = (getattr(each, "call", None) for each in args)
    if given.get("subresource") == "eviction" or any(call and call.name == "delete_pod" for call in calls):
        return "of an eviction"
    return ""


class MortalSaver(SqliteSaver):
    """Checkpoints: before one is stored, the writes of the step before it are; after it, they are history."""

    fate: Fate

    def put(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        step = f"checkpoint {metadata['step']}"
        self.fate.strike(f"before {step}")
        answer = super().put(config, checkpoint, metadata, new_versions)
        self.fate.strike(f"after {step}")
        return answer


def advance(fate: Fate, agent: Harness, until: Callable[[], object]) -> None:
    """Let time pass; whenever the process dies, the next one goes on with nothing but what is stored."""
    services = agent.agent.services
    by_name: dict[str, Any] = {name: Mortal(name, getattr(services, name), fate) for name in WRITES}
    saver = MortalSaver(agent.agent.checkpoints)
    saver.fate = fate
    graph, mortal = build(saver), dataclasses.replace(services, **by_name)
    for _ in range(500):
        agent.agent.runner = Runner(graph, mortal, agent.agent.settings.data_dir / "locks")
        try:
            while not until():
                agent.advance(2, step=2)
        except Died:
            continue
        return
    raise AssertionError(f"it never got there: {fate.deaths}")


@pytest.mark.parametrize("kind", ["bad_release", "transient", "rollback_harms", "bad_ordinal"])
def test_every_write_may_be_the_last_of_a_process(kind: Any, empty: Path, tmp_path: Path) -> None:
    """A run in which a process dies after each write for the first time ends as one that nothing befell."""
    scene, fate = Scene(kind, "shop"), Fate(cruel=True)

    spared = functools.partial(advance, Fate(cruel=False))
    undisturbed = run(empty, tmp_path / "undisturbed", scene, spared)
    assert run(empty, tmp_path / "killed", scene, functools.partial(advance, fate)) == undisturbed

    assert len(fate.deaths) > 25
    if kind == "bad_ordinal":
        assert {"ledger.claim of an eviction", "cluster.create of an eviction"} <= set(fate.deaths)
    assert {"ledger.claim", "cluster.patch", "ledger.finish", "incidents.end"} <= set(fate.deaths)
