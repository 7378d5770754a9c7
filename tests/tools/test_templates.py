"""Which pod templates count as the same revision, and what a difference shows."""

from __future__ import annotations

from typing import Any

import pytest

from tools.templates import (
    exact_digest,
    images,
    release_digest,
    template_diff,
    template_digest,
    without_hash,
)


def template(**changes: Any) -> dict[str, Any]:
    metadata = {"labels": {"app": "web"} | changes.get("labels", {})}
    if "annotations" in changes:
        metadata["annotations"] = changes["annotations"]
    container = {"name": "web", "image": changes.get("image", "web:1")}
    container |= {key: changes[key] for key in ("env", "args") if key in changes}
    return {"metadata": metadata, "spec": {"containers": [container]}}


@pytest.mark.parametrize(
    "other",
    [
        template(labels={"pod-template-hash": "abc"}),
        template(annotations={"kubectl.kubernetes.io/restartedAt": "2026-01-05T12:00:00Z"}),
        template(annotations={"sre-agent/last-action": "k"}, labels={"sre-agent/x": "y"}),
        template() | {"metadata": {"labels": {"app": "web"}, "creationTimestamp": None}},
        template(annotations={}),
    ],
)
def test_a_restart_and_marks_make_no_other_revision(other: dict[str, Any]) -> None:
    """Hash label, restart time, our own keys and empty fields are left out of the comparison (R4.11)."""
    assert template_digest(other) == template_digest(template())


@pytest.mark.parametrize(
    "other",
    [template(image="web:2"), template(labels={"tier": "x"}), template(annotations={"release": "2"})],
)
def test_any_other_change_makes_another_revision(other: dict[str, Any]) -> None:
    """Images, labels and annotations of other writers count."""
    assert template_digest(other) != template_digest(template())


@pytest.mark.parametrize(
    "mark", ["checksum/config", "checksum/secret", "config-hash", "app.example.com/configHash"]
)
def test_a_mark_of_mounted_configuration_makes_a_revision_and_no_release(mark: str) -> None:
    """Its pods are new, its containers are the same; an image or another annotation is a release."""
    changed = template(annotations={mark: "2"})
    assert template_digest(changed) != template_digest(template())
    assert release_digest(changed) == release_digest(template())
    for other in (template(image="web:2"), template(annotations={"sidecar/inject": "true"})):
        assert release_digest(other) != release_digest(template())


def test_the_exact_digest_tells_a_restart_apart() -> None:
    """The Deployment controller makes a ReplicaSet of its own for a restart."""
    restarted = template(annotations={"kubectl.kubernetes.io/restartedAt": "2026-01-05T12:00:00Z"})
    assert exact_digest(restarted) != exact_digest(template())
    assert exact_digest(template(labels={"pod-template-hash": "abc"})) == exact_digest(template())


def test_a_diff_shows_the_image_and_hides_values() -> None:
    """A changed environment value shows as changed, and neither value is in the diff."""
    old = template(
        env=[{"name": "DB_URL", "value": "postgres://u:hunter2@db/x"}], args=["--password", "sesame1"]
    )
    new = template(
        image="web:2",
        env=[{"name": "DB_URL", "value": "postgres://u:hunter3@db/x"}],
        args=["--password", "sesame2", "--verbose"],
    )
    diff = template_diff(old, new, names=("revision 1", "revision 2"))
    assert "--- revision 1" in diff
    assert "-    image: web:1" in diff
    assert "+    image: web:2" in diff
    assert diff.count("<redacted:env:") == 2
    assert "--verbose" in diff
    assert not any(secret in diff for secret in ("hunter", "sesame"))


def test_equal_templates_have_no_diff() -> None:
    """The hash label alone is no difference."""
    assert template_diff(template(labels={"pod-template-hash": "a"}), template()) == ""


def test_the_hash_label_is_taken_from_a_copy() -> None:
    """What a ReplicaSet holds is not changed by preparing it for a Deployment."""
    original = template(labels={"pod-template-hash": "abc"})
    assert without_hash(original)["metadata"]["labels"] == {"app": "web"}
    assert original["metadata"]["labels"]["pod-template-hash"] == "abc"


def test_images_of_init_containers_come_first() -> None:
    """All images of a template, in the order in which they run."""
    both = template()
    both["spec"]["initContainers"] = [{"name": "init", "image": "init:1"}]
    assert images(both) == ("init:1", "web:1")
