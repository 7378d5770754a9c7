"""Mail through a real SMTP server: what arrives, and what is told when nothing does."""

from __future__ import annotations

import logging
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.mail_server import PASSWORD, MailServer, mail_server, parts_of, silent_server
from tools.clock import ManualClock
from tools.errors import Invalid, TransientError
from tools.letters import Letterhead
from tools.notifier import REST_SECONDS, AppriseNotifier, LogNotifier, mail_url, url_name
from tools.outbox import Message

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
LETTERHEAD = Letterhead("https://agent.example")


@pytest.fixture
def server() -> Iterator[MailServer]:
    """An SMTP server."""
    with mail_server() as running:
        yield running


@pytest.fixture
def clock() -> ManualClock:
    """Stands still."""
    return ManualClock(NOW)


class Keeping(logging.Handler):
    """Keeps every record."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append(record)


@pytest.fixture
def root_log() -> Iterator[list[logging.LogRecord]]:
    """What reaches the handlers of a program, at every level."""
    root, handler = logging.getLogger(), Keeping()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler.kept
    root.removeHandler(handler)
    root.setLevel(level)


def message(**changes: Any) -> Message:
    """Something to decide."""
    fields = {
        "key": "a1:request",
        "incident_id": "i1",
        "kind": "needs_approval",
        "subject": "Decide this: shop/web: bad_release",
        "body": "Decide this: roll back shop/web?\n\nWhat: revision 2 crashes.\n",
        "html": "<p>What: revision 2 <b>crashes</b>.</p>",
        "approval_id": "a1",
        "queued_at": NOW,
    }
    return Message.model_validate({**fields, **changes})


def channel(url: str, clock: ManualClock, **more: Any) -> AppriseNotifier:
    """A channel over this URL."""
    return AppriseNotifier("ops", url, LETTERHEAD, clock, **more)


def test_a_mail_has_text_and_html_and_says_the_verdict_first(server: MailServer, clock: ManualClock) -> None:
    """Subject and both parts begin with it; both have the links, and the account's password is nowhere."""
    channel(server.url("ops@example.org"), clock).send(message())
    (mail,) = server.mails()
    assert mail["Subject"] == "Decide this: shop/web: bad_release"
    assert (mail["To"], mail["From"]) == ("ops@example.org", "agent@example.org")
    plain, html = parts_of(mail)
    assert plain.startswith("Decide this: roll back shop/web?\n\nWhat: revision 2 crashes.\n")
    assert "revision 2 <b>crashes</b>" in html
    for link in ("https://agent.example/approve/a1", "https://agent.example/incidents/i1"):
        assert link in plain
        assert f'href="{link}"' in html
    assert PASSWORD.encode() not in server.sources[0]


def test_a_wrong_password_is_told_and_not_repeated(server: MailServer, clock: ManualClock) -> None:
    """The server's answer, without what was tried."""
    ops = channel(server.url("ops@example.org", password="wrong-pa55word"), clock)
    with pytest.raises(TransientError, match="535") as failed:
        ops.send(message())
    assert "wrong-pa55word" not in str(failed.value)
    assert server.sources == []
    with pytest.raises(TransientError, match="535"):
        ops.standing()


def test_a_refused_recipient_is_told(server: MailServer, clock: ManualClock) -> None:
    """With the server's words."""
    server.refused.add("gone@example.org")
    with pytest.raises(TransientError, match="nobody of that name"):
        channel(server.url("gone@example.org"), clock).send(message())


def test_a_server_that_is_down_is_asked_once_and_again_later(clock: ManualClock) -> None:
    """In a storm every other message fails at once; when its rest is over it is tried again."""
    with mail_server() as gone:
        url, port = gone.url("ops@example.org"), gone.port
    ops = channel(url, clock)
    with pytest.raises(TransientError, match="refused"):
        ops.send(message())
    with mail_server(port) as back:
        with pytest.raises(TransientError, match="not asked until"):
            ops.send(message())
        assert back.connections == 0
        clock.advance(REST_SECONDS)
        ops.send(message())
        assert ops.standing() == "ops"
        assert back.recipients == ["ops@example.org"]


