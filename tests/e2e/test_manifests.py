"""Every kustomization is rendered by kustomize itself and taken by the real API server, as a dry run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

from server.settings import Settings
from tests.controlplane.api import ApiError, Json
from tests.controlplane.kustomize import render
from tests.controlplane.plane import ControlPlane
from tests.e2e.resources import Catalogue
from tests.packaging.shipped import make_tokens

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
K8S = Path(__file__).parents[2] / "k8s"
CRDS = Path(__file__).parent / "crds"
ROOTS = sorted(
    str(path.parent.relative_to(K8S))
    for path in K8S.rglob("kustomization.yaml")
    if yaml.safe_load(path.read_text(encoding="utf-8"))["kind"] == "Kustomization"
)


@pytest.fixture(scope="module")
def catalogue(plane: ControlPlane) -> Iterator[Catalogue]:
    """Where each kind is served, the ones that only an operator brings included."""
    crds = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(CRDS.glob("*.yaml"))]
    for crd in crds:
        plane.api.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
    served = Catalogue(plane)
    for crd in crds:
        group, kind = crd["spec"]["group"], crd["spec"]["names"]["kind"]
        plane.eventually(partial(served.knows, group, kind), what=kind)
    yield served
    for crd in crds:
        plane.api.delete(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{crd['metadata']['name']}")


@pytest.fixture(scope="module")
def namespace(plane: ControlPlane) -> Iterator[str]:
    """One that keeps the restricted standard; the objects of a dry run are put there, wherever they belong."""
    name = plane.new_namespace("manifests")
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    plane.api.patch(f"/api/v1/namespaces/{name}", {"metadata": {"labels": labels}})
    yield name
    plane.delete_namespace(name)


def objects(root: str, namespace: str) -> list[Json]:
    """What kustomize makes of it, in this namespace; the one that names none says where by `kubectl -n`."""
    rendered = render(K8S / root)
    for item in rendered:
        if "namespace" in item["metadata"] or root == "opt-in":
            item["metadata"]["namespace"] = namespace
    return rendered


@pytest.mark.parametrize("root", ROOTS)
def test_the_api_server_takes_every_object(
    plane: ControlPlane, catalogue: Catalogue, namespace: str, root: str
) -> None:
    """By server-side apply with `dryRun=All` and strict validation: no unknown field, and nothing is stored."""
    refused = []
    for item in objects(root, namespace):
        try:
            plane.api.apply(catalogue.path(item), item, dry_run=True)
        except ApiError as error:
            refused.append(f"{item['kind']} {item['metadata']['name']}: {error.body}")
    assert refused == []
    assert plane.api.items(f"/apis/apps/v1/namespaces/{namespace}/deployments") == []


def test_a_field_that_does_not_exist_is_refused(
    plane: ControlPlane, catalogue: Catalogue, namespace: str
) -> None:
    """The test above would be worth nothing with a server that takes everything."""
    deployment = next(item for item in objects("base", namespace) if item["kind"] == "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["resourcess"] = {}
    with pytest.raises(ApiError, match="resourcess"):
        plane.api.apply(catalogue.path(deployment), deployment, dry_run=True)


@pytest.mark.parametrize("root", [root for root in ROOTS if root not in ("test-workloads", "opt-in")])
def test_the_agent_knows_every_setting_that_it_is_given(root: str, tmp_path: Path) -> None:
    """Components add to the settings of the base; tokens are those that its one line makes."""
    (given,) = (
        item["data"]
        for item in render(K8S / root)
        if item["kind"] == "ConfigMap" and item["metadata"]["name"].startswith("sre-agent-settings")
    )
    tokens = make_tokens(tmp_path)
    moved = {name: value.replace("/etc/sre-agent/tokens", str(tokens)) for name, value in given.items()}
    if "READER_TOKEN_FILE" in moved:
        moved["READER_TOKEN_FILE"] = str(tmp_path / "reader-token")
        (tmp_path / "reader-token").write_text("t", encoding="utf-8")
    settings = Settings.load({**moved, "DATA_DIR": str(tmp_path)})
    named = {name for name in given if settings.public().get(name) is None}
    assert named == set()
    assert (settings.qdrant_url != "") == (root == "overlays/qdrant")
    assert (settings.prometheus_url != "") == (root == "overlays/standalone")
    assert (settings.reader_token_file is not None) == (root == "overlays/fenced")


@pytest.mark.parametrize("root", ROOTS)
def test_every_pod_keeps_the_restricted_standard(plane: ControlPlane, namespace: str, root: str) -> None:
    """A pod of each template is admitted, as a dry run, where the namespace enforces it."""
    for name, template in _templates(objects(root, namespace)):
        plane.api.post(f"/api/v1/namespaces/{namespace}/pods?dryRun=All", _pod(name, template))


def _templates(rendered: Iterable[Json]) -> Iterator[tuple[str, Json]]:
    """Claims of a StatefulSet become volumes of its pods."""
    for item in rendered:
        spec = item.get("spec", {})
        if template := spec.get("template"):
            claims = [claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", [])]
            volumes = template["spec"].setdefault("volumes", [])
            volumes += [{"name": name, "emptyDir": {}} for name in claims]
            yield item["metadata"]["name"], template


def _pod(name: str, template: Json) -> Json:
    """The account of the template is that of another namespace: any will do to judge its security."""
    spec = {key: value for key, value in template["spec"].items() if key != "serviceAccountName"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
