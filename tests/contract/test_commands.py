"""pods/exec as both servers speak it. What only a kubelet can say is tried on the sandbox alone: the other
control plane has none (tests/tools/test_container_commands.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.contract.api_server import ApiServer, Client
from tools import container_commands
from tools.container_commands import Ran
from tools.errors import Forbidden, Invalid, NotFound

NO_SUCH_PROGRAM = ("no-such-program",)


def begin(
    server: ApiServer,
    pod: str,
    *,
    client: Client | None = None,
    container: str = "web",
    argv: Sequence[str] = NO_SUCH_PROGRAM,
) -> Ran:
    """Ask for a command as the agent does, over a WebSocket."""
    dial = container_commands.dialler((client or server.admin).api.configuration)
    return container_commands.run(
        dial, server.pods(pod, "exec"), container, argv, seconds=20, what="the command"
    )


def running_pod(server: ApiServer) -> str:
    """The name of a pod that runs."""
    server.create_deployment(replicas=1)
    server.wait_until_rolled_out()
    (pod,) = server.pods_of()
    return str(pod["metadata"]["name"])


def test_an_unknown_pod_is_not_found(server: ApiServer) -> None:
    """404, before anything is upgraded."""
    with pytest.raises(NotFound, match='404 pods "nowhere" not found'):
        begin(server, "nowhere")


def test_an_unknown_container_is_refused(server: ApiServer) -> None:
    """400 that names it."""
    name = running_pod(server)
    with pytest.raises(Invalid, match=f"400 container other is not valid for pod {name}"):
        begin(server, name, container="other")


def test_a_pod_without_a_node_runs_nothing(server: ApiServer) -> None:
    """400; so it is with a command, without one, and without an upgrade."""
    spec = {"nodeSelector": {"no": "node"}, "containers": [{"name": "web", "image": "x:1"}]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "waiting"}, "spec": spec}
    assert server.admin.post(server.pods(), body).status == 201
    for argv in (NO_SUCH_PROGRAM, ()):
        with pytest.raises(Invalid, match="400 pod waiting does not have a host assigned"):
            begin(server, "waiting", argv=argv)
    plain = server.admin.get(server.pods("waiting", "exec"), command="true", container="web", stdout="true")
    assert (plain.status, plain.json["message"]) == (400, "pod waiting does not have a host assigned")


def test_a_request_that_asks_for_no_upgrade_is_refused(server: ApiServer) -> None:
    """400: nothing is begun by a plain GET."""
    answer = server.admin.get(
        server.pods(running_pod(server), "exec"), command="true", container="web", stdout="true"
    )
    assert (answer.status, answer.json["message"]) == (400, "Upgrade request required")


@pytest.mark.parametrize("verbs", [(), ("create",)])
def test_without_the_right_to_get_nothing_is_begun(server: ApiServer, verbs: tuple[str, ...]) -> None:
    """403: a WebSocket is opened by a GET. Servers from 1.35 on want the right to create as well."""
    name = running_pod(server)
    rules = [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": list(verbs)}] if verbs else []
    client = server.as_service_account(
        [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}, *rules]
    )
    server.wait_until(lambda: client.get(server.pods()).status == 200, "the rights")
    with pytest.raises(Forbidden, match="403"):
        begin(server, name, client=client)


def test_what_the_kubelet_cannot_run_is_told_after_the_upgrade(server: ApiServer) -> None:
    """101, then a Status on the error channel and no exit status: a program that is not there, or no kubelet at all."""
    client = server.as_service_account(
        [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create", "get"]}]
    )
    name = running_pod(server)

    def upgraded() -> Ran | None:
        try:
            return begin(server, name, client=client)
        except Forbidden:
            return None

    ran = server.wait_until(upgraded, "the rights")
    assert ran.exit_code is None
    assert "the server says that it could not be run" in ran.why_unknown
    assert (ran.stdout.total, ran.stderr.total) == (0, 0)
