"""What a published page is made of: each folder of cases, and of a folder of blind batches each batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from server.first_scores import FILE, as_json, read_first_scores, with_new
from server.quality_page import Group
from server.report import Scored


def keep_first_scores(folder: Path, cases: Sequence[Scored], today: date) -> None:
    """Of a folder of batches: write down what those score that have no first score yet. Raises BundleError."""
    kept = read_first_scores(folder)
    if kept is None:
        return
    told = with_new(kept, batches(cases), today)
    if told != kept:
        (folder / FILE).write_text(as_json(told), encoding="utf-8")


def groups_of(scored: Mapping[Path, Sequence[Scored]]) -> list[Group]:
    """A group for each folder, in their order; for each batch where it holds batches. Raises BundleError."""
    groups = []
    for folder, cases in scored.items():
        kept = read_first_scores(folder)
        if kept is None:
            groups.append(Group(folder.as_posix(), cases))
            continue
        first = {each.batch: each for each in kept}
        for batch, inside in batches(cases).items():
            groups.append(Group(f"{folder.as_posix()}/{batch}", inside, first.get(batch)))
    return groups


def batches(cases: Sequence[Scored]) -> dict[str, list[Scored]]:
    """By the folder that they lie in, in the order of their names."""
    found: dict[str, list[Scored]] = {}
    for case in cases:
        found.setdefault(case.id.partition("/")[0], []).append(case)
    return {name: found[name] for name in sorted(found, key=_in_order)}


def _in_order(batch: str) -> tuple[str, int, str]:
    """batch-10 after batch-9."""
    name, _, number = batch.rpartition("-")
    return (name, int(number), "") if number.isdigit() else (batch, 0, batch)
