"""An autoscaler's maximum: bounds of one step, whose autoscaler it is, and what a look tells of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tools.shop import NAMESPACE, START, connect, deployment
from tools.actions import parse_call
from tools.actions.set_hpa_maximum import ACTION, SetHpaMaximum
from tools.cluster import KubernetesCluster
from tools.errors import Conflict, Refused
from tools.objects import uid
from tools.records import ActionCall, Argument, Target
from tools.requested_calls import call_for
from tools.sandbox import Sandbox


class Scene:
    """A healthy Deployment of three, and an autoscaler of two to three."""

    def __init__(self, sandbox: Sandbox, folder: Path, **reference: str) -> None:
        made = deployment()
        made["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "250m"}}
        sandbox.apply([made, deployment("api")])
        told = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", **reference}
        sandbox.apply(
            {
                "apiVersion": "autoscaling/v2",
                "kind": "HorizontalPodAutoscaler",
                "metadata": {"name": "scaler", "namespace": NAMESPACE},
                "spec": {"scaleTargetRef": told, "minReplicas": 2, "maxReplicas": 3},
            }
        )
        sandbox.settle(60)
        self.sandbox = sandbox
        self.cluster: KubernetesCluster = connect(sandbox, folder)

    def the(self, kind: str, name: str) -> dict[str, Any]:
        found = self.sandbox.get(kind, NAMESPACE, name)
        assert found
        return found

    def args(self, **more: Any) -> SetHpaMaximum:
        """From three to four."""
        told = {
            "namespace": NAMESPACE,
            "name": "scaler",
            "uid": uid(self.the("HorizontalPodAutoscaler", "scaler")),
            "workload": "web",
            "workload_uid": uid(self.the("Deployment", "web")),
            "from_maximum": 3,
            "maximum": 4,
        }
        return SetHpaMaximum(**{**told, **more})

    def asked(self, workload: str = "web", **given: Argument) -> ActionCall:
        """The call that a person's words lead to."""
        found = uid(self.the("Deployment", workload))
        target = Target(kind="Deployment", namespace=NAMESPACE, name=workload, uid=found)
        return call_for(self.cluster, "set_hpa_maximum", given, target, START)

    def execute(self, args: SetHpaMaximum) -> None:
        ACTION.execute(self.cluster, args, key="k1", at=START, dry_run=False)

    def maximum(self) -> int:
        return int(self.the("HorizontalPodAutoscaler", "scaler")["spec"]["maxReplicas"])


@pytest.mark.parametrize(("before", "after"), [(0, 1), (1, 0), (3, 3), (2, 4), (4, 7), (7, 4), (-1, 1)])
def test_what_is_not_one_step_of_at_most_a_half_is_refused(before: int, after: int) -> None:
    """Not by a model, not by a person's edit."""
    named = {"namespace": "shop", "name": "web", "uid": "u", "workload": "web", "workload_uid": "w"}
    args = {**named, "from_maximum": before, "maximum": after}
    with pytest.raises(Refused, match="refused"):
        parse_call(ActionCall(name="set_hpa_maximum", args=args))


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 3), (3, 5), (10, 15), (15, 10), (2, 1)])
def test_one_step_and_its_inverse_are_accepted(before: int, after: int) -> None:
    """At most a half, rounded up; and the way back."""
    named = {"namespace": "shop", "name": "web", "uid": "u", "workload": "web", "workload_uid": "w"}
    args = {**named, "from_maximum": before, "maximum": after}
    assert parse_call(ActionCall(name="set_hpa_maximum", args=args))[1].maximum == after


def test_only_the_maximum_and_the_stamp_are_written(sandbox: Sandbox, tmp_path: Path) -> None:
    """Under test of the object and of its version; the workload is not written to."""
    scene = Scene(sandbox, tmp_path)
    scene.execute(scene.args())
    (written,) = [r for r in sandbox.requests if r.writes]
    assert written.path.endswith("/namespaces/shop/horizontalpodautoscalers/scaler")
    assert [(entry["op"], entry["path"]) for entry in written.body] == [
        ("test", "/metadata/uid"),
        ("test", "/metadata/resourceVersion"),
        ("replace", "/spec/maxReplicas"),
        ("add", "/metadata/annotations"),
    ]


