"""A command that a person wants run in a container: off by default, allowed word for word, approved, run once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graph.proof import prove_again
from graph.proposals import ledger_key
from graph.state import Proposal
from graph.writes import send
from tests.harness import Harness, deployment, harness
from tests.server.ways import approve, decision, pending, told
from tools.errors import Forbidden, ToolError, TransientError, UnknownOutcome
from tools.ledger import LedgerEntry
from tools.rbac import covers, rules_for

pytestmark = pytest.mark.timeout(300)
NAME = "exec_command"
RELOAD = ("nginx", "-s", "reload")


def allowing(folder: Path, *entries: dict[str, Any]) -> dict[str, str]:
    """Settings of an agent whose policy file allows these commands, `RELOAD` in `web` if none is named."""
    path = folder / "policy.yaml"
    usual = {"namespace": "shop", "workload": "web", "container": "web", "argv": list(RELOAD)}
    path.write_text(json.dumps({"exec_commands": list(entries) or [usual]}))
    return {"POLICY_FILE": str(path), "ENABLE_ACTIONS": NAME}


def ask(agent: Harness, argv: Sequence[str] | str = RELOAD, **changed: Any) -> Any:
    """What the server answers to somebody who wants it run in the first pod of `web`."""
    pod = sorted(p["metadata"]["name"] for p in agent.pods("shop"))[0]
    argument = argv if isinstance(argv, str) else list(argv)
    args = {"pod": pod, "container": "web", "argv": argument, **changed}
    body = {"namespace": "shop", "workload": "web", "action": {"name": NAME, "args": args}}
    return agent.client.post("/incidents", json=body)


def asked(agent: Harness, argv: Sequence[str] | str = RELOAD, **changed: Any) -> str:
    """The incident, looked at."""
    answer = ask(agent, argv, **changed)
    assert answer.status_code == 202, answer.get_data(as_text=True)
    agent.drive()
    return str(answer.get_json()["id"])


def shop(agent: Harness, **given: Any) -> None:
    """`web` is well, and its reload does what is scripted."""
    agent.sandbox.apply(deployment("web", **given))
    agent.sandbox.command("shop", "web", RELOAD, stdout=b"signal process started\n")
    agent.sandbox.settle(60)


def receipt(agent: Harness, incident_id: str) -> dict[str, Any]:
    """Of the one write of an incident, as the API shows it."""
    (entry,) = agent.client.get(f"/incidents/{incident_id}").get_json()["receipts"]
    found: dict[str, Any] = entry["receipt"]
    return found


def claim_of(agent: Harness, incident_id: str, proposal: Proposal) -> LedgerEntry:
    """What the ledger holds before the command is sent."""
    return LedgerEntry(
        key=ledger_key(incident_id, proposal),
        incident_id=incident_id,
        episode_id="e1",
        call=proposal.call,
        target=proposal.target,
        problem=proposal.problem,
        automatic=False,
        claimed_at=agent.clock.now(),
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """An agent for requests that open nothing."""
    folder = tmp_path_factory.mktemp("shared")
    with harness(folder, **allowing(folder)) as agent:
        shop(agent)
        yield agent


def test_it_is_off_unless_it_is_enabled_by_name(tmp_path: Path) -> None:
    """422 that names the setting, whatever the policy file allows; the rights follow."""
    given = allowing(tmp_path) | {"ENABLE_ACTIONS": ""}
    with harness(tmp_path, **given) as agent:
        shop(agent)
        answer = ask(agent)
        assert answer.status_code == 422
        assert "ENABLE_ACTIONS" in answer.get_json()["detail"]
        assert agent.sandbox.commands == []
    assert not covers(rules_for().executor, "create", "", "pods/exec")
    assert covers(rules_for([NAME]).executor, "create", "", "pods/exec")
    assert covers(rules_for([NAME]).executor, "get", "", "pods/exec")


def test_what_the_list_does_not_name_is_explained_and_asks_nobody(tmp_path: Path) -> None:
    """Other words, more of them, longer than the entry says, a workload that no entry names: the rule says so."""
    with harness(tmp_path, **allowing(tmp_path)) as agent:
        shop(agent)
        for argv, changed in (
            (("nginx", "-s", "stop"), {}),
            ((*RELOAD, "-q"), {}),
            (("nginx", "-s reload"), {}),
            (RELOAD, {"seconds": 31}),
        ):
            answer = ask(agent, argv, **changed)
            agent.drive()
            incident_id = answer.get_json()["id"]
            assert told(agent, incident_id)[:3] == ("requested", "notify", "notified")
            blocked = decision(agent, incident_id)["blocked_by"]
            assert any(line.startswith("command_listed: ") for line in blocked), blocked
        assert agent.sandbox.commands == []


@pytest.mark.parametrize(
    ("argv", "changed"),
    [
        ("nginx -s reload", {}),
        (["nginx", 7], {}),
        ([], {}),
        (["sh", "-c", "nginx -s reload"], {}),
        (["../nginx"], {}),
        (RELOAD, {"container": "other"}),
        (RELOAD, {"container": "web,other"}),
        (RELOAD, {"pod": "web/../../secrets/x"}),
        (RELOAD, {"pod": "web-1?command=id"}),
        (RELOAD, {"pod": "other-1"}),
        (RELOAD, {"seconds": 301}),
        (RELOAD, {"seconds": "30"}),
        (RELOAD, {"stdin": True}),
        (RELOAD, {"uid": "u", "namespace": "kube-system"}),
    ],
)
def test_what_is_no_command_is_refused_while_the_person_is_there(
    shared: Harness, argv: Any, changed: dict[str, Any]
) -> None:
    """422, and nothing is opened."""
    assert ask(shared, argv, **changed).status_code == 422
    assert shared.sandbox.commands == []


def test_it_is_shown_word_for_word_run_once_and_its_output_is_kept(tmp_path: Path) -> None:
    """In mode auto too it asks; the preview says that there is no dry run. A workload that was well all along proves
    nothing: INCONCLUSIVE, with what it printed.
    """
    with harness(tmp_path, MODE="auto", **allowing(tmp_path)) as agent:
        shop(agent)
        incident_id = asked(agent)
        assert told(agent, incident_id)[:3] == ("requested", "ask", "awaiting_approval")
        assert any("off risk: always a person" in line for line in decision(agent, incident_id)["blocked_by"])
        preview = pending(agent)["proposal"]["preview"]
        assert preview["diff"].splitlines()[2:] == ['+  "nginx"', '+  "-s"', '+  "reload"']
        assert "there is no dry run of a command" in preview["dry_run"]
        assert "cannot be undone" in preview["undo"]
        assert agent.sandbox.commands == []

        approve(agent)
        (started,) = agent.sandbox.commands
        assert (started.namespace, started.container, started.argv) == ("shop", "web", RELOAD)
        assert started.pod == sorted(p["metadata"]["name"] for p in agent.pods("shop"))[0]
        agent.advance(400)
        kept = receipt(agent, incident_id)
        assert (kept["outcome"], kept["exit_code"]) == ("done", 0)
        assert kept["output"] == "stdout:\nsignal process started"
        assert told(agent, incident_id)[2:] == ("inconclusive", "INCONCLUSIVE")
        page = agent.client.get(f"/incidents/{incident_id}", headers={"Accept": "text/html"})
        assert "signal process started" in page.get_data(as_text=True)
        assert len(agent.sandbox.commands) == 1


def test_a_connection_that_is_lost_in_the_middle_is_never_taken_up_again(tmp_path: Path) -> None:
    """What was printed until then is kept; nobody knows how it ended."""
    with harness(tmp_path, **allowing(tmp_path)) as agent:
        shop(agent)
        agent.sandbox.command("shop", "web", RELOAD, ending="cut", stdout=b"half\n")
        incident_id = asked(agent)
        approve(agent)
        agent.advance(400, step=100)
        assert told(agent, incident_id)[2:] == ("inconclusive", "INCONCLUSIVE")
        kept = receipt(agent, incident_id)
        assert (kept["outcome"], kept["exit_code"], kept["output"]) == ("unknown", None, "stdout:\nhalf")
        assert len(agent.sandbox.commands) == 1


@pytest.mark.parametrize(
    ("ran", "gone"),
    [(True, False), (True, True), (False, False)],
    ids=["after it ran", "after it ended its pod", "before it was sent"],
)
def test_a_process_that_dies_between_claim_and_outcome_never_runs_it_again(
    tmp_path: Path, ran: bool, gone: bool
) -> None:
    """Claimed, and nobody knows: INCONCLUSIVE when it goes on, whatever has changed since, and not one command more."""
    with harness(tmp_path, **allowing(tmp_path)) as agent:
        shop(agent)
        incident_id, waiting = asked(agent), pending(agent)
        answer = agent.client.post(f"/approve/{waiting['id']}", json={"reason": "looks right"})
        assert answer.status_code == 200
        services = agent.agent.services
        proposal = Proposal.model_validate(waiting["proposal"])
        services.ledger.claim(claim_of(agent, incident_id, proposal))
        if ran:
            pod = str(proposal.call.args["name"])
            services.cluster.run_command("shop", pod, "web", RELOAD, seconds=5)
        if gone:
            agent.sandbox.delete("Pod", "shop", str(proposal.call.args["name"]))
        agent.advance(400, step=100)
        assert len(agent.sandbox.commands) == ran
        assert told(agent, incident_id)[2:] == ("inconclusive", "INCONCLUSIVE")
        kept = receipt(agent, incident_id)
        assert (kept["outcome"], kept["exit_code"]) == ("unknown", None)
        assert "it may have been done" in kept["message"]


def test_a_pod_that_is_another_one_by_now_runs_nothing(tmp_path: Path) -> None:
    """Approved for a pod that has gone since: 412, and nothing is run in its successor."""
    with harness(tmp_path, **allowing(tmp_path)) as agent:
        shop(agent)
        incident_id = asked(agent)
        waiting = pending(agent)
        agent.sandbox.delete("Pod", "shop", waiting["proposal"]["call"]["args"]["name"])
        agent.sandbox.settle(60)
        answer = agent.client.post(f"/approve/{waiting['id']}", json={"reason": "looks right"})
        assert answer.status_code == 412, answer.get_data(as_text=True)
        agent.drive()
        assert agent.sandbox.commands == []
        assert told(agent, incident_id)[1:3] == ("notify", "notified")


def test_what_comes_between_the_question_and_the_answer_counts(tmp_path: Path) -> None:
    """No argument can be edited; words that are off the list by now are blocked in spite of a yes; a pause stops it."""
    with harness(tmp_path, **allowing(tmp_path)) as agent:
        shop(agent)
        incident_id = asked(agent)
        waiting = pending(agent)
        for args in ({"argv": '["id"]'}, {"container": "other"}, {"seconds": 300}, {"name": "other"}):
            answer = agent.client.post(f"/approve/{waiting['id']}/edit", json={"reason": "x", "args": args})
            assert answer.status_code == 422, answer.get_data(as_text=True)

        services = agent.agent.services
        change = prove_again(
            replace(services, policy=services.policy.model_copy(update={"exec_commands": ()})),
            incident_id,
            Proposal.model_validate(waiting["proposal"]),
            certainty=1.0,
            approved=True,
            now=agent.clock.now(),
        )
        assert change is not None
        assert (change.kind, change.blocks[0].partition(":")[0]) == ("blocked", "command_listed")

        agent.client.post("/pause", json={"reason": "stop"})
        agent.client.post(f"/approve/{waiting['id']}", json={"reason": "looks right"})
        agent.drive()
        assert agent.sandbox.commands == []


class Failing:
    """A cluster on which the first command fails with an error; all else goes through."""

    def __init__(self, inner: Any, error: ToolError) -> None:
        self._inner, self._errors = inner, [error]

    def run_command(self, *args: Any, **given: Any) -> Any:
        if self._errors:
            raise self._errors.pop()
        return self._inner.run_command(*args, **given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@pytest.mark.parametrize(
    ("error", "runs"),
    [
        (TransientError("no connection"), 1),
        (Forbidden("403"), 1),
        (UnknownOutcome("the connection was lost"), 0),
    ],
)
def test_only_what_was_certainly_not_sent_is_sent_again(tmp_path: Path, error: ToolError, runs: int) -> None:
    """A refused connection leaves no claim behind; a lost answer leaves one, and a receipt that says so."""
    with harness(tmp_path, **allowing(tmp_path)) as agent:
        shop(agent)
        incident_id = asked(agent)
        services = agent.agent.services
        entry = claim_of(agent, incident_id, Proposal.model_validate(pending(agent)["proposal"]))
        failing = replace(services, cluster=Failing(services.cluster, error))
        if runs:
            with pytest.raises(type(error)):
                send(failing, entry)
            assert services.ledger.get(entry.key) is None
        else:
            assert send(failing, entry).outcome == "unknown"
        again = send(failing, entry)
        assert (len(agent.sandbox.commands), again.outcome) == (runs, "done" if runs else "unknown")
