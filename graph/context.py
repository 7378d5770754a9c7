"""What stands around a finding: who else is ill and what they share, and configuration that changed lately.

Said beside every finding of something broken, whatever it is: a person who reads of one crash should see the other
three. It proves nothing, and no candidate rests on it (kubernetes.md 6.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from graph.fell_together import for_want_of, with_others
from graph.state import Finding
from graph.symptoms import live_pods
from graph.upstreams import hint
from tools.config_changes import changed_after_start
from tools.items import when
from tools.records import ConfigFacts, Evidence
from tools.shared_causes import DNS

LATELY = timedelta(hours=24)
MOST = 3
KINDS = frozenset({"neighbours", "config_changes", "running_logs"})
"""Items that are only context: a failed read of one is said, and leaves no doubt about what was proved."""


def with_context(finding: Finding, evidence: Evidence) -> Finding:
    """The finding with these facts behind its own; one about something that is well stays as it is."""
    if not finding.broken:
        return finding
    around = tuple(_neighbours(evidence)), tuple(_configs(evidence))
    cited = [kind for kind, facts in zip(("neighbours", "config_changes"), around, strict=True) if facts]
    ids = [id_ for kind in cited for id_ in evidence.cite(kind) if id_ not in finding.evidence]
    facts = (*_notes(evidence), *finding.facts, *around[0], *around[1], *_names(evidence, finding))
    return finding.model_copy(update={"facts": facts, "evidence": (*finding.evidence, *ids)})


def _neighbours(evidence: Evidence) -> Iterator[str]:
    """Who fell ill in the same minutes and who shares something; what does neither is only counted."""
    ill = evidence.neighbours
    together = with_others([pod for pod in live_pods(evidence) if not pod.ready], evidence)
    if together:
        names = ", ".join(f"{fact.kind} {fact.name}" for fact in together[:MOST])
        yield f"in the same minutes fell ill: {names}; look for what they share before what one of them changed"
    host = for_want_of(evidence)
    if host:
        yield f"its log names {host}, which those that are ill beside it name too, and nobody that is well"
    sharing = [fact for fact in ill if fact.shares]
    for fact in sharing[:MOST]:
        shared = ", ".join(fact.shares[:3])
        yield f"{fact.kind} {fact.name} is ill too ({fact.available} of {fact.desired}) and shares {shared}"
    others = len(ill) - len(sharing[:MOST])
    if others:
        words = "other workload lacks" if others == 1 else "other workloads lack"
        yield f"{others} {words} pods as well, in the same namespace"


def _notes(evidence: Evidence) -> Iterator[str]:
    """What somebody wrote on the object that it is about; where it was stopped or is worked on, that is the answer."""
    workload, node = evidence.workload, evidence.node
    told = node.notes if node else workload.notes if workload else ()
    yield from (f"somebody wrote on it: {note}" for note in told)


def _names(evidence: Evidence, finding: Finding) -> Iterator[str]:
    """A log speaks of names that are not resolved, and the pods that resolve them are well: what does their log say?"""
    words = hint(evidence) if finding.cause != DNS else ""
    if words:
        yield words


def _configs(evidence: Evidence) -> Iterator[str]:
    for config in evidence.configs:
        if not config.exists and not config.optional:
            yield f"ConfigMap {config.name} does not exist"
        elif config.changed_at and evidence.collected_at - config.changed_at <= LATELY:
            yield _change(config, evidence)


def _change(config: ConfigFacts, evidence: Evidence) -> str:
    pods = live_pods(evidence)
    older = len(changed_after_start(config, pods))
    return (
        f"ConfigMap {config.name} was changed at {when(config.changed_at)}{config.by}; {older} of {len(pods)} pods "
        f"started before"
    )
