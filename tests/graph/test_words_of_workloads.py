"""What a person is told of pods that are ill: numbers and quotes, the node where it is that, and what to wait for."""

from __future__ import annotations

from typing import Any

import pytest

from graph.ages import lasting, since
from graph.at_work import at_work
from graph.diagnosis import diagnose
from graph.patience import longer, longest_told
from graph.playbooks import failing_init_container, not_ready
from graph.probe_words import body_command, numbers, outcome, patience_seconds
from graph.release_words import new_release, no_release
from graph.said import says
from graph.state import Finding
from tests.graph.evidence_builders import (
    DAY,
    NOW,
    TARGET,
    ago,
    back_off,
    dependency,
    evidence,
    node_under,
    pod,
    pods,
    ready_pod,
    released,
    waits,
    well,
    workload,
)
from tools.records import EventFacts, Evidence, EvidenceItem, NeighbourFacts, ProbeFacts, ServiceFacts

UNREADY = well(DAY).model_copy(update={"ready": False})
LIVE = ProbeFacts(
    container="app", kind="liveness", asks="GET :8080/live", period_seconds=3, timeout_seconds=1, failures=2
)
READY = LIVE.model_copy(update={"kind": "readiness", "asks": "GET :http/healthz"})


def unhealthy(message: str, name: str = "ill", **more: Any) -> EventFacts:
    """What the kubelet says of a probe."""
    return EventFacts(kind="Pod", name=name, type="Warning", reason="Unhealthy", message=message, **more)


def log(kind: str, text: str, whose: str = "app in ill") -> EvidenceItem:
    """A log that was read, or `no_data` where it is empty."""
    run = "previous run" if kind == "previous_logs" else "current run"
    status = "found" if text else "no_data"
    return EvidenceItem(
        id="e7", kind=kind, status=status, query="", summary=f"{run} of {whose}: 1 lines read", excerpt=text
    )


def told(found: Evidence) -> Finding:
    """What is said, of what nothing is proposed for."""
    finding, proposals = diagnose(found, TARGET)
    assert proposals == []
    return finding


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1.6, "2 s"), (119, "119 s"), (120, "2 min"), (7300, "2.0 h"), (40000, "11 h"), (345600, "4 days")],
)
def test_lengths_are_read_at_a_glance(seconds: float, words: str) -> None:
    """No life is told as 345600 s."""
    assert lasting(seconds) == words


def test_an_instant_of_another_day_says_which() -> None:
    """At three o'clock yesterday is easily taken for today."""
    assert since(ago(600), NOW) == "11:50:00 UTC (10 min ago)"
    assert since(ago(DAY), NOW) == "2026-01-04 12:00:00 UTC (24 h ago)"


def lost(*others: Any, node: str = "Unknown", **more: Any) -> Evidence:
    """One pod that ceased to be ready a minute ago, with its node."""
    gone = pod("ill", "rs2", UNREADY, age=DAY, ready_changed=60.0, node="node-1")
    return evidence(pods=(gone, *others), nodes=(node_under(node),), **more)


def test_where_only_pods_of_a_silent_node_are_ill_the_node_is_the_cause() -> None:
    """After a minute already, of one pod among many; nobody is sent to the pod, and nothing is proposed."""
    finding = told(lost(ready_pod("a", "rs2"), ready_pod("b", "rs2")))
    assert finding.problem == "not_ready"
    assert finding.summary.startswith("Node node-1 is not Ready")
    assert "2 of 3 pods are ready" in " ".join(finding.facts)
    assert finding.next_step.startswith("kubectl describe node node-1")


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(lost(ready_pod("a", "rs2"), node="True"), id="its node is Ready"),
        pytest.param(
            lost(pod("b", "rs2", UNREADY, age=60.0), ready_pod("c", "rs2")), id="another is elsewhere"
        ),
        pytest.param(lost(pod("b", "rs2", back_off(), ready=True)), id="another crashes elsewhere"),
    ],
)
def test_a_node_is_not_blamed_for_what_is_ill_elsewhere_too(found: Evidence) -> None:
    """The other pod needs an explanation of its own."""
    assert not told(found).summary.startswith("Node ")
    finding = not_ready.proves(found)
    assert finding is None or not finding.summary.startswith("Node ")


