"""Containers are killed for memory. The kubelet restarts them already, so that a restart mends nothing by itself.

Proof: OOMKilled as the newest end, of at least as many crashed pods as end otherwise. Killed within a minute of its
start, or again and again: it needs more than its limit. A computed one is asked for, or explained where a sibling does
well with the present one (`graph.limit_too_small`). Killed after a long life
while metrics show all siblings near their limit: a leak, unless Prometheus shows that they did not grow slowly;
replacing them before they are killed too helps for a while, once. Where Prometheus was asked and does not show slow
growth, a person decides. Killed after a long life since a release whose predecessor lived longer, or did not grow:
going back is asked for.
"""

from __future__ import annotations

from datetime import timedelta

from graph.growth import grew_before, grows_slowly, was_asked
from graph.limit_too_small import NEAR_LIMIT, Killed, more_memory, too_small
from graph.load import memory_share
from graph.memory_words import QUICK_SECONDS, facts, next_step, summary
from graph.playbooks import Playbook
from graph.restarts import restart
from graph.returns import Return, only_more_memory, rollback, way_back
from graph.state import Finding, Proposal
from graph.symptoms import (
    LIVED_WELL_SECONDS,
    container_named,
    crashed_container,
    current_revision,
    is_complete,
    life_seconds,
    live_pods,
)
from tools.records import ContainerFacts, Evidence, PodFacts, Target

YOUNG = timedelta(hours=24)
LATELY = timedelta(hours=6)
"""A kill that is longer ago says little about siblings now."""
LONGER = 3.0
"""So many times as long the revision before must have been current without such kills."""

