"""The newest revision broke the workload: its pods crash or never become ready, older ones do not.

Proof: the failing pods belong to the newest ReplicaSet, most of its pods fail, they failed from the start, and no
pod of an older revision fails. Counter-proof: a template that once ran well or is older than a day (a restart is no
release), pods that came up with it and fell ill later, in the same minutes as other workloads, a
host that its log names and that ill workloads beside it name too, a pod of an older
revision that fails too, kills for memory where the release only gave more of it, a container that fails and is not the
release's but was injected, a ConfigMap or Secret that is missing and that the revision before names as well, or a
Service that the workload needs that has no ready pod or has become ready only since the newest failure. A migration
that fails while older pods serve all the same is explained (product.md 3), and so is a release whose migration has
run: what it has changed of the data is for a person to look at before anything goes back.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from graph.bad_release_words import facts, migration_step, next_step, summary
from graph.fell_together import for_want_of, with_others
from graph.init_waits import hanging_init, missing_mounts, missing_objects, waits_for_mount
from graph.playbooks import Playbook
from graph.returns import PROOF_SECONDS, only_more_memory, rollback, way_back
from graph.state import Finding, Proposal
from graph.symptoms import (
    CONFIG,
    LIVED_WELL_SECONDS,
    could_not_read,
    crashed_container,
    current_revision,
    dependencies_down,
    is_failing,
    is_injected,
    lived_well,
    pods_of,
    waiting_container,
)
from tools.data_migrations import migrates
from tools.records import Evidence, PodFacts, RevisionFacts, Target

MAX_AGE = timedelta(hours=24)
LONGEST = timedelta(days=7)
"""Of a release that has hung since it began, beside pods of the one before that still serve."""
NO_DEADLINE = timedelta(seconds=600)
"""How long a pod may take to become ready where the Deployment has no progress deadline: Kubernetes' default."""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    current = current_revision(evidence)
    if current is None or not _could_be_it(current, evidence):
        return None
    pods = pods_of(evidence, current)
    broken = [p for p in pods if _broke_at_once(p, evidence)]
    hanging = [p for p in pods if _hangs(p, evidence)] if not broken else []
    if hanging and _older_hang_too(current, evidence):
        return None
    failing = broken or hanging
    if not failing or len(failing) * 2 <= max(len(pods), current.replicas):
        return None
    if _dependency_may_explain(failing, evidence) or _had_less_before(failing, evidence):
        return None
    if _rolled_out(evidence) and (with_others(failing, evidence) or for_want_of(evidence)):
        return None
    if all(_only_what_was_injected_fails(pod, evidence) for pod in failing):
        return None
    if _lost_meanwhile(current, failing, evidence):
        return None
    return _finding(current, failing, evidence)


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """Back to the newest revision whose health is proved, or that was current long enough to ask for."""
    back = way_back(evidence)
    current = current_revision(evidence)
    if back is None or current is None or _fails_to_migrate(current, evidence):
        return []
    reason = f"Revision {current.number} broke it; go back to revision {back.revision.number}."
    return [rollback(PLAYBOOK.problem, reason, back, evidence, target)]


def _could_be_it(current: RevisionFacts, evidence: Evidence) -> bool:
    older = _older(current, evidence)
    newest = all(r.number <= current.number for r in evidence.revisions)
    older_fail = any(is_failing(pod, evidence.collected_at) for pod in _pods(older, evidence))
    if not older or not newest or older_fail or dependencies_down(evidence):
        return False
    return _is_young(current, evidence) and not _ran_well(current, evidence)


def _older(current: RevisionFacts, evidence: Evidence) -> list[RevisionFacts]:
    return [r for r in evidence.revisions if r.template_digest != current.template_digest]


def _same_template(current: RevisionFacts, evidence: Evidence) -> list[RevisionFacts]:
    """A restart makes another ReplicaSet of the same template (R4.11): they are one release."""
    return [r for r in evidence.revisions if r.template_digest == current.template_digest]


def _pods(revisions: list[RevisionFacts], evidence: Evidence) -> list[PodFacts]:
    return [pod for revision in revisions for pod in pods_of(evidence, revision)]