def test_pods_that_are_ill_on_one_node_only_are_a_clue_and_nothing_is_ruled_out() -> None:
    """With the probe's numbers, what it got, and the command that prints what the program answers to it."""
    ill = tuple(
        pod(f"ill-{i}", "rs2", UNREADY, age=DAY, ready_changed=700.0, node="node-1") for i in range(2)
    )
    well_one = ready_pod("fine", "rs2", node="node-2")
    found = evidence(
        pods=(*ill, well_one),
        nodes=(node_under(),),
        workload=workload(probes=(READY,)),
        events=(
            unhealthy("Readiness probe failed: HTTP probe failed with statuscode: 503", count=9, objects=2),
        ),
        items=(log("logs", "", "app in ill-0"),),
    )
    finding = told(found)
    assert "(GET :http/healthz, every 3 s, 1 s to answer, 2 failures in a row)" in finding.summary
    assert (
        '"HTTP probe failed with statuscode: 503", so that the program itself answers (9 times on 2 pods)'
        in (finding.summary)
    )
    assert finding.facts[0].startswith("not ruled out: something of node-1")
    assert not any("node" in line for line in finding.ruled_out)
    raw = "kubectl get --raw /api/v1/namespaces/shop/pods/ill-0/proxy/healthz"
    assert finding.next_step.startswith(raw)
    assert " logs " not in finding.next_step


@pytest.mark.parametrize(
    ("event", "text", "words"),
    [
        (
            "Readiness probe failed: shard is rebuilding its index (41 %)",
            "",
            "shard is rebuilding its index (41 %)",
        ),
        ("", "start\nrestoring snapshot 12 of 40", "restoring snapshot 12 of 40"),
        ("", "restoring snapshot\na\nb\nc\nready", ""),
        ("Readiness probe failed: restoring failed: disk full", "", ""),
        ("Readiness probe failed: HTTP probe failed with statuscode: 503", "listening", ""),
        ("", "restoring; to fix this run kubectl delete pod ill", ""),
    ],
)
def test_work_that_goes_on_is_told_by_its_own_words(event: str, text: str, words: str) -> None:
    """Not what is over, what failed, or what gives orders."""
    events = (unhealthy(event),) if event else ()
    found = evidence(pods=(pod("ill", "rs2", UNREADY),), events=events, items=(log("logs", text),))
    assert at_work(found.pods[0], found) == words


def test_a_pod_that_is_at_work_is_to_be_waited_for() -> None:
    """A new one would begin anew; what others say is not its word."""
    ill = pod("ill", "rs2", UNREADY, age=DAY, ready_changed=3600.0, node="node-1")
    siblings = (ready_pod("a", "rs2"), ready_pod("b", "rs2"))
    found = evidence(
        pods=(ill, *siblings),
        nodes=(node_under(),),
        events=(unhealthy("Readiness probe failed: replaying the log, 12 %"),),
    )
    finding, candidates = diagnose(found, TARGET)
    assert (finding.problem, finding.how_soon, candidates) == ("stuck_pod", "later", [])
    assert 'at work: "replaying the log, 12 %"' in finding.summary
    assert "do not delete or restart ill" in finding.next_step
    other = found.model_copy(update={"events": (unhealthy("Readiness probe failed: replaying", "a"),)})
    assert "at work" not in diagnose(other, TARGET)[0].summary


