"""A real SMTP server on loopback that keeps what it takes, and misbehaves when a test says so."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session

USER, PASSWORD = "agent", "s3cret p/w@d:x"
SENDER = "agent@example.org"


@dataclass
class MailServer:
    """Takes mail for everybody but `refused`, from whoever knows the password."""

    refused: set[str] = field(default_factory=set)
    sources: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    """Of the mails that were taken, in order."""
    connections: int = 0
    port: int = 0

    async def handle_EHLO(
        self, server: Any, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 nobody of that name here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.sources.append(envelope.content)
        self.recipients += envelope.rcpt_tos
        return "250 kept"

    def mails(self) -> list[EmailMessage]:
        """What was taken, parsed."""
        return [email.message_from_bytes(each, policy=email.policy.default) for each in self.sources]

    def url(self, to: str, *, password: str = PASSWORD, more: str = "") -> str:
        """Apprise's URL for mail to this address through this server."""
        account = f"{USER}:{quote(password, safe='')}"
        return f"mailto://{account}@127.0.0.1:{self.port}?from={SENDER}&to={to}{more}"


def parts_of(mail: EmailMessage) -> tuple[str, str]:
    """Its plain text and its HTML, with the line ends of text."""
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


class _AnyPort(Controller):
    def _trigger_server(self) -> None:
        # aiosmtpd connects to the port that it was asked for: 0 when any will do
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def mail_server(port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[MailServer]:
    """One that runs; with `tls` it offers STARTTLS and takes no password before it."""
    kept = MailServer()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        controller = _AnyPort(
            kept,
            hostname="127.0.0.1",
            port=port,
            authenticator=_check,
            auth_require_tls=tls is not None,
            tls_context=tls,
        )
        controller.start()
    kept.port = controller.port
    try:
        yield kept
    finally:
        controller.stop()


def _check(server: Any, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
    # `handled` left True on a wrong password would leave the client without an answer
    right = given.login == USER.encode() and given.password == PASSWORD.encode()
    return AuthResult(success=right, handled=right)


@contextmanager
def silent_server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port where every connection is given to `serve`, which may say nothing for ever; yields its number."""
    listener = socket.create_server(("127.0.0.1", 0))
    taken: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            taken.append(connection)
            serve(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in taken:
            connection.close()
        thread.join(5)
