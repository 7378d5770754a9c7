"""`POST /incidents`: a person has a workload looked at, or asks for an action, on the same path as an alert's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, make_response, redirect

from server.auth import Auth, actor_of
from server.forms import read_fields
from server.problems import Problem, wants_html
from server.requested_action import Wish, Wishes, apart, read_wish
from tools.alertmanager import Parsed
from tools.clock import Clock
from tools.cluster import ClusterReader
from tools.errors import Forbidden, Invalid, NotFound, TransientError
from tools.excerpts import message
from tools.inbox import Inbox
from tools.manual_alerts import WORKLOAD_LABELS, manual_alert
from tools.requested_actions import RequestedAction
from tools.resources import (
    CLAIMS,
    CRONJOBS,
    DAEMONSETS,
    DEPLOYMENTS,
    JOBS,
    NODES,
    PODS,
    STATEFULSETS,
    Resource,
)

_RESOURCES: Mapping[str, Resource] = {
    resource.kind: resource
    for resource in (DEPLOYMENTS, STATEFULSETS, DAEMONSETS, CRONJOBS, JOBS, PODS, NODES, CLAIMS)
}
_FIELDS = ("namespace", "workload", "kind", "reason", "actor")
_EXAMPLE = 'Send {"namespace": "shop", "workload": "web", "kind": "Deployment", "reason": "…"}.'


def resource_of(kind: str) -> Resource:
    """The kind as the API addresses it. Raises Invalid for one that no incident can be about."""
    if kind not in _RESOURCES:
        raise Invalid(f"{kind}: not a kind that can be looked at; there are {', '.join(_RESOURCES)}")
    return _RESOURCES[kind]


@dataclass(frozen=True)
class ByHand:
    """Opens incidents for people."""

    inbox: Inbox
    reader: ClusterReader
    clock: Clock
    wake: Callable[[str | None], None]
    wishes: Wishes

    def open(
        self, kind: str, namespace: str, name: str, *, actor: str, reason: str, test: bool = False
    ) -> str:
        """The incident that this request opened or joined; a test's own. Raises a problem for what does not exist."""
        self._check(kind, namespace, name)
        now = self.clock.now()
        alert = manual_alert(kind, namespace, name, actor=actor, reason=reason, at=now, test=test)
        accepted = self.inbox.accept(Parsed(alerts=(alert,)))
        self.wake(None)
        return accepted.incident_ids[0]

    def open_for(self, wish: Wish, kind: str, namespace: str, name: str, *, actor: str, reason: str) -> str:
        """The incident in which this action is proposed, always its own. Raises a problem for what cannot be done."""
        self._check(kind, namespace, name)
        now, wish = self.clock.now(), self.wishes.of_part(wish, kind, name)
        alert = manual_alert(kind, namespace, name, actor=actor, reason=reason, at=now, action=wish.name)
        self.wishes.check(wish, alert, now)
        asked = RequestedAction(
            name=wish.name, args=wish.args, actor=actor, reason=message(reason, 500), at=now
        )
        accepted = self.inbox.accept(Parsed(alerts=(alert,)), asked=asked)
        self.wake(None)
        return accepted.incident_ids[0]

    def _check(self, kind: str, namespace: str, name: str) -> None:
        """Misspelt names are told at once; a cluster that cannot be read now is read by the run."""
        try:
            self.reader.get(_RESOURCES[kind], namespace, name)
        except (NotFound, Invalid) as error:
            words = f"{error}. Check namespace, workload and kind; POST /ask tells what there is."
            raise Problem(404, "no-such-workload", "No such workload", words) from error
        except (Forbidden, TransientError):
            return


def blueprint(by_hand: ByHand, auth: Auth) -> Blueprint:
    """The route, for approvers: a run may end in an action."""
    routes = Blueprint("by_hand", __name__)

    @routes.post("/incidents")
    @auth.needs("approver")
    def create() -> Any:
        return open_as_asked(by_hand, auth)

    return routes


def open_as_asked(by_hand: ByHand, auth: Auth, *, test: bool = False) -> Any:
    """Open what the request's fields name and lead to it. Raises a problem for fields that cannot be taken."""
    wish = read_wish()
    if wish and test:
        words = "A test looks at what the evidence leads to. Leave the action out."
        raise Problem(422, "bad-action", "A test takes no action", words)
    fields = read_fields(_FIELDS, _EXAMPLE, apart())
    kind, namespace, name = _named(fields)
    actor, reason = actor_of(auth.person(), fields), fields.get("reason", "")
    if wish:
        incident_id = by_hand.open_for(wish, kind, namespace, name, actor=actor, reason=reason)
    else:
        incident_id = by_hand.open(kind, namespace, name, actor=actor, reason=reason, test=test)
    place = f"/incidents/{incident_id}"
    if wants_html():
        return redirect(place, 303)
    answer = make_response({"incident": place, "id": incident_id}, 202)
    answer.headers["Location"] = place
    return answer


def _named(fields: Mapping[str, str]) -> tuple[str, str, str]:
    kind = fields.get("kind") or "Deployment"
    if kind not in WORKLOAD_LABELS:
        raise Problem(422, "bad-kind", "Not a kind", f"kind must be one of {', '.join(WORKLOAD_LABELS)}.")
    namespace, name = fields.get("namespace", ""), fields.get("workload", "")
    if not name or (not namespace and kind != "Node"):
        raise Problem(422, "missing-fields", "Whom is it about?", f"Give namespace and workload. {_EXAMPLE}")
    return kind, "" if kind == "Node" else namespace, name
