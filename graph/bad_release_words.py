"""What a bad release looks like in words: how its pods fail, what it changed, what still serves, what to do by hand."""

from __future__ import annotations

from collections.abc import Sequence

from graph import counted
from graph.crash_words import end_code
from graph.data_left import of_the_data
from graph.init_waits import hanging_init, missing_mounts, waits_for_mount
from graph.release_changes import changes
from graph.returns import Return, only_configuration_changed, way_back, way_back_but_for_the_data
from graph.said import said
from graph.started_words import probe_lines, unready_container
from graph.symptoms import CONFIG, crashed_container, life_seconds, pods_of, waiting_container
from tools.excerpts import message, quote
from tools.records import ContainerFacts, Evidence, PodFacts, RevisionFacts

LONGEST = 160
SHOWN = 3


def summary(current: RevisionFacts, failing: Sequence[PodFacts], evidence: Evidence) -> str:
    """`Revision 13 broke it: its only pod ends at once (exit code 2); catalog says: "…"`."""
    total = max(len(pods_of(evidence, current)), len(failing))
    who = f"{len(failing)} of its {total} pods" if len(failing) < total else f"all {total} of its pods"
    who = "its only pod" if total == 1 else who
    how = _how(failing[0], evidence, one=len(failing) == 1)
    return f"Revision {current.number} broke it: {who} {how}{_words(failing[0], evidence)}."


def facts(
    current: RevisionFacts, older: Sequence[RevisionFacts], failing: Sequence[PodFacts], evidence: Evidence
) -> tuple[str, ...]:
    """What it changed, who fails how often, why a pod that runs is not ready, and what serves."""
    changed = changes(evidence)
    what = f", changed {changed}" if changed else ""
    return (
        *_migrated(evidence),
        f"revision {current.number}, created {current.created_at:%Y-%m-%d %H:%M:%S} UTC{what}",
        _who(failing, evidence),
        *_unready(failing[0], evidence),
        _serving(older),
    )


def next_step(current: RevisionFacts, evidence: Evidence) -> str:
    """The way back by hand with what it does, or where there is none, why and what to mend."""
    back = way_back(evidence)
    if back is not None:
        return _go_back(current, back, evidence)
    if data := _data(evidence):
        return data[1]
    if only_configuration_changed(evidence):
        return _restore(current)
    return (
        "kubectl rollout history <workload>: no older revision can be gone back to with reason, for none is known to "
        f"have been well. So mend the release: kubectl edit <workload>, what revision {current.number} changed first."
    )


def migration_step(current: RevisionFacts, failing: Sequence[PodFacts], evidence: Evidence) -> str:
    """Of a release whose migration fails: what it says, and what may be half done."""
    container = crashed_container(failing[0], evidence.collected_at)
    name = f" -c {container.name}" if container else ""
    return (
        f"kubectl logs {failing[0].name}{name} --previous: read what the migration says, and see what it has changed "
        "already; it is tried again and again. If the schema is as it was, kubectl rollout undo <workload> ends the "
        f"tries: it removes the pods of revision {current.number}, the older ones serve on. If it is half done, "
        "mend the schema first."
    )


def _migrated(evidence: Evidence) -> list[str]:
    data = _data(evidence) if way_back(evidence) is None else None
    return [data[0]] if data else []


def _data(evidence: Evidence) -> tuple[str, str] | None:
    back = way_back_but_for_the_data(evidence)
    return of_the_data(back.revision if back else None, evidence)


def _how(pod: PodFacts, evidence: Evidence, *, one: bool) -> str:
    container = crashed_container(pod, evidence.collected_at)
    if container:
        return f"{'fails' if one else 'fail'} from the start ({_end(container)})"
    waiting, init = waiting_container(pod, CONFIG), hanging_init(pod, evidence.collected_at)
    if init:
        since = f"{init.running_since:%H:%M:%S} UTC"
        return f"{'hangs' if one else 'hang'} in init container {init.name}, which runs since {since}"
    if waits_for_mount(pod) and missing_mounts(evidence):
        told = message(missing_mounts(evidence)[0].message, LONGEST)
        return f"{'waits' if one else 'wait'} for what is to be mounted: {quote(told)}"
    if waiting:
        why = f": {quote(message(waiting.waiting_message, LONGEST))}" if waiting.waiting_message else ""
        return f"cannot start ({waiting.waiting_reason}{why})"
    return f"{'runs' if one else 'run'} and {'was' if one else 'were'} never ready"


