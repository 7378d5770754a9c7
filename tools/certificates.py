"""Certificates of cert-manager whose secrets the pods mount: until when they are valid. Never the secrets themselves.

Read only where pods are not well and their template mounts a Secret; without cert-manager nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence

from tools.cluster import ClusterReader
from tools.excerpts import message
from tools.gathering import ask_list, run_asks
from tools.items import Items, when
from tools.objects import condition, instant, name
from tools.reads import Reads
from tools.records import CertificateFacts, PodFacts, RbacRule, Target
from tools.references import references
from tools.resources import CERTIFICATES, JsonObject

KIND = "certificates"
MOST = 5
RULES: tuple[RbacRule, ...] = (RbacRule(group="cert-manager.io", resource="certificates", verbs=("list",)),)


def add_certificates(
    items: Items,
    cluster: ClusterReader,
    target: Target,
    template: JsonObject,
    pods: Sequence[PodFacts],
    reads: Reads,
) -> tuple[CertificateFacts, ...]:
    """At most `MOST`, and an item; nothing where no pod is ill or none mounts a Secret."""
    mounted = {r.name for r in references(template) if r.kind == "Secret" and r.use in ("volume", "subpath")}
    ill = any(not pod.ready and not pod.deleting and pod.phase not in ("Succeeded", "Failed") for pod in pods)
    if not mounted or not ill:
        return ()
    found = run_asks(reads, {KIND: ask_list(cluster, CERTIFICATES, target.namespace)})[KIND]
    if found.status == "no_data":
        return ()
    facts = tuple(fact for fact in map(_facts, found.values) if fact.secret in mounted)[:MOST]
    if facts:
        items.add(KIND, "found", found.query, "; ".join(map(_words, facts)))
    elif found.status != "found":
        items.add(KIND, found.status, found.query, found.why)
    return facts


def _facts(item: JsonObject) -> CertificateFacts:
    ready = condition(item, "Ready")
    late = ready.get("status") == "False"
    return CertificateFacts(
        name=name(item),
        secret=str((item.get("spec") or {}).get("secretName") or ""),
        not_after=instant((item.get("status") or {}).get("notAfter")),
        reason=message(f"{ready.get('reason', '')} {ready.get('message', '')}".strip()) if late else "",
    )


def _words(fact: CertificateFacts) -> str:
    until = f"valid until {when(fact.not_after)} {fact.reason}".rstrip()
    return f"Certificate {fact.name} for Secret {fact.secret}: {until}"
