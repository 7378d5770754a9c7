"""What memory is worth on the stored incidents: retrieval, and the decisions with and without it.

`python -m tests.bench.memory_worth` prints it; with the folder of a model behind it, also what that adds to the words,
which costs time and memory (`tests.bench.memory_costs`). Recall at 5: of the other incidents of the same class, at most
five, the share that is among the first five found; by the proof's words and the class, and by the words alone. The
evaluation is run without a memory, with one that holds all other incidents, and with a record of this very workload
that tells the truth, that lies, and that says that the proposed action failed last time.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from server.evaluate import Case, find_cases
from server.expected import load_expected
from server.scoring import Given, Owners, choose, given, score
from server.stage import Decided, Stage
from tests.bench.memory_costs import print_costs
from tests.server.lying_memory import decided_with
from tests.server.stored import CORPUS
from tests.server.whole_corpus import BLIND
from tools.bundle import Bundle
from tools.memory import MemoryDocument, QdrantMemory, Recalled, words

AT = 5


def say(line: str) -> None:
    """One figure."""
    sys.stdout.write(f"{line}\n")


@dataclass(frozen=True)
class Known:
    """An incident of the corpus as the memory would keep it, and what was decided of it without a memory."""

    case: Case
    bundle: Bundle
    decided: Given
    record: dict[str, Any]
    document: MemoryDocument


class Others:
    """The memory without the incident that asks."""

    def __init__(self, memory: QdrantMemory, own: str) -> None:
        self._memory = memory
        self._own = own

    def recall(self, problem: str, text: str, *, limit: int = 20) -> list[Recalled]:
        found = self._memory.recall(problem, text, limit=limit + 1)
        return [one for one in found if one.incident_id != self._own][:limit]


def known(stage: Stage, case: Case) -> Known | None:
    """None: it makes no incident."""
    bundle, expected = Bundle.load(case.path), load_expected(case.path)
    decided = stage.decide(bundle, mode="auto")
    if not decided.decisions:
        return None
    chosen = choose([given(one) for one in decided.decisions], expected, Owners(bundle.objects))
    record = next(one for one in decided.decisions if given(one) == chosen)
    target = record.get("target") or {}
    names = [str(target[key]) for key in ("name", "namespace") if target.get(key)]
    text = words(chosen.problem, [str(reason) for reason in record["reasons"]], without=names)
    document = MemoryDocument(key=case.id, incident_id=case.id, problem=chosen.problem, text=text)
    return Known(case, bundle, chosen, record, document)


def recall_at_5(memory: QdrantMemory, all_known: Iterable[Known], *, with_class: bool) -> float:
    """The mean over incidents whose class has others."""
    everything = list(all_known)
    sizes = Counter(each.decided.problem for each in everything)
    shares = []
    for each in everything:
        relevant = sizes[each.decided.problem] - 1
        if not relevant:
            continue
        problem = each.decided.problem if with_class else ""
        text = each.document.text.removeprefix(each.decided.problem)
        found = Others(memory, each.case.id).recall(problem, text, limit=AT)[:AT]
        hits = sum(one.problem == each.decided.problem for one in found)
        shares.append(hits / min(AT, relevant))
    return sum(shares) / len(shares)


def with_others(stage: Stage, each: Known, memory: QdrantMemory, all_known: dict[str, Known]) -> Decided:
    """Decided with all other incidents remembered, as ended ones of their own workloads."""
    others = Others(memory, each.case.id)
    recalled = others.recall(each.decided.problem, each.document.text)
    incidents = [_past(all_known[one.incident_id]) for one in recalled]
    history = {**each.bundle.history, "incidents": [*each.bundle.history.get("incidents", ()), *incidents]}
    return stage.decide(replace(each.bundle, history=history), mode="auto", memory=others)


def _past(one: Known) -> dict[str, Any]:
    target = one.record.get("target") or {}
    place = [str(target[key]) for key in ("namespace", "kind", "name") if target.get(key)]
    return {
        "id": one.case.id,
        "workload": "/".join(place) if len(place) > 1 else "elsewhere/Deployment/unknown",
        "problem": one.decided.problem,
        "action": one.decided.action,
        "verdict": "RECOVERED" if one.decided.action else "",
        "ago": 3 * 1440.0,
    }


def changed(before: Given, after: Given) -> bool:
    """Another answer, action or confidence."""
    return (before.way, before.action, before.confidence) != (after.way, after.action, after.confidence)


def main() -> None:
    """Print the figures, one a line."""
    with Stage() as stage, tempfile.TemporaryDirectory() as folder:
        found = [one for case in find_cases([CORPUS, BLIND]) if (one := known(stage, case))]
        memory = QdrantMemory(Path(folder) / "words")
        memory.remember([one.document for one in found])
        say(f"incidents: {len(found)}, classes: {len({one.decided.problem for one in found})}")
        _print_recall("words", memory, found)
        by_id = {one.case.id: one for one in found}
        if given := sys.argv[1:]:
            _print_with_model(stage, found, Path(folder) / "with a model", Path(given[0]))
        _print_on_and_off(stage, found, memory, by_id)
        _print_records(stage, found)
        memory.close()


def _print_recall(by: str, memory: QdrantMemory, found: list[Known]) -> None:
    say(f"recall at {AT}, class and {by}: {recall_at_5(memory, found, with_class=True):.3f}")
    say(f"recall at {AT}, {by} alone: {recall_at_5(memory, found, with_class=False):.3f}")


def _print_with_model(stage: Stage, found: list[Known], folder: Path, model: Path) -> None:
    memory = QdrantMemory(folder, "", model)
    memory.remember([one.document for one in found])
    while memory.catch_up(100):
        pass
    _print_recall("words and a model", memory, found)
    _print_on_and_off(stage, found, memory, {one.case.id: one for one in found})
    print_costs([one.document for one in found], folder.parent, model)
    memory.close()


def _print_on_and_off(
    stage: Stage, found: list[Known], memory: QdrantMemory, by_id: dict[str, Known]
) -> None:
    tally: Counter[str] = Counter()
    for one in found:
        expected = load_expected(one.case.path)
        owners = Owners(one.bundle.objects)
        decided = with_others(stage, one, memory, by_id)
        after = choose([given(each) for each in decided.decisions], expected, owners)
        off, on = score(one.decided, expected, owners), score(after, expected, owners)
        tally["other answers or confidence"] += changed(one.decided, after)
        tally["best without"] += off.best
        tally["best with"] += on.best
        tally["harmful or misleading with"] += on.outcome in ("harmful", "misleading")
    say(f"all other incidents remembered: {dict(tally)}")


def _print_records(stage: Stage, found: list[Known]) -> None:
    proposing = [one for one in found if one.decided.action]
    for name, truth in (("true", True), ("lying", False)):
        scores = [decided_with(stage, o.case, problem=o.decided.problem, truth=truth) for o in proposing]
        outcomes = Counter(each.outcome for each in scores)
        best = sum(each.best for each in scores)
        say(f"a {name} record of the workload, {len(proposing)} that propose: {dict(outcomes)}, best {best}")


if __name__ == "__main__":
    main()
