"""What the agent does at once when something that it rests on goes away; how long it took is a figure, not a claim."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.faults import Scene
from tests.chaos.proxy import Request, drop, refuse
from tests.chaos.standing import Standing, recovered_rollback, standing
from tests.ports import free_port

pytestmark = pytest.mark.timeout(600)
EVER = 10**6


def test_prometheus_model_and_mail_server_are_all_dead(
    tmp_path: Path, figures: Callable[[str], None]
) -> None:
    """Nobody listens on any of their ports: it decides by its own order, asks, and says what is missing."""
    scene = Scene("bad_release", "shop")
    dead = f"http://127.0.0.1:{free_port()}"
    mail = f"mailto://u:pass@127.0.0.1:{free_port()}?from=a@example.org&to=b@example.org&cto=0.5"
    environ = {"PROMETHEUS_URL": dead, "GROQ_API_KEY": "key", "GROQ_API_BASE": dead, "NOTIFY_URLS": mail}
    with standing(tmp_path, scene, **environ) as stand:
        stand.agent.start()
        began = time.monotonic()
        incident_id = stand.alert(scene)
        stand.pending(incident_id)
        figures(f"asked {time.monotonic() - began:.1f} s after the alert, with all three dead")
        down = {"groq", "mail", "prometheus"}
        stand.agent.until(lambda: down <= set(stand.agent.get("/health").body["down"]), "all named")
        decision = stand.record.incidents.decision(incident_id)
        assert decision is not None
        assert decision["decider"] == "playbook"
        stand.agent.until(lambda: stand.record.outbox.for_incident(incident_id)[0].attempts, "mail tried")
        assert stand.record.outbox.for_incident(incident_id)[0].sent_at is None
        assert stand.agent.get("/livez").status == 200


def test_rights_that_are_revoked_before_it_looks(tmp_path: Path, figures: Callable[[str], None]) -> None:
    """Everything is 403: explained with what to grant, and nothing is written."""
    scene = Scene("bad_release", "shop")
    with standing(tmp_path, scene) as stand:
        stand.agent.start()
        stand.cluster.proxy.spoil(refuse(403), when=_always, times=EVER)
        began = time.monotonic()
        incident_id = stand.alert(scene)
        stand.agent.until(lambda: _status(stand, incident_id) == "notified", "told")
        figures(f"told {time.monotonic() - began:.1f} s after the alert")
        (message,) = stand.record.outbox.for_incident(incident_id)
        assert "Grant the reader role" in message.body
        assert stand.cluster.patches("shop") == []


def test_rights_that_are_revoked_before_it_writes(tmp_path: Path, figures: Callable[[str], None]) -> None:
    """The approval waits; then everything is 403: the yes is not taken, and with the rights back it is."""
    scene = Scene("bad_release", "shop")
    with standing(tmp_path, scene) as stand:
        stand.agent.start()
        incident_id = stand.alert(scene)
        approval_id = stand.pending(incident_id)
        stand.cluster.proxy.spoil(refuse(403), when=_always, times=EVER)
        began = time.monotonic()
        answer = stand.agent.post(f"/approve/{approval_id}", {"reason": "yes"})
        figures(f"refused {time.monotonic() - began:.1f} s after the yes")
        assert answer.status == 503
        assert "403 Forbidden" in answer.body["detail"]
        assert stand.cluster.patches("shop") == []

        stand.cluster.proxy.release()
        stand.approve(incident_id)
        stand.until_ended(incident_id)
        assert stand.record.ending("shop") == recovered_rollback()


def test_an_api_server_that_dies_before_the_yes(tmp_path: Path, figures: Callable[[str], None]) -> None:
    """What cannot be proved again is not approved: 503, still pending, nothing sent; alerts go on being taken."""
    scene = Scene("bad_release", "shop")
    with standing(tmp_path, scene) as stand:
        stand.agent.start()
        incident_id = stand.alert(scene)
        approval_id = stand.pending(incident_id)
        stand.cluster.proxy.spoil(drop(), when=_always, times=EVER)
        began = time.monotonic()
        answer = stand.agent.post(f"/approve/{approval_id}", {"reason": "yes"})
        figures(f"refused {time.monotonic() - began:.1f} s after the yes")
        assert answer.status == 503
        assert stand.pending(incident_id) == approval_id
        assert stand.alert(scene, times=3) == incident_id
        assert stand.cluster.patches("shop") == []


def _always(request: Request) -> bool:
    return True


def _status(stand: Standing, incident_id: str) -> str:
    return stand.record.incidents.get(incident_id).status
