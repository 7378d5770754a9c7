"""Pods are not well since a ConfigMap that they read was changed, or still run with what it said before.

Proof: a ConfigMap that the template names was changed while the present revision ran well. Where all pods crash or
stopped being ready within an hour after it, and had been well until then, the change is the likely cause: what it says
has to be put right, and a crashing container reads it anew by itself. Where all pods run, have not ended, stopped being
ready before it, and read it only when they start, they still have the old one: a restart is asked for, once.
Counter-proof: a pod that started after the change is ready (then the change is not the cause) or is not (then a restart
does not help), something that they need is down, or a release came in between.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from graph import counted
from graph.ages import since
from graph.playbooks import Playbook
from graph.restarts import restart
from graph.said import says
from graph.state import Finding, Proposal
from graph.symptoms import (
    LIVED_WELL_SECONDS,
    crashed_lately,
    current_revision,
    dependencies_down,
    is_broken,
    is_complete,
    is_failing,
    live_pods,
)
from graph.workload_words import reference, restarts_all
from tools.items import when
from tools.records import ConfigFacts, Evidence, PodFacts, Target

SOON = timedelta(hours=1)
AT_START = frozenset({"environment", "subpath"})
DIRECTNESS = 0.7
"""Below what acts by itself."""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    current, pods = current_revision(evidence), live_pods(evidence)
    if current is None or not pods or not is_complete(evidence) or dependencies_down(evidence):
        return None
    if not all(is_broken(pod, evidence.collected_at) and _was_well(pod) for pod in pods):
        return None
    changed = [c for c in evidence.configs if c.changed_at and c.changed_at > current.created_at]
    for config in sorted(
        changed, key=lambda config: config.changed_at or evidence.collected_at, reverse=True
    ):
        if _is_stale(config, pods, evidence):
            return _stale(config, pods, evidence)
        if _broke_it(config, pods):
            return _broken(config, pods, evidence)
    return None


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """One rolling restart where all still run with the old configuration."""
    pods = live_pods(evidence)
    if not any(_is_stale(config, pods, evidence) for config in evidence.configs):
        return []
    reason = "Its pods read their configuration when they start, and it was changed since: restart them once."
    return restart(PLAYBOOK.problem, reason, evidence, target)


def _was_well(pod: PodFacts) -> bool:
    changed = pod.ready_changed_at
    return changed is not None and (changed - pod.created_at).total_seconds() >= LIVED_WELL_SECONDS


def _broke_at(pod: PodFacts) -> datetime:
    return pod.ready_changed_at or pod.created_at


def _is_stale(config: ConfigFacts, pods: tuple[PodFacts, ...], evidence: Evidence) -> bool:
    """All stopped being ready before the change, run on since before it, and would read it only at their start."""
    if config.changed_at is None or not config.uses or not set(config.uses) <= AT_START:
        return False
    now, at = evidence.collected_at, config.changed_at
    if any(is_failing(pod, now) or crashed_lately(pod, now) or _broke_at(pod) >= at for pod in pods):
        return False
    starts = [c.running_since for pod in pods for c in pod.containers if not c.init]
    return bool(starts) and all(start is not None and start < at for start in starts)


def _broke_it(config: ConfigFacts, pods: tuple[PodFacts, ...]) -> bool:
    """Every pod was well until then, and none for more than an hour after."""
    at = config.changed_at
    return at is not None and all(at <= _broke_at(pod) <= at + SOON for pod in pods)


def _stale(config: ConfigFacts, pods: tuple[PodFacts, ...], evidence: Evidence) -> Finding:
    return Finding(
        problem="configuration_changed",
        summary=f"None of its {counted.times(len(pods), 'pod')} is ready, and all still run with "
        f"what ConfigMap {config.name} said before {_at(config, evidence)}.",
        directness=DIRECTNESS,
        evidence=_cited(evidence),
        facts=(
            f"they had stopped being ready at {when(min(map(_broke_at, pods)))}, before that change{config.by}",
            f"it is read by {', '.join(config.uses)}, when a container starts: a running one never sees the change",
        ),
        ruled_out=("a crash: no container has ended", "a bad release: the same revision was ready before"),
        next_step=f"kubectl get configmap {config.name} -o yaml: is it right now? Then "
        f"kubectl rollout restart {reference(evidence)} lets them read it ({restarts_all(evidence)}).",
    )


def _broken(config: ConfigFacts, pods: tuple[PodFacts, ...], evidence: Evidence) -> Finding:
    first = min(_broke_at(pod) for pod in pods)
    return Finding(
        problem="configuration_changed",
        summary=f"{counted.all_pods(len(pods), 'stopped', 'stopped')} being well after ConfigMap {config.name} was "
        f"changed at {_at(config, evidence)}{config.by}{says(evidence, pods)}.",
        directness=DIRECTNESS,
        evidence=_cited(evidence),
        facts=(
            f"they had been ready with this revision; the first was not any more at {when(first)}",
            f"ConfigMap {config.name} is read by {', '.join(config.uses)}",
        ),
        ruled_out=("a bad release: the same revision was ready before the change",),
        next_step=f"kubectl get configmap {config.name} -o yaml --show-managed-fields, and its source: what is new? "
        f"Put it back if in doubt, with kubectl edit configmap {config.name}: what crashes reads it anew by itself"
        f"{_after(config, evidence)}.",
    )


def _at(config: ConfigFacts, evidence: Evidence) -> str:
    return since(config.changed_at, evidence.collected_at) if config.changed_at else "unknown"


def _after(config: ConfigFacts, evidence: Evidence) -> str:
    """What runs on with it has to be restarted, where it is read at the start only."""
    if not set(config.uses) & AT_START:
        return ""
    return f"; what runs on needs kubectl rollout restart <workload> ({restarts_all(evidence)})"


def _cited(evidence: Evidence) -> tuple[str, ...]:
    return tuple(id_ for kind in ("config_changes", "pods", "previous_logs") for id_ in evidence.cite(kind))


PLAYBOOK = Playbook(problem="configuration_changed", rank=79, proves=proves, candidates=candidates)
