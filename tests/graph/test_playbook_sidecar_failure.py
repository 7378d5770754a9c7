"""A sidecar that fails beside a program that does not: named as what it is; never gone back from, nor restarted."""

from __future__ import annotations

from typing import Any

import pytest

from graph.diagnosis import diagnose
from tests.graph.evidence_builders import (
    DAY,
    TARGET,
    back_off,
    dependency,
    evidence,
    pod,
    ready_pods,
    released,
    revision,
    waits,
    well,
    workload,
)
from tools.records import ContainerFacts, Evidence, PodFacts

APP = well(DAY)
UNREADY = well(3000, name="proxy").model_copy(update={"ready": False})


def crash(name: str = "proxy", **more: Any) -> ContainerFacts:
    return back_off(name=name, **more)


def native(container: ContainerFacts) -> ContainerFacts:
    return container.model_copy(update={"init": True, "sidecar": True})


def beside(*containers: ContainerFacts, own: tuple[str, ...] = ("app", "proxy"), **more: Any) -> Evidence:
    """Two pods of these containers, of a template that is days old."""
    made = tuple(pod(f"p{i}", "rs1", *containers, age=DAY) for i in range(2))
    return evidence(
        **{"pods": made, "workload": workload(containers=own), "revisions": (revision(1),), **more}
    )


def problem(found: Evidence) -> str:
    finding, candidates = diagnose(found, TARGET)
    assert candidates == [] or finding.problem != "sidecar_failure"
    return finding.problem


@pytest.mark.parametrize(
    ("containers", "own"),
    [
        ((native(crash()), APP), ("proxy", "app")),
        ((native(UNREADY), APP), ("proxy", "app")),
        ((native(crash()), waits("PodInitializing")), ("proxy", "app")),
        ((crash(), APP), ("app",)),
        ((UNREADY, APP), ("app",)),
        ((APP, crash()), ("app", "proxy")),
    ],
    ids=[
        "native crashes",
        "native not ready",
        "program waits",
        "injected crashes",
        "injected not ready",
        "second",
    ],
)
def test_the_sidecar_is_named(containers: tuple[ContainerFacts, ...], own: tuple[str, ...]) -> None:
    """Native, injected, or behind a program that runs well; and the program is told as well or waiting."""
    finding, candidates = diagnose(beside(*containers, own=own), TARGET)
    assert (finding.problem, candidates) == ("sidecar_failure", [])
    assert "proxy fails in 2 of 2 pods" in finding.summary
    assert "-c proxy" in finding.next_step
    assert any("app" in line for line in finding.ruled_out)


@pytest.mark.parametrize(
    "containers",
    [
        (native(crash()), crash("app")),
        (crash("app"), well(DAY, name="proxy")),
        (back_off(),),
        (native(well(60, name="proxy").model_copy(update={"ready": False})), APP),
    ],
    ids=["the program crashes too", "the program crashes", "only one container", "still starting"],
)
def test_what_is_no_sidecars_fault_is_not_called_so(containers: tuple[ContainerFacts, ...]) -> None:
    """The first container is the program by convention."""
    assert problem(beside(*containers)) != "sidecar_failure"


def test_what_they_need_explains_a_sidecar_too() -> None:
    """A Service without a ready pod comes first."""
    down = (dependency(pods=1, ready=0),)
    assert problem(beside(APP, crash(), dependencies=down)) == "dependency_down"


def _release(*containers: ContainerFacts, own: tuple[str, ...]) -> Evidence:
    bad: PodFacts = pod("new", "rs2", *containers)
    return released(bad, older=ready_pods(3, "rs1"), workload=workload(containers=own))


def test_a_sidecar_that_the_release_brought_is_the_releases() -> None:
    """It is in the template, so that going back takes it away."""
    finding, candidates = diagnose(_release(APP, crash(), own=("app", "proxy")), TARGET)
    assert (finding.problem, len(candidates)) == ("bad_release", 1)


def test_one_that_was_injected_into_new_pods_is_not_the_releases() -> None:
    """Pods of the revision before would get it as well."""
    assert problem(_release(APP, crash(), own=("app",))) == "sidecar_failure"


def test_a_native_sidecar_is_no_failing_init_container() -> None:
    """It is meant to run on."""
    assert problem(beside(native(crash()), APP, own=("proxy", "app"))) == "sidecar_failure"
    assert problem(beside(crash().model_copy(update={"init": True}), waits("PodInitializing"))) == (
        "failing_init_container"
    )
