"""A rollback goes back to exactly the revision that was shown, or nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.shop import NAMESPACE, START, deployment
from tools.actions.rollback_deployment import ACTION, RollbackDeployment, undo
from tools.cluster import KubernetesCluster
from tools.errors import Refused
from tools.resources import DEPLOYMENTS, REPLICASETS
from tools.sandbox import Sandbox
from tools.templates import template_digest
from tools.workload_revisions import revisions_of


@pytest.fixture
def proposed(sandbox: Sandbox, cluster: KubernetesCluster) -> RollbackDeployment:
    """From revision 2 back to revision 1."""
    sandbox.apply(deployment())
    sandbox.settle(60)
    sandbox.apply(deployment(image="registry.example/web:2", fault="crashloop"))
    sandbox.settle(60)
    return propose(cluster)


def propose(cluster: KubernetesCluster) -> RollbackDeployment:
    item = cluster.get(DEPLOYMENTS, NAMESPACE, "web")
    newest, older = revisions_of(cluster, item)[:2]
    return RollbackDeployment(
        namespace=NAMESPACE,
        name="web",
        uid=item["metadata"]["uid"],
        from_digest=template_digest(newest["spec"]["template"]),
        to_revision=1,
        to_replicaset=older["metadata"]["name"],
        to_digest=template_digest(older["spec"]["template"]),
    )


def refused(cluster: KubernetesCluster, args: RollbackDeployment, **changes: Any) -> str:
    """Why it is refused, for the dry run as for the write; the preview says the same."""
    wrong = args.model_copy(update=changes)
    for dry_run in (True, False):
        with pytest.raises(Refused) as caught:
            ACTION.execute(cluster, wrong, key="k", at=START, dry_run=dry_run)
    shown = ACTION.preview(cluster, wrong)
    assert not shown.accepted
    assert shown.dry_run == str(caught.value)
    return str(caught.value)


def test_a_revision_that_is_gone_is_refused(cluster: KubernetesCluster, proposed: RollbackDeployment) -> None:
    """The revision history has been pruned since."""
    assert "does not exist any more" in refused(cluster, proposed, to_replicaset="web-gone")


def test_a_revision_of_another_workload_is_refused(
    sandbox: Sandbox, cluster: KubernetesCluster, proposed: RollbackDeployment
) -> None:
    """Even if it holds the very template: it is not this Deployment's history."""
    sandbox.apply(deployment("cart"))
    sandbox.settle(30)
    (other,) = cluster.list(REPLICASETS, NAMESPACE, label_selector="app=cart")
    changes = {
        "to_replicaset": other["metadata"]["name"],
        "to_digest": template_digest(other["spec"]["template"]),
    }
    assert "not a revision of this Deployment" in refused(cluster, proposed, **changes)


def test_a_revision_with_another_template_than_shown_is_refused(
    cluster: KubernetesCluster, proposed: RollbackDeployment
) -> None:
    """What was approved is the template, not a number."""
    assert "does not hold the template" in refused(cluster, proposed, to_digest="0" * 64)


def test_the_preview_shows_what_goes_and_what_stays(
    cluster: KubernetesCluster, proposed: RollbackDeployment
) -> None:
    """The image that comes back, the pods that go, the way to undo it, and what a rollback does not restore."""
    shown = ACTION.preview(cluster, proposed)
    assert "+    image: registry.example/web:1" in shown.diff
    assert "-    image: registry.example/web:2" in shown.diff
    assert shown.dry_run == "accepted"
    assert len(shown.pods_replaced) >= 3
    assert "rolling update" in shown.stays_ready
    assert "going forward again" in shown.undo
    assert any("ConfigMaps" in note for note in shown.notes)


def test_the_undo_names_the_revision_that_is_current_now(
    cluster: KubernetesCluster, proposed: RollbackDeployment
) -> None:
    """Found by its template before the write; none if nothing holds it."""
    inverse = undo(cluster, proposed)
    assert inverse is not None
    assert inverse.args["to_digest"] == proposed.from_digest
    assert inverse.args["from_digest"] == proposed.to_digest
    assert inverse.args["to_revision"] == 2
    assert undo(cluster, proposed.model_copy(update={"from_digest": "0" * 64})) is None


def test_the_hash_label_does_not_come_along(cluster: KubernetesCluster, proposed: RollbackDeployment) -> None:
    """Else the Deployment's pods would carry the label of one revision for ever."""
    ACTION.execute(cluster, proposed, key="k", at=START, dry_run=False)
    labels = cluster.get(DEPLOYMENTS, NAMESPACE, "web")["spec"]["template"]["metadata"]["labels"]
    assert labels == {"app": "web"}
