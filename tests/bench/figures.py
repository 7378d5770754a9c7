"""The figures of the product, measured on the real process: each function returns one that can be printed as JSON.

`python -m tests.bench.figures [name ...]` prints them, one JSON line each; `make bench` shows them too. Nothing
here asserts: a figure depends on the machine, so the goal stands beside it, and the load that the machine was under.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias
from uuid import uuid4

import psutil
from sqlalchemy import Row, select

from tests.bench.cluster import ClusterProcess, cluster_process
from tests.bench.load import send_at_rate
from tests.chaos.agent_process import AgentProcess
from tests.chaos.record import Record
from tests.chaos.standing import LIMITS, SETTINGS
from tests.harness import webhook_body
from tests.tools.groq_server import KEY, groq_server
from tools.database import Database, connect
from tools.schema import approvals, incidents

Figure: TypeAlias = dict[str, Any]
QUESTIONS = (
    "How many pods are there?",
    "What about ns-001?",
    "Any problem pods?",
    "Recent incidents?",
    "List namespaces",
    "Why did you restart web in ns-001?",
    "What changed in ns-001 in the last hour?",
    "Logs of the crashed container of web in ns-001",
)
"""Those that every user of such an agent asks first."""
MEBIBYTE = 1024.0


@dataclass
class Bench:
    """An agent in front of a cluster, each in a process of its own."""

    agent: AgentProcess
    cluster: ClusterProcess
    record: Record
    database: Database

    def alert(self, namespace: str) -> str:
        """Send the alerts of a namespace; returns the id of the incident."""
        answer = self.agent.post("/webhook", webhook_body(*self.cluster.alerts[namespace]))
        assert answer.status == 202, answer
        return str(answer.body["incidents"][0])

    def column(self, query: Any) -> list[Row[Any]]:
        with self.database.read() as connection:
            return list(connection.execute(query))

    def pending(self, incident_id: str) -> str:
        """Wait until it asks; returns the approval's id."""
        waiting = select(approvals.c.id).where(approvals.c.incident_id == incident_id)
        self.agent.until(lambda: self.column(waiting), "asked")
        return str(self.column(waiting)[0].id)

    def handle(self, namespace: str) -> str:
        """One incident from alert to report, approved."""
        incident_id = self.alert(namespace)
        approval_id = self.pending(incident_id)
        assert self.agent.post(f"/approve/{approval_id}", {"reason": "bench"}).status == 200
        self.agent.until(lambda: self.record.ended(incident_id), "ended")
        return incident_id


@contextmanager
def bench(workloads: int, **environ: str) -> Iterator[Bench]:
    """Start everything; the agent is ready and has made its first sightings."""
    with TemporaryDirectory(prefix="sre-agent-bench-") as name:
        folder = Path(name)
        data = folder / "agent" / "data"
        (folder / "policy.yaml").write_text(LIMITS)
        settings = SETTINGS | {"POLICY_FILE": str(folder / "policy.yaml")} | environ
        with (
            cluster_process(folder / "cluster", data, workloads) as cluster,
            AgentProcess(folder / "agent", kubeconfig=cluster.kubeconfig, **settings) as agent,
            Record(data) as record,
        ):
            agent.start()
            time.sleep(2)
            yield Bench(agent, cluster, record, Database(connect(f"sqlite:///{data / 'sre-agent.db'}")))


def start(times: int = 5) -> Figure:
    """From exec to ready, on a folder that has been used before and on a new one."""
    with bench(1) as stand:
        stand.agent.terminate()
        seconds, processor = [], []
        for _ in range(times):
            began = time.monotonic()
            stand.agent.start()
            seconds.append(time.monotonic() - began)
            processor.append(stand.agent.cpu_seconds())
            stand.agent.terminate()
        with AgentProcess(stand.agent.folder / "new", kubeconfig=stand.cluster.kubeconfig) as new:
            began = time.monotonic()
            new.start()
            first = time.monotonic() - began
    return {
        "figure": "start",
        "goal": "ready within 3 s",
        "ready_seconds_median": round(median(seconds), 2),
        "ready_seconds": [round(s, 2) for s in seconds],
        "processor_seconds_median": round(median(processor), 2),
        "first_start_seconds": round(first, 2),
    }


