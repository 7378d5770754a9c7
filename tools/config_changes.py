"""When the ConfigMaps that a workload reads were changed last and by whom, without their contents (section 6.1).

Asked for as metadata only, and only where its pods are ill: the newest write is in `managedFields`. Secrets are not
read at all. Whether the pods know of a change follows from how they read it: an environment is read when a container
starts, a mounted volume follows within a minute or two, one by a subPath never does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tools.cluster import ClusterReader
from tools.excerpts import message
from tools.gathering import Ask, Found, run_asks
from tools.items import Items, when
from tools.neighbours import is_ill
from tools.objects import created, instant, metadata
from tools.reads import Reads
from tools.records import ConfigFacts, PodFacts, RbacRule, Target
from tools.references import Reference, references
from tools.resources import CONFIGMAPS, JsonObject
from tools.workload_revisions import KINDS

KIND = "config_changes"
MOST = 5
RULES: tuple[RbacRule, ...] = (RbacRule(group="", resource="configmaps", verbs=("get",)),)
_DATA = frozenset({"f:data", "f:binaryData"})


def add_config_changes(
    items: Items,
    cluster: ClusterReader,
    target: Target,
    workload: JsonObject,
    pods: Sequence[PodFacts],
    reads: Reads,
) -> tuple[ConfigFacts, ...]:
    """Facts of at most `MOST` ConfigMaps that the template names, and items; nothing for a workload that is well."""
    template = (workload.get("spec") or {}).get("template") or {}
    used = references(template)
    names = list(dict.fromkeys(each.name for each in used if each.kind == CONFIGMAPS.kind))[:MOST]
    if not names or target.kind not in KINDS or not any(is_ill(pod) for pod in pods):
        return ()
    found = run_asks(reads, {name: _ask(cluster, target.namespace, name) for name in names})
    known = {name: read for name, read in found.items() if read.status in ("found", "no_data")}
    facts = tuple(_facts(name, read, used) for name, read in known.items())
    if facts:
        query = ", ".join(read.query for read in known.values())
        items.add(KIND, "found", query, *_words(facts, used, pods))
    for read in found.values():
        if read.status not in ("found", "no_data"):
            items.add(KIND, read.status, read.query, read.why)
    return facts


def changed_after_start(config: ConfigFacts, pods: Sequence[PodFacts]) -> list[PodFacts]:
    """Living pods with a running container that is older than the newest change."""
    return [
        pod for pod in pods if config.changed_at and not pod.deleting and _started(pod) < config.changed_at
    ]


def _started(pod: PodFacts) -> datetime:
    """When its oldest main container that runs now began; the pod's own birth where none runs."""
    running = [c.running_since for c in pod.containers if not c.init and c.running_since]
    return min(running, default=pod.created_at)


def _ask(cluster: ClusterReader, namespace: str, name: str) -> Ask:
    query = f"GET {CONFIGMAPS.path(namespace, message(name, 100))} (metadata only)"
    return Ask(query, lambda: [cluster.get(CONFIGMAPS, namespace, name)])


def _facts(name: str, read: Found, used: Sequence[Reference]) -> ConfigFacts:
    mine = [each for each in used if (each.kind, each.name) == (CONFIGMAPS.kind, name)]
    uses = tuple(sorted({each.use for each in mine}))
    optional = all(each.optional for each in mine)
    if not read.values:
        return ConfigFacts(name=message(name, 100), exists=False, optional=optional, uses=uses)
    (item,) = read.values
    at, manager = last_change(item)
    return ConfigFacts(
        name=message(name, 100),
        optional=optional,
        uses=uses,
        created_at=created(item),
        changed_at=at,
        changed_by=manager,
    )


def last_change(item: JsonObject) -> tuple[datetime | None, str]:
    """When its data was last written after its making, and by which manager; labels alone do not count."""
    entries = metadata(item).get("managedFields") or []
    of_data = [entry for entry in entries if _DATA & set(entry.get("fieldsV1") or {})] or entries
    written = [(at, str(entry.get("manager", ""))) for entry in of_data if (at := instant(entry.get("time")))]
    at, manager = max(written, default=(None, ""))
    return (at, message(manager, 80)) if at and at > created(item) else (None, "")


def _words(
    facts: Sequence[ConfigFacts], used: Sequence[Reference], pods: Sequence[PodFacts]
) -> tuple[str, str]:
    lines = [_line(fact, pods) for fact in facts]
    secrets = sorted({message(each.name, 100) for each in used if each.kind == "Secret"})
    if secrets:
        lines.append(f"not looked at, being Secrets: {', '.join(secrets[:MOST])}")
    changed = max((fact for fact in facts if fact.changed_at), key=_changed, default=None)
    missing = [fact.name for fact in facts if not fact.exists]
    if missing:
        return f"ConfigMap {', '.join(missing)} does not exist", "\n".join(lines)
    newest = f"the newest change is of {changed.name}, at {when(changed.changed_at)}" if changed else ""
    return newest or "none was changed since it was made", "\n".join(lines)


def _changed(fact: ConfigFacts) -> str:
    return when(fact.changed_at)


def _line(fact: ConfigFacts, pods: Sequence[PodFacts]) -> str:
    uses = f"read by {', '.join(fact.uses)}"
    if not fact.exists:
        return f"ConfigMap {fact.name}: does not exist{', which is allowed' if fact.optional else ''}; {uses}"
    if not fact.changed_at:
        return f"ConfigMap {fact.name}: as it was made at {when(fact.created_at)}; {uses}"
    older = changed_after_start(fact, pods)
    living = [pod for pod in pods if not pod.deleting]
    return (
        f"ConfigMap {fact.name}: changed at {when(fact.changed_at)} by {fact.changed_by or 'somebody'}; {uses}; "
        f"{len(older)} of {len(living)} pods started before"
    )
