"""Load and leaks that only Prometheus shows, from alert to verdict; and what happens where it does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.harness import Harness, harness
from tests.server.ways import decision, fire, limited, replicas, told, writes
from tools.sandbox.prometheus import PrometheusServer, Spoilt

pytestmark = pytest.mark.timeout(300)
CORES, MEMORY = "container_cpu_usage_seconds_total", "container_memory_working_set_bytes"
SCALE = "PATCH /apis/apps/v1/namespaces/shop/deployments/web/scale"
RESTART = "PATCH /apis/apps/v1/namespaces/shop/deployments/web"
MIB = 2.0**20
HOUR = 3600.0


@contextmanager
def agent_with(
    folder: Path, age: float = 1200.0, *, metrics_server: bool = False
) -> Iterator[tuple[Harness, PrometheusServer]]:
    """An agent that may act, mostly without a metrics server, and three pods that have been well so long."""
    with (
        PrometheusServer() as server,
        harness(folder, metrics_server=metrics_server, MODE="auto", PROMETHEUS_URL=server.url) as agent,
    ):
        agent.sandbox.apply(limited())
        agent.advance(age, step=60)
        yield agent, server


def names(agent: Harness) -> list[str]:
    """Of its pods."""
    return sorted(pod["metadata"]["name"] for pod in agent.pods("shop"))


def use(server: PrometheusServer, agent: Harness, cores: float, by: str = "(rate(") -> None:
    """Each of the pods that are there uses so many cores, by the one query or the other."""
    labels = [{"namespace": "shop", "pod": name, "container": "web"} for name in names(agent)]
    server.hold(f"{by}{CORES}", *[(each, [(0, cores)]) for each in labels])


def hot(agent: Harness) -> str:
    """The alert about it; the incident's id."""
    return fire(agent, "HighCPUUsage", namespace="shop", deployment="web")


def test_load_that_only_prometheus_shows_is_scaled_and_verified(tmp_path: Path) -> None:
    """By the newest samples: an average over five minutes would still call it busy."""
    with agent_with(tmp_path) as (agent, server):
        use(server, agent, 0.48)
        incident_id = hot(agent)
        agent.advance(60)
        assert (told(agent, incident_id)[:2], replicas(agent)) == (("high_cpu", "act"), 4)
        reasons = " ".join(decision(agent, incident_id)["reasons"])
        assert "told by Prometheus, as an average of five minutes" in reasons
        use(server, agent, 0.36, by="irate(")
        agent.advance(300)
        assert told(agent, incident_id) == ("high_cpu", "act", "recovered", "RECOVERED")
        assert writes(agent) == [SCALE]


def test_load_that_stays_is_not_called_relief(tmp_path: Path) -> None:
    """The new pod is as busy as the others."""
    with agent_with(tmp_path) as (agent, server):
        use(server, agent, 0.48)
        incident_id = hot(agent)
        agent.advance(60)
        use(server, agent, 0.47, by="irate(")
        agent.advance(400)
        assert told(agent, incident_id)[2:] == ("escalated", "NOT_RECOVERED")


def test_a_prometheus_that_goes_away_leaves_the_verdict_open(tmp_path: Path) -> None:
    """The pods are well, and nobody tells what they use."""
    with agent_with(tmp_path) as (agent, server):
        use(server, agent, 0.48)
        incident_id = hot(agent)
        agent.advance(60)
        server.spoilt = Spoilt(503)
        agent.advance(1200, step=30)
        assert told(agent, incident_id)[2:] == ("inconclusive", "INCONCLUSIVE")


def test_a_prometheus_that_does_not_answer_proves_nothing(tmp_path: Path) -> None:
    """The failed read is said, the run ends, and nothing is written."""
    with agent_with(tmp_path) as (agent, server):
        use(server, agent, 0.48)
        server.spoilt = Spoilt(500)
        incident_id = hot(agent)
        agent.advance(60)
        assert told(agent, incident_id)[:3] == ("unknown", "notify", "notified")
        assert "Prometheus answers 500" in " ".join(decision(agent, incident_id)["reasons"])
        assert writes(agent) == []


def test_one_that_goes_away_while_it_settles_stops_the_write(tmp_path: Path) -> None:
    """Everything is proved again right before the write."""
    with agent_with(tmp_path) as (agent, server):
        use(server, agent, 0.48)
        hot(agent)
        server.spoilt = Spoilt(500)
        agent.advance(120)
        assert writes(agent) == []


def test_one_busy_pod_is_shown_and_left_alone(tmp_path: Path) -> None:
    """More pods would idle as the others do; which one is busy comes first in the reasons."""
    with agent_with(tmp_path) as (agent, server):
        busy, *idle = names(agent)
        labels = {"namespace": "shop", "container": "web"}
        told_of = [(busy, 0.5), *((name, 0.05) for name in idle)]
        server.hold(CORES, *[({**labels, "pod": name}, [(0, cores)]) for name, cores in told_of])
        incident_id = hot(agent)
        assert told(agent, incident_id)[:3] == ("unknown", "notify", "notified")
        reasons = decision(agent, incident_id)["reasons"]
        assert f"… {busy.rpartition('-')[2]} 500m (100%)" in reasons[1]
        assert any(f"something in {busy}: 1 of 3 use 80% and more" in reason for reason in reasons)