def memory(handled: int = 10) -> Figure:
    """Proportional memory after the start and after ten incidents from alert to report."""
    with bench(handled) as stand:
        after_start = _pss(stand.agent.pid)
        for namespace in stand.cluster.alerts:
            stand.handle(namespace)
        after_incidents = _pss(stand.agent.pid)
    return {
        "figure": "memory",
        "goal": "120 MiB after ten incidents",
        "pss_mib_after_start": after_start,
        "pss_mib_after_incidents": after_incidents,
        "incidents": handled,
    }


def memory_loaded(handled: int = 10) -> Figure:
    """The same with a model that answers at once and a memory that holds them; what the first to ask either waits."""
    with groq_server() as server, bench(handled + 1, **_model(server.base)) as stand:
        *first, last = stand.cluster.alerts
        waited = []
        for namespace in first:
            began = time.monotonic()
            stand.pending(stand.alert(namespace))
            waited.append(time.monotonic() - began)
        for row in stand.column(select(approvals.c.id)):
            stand.agent.post(f"/approve/{row.id}", {"reason": "bench"})
        process = psutil.Process(stand.agent.pid)
        stand.agent.until(lambda: process.children(), "a memory that is written", 180)
        time.sleep(5)
        began = time.monotonic()
        stand.pending(stand.alert(last))
        remembered = time.monotonic() - began
        agent, child = _pss(stand.agent.pid), sum(_pss(each.pid) for each in process.children(recursive=True))
    return {
        "figure": "memory_loaded",
        "goal": "none: shown beside the 120 MiB without",
        "pss_mib_agent": agent,
        "pss_mib_memory_process": child,
        "asked_after_seconds_first": round(waited[0], 2),
        "asked_after_seconds_median": round(median(waited[1:]), 2),
        "asked_after_seconds_with_memory": round(remembered, 2),
        "model_calls": len(server.asked),
    }


def _model(base: str) -> dict[str, str]:
    return {"GROQ_API_KEY": KEY, "GROQ_API_BASE": base}


def decision(count: int = 60) -> Figure:
    """From sending the alert to the recorded decision, one incident after another, without a model."""
    with bench(count) as stand:
        sent: dict[str, float] = {}
        before = stand.agent.cpu_seconds()
        for namespace in stand.cluster.alerts:
            now = time.time()
            incident_id = stand.alert(namespace)
            sent[incident_id] = now
            stand.pending(incident_id)
        processor = stand.agent.cpu_seconds() - before
        rows = stand.column(select(incidents.c.id, incidents.c.decided_at))
        taken = [row.decided_at.timestamp() - sent[row.id] for row in rows if row.id in sent]
    return {
        "figure": "decision",
        "goal": "p50 150 ms, p99 500 ms",
        **_spread(taken),
        "processor_ms_per_incident_until_asked": round(1000 * processor / count, 1),
    }


def write(count: int = 20) -> Figure:
    """From the stored approval to the write's arrival at the API server, everything proved again in between."""
    with bench(count) as stand:
        decided: dict[str, datetime] = {}
        for namespace in stand.cluster.alerts:
            stand.handle(namespace)
        for row in stand.column(
            select(incidents.c.namespace, approvals.c.decided_at).join(
                approvals, approvals.c.incident_id == incidents.c.id
            )
        ):
            decided[row.namespace] = row.decided_at
        writes = stand.cluster.writes
    taken = [(writes[name] - at).total_seconds() for name, at in decided.items() if name in writes]
    return {"figure": "write", "goal": "p50 100 ms", **_spread(taken)}