def test_a_look_tells_of_the_workload_and_of_its_autoscaler(sandbox: Sandbox, tmp_path: Path) -> None:
    """The stamp is the autoscaler's; the pods are the workload's."""
    scene = Scene(sandbox, tmp_path)
    sandbox.load(NAMESPACE, "web", cores=2.0)
    scene.execute(scene.args())
    sandbox.settle(60)
    seen = ACTION.observe(scene.cluster, scene.args(), None, START)
    assert (seen.stamp, seen.uid, seen.desired, len(seen.pods)) == ("k1", scene.args().workload_uid, 4, 4)
    assert seen.autoscaler is not None
    assert (seen.autoscaler.name, seen.autoscaler.most, seen.autoscaler.current) == ("scaler", 4, 4)
    assert (seen.autoscaler.limited, seen.autoscaler.inactive) == ("TooManyReplicas", "")
    sandbox.delete("HorizontalPodAutoscaler", NAMESPACE, "scaler")
    assert ACTION.observe(scene.cluster, SetHpaMaximum(**seen_args(scene)), None, START).error


def seen_args(scene: Scene) -> dict[str, Any]:
    """Arguments that name an autoscaler which is gone."""
    named = {"namespace": NAMESPACE, "name": "scaler", "uid": "gone", "workload": "web"}
    workload_uid = uid(scene.the("Deployment", "web"))
    return {**named, "workload_uid": workload_uid, "from_maximum": 3, "maximum": 4}


def test_another_workloads_autoscaler_is_left_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    """By name, and by kind: there may be a StatefulSet of the same name."""
    scene = Scene(sandbox, tmp_path)
    other = scene.args(workload="api", workload_uid=uid(scene.the("Deployment", "api")))
    with pytest.raises(Refused, match="does not scale Deployment api"):
        scene.execute(other)
    assert scene.maximum() == 3


def test_an_autoscaler_of_another_kind_is_left_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    """It scales a StatefulSet of that name."""
    scene = Scene(sandbox, tmp_path, kind="StatefulSet")
    with pytest.raises(Refused, match="does not scale"):
        scene.execute(scene.args())


def test_another_workload_of_that_name_is_a_conflict(sandbox: Sandbox, tmp_path: Path) -> None:
    """The uid decides."""
    scene = Scene(sandbox, tmp_path)
    with pytest.raises(Conflict, match="another object"):
        scene.execute(scene.args(workload_uid="other"))


def test_a_maximum_below_the_minimum_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    """By us already, in words."""
    scene = Scene(sandbox, tmp_path)
    spec = {**scene.the("HorizontalPodAutoscaler", "scaler")["spec"], "minReplicas": 3}
    sandbox.apply(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "scaler", "namespace": NAMESPACE},
            "spec": spec,
        }
    )
    with pytest.raises(Refused, match="minimum of 3"):
        scene.execute(scene.args(maximum=2))


def test_whoever_asks_gives_a_number_and_code_finds_the_autoscaler(sandbox: Sandbox, tmp_path: Path) -> None:
    """Of that Deployment, by what it says that it scales; bound to its uid and to its present maximum."""
    scene = Scene(sandbox, tmp_path)
    assert scene.asked(maximum=4).args == scene.args().model_dump()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"maximum": 3}, "only more can be asked for"),
        ({"maximum": 2}, "only more can be asked for"),
        ({"maximum": 9}, "not one step of at most a half"),
        ({"maximum": "4"}, "valid integer"),
        ({"maximum": 4, "uid": "x"}, "uid: Extra inputs"),
        ({"maximum": 4, "workload": "api"}, "0 HorizontalPodAutoscalers scale Deployment api"),
    ],
)
def test_what_is_not_one_step_up_of_one_autoscaler_cannot_be_asked_for(
    sandbox: Sandbox, tmp_path: Path, given: dict[str, Any], says: str
) -> None:
    """Told in words, before anything is proposed."""
    with pytest.raises(Refused, match=says):
        Scene(sandbox, tmp_path).asked(**given)


def test_of_two_autoscalers_none_is_taken(sandbox: Sandbox, tmp_path: Path) -> None:
    """They undo each other's work already."""
    scene = Scene(sandbox, tmp_path)
    second = {
        **scene.the("HorizontalPodAutoscaler", "scaler"),
        "metadata": {"name": "b", "namespace": NAMESPACE},
    }
    sandbox.apply({**second, "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"})
    with pytest.raises(Refused, match="2 HorizontalPodAutoscalers"):
        scene.asked(maximum=4)
