"""What keeps an image away is told by the registry's own words and by who else waits; each needs another person."""

from __future__ import annotations

from typing import Any

import pytest

from graph.diagnosis import diagnose
from graph.pulls import reason_in, registry_of, repository_of
from graph.state import Finding, Proposal
from tests.graph.evidence_builders import (
    TARGET,
    back_off,
    evidence,
    pod,
    pods,
    ready_pods,
    released,
    revision,
    waits,
)
from tools.records import EventFacts, Evidence, PullFacts

IMAGE = "registry.example/web:1.1"
HUB_DENIED = (
    "pull access denied, repository does not exist or may require authorization: server message: "
    "insufficient_scope: authorization failed"
)


def waiting(said: str, reason: str = "ImagePullBackOff", *, image: str = IMAGE, **more: Any) -> Evidence:
    """A release whose only pod waits; the revision before serves, from the repository `old`."""
    old = more.pop("old", "registry.example/web:1.0")
    container = waits(reason, waiting_message=said).model_copy(update={"image": image})
    found = released(pod("new", "rs2", container, node="node-9"), older=ready_pods(3, "rs1"), **more)
    older = found.revisions[1].model_copy(update={"images": (old,)})
    return found.model_copy(update={"revisions": (found.revisions[0], older)})


def elsewhere(count: int, said: str = "", image: str = "registry.example/other") -> tuple[PullFacts, ...]:
    """Containers of other workloads that wait for images of the same registry."""
    return tuple(
        PullFacts(namespace="n", pod=f"p{i}", owner_uid=f"o{i}", image=f"{image}-{i}:2", message=said)
        for i in range(count)
    )


def told(found: Evidence) -> tuple[Finding, list[Proposal]]:
    return diagnose(found, TARGET)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (f'failed to resolve reference "{IMAGE}": {IMAGE}: not found', "name"),
        ("manifest for web:1.1 not found: manifest unknown: manifest unknown", "name"),
        ("pull access denied, repository does not exist or may require 'docker login'", "name"),
        (HUB_DENIED, "access"),
        ("failed to fetch oauth token: unexpected status: 401 Unauthorized", "access"),
        ("pulling from host r.example failed with status code [manifests 1]: 403 Forbidden", "access"),
        ("no basic auth credentials", "access"),
        ("dial tcp 10.0.0.9:443: i/o timeout", "registry"),
        ("dial tcp: lookup r.example on 10.96.0.10:53: no such host", "registry"),
        ("unexpected status from HEAD request: 503 Service Unavailable", "registry"),
        ("429 Too Many Requests - Server message: toomanyrequests", "registry"),
        ("tls: failed to verify certificate: x509: certificate has expired or is not yet valid", "registry"),
        (f'Back-off pulling image "{IMAGE}"', ""),
        ("", ""),
    ],
)
def test_the_runtimes_words_are_told_apart(said: str, reason: str) -> None:
    """By status codes and phrases of registries and resolvers."""
    assert reason_in(said) == reason


@pytest.mark.parametrize(
    ("image", "registry", "repository"),
    [
        ("nginx:1.29", "docker.io", "nginx"),
        ("library/nginx", "docker.io", "library/nginx"),
        ("registry.example:5000/a/b:1", "registry.example:5000", "registry.example:5000/a/b"),
        ("localhost/a@sha256:aa", "localhost", "localhost/a"),
    ],
)
def test_a_name_is_taken_apart_as_the_runtime_does(image: str, registry: str, repository: str) -> None:
    """A first part with a dot or a port is a host."""
    assert (registry_of(image), repository_of(image)) == (registry, repository)


def test_a_missing_tag_of_the_newest_release_is_gone_back_from() -> None:
    """An older one serves: a person is asked."""
    finding, candidates = told(waiting(f"{IMAGE}: not found"))
    assert finding.problem == "image_name"
    assert [c.call.name for c in candidates] == ["rollback_deployment"]
    assert "kubectl -n shop set image deployment/web " in finding.next_step


def test_words_that_the_status_has_lost_are_found_in_the_events() -> None:
    """Older kubelets say only that they back off."""
    event = EventFacts(
        kind="Pod",
        name="new",
        type="Warning",
        reason="Failed",
        message=f'Failed to pull image "{IMAGE}": {IMAGE}: not found',
    )
    assert told(waiting(f'Back-off pulling image "{IMAGE}"', events=(event,)))[0].problem == "image_name"


def test_without_any_words_it_is_an_image_error() -> None:
    """And still gone back from, when only the newest release waits."""
    finding, candidates = told(waiting(f'Back-off pulling image "{IMAGE}"'))
    assert finding.problem == "image_error"
    assert len(candidates) == 1


