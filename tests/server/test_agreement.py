"""Shadow mode against what people did: seen afterwards in the cluster, counted, shown, and never taken by itself."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select, update

from graph.policy import PolicySettings
from server.aftermath import look_back
from server.agreement_report import AgreementRow, agreement_rows, as_text
from server.cli import main
from tests.chaos.faults import Scene
from tests.graph.evidence_builders import NOW
from tests.harness import Harness, harness
from tests.server.copied_cases import copies
from tests.server.ways import patch, told
from tools.aftermaths import AT_LAST, TOO_OLD, Aftermath, SqlAftermaths
from tools.agreement_cases import Case
from tools.autonomy import Standing
from tools.ledger import LedgerEntry
from tools.migrations.run import upgrade
from tools.records import ActionCall, Evidence, Target, WorkloadFacts
from tools.resources import DEPLOYMENTS
from tools.schema import aftermaths, evidence, incidents

pytestmark = pytest.mark.timeout(300)
SCENE = Scene("transient", "shop")
PAIR = {"action": "restart_deployment", "problem": "transient_crash"}


def shadowed(agent: Harness) -> str:
    """A crash whose cause is over: the agent would restart it, and may not."""
    SCENE.prepare(agent.sandbox)
    agent.advance(1200, step=300)
    SCENE.strike(agent.sandbox, agent.clock)
    agent.advance(170, step=30)
    incident_id, *_ = agent.alert(*SCENE.alerts(agent.sandbox, agent.clock))
    agent.advance(60, step=20)
    assert told(agent, incident_id)[:3] == ("transient_crash", "notify", "notified")
    return incident_id


def restart(agent: Harness) -> None:
    """As `kubectl rollout restart` does."""
    mark = {"kubectl.kubernetes.io/restartedAt": agent.clock.now().isoformat()}
    body = {"spec": {"template": {"metadata": {"annotations": mark}}}}
    patch(agent, DEPLOYMENTS, "shop", "web", body)


def scale(agent: Harness, replicas: int) -> None:
    patch(agent, DEPLOYMENTS, "shop", "web", {"spec": {"replicas": replicas}})


def looked(agent: Harness) -> int:
    """The chore, once."""
    return look_back(agent.agent.services, SqlAftermaths(agent.agent.database))


def row(agent: Harness) -> dict[str, Any]:
    """The one about the pair."""
    rows = agent.client.get("/agreement").get_json()["rows"]
    (found,) = (each for each in rows if each["action"] == PAIR["action"])
    return dict(found)


def of(agent: Harness) -> Aftermath:
    """What the one look has kept."""
    with agent.agent.database.read() as connection:
        (incident_id,) = connection.execute(select(aftermaths.c.incident_id)).scalars()
    found = SqlAftermaths(agent.agent.database).of(incident_id)
    assert found is not None
    return found


def look_anew(agent: Harness) -> Aftermath:
    """As if nobody had looked yet: the first look is the only one."""
    with agent.agent.database.write() as connection:
        connection.execute(delete(aftermaths))
    assert looked(agent) == 1
    return of(agent)


def six_hours_on(agent: Harness, incident_id: str) -> None:
    """Its run ended so long ago."""
    ended = agent.clock.now() - AT_LAST
    ours = incidents.c.id == incident_id
    with agent.agent.database.write() as connection:
        connection.execute(update(incidents).where(ours).values(ended_at=ended))


def counted(agent: Harness) -> dict[str, int]:
    """What the report makes of it, without what is nought."""
    names = ("agreed", "disagreed", "not_needed", "undecided")
    return {name: row(agent)["agreement"][name] for name in names if row(agent)["agreement"][name]}


def resolve(agent: Harness) -> None:
    """All its alerts end."""
    ended = {"status": "resolved", "endsAt": agent.clock.now().isoformat()}
    agent.alert(*({**each, **ended} for each in SCENE.alerts(agent.sandbox, agent.clock)))


def test_what_people_did_is_seen_once_when_it_is_over(tmp_path: Path) -> None:
    """When the alerts have ended, or six hours later; on the timeline, and never in the run's way."""
    with harness(tmp_path, MODE="shadow") as agent:
        incident_id = shadowed(agent)
        assert looked(agent) == 0, "it is not over"
        six_hours_on(agent, incident_id)
        assert (looked(agent), looked(agent)) == (1, 0)
        assert SqlAftermaths(agent.agent.database).due(agent.clock.now()) == []
        seen = of(agent)
        assert (seen.action, seen.outcome, seen.resolved) == (PAIR["action"], "nothing", False)
        assert counted(agent) == {"undecided": 1}
        lines = [line.text for line in agent.agent.services.incidents.timeline(incident_id)]
        assert "nobody changed anything; it would have done restart_deployment" in lines

        resolve(agent)
        assert (look_anew(agent).outcome, of(agent).resolved) == ("nothing", True)
        assert counted(agent) == {"not_needed": 1}

        scale(agent, 5)
        seen = look_anew(agent)
        assert [(each.kind, each.by) for each in seen.changes] == [("scaled_up", "somebody")]
        assert (seen.outcome, counted(agent)) == ("other", {"disagreed": 1})

        scale(agent, 3)
        restart(agent)
        assert (look_anew(agent).outcome, counted(agent)) == ("same", {"agreed": 1})
        assert (row(agent)["level"], row(agent)["proposed"]) == ("shadow", None)
        series = agent.client.get("/metrics").get_data(as_text=True)
        assert 'sre_agent_aftermaths_total{action="restart_deployment",outcome="same"} 1.0' in series
        agent.client.post(f"/incidents/{incident_id}/mark", json={"mark": "wrong"})
        assert counted(agent) == {"disagreed": 1}


