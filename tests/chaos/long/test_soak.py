"""SIGKILL at random instants, many incidents and duplicate alerts at once: none lost, none acted on twice.

`CHAOS_KILLS` says how often (25 unless set), `CHAOS_SEED` repeats a run's choices. The machine's load decides
where each kill falls, so two runs with one seed differ; what must hold does not.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.chaos.faults import Kind, Scene
from tests.chaos.standing import Standing, standing
from tests.harness import webhook_body
from tools.incident_record import ENDED

KILLS = int(os.environ.get("CHAOS_KILLS", "25"))
SEED = int(os.environ.get("CHAOS_SEED", str(random.SystemRandom().randrange(2**32))))
AT_ONCE = 4
LIFE = (0.2, 4.0)
"""Seconds for which a process lives after it was ready."""
pytestmark = [pytest.mark.chaos_long, pytest.mark.timeout(120 + 60 * KILLS)]


def test_random_kills_lose_nothing_and_double_nothing(tmp_path: Path, figures: Callable[[str], None]) -> None:
    """Every accepted alert is in an incident that ended; every workload was written to once, and recovered."""
    rng = random.Random(SEED)
    scenes = _scenes(max(AT_ONCE, KILLS // 2))
    with standing(tmp_path, *scenes) as stand, _people(stand) as people:
        stand.agent.start()
        hits = _kill_at_random(stand, people, rng, scenes)
        stand.killer.run()
        people.feed(scenes)
        stand.agent.until(lambda: all(_is_over(stand, s) for s in scenes), "all over", within=600)

        lost = [s.namespace for s in scenes if not _all_alerts_ended(stand, people, s)]
        writes = {s.namespace: len(stand.cluster.patches(s.namespace)) for s in scenes}
        doubled = {name: count for name, count in writes.items() if count > 1}
        figures(f"seed {SEED}: {KILLS} kills over {len(scenes)} workloads, in nodes {dict(hits)}")
        figures(f"{people.accepted} bodies accepted, {len(lost)} alerts lost, {len(doubled)} double actions")
        assert not lost
        assert not doubled
        assert [s.namespace for s in scenes if not writes[s.namespace]] == []
        assert [s.namespace for s in scenes if not _recovered(stand, s)] == []
        assert stand.record.audit.broken_at() is None


class People:
    """Alertmanager, which repeats itself, and a person, who approves whatever waits; both outlive the agent."""

    def __init__(self, stand: Standing) -> None:
        self._stand = stand
        self._lock = threading.Lock()
        self._bodies: dict[str, dict[str, object]] = {}
        self.accepted = 0
        self.fingerprints: dict[str, set[str]] = {}
        self.stop = threading.Event()

    def feed(self, scenes: list[Scene]) -> None:
        """Alerts of these workloads fire from now on."""
        sandbox, clock = self._stand.cluster.sandbox, self._stand.cluster.clock
        for scene in scenes:
            if scene.namespace not in self._bodies:
                body = webhook_body(*scene.alerts(sandbox, clock))
                with self._lock:
                    self._bodies[scene.namespace] = body

    def repeat(self) -> None:
        """Send each body until its workload has been judged, as a short repeat_interval would."""
        while not self.stop.wait(0.1):
            with self._lock:
                bodies = dict(self._bodies)
            for namespace, body in bodies.items():
                with suppress(OSError, HTTPException):
                    if self._stand.agent.post("/webhook", body).status == 202:
                        self.accepted += 1
                        alerts = body["alerts"]
                        assert isinstance(alerts, list)
                        self.fingerprints[namespace] = {alert["fingerprint"] for alert in alerts}

    def approve(self) -> None:
        """Say yes twice, as impatient people do."""
        while not self.stop.wait(0.1):
            with suppress(OSError, HTTPException, KeyError, TypeError):
                for row in self._stand.agent.get("/pending").body["pending"]:
                    for _ in range(2):
                        self._stand.agent.post(f"/approve/{row['id']}", {"reason": "yes"})


@contextmanager
def _people(stand: Standing) -> Iterator[People]:
    people = People(stand)
    threads = [threading.Thread(target=work, daemon=True) for work in (people.repeat, people.approve)]
    for thread in threads:
        thread.start()
    try:
        yield people
    finally:
        people.stop.set()
        for thread in threads:
            thread.join(90)


def _scenes(count: int) -> list[Scene]:
    kinds: tuple[Kind, ...] = ("bad_release", "transient")
    return [Scene(kinds[n % 2], f"ns-{n:03}") for n in range(count)]


def _kill_at_random(stand: Standing, people: People, rng: random.Random, scenes: list[Scene]) -> Counter[str]:
    """Keep some incidents going, and kill whenever."""
    hits: Counter[str] = Counter()
    for _ in range(KILLS):
        stand.killer.run()
        fed = [s for s in scenes if s.namespace in people.fingerprints]
        going = [s for s in fed if not _is_over(stand, s)]
        fresh = [s for s in scenes if s not in fed]
        people.feed(fresh[: max(0, AT_ONCE - len(going))])
        time.sleep(rng.uniform(*LIFE))
        stand.agent.kill()
        hits.update(_nodes(stand, scenes))
    return hits


def _nodes(stand: Standing, scenes: list[Scene]) -> Iterator[str]:
    """Where the runs that have not ended stand."""
    for scene in scenes:
        for incident in stand.record.unmerged(scene.namespace):
            if incident.status not in ENDED:
                yield stand.record.node(incident.id) or "not begun"


def _is_over(stand: Standing, scene: Scene) -> bool:
    runs = stand.record.in_namespace(scene.namespace)
    return bool(runs) and all(run.status in ENDED for run in runs)


def _all_alerts_ended(stand: Standing, people: People, scene: Scene) -> bool:
    runs = stand.record.in_namespace(scene.namespace)
    known = {alert.fingerprint for run in runs for alert in stand.record.incidents.alerts(run.id)}
    ended = all(run.status in ENDED for run in runs)
    return ended and people.fingerprints[scene.namespace] <= known


def _recovered(stand: Standing, scene: Scene) -> bool:
    """One run acted and recovered; another that a late alert opened found nothing to do."""
    runs = stand.record.unmerged(scene.namespace)
    acted = [run for run in runs if run.action_taken]
    entries = stand.record.entries(scene.namespace)
    return [run.status for run in acted] == ["recovered"] and [bool(e.receipt) for e in entries] == [True]
