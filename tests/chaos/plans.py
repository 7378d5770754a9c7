"""Plans of adversaries, drawn and carried out: who does what, in which step of an incident's way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

from hypothesis import currently_in_test_context, event
from hypothesis import strategies as st

from tests.chaos.adversaries import World, world
from tests.chaos.faults import Scene
from tests.chaos.proxy import Fault, drop, refuse

STEPS = 16
"""Of ten seconds: investigated, settled or asked, written, verified."""
FAULTS: dict[str, Fault] = {
    "429": refuse(429, retry_after=1),
    "500": refuse(500),
    "503": refuse(503),
    "dropped": drop(),
    "answer lost": drop(after_commit=True),
}
Act: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True)
class Plan:
    """Which workloads are ill, and what happens in which step."""

    kinds: tuple[str, ...]
    acts: tuple[tuple[int, Act], ...]


YES: Act = ("answer", "approve")
KNOWN: dict[str, tuple[Plan, int]] = {
    "paused while it settles": (Plan(("transient",), ((0, ("pause",)),)), 0),
    "forbidden while it settles": (Plan(("transient",), ((1, ("edit", "forbid")),)), 0),
    "paused after the yes": (Plan(("bad_release",), ((1, YES), (1, ("pause",)))), 0),
    "rejected": (Plan(("bad_release",), ((1, ("answer", "reject")), (2, YES))), 0),
    "resolved": (Plan(("bad_release",), ((1, ("resolved",)), (2, YES))), 0),
    "expired": (Plan(("bad_release",), ((1, ("clock", 3700)), (2, YES))), 0),
    "answers lost": (Plan(("bad_release", "transient"), ((0, ("lost", 4)), (1, YES))), 2),
    "dead around the write": (Plan(("bad_release",), ((1, YES), (1, ("dies", 12)), (2, ("dies", 9)))), 1),
    "paused before the undo": (Plan(("rollback_harms",), ((1, YES), (3, ("pause",)))), 1),
}
"""Tried whatever is drawn, each with how many writes it must come to: a no of every kind right before a write."""


def _acts() -> st.SearchStrategy[Act]:
    api = st.tuples(
        st.just("api"),
        st.sampled_from(["GET", "PATCH", "POST"]),
        st.sampled_from(sorted(FAULTS)),
        st.integers(1, 6),
    )
    return st.one_of(
        st.just(YES),
        api,
        api,
        st.tuples(st.just("lost"), st.integers(1, 4)),
        st.tuples(st.just("store"), st.integers(1, 6)),
        st.tuples(st.just("dies"), st.integers(1, 60)),
        st.tuples(st.just("clock"), st.sampled_from([-3600, -300, -30, 30, 300, 3700])),
        st.tuples(st.just("edit"), st.sampled_from(["release", "scale", "zero", "delete", "forbid"])),
        st.sampled_from(
            [
                ("reverter",),
                ("autoscaler",),
                ("pause",),
                ("resume",),
                ("answer", "reject"),
                ("resolved",),
                ("firing",),
            ]
        ),
    )


def plans() -> st.SearchStrategy[Plan]:
    """An approval is drawn often, since without one little is written."""
    moments = st.integers(0, STEPS - 1)
    acts = st.lists(st.tuples(moments, _acts()), min_size=2, max_size=8)
    approvals = st.lists(st.tuples(moments, st.just(YES)), min_size=1, max_size=2)
    kinds = st.lists(st.sampled_from(["bad_release", "transient", "rollback_harms"]), min_size=1, max_size=2)
    return st.builds(
        lambda k, a, b: Plan(tuple(k), tuple(sorted([*a, *b], key=lambda each: each[0]))),
        kinds,
        acts,
        approvals,
    )


def carry_out(plan: Plan, folder: Path, empty: Path) -> dict[str, int]:
    """From the alert to the end of every run: how much was seen. Raises AssertionError for what must not be."""
    scenes = [Scene(kind, f"shop-{number}") for number, kind in enumerate(plan.kinds)]  # type: ignore[arg-type]
    with world(folder, empty, scenes) as one:
        for step in range(STEPS):
            for moment, act in plan.acts:
                if moment == step:
                    _do(one, act)
            one.step()
        one.end()
        ends = Counter(one.statuses().values())
        seen = {"writes": len(one.writes()), "deaths": one.deaths, "incidents": ends.total()}
        if currently_in_test_context():
            for told in (*ends, *(f"{name}: {count}" for name, count in seen.items())):
                event(told)
        return seen


def _do(one: World, act: Act) -> None:
    match act:
        case ("api", verb, fault, times):
            one.spoil(verb, FAULTS[fault], times)
        case ("lost", times):
            one.proxy.spoil(drop(after_commit=True), method="PATCH", times=times)
        case ("store", times):
            one.fate.failing = times
        case ("dies", calls):
            one.fate.dies_in = calls
        case ("clock", seconds):
            one.clock.skew += timedelta(seconds=seconds)
        case ("edit", what):
            one.edit(what)
        case ("answer", word):
            one.answer(word)
        case ("reverter",):
            one.reverting.update(scene.namespace for scene in one.scenes)
        case ("autoscaler",):
            one.autoscale()
        case ("pause" | "resume" as word,):
            one.control(word)
        case ("resolved" | "firing" as status,):
            one.alert(status)
