"""A memory limit: bounds of one step, one container alone, and the way back to what somebody wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tools.shop import NAMESPACE, START, connect, deployment
from tools.actions import parse_call
from tools.actions.set_memory_limit import ACTION, SetMemoryLimit
from tools.cluster import KubernetesCluster
from tools.errors import Refused
from tools.memory_bounds import raised_request, spelled_bytes, whole_bytes
from tools.objects import uid
from tools.records import ActionCall, Argument, Target
from tools.requested_calls import call_for
from tools.resources import JsonObject
from tools.sandbox import Sandbox
from tools.templates import template_digest

MIB = 2**20
PROXY: JsonObject = {
    "name": "proxy",
    "image": "registry.example/proxy:1",
    "resources": {"limits": {"memory": "64Mi"}, "requests": {"memory": "64Mi"}},
}


def args(**more: Any) -> dict[str, Any]:
    """From 128 MiB to 192, request and limit alike."""
    base = {"namespace": NAMESPACE, "name": "web", "uid": "u", "from_digest": "d", "container": "web"}
    amounts = {name: 128 * MIB for name in ("from_limit", "from_request")}
    return {**base, **amounts, "limit": 192 * MIB, "request": 192 * MIB, **more}


class Scene:
    """A healthy Deployment with a sidecar; its container `web` has these resources."""

    def __init__(self, sandbox: Sandbox, folder: Path, **resources: Any) -> None:
        made = deployment()
        made["spec"]["template"]["spec"]["containers"][0]["resources"] = resources
        made["spec"]["template"]["spec"]["containers"].append(PROXY)
        sandbox.apply(made)
        sandbox.settle(60)
        self.sandbox = sandbox
        self.cluster: KubernetesCluster = connect(sandbox, folder)

    def template(self) -> JsonObject:
        found = self.sandbox.get("Deployment", NAMESPACE, "web")
        assert found
        template: JsonObject = found["spec"]["template"]
        return template

    def args(self, **more: Any) -> SetMemoryLimit:
        """Bound to the Deployment as it is."""
        found = self.sandbox.get("Deployment", NAMESPACE, "web")
        assert found
        told = {"uid": uid(found), "from_digest": template_digest(self.template()), **more}
        return SetMemoryLimit(**args(**told))

    def asked(self, **given: Argument) -> ActionCall:
        """The call that a person's words lead to."""
        found = self.sandbox.get("Deployment", NAMESPACE, "web")
        assert found
        target = Target(kind="Deployment", namespace=NAMESPACE, name="web", uid=uid(found))
        return call_for(self.cluster, "set_memory_limit", given, target, START)

    def execute(self, wanted: SetMemoryLimit) -> JsonObject:
        """The containers afterwards, by name."""
        ACTION.execute(self.cluster, wanted, key="k1", at=START, dry_run=False)
        return {c["name"]: c for c in self.template()["spec"]["containers"]}


EQUAL = {"limits": {"memory": "128Mi", "cpu": "500m"}, "requests": {"memory": "128Mi", "cpu": "500m"}}


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"limit": 200 * MIB, "request": 200 * MIB}, id="more than half as much again"),
        pytest.param({"limit": 64 * MIB, "request": 64 * MIB}, id="less than two thirds"),
        pytest.param({"limit": 128 * MIB, "request": 128 * MIB}, id="no change"),
        pytest.param({"limit": 0, "request": 0}, id="none"),
        pytest.param({"request": 193 * MIB}, id="a request beyond the limit"),
        pytest.param({"request": 0}, id="no request"),
        pytest.param({"request": 160 * MIB}, id="guaranteed becomes burstable"),
        pytest.param({"from_request": 64 * MIB}, id="burstable becomes guaranteed"),
        pytest.param(
            {"from_request": 64 * MIB, "request": 60 * MIB}, id="the request moves against the limit"
        ),
        pytest.param(
            {"from_limit": 2**34, "from_request": 2**34, "limit": 2**34 + MIB, "request": 2**34 + MIB},
            id="beyond the cap",
        ),
        pytest.param({"limit_as": "193Mi"}, id="another amount than it says"),
        pytest.param({"limit": "192Mi"}, id="text"),
    ],
)
def test_what_is_not_one_bounded_step_is_refused(wrong: dict[str, Any]) -> None:
    """Not by a model, not by a person's edit."""
    with pytest.raises(Refused, match="refused"):
        parse_call(ActionCall(name="set_memory_limit", args=args(**wrong)))


