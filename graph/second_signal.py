"""What alerts say beside the pods: asked where a source is configured, and never taken for good when it is down.

The pods decide RECOVERED. A source of alerts that does not answer leaves the verdict open until time is up, since
nobody then knows what it would have said (kubernetes.md 5.4). Whether the alerts have gone quiet can only be told once
their `for` and range are over: that is a later look (`graph.looking_again`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from graph import verification
from graph.services import Services
from graph.state import Progress
from tools.errors import ToolError
from tools.records import Alert, Receipt, Target, Verdict
from tools.synthetic import REQUEST

WELL = ("RECOVERED", "PROVISIONAL")


def names_of(alerts: Sequence[Alert]) -> list[str]:
    """Of the alerts that a rule fires; what people and this agent ask for is no rule's."""
    return sorted({alert.name for alert in alerts if alert.name and REQUEST not in alert.labels})


def firing(services: Services, incident_id: str, target: Target, now: datetime) -> list[str]:
    """The incident's alerts that fire for its target now. Raises ToolError: some source did not answer."""
    names = names_of(services.incidents.alerts(incident_id))
    if not names:
        return []
    found = [source.firing(names, target, now) for source in services.alert_states]
    return sorted({name for each in found for name in each})


def counted(
    services: Services,
    incident_id: str,
    verdict: Verdict | None,
    progress: Progress,
    receipt: Receipt,
    now: datetime,
) -> Verdict | None:
    """The verdict; None or INCONCLUSIVE where it would be good and a source of alerts does not answer."""
    if verdict is None or verdict.name not in WELL or not services.alert_states:
        return verdict
    try:
        firing(services, incident_id, receipt.target, now)
    except ToolError as error:
        unknown = f"the pods are well, but whether its alerts fire is not known: {error}"
        told = progress.model_copy(update={"last_error": unknown})
        return verification.out_of_time(told, receipt, services.policy, now)
    return verdict