CITED = ("pods", "metrics", "memory_growth", "revision_health", "previous_logs")


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    killed = _killed(evidence)
    if not killed:
        return None
    leak, began = _leak(killed, evidence), _began_with_release(killed, evidence)
    return Finding(
        problem="out_of_memory",
        summary=summary(killed, evidence, leak=leak, began=began),
        directness=0.95 if leak else 0.7 if began else 0.9,
        evidence=tuple(id_ for kind in CITED for id_ in evidence.cite(kind)),
        facts=tuple(facts(killed, evidence)),
        ruled_out=(
            "an error of its own: the kernel killed it, it did not end by itself",
            *_no_leak(killed, evidence),
        ),
        next_step=next_step(killed, evidence),
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """Going back for a release that began it, one restart for a leak, more memory for a limit that is too small."""
    killed = _killed(evidence)
    found = []
    back = way_back(evidence)
    if back and _began_with_release(killed, evidence):
        reason = "It is killed for memory since this release, as its predecessor was not."
        found.append(rollback(PLAYBOOK.problem, reason, back, evidence, target))
    if _leak(killed, evidence):
        found += _restart(evidence, target, proved=_growth_proved(killed, evidence))
    if not found and too_small(killed, evidence):
        found += more_memory(PLAYBOOK.problem, killed, evidence, target)
    return found


def _killed(evidence: Evidence) -> list[Killed]:
    """Containers that the kernel killed and that are not well again, if these are at least half of what crashes.

    Where nothing crashes any more, those killed lately, if their siblings show that the same will come to them.
    """
    now = evidence.collected_at
    crashed = [(pod, c) for pod in live_pods(evidence) if (c := crashed_container(pod, now))]
    killed = [entry for entry in crashed if entry[1].exit_reason == "OOMKilled"]
    if crashed:
        return killed if len(killed) * 2 >= len(crashed) else []
    lately = [
        (pod, c)
        for pod in live_pods(evidence)
        for c in pod.containers
        if _killed_lately(c, evidence) and not c.init
    ]
    return lately if lately and _leak(lately, evidence) else []


def _killed_lately(container: ContainerFacts, evidence: Evidence) -> bool:
    ended = container.exit_finished_at
    return (
        container.exit_reason == "OOMKilled" and ended is not None and evidence.collected_at - ended <= LATELY
    )


def _leak(killed: list[Killed], evidence: Evidence) -> bool:
    """All killed lived long, every sibling has run long and is near its own limit now, and none is known to be flat."""
    names = {container.name for _, container in killed}
    siblings = _siblings(killed, evidence)
    if len(names) != 1 or not siblings or not is_complete(evidence):
        return False
    (name,) = names
    grown = all((life_seconds(c) or 0.0) >= LIVED_WELL_SECONDS for _, c in killed)
    near = all(_is_near(pod, name, evidence) for pod in siblings)
    return grown and near and False not in _growths(killed, evidence)


def _siblings(killed: list[Killed], evidence: Evidence) -> list[PodFacts]:
    ill = {pod.uid for pod, _ in killed}
    return [pod for pod in live_pods(evidence) if pod.uid not in ill]


def _growths(killed: list[Killed], evidence: Evidence) -> list[bool | None]:
    """Of each sibling whether it grew slowly; None where nobody tells."""
    name = killed[0][1].name
    found = [(pod, container_named(pod, name)) for pod in _siblings(killed, evidence)]
    return [grows_slowly(pod, container, evidence) if container else None for pod, container in found]


def _growth_proved(killed: list[Killed], evidence: Evidence) -> bool:
    """Where Prometheus was asked it has to show it of every sibling; where there is none, long lives stand for it."""
    return not was_asked(evidence) or all(_growths(killed, evidence))


def _no_leak(killed: list[Killed], evidence: Evidence) -> list[str]:
    """What Prometheus has against a leak."""
    if False not in _growths(killed, evidence):
        return []
    return ["a leak: Prometheus shows siblings whose memory does not grow slowly"]


def _is_near(pod: PodFacts, name: str, evidence: Evidence) -> bool:
    container = container_named(pod, name)
    if container is None or container.running_since is None or not pod.ready:
        return False
    ran = (evidence.collected_at - container.running_since).total_seconds()
    share = memory_share(pod, container, evidence)
    return ran >= LIVED_WELL_SECONDS and share is not None and share >= NEAR_LIMIT


def _began_with_release(killed: list[Killed], evidence: Evidence) -> bool:
    """All killed are of a young revision, and the one to go back to was not killed so: it ran much longer than these
    lived, or Prometheus shows that its pods did not grow while these do. If they grew as well, it began earlier.
    """
    current, back = current_revision(evidence), way_back(evidence)
    if current is None or back is None or not killed or only_more_memory(evidence) or not _lived_well(back):
        return False
    lives = [life_seconds(container) or 0.0 for _, container in killed]
    young = evidence.collected_at - current.created_at <= YOUNG
    of_it = all(pod.owner_uid == current.uid for pod, _ in killed)
    if not (young and of_it and min(lives) >= QUICK_SECONDS):
        return False
    grew = grew_before(back.revision, killed[0][1], evidence)
    if grew is not None:
        return not grew and (True in _growths(killed, evidence) or _ran_longer(back, lives))
    return _ran_longer(back, lives)


def _lived_well(back: Return) -> bool:
    """Proved, or current for so long that kills like these would have shown."""
    return back.health == "proved" or (back.revision.seen_current_seconds or 0.0) >= YOUNG.total_seconds()


def _ran_longer(back: Return, lives: list[float]) -> bool:
    before = max(back.revision.seen_current_seconds or 0.0, back.revision.seen_healthy_seconds or 0.0)
    return before >= LONGER * max(lives)


def _restart(evidence: Evidence, target: Target, *, proved: bool) -> list[Proposal]:
    reason = "All pods are near their limit after slow growth: replace them once, before they are killed too."
    proposals = restart(PLAYBOOK.problem, reason, evidence, target)
    return [proposal.model_copy(update={"leak_proved": proved}) for proposal in proposals]


PLAYBOOK = Playbook(problem="out_of_memory", rank=25, proves=proves, candidates=candidates)
