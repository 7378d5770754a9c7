"""The agent's own account: a pod's that may do too much keeps it from starting, a person's is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
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
from tools.controls import PauseState, SqlControls
from tools.database import Database, holder_of
from tools.errors import Forbidden, Refused
from tools.rbac import PARTS, render, rules_for
from tools.records import RbacRule
from tools.resources import JsonObject
from tools.sandbox import Sandbox, Switch

SECRETS = RbacRule(group="", resource="secrets", verbs=("get", "list"))
NAMESPACE: JsonObject = {"apiVersion": "v1", "kind": "Namespace"}
WRITE_CONFIG = RbacRule(group="", resource="configmaps", verbs=("update",))
READ_CONFIG = RbacRule(group="", resource="configmaps", verbs=("list",))
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


def bind(sandbox: Sandbox, namespace: str, rule: JsonObject) -> None:
    """Give the agent's account one more right there."""
    group = "rbac.authorization.k8s.io"
    place = {"name": "peek", "namespace": namespace}
    subject = {"kind": "ServiceAccount", "name": "sre-agent", "namespace": "sre-agent"}
    reference = {"apiGroup": group, "kind": "Role", "name": "peek"}
    role = {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": place, "rules": [rule]}
    binding = {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": place}
    sandbox.apply([role, {**binding, "roleRef": reference, "subjects": [subject]}])


def opt_in(sandbox: Sandbox, namespace: str) -> None:
    """As `kubectl apply -n NAMESPACE -k k8s/opt-in` does."""
    (binding,) = PARTS["opt-in"]()
    sandbox.apply({**binding, "metadata": {**binding["metadata"], "namespace": namespace}})


class Unpaused:
    """The kill switch, in memory."""

    def __init__(self) -> None:
        self._state = PauseState(paused=False)

    def pause(self, *, actor: str, reason: str, at: datetime) -> None:
        self._state = PauseState(paused=True, actor=actor, reason=reason, at=at)

    def resume(self, *, actor: str, reason: str, at: datetime) -> None:
        self._state = PauseState(paused=False)

    def pause_state(self) -> PauseState:
        return self._state

    def pause_now(self) -> PauseState:
        return self._state


def test_the_generated_account_starts(sandbox: Sandbox, settings: Settings, tmp_path: Path) -> None:
    """It may do what is declared, and nothing dangerous beyond it."""
    cluster = as_in_a_pod(sandbox, tmp_path, sandbox.token("sre-agent", "sre-agent"))
    agent = build(settings, clock=ManualClock(), cluster=cluster)
    agent.probes.refresh()
    agent.stop()
    assert agent.probes().services["k8s_account"].detail == "an account of its own; may act in no namespace"
    assert not agent.probes().admin_kubeconfig


def test_a_pods_account_with_more_refuses_to_start(
    sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    """Every surplus is named, with what mends it; nothing has been opened by then."""
    with pytest.raises(Refused) as refused:
        build(settings, cluster=too_powerful(sandbox, tmp_path))
    words = str(refused.value)
    assert "bind clusterroles.rbac.authorization.k8s.io, get secrets, list secrets." in words
    assert "Mend: take it away" in words
    assert not settings.data_dir.exists()


def test_a_surplus_in_its_own_namespace_alone_counts(sandbox: Sandbox, tmp_path: Path) -> None:
    """Secrets of the namespace in which the tokens lie are the likeliest mistake."""
    bind(sandbox, "sre-agent", {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]})
    cluster = as_in_a_pod(sandbox, tmp_path, sandbox.token("sre-agent", "sre-agent"))
    in_its_pod = Settings.load({"POD_NAMESPACE": "sre-agent"})
    with pytest.raises(Refused, match="more than is declared: get secrets in sre-agent\\."):
        Account(cluster, in_its_pod).refuse_surplus()


def test_commands_are_declared_only_where_they_are_enabled(
    sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    """The generated rights with `exec_command` start an agent that has it on, and no other."""
    rights = rules_for(["exec_command"])
    token = grant(sandbox, "commanding", [*rights.reader, *rights.executor])
    cluster = as_in_a_pod(sandbox, tmp_path, token)
    enabled = settings.model_copy(update={"enable_actions": ("exec_command",)})
    Account(cluster, enabled).refuse_surplus()
    with pytest.raises(Refused, match="pods/exec"):
        Account(cluster, settings).refuse_surplus()


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


def test_a_right_that_nobody_thought_of_is_found(sandbox: Sandbox, tmp_path: Path) -> None:
    """By the server's own list; what only reads is no reason not to start, and is told."""
    rights = rules_for()
    token = grant(sandbox, "handy", [*rights.reader, *rights.executor, WRITE_CONFIG, READ_CONFIG])
    account = Account(as_in_a_pod(sandbox, tmp_path, token), Settings.load({}))
    with pytest.raises(Refused, match="more than is declared: update configmaps\\."):
        account.refuse_surplus()
    token = grant(sandbox, "reading", [*rights.reader, *rights.executor, READ_CONFIG])
    account = Account(as_in_a_pod(sandbox, tmp_path, token), Settings.load({}))
    account.refuse_surplus()
    words = account.standing(Probes(ManualClock(), lambda: 0.0), Unpaused(), ManualClock())
    assert words.endswith("; not declared: list configmaps")


def test_where_the_list_is_not_whole_the_dangerous_ones_are_asked_for(tmp_path: Path) -> None:
    """As in clouds, where a webhook authorizes too."""
    with Sandbox(nodes=1, broken={Switch.RULES_REVIEW}) as cloud:
        with pytest.raises(Refused, match=r"get secrets, list secrets, bind clusterroles"):
            Account(too_powerful(cloud, tmp_path), Settings.load({})).refuse_surplus()
        rights = rules_for()
        clean = as_in_a_pod(cloud, tmp_path, grant(cloud, "clean", [*rights.reader, *rights.executor]))
        account = Account(clean, Settings.load({}))
        account.refuse_surplus()
        words = account.standing(Probes(ManualClock(), lambda: 0.0), Unpaused(), ManualClock())
        assert words == "an account of its own; may act in every namespace"


def test_health_says_which_namespaces_were_opted_in(sandbox: Sandbox, tmp_path: Path) -> None:
    """The API server alone knows; one that is opted in later shows itself within ten minutes."""
    clock = ManualClock()
    sandbox.apply([NAMESPACE | {"metadata": {"name": name}} for name in ("shop", "pay")])
    opt_in(sandbox, "shop")
    cluster = as_in_a_pod(sandbox, tmp_path, sandbox.token("sre-agent", "sre-agent"))
    account = Account(cluster, Settings.load({}))

    def look() -> str:
        return account.standing(Probes(clock, lambda: 0.0), Unpaused(), clock)

    assert look() == "an account of its own; may act in shop"
    opt_in(sandbox, "pay")
    asked = len(sandbox.requests)
    assert look() == "an account of its own; may act in shop"
    assert len(sandbox.requests) == asked, "a round is walked once in ten minutes"
    clock.advance(600)
    assert look() == "an account of its own; may act in pay, shop"


def test_a_surplus_in_a_namespace_that_nobody_named_pauses_the_agent(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """The round finds it, wherever it is bound; it is told until the next round finds it gone."""
    sandbox.apply(NAMESPACE | {"metadata": {"name": "attic"}})
    bind(sandbox, "attic", {"apiGroups": [""], "resources": ["pods"], "verbs": ["delete"]})
    cluster = as_in_a_pod(sandbox, tmp_path, sandbox.token("sre-agent", "sre-agent"))
    account, controls, clock = Account(cluster, Settings.load({})), Unpaused(), ManualClock()
    account.refuse_surplus()
    for _ in range(2):
        with pytest.raises(Forbidden, match="delete pods in attic; all actions are paused"):
            account.standing(Probes(clock, lambda: 0.0), controls, clock)
    assert "delete pods in attic" in controls.pause_state().reason
    sandbox.delete("RoleBinding", "attic", "peek")
    clock.advance(600)
    assert "of its own" in account.standing(Probes(clock, lambda: 0.0), controls, clock)


def test_an_api_server_that_is_away_keeps_nobody_from_starting(settings: Settings, tmp_path: Path) -> None:
    """Alerts must be taken then too."""
    with Sandbox(nodes=1) as gone:
        cluster = as_in_a_pod(gone, tmp_path, "admin")
    Account(cluster, settings).refuse_surplus()
    assert holder_of(settings.data_dir) == ""
