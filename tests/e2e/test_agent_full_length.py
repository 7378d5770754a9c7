"""At full length, with the settings that are shipped: ten minutes of sightings as proof, and every window in full.

The fixture `old_hands` began when the run did; what needs its ten minutes comes last (conftest.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.controlplane.plane import ControlPlane
from tests.controlplane.workloads import is_ready
from tests.e2e.agent import PlaneAgent, pod_alert
from tests.e2e.audit_log import Right
from tests.e2e.chorus import sing
from tests.e2e.lives import KINDS
from tests.e2e.old_hands import OldHands, back_off, label
from tests.e2e.releases import GOOD, images, release_crashing, release_stuck, shorten_deadline
from tests.e2e.stage import Board, Stage
from tests.e2e.wheel import Installed
from tools.cluster import KubernetesCluster

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]
WELL_FOR = r"rolled out and well for (\d+) s"


def test_a_release_of_each_kind_is_gone_back_from(
    plane: ControlPlane,
    installed: Installed,
    rights: set[Right],
    tmp_path: Path,
    figures: Callable[[str], None],
) -> None:
    """Deployment, StatefulSet (in two steps) and DaemonSet at once: three ill workloads are no global hold yet."""
    admin = KubernetesCluster.connect(str(plane.admin_kubeconfig))
    with PlaneAgent(tmp_path / "agent", plane, installed, MODE="auto") as agent:
        agent.start()
        board = Board(agent)
        stages = {name: Stage(plane, board, plane.new_namespace("kind"), admin, within=600) for name in KINDS}
        ends = sing({name: KINDS[name](stage) for name, stage in stages.items()}, [board.look])
        for tell in ends.values():
            tell()
        windows = {
            incident["target"]["kind"]: _window(agent, id_) for id_, incident in board.incidents.items()
        }
        audited = agent.audited()
    assert set(windows) == {"Deployment", "StatefulSet", "DaemonSet"}
    assert [seconds for seconds in windows.values() if seconds < 120] == []
    assert audited.differences() == []
    assert len(audited.writes) == 4
    figures(f"{len(audited.calls)} requests, 4 writes, windows of {windows} s, all RECOVERED")


def test_what_was_seen_well_for_ten_minutes_is_gone_back_to_and_a_restart_mends_a_past_outage(
    old_hands: OldHands, figures: Callable[[str], None]
) -> None:
    """With the settings that are shipped and `MODE=auto`: one restart by itself, three rollbacks approved."""
    agent, one = old_hands.agent, old_hands
    one.wait_for_proof()

    restarted = _let_an_outage_pass(one)
    agent.until_status(restarted, "verifying")
    # The fourth within five minutes makes the agent hold still, and ask again for what it has not begun.
    proved = agent.alert(pod_alert(release_crashing(one.proved)))
    assert re.search(r"Revision 1 was seen ready for 1\d minutes", _approved(one, proved, "proved"))
    agent.until_status(proved, "verifying")
    unproved = agent.alert(pod_alert(release_crashing(one.unproved)))
    assert re.search(
        r"Health of revision 1 not proved; it was current for \d+ minutes",
        _approved(one, unproved, "not_proved"),
    )
    agent.until_status(unproved, "verifying")
    shorten_deadline(one.stuck)
    stuck = agent.alert(pod_alert(release_stuck(one.stuck), "KubePodNotReady"))
    assert "pods of revision 1 are ready now" in _approved(one, stuck, "proved")

    windows = [_recovered(one, incident_id) for incident_id in (restarted, proved, unproved, stuck)]
    assert [window for window in windows if window < 120] == []
    for each in (one.proved, one.unproved, one.stuck, one.needy):
        assert images(each) == {GOOD}
        assert all(map(is_ready, each.pods()))
    audited = agent.audited()
    assert audited.differences() == []
    assert len(audited.writes) == 4
    counts = f"{len(audited.calls)} requests, 4 writes, {len(audited.rehearsals)} dry runs"
    figures(f"{counts}, windows of {windows} s, all RECOVERED")


def _let_an_outage_pass(one: OldHands) -> str:
    """The database goes, what needs it crashes, the database is back: the incident's id."""
    for pod in one.database.pods():
        label(one.database, pod, "notready")
    plane = one.needy.plane
    plane.eventually(lambda: not any(map(is_ready, one.database.pods())), what="a database that is down")
    for pod in one.needy.pods():
        back_off(one.needy, pod)
    plane.eventually(lambda: not any(map(is_ready, one.needy.pods())), what="crashing pods")
    for pod in one.database.pods():
        label(one.database, pod, None)
    plane.eventually(lambda: all(map(is_ready, one.database.pods())), what="a database that is back")
    return one.agent.alert(pod_alert(one.needy.pods()[0]))


def _approved(one: OldHands, incident_id: str, proof: str) -> str:
    """Approve what is asked; returns why it was proposed."""
    approval = one.agent.asked(incident_id)
    proposal: dict[str, Any] = approval["proposal"]
    assert (proposal["call"]["name"], proposal["health_proof"]) == ("rollback_deployment", proof)
    assert one.agent.approve(approval["id"]).status == 200
    return str(proposal["reason"])


def _recovered(one: OldHands, incident_id: str) -> int:
    """Wait for it; returns for how many seconds it was watched."""
    assert one.agent.until_status(incident_id, "recovered", within=600)["verdict"] == "RECOVERED"
    return _window(one.agent, incident_id)


def _window(agent: PlaneAgent, incident_id: str) -> int:
    """For how many seconds it was watched, as a person is told."""
    held = re.search(WELL_FOR, agent.told(incident_id))
    assert held, agent.told(incident_id)
    return int(held[1])