def test_another_repository_that_may_not_be_read_is_the_releases_doing() -> None:
    """The revision before read from one that may."""
    finding, candidates = told(waiting("401 Unauthorized", image="private.example/web:1"))
    assert (finding.problem, len(candidates)) == ("image_access", 1)


@pytest.mark.parametrize("pulls", [(), elsewhere(1, "401 Unauthorized", "private.example/x")])
def test_credentials_that_were_lost_are_explained(pulls: tuple[PullFacts, ...]) -> None:
    """The same repository as before, or others that are refused as well: an older revision needs them too."""
    image = "private.example/web:1" if pulls else IMAGE
    finding, candidates = told(waiting("401 Unauthorized", image=image, pulls=pulls))
    assert (finding.problem, candidates) == ("image_access", [])


@pytest.mark.parametrize(
    "said", ["dial tcp 10.0.0.9:443: i/o timeout", "503 Service Unavailable", "429 Too Many Requests"]
)
def test_a_registry_that_does_not_answer_is_no_releases_fault(said: str) -> None:
    """Nothing is proposed, although only the newest release waits."""
    finding, candidates = told(waiting(said))
    assert (finding.problem, candidates) == ("registry_outage", [])
    assert "registry.example" in finding.summary


@pytest.mark.parametrize(
    ("said", "node_alone"),
    [
        ("dial tcp 10.0.0.9:443: i/o timeout", True),
        ("proxyconnect tcp: dial 10.0.0.9:443 Timeout: i/o timeout", True),
        ("read tcp 10.0.0.1:4000->10.0.0.9:443: read 512 bytes: connection reset by peer", True),
        (
            "unexpected status from HEAD request to https://registry.example/v2/web: 503 Service Unavailable",
            False,
        ),
        ("unexpected status code [manifests 1]: 502", False),
        ("429 Too Many Requests - Server message: toomanyrequests", False),
    ],
)
def test_a_node_that_got_an_answer_reaches_the_registry(said: str, node_alone: bool) -> None:
    """The port of an address is no status."""
    finding, _ = told(waiting(said))
    assert any("alone does not reach it" in fact for fact in finding.facts) is node_alone


def test_where_pulls_are_limited_the_account_is_given_without_a_rollout() -> None:
    """By the ServiceAccount: the template would replace the pods that are ready."""
    said = "429 Too Many Requests - toomanyrequests: You have reached your pull rate limit"
    finding, _ = told(waiting(said, image="nginx:1.29"))
    assert "docker.io, whose pull limit is used up" in finding.summary
    assert "kubectl -n shop patch serviceaccount default -p " in finding.next_step
    assert "--docker-server=https://index.docker.io/v1/ " in finding.next_step
    assert "kubectl -n shop delete pod new" in finding.next_step
    assert "edit" not in finding.next_step


def test_several_workloads_that_wait_for_one_registry_share_its_trouble() -> None:
    """Even where nobody tells why any more; and it says who."""
    finding, candidates = told(waiting("", pulls=elsewhere(3)))
    assert (finding.problem, candidates) == ("registry_outage", [])
    assert any("n/p0 (1 pod) waits for" in fact for fact in finding.facts)


def test_pods_of_one_workload_are_not_several() -> None:
    """Nor are pods that wait for another registry."""
    own = PullFacts(namespace="shop", pod="new", owner_uid="o", image=IMAGE)
    others = elsewhere(3, image="quay.example/x")
    assert told(waiting("", pulls=(own, own, *others)))[0].problem == "image_error"


NO_HOST = "dial tcp: lookup registry.exmaple on 10.96.0.10:53: no such host"


def test_a_host_that_only_the_newest_release_names_is_a_wrong_name() -> None:
    """Its registry has no address, and the one before had."""
    finding, candidates = told(waiting(NO_HOST, image="registry.exmaple/web:2"))
    assert (finding.problem, len(candidates)) == ("image_name", 1)


def test_a_host_that_was_named_before_cannot_be_reached() -> None:
    """Nothing is wrong with the name then."""
    assert told(waiting(NO_HOST, image="registry.exmaple/web:2", old="registry.exmaple/web:1"))[
        0
    ].problem == ("registry_outage")


def test_where_more_pods_crash_than_wait_no_image_explains_it() -> None:
    """One cause must explain most of what fails."""
    found = evidence(
        pods=(*pods(2, "rs1", back_off()), pod("pull", "rs1", waits("ErrImagePull", waiting_message="401"))),
        revisions=(revision(1),),
    )
    assert told(found)[0].problem not in ("image_access", "image_error")
