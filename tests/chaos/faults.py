"""What goes wrong in the chaos tests: a release that crashes, a crash whose cause is over, a rollback that harms, an
ordinal that holds its rollback up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from tests.harness import alert, deployment
from tests.tools.shop import of_kind
from tools.clock import Clock
from tools.sandbox import Sandbox

Kind: TypeAlias = Literal["bad_release", "transient", "rollback_harms", "bad_ordinal"]
OUTAGE = timedelta(seconds=60)


@dataclass(frozen=True)
class Scene:
    """One workload in a namespace of its own, and what happens to it."""

    kind: Kind
    namespace: str
    name: str = "web"

    def prepare(self, sandbox: Sandbox) -> None:
        """The workload while it is well, at version 1.0."""
        if self.kind != "transient":
            sandbox.apply(self._deployment("1.0"))
            return
        database = deployment("database", self.namespace, replicas=1, image="registry.example/database:16")
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "database", "namespace": self.namespace},
            "spec": {"selector": {"app": "database"}, "ports": [{"port": 5432}]},
        }
        host = {"DATABASE_HOST": f"database.{self.namespace}.svc"}
        sandbox.apply([service, database, self._deployment("1.0", env=host)])

    def strike(self, sandbox: Sandbox, clock: Clock) -> None:
        """Let it go wrong."""
        if self.kind == "bad_release":
            sandbox.apply(self._deployment("1.1", fault="crashloop"))
        elif self.kind in ("rollback_harms", "bad_ordinal"):
            # never ready, so that pods of the older revision go on serving: there is something to lose
            sandbox.apply(self._deployment("1.1", fault="crashdead"))
        else:
            back = clock.now() + OUTAGE
            sandbox.fault(self.namespace, "database", "notready", until=back)
            sandbox.fault(self.namespace, self.name, "crashloop", created_before=back, after=0.3)

    def break_older(self, sandbox: Sandbox, clock: Clock) -> None:
        """From now on pods of version 1.0 crash too, and are not ready between two crashes."""
        since = clock.now()
        for fault in ("notready", "crashloop"):
            sandbox.fault(
                self.namespace, self.name, fault, when=lambda pod, now: _is_older(pod) and now > since
            )

    def alerts(self, sandbox: Sandbox, clock: Clock, *, status: str = "firing") -> list[dict[str, Any]]:
        """One alert for each pod that fails, as kube-prometheus would send them."""
        pods = [p for p in sandbox.pods(self.namespace, self.name) if _fails(p)]
        assert pods, f"no pod of {self.namespace}/{self.name} fails"
        return [_crash_alert(pod, clock.now(), status) for pod in pods]

    def _deployment(self, version: str, **given: Any) -> dict[str, Any]:
        made = deployment(self.name, self.namespace, image=f"registry.example/web:{version}", **given)
        return of_kind("StatefulSet", made) if self.kind == "bad_ordinal" else made


def _is_older(pod: dict[str, Any]) -> bool:
    return str(pod["spec"]["containers"][0]["image"]).endswith(":1.0")


def _fails(pod: dict[str, Any]) -> bool:
    return any(s["restartCount"] for s in pod["status"].get("containerStatuses", []))


def _crash_alert(pod: dict[str, Any], at: datetime, status: str) -> dict[str, Any]:
    metadata = pod["metadata"]
    return alert(
        "KubePodCrashLooping",
        starts_at=at.isoformat(),
        status=status,
        namespace=metadata["namespace"],
        pod=metadata["name"],
        uid=metadata["uid"],
        container=pod["spec"]["containers"][0]["name"],
    )
