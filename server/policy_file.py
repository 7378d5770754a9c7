"""POLICY_FILE: the limits that no model and no alert can move. Docs with an example: docs/policy.md.

A limit may be made narrower than what is shipped and not wider, but on a cluster that is a test (kubernetes.md 7.2).
Everything that is wrong is told at once, with its line and what mends it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from graph.freeze_windows import FreezeWindow
from graph.policy import PolicySettings
from graph.policy_facts import AutonomyCeiling
from server.settings_fields import KNOWN_ACTIONS, action_or_family
from tools.allowed_commands import AllowedCommand

Place: TypeAlias = tuple[int | str, ...]
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Seconds = Annotated[float, Field(strict=True, ge=0, le=31 * 86400)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Named = Annotated[str, AfterValidator(action_or_family)]

SHIPPED = PolicySettings()
AT_MOST = (
    "workload_writes",
    "namespace_writes_per_hour",
    "namespace_writes_per_day",
    "cluster_writes_per_hour",
    "cluster_writes_per_day",
    "writes_in_flight",
    "hold_workloads",
    "hold_workload_share",
    "hold_nodes",
    "hold_node_share",
)
"""Limits that are narrower the smaller they are."""
AT_LEAST = (
    "attempt_window_seconds",
    "cool_down_seconds",
    "human_only_seconds",
    "node_pause_seconds",
    "hold_window_seconds",
)
"""Limits that are narrower the greater they are."""
MENDS = {
    "time_zone": "time_zone: Europe/Berlin",
    "days": "days: [mon-fri]",
    "start": 'start: "16:00"',
    "end": 'end: "08:00"',
    "since": "since: 2026-12-24",
    "until": "until: 2026-12-26",
    "namespaces": 'namespaces: ["shop-*"]',
    "freeze_windows": "a list of entries with name, time_zone and days, hours or dates",
    "four_eyes": "four_eyes: [rollback]",
    "autonomy": "a list of entries with level, and action, problem or both",
    "level": "level: approve",
    "action": "action: restart_deployment",
    "problem": "problem: transient_crash",
    "exec_commands": "a list of entries with namespace, workload, container and argv",
    "namespace": "namespace: shop",
    "workload": 'workload: "web-*"',
    "container": "container: web",
    "argv": 'argv: ["nginx", "-t"]',
    "seconds": "seconds: 30",
}


class PolicyFileError(ValueError):
    """The file cannot be used; `problems` says every reason, a line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class _Ceiling(AutonomyCeiling):
    """One whose names exist: a misspelt one would hold nothing back."""

    @field_validator("action")
    @classmethod
    def _an_action(cls, name: str) -> str:
        if name and name not in KNOWN_ACTIONS:
            raise ValueError(f"must be an action; there are: {', '.join(KNOWN_ACTIONS)}")
        return name

    @field_validator("problem")
    @classmethod
    def _a_problem(cls, name: str) -> str:
        # here, for few agents have such an entry and all playbooks are loaded for it
        from graph.playbooks import playbooks

        known = sorted(playbook.problem for playbook in playbooks())
        if name and name not in known:
            raise ValueError(f"must be a problem class; there are: {', '.join(known)}")
        return name


