"""What keeps the API server from making a pod, in its own words, and what is to be done with which values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from graph import counted
from tools.excerpts import commands, imperative, message, quote
from tools.quantities import format_quantity, parse_quantity
from tools.records import EventFacts

LONGEST = 160
GIVES_ORDERS = "text that gives orders, which stands in the evidence only"
_QUOTA = re.compile(
    r"exceeded quota: (?P<name>[\w.-]+), requested: (?P<asked>\S+), used: (?P<used>\S+), limited: (?P<hard>\S+)"
)
_DENIED = re.compile(
    r'admission webhook "(?P<name>[\w.-]+)" denied the request(?: without explanation)?:? ?(?P<why>.*)'
)
_UNCALLED = re.compile(
    r'failed calling webhook "(?P<name>[\w.-]+)": (?:failed to call webhook: )?'
    r'(?:Post "https?://(?P<service>[\w-]+)\.(?P<namespace>[\w-]+)\.svc[^"]*": )?(?P<why>.*)'
)
_ACCOUNT = re.compile(r'serviceaccount "(?P<name>[\w.-]+)" not found')
_HEAD = re.compile(
    r'^(?:\(combined from similar events\): )?(?:Error creating: )?(?:pods "[^"]*" is forbidden: )?'
)
WEBHOOKS = "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations"


class Full(NamedTuple):
    """One resource of a quota, as the refusal counts it."""

    quota: str
    resource: str
    asked: float
    used: float
    hard: float

    def amount(self, value: float) -> str:
        """As a spec would spell it."""
        return format_quantity(value, self.resource)


def full(event: EventFacts) -> list[Full]:
    """Every resource that was exceeded; none where the words are others."""
    found = _QUOTA.search(event.message)
    if found is None:
        return []
    asked, used, hard = (_amounts(found[key]) for key in ("asked", "used", "hard"))
    return [
        Full(found["name"], key, asked[key], used[key], hard[key])
        for key in asked
        if key in used and key in hard
    ]


def why(event: EventFacts) -> str:
    """What it comes down to, to be put behind the cause; what a webhook or a policy says is quoted."""
    exceeded = full(event)
    if exceeded:
        return "; ".join(
            f"{e.quota} has {e.resource} {e.amount(e.used)} of {e.amount(e.hard)} used, and a pod asks for "
            f"{e.amount(e.asked)}{_fits(e)}"
            for e in exceeded
        )
    uncalled, denied = _UNCALLED.search(event.message), _DENIED.search(event.message)
    if uncalled:
        at = f" of Service {uncalled['namespace']}/{uncalled['service']}" if uncalled["service"] else ""
        return f"webhook {uncalled['name']}{at} cannot be called{_quoted(uncalled['why'])}"
    if denied:
        return f"webhook {denied['name']} says{_quoted(denied['why'])}"
    return _words(_HEAD.sub("", event.message))


def _quoted(text: str) -> str:
    return f": {_words(text)}"


def _words(text: str) -> str:
    return GIVES_ORDERS if imperative([text]) or commands(text) else quote(message(text, LONGEST))


def told(events: Sequence[EventFacts]) -> str:
    """Who was refused, how often in all and until when."""
    newest = max((event.last_seen for event in events if event.last_seen), default=None)
    last = f", last at {newest:%H:%M:%S} UTC" if newest else ""
    names = dict.fromkeys(f"{event.kind} {event.name}" for event in events)
    count = sum(event.count for event in events)
    return f"{' and '.join(list(names)[:3])} refused {counted.times(count, 'time')} in all{last}"


def quota_step(event: EventFacts, missing: int) -> str:
    """How high it would have to be for all that are missing, and who uses it now."""
    exceeded = full(event)
    if not exceeded:
        return "kubectl describe quota -n <namespace> shows what is full: raise it, or free what is used"
    hard = ",".join(f'"{e.resource}":"{e.amount(e.used + missing * e.asked)}"' for e in exceeded)
    patch = f"""'{{"spec":{{"hard":{{{hard}}}}}}}'"""
    raised = f"kubectl patch resourcequota {exceeded[0].quota} -n <namespace> --type=merge -p {patch}"
    return (
        f"{raised} is just enough for {counted.times(missing, 'more pod')}, if the team may have it and the nodes have "
        f"room. Or lower what each pod asks for, or take away what is not needed: {_users(exceeded[0].resource)}"
    )


def webhook_step(event: EventFacts) -> str:
    """Its Service, its certificate, and what to leave to its owner."""
    uncalled = _UNCALLED.search(event.message)
    if uncalled is None:
        return "kubectl edit <workload>: mend what the webhook names, or ask whoever owns it for an exception"
    look = f"{WEBHOOKS} shows whose it is"
    if uncalled["service"]:
        place = uncalled["namespace"]
        look = f"kubectl get pods,endpoints -n {place} shows whether {uncalled['service']} has a pod that is ready"
    if "x509" in uncalled["why"] or "certificate" in uncalled["why"]:
        look = f"Renew the certificate that {uncalled['service'] or uncalled['name']} serves. {look}"
    return (
        f"{look}. failurePolicy: Ignore would let pods through without it ({WEBHOOKS}), and switches its check off for "
        "all: only whoever owns it may say so"
    )


def account_step(event: EventFacts) -> str:
    """The account by its name."""
    found = _ACCOUNT.search(event.message)
    name = found["name"] if found else "NAME"
    return (
        f"kubectl create serviceaccount {name} -n <namespace>, with its roles (a chart or Git makes both); or name the "
        "one that is meant: kubectl edit <workload>"
    )


def _fits(each: Full) -> str:
    return " (which fits again: it was fuller when it refused)" if each.used + each.asked <= each.hard else ""


def _amounts(text: str) -> dict[str, float]:
    found = {}
    for part in text.rstrip(",.").split(","):
        key, _, value = part.partition("=")
        try:
            found[key] = parse_quantity(value)
        except ValueError:
            continue
    return found


def _users(resource: str) -> str:
    kind, _, what = resource.rpartition(".")
    columns = f",ASKS:.spec.containers[*].resources.{kind}.{what}" if kind in ("requests", "limits") else ""
    return f"kubectl get pods -n <namespace> -o custom-columns=NAME:.metadata.name{columns}"
