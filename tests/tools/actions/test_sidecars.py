"""A container that somebody injected beside the workload's own outlives whatever the agent writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.harness import deployment
from tests.tools.shop import NAMESPACE, connect
from tools.actions import parse_call
from tools.errors import Refused
from tools.objects import uid
from tools.records import ActionCall
from tools.resources import DEPLOYMENTS
from tools.sandbox import Sandbox
from tools.templates import template_digest

SIDECAR = {"name": "proxy", "image": "registry.example/proxy:1"}


def test_no_action_sends_a_merge_patch_of_containers(sandbox: Sandbox, tmp_path: Path) -> None:
    """RFC 7386 would replace the whole list; the adapter itself refuses to send such a body."""
    cluster = connect(sandbox, tmp_path)
    sandbox.apply(with_sidecar("registry.example/web:1"))
    body = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "x"}]}}}}
    with pytest.raises(Refused, match="merge patch would replace"):
        cluster.patch(DEPLOYMENTS, NAMESPACE, "web", body, patch_type="merge", dry_run=False)


def test_a_sidecar_outlives_every_write_on_its_template(sandbox: Sandbox, tmp_path: Path) -> None:
    """A restart keeps it, and so does the way back to an older revision, which had it too."""
    cluster = connect(sandbox, tmp_path)
    sandbox.apply(with_sidecar("registry.example/web:1"))
    sandbox.settle(60)
    live = cluster.get(DEPLOYMENTS, NAMESPACE, "web")
    args = {
        "namespace": NAMESPACE,
        "name": "web",
        "uid": uid(live),
        "from_digest": template_digest(live["spec"]["template"]),
        "restarted_at": sandbox.clock.now().isoformat(),
    }
    action, given = parse_call(ActionCall(name="restart_deployment", args=args), ())
    action.execute(cluster, given, key="k", at=sandbox.clock.now(), dry_run=False)

    containers = cluster.get(DEPLOYMENTS, NAMESPACE, "web")["spec"]["template"]["spec"]["containers"]
    assert [each["name"] for each in containers] == ["web", "proxy"]


def with_sidecar(image: str) -> dict[str, Any]:
    """The shop's Deployment with a container beside its own."""
    made = deployment("web", NAMESPACE, image=image)
    made["spec"]["template"]["spec"]["containers"].append(dict(SIDECAR))
    return made
