"""Permissions, certificates, Services, configuration: what the API says of them decides, what a log says is a hint."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from graph.diagnosis import diagnose, unresolved
from graph.playbooks.service_without_endpoints import explains, tells
from tests.graph.evidence_builders import (
    DAY,
    NEW,
    NOW,
    TARGET,
    ago,
    back_off,
    dependency,
    evidence,
    items,
    pod,
    pods,
    ready_pods,
    revision,
    waits,
    well,
)
from tools.records import (
    Alert,
    CertificateFacts,
    ConfigFacts,
    ContainerFacts,
    Evidence,
    EvidenceItem,
    PodFacts,
    ServiceFacts,
)

UNREADY = well(DAY).model_copy(update={"ready": False})
EXPIRED = "x509: certificate has expired or is not yet valid"


def problem(found: Evidence) -> tuple[str, str]:
    """The class and its summary, with nothing proposed."""
    finding, candidates = diagnose(found, TARGET)
    assert candidates == []
    return finding.problem, finding.summary


def crashing(container: ContainerFacts) -> Evidence:
    """Three pods of a revision that is days old."""
    return evidence(pods=pods(3, "rs1", container, age=DAY), revisions=(revision(1, digest=NEW),))


def log(text: str, kind: str = "previous_logs") -> dict[str, Any]:
    """The items, with this as what a log says."""
    told = EvidenceItem(id="e9", kind=kind, status="found", query="GET", summary="a log", excerpt=text)
    return {"items": (*items(), told)}


@pytest.mark.parametrize(
    ("container", "what"),
    [
        (
            waits(
                "CreateContainerConfigError",
                waiting_message="container has runAsNonRoot and image will run as root",
            ),
            "its securityContext asks for another",
        ),
        (
            back_off(
                code=128,
                reason="StartError",
                life=0,
                exit_message='exec: "/run.sh": permission denied: unknown',
            ),
            "may not be",
        ),
        (
            waits("RunContainerError", waiting_message="mkdir /x: read-only file system"),
            "file system that is read-only",
        ),
    ],
)
def test_a_refusal_by_the_kubelet_or_the_runtime_is_a_permission(
    container: ContainerFacts, what: str
) -> None:
    """Told in their words, with what to compare."""
    name, summary = problem(crashing(container))
    assert name == "permission_error"
    assert what in summary


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        (back_off(exit_message="permission denied for table x"), "crash_loop"),
        (
            waits("CreateContainerConfigError", waiting_message="couldn't find key a in Secret x/y"),
            "configuration_error",
        ),
    ],
)
def test_what_a_program_says_itself_is_no_such_refusal(container: ContainerFacts, expected: str) -> None:
    """A termination message is the program's own text."""
    assert problem(crashing(container))[0] == expected


def test_a_log_that_speaks_of_permissions_is_a_hint_beside_a_crash() -> None:
    """Marked as such; the class stays what is proved."""
    finding, _ = diagnose(
        crashing(back_off()).model_copy(update=log("open /data: permission denied")), TARGET
    )
    assert finding.problem == "crash_loop"
    assert any("a hint and no proof" in fact for fact in finding.facts)


def _mounted(days: float) -> CertificateFacts:
    return CertificateFacts(
        name="web", secret="web-tls", not_after=NOW + timedelta(days=days), reason="Expired"
    )


def test_a_certificate_that_is_past_its_date_is_named() -> None:
    """While pods that mount it are not well."""
    found = crashing(back_off()).model_copy(update={"certificates": (_mounted(-1),)})
    name, summary = problem(found)
    assert name == "certificate_expired"
    assert "Certificate web" in summary


