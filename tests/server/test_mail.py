"""Mail of a whole agent through a real SMTP server: asked, reminded, told; and no run waits for any of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest

from server.channels import channels
from server.chores import chores
from server.worker import Chore
from tests.harness import Harness, deployment, harness
from tests.mail_server import PASSWORD, MailServer, mail_server, parts_of

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"),
]
FIRST, SECOND = "first@example.org", "second@example.org"


@contextmanager
def mailing_agent(folder: Path, server: MailServer, **environ: str) -> Iterator[tuple[Harness, list[Chore]]]:
    """An agent that mails through `server`, and its chores, to be run when a test says so."""
    given = {
        "NOTIFY_URLS": server.url(FIRST),
        "ESCALATE_TO": server.url(SECOND),
        "PUBLIC_URL": "https://agent.example",
        **environ,
    }
    with harness(folder, adviser=None, **given) as agent:
        yield agent, chores(agent.agent.services, channels(agent.agent.settings, agent.clock), None)


def run(work: list[Chore], *names: str) -> None:
    """Do these chores once."""
    for name in names:
        (chore,) = (chore for chore in work if chore.name == name)
        chore.run()


def asking(agent: Harness) -> str:
    """A release that breaks a healthy workload and waits for a person; the incident's id."""
    agent.sandbox.apply(deployment("web"))
    agent.advance(1200, step=60)
    agent.sandbox.apply(deployment("web", image="registry.example/web:1.1", fault="crashloop"))
    agent.advance(60, step=15)
    broken = next(p for p in agent.pods("shop") if p["metadata"]["labels"].get("sim/fault"))
    (incident_id,) = agent.alert(agent.crash_alert(broken))
    agent.drive()
    assert agent.incident(incident_id).status == "awaiting_approval"
    return incident_id


def explained(agent: Harness) -> str:
    """An image that is not there: nothing to do but to tell; the incident's id."""
    agent.sandbox.apply(deployment("web", fault="imagepull"))
    agent.advance(30, step=15)
    (incident_id,) = agent.alert(agent.crash_alert(agent.pods("shop")[0], name="ImagePullBackOff"))
    agent.drive()
    assert agent.incident(incident_id).status == "notified"
    return incident_id


def subjects(mails: list[EmailMessage]) -> list[tuple[str, str]]:
    """To whom, and what the subject says."""
    return [(str(mail["To"]), str(mail["Subject"])) for mail in mails]


def test_a_person_is_asked_by_mail_reminded_at_half_time_and_told_when_it_expires(tmp_path: Path) -> None:
    """The first contact is asked; both are reminded, once; both hear of the end. Its links change nothing."""
    with mail_server() as server, mailing_agent(tmp_path, server) as (agent, work):
        incident_id = asking(agent)
        run(work, "reminders", "delivery")
        (asked,) = server.mails()
        assert subjects([asked]) == [(FIRST, "Decide this: shop/web: bad release [SANDBOX]")]
        (pending,) = agent.client.get("/pending").get_json()["pending"]
        for part in parts_of(asked):
            assert f"https://agent.example/approve/{pending['id']}" in part
            assert f"https://agent.example/incidents/{incident_id}" in part
        page = agent.client.get(f"/approve/{pending['id']}", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert agent.incident(incident_id).status == "awaiting_approval", "fetching the link decided it"

        agent.clock.advance(29 * 60)
        run(work, "reminders", "delivery")
        assert len(server.mails()) == 1, "reminded before half of its time"
        for _ in range(3):
            agent.clock.advance(60)
            run(work, "reminders", "delivery")
        reminder = "Decide this within 30 min: shop/web: bad release [SANDBOX]"
        assert sorted(subjects(server.mails()[1:])) == [(FIRST, reminder), (SECOND, reminder)]
        text, html = parts_of(server.mails()[1])
        assert text.startswith(
            "Decide this within 30 min: rollback_deployment to revision 1 on shop/Deployment/web?\n"
        )
        assert "nobody has answered" in html

        agent.clock.advance(30 * 60)
        agent.drive()
        run(work, "reminders", "delivery")
        told = "Nothing was done: shop/web: bad release [SANDBOX]"
        assert sorted(subjects(server.mails()[3:])) == [(FIRST, told), (SECOND, told)]
        assert agent.incident(incident_id).status == "expired"


def test_mail_that_cannot_be_sent_holds_up_no_run_and_goes_out_later(tmp_path: Path) -> None:
    """The run ends without its mail; what failed shows on the incident, in /metrics and /health, without secrets."""
    with mail_server() as gone:
        port = gone.port
    with mailing_agent(tmp_path, gone) as (agent, work):
        incident_id = explained(agent)
        run(work, "delivery")
        run(work, "delivery")
        (message,) = agent.client.get(f"/incidents/{incident_id}").get_json()["messages"]
        assert (message["kind"], message["attempts"], message["sent_at"]) == ("explained", 1, None)
        assert "Connection refused" in message["last_error"]
        assert PASSWORD not in str(message)
        metrics = agent.client.get("/metrics").get_data(as_text=True)
        assert 'sre_agent_unsent_notifications{kind="explained",state="failing"} 1.0' in metrics

        with mail_server(port) as back:
            agent.clock.advance(60)
            run(work, "delivery")
            assert subjects(back.mails()) == [(FIRST, "Act now: shop/web: image name [SANDBOX]")]
            text, html = parts_of(back.mails()[0])
            assert text.startswith("Act now: down, none of its 3 pods ready; nothing was done.")
            assert "Next step" in html
        assert "unsent_notifications{" not in agent.client.get("/metrics").get_data(as_text=True)


def test_the_mail_probe_shows_what_failed_last(tmp_path: Path) -> None:
    """Down after a failure; not configured without a channel."""
    with harness(tmp_path) as agent:
        assert agent.agent.probes().services["mail"].state == "not_configured"
    with mail_server() as server:
        server.refused.add(FIRST)
        folder = tmp_path / "second"
        folder.mkdir()
        with mailing_agent(folder, server) as (agent, _):
            explained(agent)
            delivery = next(c for c in agent.agent.worker._chores if c.name == "delivery")
            agent.agent.probes.refresh()
            assert agent.agent.probes().services["mail"].state == "ok"
            delivery.run()
            agent.agent.probes.refresh()
            mail = agent.agent.probes().services["mail"]
            assert (mail.state, "nobody of that name" in mail.last_error) == ("down", True)
