"""Several people answer one approval at the same moment: one of them is heard, the others are told who was."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.chaos.agent_process import Answer
from tests.chaos.faults import Scene
from tests.chaos.standing import Standing, recovered_rollback, standing

pytestmark = pytest.mark.timeout(600)
PEOPLE = 8


def test_one_answer_counts(tmp_path: Path) -> None:
    """Eight say yes: one 200 and seven 409. Four say yes and four say no: the run does what the winner said."""
    agreed, disputed = Scene("bad_release", "agreed"), Scene("bad_release", "disputed")
    with standing(tmp_path, agreed, disputed) as stand:
        stand.agent.start()
        both = {scene: stand.alert(scene) for scene in (agreed, disputed)}
        approvals = {scene: stand.pending(incident_id) for scene, incident_id in both.items()}

        yes = _at_once(stand, [f"/approve/{approvals[agreed]}"] * PEOPLE)
        assert sorted(answer.status for answer in yes) == [200] + [409] * (PEOPLE - 1)
        assert {answer.refused for answer in yes if answer.status == 409} == {"already-decided"}

        paths = [f"/{word}/{approvals[disputed]}" for word in ("approve", "reject")] * (PEOPLE // 2)
        said = dict(zip(range(PEOPLE), _at_once(stand, paths), strict=True))
        (winner,) = [paths[n].split("/")[1] for n, answer in said.items() if answer.status == 200]
        assert sorted(answer.status for answer in said.values()) == [200] + [409] * (PEOPLE - 1)

        stand.until_ended(*both.values())
        assert stand.record.ending("agreed") == recovered_rollback()
        assert len(stand.cluster.patches("agreed")) == 1
        written = 1 if winner == "approve" else 0
        status = "recovered" if winner == "approve" else "rejected"
        assert len(stand.cluster.patches("disputed")) == written
        assert stand.record.ending("disputed").statuses == (status,)
        assert stand.record.ending("disputed").approvals == (
            {"approve": "approved", "reject": "rejected"}[winner],
        )


def _at_once(stand: Standing, paths: list[str]) -> list[Answer]:
    """Post to all of them from as many threads, let go together."""
    barrier = threading.Barrier(len(paths))

    def post(path: str) -> Answer:
        barrier.wait(30)
        return stand.agent.post(path, {"reason": "at once"})

    with ThreadPoolExecutor(len(paths)) as pool:
        return list(pool.map(post, paths))
