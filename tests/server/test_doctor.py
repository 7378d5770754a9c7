"""The doctor: healthy surroundings, each of them broken once, and nothing changed by looking."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from server import doctor_cluster, doctor_store, doctor_surroundings
from server.cli import main
from server.doctor import Check, examine
from server.own_namespaces import meant, named
from server.settings import Settings
from tests.mail_server import PASSWORD, mail_server
from tests.ports import free_port
from tests.tiny_model import tiny_model
from tests.tools.groq_server import KEY, groq_server
from tests.tools.shop import connect, grant
from tools.clock import ManualClock
from tools.database import lock_data_dir
from tools.memory import QdrantMemory
from tools.migrations.run import upgrade
from tools.rbac import render, rules_for
from tools.records import RbacRule
from tools.sandbox import Sandbox

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
CLOCK = ManualClock()
REVIEWS = "/apis/authorization.k8s.io/v1"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """An API server with the agent's account in it."""
    with Sandbox(nodes=1) as started:
        rights = render(write_namespaces=["shop"], nodes=True)
        namespaces = [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": n}} for n in ("shop", "pay")
        ]
        started.apply([*namespaces, *(item for item in yaml.safe_load_all(rights) if item)])
        yield started


@pytest.fixture
def environ(sandbox: Sandbox, tmp_path: Path) -> dict[str, str]:
    """An agent with its own account, a record that is there, and nothing else configured."""
    upgrade(f"sqlite:///{tmp_path}/sre-agent.db")
    kubeconfig = sandbox.kubeconfig(tmp_path / "kubeconfig", sandbox.token("sre-agent", "sre-agent"))
    return {"KUBECONFIG": str(kubeconfig), "DATA_DIR": str(tmp_path), "TEST_CLUSTER": "false"}


def found(environ: dict[str, str]) -> dict[str, Check]:
    """What the doctor says, by name."""
    return {check.name: check for check in examine(lambda: Settings.load(environ), CLOCK)}


def tell(environ: dict[str, str], name: str) -> str:
    """The line about this thing, which must be broken; every other one must not."""
    checks = found(environ)
    assert [each.name for each in checks.values() if each.state == "broken"] == [name]
    return checks[name].line()


def test_an_agent_with_its_generated_account_lacks_nothing(environ: dict[str, str], sandbox: Sandbox) -> None:
    """Every check is ok or absent, no request has changed anything, and the exit status says so."""
    before = len(sandbox.requests)
    checks = found(environ)
    assert {check.name: check.state for check in checks.values()} == {
        **dict.fromkeys(["settings", "kubernetes", "credentials", "rights to read", "rights to act"], "ok"),
        "rights on nodes": "ok",
        **dict.fromkeys(["no rights beyond", "data folder", "disk space", "database", "memory"], "ok"),
        **dict.fromkeys(["model", "messages", "prometheus", "alertmanager", "tokens"], "absent"),
        "public address": "absent",
    }
    asked = {(each.method, each.path) for each in list(sandbox.requests)[before:]}
    reviews = {
        ("POST", f"{REVIEWS}/{kind}") for kind in ("selfsubjectaccessreviews", "selfsubjectrulesreviews")
    }
    assert asked == {("GET", "/version"), ("GET", "/api/v1/namespaces"), *reviews}
    assert checks["rights to act"].words.endswith(" of them in shop")


