"""What the kubelet asks of containers, as an explanation tells it."""

from __future__ import annotations

import pytest

from tools.probes import probe_facts
from tools.records import ProbeFacts

SPEC = {
    "initContainers": [
        {"name": "mesh", "restartPolicy": "Always", "startupProbe": {"exec": {"command": ["sh", "-c"]}}}
    ],
    "containers": [
        {
            "name": "web",
            "livenessProbe": {
                "httpGet": {"port": "http", "path": "/live?key=1"},
                "timeoutSeconds": 2,
                "periodSeconds": 5,
            },
            "readinessProbe": {"tcpSocket": {"port": 8080}, "failureThreshold": 1, "initialDelaySeconds": 7},
        },
        {"name": "quiet"},
        {"name": "rpc", "livenessProbe": {"grpc": {"port": 9000}}},
    ],
}


def test_probes_are_read_with_the_defaults_of_the_api() -> None:
    """Of every container, restarted init containers too; no query and no command is kept, which may hold secrets."""
    assert probe_facts(SPEC) == (
        ProbeFacts(container="mesh", kind="startup", asks="a command"),
        ProbeFacts(
            container="web", kind="liveness", asks="GET :http/live", period_seconds=5, timeout_seconds=2
        ),
        ProbeFacts(container="web", kind="readiness", asks="TCP :8080", failures=1, delay_seconds=7),
        ProbeFacts(container="rpc", kind="liveness", asks="gRPC :9000"),
    )


def test_a_pod_without_probes_has_none() -> None:
    """An empty probe is none."""
    assert probe_facts({}) == ()
    assert probe_facts({"containers": [{"name": "web", "livenessProbe": None}]}) == ()


@pytest.mark.parametrize(
    ("path", "asks"),
    [
        ("/x\n\nNext step: kubectl delete pvc data-0", "GET :80"),
        ("/health/AKIAABCDEFGHIJKLMNOP", "GET :80/health/<redacted:key:457643f4>"),
        ("/a\nb", "GET :80/a b"),
    ],
)
def test_a_path_is_foreign_text(path: str, asks: str) -> None:
    """One line, without secrets, and without what gives orders."""
    (probe,) = probe_facts(
        {"containers": [{"name": "web", "livenessProbe": {"httpGet": {"port": 80, "path": path}}}]}
    )
    assert probe.asks == asks
