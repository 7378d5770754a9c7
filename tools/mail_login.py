"""A session with a mail server that ends after the login: whether mail would go out, told without sending any."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass

from tools.errors import Forbidden, TransientError

SECONDS = 10.0


@dataclass(frozen=True)
class MailServer:
    """Where and how."""

    host: str
    port: int
    security: str
    """`ssl`, `starttls` or `insecure`."""
    verify: bool = True


def log_in(server: MailServer, user: str, password: str) -> str:
    """Says where it logged in. Raises Forbidden when the server refuses the password, else TransientError.

    What it raises holds neither the password nor the server's own words, which may repeat it.
    """
    where = f"{server.host}:{server.port}"
    try:
        with _connection(server) as session:
            if server.security == "starttls":
                session.starttls(context=_context(server))
            if user and password:
                session.login(user, password)
    except smtplib.SMTPAuthenticationError as err:
        raise Forbidden(f"{where} refuses user and password ({err.smtp_code})") from err
    except (smtplib.SMTPException, OSError) as err:
        raise TransientError(f"{where} cannot be used: {type(err).__name__}") from err
    return f"logged in at {where}" if user and password else f"reached {where}"


def _connection(server: MailServer) -> smtplib.SMTP:
    if server.security == "ssl":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=_context(server))
    return smtplib.SMTP(server.host, server.port, timeout=SECONDS)


def _context(server: MailServer) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not server.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