def test_a_server_that_says_nothing_is_given_up_on(clock: ManualClock) -> None:
    """A connection that is taken and never greeted ends by the time-out of the socket."""
    with silent_server(lambda connection: None) as port:
        url = f"mailto://u:pass-word@127.0.0.1:{port}?from=a@example.org&to=b@example.org&cto=0.2"
        with pytest.raises(TransientError, match="timed out"):
            channel(url, clock).send(message())


def test_a_server_that_hangs_up_is_told(clock: ManualClock) -> None:
    """In the middle of the greeting."""

    def hang_up(connection: socket.socket) -> None:
        connection.sendall(b"220 hel")
        connection.close()

    with silent_server(hang_up) as port:
        url = f"mailto://u:pass-word@127.0.0.1:{port}?from=a@example.org&to=b@example.org"
        with pytest.raises(TransientError, match="ops: "):
            channel(url, clock).send(message())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_a_password_goes_over_starttls_only_to_a_server_with_a_good_certificate(
    tmp_path: Path, clock: ManualClock
) -> None:
    """One that nobody has signed gets nothing; asked not to verify, the mail arrives encrypted."""
    context = _self_signed(tmp_path)
    with mail_server(tls=context) as server:
        url = server.url("ops@example.org", more="&mode=starttls").replace("mailto://", "mailtos://")
        with pytest.raises(TransientError, match="certificate verify failed"):
            channel(url, clock).send(message())
        assert server.sources == []
        with pytest.raises(TransientError, match="SSLCertVerificationError"):
            channel(url, clock).reach()
        assert "logged in at 127.0.0.1" in channel(f"{url}&verify=no", clock).reach()
        channel(f"{url}&verify=no", clock).send(message())
        assert server.recipients == ["ops@example.org"]


def test_a_url_that_cannot_be_used_is_refused_at_once(clock: ManualClock) -> None:
    """Without repeating it."""
    for url in ("nonsense://secret-token/x", "mailto://u:secret-word@example.org?to=me"):
        with pytest.raises(Invalid, match=r"^ops: Apprise cannot use") as refused:
            channel(url, clock)
        assert "secret" not in str(refused.value)


def test_what_apprise_logs_reaches_no_log(
    server: MailServer,
    clock: ManualClock,
    root_log: list[logging.LogRecord],
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Not even at the most talkative level: its lines may hold what is secret."""
    with pytest.raises(TransientError):
        channel(server.url("ops@example.org", password="wrong-pa55word"), clock).send(message())
    assert [record.getMessage() for record in root_log if record.name.startswith("apprise")] == []
    assert "pa55word" not in capfd.readouterr().err


def test_tokens_of_other_services_are_taken_out_of_what_they_say(clock: ManualClock) -> None:
    """A service that is down is named, its tokens are not."""
    url = "json://hook-user:hook-pass@127.0.0.1:9/secret-path-token"
    with pytest.raises(TransientError) as failed:
        channel(url, clock).send(message())
    assert not any(secret in str(failed.value) for secret in ("hook-user", "hook-pass", "secret-path-token"))


def test_a_second_contact_gets_what_is_escalated_only(clock: ManualClock) -> None:
    """The first contact gets everything."""
    url = "json://127.0.0.1:9/"
    second = channel(url, clock, second_contact=True)
    assert not second.wants(message())
    assert second.wants(message(escalated=True))
    assert channel(url, clock).wants(message())
    assert LogNotifier().wants(message())


def test_a_gmail_account_sends_over_gmails_server_encrypted(clock: ManualClock) -> None:
    """Its application password may have blanks."""
    service: Any = channel(
        mail_url("me@gmail.com", "abcd efgh ijkl mnop", "ops@example.org"), clock
    )._service[0]
    assert (service.smtp_host, service.port, service.secure_mode) == ("smtp.gmail.com", 587, "starttls")
    assert (service.user, service.password) == ("me@gmail.com", "abcd efgh ijkl mnop")
    assert service.targets == [(False, "ops@example.org")]


def test_a_channels_name_tells_it_apart_and_no_more() -> None:
    """The same URL has the same name after a restart."""
    one, two = url_name("slack://tokenA/tokenB/tokenC"), url_name("slack://tokenA/tokenB/other")
    assert one != two
    assert one == url_name("slack://tokenA/tokenB/tokenC")
    assert one.startswith("slack ")
    assert "token" not in one


def _self_signed(folder: Path) -> ssl.SSLContext:
    key, certificate = folder / "key.pem", folder / "cert.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
    subprocess.run(
        [*command.split(), "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context
