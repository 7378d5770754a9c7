"""The installed agent in front of the real control plane, as its own process, with its generated rights and no more.

agent = PlaneAgent(folder, plane, installed)
with agent:
    agent.start()
    incident_id = agent.alert(pod_alert(pod))
    agent.approve(agent.asked(incident_id)["id"])
    agent.until_status(incident_id, "recovered")
agent.calls()       # from the API server's audit log
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tests.chaos.agent_process import AgentProcess, Answer
from tests.controlplane.api import ApiError, Json
from tests.controlplane.plane import ControlPlane
from tests.e2e.audit_log import Audited, Call, calls_of, granted
from tests.e2e.wheel import Installed
from tests.harness import alert, webhook_body
from tools.audit import SqlAudit
from tools.clock import SystemClock
from tools.database import Database, connect
from tools.incident_record import ENDED
from tools.ledger import LedgerEntry, SqlLedger

ACCOUNT = "sre-agent"
OPT_IN = Path(__file__).parents[2] / "k8s" / "opt-in" / "binding.yaml"
SHORT = {
    "MODE": "auto",
    "TEST_CLUSTER": "true",
    "SETTLE_SECONDS": "1",
    "VERIFY_DELAY_SECONDS": "5",
    "VERIFY_WINDOW_SECONDS": "20",
}
"""Verification that a test has the time for."""
T = TypeVar("T")
FIRST_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)


class PlaneAgent(AgentProcess):
    """It begins in a folder in which there is its kubeconfig and nothing else."""

    def __init__(
        self,
        folder: Path,
        plane: ControlPlane,
        installed: Installed,
        *,
        server: str = "",
        home: str = ACCOUNT,
        **environ: str,
    ) -> None:
        """`server` is what it knows the API server by, if not by its own address; `home` its account's namespace."""
        work = folder / "work"
        work.mkdir(parents=True)
        kubeconfig = plane.service_account_kubeconfig(home, ACCOUNT, work / "kubeconfig")
        self._plane, self._home = plane, home
        self._credential = _credential_of(kubeconfig)
        if server:
            _point_at(kubeconfig, server)
        super().__init__(work, kubeconfig=kubeconfig, **environ)
        self.program = installed.program
        self.environ.pop("PYTHONPATH", None)
        self.log_file = folder / "agent.log"

    def alert(self, *alerts: dict[str, Any]) -> str:
        """Post them as Alertmanager does; returns the id of their one incident."""
        answer = self.post("/webhook", webhook_body(*alerts))
        assert answer.status == 202, answer
        (incident_id,) = answer.body["incidents"]
        return str(incident_id)

    def incident(self, incident_id: str) -> dict[str, Any]:
        """All that it knows of it, with approvals, receipts and the decision."""
        answer = self.get(f"/incidents/{incident_id}")
        assert answer.status == 200, f"{answer}\n{self.log()[-6000:]}"
        found: dict[str, Any] = answer.body
        return found

    def asked(self, incident_id: str, *, other_than: str = "") -> dict[str, Any]:
        """Wait for an approval of this incident and return it. `other_than` names one that is known."""

        def waiting() -> list[dict[str, Any]]:
            ended = self.incident(incident_id)["status"] in ENDED
            assert not ended, f"it ended without asking: {self.told(incident_id)}"
            rows: list[dict[str, Any]] = self.get("/pending").body["pending"]
            return [row for row in rows if row["incident_id"] == incident_id and row["id"] != other_than]

        self.eventually(waiting, "asked for approval")
        return waiting()[0]

    def approve(self, approval_id: str) -> Answer:
        """Say yes over HTTP."""
        return self.post(f"/approve/{approval_id}", {"reason": "the diff is right"})

    def until_status(self, incident_id: str, *statuses: str, within: float = 240) -> dict[str, Any]:
        """Wait for one of these; any other end is an error that shows what it said."""

        def there() -> bool:
            status = self.incident(incident_id)["status"]
            assert status in statuses or status not in ENDED, f"{status}: {self.told(incident_id)}"
            return status in statuses

        self.eventually(there, " or ".join(statuses), within)
        return self.incident(incident_id)

    def told(self, incident_id: str) -> str:
        """What it told a person last, or its timeline so far."""
        known = self.incident(incident_id)
        lines = [f"{line['kind']}: {line['text']}" for line in known["timeline"]]
        return "\n".join([*lines, *(message["body"] for message in known["messages"][-1:])])

    def eventually(self, true: Callable[[], object], what: str, within: float = 90) -> None:
        """Poll now and then: the machine is small. Raises AssertionError with the newest log lines."""
        deadline = time.monotonic() + within
        while not true():
            assert time.monotonic() < deadline, f"never {what}:\n{self.log()[-6000:]}"
            time.sleep(0.25)

    def calls(self) -> list[Call]:
        """What the API server says that it asked for, oldest first."""
        return calls_of(self._plane.audit(f"{self._home}:{ACCOUNT}"), self._credential)

    def audited(self) -> Audited:
        """Both, once the API server has written down as much as the ledger holds. Its own trail must be whole."""
        entries = [entry for entry in self.ledger() if entry.receipt]
        self.eventually(lambda: len(Audited(self.calls(), entries).writes) >= len(entries), "audited")
        assert self.reads(lambda database: SqlAudit(database).broken_at()) is None, (
            "its audit trail is broken"
        )
        return Audited(self.calls(), entries)

    def ledger(self) -> list[LedgerEntry]:
        """What it says itself that it did, oldest first."""
        return self.reads(lambda database: SqlLedger(database, SystemClock()).since(FIRST_INSTANT)[::-1])

    def reads(self, what: Callable[[Database], T]) -> T:
        """Something of its record, read beside it."""
        database = Database(connect(f"sqlite:///{self.data / 'sre-agent.db'}"))
        try:
            return what(database)
        finally:
            database.close()


