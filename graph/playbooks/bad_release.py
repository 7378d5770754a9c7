"""The newest revision broke the workload: its pods crash or never become ready, older ones do not.

Proof: the failing pods belong to the newest ReplicaSet, most of its pods fail, they failed from the start, and no
pod of an older revision fails. Counter-proof: the revision once ran well, it is older than a day, a pod of an
older revision fails too, or a Service that the workload needs has no ready pod.
"""

from __future__ import annotations

from datetime import timedelta

from graph.playbooks import Playbook
from graph.returns import PROOF_SECONDS, rollback, way_back
from graph.state import Finding, Proposal
from graph.symptoms import (
    CONFIG,
    crashed_container,
    current_revision,
    dependencies_down,
    describe_crash,
    is_failing,
    lived_well,
    pods_of,
    waiting_container,
)
from tools.records import Evidence, PodFacts, RevisionFacts, Target

MAX_AGE = timedelta(hours=24)
HANGS_AFTER = timedelta(seconds=300)


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    current = current_revision(evidence)
    if current is None or not _could_be_it(current, evidence):
        return None
    pods = pods_of(evidence, current)
    broken = [p for p in pods if _broke_at_once(p, evidence)]
    hanging = [p for p in pods if _hangs(p, evidence)] if not broken else []
    failing = broken or hanging
    if not failing or len(failing) * 2 <= len(pods):
        return None
    return _finding(current, failing, evidence, hanging=bool(hanging))


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """Back to the newest revision whose health is proved, or that was current long enough to ask for."""
    back = way_back(evidence)
    current = current_revision(evidence)
    if back is None or current is None:
        return []
    reason = f"Revision {current.number} broke it; go back to revision {back.revision.number}."
    return [rollback(PLAYBOOK.problem, reason, back, evidence, target)]


def _could_be_it(current: RevisionFacts, evidence: Evidence) -> bool:
    older = [r for r in evidence.revisions if r.template_digest != current.template_digest]
    young = evidence.collected_at - current.created_at <= MAX_AGE or _rolled_recently(current, evidence)
    ran_well = (current.seen_healthy_seconds or 0.0) >= PROOF_SECONDS
    older_fail = any(is_failing(pod) for revision in older for pod in pods_of(evidence, revision))
    return bool(older) and young and not ran_well and not older_fail and not dependencies_down(evidence)


def _rolled_recently(current: RevisionFacts, evidence: Evidence) -> bool:
    """A rollback renumbers an old ReplicaSet: its own age says nothing, that of its pods does."""
    pods = pods_of(evidence, current)
    return bool(pods) and all(evidence.collected_at - pod.created_at <= MAX_AGE for pod in pods)


def _broke_at_once(pod: PodFacts, evidence: Evidence) -> bool:
    if waiting_container(pod, CONFIG):
        return True
    container = crashed_container(pod)
    return container is not None and not lived_well(pod, container, evidence.collected_at)


def _hangs(pod: PodFacts, evidence: Evidence) -> bool:
    """Running, never restarted, never ready: past the progress deadline, or for five minutes."""
    started = [c for c in pod.containers if not c.init and c.running_since]
    if pod.ready or not started or is_failing(pod):
        return False
    never_ready = pod.ready_changed_at is None or pod.ready_changed_at - pod.created_at < timedelta(
        seconds=120
    )
    workload = evidence.workload
    past_deadline = workload is not None and workload.progressing_reason == "ProgressDeadlineExceeded"
    return never_ready and (past_deadline or evidence.collected_at - pod.created_at >= HANGS_AFTER)


def _finding(
    current: RevisionFacts, failing: list[PodFacts], evidence: Evidence, *, hanging: bool
) -> Finding:
    older_ready = sum(r.ready for r in evidence.revisions if r.template_digest != current.template_digest)
    how = "never become ready" if hanging else "fail from the start"
    facts = [f"revision {current.number} created {current.created_at:%Y-%m-%d %H:%M:%S} UTC"]
    facts += [_describe(pod) for pod in failing[:3]]
    facts.append(f"{older_ready} ready pods of older revisions")
    back = way_back(evidence)
    hint = "No older revision can be gone back to with reason; mend the release." if back is None else ""
    return Finding(
        problem="bad_release",
        summary=f"Revision {current.number} broke it: {len(failing)} of its pods {how}.",
        directness=1.0 if older_ready or (back and back.health == "proved") else 0.85,
        evidence=tuple(evidence.cite("pods") + evidence.cite("revisions") + evidence.cite("revision_diff")),
        facts=tuple(facts),
        ruled_out=_ruled_out(evidence),
        next_step=hint or "kubectl rollout undo, or mend the release: see the template's diff.",
    )


def _describe(pod: PodFacts) -> str:
    container = crashed_container(pod)
    if container:
        return describe_crash(pod, container)
    waiting = waiting_container(pod, CONFIG)
    return f"{pod.name}: {waiting.waiting_reason if waiting else 'running, never ready'}"


def _ruled_out(evidence: Evidence) -> tuple[str, ...]:
    lines = ["a failing older revision: none of its pods fails"]
    if evidence.dependencies:
        names = ", ".join(d.service for d in evidence.dependencies)
        lines.append(f"a dependency that is down: {names} have ready pods")
    return tuple(lines)


PLAYBOOK = Playbook(problem="bad_release", rank=20, proves=proves, candidates=candidates)
