"""A certificate is about to expire, or its renewal fails: a date that is known, on which things stop.

Told by the alert: certificates are in Secrets and on nodes, which are not read. Nothing is down yet, and nothing that
is done to a workload renews it. What fails because one has expired already is another class. How soon somebody must
look follows from the date that the alert tells, if it tells one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from graph.alert_says import TEXTS
from graph.alert_words import fire, label
from graph.certificate_steps import Owner, owner
from graph.deadlines import Deadline, deadline
from graph.playbooks import Playbook
from graph.state import Finding, HowSoon
from tools.excerpts import imperative
from tools.records import Alert, Evidence
from tools.seen_pods import span

NAMES = re.compile(
    r"Kube(?:let)?(?:Client|Server)Certificate\w*|CertManager\w*Cert\w*|CertManagerAbsent"
    r"|KubernetesClientCertificateExpires\w*|(?:Ssl|SSL|Tls|TLS|Blackbox)\w*Certificate\w*Expir\w*",
)
NOW, SOON = timedelta(days=2), timedelta(days=7)


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus, cert-manager's mixin and the community's rules, or by whose metric it is."""
    return bool(NAMES.fullmatch(alert.name)) or "issuer_name" in alert.labels


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    whose, now = owner(alerts), evidence.collected_at
    over = _deadline(alerts, now)
    return Finding(
        problem="certificate_expiring",
        summary=_summary(alerts, whose, over, now),
        directness=0.7,
        evidence=tuple(evidence.cite("nodes") + evidence.cite("pods")),
        facts=(
            f"once it has expired, {whose.then}",
            *_issuer(alerts),
            "told by the alert alone: this agent reads no certificate",
        ),
        next_step=whose.step,
        how_soon=_how_soon(over, now),
    )


def _deadline(alerts: Sequence[Alert], now: datetime) -> Deadline | None:
    """The first that any text of any of them tells: which text has the number differs from rule to rule."""
    texts = (alert.annotations.get(key, "") for alert in alerts for key in TEXTS)
    return deadline((text for text in texts if not imperative([text])), now)


def _summary(alerts: Sequence[Alert], whose: Owner, over: Deadline | None, now: datetime) -> str:
    if over is None:
        return (
            f"{fire(alerts)}: {whose.title} {_state(alerts)}; on which day it expires the alert does not say."
        )
    title = f"{whose.title[:1].upper()}{whose.title[1:]}"
    if over.at <= now:
        return f"{title} has expired at {over.at:%Y-%m-%d %H:%M} UTC, as the alert tells."
    return f"{title} expires {_when(over, now)}, as the alert tells; it is not renewed yet."


def _when(over: Deadline, now: datetime) -> str:
    left = span((over.at - now).total_seconds())
    if over.at_most:
        return f"in less than {left}, before {over.at:%A %Y-%m-%d %H:%M} UTC"
    return f"in {left}, about {over.at:%A %Y-%m-%d %H:%M} UTC"


def _state(alerts: Sequence[Alert]) -> str:
    names = " ".join(alert.name for alert in alerts)
    if "Absent" in names:
        return "is renewed by nobody: cert-manager is not seen"
    if "Renewal" in names:
        return "is not renewed: the renewal fails"
    if "NotReady" in names:
        return "is not Ready: it could not be issued or renewed"
    return "expires soon, or is not renewed"


def _issuer(alerts: Sequence[Alert]) -> list[str]:
    name = label(alerts, "issuer_name")
    return [f"its issuer is {label(alerts, 'issuer_kind') or 'Issuer'} {name}"] if name else []


def _how_soon(over: Deadline | None, now: datetime) -> HowSoon:
    """A limit that is far off says nothing of how near the day is."""
    if over is None:
        return ""
    if over.at - now <= NOW:
        return "now"
    if over.at - now <= SOON:
        return "soon"
    return "" if over.at_most else "later"


PLAYBOOK = Playbook(problem="certificate_expiring", rank=93, tells=tells, explains=explains)