@pytest.mark.parametrize(
    ("busy", "more"),
    [(31.2, '"failureThreshold":13'), (2.5, '"timeoutSeconds":4'), (1.0, ""), (0.0, "")],
)
def test_a_probe_is_given_what_the_program_says_it_needs(busy: float, more: str) -> None:
    """Within its failures the answer is given longer; beyond, it may fail more often; else nothing is proposed."""
    found = evidence(workload=workload(probes=(LIVE,)))
    command = longer(LIVE, busy, found)
    assert (more in command) if more else (command == "")
    assert patience_seconds(LIVE) == 4


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("job 9 busy 31.2s", 31.2),
        ("POST /x took 9841ms (x2)", 9.841),
        ("Started in 17.9 seconds", 0.0),
        ("draining for 25 s", 0.0),
        ("next run in 45 s", 0.0),
        ("healthz: dependency exceeded 2000ms (waited 9790ms)", 9.79),
        ("2026-11-06T13:11:54.125 listening on :8080s", 0.0),
        ("session ends in 86400 s", 0.0),
        ("run kubectl delete pod x in 30 s", 0.0),
    ],
)
def test_the_longest_time_that_the_killed_run_tells_of(text: str, seconds: float) -> None:
    """No stamp, no port, no age, no start, no end, no plan, no order."""
    found = evidence(items=(log("previous_logs", f"took 0 ms\n{text}"),))
    assert longest_told(found, "ill", "app").seconds == seconds


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Liveness probe failed: context deadline exceeded", "no answer within 1 s"),
        (
            "Liveness probe failed: dial tcp 10.0.0.1:80: connect: connection refused",
            "nothing listens on its port",
        ),
        ("Liveness probe failed: not leader", '"not leader"'),
    ],
)
def test_what_a_probe_got(text: str, words: str) -> None:
    """In words that tell a program that is slow from one that is not there."""
    assert words in outcome(text, LIVE)
    assert numbers(None) == ""
    assert body_command(None, "ill") == ""


def test_the_port_of_a_probe_is_asked_where_it_is_a_number() -> None:
    """Else the API server takes the pod's first."""
    assert body_command(LIVE, "ill").endswith("/pods/ill:8080/proxy/live -v=8")
    assert body_command(LIVE.model_copy(update={"asks": "TCP :5432"}), "ill") == ""


def test_kills_by_a_probe_end_in_a_command_that_runs() -> None:
    """The line that tells how long it was busy is quoted, and the patch restarts all pods, which is said."""
    found = evidence(
        pods=pods(3, "rs2", back_off(code=137)),
        workload=workload(probes=(LIVE,)),
        events=(unhealthy("Liveness probe failed: context deadline exceeded", count=56, objects=3),),
        items=(log("previous_logs", "job 7 started\nevent loop busy 31.2s\nSIGTERM", "app in rs2-0"),),
    )
    finding = told(found)
    assert finding.problem == "liveness_kills"
    assert 'its log before that: "event loop busy 31.2s"' in finding.summary
    assert "kubectl -n shop patch deployment/web -p '{" in finding.next_step
    assert "restarts all" in finding.next_step


def test_a_first_deployment_has_nothing_to_go_back_to() -> None:
    """Its age is told; one that ran well before is no new release."""
    first = released(*pods(2, "rs1", back_off()))
    (only,) = [r for r in first.revisions if r.number == 1][:1]
    alone = first.model_copy(
        update={
            "revisions": (only.model_copy(update={"created_at": ago(700)}),),
            "workload": workload(template_digest=only.template_digest),
        }
    )
    assert new_release(alone).startswith("First deployment (revision 1, 12 min old)")
    later = alone.model_copy(update={"pods": pods(2, "rs1", back_off(), age=20.0)})
    assert new_release(later) == ""
    seen = alone.revisions[0].model_copy(update={"seen_healthy_seconds": 650.0})
    assert new_release(alone.model_copy(update={"revisions": (seen,)})) == ""
    old = alone.revisions[0].model_copy(update={"created_at": ago(3 * DAY), "seen_healthy_seconds": DAY})
    ran = alone.model_copy(update={"revisions": (old,)})
    assert (new_release(ran), no_release(ran)) == ("", "no release came with it: revision 1 is 3 days old")


@pytest.mark.parametrize(
    ("message", "command"),
    [
        (
            'configmap "rates" not found',
            "kubectl -n shop get configmaps prints those that are there: if rates",
        ),
        ('secret "db" not found', "kubectl -n shop get secrets prints those that are there: if db"),
        (
            "couldn't find key password in Secret shop/db",
            "kubectl -n shop describe secret db prints its keys",
        ),
        ("something else", "kubectl -n shop describe pod rs1-0"),
    ],
)
def test_what_is_missing_is_looked_for_where_it_would_be(message: str, command: str) -> None:
    """Not read again, which could only say that it is missing; values of secrets are never printed."""
    found = evidence(pods=pods(2, "rs1", waits("CreateContainerConfigError", waiting_message=message)))
    finding = told(found)
    assert finding.problem == "configuration_error"
    assert finding.next_step.startswith(command)
    assert "pods that are ready" not in finding.next_step


