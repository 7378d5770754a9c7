"""A write that helped is looked at again where the failure was slow, long after its run has ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from server.rechecking import recheck
from tests.harness import Harness, deployment, harness
from tests.server.ways import approve, told, writes
from tools.database import Database
from tools.errors import StoreError
from tools.rechecks import SqlRechecks

pytestmark = pytest.mark.timeout(300)
OLD, NEW = "registry.example/web:1.0", "registry.example/web:1.1"
LIFE = 480.0


def image_of(pod: dict[str, Any]) -> str:
    return str(pod["spec"]["containers"][0]["image"])


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """One that may act, and a workload with a healthy past."""
    with harness(tmp_path, MODE="auto") as running:
        running.sandbox.apply(deployment("web", image=OLD))
        running.advance(1200, step=120)
        yield running


def provisional(agent: Harness) -> str:
    """A release whose containers lived eight minutes is taken back, and is well so far; the incident's id."""
    agent.sandbox.fault("shop", "web", "crashloop", when=lambda pod, now: image_of(pod) == NEW, after=LIFE)
    agent.sandbox.apply(deployment("web", image=NEW))
    agent.advance(LIFE + 40, step=20)
    broken = next(p for p in agent.pods("shop") if image_of(p) == NEW)
    (incident_id,) = agent.alert(agent.crash_alert(broken))
    agent.drive()
    approve(agent)
    agent.advance(1200, step=60)
    assert told(agent, incident_id)[2:] == ("provisional", "PROVISIONAL")
    return incident_id


def pass_time(agent: Harness, seconds: float, step: float = 60.0) -> None:
    """Time passes, and the chore runs as the worker runs it."""
    for _ in range(int(seconds // step)):
        agent.advance(step, step=step)
        recheck(agent.agent.services, agent.agent.inbox)


def verdicts(agent: Harness, incident_id: str) -> list[str]:
    """What the ledger says of the writes of a run."""
    return [entry.verdict for entry in agent.agent.services.ledger.for_incident(incident_id)]


def test_what_is_still_well_after_twice_that_life_recovered(agent: Harness) -> None:
    """Not before: 16 minutes after the verdict, and then for good."""
    incident_id = provisional(agent)
    judged = agent.clock.now()
    (due,) = agent.agent.services.rechecks.for_incident(incident_id)  # type: ignore[union-attr]
    assert due.due_at - due.judged_at == timedelta(seconds=2 * LIFE)

    pass_time(agent, (due.due_at - judged).total_seconds() - 60)
    assert told(agent, incident_id)[2:] == ("provisional", "PROVISIONAL")
    pass_time(agent, 180)

    assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")
    assert verdicts(agent, incident_id) == ["RECOVERED"]
    assert len(writes(agent)) == 1


def test_what_fails_again_as_slowly_counts_as_a_failed_attempt(agent: Harness) -> None:
    """A person is told, a linked incident goes on, the same is not tried again, and nothing is undone."""
    incident_id = provisional(agent)
    since = agent.clock.now()
    agent.sandbox.fault("shop", "web", "crashloop", when=lambda pod, now: now > since, after=LIFE)
    pass_time(agent, 2 * LIFE + 180)

    assert told(agent, incident_id)[2:] == ("escalated", "NOT_RECOVERED")
    assert verdicts(agent, incident_id) == ["NOT_RECOVERED"]
    messages = agent.agent.services.outbox.for_incident(incident_id)
    assert messages[-1].kind == "escalated"
    assert "did not last" in messages[-1].body
    rows = agent.client.get("/incidents", headers={"Accept": "application/json"}).get_json()["incidents"]
    (following,) = [row for row in rows if row["id"] != incident_id]
    assert agent.incident(following["id"]).previous_id == incident_id
    assert len(writes(agent)) == 1


def test_somebody_elses_release_since_is_theirs(agent: Harness) -> None:
    """What runs now is not what was verified: neither success nor failure is claimed."""
    incident_id = provisional(agent)
    agent.sandbox.apply(deployment("web", image="registry.example/web:1.2"))
    pass_time(agent, 2 * LIFE + 180)

    assert told(agent, incident_id)[2:] == ("provisional", "PROVISIONAL")
    lines = [line.text for line in agent.agent.services.incidents.timeline(incident_id)]
    assert "superseded: somebody else changed the pod template since" in lines


def test_what_cannot_be_read_is_never_success(agent: Harness) -> None:
    """Looked at again every five minutes for an hour; then it is said, and the verdict stays as it was."""
    incident_id = provisional(agent)
    agent.sandbox.stop()
    for _ in range(90):
        agent.clock.advance(60)
        recheck(agent.agent.services, agent.agent.inbox)

    assert told(agent, incident_id)[2:] == ("provisional", "PROVISIONAL")
    (done,) = agent.agent.services.rechecks.for_incident(incident_id)  # type: ignore[union-attr]
    assert (done.outcome, done.done_at is not None) == ("unknown", True)
    assert verdicts(agent, incident_id) == ["PROVISIONAL"]


class FailsAt:
    """A store one of whose calls fails the first time."""

    def __init__(self, store: Any, method: str) -> None:
        self._store, self._method, self.left = store, method, 1

    def __getattr__(self, name: str) -> Any:
        if name == self._method and self.left:
            self.left = 0
            raise StoreError("the disk is full")
        return getattr(self._store, name)


@pytest.mark.parametrize(
    ("store", "method"),
    [("ledger", "set_verdict"), ("incidents", "judge_again"), ("outbox", "queue"), ("rechecks", "finish")],
)
def test_whatever_fails_on_the_way_is_made_once(agent: Harness, store: str, method: str) -> None:
    """The chore comes again and files the same: one message, one linked incident, one verdict."""
    incident_id = provisional(agent)
    since = agent.clock.now()
    agent.sandbox.fault("shop", "web", "crashloop", when=lambda pod, now: now > since, after=LIFE)
    agent.advance(2 * LIFE + 120, step=60)
    services = agent.agent.services
    failing = {store: FailsAt(getattr(services, store), method)}
    spoilt = type(services)(**{**vars(services), **failing})
    with pytest.raises(StoreError):
        recheck(spoilt, agent.agent.inbox)
    recheck(services, agent.agent.inbox)
    recheck(services, agent.agent.inbox)

    assert told(agent, incident_id)[2:] == ("escalated", "NOT_RECOVERED")
    assert [m.kind for m in services.outbox.for_incident(incident_id)].count("escalated") == 1
    rows = agent.client.get("/incidents", headers={"Accept": "application/json"}).get_json()["incidents"]
    assert len(rows) == 2


def test_what_is_due_is_found_by_the_next_process(agent: Harness) -> None:
    """It stands in the record and holds nothing else."""
    incident_id = provisional(agent)
    other = Database.open(agent.agent.settings.database_url)
    try:
        found = SqlRechecks(other).due(agent.clock.now() + timedelta(hours=1))
    finally:
        other.close()
    assert [(each.incident_id, each.kind) for each in found] == [(incident_id, "slow_failure")]
