"""Health: alive, ready, and what of the agent's surroundings works. Requests read the last look, never look.

`Probes` is refreshed by a thread of its own (`keep_fresh`), so `/health` answers in milliseconds whatever hangs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, TypeAlias

from flask import Blueprint

from server import accounts
from server.auth import Auth
from server.parts import AppParts
from server.problems import Problem
from tools.clock import Clock
from tools.errors import ToolError

State: TypeAlias = Literal["ok", "down", "unknown", "not_configured"]


@dataclass(frozen=True)
class Service:
    """One system that the agent uses, as last seen."""

    state: State = "unknown"
    latency_ms: float | None = None
    detail: str = ""
    """What it said of itself, e.g. its version."""
    last_error: str = ""
    """Kept after recovery, with `failed_at`."""
    failed_at: datetime | None = None
    checked_at: datetime | None = None

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "state": self.state,
            "latency_ms": self.latency_ms,
            "detail": self.detail,
            "last_error": self.last_error,
            "failed_at": _iso(self.failed_at),
            "checked_at": _iso(self.checked_at),
        }


@dataclass(frozen=True)
class Snapshot:
    """What the last look said."""

    services: dict[str, Service] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What everybody should know, e.g. that the kubeconfig is an administrator's."""
    admin_kubeconfig: bool = False


class Probes:
    """Looks at each service in turn and remembers what it saw. Safe between threads."""

    def __init__(self, clock: Clock, timer: Callable[[], float]) -> None:
        self._clock = clock
        self._timer = timer
        self._checks: dict[str, Callable[[], str]] = {}
        self._snapshot = Snapshot()

    def watch(self, name: str, check: Callable[[], str]) -> None:
        """Look at this service by `check`, which says something about it or raises ToolError."""
        self._checks[name] = check
        self._set(name, Service())

    def absent(self, name: str) -> None:
        """This service is not configured."""
        self._set(name, Service(state="not_configured"))

    def note(self, words: str, *, admin_kubeconfig: bool = False) -> None:
        """Say this on /health and on every page."""
        admin = self._snapshot.admin_kubeconfig or admin_kubeconfig
        self._snapshot = replace(self._snapshot, notes=(*self._snapshot.notes, words), admin_kubeconfig=admin)

    def __call__(self) -> Snapshot:
        return self._snapshot

    def refresh(self) -> None:
        """Look at every service once."""
        for name, check in self._checks.items():
            self._set(name, self._look(check, self._snapshot.services[name]))

    def keep_fresh(self, stop: threading.Event, every_seconds: float = 5.0) -> None:
        """Refresh until `stop` is set. Run it in a thread of its own: a check may hang until its timeout."""
        while not stop.is_set():
            self.refresh()
            stop.wait(every_seconds)

    def _look(self, check: Callable[[], str], before: Service) -> Service:
        started = self._timer()
        try:
            detail = check()
        except ToolError as error:
            now = self._clock.now()
            return replace(
                before, state="down", latency_ms=None, last_error=str(error), failed_at=now, checked_at=now
            )
        latency = round((self._timer() - started) * 1000, 1)
        return replace(before, state="ok", latency_ms=latency, detail=detail, checked_at=self._clock.now())

    def _set(self, name: str, service: Service) -> None:
        self._snapshot = replace(self._snapshot, services={**self._snapshot.services, name: service})


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def report(parts: AppParts) -> dict[str, Any]:
    """The body of /health."""
    snapshot = parts.probe()
    services = {name: service.shown() for name, service in snapshot.services.items()}
    try:
        paused: bool | None = parts.controls.pause_state().paused
        holds = [str(hold) for hold in parts.holds.active(parts.clock.now())]
        store = Service(state="ok")
    except ToolError as error:
        paused, holds, store = None, [], Service(state="down", last_error=str(error))
    services["store"] = store.shown()
    services["worker"] = Service(state="ok" if parts.works() else "down").shown()
    down = sorted(name for name, service in services.items() if service["state"] == "down")
    mode = parts.settings.mode
    return {
        "status": "degraded" if down else "ok",
        "k8s": _works(snapshot, "k8s"),
        "groq": _works(snapshot, "groq"),
        "auto_action": mode == "auto" and paused is False and not holds,
        "mode": mode,
        "paused": paused,
        "holds": holds,
        "test_cluster": parts.settings.test_cluster,
        "sandbox": parts.settings.sandbox,
        "admin_kubeconfig": snapshot.admin_kubeconfig,
        "accounts": accounts.words(parts.settings),
        "notes": list(snapshot.notes),
        "down": down,
        "services": services,
    }


def _works(snapshot: Snapshot, name: str) -> bool:
    return name in snapshot.services and snapshot.services[name].state == "ok"


def blueprint(parts: AppParts, auth: Auth) -> Blueprint:
    """`GET /health`, `/livez`, `/readyz`."""
    pages = Blueprint("health", __name__)

    @pages.get("/health")
    @auth.needs("viewer")
    def health() -> dict[str, Any]:
        return report(parts)

    @pages.get("/livez")
    def alive() -> dict[str, str]:
        if not parts.works():
            detail = "Alerts are accepted, but nothing drives their incidents: restart this process. Its log says why."
            raise Problem(503, "worker-died", "The worker has died", detail)
        return {"status": "alive"}

    @pages.get("/readyz")
    def ready() -> dict[str, str]:
        try:
            parts.ping()
        except ToolError as error:
            detail = f"The store does not commit: {error}"
            raise Problem(503, "not-ready", "Not ready to accept alerts", detail) from error
        return {"status": "ready"}

    return pages
