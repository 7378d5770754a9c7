"""The tables of docs/decisions-quality.md, between two marks; what stands around them is written by people. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.first_scores import FirstScore
from server.report import Scored, summary

BEGIN, END = "<!-- scores -->", "<!-- end of scores -->"
COUNTS = ("n", "accepted", "best", "harmful", "misleading")
BASELINES = {
    "always_notify": "always notify",
    "always_ask_rollback": "always ask for a rollback",
    "always_restart": "always restart",
}
STEPS = {
    "parse_alert": "target",
    "gather_logs": "evidence",
    "retrieve_similar": "memory",
    "decide": "decision",
}
"""Steps of every run, and what they are for; the others wait or write."""


@dataclass(frozen=True)
class Group:
    """Cases that make rows of their own."""

    name: str
    """The folder, as it was given."""
    cases: Sequence[Scored]
    first: FirstScore | None = None
    """Of a blind batch."""

    @property
    def rows(self) -> dict[str, Any]:
        """Its summary."""
        return summary(self.cases)


def published(page: str, groups: Sequence[Group]) -> str:
    """The page with its tables made anew. Raises ValueError for a page without the marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no place for the tables: put {BEGIN} and {END} where they go")
    return f"{before}{BEGIN}\n{tables(groups)}\n{END}{after}"


def tables(groups: Sequence[Group]) -> str:
    """All of them, each with its head."""
    told = {group.name: group.rows for group in groups}
    everything = [case for group in groups for case in group.cases]
    parts = (_scores(groups, told), _ways(told), _certainty(told), _costs(summary(everything)))
    return "\n\n".join("\n".join(lines) for lines in parts)


def _scores(groups: Sequence[Group], told: Mapping[str, Any]) -> Iterator[str]:
    yield from _head("Cases", *COUNTS)
    for group in groups:
        rows = told[group.name]
        if group.first is None:
            yield _row(f"`{group.name}`", _counts(rows))
        else:
            yield _row(f"`{group.name}`, first score, {group.first.date}", _counts(dict(group.first)))
            yield _row(f"`{group.name}`, today", _counts(rows))
        for name, words in BASELINES.items():
            if name in rows["baselines"]:
                yield _row(f"the same, {words}", _counts(rows["baselines"][name]))


def _ways(told: Mapping[str, Any]) -> Iterator[str]:
    """What is expected as an action, and in which way the others missed."""
    heads = ("expect an action", "get it", "by itself", "asked for", "too hot", "too cold", "other action")
    yield from _head("Cases", *heads)
    for name, rows in told.items():
        actions, misses = rows["actions"], rows["misses"]
        got = [actions[key] for key in ("n", "reached", "acted", "asked")]
        yield _row(f"`{name}`", [*got, *(misses[key] for key in ("too_hot", "too_cold", "other_action"))])


def _certainty(told: Mapping[str, Any]) -> Iterator[str]:
    yield from _head("Cases", "ECE", "AUROC (best)", "at or above 0.8", "right", "below", "right")
    for name, rows in told.items():
        above, below = rows["threshold"]["above"], rows["threshold"]["below"]
        apart = rows["auroc"]["best"]
        yield _row(
            f"`{name}`",
            [
                f"{rows['ece']:.3f}",
                "nothing to tell apart" if apart is None else f"{apart:.2f}",
                above["n"],
                _share(above["accepted"]),
                below["n"],
                _share(below["accepted"]),
            ],
        )


def _costs(rows: Mapping[str, Any]) -> Iterator[str]:
    """Of all cases together."""
    yield from _head("Of all cases", "median", "most")
    yield _row("API requests", [rows["requests"]["median"], rows["requests"]["max"]])
    prompts = rows["prompt_bytes"]
    if prompts["n"]:
        yield _row(
            f"prompt of {prompts['n']} with something to choose, bytes", [prompts["median"], prompts["max"]]
        )
    yield ""
    yield from _head("Of all cases", "median", "95 % within")
    yield _row("seconds to a decision", [f"{rows['p50_seconds']:.3f}", f"{rows['p95_seconds']:.3f}"])
    for step, words in STEPS.items():
        took = rows["step_seconds"].get(step)
        if took:
            yield _row(f"of them: {words}", [f"{took['p50']:.3f}", f"{took['p95']:.3f}"])


def _counts(rows: Mapping[str, Any]) -> list[int]:
    return [rows[name] for name in COUNTS]


def _head(*heads: str) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"| {' | '.join('---' for _ in heads)} |"


def _row(name: str, cells: Iterable[object]) -> str:
    return f"| {' | '.join([name, *map(str, cells)])} |"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
