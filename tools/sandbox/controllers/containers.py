"""One container's life on a node: pulled, started, crashed, held back, started again.

Back-off is the kubelet's: the first restart comes at once, then 10 s doubling to 300 s, forgotten after ten
minutes of running.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from tools.cluster import JsonObject
from tools.sandbox.faults import SLOW_SECONDS, Fault

FIRST_BACKOFF = timedelta(seconds=10)
LONGEST_BACKOFF = timedelta(seconds=300)
_SYNC = timedelta(seconds=1)
"""How long the kubelet takes to notice what its containers did."""
_PROBE = timedelta(seconds=10)
_RETRY = timedelta(seconds=12)
"""How often the kubelet tries again what is not held back."""
_TASK = timedelta(seconds=1)
"""How long a container of a Job runs before it is done."""
_PULL_ERRORS = {
    "imagepull": "{image}: not found",
    "registryout": "dial tcp 192.0.2.7:443: connect: connection refused",
}
"""What the registry's answer comes down to, by the fault."""


@dataclass
class BackOff:
    """The kubelet's memory of how often something failed."""

    delay: timedelta = timedelta(0)
    updated: datetime | None = None

    def next(self, event: datetime, now: datetime) -> None:
        """Count one more failure, whose newest sign was at `event`."""
        self.delay = FIRST_BACKOFF if self._expired(event) else min(self.delay * 2, LONGEST_BACKOFF)
        self.updated = now

    def holds_until(self, event: datetime) -> datetime | None:
        """Until when the next try has to wait, None if it need not."""
        return None if self._expired(event) else event + self.delay

    def _expired(self, event: datetime) -> bool:
        return self.updated is None or event - self.updated > LONGEST_BACKOFF * 2


@dataclass(frozen=True)
class Symptoms:
    """Which faults hold for one container at one instant."""

    crash: Fault | None = None
    blocked: str = ""
    """`imagepull` or `configerror`: the container cannot start."""
    unready: bool = False
    slow: bool = False


@dataclass(frozen=True)
class Termination:
    """How a container ended."""

    container_id: str
    exit_code: int
    reason: str
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True)
class Happening:
    """Something to tell: an Event, or (without a type) a change that only logs care about."""

    reason: str
    message: str = ""
    type: str = "Normal"
    fault: Fault | None = None