def test_a_log_that_speaks_of_an_expired_certificate_names_it_with_less_weight() -> None:
    """A hint, and a certificate that is valid is ruled out."""
    found = crashing(back_off()).model_copy(update={"certificates": (_mounted(30),), **log(EXPIRED)})
    finding, candidates = diagnose(found, TARGET)
    assert (finding.problem, candidates) == ("certificate_expired", [])
    assert finding.directness <= 0.5
    assert any("Certificate web" in line for line in finding.ruled_out)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"certificates": (_mounted(30),)}, "crash_loop"),
        ({"dependencies": (dependency(ready=0),)}, "dependency_down"),
    ],
)
def test_otherwise_no_certificate_explains_it(more: dict[str, Any], expected: str) -> None:
    """It is valid, or something else is proved, whatever the log says."""
    text = log(EXPIRED) if expected != "crash_loop" else {}
    assert problem(crashing(back_off()).model_copy(update={**more, **text}))[0] == expected


def behind(**more: Any) -> Evidence:
    """Three ready pods, and a Service of the workload's name."""
    made = ready_pods(3, "rs1")
    return evidence(
        pods=made, revisions=(revision(1, digest=NEW),), services=(ServiceFacts(name="web", **more),)
    )


@pytest.mark.parametrize(
    ("more", "what"),
    [
        (
            {"selects": False, "differs": ("tier=front, and the pods have tier=web",)},
            "selects none of its pods",
        ),
        ({"ports_missing": ("http",)}, "names port http"),
    ],
)
def test_a_service_that_does_not_reach_ready_pods_is_named(more: dict[str, Any], what: str) -> None:
    """With what differs."""
    name, summary = problem(behind(**more))
    assert name == "service_without_endpoints"
    assert what in summary


@pytest.mark.parametrize("more", [{}, {"selects": False, "differs": ("slot=green",), "elsewhere": True}])
def test_a_service_that_reaches_pods_is_well(more: dict[str, Any]) -> None:
    """These or those of another workload."""
    assert problem(behind(**more))[0] == "recovered_by_itself"


def test_pods_that_are_not_ready_are_left_out_rightly() -> None:
    """They are the cause then."""
    found = crashing(back_off()).model_copy(
        update={"services": (ServiceFacts(name="web", ports_missing=("x",)),)}
    )
    assert problem(found)[0] == "crash_loop"


def _no_endpoints(name: str = "ServiceHasNoEndpoints", **labels: str) -> Alert:
    named = {"alertname": name, "namespace": "shop", "service": "web", **labels}
    return Alert(fingerprint="f", status="firing", labels=named, starts_at=ago(60))


@pytest.mark.parametrize(
    ("around", "what"),
    [((), "no pod was found"), (pods(2, "rs1", UNREADY), "0 of 2 pods behind Service web are ready")],
)
def test_an_alert_that_names_only_a_service_is_told_what_stands_behind_it(
    around: tuple[PodFacts, ...], what: str
) -> None:
    """It proves nothing, and no action follows."""
    alert = _no_endpoints()
    assert tells(alert)
    finding = explains(evidence(around=around), (alert,))
    assert finding is not None
    assert what in finding.summary
    assert "kubectl -n shop" in finding.next_step


@pytest.mark.parametrize("name", ["ServiceWithoutEndpoints", "KubeEndpointAddressNotAvailable"])
def test_endpoints_of_kube_state_metrics_name_the_service(name: str) -> None:
    """In the sentence and in the command, as the label `service` does."""
    alert = _no_endpoints(name, job="kube-state-metrics", endpoint="feed", service="")
    finding = unresolved("", evidence(), [alert])
    assert finding.problem == "service_without_endpoints"
    assert "no pod was found that Service feed selects" in finding.summary
    assert "kubectl -n shop get service feed " in finding.next_step


def test_without_a_services_name_no_command_has_a_place_to_fill_in() -> None:
    """A shell takes it for a redirection."""
    finding = unresolved("", evidence(), [_no_endpoints(service="")])
    assert finding.problem == "service_without_endpoints"
    assert "<" not in f"{finding.summary}{finding.next_step}"


def test_other_alerts_do_not_speak_of_services_without_endpoints() -> None:
    """Nor does one whose Service is the exporter's."""
    assert not tells(_no_endpoints("KubePodCrashLooping"))
    assert not tells(_no_endpoints(service="kube-state-metrics"))


