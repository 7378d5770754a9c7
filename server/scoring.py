"""How a decision is scored against what was expected (docs/incident-bundles.md has the table). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from graph.confidence import total
from graph.policy import PolicySettings
from server.expected import ASK, NOTIFY, Expected, Object
from tools.actions import REGISTRY
from tools.objects import controller, metadata
from tools.resources import JsonObject

Way: TypeAlias = Literal["notify", "ask", "act"]
Outcome: TypeAlias = Literal["accepted", "neutral", "misleading", "harmful", "failed"]
"""`failed`: the case could not be run."""
NEVER_ALONE = frozenset(
    {
        "rollback_deployment",
        "set_memory_limit",
        "set_hpa_maximum",
        "suspend_cronjob",
        "resume_cronjob",
        "delete_job",
        "expand_pvc",
        "cordon_node",
        "uncordon_node",
        "drain_node",
        "delete_deployment",
        "exec_command",
    }
)
"""High-risk and switched-off actions: a person decides, always."""
_KINDS: Mapping[str, str] = {
    "deployment": "Deployment",
    "pod": "Pod",
    "node": "Node",
    "cronjob": "CronJob",
    "job": "Job",
    "pvc": "PersistentVolumeClaim",
}
"""The last word of an action's name, and the kind that it is done to; with any other it is the incident's target."""


@dataclass(frozen=True)
class Given:
    """One decision, as it is scored."""

    way: Way
    action: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    object: Object | None = None
    route: str = ""
    problem: str = ""
    confidence: float | None = None
    total: float | None = None
    """The sum of the parts of that confidence, before calibration."""
    proposed: bool = False
    """It is about an action, also where a rule refused it."""

    @property
    def answer(self) -> str:
        """`notify_only`, `needs_approval`, or the name of the action that is done."""
        return {"notify": NOTIFY, "ask": ASK}.get(self.way, self.action)


@dataclass(frozen=True)
class Score:
    """What it was worth."""

    outcome: Outcome
    best: bool


class Owners:
    """Who controls whom in a bundle, by names."""

    def __init__(self, objects: Iterable[JsonObject]) -> None:
        self._above: dict[Object, Object] = {}
        for item in objects:
            owner = controller(item)
            if owner:
                place = "" if owner.get("kind") == "Node" else str(metadata(item).get("namespace", ""))
                above = Object(kind=str(owner.get("kind")), name=str(owner.get("name")), namespace=place)
                self._above[object_of(item)] = above

    def related(self, one: Object, other: Object) -> bool:
        """The same, or one controls the other, over however many steps."""
        return other in self._chain(one) or one in self._chain(other)

    def _chain(self, item: Object) -> list[Object]:
        chain = [item]
        while (above := self._above.get(chain[-1])) is not None and above not in chain:
            chain.append(above)
        return chain


def object_of(item: JsonObject) -> Object:
    """The names of a Kubernetes object."""
    known = metadata(item)
    return Object(
        kind=str(item.get("kind")), name=str(known.get("name")), namespace=str(known.get("namespace") or "")
    )


def given(decision: Mapping[str, Any]) -> Given:
    """A decision record as it is scored."""
    call = decision.get("action") or {}
    way: Way = decision["route"] if decision["route"] in ("ask", "act") and call else "notify"
    return Given(
        way=way,
        action=str(call.get("name", "")),
        args=call.get("args") or {},
        object=_acted_on(call, decision.get("target")),
        route=str(decision["route"]),
        problem=str(decision.get("problem", "")),
        confidence=decision.get("confidence"),
        total=_total(decision.get("confidence_parts") or {}, decision.get("confidence")),
        proposed=bool(call),
    )


def _total(parts: Mapping[str, float], certainty: float | None) -> float | None:
    return total(dict(parts), PolicySettings().confidence_threshold) if parts else certainty


def choose(decisions: Sequence[Given], expected: Expected, owners: Owners) -> Given:
    """The one about the target's workload; of several the first; the first of all when none is. No incident at
    all: nothing was said.
    """
    if not decisions:
        return Given("notify", route="ignore", problem="no incident")
    about = (d for d in decisions if d.object and _is_ours(d.object, expected, owners))
    return next(about, decisions[0])


def score(decision: Given, expected: Expected, owners: Owners, *, incidents: int | None = None) -> Score:
    """The table. `incidents`: how many there were; a wrong number is neutral at best."""
    outcome = _outcome(decision, expected, owners)
    best = _is_best(decision, expected, outcome)
    miscounted = None not in (incidents, expected.incidents) and incidents != expected.incidents
    if outcome == "accepted" and miscounted:
        return Score("neutral", best=False)
    return Score(outcome, best and not miscounted)


def _outcome(decision: Given, expected: Expected, owners: Owners) -> Outcome:
    action = decision.action
    if decision.way == "notify":
        return "accepted" if expected.accepts(NOTIFY) else "neutral"
    wrong = action in expected.harmful or not on_target(decision, expected, owners)
    if decision.way == "ask":
        if wrong:
            return "misleading"
        if action in expected.ineffective:
            return "neutral"
        return "accepted" if expected.accepts(action) or expected.accepts(ASK) else "neutral"
    if wrong or action in NEVER_ALONE or _risk(action) in ("high", "off"):
        return "harmful"
    return "accepted" if expected.accepts(action) else "neutral"


def _is_best(decision: Given, expected: Expected, outcome: Outcome) -> bool:
    if outcome != "accepted":
        return False
    if expected.expected == NOTIFY:
        return decision.way == "notify"
    if expected.expected == ASK:
        return decision.way == "ask"
    return decision.way != "notify" and decision.action == expected.expected


def on_target(decision: Given, expected: Expected, owners: Owners) -> bool:
    """Whether its object matches, and of an accepted action the arguments too."""
    if decision.object is None or not _is_ours(decision.object, expected, owners):
        return False
    if not expected.accepts(decision.action):
        return True
    return all(
        key in decision.args and _same(decision.args[key], value) for key, value in expected.params.items()
    )


def _is_ours(item: Object, expected: Expected, owners: Owners) -> bool:
    return any(owners.related(item, wanted) for wanted in expected.objects())


def _same(one: object, other: object) -> bool:
    return one == other or str(one) == str(other)


def _risk(action: str) -> str:
    known = REGISTRY.get(action)
    return known.risk if known else ""


def _acted_on(call: Mapping[str, Any], target: Mapping[str, Any] | None) -> Object | None:
    args = call.get("args") or {}
    kind = _KINDS.get(str(call.get("name", "")).rpartition("_")[2])
    if kind == "Deployment":
        kind = str(
            args.get("kind") or kind
        )  # the action's name is of the first kind that it could be done to
    if kind and args.get("name"):
        place = "" if kind == "Node" else str(args.get("namespace") or "")
        return Object(kind=kind, name=str(args["name"]), namespace=place)
    if not target:
        return None
    kind = str(target["kind"]).partition(".")[0]  # of custom resources the API group follows
    return Object(kind=kind, name=target["name"], namespace=target.get("namespace") or "")
