"""What goes wrong in the demo, scene by scene, and how each must end.

Each scene has a namespace of its own. `prepare` runs before the cluster is given its healthy past, `strike`
when the scene's turn comes; `person` says what the scripted person does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from tools.clock import Clock
from tools.incidents import Incident
from tools.sandbox import Sandbox

Person: TypeAlias = Literal["approve", "fix_it_meanwhile", "none"]
OUTAGE = timedelta(seconds=60)


@dataclass(frozen=True)
class Expected:
    """How one incident of a scene must end."""

    status: str
    problem: str
    route: str
    action: str = ""
    verdict: str = ""


@dataclass(frozen=True)
class Scene:
    """One fault."""

    title: str
    namespace: str
    prepare: Callable[[Sandbox], object]
    strike: Callable[[Sandbox, Clock], object]
    person: Person
    expected: tuple[Expected, ...]
    """In the order in which its incidents begin."""
    lingers: float = 0.0
    """Sandbox seconds to go on watching: new pods that fail may open a `follow_up`, but no second write."""

    def writes(self) -> int:
        """How many writes the scene may cause, however long it is watched."""
        return sum(bool(expected.verdict) for expected in self.expected)


def follow_up(incident: Incident) -> Expected:
    """An incident after a restart that did not help, whatever is proved of it by then: explained, not acted on."""
    return Expected("notified", incident.problem, "notify", incident.action)


def scenes() -> tuple[Scene, ...]:
    """All of them, in the order in which they are played."""
    return (
        Scene(
            "a release that crashes is rolled back after approval",
            "shop",
            lambda sandbox: sandbox.apply(_deployment("shop", "web", "1.0")),
            lambda sandbox, clock: sandbox.apply(_deployment("shop", "web", "1.1", fault="crashloop")),
            "approve",
            (Expected("recovered", "bad_release", "ask", "rollback_deployment", "RECOVERED"),),
        ),
        Scene(
            "a crash whose cause is over is restarted by itself",
            "orders",
            lambda sandbox: _with_database(sandbox, "orders", "orders"),
            lambda sandbox, clock: _database_outage(sandbox, clock, "orders", "orders", for_good=False),
            "none",
            (Expected("recovered", "transient_crash", "act", "restart_deployment", "RECOVERED"),),
        ),
        Scene(
            "a restart that does not help is not repeated",
            "billing",
            lambda sandbox: _with_database(sandbox, "billing", "invoices"),
            lambda sandbox, clock: _database_outage(sandbox, clock, "billing", "invoices", for_good=True),
            "none",
            (Expected("escalated", "transient_crash", "act", "restart_deployment", "NOT_RECOVERED"),),
            lingers=120,
        ),
        Scene(
            "an image that cannot be pulled, with nothing to go back to, is explained",
            "media",
            lambda sandbox: sandbox.apply(_namespace("media")),
            lambda sandbox, clock: sandbox.apply(_deployment("media", "thumbs", "2.0", fault="imagepull")),
            "none",
            (Expected("notified", "image_error", "notify"),),
        ),
        Scene(
            "an approval is withdrawn because somebody has mended the release meanwhile",
            "blog",
            lambda sandbox: sandbox.apply(_deployment("blog", "pages", "4.0")),
            lambda sandbox, clock: sandbox.apply(_deployment("blog", "pages", "4.1", fault="crashloop")),
            "fix_it_meanwhile",
            (Expected("withdrawn", "bad_release", "ask", "rollback_deployment"),),
        ),
        Scene(
            "thirty pods of one Deployment are one incident",
            "fleet",
            lambda sandbox: sandbox.apply(_deployment("fleet", "sensors", "7.0", replicas=30)),
            lambda sandbox, clock: sandbox.apply(
                _deployment("fleet", "sensors", "7.1", replicas=30, fault="crashloop")
            ),
            "approve",
            (Expected("recovered", "bad_release", "ask", "rollback_deployment", "RECOVERED"),),
        ),
    )


def mend(sandbox: Sandbox, namespace: str) -> None:
    """What a developer does in `fix_it_meanwhile`: a release that works."""
    sandbox.apply(_deployment(namespace, "pages", "4.2"))


def break_older_revision(sandbox: Sandbox, clock: Clock) -> None:
    """Pods of shop/web's older revision break if they are made from now on; those that run stay healthy."""
    since = clock.now()
    sandbox.fault("shop", "web", "crashloop", when=lambda pod, now: _is_older(pod) and _made(pod) > since)


def _is_older(pod: dict[str, Any]) -> bool:
    return str(pod["spec"]["containers"][0]["image"]).endswith(":1.0")


def _made(pod: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(pod["metadata"]["creationTimestamp"])


def _with_database(sandbox: Sandbox, namespace: str, name: str) -> None:
    database = _deployment(namespace, "database", "16", replicas=1)
    address = {"DATABASE_HOST": f"database.{namespace}.svc"}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "database", "namespace": namespace},
        "spec": {"selector": {"app": "database"}, "ports": [{"port": 5432}]},
    }
    sandbox.apply([service, database, _deployment(namespace, name, "3.2", env=address)])


def _database_outage(sandbox: Sandbox, clock: Clock, namespace: str, name: str, *, for_good: bool) -> None:
    """The database is not ready for a while; its client crashes, and goes on crashing on what it kept."""
    back = clock.now() + OUTAGE
    lines = ["connecting to database", "error: stale session in local state, giving up"]
    sandbox.fault(namespace, "database", "notready", until=back)
    created_before = None if for_good else back
    sandbox.fault(namespace, name, "crashloop", created_before=created_before, log_lines=lines, after=0.3)


def _namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _deployment(
    namespace: str,
    name: str,
    version: str,
    *,
    replicas: int = 3,
    fault: str = "",
    env: dict[str, str] | None = None,
) -> dict[str, Any]:
    labels = {"app": name, **({"sim/fault": fault} if fault else {})}
    variables = [{"name": key, "value": value} for key, value in (env or {}).items()]
    container = {"name": name, "image": f"registry.example/{name}:{version}", "env": variables}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
