"""Give one container of a Deployment another memory limit, and the request that goes with it (section 4.8).

A JSON Patch of the two values, at the place where the container of that name was just read: nothing else of the
template, and no other container, is in it. The amounts are computed by code (`graph.memory_limits`); what is checked
here holds whoever proposed them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import model_validator

from tools.actions import Action
from tools.cluster import Cluster, ClusterReader
from tools.errors import Refused
from tools.memory_bounds import FACTOR, MOST_BYTES, raised_request, spelled_bytes, whole_bytes
from tools.records import ActionCall, Argument, Preview, Receipt, Record, Target
from tools.rehearsal import Shown, rehearse
from tools.requestable import Requestable
from tools.resources import DEPLOYMENTS, JsonObject
from tools.rewriting import RULES, TemplateArgs, rewrite, template_args
from tools.rollout import observe
from tools.templates import template_digest

NAME = "set_memory_limit"
NOTES = (
    "All pods are replaced, one after another: a limit is part of the template.",
    "A rolling update is not held back by PodDisruptionBudgets.",
    "A dry run does not prove that the new pods fit: quotas and nodes are only asked when they are made.",
    "The next release from a file that holds the old limit brings it back: change it there too.",
)
VERIFICATION = (
    "The rollout completes, then all pods of the new revision stay ready, none is killed again, and the limit is "
    "still the one that was set, for the whole stability window."
)


class SetMemoryLimit(TemplateArgs):
    """Which container, from which amounts to which; all of them bytes."""

    container: str
    from_limit: int
    limit: int
    from_request: int
    """What counts as requested: the limit, where the template has no request of its own."""
    request: int
    limit_as: str = ""
    """How the limit is to be spelled, for the way back to what somebody wrote; empty: as the API server would."""
    request_as: str = ""

    @model_validator(mode="after")
    def _one_step(self) -> Self:
        lower, higher = sorted((self.from_limit, self.limit))
        if lower <= 0 or lower == higher or higher > lower * FACTOR:
            raise ValueError(
                f"from {self.from_limit} to {self.limit} bytes is not one step of at most a half"
            )
        if self.limit > max(MOST_BYTES, self.from_limit):
            raise ValueError(f"{self.limit} bytes are more than any container is given ({MOST_BYTES})")
        if not 0 < self.request <= self.limit:
            raise ValueError("a request is more than nothing and at most the limit")
        if (self.request == self.limit) != (self.from_request == self.from_limit):
            raise ValueError("the request would become or cease to be the limit: another QoS class")
        if (self.request > self.from_request) != (self.limit > self.from_limit) and (
            self.request != self.from_request
        ):
            raise ValueError("the request would move against the limit")
        for text, amount in ((self.limit_as, self.limit), (self.request_as, self.request)):
            if text and whole_bytes(text) != amount:
                raise ValueError(f"{text!r} is not {amount} bytes")
        return self


class MoreMemory(Record):
    """What a person says who asks for it."""

    limit: str
    """As Kubernetes spells it: `192Mi`."""
    container: str = ""
    """May be left out where there is only one."""


def execute(cluster: Cluster, args: SetMemoryLimit, *, key: str, at: datetime, dry_run: bool) -> Receipt:
    """Set limit and request. Errors: `tools.rewriting.rewrite`; Refused where the template does not hold the amounts
    that its pods have (somebody fills them in when pods are made) or has no such container.
    """
    return rewrite(cluster, NAME, args, lambda live: _operations(live, args), key=key, at=at, dry_run=dry_run)


def preview(cluster: Cluster, args: SetMemoryLimit) -> Preview:
    """What it would change, by a dry run."""
    undo = (
        f"Undone by setting {spelled_bytes(args.from_limit)} again, if nobody has changed the template since."
    )
    return rehearse(cluster, args, execute, Shown(undo=undo, notes=NOTES, verification=VERIFICATION))


def undo(cluster: ClusterReader, args: SetMemoryLimit) -> ActionCall | None:
    """The amounts of before, spelled as they were, bound to the template that our write makes.

    To be computed before the write. Raises ToolError; Refused as `execute`.
    """
    live = cluster.get(DEPLOYMENTS, args.namespace, args.name)
    at, container = _container(live, args)
    resources = container.get("resources") or {}
    inverse = args.model_copy(
        update={
            "from_digest": template_digest(_changed(live, at, args)),
            "from_limit": args.limit,
            "limit": args.from_limit,
            "from_request": args.request,
            "request": args.from_request,
            "limit_as": str((resources.get("limits") or {})["memory"]),
            "request_as": str((resources.get("requests") or {}).get("memory", "")),
        }
    )
    return ActionCall(name=NAME, args=inverse.model_dump())


def propose(cluster: ClusterReader, target: Target, given: MoreMemory, at: datetime) -> dict[str, Argument]:
    """From what the template sets now to the limit that was asked for, with the request that goes with it.

    Raises Refused for less, for what is no amount, and where the template sets no limit; more than one step is refused
    by the arguments' own bounds.
    """
    live = cluster.get(DEPLOYMENTS, target.namespace, target.name)
    container = _meant(live, given.container)
    present, wanted = whole_bytes(_stated(container, "limits")), whole_bytes(given.limit)
    if not present:
        raise Refused(f"container {container['name']} has no memory limit that could be raised")
    if wanted is None or wanted <= present:
        raise Refused(
            f"container {container['name']} has {spelled_bytes(present)}: only more can be asked for, spelled as 192Mi"
        )
    stated = _stated(container, "requests")
    request = present if stated is None else whole_bytes(stated)
    if request is None:
        raise Refused(f"what container {container['name']} requests cannot be read")
    return {
        **template_args(cluster, target),
        "container": str(container["name"]),
        "from_limit": present,
        "limit": wanted,
        "from_request": request,
        "request": raised_request(request, present, wanted),
    }


def _meant(live: JsonObject, named: str) -> JsonObject:
    """The container of that name; without a name the only one."""
    template = (live.get("spec") or {}).get("template") or {}
    containers: list[JsonObject] = (template.get("spec") or {}).get("containers") or []
    found = [item for item in containers if item.get("name") == named] if named else containers
    if len(found) != 1:
        names = ", ".join(str(item.get("name")) for item in containers)
        raise Refused(f"name one container: there are {names}")
    return found[0]


def _operations(live: JsonObject, args: SetMemoryLimit) -> list[JsonObject]:
    at, container = _container(live, args)
    path = f"/spec/template/spec/containers/{at}"
    operations: list[JsonObject] = [
        {"op": "test", "path": f"{path}/name", "value": args.container},
        {"op": "replace", "path": f"{path}/resources/limits/memory", "value": _limit(args)},
    ]
    if _stated(container, "requests") is not None:
        value = _request(args)
        operations.append({"op": "replace", "path": f"{path}/resources/requests/memory", "value": value})
    return operations


def _container(live: JsonObject, args: SetMemoryLimit) -> tuple[int, JsonObject]:
    """The container and where it stands. Raises Refused unless it has the amounts that it is taken from."""
    template = (live.get("spec") or {}).get("template") or {}
    containers = (template.get("spec") or {}).get("containers") or []
    found = next((at for at, item in enumerate(containers) if item.get("name") == args.container), None)
    if found is None:
        raise Refused(f"Deployment {args.namespace}/{args.name} has no container {args.container}")
    limit = whole_bytes(_stated(containers[found], "limits"))
    stated = _stated(containers[found], "requests")
    request = limit if stated is None else whole_bytes(stated)
    if (limit, request) != (args.from_limit, args.from_request):
        raise Refused(
            f"The template of container {args.container} does not set the memory that its pods have "
            f"({spelled_bytes(args.from_limit)}): somebody fills it in when pods are made"
        )
    return found, containers[found]


def _stated(container: JsonObject, kind: str) -> object:
    return ((container.get("resources") or {}).get(kind) or {}).get("memory")


def _changed(live: JsonObject, at: int, args: SetMemoryLimit) -> JsonObject:
    """The template as the write makes it."""
    template: JsonObject = live["spec"]["template"]
    containers: list[JsonObject] = list(template["spec"]["containers"])
    resources: JsonObject = dict(containers[at]["resources"])
    resources["limits"] = {**resources["limits"], "memory": _limit(args)}
    if _stated(containers[at], "requests") is not None:
        resources["requests"] = {**resources["requests"], "memory": _request(args)}
    containers[at] = {**containers[at], "resources": resources}
    return {**template, "spec": {**template["spec"], "containers": containers}}


def _limit(args: SetMemoryLimit) -> str:
    return args.limit_as or spelled_bytes(args.limit)


def _request(args: SetMemoryLimit) -> str:
    return args.request_as or spelled_bytes(args.request)


ACTION = Action(
    name=NAME,
    summary="Give one container of a Deployment more memory, by at most a half",
    family="memory",
    args=SetMemoryLimit,
    risk="high",
    rules=RULES,
    preview=preview,
    execute=execute,
    observe=observe,
    undo=undo,
    on_request=Requestable(kinds=(DEPLOYMENTS.kind,), propose=propose, given=MoreMemory),
)
