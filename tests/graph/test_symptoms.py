"""What counts as crashed, well again, lived well, live and current, on statuses as kubelets report them."""

from __future__ import annotations

import pytest

from graph.symptoms import (
    CONFIG,
    IMAGE,
    crashed_container,
    crashed_lately,
    current_revision,
    dependencies_down,
    ended_badly,
    is_broken,
    is_failing,
    live_pods,
    lived_well,
    pods_of,
    waiting_container,
)
from tests.graph.evidence_builders import (
    DAY,
    NEW,
    NOW,
    OLD,
    ago,
    back_off,
    dependency,
    evidence,
    pod,
    ready_pod,
    restarted,
    revision,
    waits,
    well,
)
from tools.records import ContainerFacts

HOUR = 3600.0


def crashed(container: ContainerFacts, *, ready: bool = False) -> bool:
    return crashed_container(pod("a", "rs2", container, ready=ready), NOW) is not None


def test_live_pods_leave_out_what_goes_and_what_is_over() -> None:
    """Terminating, evicted and completed pods say nothing about the workload now."""
    found = (
        ready_pod("well", "rs2"),
        pod("going", "rs2", back_off(), deleting=True),
        pod("evicted", "rs2", phase="Failed"),
        pod("done", "rs2", phase="Succeeded"),
    )
    assert [p.name for p in live_pods(evidence(pods=found))] == ["well"]


def test_pods_belong_to_a_revision_by_uid() -> None:
    """A ReplicaSet of the same name that was made anew is another one."""
    stale = pod("b", "rs2").model_copy(update={"owner_uid": "uid-of-an-older-rs2"})
    found = evidence(pods=(pod("a", "rs2"), stale))
    assert [p.name for p in pods_of(found, revision(2))] == ["a"]


def test_current_revision_is_the_newest_of_the_template() -> None:
    """A restart makes two ReplicaSets of one template; nothing is current while the controller has not seen it."""
    revisions = (revision(3, digest=NEW), revision(2, digest=NEW), revision(1, digest=OLD))
    found = current_revision(evidence(revisions=revisions))
    assert found is not None
    assert found.number == 3
    assert current_revision(evidence(revisions=revisions[2:])) is None
    assert current_revision(evidence(workload=None, revisions=revisions)) is None


# crashed


@pytest.mark.parametrize(
    "container",
    [
        pytest.param(back_off(), id="back-off"),
        pytest.param(back_off(restarts=0, ended=3), id="first back-off"),
        pytest.param(back_off(code=0, reason="Completed"), id="back-off after exit 0"),
        pytest.param(ContainerFacts(name="app", exit_code=1, exit_finished_at=ago(1)), id="ended just now"),
        pytest.param(restarted(1.0), id="runs between two crashes"),
        pytest.param(restarted(100.0, life=90.0), id="runs, but has not outlived its last life"),
        pytest.param(restarted(60.0, code=0, reason="Completed"), id="completed, started again"),
        pytest.param(restarted(60.0, code=137, reason="OOMKilled"), id="killed for memory a minute ago"),
        pytest.param(back_off(init=True), id="init container in back-off"),
    ],
)
def test_crashed(container: ContainerFacts) -> None:
    """Ready makes no difference: without a readiness probe a crash loop is ready between two crashes."""
    assert crashed(container)
    assert crashed(container, ready=True)


@pytest.mark.parametrize(
    "container",
    [
        pytest.param(well(), id="never ended"),
        pytest.param(restarted(DAY, life=5.0, restarts=1), id="restarted once, a day ago"),
        pytest.param(restarted(200.0, life=2.0), id="a hundred times its last life"),
        pytest.param(restarted(901.0, life=DAY), id="fifteen minutes after a long life"),
        pytest.param(waits("ContainerCreating"), id="not started"),
        pytest.param(ContainerFacts(name="init", init=True, exit_code=0), id="init container that is done"),
        pytest.param(waits("PodInitializing"), id="waits for an init container"),
    ],
)
def test_not_crashed(container: ContainerFacts) -> None:
    """A container that once crashed and has run well since does not crash now."""
    assert not crashed(container, ready=True)
    assert not crashed(container)


