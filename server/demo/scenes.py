"""What goes wrong in the demo, scene by scene, and how each must end.

Each scene has a place of its own, a namespace or a node. `prepare` runs before the cluster is given its healthy
past. `strike` runs when the scene's turn comes and lets the sandbox's time go by at once, up to where an agent looks:
a crash loop is looked at early in a back-off of five minutes, so that no container is caught between two states
however slow the machine is. `person` says what the scripted person does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from server.demo.workloads import deployment, namespace, with_database
from tools.clock import ScaledClock
from tools.incidents import Incident
from tools.sandbox import Sandbox

Person: TypeAlias = Literal["approve", "fix_it_meanwhile", "none"]
Strike: TypeAlias = Callable[[Sandbox, ScaledClock], object]

OUTAGE = timedelta(seconds=60)
LONGEST_BACKOFF = 345.0
"""Sandbox seconds after the first crash: after the back-offs of 10 to 160 seconds, early in the one of 300."""
STUCK = 320.0
"""Longer than a pod may take to become ready."""
AWAY = 110.0
"""40 s until the control plane notices that a node is silent, and a minute that counts as long."""
BUSY = 60.0
HOURS = 7 * 3600.0
"""Longer than the six hours in which nothing is tried twice."""


@dataclass(frozen=True)
class Expected:
    """How one incident of a scene must end."""

    status: str
    problem: str
    route: str
    action: str = ""
    verdict: str = ""
    says: str = ""
    """Words that its message must contain."""
    remembers: bool = False
    """Its decision must cite an earlier incident of the same place."""


@dataclass(frozen=True)
class Scene:
    """One fault."""

    title: str
    place: str
    """The namespace, or the node, that it happens to."""
    prepare: Callable[[Sandbox], object]
    strike: Strike
    person: Person
    expected: tuple[Expected, ...]
    """In the order in which its incidents begin."""
    mend: Callable[[Sandbox], object] | None = None
    """What people do at the cluster itself instead of approving."""
    lingers: float = 0.0
    """Sandbox seconds to go on watching: new pods that fail may open a `follow_up`, but no second write."""

    def writes(self) -> int:
        """How many writes the scene may cause, however long it is watched."""
        return sum(bool(expected.verdict) for expected in self.expected)


def follow_up(incident: Incident) -> Expected:
    """An incident after a restart that did not help, whatever is proved of it by then: explained, not acted on."""
    return Expected("notified", incident.problem, "notify", incident.action)


ROLLED_BACK = Expected("recovered", "bad_release", "ask", "rollback_deployment", "RECOVERED")
RESTARTED = Expected("recovered", "transient_crash", "act", "restart_deployment", "RECOVERED")


def scenes() -> tuple[Scene, ...]:
    """All of them, in the order in which they are played."""
    return (
        Scene(
            "a release that crashes is rolled back after approval",
            "shop",
            _runs(deployment("shop", "web", "1.0")),
            _releases(deployment("shop", "web", "1.1", fault="crashloop"), LONGEST_BACKOFF),
            "approve",
            (ROLLED_BACK,),
        ),
        Scene(
            "a crash whose cause is over is restarted by itself",
            "orders",
            _runs(*with_database("orders", "orders")),
            _loses_its_database("orders", "orders", for_good=False),
            "none",
            (RESTARTED,),
        ),
        Scene(
            "a restart that does not help is not repeated",
            "billing",
            _runs(*with_database("billing", "invoices")),
            _loses_its_database("billing", "invoices", for_good=True),
            "none",
            (Expected("escalated", "transient_crash", "act", "restart_deployment", "NOT_RECOVERED"),),
            lingers=120,
        ),
        Scene(
            "all replicas are near their processor limit: it is scaled by itself",
            "checkout",
            _runs(deployment("checkout", "api", "5.0", limits={"cpu": "500m", "memory": "256Mi"})),
            _is_busy("checkout", "api", cores=1.45),
            "none",
            (Expected("recovered", "high_cpu", "act", "scale_deployment", "RECOVERED"),),
        ),
        Scene(
            "one pod is stuck while its siblings are well: it is evicted",
            "mail",
            _runs(deployment("mail", "sender", "2.3")),
            _has_one_stuck_pod("mail", "sender"),
            "none",
            (Expected("recovered", "stuck_pod", "act", "delete_pod", "RECOVERED"),),
        ),
        Scene(
            "a memory limit that is too small is raised after approval, to a computed one",
            "search",
            _runs(deployment("search", "index", "8.1", limits={"cpu": "1", "memory": "128Mi"})),
            _needs_more_memory("search", "index"),
            "approve",
            (Expected("recovered", "out_of_memory", "ask", "set_memory_limit", "RECOVERED"),),
        ),
        Scene(
            "an image that cannot be pulled, with nothing to go back to, is explained",
            "media",
            _runs(namespace("media")),
            _releases(deployment("media", "thumbs", "2.0", fault="imagepull"), 60),
            "none",
            (Expected("notified", "image_name", "notify"),),
        ),
        Scene(
            "an approval is withdrawn because somebody has mended the release meanwhile",
            "blog",
            _runs(deployment("blog", "pages", "4.0")),
            _releases(deployment("blog", "pages", "4.1", fault="crashloop"), LONGEST_BACKOFF),
            "fix_it_meanwhile",
            (Expected("withdrawn", "bad_release", "ask", "rollback_deployment"),),
            mend=_runs(deployment("blog", "pages", "4.2")),
        ),
        Scene(
            "thirty pods of one Deployment are one incident",
            "fleet",
            _runs(deployment("fleet", "sensors", "7.0", replicas=30)),
            _releases(deployment("fleet", "sensors", "7.1", replicas=30, fault="crashloop"), LONGEST_BACKOFF),
            "approve",
            (ROLLED_BACK,),
        ),
        Scene(
            "a node that is not Ready is cordoned after approval, and handed over: a cordon mends nothing",
            "node-3",
            lambda sandbox: None,
            _falls_silent("node-3"),
            "approve",
            (Expected("escalated", "node_not_ready", "ask", "cordon_node", "NOT_RECOVERED"),),
        ),
        Scene(
            "seven hours later the same crash again: the agent remembers what helped",
            "orders",
            lambda sandbox: None,
            _seven_hours_later(_loses_its_database("orders", "orders", for_good=False)),
            "none",
            (
                Expected(
                    "recovered", "transient_crash", "act", "restart_deployment", "RECOVERED", remembers=True
                ),
            ),
        ),
    )


def break_older_revision(sandbox: Sandbox, clock: ScaledClock) -> None:
    """Pods of shop/web's older revision break if they are made from now on; those that run stay healthy."""
    since = clock.now()
    sandbox.fault("shop", "web", "crashloop", when=lambda pod, now: _is_older(pod) and _made(pod) > since)