def configured(
    *made: PodFacts, changed: float = 1500.0, uses: tuple[str, ...] = ("environment",)
) -> Evidence:
    """Pods that read a ConfigMap, which was changed so long ago."""
    config = ConfigFacts(
        name="conf", uses=uses, created_at=ago(DAY * 9), changed_at=ago(changed), changed_by="helm"
    )
    return evidence(pods=made, revisions=(revision(1, digest=NEW, age=DAY * 9),), configs=(config,))


def stale(ready_changed: float = 4000.0, running: float = DAY, **more: Any) -> PodFacts:
    """It runs since long, and stopped being ready then."""
    container = well(running).model_copy(update={"ready": False})
    return pod("old", "rs1", container, age=DAY, ready_changed=ready_changed, **more)


def test_pods_that_still_run_with_the_old_configuration_are_restarted_when_asked() -> None:
    """It was changed after they had stopped being ready, and they read it only at their start."""
    finding, (proposal,) = diagnose(configured(stale()), TARGET)
    assert finding.problem == "configuration_changed"
    assert finding.directness < 0.8
    assert proposal.call.name == "restart_deployment"


@pytest.mark.parametrize(
    "found",
    [
        configured(stale(), uses=("volume",)),
        configured(stale(), stale(ready_changed=1000.0, running=1200.0)),
        configured(stale(), *ready_pods(1, "rs1", age=1200.0)),
        configured(stale(ready_changed=1400.0)),
        configured(stale()).model_copy(update={"dependencies": (dependency(ready=0),)}),
        configured(pod("old", "rs1", back_off(), age=DAY, ready_changed=4000.0)),
    ],
    ids=[
        "follows by itself",
        "one has read it",
        "another is ready",
        "broke after it",
        "something is down",
        "crashes",
    ],
)
def test_otherwise_configuration_is_no_reason_to_restart(found: Evidence) -> None:
    """A restart would not help, or make it worse."""
    assert "restart_deployment" not in [candidate.call.name for candidate in diagnose(found, TARGET)[1]]


def test_a_change_after_which_all_broke_is_the_likely_cause() -> None:
    """Explained: what crashes reads it anew by itself."""
    broke = pods(2, "rs1", back_off(), age=DAY, ready_changed=1400.0)
    name, summary = problem(configured(*broke))
    assert name == "configuration_changed"
    assert "ConfigMap conf was changed" in summary


@pytest.mark.parametrize("ready_changed", [9000.0, 1600.0])
def test_what_broke_before_the_change_was_not_broken_by_it(ready_changed: float) -> None:
    """However shortly."""
    broke = pods(2, "rs1", back_off(), age=DAY, ready_changed=ready_changed)
    assert problem(configured(*broke))[0] == "crash_loop"


def _new(began: float, **more: Any) -> PodFacts:
    """A pod whose container began last so long ago and crashes."""
    return pod("new", "rs1", back_off(ended=began - 2.0), age=3000.0, **more)


def test_pods_that_have_read_the_change_fail_and_the_others_do_not() -> None:
    """Neither the odd pod is evicted nor the release gone back from."""
    name, summary = problem(configured(*ready_pods(3, "rs1"), _new(100.0)))
    assert name == "configuration_broke_new_pods"
    assert "ConfigMap conf" in summary


@pytest.mark.parametrize(
    "found",
    [
        configured(*ready_pods(3, "rs1"), *ready_pods(1, "rs1", age=900.0), _new(100.0)),
        configured(*ready_pods(3, "rs1"), _new(100.0), changed=50.0),
        configured(*ready_pods(3, "rs1"), _new(100.0), changed=DAY * 2),
        configured(*ready_pods(3, "rs2"), _new(100.0)),
        configured(*ready_pods(3, "rs1"), _new(100.0)).model_copy(
            update={"dependencies": (dependency(ready=0),)}
        ),
    ],
    ids=[
        "one that has read it is well",
        "not read yet",
        "all have read it",
        "another revision",
        "something is down",
    ],
)
def test_otherwise_the_change_does_not_tell_them_apart(found: Evidence) -> None:
    """What is the same for both is not the cause."""
    assert diagnose(found, TARGET)[0].problem != "configuration_broke_new_pods"