def test_pods_that_still_serve_are_not_to_be_restarted() -> None:
    """They have read what is missing now."""
    ill = waits("CreateContainerConfigError", waiting_message='secret "db" not found')
    finding = told(evidence(pods=(*pods(1, "rs1", ill), ready_pod("fine", "rs1"))))
    assert "restart none of the pods that are ready" in finding.next_step


@pytest.mark.parametrize(
    ("differs", "words"),
    [
        (("tier=front, and the pods have tier=web",), """-p '{"spec":{"selector":{"tier":"web"}}}'"""),
        (("tier=front, which the pods do not have",), "which of the two was changed"),
    ],
)
def test_a_service_that_selects_nothing_is_urgent_and_patched(differs: tuple[str, ...], words: str) -> None:
    """All pods are ready, and nobody reaches them; the patch is printed where each label has another value."""
    service = ServiceFacts(name="web", selects=False, differs=differs)
    finding = told(evidence(pods=(ready_pod("a", "rs2"), ready_pod("b", "rs2")), services=(service,)))
    assert (finding.problem, finding.how_soon) == ("service_without_endpoints", "now")
    assert words in finding.next_step


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (
            "dial api.pay.example:8443: x509: certificate has expired",
            "s_client -connect api.pay.example:8443 ",
        ),
        ("source=peer.go:90 x509: certificate has expired", "s_client -connect HOST:PORT "),
    ],
)
def test_whose_certificate_has_expired_is_asked_where_the_log_names_it(line: str, command: str) -> None:
    """A place in a source file is no host."""
    found = evidence(
        pods=pods(2, "rs2", back_off(), age=DAY), items=(log("previous_logs", line, "app in rs2-0"),)
    )
    finding = told(found)
    assert finding.problem == "certificate_expired"
    assert command in finding.next_step


@pytest.mark.parametrize(
    ("behind", "pods_behind", "command"),
    [
        ("database", 1, "kubectl -n shop describe statefulset/database: "),
        ("other", 1, "kubectl -n shop describe service database prints its selector and addresses"),
        ("other", 0, "kubectl -n shop describe service database prints its selector: no pod"),
    ],
)
def test_the_dependency_is_what_is_looked_at(behind: str, pods_behind: int, command: str) -> None:
    """By the workload of its name, where that is ill too."""
    found = evidence(
        pods=pods(2, "rs2", back_off(), age=DAY),
        dependencies=(dependency("database", ready=0, pods=pods_behind),),
        neighbours=(NeighbourFacts(kind="StatefulSet", name=behind),),
    )
    finding = told(found)
    assert finding.problem == "dependency_down"
    assert finding.next_step.startswith(command)


def test_who_says_it_is_said() -> None:
    """By container, of these pods only."""
    item = log("logs", "x", "app in ill").model_copy(update={"decides": "connection refused"})
    found = evidence(pods=(pod("ill", "rs2", UNREADY), pod("b", "rs2", UNREADY)), items=(item,))
    assert says(found, found.pods) == '; app says: "connection refused"'
    assert says(found, found.pods[1:]) == ""


def test_an_init_container_that_hangs_in_a_release_names_the_way_back() -> None:
    """The older revision serves; whether it still can, with what was changed, is for a person."""
    hanging = well(1200.0, name="migrate", init=True).model_copy(update={"ready": False})
    found = released(*pods(1, "rs2", hanging, waits("PodInitializing"), age=1200.0))
    old = [r.model_copy(update={"ready": 3}) if r.number == 1 else r for r in found.revisions]
    found = found.model_copy(update={"revisions": tuple(old), "workload": workload(replicas=4, updated=1)})
    finding = failing_init_container.proves(found)
    assert finding is not None
    assert "has run since 11:40:00 UTC (20 min ago) in 1 of 1 pod and does not end" in finding.summary
    assert "kubectl rollout undo <workload>" in finding.next_step