@pytest.mark.parametrize(
    "right",
    [
        {},
        {"from_request": 64 * MIB, "request": 96 * MIB},
        {"from_request": 64 * MIB, "request": 64 * MIB},
        {"from_limit": 192 * MIB, "from_request": 192 * MIB, "limit": 128 * MIB, "request": 128 * MIB},
    ],
)
def test_one_step_and_the_way_back_are_accepted(right: dict[str, Any]) -> None:
    """Limit and request together, of the same quality of service."""
    assert parse_call(ActionCall(name="set_memory_limit", args=args(**right)))[0] is ACTION


def test_only_the_named_container_changes_and_no_sidecar_is_lost(sandbox: Sandbox, tmp_path: Path) -> None:
    """Two values of one container, under test of its name, its object and its version."""
    scene = Scene(sandbox, tmp_path, **EQUAL)
    before = {c["name"]: c for c in scene.template()["spec"]["containers"]}
    after = scene.execute(scene.args())
    assert after["proxy"] == before["proxy"]
    assert after["web"]["resources"] == {
        "limits": {"memory": "192Mi", "cpu": "500m"},
        "requests": {"memory": "192Mi", "cpu": "500m"},
    }
    assert {**after["web"], "resources": {}} == {**before["web"], "resources": {}}
    (written,) = [r for r in sandbox.requests if r.writes]
    tested = {entry["path"] for entry in written.body if entry["op"] == "test"}
    assert tested == {
        "/metadata/uid",
        "/metadata/resourceVersion",
        "/spec/template/spec/containers/0/name",
    }


def test_a_request_that_nobody_stated_goes_with_the_limit(sandbox: Sandbox, tmp_path: Path) -> None:
    """The API takes the limit for it; none is written."""
    scene = Scene(sandbox, tmp_path, limits={"memory": "128Mi"})
    assert scene.execute(scene.args())["web"]["resources"] == {"limits": {"memory": "192Mi"}}


@pytest.mark.parametrize(
    ("resources", "more", "says"),
    [
        ({"limits": {"memory": "256Mi"}}, {}, "fills it in"),
        ({"limits": {"memory": "128Mi"}, "requests": {"memory": "64Mi"}}, {}, "fills it in"),
        ({}, {}, "fills it in"),
        (EQUAL, {"container": "cron"}, "has no container cron"),
    ],
)
def test_amounts_that_the_template_does_not_hold_are_not_written_over(
    sandbox: Sandbox, tmp_path: Path, resources: dict[str, Any], more: dict[str, Any], says: str
) -> None:
    """A LimitRange or a webhook gave the pods what they have: the template is not the place to change it."""
    scene = Scene(sandbox, tmp_path, **resources)
    with pytest.raises(Refused, match=says):
        scene.execute(scene.args(**more))
    assert not [r for r in sandbox.requests if r.writes]
    assert not ACTION.preview(scene.cluster, scene.args(**more)).accepted


