"""What goes wrong with which pods: asked for by a label of the template, or scripted at run time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias, get_args

from tools.cluster import JsonObject
from tools.sandbox.values import parse_instant

LABEL = "sim/fault"
"""A pod with this label misbehaves so, on the real control plane of the tests as well."""
CRASHES = ("crashloop", "crashdead", "oom")
"""Faults that end the container; `crashdead` is never ready before, the others are."""
UNSTARTABLE = ("imagepull", "registryout", "configerror")
"""Faults that keep containers from starting."""

FaultKind: TypeAlias = Literal[
    "crashloop", "crashdead", "oom", "imagepull", "registryout", "configerror", "notready", "slowstart"
]
Predicate: TypeAlias = Callable[[JsonObject, datetime], bool]


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, for the pods of one workload, while its conditions hold."""

    kind: FaultKind
    namespace: str = ""
    workload: str = ""
    when: Predicate | None = None
    """Asked with the pod and the instant; must not write to the sandbox."""
    created_before: datetime | None = None
    """Only pods created before this instant: newer ones are well."""
    until: datetime | None = None
    exit_code: int = 1
    log_lines: tuple[str, ...] = ()
    after: float = 1.5
    """Seconds that a container runs before it crashes."""
    container: str = ""
    """Which container crashes; empty: the first."""

    def holds(self, pod: JsonObject, now: datetime) -> bool:
        """True if this pod is ill at this instant."""
        if self.until is not None and now >= self.until:
            return False
        created = parse_instant(pod["metadata"]["creationTimestamp"])
        if self.created_before is not None and created >= self.created_before:
            return False
        return self.when is None or self.when(pod, now)


SLOW_SECONDS = 6.0
"""How much later than usual a `slowstart` container becomes ready."""


@dataclass
class Faults:
    """All scripted faults of a sandbox."""

    scripted: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force. Raises ValueError for a kind that is not known."""
        if fault.kind not in get_args(FaultKind):
            raise ValueError(f"unknown fault {fault.kind!r}: choose one of {', '.join(get_args(FaultKind))}")
        self.scripted.append(fault)
        return fault

    def clear(self, namespace: str = "", workload: str = "") -> None:
        """End scripted faults, of one workload or (without arguments) all of them."""
        self.scripted = [
            fault
            for fault in self.scripted
            if (namespace and fault.namespace != namespace) or (workload and fault.workload != workload)
        ]

    def of(self, pod: JsonObject, workload: str) -> Sequence[Fault]:
        """Every fault that may ever hold for this pod, the template's label first."""
        namespace = pod["metadata"].get("namespace", "")
        label = (pod["metadata"].get("labels") or {}).get(LABEL)
        asked = [Fault(kind) for kind in get_args(FaultKind) if kind == label]
        found = [f for f in self.scripted if (f.namespace, f.workload) == (namespace, workload)]
        return [*asked, *found]
