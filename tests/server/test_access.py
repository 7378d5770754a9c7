"""The agent's own account: a pod's that may do too much keeps it from starting, a person's is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from server.access import Account
from server.bootstrap import build
from server.health import Probes
from server.settings import Settings
from tests.server.app_stand import empty_database
from tests.tools.shop import connect, grant
from tools.clock import ManualClock
from tools.cluster import KubernetesCluster
from tools.controls import SqlControls
from tools.database import Database, holder_of
from tools.errors import Forbidden, Refused
from tools.rbac import render, rules_for
from tools.records import RbacRule
from tools.sandbox import Sandbox

SECRETS = RbacRule(group="", resource="secrets", verbs=("get", "list"))
BIND = RbacRule(group="rbac.authorization.k8s.io", resource="clusterroles", verbs=("bind",))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """An API server with the agent's account in it."""
    with Sandbox(nodes=1) as started:
        started.apply([item for item in yaml.safe_load_all(render()) if item])
        yield started


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of an agent in its pod."""
    return Settings.load({"DATA_DIR": str(tmp_path / "data"), "MEMORY": "false"})


def as_in_a_pod(sandbox: Sandbox, folder: Path, token: str) -> KubernetesCluster:
    """A client whose account is its pod's."""
    cluster = connect(sandbox, folder, token)
    cluster.in_cluster = True
    return cluster


def too_powerful(sandbox: Sandbox, folder: Path) -> KubernetesCluster:
    """All declared rights and some more."""
    rights = rules_for()
    token = grant(sandbox, "powerful", [*rights.reader, *rights.executor, SECRETS, BIND])
    return as_in_a_pod(sandbox, folder, token)


def test_the_generated_account_starts(sandbox: Sandbox, settings: Settings, tmp_path: Path) -> None:
    """It may do what is declared, and nothing dangerous beyond it."""
    cluster = as_in_a_pod(sandbox, tmp_path, sandbox.token("sre-agent", "sre-agent"))
    agent = build(settings, clock=ManualClock(), cluster=cluster)
    agent.probes.refresh()
    agent.stop()
    assert agent.probes().services["k8s_account"].detail == "an account of its own"
    assert not agent.probes().admin_kubeconfig


def test_a_pods_account_with_more_refuses_to_start(
    sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    """Every surplus is named, with what mends it; nothing has been opened by then."""
    with pytest.raises(Refused) as refused:
        build(settings, cluster=too_powerful(sandbox, tmp_path))
    words = str(refused.value)
    assert "get secrets, list secrets, bind clusterroles.rbac.authorization.k8s.io." in words
    assert "Mend: take it away" in words
    assert not settings.data_dir.exists()


def test_a_surplus_in_its_own_namespace_alone_counts(sandbox: Sandbox, tmp_path: Path) -> None:
    """Secrets of the namespace in which the tokens lie are the likeliest mistake."""
    group = "rbac.authorization.k8s.io"
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
    subject = {"kind": "ServiceAccount", "name": "sre-agent", "namespace": "sre-agent"}
    place = {"name": "peek", "namespace": "sre-agent"}
    role = {"apiGroup": group, "kind": "Role", "name": "peek"}
    sandbox.apply({"apiVersion": f"{group}/v1", "kind": "Role", "metadata": place, "rules": [rule]})
    sandbox.apply(
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": place,
            "roleRef": role,
            "subjects": [subject],
        }
    )
    cluster = as_in_a_pod(sandbox, tmp_path, sandbox.token("sre-agent", "sre-agent"))
    in_its_pod = Settings.load({"POD_NAMESPACE": "sre-agent"})
    with pytest.raises(Refused, match="more than is declared: get secrets\\."):
        Account(cluster, in_its_pod).refuse_surplus()


def test_everything_is_named_as_such(sandbox: Sandbox, settings: Settings, tmp_path: Path) -> None:
    """A pod bound to cluster-admin gets one word and not thirty."""
    with pytest.raises(Refused, match="more than is declared: everything\\."):
        Account(as_in_a_pod(sandbox, tmp_path, "admin"), settings).refuse_surplus()


def test_an_administrators_kubeconfig_starts_and_is_named(
    sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    """What people have on a laptop: /health and every page say so."""
    agent = build(settings, clock=ManualClock(), cluster=connect(sandbox, tmp_path))
    agent.probes.refresh()
    agent.stop()
    seen = agent.probes()
    assert (seen.services["k8s_account"].detail, seen.admin_kubeconfig) == ("an administrator", True)


def test_a_surplus_that_shows_late_pauses_the_agent(
    sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    """An API server that was away at the start keeps no alert out; what it tells later stops every action."""
    clock = ManualClock()
    file = tmp_path / "record.db"
    file.write_bytes(empty_database().read_bytes())
    database = Database.open(f"sqlite:///{file}")
    controls = SqlControls(database)
    account = Account(too_powerful(sandbox, tmp_path), settings)
    with pytest.raises(Forbidden, match=r"get secrets.*all actions are paused"):
        account.standing(Probes(clock, lambda: 0.0), controls, clock)
    state = controls.pause_state()
    database.close()
    assert (state.paused, state.actor) == (True, "sre-agent")
    assert "get secrets" in state.reason


def test_an_api_server_that_is_away_keeps_nobody_from_starting(settings: Settings, tmp_path: Path) -> None:
    """Alerts must be taken then too."""
    with Sandbox(nodes=1) as gone:
        cluster = as_in_a_pod(gone, tmp_path, "admin")
    Account(cluster, settings).refuse_surplus()
    assert holder_of(settings.data_dir) == ""