class PolicyFile(BaseModel):
    """What may stand in it; what is left out keeps what is shipped."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workload_writes: Count = SHIPPED.workload_writes
    attempt_window_seconds: Seconds = SHIPPED.attempt_window_seconds
    cool_down_seconds: Seconds = SHIPPED.cool_down_seconds
    human_only_seconds: Seconds = SHIPPED.human_only_seconds
    namespace_writes_per_hour: Count = SHIPPED.namespace_writes_per_hour
    namespace_writes_per_day: Count = SHIPPED.namespace_writes_per_day
    cluster_writes_per_hour: Count = SHIPPED.cluster_writes_per_hour
    cluster_writes_per_day: Count = SHIPPED.cluster_writes_per_day
    writes_in_flight: Count = SHIPPED.writes_in_flight
    node_pause_seconds: Seconds = SHIPPED.node_pause_seconds
    hold_workloads: Count = SHIPPED.hold_workloads
    hold_workload_share: Share = SHIPPED.hold_workload_share
    hold_window_seconds: Seconds = SHIPPED.hold_window_seconds
    hold_nodes: Count = SHIPPED.hold_nodes
    hold_node_share: Share = SHIPPED.hold_node_share
    most_replicas: Annotated[int, Field(strict=True, ge=1, le=1000)] = SHIPPED.most_replicas
    most_volume_gib: Annotated[int, Field(strict=True, ge=1, le=65536)] = SHIPPED.most_volume_gib
    most_memory: Annotated[float, Field(strict=True, ge=2**20, le=SHIPPED.most_memory)] = SHIPPED.most_memory
    verify_poll_seconds: Annotated[float, Field(strict=True, ge=1, le=600)] = SHIPPED.verify_poll_seconds
    verify_timeout_seconds: Annotated[float, Field(strict=True, ge=60, le=86400)] = (
        SHIPPED.verify_timeout_seconds
    )
    freeze_windows: tuple[FreezeWindow, ...] = ()
    four_eyes: tuple[Named, ...] = ()
    autonomy: tuple[_Ceiling, ...] = ()
    exec_commands: tuple[AllowedCommand, ...] = ()


_KNOWN: Mapping[object, Iterable[str]] = {
    "": PolicyFile.model_fields,
    "freeze_windows": FreezeWindow.model_fields,
    "autonomy": AutonomyCeiling.model_fields,
    "exec_commands": AllowedCommand.model_fields,
}


def read_policy_file(path: Path | None, *, wider: bool = False) -> dict[str, Any]:
    """The fields of PolicySettings that it sets. `wider`: limits may be wider than shipped, on a test cluster.

    Raises OSError, or PolicyFileError with every problem.
    """
    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        node, document = yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text)
    except UnicodeDecodeError:
        raise PolicyFileError(["is no text in UTF-8. Mend: save it as UTF-8"]) from None
    except yaml.YAMLError as error:
        raise PolicyFileError([_not_yaml(error)]) from None
    if node is None:
        return {}
    if not isinstance(document, dict):
        raise PolicyFileError(["line 1: must be a mapping of limits. Mend: cluster_writes_per_hour: 6"])
    problems = [*_twice(node, ()), *_problems(node, document, wider)]
    if problems:
        raise PolicyFileError(list(dict.fromkeys(problems)))
    return {name: getattr(PolicyFile(**document), name) for name in document}


def _problems(node: yaml.Node, document: dict[Any, Any], wider: bool) -> Iterator[str]:
    begin = f"line {node.start_mark.line + 1}"
    unnamed = [key for key in document if not isinstance(key, str)]
    yield from (f"{begin}: {key!r} is no name of a limit. Mend: leave it out" for key in unnamed)
    named = {key: value for key, value in document.items() if isinstance(key, str)}
    try:
        PolicyFile(**named)
    except ValidationError as error:
        yield from (_problem(node, each) for each in error.errors())
    if not wider:
        yield from (_too_wide(node, name, named[name]) for name in named if _is_wider(name, named[name]))


def _problem(node: yaml.Node, error: ErrorDetails) -> str:
    place = tuple(error["loc"])
    words = str(error["msg"]).removeprefix("Value error, ")
    mend = _mend(place)
    if error["type"] == "extra_forbidden":
        known = _KNOWN[place[0] if len(place) > 1 else ""]
        words, mend = f"is not known; there are: {', '.join(known)}", "leave that line out"
    return f"line {_line(node, place)}: {_path(place)}: {words}. Mend: {mend}"


def _mend(place: Place) -> str:
    name = next((part for part in reversed(place) if isinstance(part, str)), "")
    shipped = getattr(SHIPPED, name, None)
    if isinstance(shipped, (int, float)):
        return f"{name}: {shipped:g}"
    return MENDS.get(name, "see docs/policy.md")


def _is_wider(name: str, value: object) -> bool:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    shipped = getattr(SHIPPED, name, 0)
    return bool((name in AT_MOST and value > shipped) or (name in AT_LEAST and value < shipped))


def _too_wide(node: yaml.Node, name: str, value: float) -> str:
    side = "most" if name in AT_MOST else "least"
    shipped = f"{getattr(SHIPPED, name):g}"
    return (
        f"line {_line(node, (name,))}: {name}: {value:g} is wider than what is shipped; it may be {shipped} at the "
        f"{side} (TEST_CLUSTER=true allows more and says so on every page). Mend: {name}: {shipped}"
    )


def _path(place: Place) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in place)


def _line(node: yaml.Node, place: Place) -> int:
    """Of the deepest part of `place` that the file has."""
    line = node.start_mark.line + 1
    for part in place:
        found = _child(node, part)
        if found is None:
            break
        line, node = found
    return line


def _child(node: yaml.Node, part: int | str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((k.start_mark.line + 1, v) for k, v in node.value if k.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None


def _twice(node: yaml.Node, place: Place) -> Iterator[str]:
    """YAML would silently take the last of two equal keys."""
    if isinstance(node, yaml.MappingNode):
        seen: set[object] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                yield f"line {key.start_mark.line + 1}: {_path((*place, name))} is there twice. Mend: join the two"
            seen.add(name)
            yield from _twice(value, (*place, name))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _twice(value, (*place, number))


def _not_yaml(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}: " if mark else ""
    told = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"{where}is no YAML: {told}. Mend: that line"
