"""Everything that runs during a demo: a sandbox with a past, an agent with its pages, and its alerts."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server import logging, serving
from server.bootstrap import Agent, build
from server.demo.alerting import Alerting
from server.demo.scenes import Scene, scenes
from server.settings import Settings
from tools.clock import ScaledClock
from tools.cluster import KubernetesCluster
from tools.errors import ToolError
from tools.sandbox import Sandbox
from tools.sightings import look

SPEED = 30.0
"""Sandbox seconds per second."""
HEALTHY_PAST_SECONDS = 900.0
SETTINGS = {
    "MODE": "auto",
    "SETTLE_SECONDS": "1",
    "APPROVAL_TTL_MINUTES": "1440",
    "VERIFY_DELAY_SECONDS": "5",
    "VERIFY_WINDOW_SECONDS": "30",
    "LOG_FORMAT": "console",
    "LOG_LEVEL": "ERROR",
}
LIMITS = {"hold_window_seconds": 0.0}
"""The scenes fail apart from each other, only faster than anything does: at this speed they would be held for one."""
READY_SECONDS = 90.0
"""Real seconds within which the cluster must be well."""


@dataclass
class Stage:
    """What a scene is played on."""

    sandbox: Sandbox
    clock: ScaledClock
    agent: Agent
    alerting: Alerting
    address: str

    def strike(self, scene: Scene) -> None:
        """Let it go wrong, out of Prometheus's sight until it has gone far enough."""
        with self.alerting.silent():
            scene.strike(self.sandbox, self.clock)

    def remember(self) -> None:
        """Have what has ended remembered now: loading the memory takes seconds, which are many at this speed."""
        if self.agent.memory:
            try:
                self.agent.memory.keep_up()
            except ToolError:
                return  # the agent's own chore tries again and says what is wrong; the record remembers too


@contextmanager
def stage(port: int) -> Iterator[Stage]:
    """Set all of it up, and take it down again."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sre-agent-demo-")))
        logging.configure("ERROR", "console")
        clock = ScaledClock(SPEED)
        sandbox = stack.enter_context(Sandbox(clock=clock, nodes=3))
        for scene in scenes():
            scene.prepare(sandbox)
        agent = _agent(sandbox, clock, folder, port)
        stack.callback(agent.stop)
        _give_a_past(agent, sandbox, clock)
        server = serving.listen(agent)
        stack.callback(server.close)
        threading.Thread(target=server.run, name="web", daemon=True).start()
        address = serving.address(server)
        agent.start()
        alerting = Alerting(sandbox, clock, f"{address}/webhook")
        alerting.start()
        stack.callback(alerting.stop)
        yield Stage(sandbox, clock, agent, alerting, address)


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll until it holds; False when the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return condition()


def _agent(sandbox: Sandbox, clock: ScaledClock, folder: Path, port: int) -> Agent:
    kubeconfig = str(sandbox.kubeconfig(folder / "kubeconfig"))
    places = {"DATA_DIR": str(folder / "data"), "PORT": str(port), "KUBECONFIG": kubeconfig}
    settings = Settings.load({**SETTINGS, **places}, sandbox=True)
    cluster = KubernetesCluster.connect(kubeconfig)
    return build(settings, clock=clock, cluster=cluster, limits=LIMITS)


def _give_a_past(agent: Agent, sandbox: Sandbox, clock: ScaledClock) -> None:
    """Let every workload be seen healthy for a quarter of an hour of the sandbox's time."""
    until(lambda: all(_is_ready(d) for d in sandbox.list("Deployment")), READY_SECONDS)
    for _ in range(int(HEALTHY_PAST_SECONDS // 60)):
        look(agent.services.cluster, agent.services.revisions, clock)
        clock.skip(60)
    look(agent.services.cluster, agent.services.revisions, clock)


def _is_ready(deployment: dict[str, Any]) -> bool:
    return bool(deployment.get("status", {}).get("availableReplicas", 0) >= deployment["spec"]["replicas"])
