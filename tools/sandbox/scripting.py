"""What a test or a demo tells a live sandbox to do: faults, loads, logs, nodes that fall silent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from tools.cluster import JsonObject
from tools.sandbox.commands import Ending, Script, Started
from tools.sandbox.controllers.kubelet import Kubelet
from tools.sandbox.controllers.nodes import NodeLifecycle
from tools.sandbox.faults import Fault, FaultKind, Faults, Predicate
from tools.sandbox.hosting import Host
from tools.sandbox.metrics import IDLE_BYTES, Load, Metrics


class Scripted(Host):
    """A sandbox that things can be done to; `_run` brings it up to date."""

    _faults: Faults
    _kubelet: Kubelet
    _nodes: NodeLifecycle
    _metrics: Metrics

    def _run(self) -> None:
        raise NotImplementedError

    def fault(
        self,
        namespace: str,
        deployment: str,
        kind: FaultKind,
        *,
        when: Predicate | None = None,
        created_before: datetime | None = None,
        until: datetime | None = None,
        exit_code: int = 1,
        log_lines: Sequence[str] = (),
        after: float = 1.5,
        container: str = "",
    ) -> Fault:
        """Let the pods of a Deployment misbehave from now on, while every given condition holds.

        `when(pod, now)` is asked about once a second of the sandbox's time for every pod; `created_before`: newer
        pods are well (a restart helps); `after`: seconds that a container runs before it crashes.
        """
        fault = Fault(
            kind,
            namespace,
            deployment,
            when,
            created_before,
            until,
            exit_code,
            tuple(log_lines),
            after,
            container,
        )
        with self.lock:
            self._run()
            self._faults.add(fault)
            self._kubelet.wake(namespace)
            self._run()
        return fault

    def clear_faults(self, namespace: str = "", deployment: str = "") -> None:
        """End scripted faults: of one Deployment, of a namespace, or all. Labels of templates stay."""
        with self.lock:
            self._faults.clear(namespace, deployment)
            self._kubelet.wake(namespace)
            self._run()

    def set_log(
        self, namespace: str, name: str, text: str, *, container: str = "", previous: bool = False
    ) -> None:
        """What a container prints from now on; `name` is a pod or a Deployment, container "" means each."""
        with self.lock:
            self._world.logs.set_text(namespace, name, container, text, previous=previous)

    def webhook(self, resource: str, name: str = "quota.example.com") -> None:
        """From now on an admission webhook with side effects is called for this resource (`deployments/scale`)."""
        with self.lock:
            self._world.webhooks[resource] = name

    def command(
        self,
        namespace: str,
        workload: str,
        argv: Sequence[str],
        *,
        exit_code: int = 0,
        stdout: bytes = b"",
        stderr: bytes = b"",
        ending: Ending = "status",
        then: Callable[[JsonObject], None] | None = None,
    ) -> None:
        """What these very words do in any container of a workload from now on; `then` is its effect, given the pod."""
        made = Script(namespace, workload, tuple(argv), exit_code, stdout, stderr, ending, then)
        with self.lock:
            self._world.commands.scripted.append(made)

    @property
    def commands(self) -> Sequence[Started]:
        """The commands that were begun, oldest first."""
        with self.lock:
            return list(self._world.commands.started)

    def load(
        self,
        namespace: str,
        deployment: str,
        *,
        cores: float = 0.0,
        memory: float = IDLE_BYTES,
        container: str = "",
    ) -> None:
        """What `metrics.k8s.io` says from now on: cores that the ready pods share, bytes that each of them holds."""
        with self.lock:
            self._metrics.loads[namespace, deployment] = Load(cores, memory, container)

    def usage(self) -> list[JsonObject]:
        """What `metrics.k8s.io` says now of every running pod."""
        with self.lock:
            self._run()
            return self._metrics.objects()

    def stop_node(self, name: str) -> None:
        """Let a node fall silent: NotReady after 40 s, its pods evicted 300 s later."""
        with self.lock:
            self._run()
            self._nodes.stop(name)

    def start_node(self, name: str) -> None:
        """Let a node that fell silent come back."""
        with self.lock:
            self._run()
            self._nodes.start(name)
            self._run()
