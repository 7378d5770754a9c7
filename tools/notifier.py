"""Ways to reach a person. Without a mail account or another channel, messages go to the log.

`AppriseNotifier` is one recipient: a message that one of several has refused is tried again for that one alone.
Only this module imports Apprise, and only when a channel is configured.
"""

from __future__ import annotations

import hashlib
import logging
import re
from concurrent.futures import TimeoutError as Overdue
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, quote, unquote, urlsplit

import structlog

from tools.bounded_calls import BoundedCalls, Busy
from tools.breaker import Breaker
from tools.clock import Clock
from tools.errors import Invalid, TransientError
from tools.letters import Letterhead
from tools.outbox import Message
from tools.redaction import redact

if TYPE_CHECKING:
    from apprise import Apprise

SEND_SECONDS = 20.0
"""A channel that has not taken a message by then has failed, however it hangs."""
REST_SECONDS = 30.0
"""How long a channel that failed is left alone: in a storm it is asked once, not for every message."""
_SOCKET_SECONDS = 10
log = structlog.get_logger("notifier")


class Notifier(Protocol):
    """One way to reach a person."""

    name: str
    """Fit to be shown; the same after a restart, since messages remember who has taken them."""

    def wants(self, message: Message) -> bool:
        """Whether this message is for this recipient."""
        ...

    def send(self, message: Message) -> None:
        """Raises ToolError when it was not taken."""
        ...


class LogNotifier:
    """The channel that always exists: one log line per message, its text included."""

    name = "log"

    def wants(self, message: Message) -> bool:
        return True

    def send(self, message: Message) -> None:
        log.info(
            message.subject,
            incident_id=message.incident_id,
            kind=message.kind,
            key=message.key,
            text=message.body,
        )


class AppriseNotifier:
    """One recipient behind an Apprise URL.

    `second_contact`: gets only what is escalated. Raises Invalid when Apprise cannot use the URL; what it says
    names the channel and never the URL, which holds secrets.
    """

    def __init__(
        self, name: str, url: str, letterhead: Letterhead, clock: Clock, *, second_contact: bool = False
    ) -> None:
        self.name = name
        self._letterhead = letterhead
        self._second_contact = second_contact
        self._is_mail = urlsplit(url).scheme.lower() in ("mailto", "mailtos")
        self._secrets = _secrets(url)
        self._service = _service(name, url)
        self._calls = BoundedCalls(f"notify-{name}", 1)
        self._breaker = Breaker(clock, failures=1, open_seconds=REST_SECONDS)

    def wants(self, message: Message) -> bool:
        return message.escalated or not self._second_contact

    def send(self, message: Message) -> None:
        refusal = self._breaker.refusal()
        if refusal:
            raise TransientError(f"{self.name}: {refusal}")
        why = self._try(message)
        if why:
            self._breaker.failed(why)
            raise TransientError(f"{self.name}: {why}")
        self._breaker.succeeded()

    def standing(self) -> str:
        """Says that it works as far as is known. Raises TransientError with its newest failure."""
        if self._breaker.open_because:
            raise TransientError(f"{self.name}: {self._breaker.open_because}")
        return self.name

    def reach(self) -> str:
        """Log in to the mail server and leave. Raises ToolError. Other services cannot be tried without a message."""
        # here, for only the doctor asks
        from tools.mail_login import MailServer, log_in

        service: Any = self._service[0]
        if not getattr(service, "smtp_host", ""):
            return f"{self.name}: not tried, for that would take a message"
        security = str(service.secure_mode) if service.secure else "insecure"
        server = MailServer(service.smtp_host, int(service.port), security, bool(service.verify_certificate))
        return f"{self.name}: {log_in(server, service.user or '', service.password or '')}"

    def _try(self, message: Message) -> str:
        """Why it was not taken, or an empty string."""
        try:
            return self._calls.run(lambda: self._notify(message), SEND_SECONDS, patience=0)
        except Overdue:
            return f"no answer within {SEND_SECONDS:.0f} s"
        except Busy:
            return "an earlier message still hangs there"

    def _notify(self, message: Message) -> str:
        text, title = self._letterhead.text(message), self._letterhead.subject(message)
        body, form = (self._letterhead.html(message), "html") if self._is_mail else (text, "text")
        result = self._service.notify(body=body, title=title, body_format=form, log_level=logging.DEBUG)
        if result:
            return ""
        return self._scrubbed(_reason(entry.message for entry in result.logs()))

    def _scrubbed(self, words: str) -> str:
        for secret in self._secrets:
            words = words.replace(secret, "***")
        return redact(words)[:500]


def mail_url(user: str, password: str, to: str) -> str:
    """Apprise's URL for mail from this Gmail account (or another provider that Apprise knows) to one address."""
    name, _, host = user.partition("@")
    return f"mailtos://{quote(name, safe='')}:{quote(password, safe='')}@{host}?to={quote(to, safe='@')}"


def url_name(url: str) -> str:
    """A name for a channel that tells it from others and nothing of what its URL holds."""
    return f"{urlsplit(url).scheme or 'channel'} {hashlib.sha256(url.encode()).hexdigest()[:8]}"


def _service(name: str, url: str) -> Apprise:
    # why a message was not taken is told at this level only; the lines may hold addresses and tokens, so they
    # are read by us, scrubbed, and shown nowhere else
    lines = logging.getLogger("apprise")
    lines.setLevel(logging.DEBUG)
    lines.propagate = False
    if not lines.handlers:
        lines.addHandler(logging.NullHandler())
    import apprise

    asset = apprise.AppriseAsset(
        app_id="sre-agent", app_desc="SRE agent", app_url="", image_url_mask="", image_url_logo=""
    )
    service = apprise.Apprise(asset=asset)
    if not service.add(_with_defaults(url)):
        raise Invalid(f"{name}: Apprise cannot use this URL. Compare it with Apprise's list of services")
    # an address that it does not like is dropped, and the mail goes to the sender instead
    asked = [address for value in parse_qs(urlsplit(url).query).get("to", []) for address in value.split(",")]
    taken = {address for _, address in getattr(service[0], "targets", [])}
    if getattr(service[0], "smtp_host", "") and not taken.issuperset(asked):
        raise Invalid(f"{name}: Apprise cannot use an address that it is to send to")
    return service


def _with_defaults(url: str) -> str:
    """Socket time-outs, and long texts split where a service has a limit; what the URL says itself stays."""
    for key, value in (("cto", str(_SOCKET_SECONDS)), ("rto", str(_SOCKET_SECONDS)), ("overflow", "split")):
        if not re.search(rf"[?&]{key}=", url):
            url += f"{'&' if '?' in url else '?'}{key}={value}"
    return url


def _secrets(url: str) -> list[str]:
    """What must never be repeated: the password of a mail account, every longer piece of any other URL."""
    parts = urlsplit(url)
    if parts.scheme.lower() in ("mailto", "mailtos"):
        given = [parts.password or ""]
    else:
        given = re.split(r"[/:@?&=,]+", url.partition("://")[2])
    pieces = {piece for text in given for piece in (text, unquote(text)) if len(piece) > 4}
    return sorted(pieces, key=len, reverse=True)


_TELLING = re.compile(
    r"^(?!Email ).*(exception|error|refused|failed|response|denied|invalid|timed? ?out)", re.I | re.S
)


def _reason(lines: Any) -> str:
    """The telling ones among Apprise's lines, newest last."""
    telling = [line.strip() for line in lines if _TELLING.search(line)]
    return "; ".join(dict.fromkeys(telling[-3:])) or "not taken, without a reason"
