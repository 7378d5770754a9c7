"""Lives on the real control plane: the agent a process of its own, with the generated rights and no more.

Every action's, and the one verdict that takes long. All are lived at once, each in a namespace of its own. Policy is
widened for that, and by nothing else: so many problems at once would rightly be a global hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.controlplane.metrics import FakeMetrics
from tests.controlplane.plane import ControlPlane
from tests.e2e.agent import SHORT, PlaneAgent, grant
from tests.e2e.audit_log import Audited, Right
from tests.e2e.chorus import Life, sing
from tests.e2e.lives import OF_WORKLOADS
from tests.e2e.lives_apart import APART
from tests.e2e.lives_of_slow_failures import SLOW_FAILURES, WINDOW
from tests.e2e.stage import Board, Stage
from tests.e2e.wheel import Installed
from tools.actions import REGISTRY
from tools.cluster import KubernetesCluster
from tools.ledger import LedgerEntry

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
HOME = "acting"
ENABLED = "delete_deployment"
POLICY = """
workload_writes: 100
attempt_window_seconds: 0
cool_down_seconds: 0
human_only_seconds: 0
node_pause_seconds: 0
writes_in_flight: 50
hold_workloads: 50
verify_poll_seconds: 3
verify_timeout_seconds: 60
"""
LIVES: Mapping[str, Callable[[Stage], Life]] = {**OF_WORKLOADS, **APART}


@dataclass(frozen=True)
class Lived:
    """What is there when all lives are over."""

    ends: Mapping[str, Callable[[], None]]
    audited: Audited
    audited_slow: Audited
    ledger: list[LedgerEntry]
    rights: set[Right]


@pytest.fixture(scope="module")
def lived(
    plane: ControlPlane, installed: Installed, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    """All lives, from their beginnings to their ends; the slow ones before an agent of their own."""
    folder = tmp_path_factory.mktemp("acting")
    (folder / "policy.yaml").write_text(POLICY)
    others = list(plane.in_each_namespace)
    printed = installed.run("rbac", "--namespace", HOME, "--nodes", "--enable", ENABLED)
    rights = grant(plane, printed, home=HOME)
    environ = {**SHORT, "POLICY_FILE": str(folder / "policy.yaml"), "ENABLE_ACTIONS": ENABLED}
    admin = KubernetesCluster.connect(str(plane.admin_kubeconfig))

    def start(name: str, **more: str) -> Board:
        agent = PlaneAgent(folder / name, plane, installed, home=HOME, **{**environ, **more})
        started.enter_context(agent).start()
        return Board(agent)

    with ExitStack() as started:
        metrics = started.enter_context(FakeMetrics(plane))
        acting, patient = start("acting"), start("patient", **WINDOW)

        def stage(board: Board) -> Stage:
            return Stage(plane, board, plane.new_namespace("life"), admin, metrics=metrics)

        stages = {name: stage(acting) for name in LIVES} | {name: stage(patient) for name in SLOW_FAILURES}
        lives = {name: {**LIVES, **SLOW_FAILURES}[name](place) for name, place in stages.items()}
        ends = sing(lives, [acting.look, patient.look])
        audits = acting.agent.audited(), patient.agent.audited()
        yield Lived(ends, *audits, acting.agent.ledger(), rights)
    plane.in_each_namespace[:] = others
    for place in stages.values():
        plane.delete_namespace(place.namespace)


@pytest.mark.parametrize("name", sorted(LIVES))
def test_a_life_from_the_question_to_the_verdict(name: str, lived: Lived) -> None:
    """Shown after a dry run, approved, written once, and judged by what the real controllers made of it."""
    lived.ends[name]()


@pytest.mark.parametrize("name", sorted(SLOW_FAILURES))
def test_a_slow_failure_is_provisional_and_looked_at_again(name: str, lived: Lived) -> None:
    """Crashed after a long life and restarted: not called recovered before it has lived for twice as long."""
    lived.ends[name]()


def test_the_audit_log_holds_what_the_ledger_says(lived: Lived, figures: Callable[[str], None]) -> None:
    """The same writes, each tied to its entry by stamp, uid or number; each rehearsed, let in and announced."""
    audited = lived.audited
    assert audited.differences() == []
    assert lived.audited_slow.differences() == []
    figures(
        f"{len(LIVES)} lives at once: {len(audited.calls)} requests, {len(audited.writes)} writes of "
        f"{len(lived.ledger)} entries, {len(audited.rehearsals)} dry runs, 0 differences"
    )


def test_every_action_of_the_registry_has_lived(lived: Lived) -> None:
    """Those that docs/actions.md does not say to be shown elsewhere."""
    named = {action for action in REGISTRY if action in " ".join(LIVES)}
    assert {entry.call.name for entry in lived.ledger if entry.receipt} == named


def test_every_right_to_write_is_used(lived: Lived) -> None:
    """No right to write is granted that no life needs, and none is missing."""
    used = {call.right for call in lived.audited.calls if call.resource}
    writing = {right for right in lived.rights if right[0] not in ("get", "list", "watch")}
    assert used - lived.rights == set()
    assert writing - used == set()