def test_an_init_container_that_fails_is_seen() -> None:
    """It stands before the containers that wait for it."""
    init = back_off(name="migrate", init=True)
    found = crashed_container(pod("a", "rs2", init, waits("PodInitializing")), NOW)
    assert found is not None
    assert found.name == "migrate"


def test_a_sidecar_that_crashes_is_seen_beside_a_healthy_container() -> None:
    """Any container of the pod."""
    found = crashed_container(pod("a", "rs2", well(), back_off(name="proxy")), NOW)
    assert found is not None
    assert found.name == "proxy"


def test_exit_0_is_good_for_init_containers_only() -> None:
    """A container of a Deployment is not meant to end."""
    assert ended_badly(ContainerFacts(name="app", exit_code=0))
    assert not ended_badly(ContainerFacts(name="app", init=True, exit_code=0))
    assert not ended_badly(ContainerFacts(name="app"))


def test_failing_and_broken() -> None:
    """Failing: crashed or cannot start. Broken: also simply not ready."""
    for reasons in (IMAGE, CONFIG):
        for reason in reasons:
            stuck = pod("a", "rs2", waits(reason))
            assert waiting_container(stuck, reasons) is not None
            assert is_failing(stuck, NOW)
    hanging = pod("a", "rs2", well())
    assert not is_failing(hanging, NOW)
    assert is_broken(hanging, NOW)
    assert not is_broken(ready_pod("a", "rs2"), NOW)


def test_crashed_lately_is_within_ten_minutes() -> None:
    """The next crash of a loop with the longest back-off may still be to come."""
    shaky = pod("a", "rs2", restarted(300.0), ready=True)
    calm = pod("a", "rs2", restarted(700.0), ready=True)
    assert crashed_lately(shaky, NOW)
    assert not crashed_lately(calm, NOW)
    assert not crashed_lately(ready_pod("a", "rs2"), NOW)


# lived well


@pytest.mark.parametrize(
    ("age", "container"),
    [
        pytest.param(DAY, back_off(1, life=700.0), id="its last life was long"),
        pytest.param(DAY, restarted(700.0, life=2.0), id="this life is long"),
        pytest.param(3 * DAY, back_off(20), id="too few restarts for its age"),
        pytest.param(
            2400.0, back_off(7, life=21.0, ended=200.0), id="seven short runs fill half of the time since"
        ),
    ],
)
def test_lived_well(age: float, container: ContainerFacts) -> None:
    """A run of ten minutes is known, or must have been."""
    assert lived_well(pod("a", "rs2", container, age=age), container, NOW)


@pytest.mark.parametrize(
    ("age", "container"),
    [
        pytest.param(600.0, back_off(6), id="young"),
        pytest.param(HOUR, back_off(14), id="an hour of crashes"),
        pytest.param(2 * DAY, back_off(560), id="two days of crashes"),
        pytest.param(2 * HOUR, back_off(0, ended=5.0), id="first run after two hours of waiting for a node"),
        pytest.param(HOUR, restarted(20.0, restarts=1), id="second run, the first was short"),
        pytest.param(DAY, back_off(0, life=None, ended=5.0), id="nobody says when it started"),
        pytest.param(1400.0, back_off(7, life=21.0, ended=200.0), id="seven short runs fill the time"),
        pytest.param(2400.0, back_off(7, life=90.0, ended=200.0), id="seven runs of 90 s may fill it"),
    ],
)
def test_did_not_live_well(age: float, container: ContainerFacts) -> None:
    """A pod's age alone is no life: it may have waited, or crashed all along."""
    assert not lived_well(pod("a", "rs2", container, age=age), container, NOW)


def test_dependencies_down() -> None:
    """None ready, of some or of none: a database scaled to zero is down."""
    found = evidence(
        dependencies=(
            dependency("down", ready=0),
            dependency("up"),
            dependency("half", pods=2, ready=1),
            dependency("scaled to zero", pods=0, ready=0),
        )
    )
    assert [d.service for d in dependencies_down(found)] == ["down", "scaled to zero"]