@dataclass
class Container:
    """State of one container of one pod."""

    spec: JsonObject
    pod: str
    """`name_namespace(uid)`, as messages spell it."""
    begins_at: datetime
    state: Literal["waiting", "running", "terminated"] = "waiting"
    reason: str = "ContainerCreating"
    message: str = ""
    started_at: datetime | None = None
    container_id: str = ""
    restarts: int = 0
    runs: int = 0
    ended: Termination | None = None
    last: Termination | None = None
    retry_at: datetime | None = None
    restart_backoff: BackOff = field(default_factory=BackOff)
    pull_backoff: BackOff = field(default_factory=BackOff)
    probed_at: datetime | None = None
    restart_policy: str = "Always"
    task: bool = False
    """Of a Job: unless it crashes it ends well after `_TASK`."""

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def image(self) -> str:
        return str(self.spec["image"])

    def step(self, now: datetime, symptoms: Symptoms) -> list[Happening]:
        """Do one thing that is due; nothing happened if the list is empty."""
        if self.state == "running":
            return self._while_running(now, symptoms)
        if self.state == "terminated":
            return self._after_exit(now)
        due = self.begins_at if self.reason == "ContainerCreating" else self.retry_at
        if due is None or now < due:
            return []
        if self.reason == "ErrImagePull":
            return self._hold_pull()
        if self.reason in ("CrashLoopBackOff", "CreateContainerConfigError"):
            return self._configure(now, symptoms)
        return self._pull(now, symptoms)

    @property
    def finished(self) -> bool:
        """Ended, and never started again."""
        if self.state != "terminated" or self.ended is None:
            return False
        failed = self.ended.exit_code != 0
        return self.restart_policy == "Never" or (self.restart_policy == "OnFailure" and not failed)

    def due(self, now: datetime, symptoms: Symptoms) -> datetime | None:
        """When the next thing happens if nothing else changes."""
        if self.finished:
            return None
        if self.state == "terminated":
            assert self.ended
            return self.ended.finished_at + _SYNC
        if self.state == "waiting":
            return self.begins_at if self.reason == "ContainerCreating" else self.retry_at
        moments = [self._crash_at(symptoms), self._probe_at(symptoms), self._done_at(symptoms)]
        if not self.ready(now, symptoms):
            moments.append(self._ready_at(symptoms))
        return min((moment for moment in moments if moment and moment > now), default=None)

    def ready(self, now: datetime, symptoms: Symptoms) -> bool:
        """Running, and its readiness probe (if it has one) succeeds."""
        return self.state == "running" and not symptoms.unready and now >= self._ready_at(symptoms)

    def _pull(self, now: datetime, symptoms: Symptoms) -> list[Happening]:
        pulling = Happening("Pulling", f'Pulling image "{self.image}"')
        said = _PULL_ERRORS.get(symptoms.blocked)
        if said is None:
            text = f'Successfully pulled image "{self.image}" in 412ms (412ms including waiting).'
            return [pulling, Happening("Pulled", text), *self._configure(now, symptoms)]
        self.pull_backoff.next(now, now)
        self.reason, self.retry_at = "ErrImagePull", now + _SYNC
        self.message = (
            f'failed to pull and unpack image "{self.image}": failed to resolve reference "{self.image}": '
            + said.format(image=self.image)
        )
        failed = f'Failed to pull image "{self.image}": {self.message}'
        return [
            pulling,
            Happening("Failed", failed, "Warning"),
            Happening("Failed", "Error: ErrImagePull", "Warning"),
        ]

    def _hold_pull(self) -> list[Happening]:
        assert self.retry_at
        self.retry_at += self.pull_backoff.delay - _SYNC
        self.reason, self.message = "ImagePullBackOff", f'Back-off pulling image "{self.image}"'
        text = f'Back-off pulling image "{self.image}"'
        return [Happening("BackOff", text), Happening("Failed", "Error: ImagePullBackOff", "Warning")]

    def _configure(self, now: datetime, symptoms: Symptoms) -> list[Happening]:
        if symptoms.blocked != "configerror":
            return self._start(now)
        self.reason, self.message = "CreateContainerConfigError", 'configmap "settings" not found'
        self.retry_at = now + _RETRY
        return [Happening("Failed", f"Error: {self.message}", "Warning")]

    def _start(self, now: datetime) -> list[Happening]:
        if self.ended:
            self.restarts += 1
            self.restart_backoff.next(self.ended.finished_at, now)
            self.last, self.ended = self.ended, None
        self.runs += 1
        self.state, self.reason, self.message = "running", "", ""
        self.started_at, self.retry_at, self.probed_at = now, None, None
        return [
            Happening("Created", f"Created container: {self.name}"),
            Happening("Started", f"Started container {self.name}"),
        ]

    def _while_running(self, now: datetime, symptoms: Symptoms) -> list[Happening]:
        crash_at, probe_at = self._crash_at(symptoms), self._probe_at(symptoms)
        if crash_at and now >= crash_at and symptoms.crash:
            return self._crash(now, symptoms.crash)
        done_at = self._done_at(symptoms)
        if done_at and now >= done_at:
            return self._complete(now)
        if probe_at and now >= probe_at:
            self.probed_at = now
            text = "Readiness probe failed: HTTP probe failed with statuscode: 503"
            return [Happening("Unhealthy", text, "Warning")]
        return []

    def _crash(self, now: datetime, fault: Fault) -> list[Happening]:
        assert self.started_at
        oom = fault.kind == "oom"
        self.ended = Termination(
            self.container_id,
            137 if oom else fault.exit_code,
            "OOMKilled" if oom else "Error",
            self.started_at,
            now,
        )
        self.state = "terminated"
        return [Happening("Crashed", type="", fault=fault)]

    def _complete(self, now: datetime) -> list[Happening]:
        assert self.started_at
        self.ended = Termination(self.container_id, 0, "Completed", self.started_at, now)
        self.state = "terminated"
        return [Happening("Completed", type="")]

    def _after_exit(self, now: datetime) -> list[Happening]:
        assert self.ended
        if self.finished:
            return []
        finished = self.ended.finished_at
        if now < finished + _SYNC:
            return []
        until = self.restart_backoff.holds_until(finished)
        if until is None or now >= until:
            return self._start(now)
        seconds = int(self.restart_backoff.delay.total_seconds())
        spelled = f"{seconds // 60}m{seconds % 60}s" if seconds >= 60 else f"{seconds}s"
        self.state, self.reason, self.retry_at = "waiting", "CrashLoopBackOff", until
        self.message = f"back-off {spelled} restarting failed container={self.name} pod={self.pod}"
        text = f"Back-off restarting failed container {self.name} in pod {self.pod}"
        return [Happening("BackOff", text, "Warning")]

    def _crash_at(self, symptoms: Symptoms) -> datetime | None:
        if symptoms.crash is None or self.started_at is None:
            return None
        return self.started_at + timedelta(seconds=symptoms.crash.after)

    def _done_at(self, symptoms: Symptoms) -> datetime | None:
        if not self.task or symptoms.crash or self.started_at is None:
            return None
        return self.started_at + _TASK

    def _probe_at(self, symptoms: Symptoms) -> datetime | None:
        if not symptoms.unready or self.started_at is None:
            return None
        return self.probed_at + _PROBE if self.probed_at else self.started_at + _SYNC

    def _ready_at(self, symptoms: Symptoms) -> datetime:
        assert self.started_at
        probe = self.spec.get("readinessProbe")
        wait = 1.0 + probe.get("initialDelaySeconds", 0) if probe else 0.0
        return self.started_at + timedelta(seconds=wait + (SLOW_SECONDS if symptoms.slow else 0.0))