def _end(container: ContainerFacts) -> str:
    """`exit code 1 after 2 s`, `OOMKilled, exit code 137 after 3 s, with a memory limit of 128Mi`."""
    life = life_seconds(container)
    lived = f" after {life:.0f} s" if life is not None and life >= 0 else ""
    bound = container.memory_limit if container.exit_reason == "OOMKilled" else None
    limit = f", its memory limit is {bound / 2**20:.0f}Mi" if bound else ""
    return (
        f"{'init ' if container.init else ''}container {container.name}: {end_code(container)}{lived}{limit}"
    )


def _words(pod: PodFacts, evidence: Evidence) -> str:
    """What the container that fails says; its own last message where no log tells."""
    container = crashed_container(pod, evidence.collected_at) or unready_container(pod)
    line = said(evidence, pod.name, container.name) if container else ""
    if container and not line and container.exit_message:
        line = message(container.exit_message, LONGEST)
    return f"; {container.name} says: {quote(line)}" if container and line else ""


def _who(failing: Sequence[PodFacts], evidence: Evidence) -> str:
    """Which pods, since when, and how often they were begun again."""
    names = ", ".join(pod.name for pod in failing[:SHOWN])
    more = f" and {len(failing) - SHOWN} more" if len(failing) > SHOWN else ""
    ended = [crashed_container(pod, evidence.collected_at) for pod in failing]
    most = max((container.restart_count for container in ended if container), default=0)
    often = f": {'each up to ' if len(failing) > 1 else ''}{counted.times(most, 'restart')}" if most else ""
    first = min(pod.created_at for pod in failing)
    return f"{names}{more}{often}, since {first:%H:%M:%S} UTC"


def _unready(pod: PodFacts, evidence: Evidence) -> list[str]:
    """Of a pod that runs and is not ready: what its probe asks, and what it was answered."""
    container = unready_container(pod)
    if container is None or container.running_since is None:
        return []
    return probe_lines(container, evidence)


def _serving(older: Sequence[RevisionFacts]) -> str:
    ready = [f"revision {r.number} ({counted.times(r.ready, 'pod')} ready)" for r in older if r.ready]
    return f"still serving: {', '.join(ready)}" if ready else "no older revision serves any more"


def _go_back(current: RevisionFacts, back: Return, evidence: Evidence) -> str:
    ready, count = back.revision.ready, len(pods_of(evidence, current))
    meanwhile = (
        f"; the {counted.times(ready, 'pod')} that {'is' if ready == 1 else 'are'} ready serve on"
        if ready
        else ""
    )
    return (
        f"kubectl rollout undo <workload> --to-revision={back.revision.number}: this replaces "
        f"{counted.times(count, 'pod')} of revision {current.number} by revision {back.revision.number}{meanwhile}. "
        f"{'' if ready else back.why + ' '}Or mend the release: kubectl edit <workload>."
    )


def _restore(current: RevisionFacts) -> str:
    """The containers are the same: no revision brings back what they mount."""
    named = [text for text in current.refers_to if " key " not in text][:SHOWN]
    look = " and ".join(f"kubectl get {_kind(text)} -o yaml" for text in named) or "kubectl get configmaps"
    return (
        f"{look}: restore the ConfigMap or Secret that was changed. The containers are the same as before, so that no "
        "rollback mends it; what crashes takes it at its next start, and pods that run keep what they have."
    )


def _kind(reference: str) -> str:
    """`configmap rates`, of `ConfigMap rates`. A Secret is not to be printed."""
    kind, _, name = reference.partition(" ")
    return f"{kind.lower()} {name}"