def _is_young(current: RevisionFacts, evidence: Evidence) -> bool:
    """A rollback renumbers an old ReplicaSet: then its own age says nothing, that of its pods does."""
    now, same = evidence.collected_at, _same_template(current, evidence)
    born = min(r.created_at for r in same)
    if now - born <= (LONGEST if _never_took_over(evidence) else MAX_AGE):
        return True
    gone_back_to = any(r.created_at > born for r in _older(current, evidence))
    pods = _pods(same, evidence)
    return gone_back_to and bool(pods) and all(now - pod.created_at <= MAX_AGE for pod in pods)


def _never_took_over(evidence: Evidence) -> bool:
    """Its rollout is still under way, and the deadline for progress is over: pods of older revisions serve."""
    current, workload = current_revision(evidence), evidence.workload
    if current is None or workload is None or workload.progressing_reason != "ProgressDeadlineExceeded":
        return False
    return sum(r.ready for r in _older(current, evidence)) > 0


def _ran_well(current: RevisionFacts, evidence: Evidence) -> bool:
    same = _same_template(current, evidence)
    seen = max((r.seen_healthy_seconds or 0.0 for r in same), default=0.0)
    return seen >= PROOF_SECONDS or any(_is_long_ready(pod, evidence) for pod in _pods(same, evidence))


def _is_long_ready(pod: PodFacts, evidence: Evidence) -> bool:
    if not pod.ready or pod.ready_changed_at is None:
        return False
    return (evidence.collected_at - pod.ready_changed_at).total_seconds() >= LIVED_WELL_SECONDS


def _broke_at_once(pod: PodFacts, evidence: Evidence) -> bool:
    if waiting_container(pod, CONFIG):
        return True
    container = crashed_container(pod, evidence.collected_at)
    return container is not None and not lived_well(pod, container, evidence.collected_at)


def _hangs(pod: PodFacts, evidence: Evidence) -> bool:
    """All its containers run, it was never ready, and the time that a release has for that is over; or it does not get
    to them, for an init container or a mount that is the release's own.
    """
    if _hangs_before(pod, evidence):
        return True
    started = [c.running_since for c in pod.containers if not c.init]
    if pod.ready or not started or is_failing(pod, evidence.collected_at):
        return False
    began = min((since for since in started if since), default=None)
    return began is not None and None not in started and _never_ready(pod, began) and _is_late(pod, evidence)


def _hangs_before(pod: PodFacts, evidence: Evidence) -> bool:
    """In an init container that no older revision has as it is, and that does not migrate: that may be half done.
    Or for a ConfigMap or Secret that is to be mounted and is not there, which pods of older revisions need not miss.
    """
    current = current_revision(evidence)
    if current is None or not _is_late(pod, evidence):
        return False
    if waits_for_mount(pod) and missing_mounts(evidence):
        return True
    init = hanging_init(pod, evidence.collected_at)
    if init is None or migrates(init):
        return False
    digest = current.init_digests.get(init.name, "")
    older = _older(current, evidence)
    return bool(digest) and all(r.init_digests.get(init.name) != digest for r in older)


def _never_ready(pod: PodFacts, began: datetime) -> bool:
    """Ready turned False when the pod was born and has not moved since, or it moved in its first two minutes."""
    changed = pod.ready_changed_at
    if changed is None or changed - pod.created_at < timedelta(seconds=120):
        return True
    restarted = any(c.restart_count for c in pod.containers)
    return not restarted and changed - began < timedelta(seconds=10)


def _had_less_before(failing: list[PodFacts], evidence: Evidence) -> bool:
    """Killed for memory although the release only gave them more of it."""
    ends = [crashed_container(pod, evidence.collected_at) for pod in failing]
    killed = all(end is not None and end.exit_reason == "OOMKilled" for end in ends)
    return killed and only_more_memory(evidence)


def _fails_to_migrate(current: RevisionFacts, evidence: Evidence) -> bool:
    """An init container that migrates fails, and older pods are as many and as ready as is wanted."""
    now = evidence.collected_at
    crashed = [c for pod in pods_of(evidence, current) if (c := crashed_container(pod, now))]
    failed = bool(crashed) and all(migrates(c) for c in crashed)
    serving = sum(revision.ready for revision in _older(current, evidence))
    return failed and evidence.workload is not None and serving >= evidence.workload.desired


