"""What containers printed: the right container of the right pod, short and redacted. See `tools/lookups.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tools.answer_words import capped, count, place_words
from tools.excerpts import excerpt_log
from tools.pods_in import pods_in
from tools.records import ContainerFacts, RbacRule
from tools.seen_pods import SeenPod
from tools.subjects import Subject
from tools.survey import Survey

RULES: tuple[RbacRule, ...] = (RbacRule(group="", resource="pods/log", verbs=("get",)),)
BUDGET = 3000
"""Bytes of an excerpt."""


@dataclass(frozen=True)
class Chosen:
    """Which log to read."""

    pod: SeenPod
    container: str
    facts: ContainerFacts | None


def logs(
    survey: Survey,
    subjects: Sequence[Subject],
    *,
    container: str = "",
    previous: bool | None = None,
    budget: int = BUDGET,
) -> str:
    """The log that tells most: of the pod that is not well before its siblings, of the container that fails.

    `previous`: the run before the present one; None: that one where the container crashed, else the present one.
    """
    found = pods_in(survey, subjects)
    if found.why:
        return f"The pods cannot be read: {found.why}."
    chosen = _choose(found.pods, container)
    if chosen is None:
        named = f" has a container {container}" if container and found.pods else ""
        return f"No pod{place_words(subjects)}{named or ' exists'}, so there is no log."
    return capped(_read(survey, chosen, previous, budget) + _others(found.pods, chosen))


def _choose(pods: Sequence[SeenPod], container: str) -> Chosen | None:
    """Not well before well, crashed before not, alive before finished."""
    ranked = sorted(
        pods, key=lambda pod: (pod.trouble is None, pod.facts.deleting, pod.done, -pod.restarts, pod.name)
    )
    for pod in ranked:
        known = {entry.name: entry for entry in pod.facts.containers}
        names = [*pod.containers, *(title for title in known if title not in pod.containers)]
        if container and container in names:
            return Chosen(pod, container, known.get(container))
        if not container and names:
            failing = [entry.name for entry in pod.facts.containers if _fails(entry)]
            title = failing[0] if failing else names[0]
            return Chosen(pod, title, known.get(title))
    return None


def _fails(container: ContainerFacts) -> bool:
    if container.init and container.exit_code == 0:
        return False
    return bool(container.restart_count or container.waiting_reason or container.exit_code not in (None, 0))


def _read(survey: Survey, chosen: Chosen, previous: bool | None, budget: int) -> str:
    pod, title = chosen.pod, f"container {chosen.container} of {chosen.pod.namespace}/{chosen.pod.name}"
    crashed = bool(
        chosen.facts and (chosen.facts.restart_count or chosen.facts.waiting_reason == "CrashLoopBackOff")
    )
    before = crashed if previous is None else previous
    outcome = survey.log(pod.namespace, pod.name, chosen.container, previous=before)
    note = ""
    if outcome.value is None and before:
        note = f"The run before is not kept ({outcome.why}). "
        before = False
        outcome = survey.log(pod.namespace, pod.name, chosen.container, previous=False)
    which = "the run that ended" if before else "the present run"
    if outcome.value is None:
        state = f" It is {pod.trouble.words}." if pod.trouble else ""
        return f"{note}The log of {title} cannot be read: {outcome.why}.{state}"
    excerpt = excerpt_log(outcome.value, budget=budget)
    if not excerpt:
        return f"{note}{which.capitalize()} of {title} printed nothing."
    lines = len(outcome.value.splitlines())
    trouble = f" ({pod.trouble.words})" if pod.trouble else ""
    return f"{note}Log of {which} of {title}{trouble}, from {count(lines, 'line')}:\n{excerpt}"


def _others(pods: Sequence[SeenPod], chosen: Chosen) -> str:
    others = len(pods) - 1
    more = [title for title in chosen.pod.containers if title != chosen.container]
    words = [f"{count(others, 'more pod')} can be asked for by name"] if others else []
    words += [f"other containers: {', '.join(more)}"] if more else []
    return f"\n({'; '.join(words)})" if words else ""