def test_the_command_prints_lines_or_json(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0 when nothing is broken, 1 otherwise; each broken line ends with what mends it."""
    runner = CliRunner()
    monkeypatch.chdir(tmp_path)
    well = runner.invoke(main, ["doctor"], env=environ)
    ill = runner.invoke(main, ["doctor", "--json"], env={**environ, "PUBLIC_URL": "https://a.example/x"})
    assert well.exit_code == 0
    assert well.output.splitlines()[-1] == "Nothing is broken."
    assert ill.exit_code == 1
    report = json.loads(ill.output)
    (wrong,) = (check for check in report["checks"] if check["state"] == "broken")
    assert (report["broken"], wrong["name"]) == (1, "public address")
    assert wrong["mend"].startswith("PUBLIC_URL=https://")


def test_settings_that_cannot_be_used_are_each_a_line(tmp_path: Path) -> None:
    """With what mends them, and without a look at anything else."""
    checks = examine(lambda: Settings.load({"MODE": "yolo", "KUBECONFIG": "/nowhere", "PORT": "x"}), CLOCK)
    assert [(check.name, check.state) for check in checks] == [("settings", "broken")] * 3
    assert [check.mend for check in checks] == ["MODE=approve", "PORT=5000", "KUBECONFIG=~/.kube/config"]


def test_a_kubeconfig_that_is_none(environ: dict[str, str], tmp_path: Path) -> None:
    """What follows from it is not told."""
    (tmp_path / "torn").write_text("clusters: [")
    environ["KUBECONFIG"] = str(tmp_path / "torn")
    assert "cannot be used" in tell(environ, "kubernetes")
    assert "rights to read" not in found(environ)


def test_an_api_server_that_is_not_there(environ: dict[str, str], sandbox: Sandbox, tmp_path: Path) -> None:
    """Its address is in the line."""
    dead = f"http://127.0.0.1:{free_port()}"
    text = Path(environ["KUBECONFIG"]).read_text().replace(sandbox.url, dead)
    Path(environ["KUBECONFIG"]).write_text(text)
    assert f"Mend: make {dead} reachable" in tell(environ, "kubernetes")


def test_a_token_that_nobody_knows(environ: dict[str, str], sandbox: Sandbox, tmp_path: Path) -> None:
    """The server is there, and the next line says that it does not know us."""
    environ["KUBECONFIG"] = str(sandbox.kubeconfig(tmp_path / "stranger", "no-such-token"))
    assert "Mend: renew the token" in tell(environ, "credentials")


def test_a_right_to_read_that_is_missing(environ: dict[str, str], sandbox: Sandbox, tmp_path: Path) -> None:
    """Named, with the command that grants it."""
    rights = rules_for()
    rules = [rule for rule in (*rights.reader, *rights.executor) if rule.resource != "pods/log"]
    environ["KUBECONFIG"] = str(sandbox.kubeconfig(tmp_path / "k", grant(sandbox, "deaf", rules)))
    line = tell(environ, "rights to read")
    assert "may not get pods/log. Mend: sre-agent rbac | kubectl apply -f -" in line


def test_rights_to_act_are_needed_by_modes_that_act(
    environ: dict[str, str], sandbox: Sandbox, tmp_path: Path
) -> None:
    """A reader's account is enough for shadow, and lacks every write in a namespace that the settings name."""
    environ["KUBECONFIG"] = str(
        sandbox.kubeconfig(tmp_path / "k", sandbox.token("sre-agent", "sre-agent-reader"))
    )
    line = tell({**environ, "NAMESPACE_ALLOW": "pay,shop"}, "rights to act")
    assert "patch deployments.apps" in line
    assert "create pods/eviction" in line
    assert "in pay (and in 1 more). Mend: kubectl -n pay create rolebinding sre-agent-executor" in line
    assert found({**environ, "MODE": "shadow"})["rights to act"].state == "absent"


def test_an_agent_that_was_opted_in_nowhere_is_not_broken(
    environ: dict[str, str], sandbox: Sandbox, tmp_path: Path
) -> None:
    """It explains; the line says how to opt a namespace in, another one how to let it cordon."""
    token = sandbox.token("sre-agent", "sre-agent-reader")
    environ["KUBECONFIG"] = str(sandbox.kubeconfig(tmp_path / "k", token))
    checks = found(environ)
    assert [each.name for each in checks.values() if each.state == "broken"] == []
    acting, nodes = checks["rights to act"], checks["rights on nodes"]
    assert (acting.state, nodes.state) == ("absent", "absent")
    assert "kubectl -n NAMESPACE create rolebinding sre-agent-executor" in acting.words
    assert "sre-agent rbac --nodes" in nodes.words


def test_a_namespace_that_was_opted_in_to_an_old_role_is_broken(
    environ: dict[str, str], sandbox: Sandbox, tmp_path: Path
) -> None:
    """Some of the rights and not all: the role is what has to be granted anew."""
    some = [rule for rule in rules_for().executor if rule.resource != "pods/eviction" and not rule.cluster]
    token = grant(sandbox, "old", [*rules_for().reader, *some])
    environ["KUBECONFIG"] = str(sandbox.kubeconfig(tmp_path / "k", token))
    line = tell(environ, "rights to act")
    assert "may not create pods/eviction in default (and in " in line
    assert line.endswith("Mend: sre-agent rbac | kubectl apply -f -")


def test_rights_to_act_are_asked_for_where_the_settings_let_it_act(environ: dict[str, str]) -> None:
    """Names are all asked for; patterns, and what is denied, only sort what is there."""

    def settings(**more: str) -> Settings:
        return Settings.load({**environ, **more})

    there = ["shop-a", "pay", "kube-system", "other"]
    assert named(settings(NAMESPACE_ALLOW="shop,pay")) == ["shop", "pay"]
    assert named(settings(NAMESPACE_ALLOW="shop,pay", TARGET_NAMESPACE="shop")) == ["shop"]
    assert named(settings(NAMESPACE_ALLOW="shop-*,pay")) == named(settings()) == []
    assert meant(settings(NAMESPACE_ALLOW="shop-*,pay"), there) == ["shop-a", "pay"]
    assert meant(settings(), there) == ["shop-a", "pay", "other"]


def test_a_pod_account_with_more_than_is_declared(
    sandbox: Sandbox, tmp_path: Path, environ: dict[str, str]
) -> None:
    """In a pod it is broken, for the agent would not start; with a person's kubeconfig it is only told."""
    secrets = RbacRule(group="", resource="secrets", verbs=("get",))
    views = RbacRule(group="", resource="configmaps", verbs=("list",))
    cluster = connect(sandbox, tmp_path, grant(sandbox, "curious", [secrets, views]))
    settings = Settings.load(environ)
    assert doctor_cluster.beyond(cluster, settings).state == "ok"
    cluster.in_cluster = True
    check = doctor_cluster.beyond(cluster, settings)
    assert (check.state, "it may get secrets." in check.words) == ("broken", True)
    assert "take it away" in check.mend


def test_an_administrators_kubeconfig_is_named(
    sandbox: Sandbox, tmp_path: Path, environ: dict[str, str]
) -> None:
    """It is what people have on a laptop: not broken."""
    environ["KUBECONFIG"] = str(sandbox.kubeconfig(tmp_path / "admin"))
    check = found(environ)["no rights beyond"]
    assert (check.state, "administrator" in check.words) == ("ok", True)


def test_a_data_folder_that_cannot_be_written() -> None:
    """Not even root can write there."""
    check = doctor_store.folder(Path("/proc/self/data"))
    assert (check.state, "fsGroup" in check.mend) == ("broken", True)


def test_a_disk_that_is_nearly_full(tmp_path: Path) -> None:
    """It says how much must go."""
    check = doctor_store.space(tmp_path, least=1 << 60)
    assert check.state == "broken"
    assert check.mend.startswith("free ")


def test_a_folder_on_which_an_agent_works_is_no_fault(environ: dict[str, str], tmp_path: Path) -> None:
    """The doctor is mostly asked beside a running agent."""
    with lock_data_dir(tmp_path):
        assert "an agent works on it" in found(environ)["data folder"].words
    assert "an agent" not in found(environ)["data folder"].words


def test_a_database_that_is_not_there_is_made_by_the_first_start(
    environ: dict[str, str], tmp_path: Path
) -> None:
    """The doctor does not make it."""
    (tmp_path / "sre-agent.db").unlink()
    assert found(environ)["database"].state == "absent"
    assert not (tmp_path / "sre-agent.db").exists()


def test_a_database_that_is_damaged(environ: dict[str, str], tmp_path: Path) -> None:
    """What the store says of it, and the command that upgrades one that is only old."""
    (tmp_path / "sre-agent.db").write_bytes(b"no database at all" * 100)
    assert "damaged" in tell(environ, "database")


def test_a_memory_that_another_process_holds(environ: dict[str, str], tmp_path: Path) -> None:
    """Two agents on one folder; once it is free, its documents are counted."""
    other = QdrantMemory(tmp_path / "qdrant")
    assert other.count() == 0
    assert "in use by another process" in tell(environ, "memory")
    other.close()
    assert found(environ)["memory"].words.startswith("0 documents")


def test_the_memory_s_model_is_loaded_and_run_once(tmp_path: Path) -> None:
    """What it gives, or that the file which is there is no model, with what belongs into the folder."""
    model = tiny_model(tmp_path / "model")
    settings = Settings.load({"DATA_DIR": str(tmp_path), "MEMORY_MODEL_FOLDER": str(model)})
    well = doctor_store.checks(settings, CLOCK)[-1]
    assert (well.name, well.words) == ("memory's model", f"8 numbers for a text, from {model}")
    (model / "model.onnx").write_bytes(b"no model")
    ill = doctor_store.checks(settings, CLOCK)[-1]
    assert ill.state == "broken"
    assert ill.words.startswith(f"the memory's model in {model} cannot be loaded (InvalidProtobuf")
    assert ill.mend.startswith("put model.onnx, tokenizer.json")


def test_a_qdrant_server_that_does_not_answer(environ: dict[str, str]) -> None:
    """Its address and what to do instead."""
    environ["QDRANT_URL"] = f"http://127.0.0.1:{free_port()}"
    assert "embedded folder" in tell(environ, "memory")


def test_a_model_that_is_offered_and_one_that_is_not(environ: dict[str, str]) -> None:
    """The key is tried on the list of models, which costs nothing."""
    with groq_server() as groq:
        environ |= {"GROQ_API_KEY": KEY, "GROQ_API_BASE": groq.base}
        assert found(environ)["model"].state == "ok"
        groq.offered = ("some/other",)
        assert "GROQ_MODELS=" in tell(environ, "model")
        groq.offered = 401
        line = tell(environ, "model")
        assert "GROQ_API_KEY" in line
        assert KEY not in line
        assert groq.asked == []


def test_mail_is_tried_by_a_login_and_nothing_is_sent(environ: dict[str, str]) -> None:
    """A wrong password and a dead server are told apart, and no password is."""
    with mail_server() as server:
        environ["NOTIFY_URLS"] = server.url("ana@example.org")
        assert "logged in" in found(environ)["messages"].words
        environ["NOTIFY_URLS"] = server.url("ana@example.org", password="wrong-password")
        line = tell(environ, "messages")
        assert "refuses user and password" in line
        assert "wrong-password" not in line
        assert server.sources == []
        environ["NOTIFY_URLS"] = server.url("ana@example.org")
    line = tell(environ, "messages")
    assert "cannot be used: ConnectionRefusedError" in line
    assert PASSWORD not in line


def test_a_channel_that_apprise_cannot_use_and_one_that_cannot_be_tried(environ: dict[str, str]) -> None:
    """A misspelt service is broken; one that only a message would show is said to be untried."""
    environ["NOTIFY_URLS"] = "nosuchservice://somewhere"
    assert "Apprise cannot use this URL" in tell(environ, "messages")
    environ["NOTIFY_URLS"] = "json://127.0.0.1:9"
    assert "not tried" in found(environ)["messages"].words


@pytest.mark.parametrize(
    ("variable", "name"), [("PROMETHEUS_URL", "prometheus"), ("ALERTMANAGER_URL", "alertmanager")]
)
def test_monitoring_that_does_not_answer(environ: dict[str, str], variable: str, name: str) -> None:
    """Configured and not there is broken, unlike not configured."""
    environ[variable] = f"http://ana:hunter2@127.0.0.1:{free_port()}"
    line = tell(environ, name)
    assert f"Mend: correct {variable}, or leave it out" in line
    assert "hunter2" not in line


def test_tokens_that_others_can_read(environ: dict[str, str], tmp_path: Path) -> None:
    """Owner and group may read, as in a Secret volume of the shipped manifests."""
    path = tmp_path / "webhook-token"
    path.write_text("0123456789abcdef0123456789abcdef")
    environ["WEBHOOK_TOKEN_FILE"] = str(path)
    path.chmod(0o644)
    assert f"Mend: chmod 0440 {path}" in tell(environ, "tokens")
    path.chmod(0o440)
    assert found(environ)["tokens"].state == "ok"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://agent.example/sre", "has a path in it"),
        ("https://ana:secret@agent.example", "has an account in it"),
        ("http://localhost:5000", "their own machine"),
    ],
)
def test_a_public_address_that_leads_nowhere(
    environ: dict[str, str], url: str, words: str, tmp_path: Path
) -> None:
    """Links in messages begin with it."""
    settings = Settings.load({**environ, "PUBLIC_URL": url}).model_copy(update={"host": "0.0.0.0"})
    line = doctor_surroundings.public_url(settings).line()
    assert line.startswith("broken")
    assert words in line
    assert "secret" not in line