def _rolled_out(evidence: Evidence) -> bool:
    """All of its pods were available once: the controller says so, and nothing has been rolled out since."""
    workload = evidence.workload
    return workload is not None and workload.progressing_reason == "NewReplicaSetAvailable"


def _lost_meanwhile(current: RevisionFacts, failing: list[PodFacts], evidence: Evidence) -> bool:
    """All wait for an object that does not exist, and the newest older revision names it too: it was there once."""
    texts = [c.waiting_message for pod in failing if (c := waiting_container(pod, CONFIG))]
    if len(texts) < len(failing):
        texts += [event.message for event in missing_mounts(evidence)]
    before = next(iter(_older(current, evidence)), None)
    missing = missing_objects(texts)
    waits = all(waiting_container(pod, CONFIG) or waits_for_mount(pod) for pod in failing)
    return waits and before is not None and bool(missing) and missing <= set(before.refers_to)


def _only_what_was_injected_fails(pod: PodFacts, evidence: Evidence) -> bool:
    """The same would be put into pods of any revision: going back does not take it away."""
    ill = [c for c in pod.containers if not c.ready and not (c.init and c.exit_code == 0)]
    crashed = crashed_container(pod, evidence.collected_at)
    ill += [crashed] if crashed else []
    return bool(ill) and all(is_injected(container, evidence) for container in ill)


def _is_late(pod: PodFacts, evidence: Evidence) -> bool:
    """A slow starter has the Deployment's own deadline; without one there is no Progressing condition."""
    reason = evidence.workload.progressing_reason if evidence.workload else ""
    if reason:
        return reason == "ProgressDeadlineExceeded"
    return evidence.collected_at - pod.created_at >= NO_DEADLINE


def _older_hang_too(current: RevisionFacts, evidence: Evidence) -> bool:
    """Most pods of older revisions are not ready either: a cause that they share."""
    pods = _pods(_older(current, evidence), evidence)
    return bool(pods) and sum(not pod.ready for pod in pods) * 2 > len(pods)


def _dependency_may_explain(failing: list[PodFacts], evidence: Evidence) -> bool:
    """Nothing has failed yet since all that it needs is ready: the next try may work."""
    newest = max(_last_failed_at(pod, evidence) for pod in failing)
    return any(d.recovered_at and d.recovered_at >= newest for d in evidence.dependencies)


def _last_failed_at(pod: PodFacts, evidence: Evidence) -> datetime:
    """A pod that hangs has had a whole back-off's time to notice; a configuration error needs nobody else."""
    if waiting_container(pod, CONFIG):
        return evidence.collected_at
    container = crashed_container(pod, evidence.collected_at)
    if container is None:
        return evidence.collected_at - timedelta(seconds=300)
    return container.exit_finished_at or evidence.collected_at


def _finding(current: RevisionFacts, failing: list[PodFacts], evidence: Evidence) -> Finding:
    older = _older(current, evidence)
    back = way_back(evidence)
    migrates = _fails_to_migrate(current, evidence)
    return Finding(
        problem="bad_release",
        summary=summary(current, failing, evidence),
        directness=_directness(
            sum(r.ready for r in older), back is not None and back.health == "proved", evidence
        ),
        evidence=tuple(
            evidence.cite("pods")
            + evidence.cite("revisions")
            + evidence.cite("revision_health")
            + evidence.cite("revision_diff")
            + evidence.cite("migration_logs")
        ),
        facts=facts(current, older, failing, evidence),
        ruled_out=_ruled_out(current, evidence),
        next_step=migration_step(current, failing, evidence) if migrates else next_step(current, evidence),
    )


def _directness(older_ready: int, proved: bool, evidence: Evidence) -> float:
    if could_not_read(evidence, "dependencies"):
        return 0.6
    return 1.0 if older_ready or proved else 0.85


def _ruled_out(current: RevisionFacts, evidence: Evidence) -> tuple[str, ...]:
    lines = []
    compared = len(_pods(_older(current, evidence), evidence))
    if compared:
        lines.append(f"a cause that older revisions share: none of their {compared} pods fails")
    if evidence.dependencies:
        names = ", ".join(d.service for d in evidence.dependencies)
        lines.append(f"a dependency that is down: {names} have ready pods")
    return tuple(lines)


PLAYBOOK = Playbook(problem="bad_release", rank=20, proves=proves, candidates=candidates)