def test_what_cannot_be_told_is_unknown_and_asked_again_where_that_helps(tmp_path: Path) -> None:
    """Never "nobody did anything"; the first look stands, and after two days it is too late for one."""
    with harness(tmp_path, MODE="shadow") as agent:
        incident_id = shadowed(agent)
        six_hours_on(agent, incident_id)
        kept = SqlAftermaths(agent.agent.database)
        with agent.agent.database.write() as connection:
            connection.execute(delete(evidence).where(evidence.c.incident_id == incident_id))
        seen = look_anew(agent)
        assert (seen.outcome, seen.why, counted(agent)) == (
            "unknown",
            "nothing was read of it",
            {"undecided": 1},
        )
        assert not kept.keep(seen.model_copy(update={"outcome": "same"}))
        assert of(agent) == seen

        with agent.agent.database.write() as connection:
            connection.execute(delete(aftermaths))
        agent.agent.services.incidents.save_evidence(incident_id, Evidence(collected_at=agent.clock.now()))
        agent.sandbox.stop()
        assert look_anew(agent).why == "its workload was not read"
        with agent.agent.database.write() as connection:
            connection.execute(delete(aftermaths))
        facts = WorkloadFacts(
            generation=1, resource_version="1", desired=3, template_digest="d", created_at=agent.clock.now()
        )
        known = Evidence(collected_at=agent.clock.now(), workload=facts)
        agent.agent.services.incidents.save_evidence(incident_id, known)
        assert looked(agent) == 0, "the API server does not answer"
        assert kept.due(agent.clock.now()) == [incident_id]
        assert kept.due(agent.clock.now() + TOO_OLD) == []


def test_numbers_that_are_enough_are_proposed_and_taken_by_nobody(tmp_path: Path) -> None:
    """Five cases of different workloads in shadow; by API, page and text; no level is set by it."""
    with harness(tmp_path, MODE="shadow") as agent:
        assert agent.client.get("/agreement").get_json()["rows"] == []
        incident_id = shadowed(agent)
        restart(agent)
        six_hours_on(agent, incident_id)
        assert looked(agent) == 1
        assert row(agent)["why"] == "for approve: 4 more cases in which people agree"
        copies(agent, incident_id, 4, aftermaths)
        found = row(agent)
        assert (found["cases"], found["agreement"]["agreed"], found["proposed"]) == (5, 5, "approve")
        assert found["why"] == "people agreed 5 of 5 times (at least 56 %)"
        page = agent.client.get("/agreement", headers={"Accept": "text/html"}).get_data(as_text=True)
        assert "5 of 5" in page
        assert "lower bound of agreement (Wilson, 95 %)" in page
        table = as_text([AgreementRow.model_validate(found)])
        assert "restart_deployment  transient_crash  5 of 5  56 %   shadow  approve" in table
        assert agent.agent.services.autonomy is not None
        assert agent.agent.services.autonomy.all() == []


def test_the_command_reads_the_record_beside_the_agent(tmp_path: Path) -> None:
    """Nothing was decided yet; without a record it says so."""
    upgrade(f"sqlite:///{tmp_path}/sre-agent.db")
    environ = {"DATA_DIR": str(tmp_path)}
    printed = CliRunner().invoke(main, ["agreement"], env=environ)
    assert printed.output.startswith("Nothing was decided in the last 90 days.")
    assert json.loads(CliRunner().invoke(main, ["agreement", "--json"], env=environ).output)["rows"] == []
    lost = CliRunner().invoke(main, ["agreement"], env={"DATA_DIR": str(tmp_path / "nowhere")})
    assert lost.exit_code == 2


@pytest.mark.parametrize(
    ("mode", "action", "agreed", "helped", "proposed", "why"),
    [
        ("approve", "restart_deployment", 16, 5, "auto", "it helped 5 times"),
        ("approve", "restart_deployment", 16, 4, None, "for auto: 1 more outcomes that helped"),
        ("approve", "restart_deployment", 12, 5, None, "for auto: 4 more cases in which people agree"),
        ("approve", "rollback_deployment", 40, 9, None, "always asks a person"),
        ("shadow", "rollback_deployment", 5, 0, "approve", "people agreed 5 of 5 times"),
        ("auto", "restart_deployment", 40, 9, None, ""),
    ],
)
def test_a_step_is_proposed_from_where_it_stands(
    mode: Any, action: str, agreed: int, helped: int, proposed: str | None, why: str
) -> None:
    """From the narrowest of mode and level; what always asks is never proposed for more."""
    said = [
        Case(incident_id=f"i{n}", action=action, problem="p", workload=f"w{n}", at=NOW, answer="approved")
        for n in range(agreed)
    ]
    outcomes: Any = Outcomes([done(action, n) for n in range(helped)])
    (found,) = agreement_rows(Unset(), outcomes, said, PolicySettings(mode=mode), NOW)
    assert (found.proposed, found.why[: len(why)]) == (proposed, why)


class Unset:
    """No level was ever set."""

    def of(self, action: str, problem: str) -> None:
        return None

    def all(self) -> list[Standing]:
        return []

    def put(self, standing: Standing, *, incident_id: str = "") -> None:
        raise AssertionError("nobody sets a level here")


class Outcomes:
    """A ledger that is only looked at."""

    def __init__(self, entries: list[LedgerEntry]) -> None:
        self._entries = entries

    def since(self, instant: datetime) -> list[LedgerEntry]:
        return self._entries


def done(action: str, number: int) -> LedgerEntry:
    """A write that helped."""
    return LedgerEntry(
        key=f"k{number}",
        incident_id="i",
        episode_id="e",
        call=ActionCall(name=action),
        target=Target(kind="Deployment", namespace="shop", name="web", uid="u"),
        problem="p",
        automatic=False,
        claimed_at=NOW,
        verdict="RECOVERED",
    )