def grant(plane: ControlPlane, manifests: str, home: str = ACCOUNT) -> set[tuple[str, str, str]]:
    """Apply what `sre-agent rbac` printed for the namespace `home`, and wait until it is in force; returns the rights.

    As it is, but for the names of roles beside those of another home, which the cluster has once. From then on every
    namespace that a test makes is opted in, as `kubectl apply -n NAMESPACE -k k8s/opt-in` does; others are not.
    """
    items = [item for item in yaml.safe_load_all(_at_home(manifests, home)) if item]
    for item in items:
        _apply(plane, item)
    binding = _at_home(OPT_IN.read_text(), home).replace(f"namespace: {ACCOUNT}\n", f"namespace: {home}\n")
    plane.in_each_namespace += [opt_in for opt_in in yaml.safe_load_all(binding) if opt_in]
    there = plane.new_namespace("rights")
    rights = granted(items)
    plane.eventually(lambda: all(may(plane, there, *right, home=home) for right in rights), what="the rights")
    plane.delete_namespace(there)
    return rights


def takes_away(approval: dict[str, Any], image: str) -> bool:
    """Whether the diff that a person is shown takes this image out of the template."""
    diff: str = approval["proposal"]["preview"]["diff"]
    return any(line.startswith("-") and f"image: {image}" in line for line in diff.splitlines())


def pod_alert(pod: Json, name: str = "KubePodCrashLooping", *, status: str = "firing") -> dict[str, Any]:
    """An alert of kube-prometheus about this pod."""
    metadata = pod["metadata"]
    labels = {"namespace": metadata["namespace"], "pod": metadata["name"], "uid": metadata["uid"]}
    return object_alert(name, status=status, starts_at=metadata["creationTimestamp"], **labels)


def object_alert(name: str, *, status: str = "firing", starts_at: str = "", **labels: str) -> dict[str, Any]:
    """An alert that names what it is about by its labels."""
    return alert(name, status=status, starts_at=starts_at or datetime.now(UTC).isoformat(), **labels)


def _apply(plane: ControlPlane, item: Json) -> None:
    path = _path(item)
    try:
        plane.api.post(path, item)
    except ApiError as error:
        if error.status != 409:
            raise
        plane.api.patch(f"{path}/{item['metadata']['name']}", item, "merge")


def _path(item: Json) -> str:
    group = item["apiVersion"]
    root = f"/apis/{group}" if "/" in group else f"/api/{group}"
    namespace = item["metadata"].get("namespace", "")
    place = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}{place}/{item['kind'].lower()}s"


def _at_home(manifests: str, home: str) -> str:
    """Roles and bindings under names of their own beside those of the agent that lives where it usually does."""
    return manifests if home == ACCOUNT else manifests.replace(f"{ACCOUNT}-", f"{home}-")


def may(
    plane: ControlPlane, namespace: str, verb: str, group: str, resource: str, *, home: str = ACCOUNT
) -> bool:
    """Whether the account of an agent that lives in `home` may, in this namespace."""
    plural, _, subresource = resource.partition("/")
    attributes = {"verb": verb, "group": group, "resource": plural, "subresource": subresource}
    attributes["namespace"] = namespace
    user = f"system:serviceaccount:{home}:{ACCOUNT}"
    review = {"spec": {"user": user, "resourceAttributes": attributes}}
    said = plane.api.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    return bool(said["status"]["allowed"])


def _credential_of(kubeconfig: Path) -> str:
    """By which the audit log tells this token from others of the same account."""
    token: str = json.loads(kubeconfig.read_text())["users"][0]["user"]["token"]
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return f"JTI={claims['jti']}"


def _point_at(kubeconfig: Path, server: str) -> None:
    config = json.loads(kubeconfig.read_text())
    config["clusters"][0]["cluster"] = {"server": server}
    kubeconfig.write_text(json.dumps(config))