def test_without_either_source_what_is_missing_is_named(tmp_path: Path) -> None:
    """Neither a metrics server nor PROMETHEUS_URL: explained, with what would let the agent look."""
    with harness(tmp_path, metrics_server=False, MODE="auto") as agent:
        agent.sandbox.apply(limited())
        agent.advance(1200, step=60)
        incident_id = hot(agent)
        reasons = " ".join(decision(agent, incident_id)["reasons"])
        assert "nobody tells what they use" in reasons
        assert "metrics.k8s.io tells nothing" in reasons
        assert "Prometheus is not configured (PROMETHEUS_URL)" in reasons
        (message,) = agent.agent.services.outbox.for_incident(incident_id)
        assert "PROMETHEUS_URL, would let this agent look" in message.body


def grow(server: PrometheusServer, agent: Harness, share: tuple[float, float], *, jump: bool = False) -> None:
    """Over two hours all pods went from one share of their 128Mi to the other, steadily or at once."""
    first, last = (128 * MIB * part for part in share)
    values = [
        last if jump and n > 8 else first if jump else first + (last - first) * n / 11 for n in range(12)
    ]
    points = [(2 * HOUR * (11 - n) / 11, value) for n, value in enumerate(values)]
    labels = [{"namespace": "shop", "pod": name, "container": "web"} for name in names(agent)]
    server.hold(MEMORY, *[(each, points) for each in labels])


def kill_one(agent: Harness) -> str:
    """The first pod is killed for memory; the alert's incident."""
    first, struck = names(agent)[0], agent.clock.now()
    agent.sandbox.fault(
        "shop",
        "web",
        "oom",
        after=3600.0,
        when=lambda pod, now: pod["metadata"]["name"] == first,
        created_before=struck,
    )
    agent.advance(20)
    return fire(agent, "PodOOMKilled", namespace="shop", container="web", pod=first)


def test_a_leak_that_prometheus_shows_is_restarted_once(tmp_path: Path) -> None:
    """Slow growth of the siblings up to their limit; the reasons say so."""
    with agent_with(tmp_path, age=3 * HOUR) as (agent, server):
        grow(server, agent, (0.5, 0.95))
        incident_id = kill_one(agent)
        assert told(agent, incident_id)[:3] == ("out_of_memory", "act", "settling")
        assert "rises all the time" in " ".join(decision(agent, incident_id)["reasons"])
        agent.advance(60)
        assert writes(agent) == [RESTART]


def test_a_jump_is_no_leak(tmp_path: Path) -> None:
    """A restart would only bring it back."""
    with agent_with(tmp_path, age=3 * HOUR) as (agent, server):
        grow(server, agent, (0.5, 0.95), jump=True)
        incident_id = kill_one(agent)
        agent.advance(60)
        assert told(agent, incident_id)[:3] == ("out_of_memory", "notify", "notified")
        assert writes(agent) == []


def test_growth_that_cannot_be_read_refuses_the_restart(tmp_path: Path) -> None:
    """Though a metrics server says that the siblings are near their limit."""
    with agent_with(tmp_path, age=3 * HOUR, metrics_server=True) as (agent, server):
        agent.sandbox.load("shop", "web", memory=122 * MIB)
        server.spoilt = Spoilt(500)
        incident_id = kill_one(agent)
        agent.advance(60)
        assert told(agent, incident_id)[:3] == ("out_of_memory", "notify", "notified")
        assert any("growth_unread" in block for block in decision(agent, incident_id)["blocked_by"])
        assert writes(agent) == []


def test_a_prometheus_that_knows_nothing_leaves_it_to_a_person(tmp_path: Path) -> None:
    """It answered, and slow growth is not shown: asked for, not done."""
    with agent_with(tmp_path, age=3 * HOUR, metrics_server=True) as (agent, _):
        agent.sandbox.load("shop", "web", memory=122 * MIB)
        incident_id = kill_one(agent)
        assert told(agent, incident_id)[:3] == ("out_of_memory", "ask", "awaiting_approval")
        assert writes(agent) == []


def test_health_tells_how_it_is(tmp_path: Path) -> None:
    """Its version while it answers, and why not when it does not; never fatal."""
    with agent_with(tmp_path) as (agent, server):
        agent.agent.probes.refresh()
        shown = agent.client.get("/health").get_json()["services"]["prometheus"]
        assert (shown["state"], shown["detail"]) == ("ok", "2.53.0")
        server.spoilt = Spoilt(502)
        agent.agent.probes.refresh()
        shown = agent.client.get("/health").get_json()["services"]["prometheus"]
        assert (shown["state"], shown["last_error"][:22]) == ("down", "Prometheus answers 502")
    other = tmp_path / "other"
    other.mkdir()
    with harness(other) as agent:
        agent.agent.probes.refresh()
        assert agent.client.get("/health").get_json()["services"]["prometheus"]["state"] == "not_configured"
