"""Ask for more storage: how much, for which claims, and what a look at one tells."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.sandbox.test_volumes import claim
from tests.tools.shop import NAMESPACE, START
from tools.actions.expand_pvc import ACTION, ExpandPvc
from tools.claim_sizes import failed, grown
from tools.cluster import CLAIMS, KubernetesCluster
from tools.errors import Refused
from tools.quantities import parse_quantity
from tools.records import Observation, Receipt, Target
from tools.requestable import Nothing
from tools.resources import STORAGE_CLASSES
from tools.sandbox import Sandbox

GI = 1024.0**3


class Data:
    """A claim of 10Gi whose volume may grow."""

    def __init__(self, sandbox: Sandbox, cluster: KubernetesCluster, how: str = "") -> None:
        self.sandbox, self.cluster = sandbox, cluster
        claim(sandbox, how)
        self.named = {"namespace": NAMESPACE, "name": "data", "uid": self.live()["metadata"]["uid"]}

    def live(self) -> dict[str, Any]:
        return self.cluster.get(CLAIMS, NAMESPACE, "data")

    def expand(self, to_size: str = "12Gi", from_size: str = "10Gi", key: str = "k1") -> Receipt:
        args = ExpandPvc(**self.named, from_size=from_size, to_size=to_size)
        return ACTION.execute(self.cluster, args, key=key, at=START, dry_run=False)

    def look(self) -> Observation:
        args = ExpandPvc(**self.named, from_size="10Gi", to_size="12Gi")
        return ACTION.observe(self.cluster, args, None, START)


@pytest.fixture
def data(sandbox: Sandbox, cluster: KubernetesCluster) -> Data:
    """Bound, of a class that lets it grow."""
    return Data(sandbox, cluster)


@pytest.mark.parametrize(
    ("size", "more"),
    [
        ("10Gi", "12Gi"),
        ("1Gi", "1229Mi"),
        ("100Gi", "120Gi"),
        ("8Gi", "9831Mi"),
        ("101Gi", "122Gi"),
        ("500M", "573Mi"),
    ],
)
def test_a_fifth_more_is_a_whole_number(size: str, more: str) -> None:
    """Of Gi from ten on, of Mi below; never less than a fifth, never half as much again."""
    before, after = parse_quantity(size), parse_quantity(more)
    assert grown(before) == more
    assert 1.2 * before - 1 <= after < 1.5 * before


def test_the_volume_grows_and_a_look_says_so(data: Data) -> None:
    """The request at once, the capacity when it is there."""
    data.expand()
    assert (data.look().storage_asked, data.look().storage) == (12 * GI, 10 * GI)
    data.sandbox.settle(30)
    assert (data.look().storage, data.look().resize_waits) == (12 * GI, "")


def test_a_volume_that_waits_for_its_pod_is_seen_to_wait(
    sandbox: Sandbox, cluster: KubernetesCluster
) -> None:
    """And is not asked for more meanwhile."""
    data = Data(sandbox, cluster, "pending")
    data.expand()
    sandbox.settle(30)
    assert data.look().resize_waits.startswith(
        "FileSystemResizePending: Waiting for user to (re-)start a pod"
    )
    with pytest.raises(Refused, match="being resized already"):
        data.expand("14Gi", from_size="12Gi", key="k2")


@pytest.mark.parametrize("size", ["10Gi", "9Gi", "16Gi", "much"])
def test_a_size_out_of_bounds_is_refused(data: Data, size: str) -> None:
    """Not less, not the same, not more than half as much again, no text that is no size."""
    with pytest.raises(Refused):
        data.expand(size)
    assert data.live()["spec"]["resources"]["requests"]["storage"] == "10Gi"


def test_a_class_that_does_not_allow_it_is_obeyed_before_the_server_is_asked(data: Data) -> None:
    """A person who asks is told so too; nothing is sent."""
    data.cluster.patch(STORAGE_CLASSES, "", "fast", {"allowVolumeExpansion": None}, patch_type="merge")
    sent = len(data.sandbox.requests)
    with pytest.raises(Refused, match="StorageClass fast does not let volumes grow"):
        data.expand()
    target = Target(kind="PersistentVolumeClaim", **data.named)
    assert ACTION.on_request is not None
    with pytest.raises(Refused, match="StorageClass fast does not let volumes grow"):
        ACTION.on_request.propose(data.cluster, target, Nothing(), START)
    assert not any(request.method == "PATCH" for request in data.sandbox.requests[sent:])


def test_whoever_asks_for_it_gets_a_fifth_more(data: Data) -> None:
    """Of what the claim asks for now."""
    target = Target(kind="PersistentVolumeClaim", **data.named)
    assert ACTION.on_request is not None
    args = ACTION.on_request.propose(data.cluster, target, Nothing(), START)
    assert (args["from_size"], args["to_size"]) == ("10Gi", "12Gi")


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (
            {"conditions": [{"type": "NodeResizeError", "status": "True", "message": "no"}]},
            "NodeResizeError: no",
        ),
        (
            {"allocatedResourceStatuses": {"storage": "ControllerResizeInfeasible"}},
            "ControllerResizeInfeasible",
        ),
        ({"conditions": [{"type": "NodeResizeError", "status": "False"}]}, ""),
        ({}, ""),
    ],
)
def test_a_growth_that_failed_is_told(status: dict[str, Any], told: str) -> None:
    """By a condition, or by what the resizer wrote."""
    assert failed({"status": status}) == told