def test_the_way_back_writes_what_somebody_had_written(sandbox: Sandbox, tmp_path: Path) -> None:
    """Spelled as before, so that it is the old revision again and not a third one."""
    scene = Scene(sandbox, tmp_path, limits={"memory": "512M"}, requests={"memory": "0.25G"})
    before, old = template_digest(scene.template()), sandbox.pods(NAMESPACE, "web")
    amounts = {"from_limit": 512 * 10**6, "from_request": 250 * 10**6}
    wanted = scene.args(
        **amounts, limit=728 * MIB, request=raised_request(250 * 10**6, 512 * 10**6, 728 * MIB)
    )
    inverse = ACTION.undo(scene.cluster, wanted) if ACTION.undo else None
    assert inverse is not None
    after = scene.execute(wanted)
    assert after["web"]["resources"] == {"limits": {"memory": "728Mi"}, "requests": {"memory": "356Mi"}}
    back, back_args = parse_call(inverse)
    back.execute(scene.cluster, back_args, key="k2", at=START, dry_run=False)
    assert template_digest(scene.template()) == before
    sandbox.settle(60)
    label = "pod-template-hash"
    hashes = {pod["metadata"]["labels"][label] for pod in sandbox.pods(NAMESPACE, "web")}
    assert hashes == {old[0]["metadata"]["labels"][label]}


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (192 * MIB, "192Mi"),
        (2**30, "1Gi"),
        (1536 * MIB, "1536Mi"),
        (10**9, "1G"),
        (15 * 10**8, "1500M"),
        (999, "999"),
    ],
)
def test_amounts_are_spelled_as_the_api_server_does(amount: int, text: str) -> None:
    """And read back."""
    assert (spelled_bytes(amount), whole_bytes(text)) == (text, amount)


@pytest.mark.parametrize("text", [None, "", "much", "100m", {}])
def test_what_is_no_number_of_bytes_is_none(text: object) -> None:
    """Nothing is guessed from it."""
    assert whole_bytes(text) is None


@pytest.mark.parametrize(
    ("request_", "raised"), [(128 * MIB, 192), (64 * MIB, 96), (50 * MIB + 1, 76), (128 * MIB - 1, 128)]
)
def test_a_request_keeps_its_share_and_the_quality_of_service(request_: int, raised: int) -> None:
    """Whole MiB, never up to the limit where it was below."""
    found = raised_request(request_, 128 * MIB, 192 * MIB)
    assert found == (request_ if raised == 128 else raised * MIB)


def test_whoever_asks_gives_a_limit_and_code_finds_the_rest(sandbox: Sandbox, tmp_path: Path) -> None:
    """What it has now, the request that keeps its share, and the template that it is bound to."""
    scene = Scene(sandbox, tmp_path, limits={"memory": "128Mi"}, requests={"memory": "64Mi"})
    told = scene.asked(container="web", limit="192Mi").args
    expected = scene.args(from_request=64 * MIB, request=96 * MIB)
    assert told == expected.model_dump(include=set(told))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"limit": "192Mi"}, "name one container: there are web, proxy"),
        ({"limit": "192Mi", "container": "cron"}, "name one container"),
        ({"limit": "128Mi", "container": "web"}, "only more can be asked for"),
        ({"limit": "64Mi", "container": "web"}, "only more can be asked for"),
        ({"limit": "plenty", "container": "web"}, "spelled as 192Mi"),
        ({"limit": "256Mi", "container": "web"}, "not one step of at most a half"),
        ({"limit": "192Mi", "container": "web", "from_limit": 1}, "from_limit: Extra inputs"),
        ({"limit": 201326592, "container": "web"}, "valid string"),
        ({}, "limit: Field required"),
    ],
)
def test_what_is_not_more_for_one_container_cannot_be_asked_for(
    sandbox: Sandbox, tmp_path: Path, given: dict[str, Any], says: str
) -> None:
    """Told in words, before anything is proposed."""
    with pytest.raises(Refused, match=says):
        Scene(sandbox, tmp_path, **EQUAL).asked(**given)


def test_a_container_without_a_limit_has_none_that_could_be_raised(sandbox: Sandbox, tmp_path: Path) -> None:
    """Nobody guesses one for it."""
    with pytest.raises(Refused, match="has no memory limit"):
        Scene(sandbox, tmp_path).asked(limit="192Mi", container="web")