def _is_older(pod: dict[str, Any]) -> bool:
    return str(pod["spec"]["containers"][0]["image"]).endswith(":1.0")


def _made(pod: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(pod["metadata"]["creationTimestamp"])


def _runs(*manifests: dict[str, Any]) -> Callable[[Sandbox], object]:
    return lambda sandbox: sandbox.apply(manifests)


def _let_pass(sandbox: Sandbox, clock: ScaledClock, seconds: float) -> None:
    """At once, with the same history as if somebody had waited."""
    clock.skip(seconds)
    sandbox.step()


def _releases(manifest: dict[str, Any], seconds: float) -> Strike:
    def strike(sandbox: Sandbox, clock: ScaledClock) -> None:
        sandbox.apply(manifest)
        _let_pass(sandbox, clock, seconds)

    return strike


def _loses_its_database(place: str, name: str, *, for_good: bool) -> Strike:
    """The database is not ready for a while; its client crashes, and goes on crashing on what it kept."""

    def strike(sandbox: Sandbox, clock: ScaledClock) -> None:
        back = clock.now() + OUTAGE
        lines = ["connecting to database", "error: stale session in local state, giving up"]
        sandbox.fault(place, "database", "notready", until=back)
        created_before = None if for_good else back
        sandbox.fault(place, name, "crashloop", created_before=created_before, log_lines=lines, after=0.3)
        _let_pass(sandbox, clock, LONGEST_BACKOFF)

    return strike


def _is_busy(place: str, name: str, *, cores: float) -> Strike:
    def strike(sandbox: Sandbox, clock: ScaledClock) -> None:
        sandbox.load(place, name, cores=cores)
        _let_pass(sandbox, clock, BUSY)

    return strike


def _has_one_stuck_pod(place: str, name: str) -> Strike:
    def strike(sandbox: Sandbox, clock: ScaledClock) -> None:
        stuck = min(pod["metadata"]["name"] for pod in sandbox.pods(place, name))
        sandbox.fault(place, name, "notready", when=lambda pod, now: pod["metadata"]["name"] == stuck)
        _let_pass(sandbox, clock, STUCK)

    return strike


def _needs_more_memory(place: str, name: str) -> Strike:
    def strike(sandbox: Sandbox, clock: ScaledClock) -> None:
        sandbox.fault(place, name, "oom", after=5.0, when=lambda pod, now: _has_no_more(pod, "128Mi"))
        _let_pass(sandbox, clock, LONGEST_BACKOFF)

    return strike


def _has_no_more(pod: dict[str, Any], memory: str) -> bool:
    return bool(pod["spec"]["containers"][0]["resources"]["limits"]["memory"] == memory)


def _falls_silent(node: str) -> Strike:
    def strike(sandbox: Sandbox, clock: ScaledClock) -> None:
        sandbox.stop_node(node)
        _let_pass(sandbox, clock, AWAY)

    return strike


def _seven_hours_later(then: Strike) -> Strike:
    """People have mended what was left to them, and the day has gone on."""

    def strike(sandbox: Sandbox, clock: ScaledClock) -> None:
        sandbox.clear_faults()
        sandbox.start_node("node-3")
        _let_pass(sandbox, clock, HOURS)
        then(sandbox, clock)

    return strike
