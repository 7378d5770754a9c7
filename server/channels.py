"""From settings to the channels that messages go out by: one for each recipient, so that each is tried by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from server.settings import Settings
from tools.clock import Clock
from tools.letters import Letterhead
from tools.notifier import AppriseNotifier, LogNotifier, Notifier, mail_url, url_name


def channels(settings: Settings, clock: Clock) -> list[Notifier]:
    """Mail and other services, those of the second contact last; the log alone when no first contact is set.

    Raises Invalid for a URL that Apprise cannot use.
    """
    letterhead = Letterhead(settings.public_url, sandbox=settings.sandbox, test_cluster=settings.test_cluster)
    first: list[Notifier] = [AppriseNotifier(name, url, letterhead, clock) for name, url in _first(settings)]
    second: list[Notifier] = [
        AppriseNotifier(f"second contact, {name}", url, letterhead, clock, second_contact=True)
        for name, url in _second(settings)
    ]
    return [*(first or [LogNotifier()]), *second]


def standing(notifiers: Sequence[Notifier]) -> str:
    """What /health says of mail. Raises TransientError with the newest failure of the first channel that has one."""
    return ", ".join(each.standing() for each in notifiers if isinstance(each, AppriseNotifier))


def _first(settings: Settings) -> Iterable[tuple[str, str]]:
    if settings.gmail_app_password is not None:
        for address in settings.alert_email_to:
            yield _mail(settings, address)
    for secret in settings.notify_urls:
        url = secret.get_secret_value()
        yield url_name(url), url


def _second(settings: Settings) -> Iterable[tuple[str, str]]:
    for secret in settings.escalate_to:
        contact = secret.get_secret_value()
        yield (url_name(contact), contact) if "://" in contact else _mail(settings, contact)


def _mail(settings: Settings, address: str) -> tuple[str, str]:
    assert settings.gmail_app_password is not None
    password = settings.gmail_app_password.get_secret_value()
    return f"mail to {address}", mail_url(settings.gmail_user, password, address)
