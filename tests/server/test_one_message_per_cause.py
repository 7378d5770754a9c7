"""One outage, several incidents: the first message at once, one letter for the rest, each on its incident's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from server.chores import chores
from tests.harness import Harness, deployment, harness
from tests.server.app_stand import HTML
from tests.server.ways import fire, told
from tools.outbox import Message
from tools.shared_letters import HELD_SECONDS

pytestmark = pytest.mark.timeout(300)


@dataclass
class Reader:
    """Somebody who keeps what comes."""

    name: str = "reader"
    got: list[Message] = field(default_factory=list)

    def wants(self, message: Message) -> bool:
        return True

    def send(self, message: Message) -> None:
        self.got.append(message)


def fallen(agent: Harness, names: Sequence[str]) -> list[str]:
    """An alert about an ill pod of each of these workloads, one after the other; the incidents' ids."""
    ids = []
    for name in names:
        agent.clock.advance(1)
        ill = (
            pod["metadata"]["name"]
            for pod in agent.pods("shop")
            if pod["metadata"]["labels"]["app"] == name and not _ready(pod)
        )
        ids.append(fire(agent, "KubePodNotReady", namespace="shop", pod=next(ill)))
    return ids


def _ready(pod: dict[str, Any]) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


def deliver_all(agent: Harness, reader: Reader) -> None:
    """As the chore does, until nothing waits for others any more."""
    (work,) = (chore for chore in chores(agent.agent.services, [reader], None) if chore.name == "delivery")
    for _ in range(int(HELD_SECONDS) // 5 + 2):
        work.run()
        agent.clock.advance(5)


def metric(agent: Harness, name: str, **labels: str) -> float:
    """One value of /metrics."""
    told = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    lines = agent.client.get("/metrics").get_data(as_text=True).splitlines()
    return float(next(line.split()[-1] for line in lines if line.startswith(f"{name}{{{told}}}")))


def test_a_registry_that_is_out_makes_two_messages_for_five_workloads(tmp_path: Path) -> None:
    """The letter tells of four; each of them says on its page and over the API with whom it went out."""
    names, reader = ("api", "cart", "mail", "web", "worker"), Reader()
    with harness(tmp_path, MEMORY="false") as agent:
        agent.sandbox.apply(
            [deployment(n, image=f"registry.example/{n}:1", fault="registryout", replicas=1) for n in names]
        )
        agent.advance(60, step=30)
        ids = fallen(agent, names)
        deliver_all(agent, reader)

        assert {told(agent, each)[:3] for each in ids} == {("registry_outage", "notify", "notified")}
        first, letter = reader.got
        assert first.incident_id == ids[0]
        assert letter.subject == "Act now: 4 more incidents: registry registry.example"
        assert [each in letter.body for each in ids] == [False, True, True, True, True], letter.body
        assert letter.body.count("Next step") == 1

        message = agent.client.get(f"/incidents/{ids[2]}").get_json()["messages"][0]
        assert (message["cause"], message["sent_with"]) == ("registry/registry.example", f"{ids[1]}:report")
        assert message["sent_with_incidents"] == [ids[1], ids[3], ids[4]]
        assert "by the same cause (registry registry.example): 2 other incidents." in message["body"]
        assert "Before:" not in message["body"]
        page = agent.client.get(f"/incidents/{ids[2]}", headers=HTML).get_data(as_text=True)
        assert "In one letter with 3 others of the same cause (registry registry.example)" in page
        assert metric(agent, "sre_agent_notifications_total", kind="explained") == 5


def test_a_node_that_dies_makes_two_messages_with_its_three_workloads(tmp_path: Path) -> None:
    """A person is asked about the node at once; what was on it comes in one letter, and blames the node."""
    names, reader = ("api", "web", "worker"), Reader()
    with harness(tmp_path, MEMORY="false") as agent:
        agent.sandbox.apply([deployment(name) for name in names])
        agent.advance(600, step=300)
        agent.sandbox.stop_node("node-2")
        agent.advance(120, step=30)
        node = fire(agent, "KubeNodeNotReady", node="node-2")
        ids = fallen(agent, names)
        deliver_all(agent, reader)

        asked, letter = reader.got
        assert (asked.kind, asked.incident_id) == ("needs_approval", node)
        assert letter.subject == "Look soon: 3 more incidents: node node-2"
        assert letter.body.count("What: Node node-2 is not Ready") == 1
        assert all(each in letter.body for each in ids)