def webhook() -> Figure:
    """The webhook's answer while more and more pods of known workloads fail, each alert in a body of its own."""
    return _webhook("webhook", rate=100, together=1)


def webhook_grouped() -> Figure:
    """The same alerts, ten to a body, as an Alertmanager sends them that groups by namespace."""
    return _webhook("webhook_grouped", rate=10, together=10)


def chat(rounds: int = 20) -> Figure:
    """From sending a question to its whole answer without a model, over an ill cluster of a hundred and twenty pods."""
    with bench(40) as stand:
        for namespace in stand.cluster.alerts:
            stand.alert(namespace)
        taken: dict[str, list[float]] = {question: [] for question in QUESTIONS}
        before = stand.agent.cpu_seconds()
        for _ in range(rounds):
            for question in QUESTIONS:
                began = time.monotonic()
                assert stand.agent.post("/ask", {"question": question}).status == 200
                taken[question].append(time.monotonic() - began)
        processor = stand.agent.cpu_seconds() - before
    slowest = max(taken, key=lambda question: median(taken[question]))
    return {
        "figure": "chat",
        "goal": "200 ms without a model",
        **_spread([seconds for each in taken.values() for seconds in each]),
        "processor_ms_per_question": round(1000 * processor / (rounds * len(QUESTIONS)), 1),
        "slowest": slowest,
        "slowest_p50_ms": round(1000 * median(taken[slowest]), 1),
    }


def _webhook(name: str, *, rate: float, together: int, seconds: float = 15) -> Figure:
    with bench(5) as stand:
        for namespace in stand.cluster.alerts:
            stand.pending(stand.alert(namespace))
        pods = (_of_another_pod(next(iter(each))) for each in cycle(stand.cluster.alerts.values()))
        bodies = [webhook_body(*islice(pods, together)) for _ in range(int(seconds * rate))]
        before = stand.agent.cpu_seconds()
        taken, statuses = send_at_rate(stand.agent.port, [json.dumps(b).encode() for b in bodies], rate)
        processor = stand.agent.cpu_seconds() - before
    return {
        "figure": name,
        "goal": "p99 50 ms at 100 alerts/s",
        "alerts_per_second": rate * together,
        **_spread(taken),
        "statuses": statuses,
        "processor_share": round(processor / seconds, 2),
    }


def _of_another_pod(alert: dict[str, Any]) -> dict[str, Any]:
    """The same alert about a pod that nobody has heard of."""
    labels = alert["labels"]
    another = uuid4().hex
    pod = f"{labels['pod'].rpartition('-')[0]}-{another[:5]}"
    return {**alert, "labels": {**labels, "pod": pod, "uid": another}, "fingerprint": another[:16]}


FIGURES: dict[str, Callable[[], Figure]] = {
    "start": start,
    "memory": memory,
    "memory_loaded": memory_loaded,
    "decision": decision,
    "write": write,
    "webhook": webhook,
    "webhook_grouped": webhook_grouped,
    "chat": chat,
}


def measured(name: str) -> str:
    """One figure as a JSON line, with the machine's load around it."""
    before = os.getloadavg()[0]
    figure = FIGURES[name]()
    load = [round(before, 1), round(os.getloadavg()[0], 1)]
    return json.dumps({**figure, "cores": os.cpu_count(), "load_before_and_after": load})


def _pss(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kibibytes = next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return round(kibibytes / MEBIBYTE, 1)


def _spread(seconds: Sequence[float]) -> Figure:
    """Milliseconds at the middle and near the end."""
    ordered = sorted(1000 * s for s in seconds)
    at = {
        f"p{share}_ms": ordered[min(len(ordered) - 1, len(ordered) * share // 100)]
        for share in (50, 90, 95, 99)
    }
    return {name: round(value, 1) for name, value in at.items()} | {"samples": len(ordered)}


if __name__ == "__main__":
    for chosen in sys.argv[1:] or FIGURES:
        sys.stdout.write(measured(chosen) + "\n")
        sys.stdout.flush()
