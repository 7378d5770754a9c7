"""A record that fails at any one call: the step comes again, and what was not read is never taken for nothing there."""

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
from tools.errors import StoreError

pytest_plugins = ("tests.server.empty_folder",)
pytestmark = pytest.mark.timeout(300)
STORES = ("incidents", "approvals", "ledger", "outbox", "revisions", "controls", "readings")


@dataclass
class Disk:
    """Fails each call the first time that it is made in a step of the way; none, if it is sound."""

    sound: bool
    step: str = ""
    failed: list[str] = field(default_factory=list)

    def touch(self, call: str) -> None:
        """Raises StoreError, once for each call and step."""
        what = f"{self.step} {call}"
        if not self.sound and what not in self.failed:
            self.failed.append(what)
            raise StoreError(f"the disk failed at {what}")


class Failing:
    """A store on that disk."""

    def __init__(self, name: str, store: Any, disk: Disk) -> None:
        self._name = name
        self._store = store
        self._disk = disk

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._store, method)
        if not callable(call):
            return call

        def touched(*args: Any, **given: Any) -> Any:
            self._disk.touch(f"{self._name}.{method}")
            answer = call(*args, **given)
            if method == "set_status":
                self._disk.step = str(args[1])
            return answer

        return touched


def advance(disk: Disk, agent: Harness, until: Callable[[], object]) -> None:
    """Let time pass with a runner whose every store is on that disk; a step that it fails comes again."""
    services = agent.agent.services
    failing: dict[str, Any] = {name: Failing(name, getattr(services, name), disk) for name in STORES}
    # so many failures in a row would otherwise use up the patience of one proof, and it would be explained instead
    patient = services.policy.model_copy(update={"read_patience_seconds": 1800.0})
    spoilt = dataclasses.replace(services, policy=patient, **failing)
    agent.agent.runner = Runner(build(SqliteSaver(agent.agent.checkpoints)), spoilt, _locks(agent))
    for _ in range(800):
        if until():
            return
        try:
            agent.advance(5)
        except StoreError:
            continue  # as the worker does: logged, and due again
    raise AssertionError(f"it never got there: {disk.failed}")


def _locks(agent: Harness) -> Path:
    return agent.agent.settings.data_dir / "locks"


@pytest.mark.parametrize("kind", ["bad_release", "transient", "rollback_harms"])
def test_no_read_of_the_record_that_fails_is_taken_for_an_empty_one(
    kind: Any, empty: Path, tmp_path: Path
) -> None:
    """Each call fails once in each step: the run ends as one that nothing befell, its one write and all."""
    scene, disk = Scene(kind, "shop"), Disk(sound=False)
    sound = functools.partial(advance, Disk(sound=True))
    undisturbed = run(empty, tmp_path / "undisturbed", scene, sound)
    ended = run(empty, tmp_path / "failing", scene, functools.partial(advance, disk))

    assert ended == undisturbed
    assert len(disk.failed) > 28
    calls = {each.rpartition(" ")[2] for each in disk.failed}
    assert {"incidents.alerts", "ledger.get", "ledger.since", "ledger.claim", "controls.pause_state"} <= calls
