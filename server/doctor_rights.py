"""What the doctor says about rights to write: in which namespaces, in which none, and the command that opts one in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from server.access import rights_of
from server.doctor import Check, absent, broken, ok
from server.own_namespaces import meant, named
from server.settings import Settings
from tools.access import missing, reviewed
from tools.cluster import KubernetesCluster
from tools.errors import ToolError
from tools.own_rights import OwnRights
from tools.rbac import OPTING_NODES_IN, opting_in
from tools.records import RbacRule
from tools.resources import NAMESPACES

GRANT = "sre-agent rbac | kubectl apply -f -"
ACT = "rights to act"
ON_NODES = "rights on nodes"
_ANNOUNCED = frozenset({"create events"})
MOST = 100
"""Namespaces that are asked about: one request each."""


def checks(cluster: KubernetesCluster, settings: Settings) -> list[Check]:
    """Two lines."""
    rules = rights_of(settings).executor
    writes = [rule for rule in rules if not rule.cluster]
    try:
        return [
            _acting(cluster, settings, writes),
            _on_nodes(cluster, [rule for rule in rules if rule.cluster]),
        ]
    except ToolError as error:
        return [broken(ACT, str(error), GRANT)]


def _acting(cluster: KubernetesCluster, settings: Settings, writes: Sequence[RbacRule]) -> Check:
    """A namespace that the settings name must have been opted in; of others those that were need the whole of it."""
    asked_for = named(settings)
    places = (
        asked_for or meant(settings, (item["metadata"]["name"] for item in cluster.list(NAMESPACES)))[:MOST]
    )
    lacking = {each.namespace: _lacks(cluster, each, writes) for each in reviewed(cluster, places)}
    all_of_them = sum(len(rule.verbs) for rule in writes)
    # Events alone are what nodes bring along, in `default`.
    opted_in = [name for name, lacks in lacking.items() if len({*lacks, *_ANNOUNCED}) < all_of_them]
    torn = [name for name in asked_for or opted_in if lacking[name]]
    if torn:
        return broken(ACT, _missing(lacking[torn[0]], torn), _mend(settings, torn[0], torn[0] in opted_in))
    if not opted_in:
        example = opting_in("NAMESPACE", settings.pod_namespace)
        return absent(ACT, f"no namespace is opted in: it explains and proposes nothing. {example}")
    everywhere = len(opted_in) == len(places) > 1
    where = f"every one of {len(places)} namespaces" if everywhere else ", ".join(opted_in)
    return ok(ACT, f"all {all_of_them} of them in {where}")


def _missing(lacks: Iterable[str], places: Sequence[str]) -> str:
    others = f" (and in {len(places) - 1} more)" if len(places) > 1 else ""
    return f"the account may not {', '.join(lacks)} in {places[0]}{others}"


def _mend(settings: Settings, place: str, bound: bool) -> str:
    """A role that is bound and lacks something is an old one."""
    return GRANT if bound else opting_in(place, settings.pod_namespace)


def _lacks(cluster: KubernetesCluster, listed: OwnRights, writes: Sequence[RbacRule]) -> list[str]:
    """What is not on a list that is not whole is asked for one by one."""
    lacks = listed.lacks(writes)
    if not (lacks and listed.incomplete):
        return lacks
    suffix = f" in {listed.namespace}"
    return [words.removesuffix(suffix) for words in missing(cluster, writes, [listed.namespace])]


def _on_nodes(cluster: KubernetesCluster, rules: Sequence[RbacRule]) -> Check:
    lacking = missing(cluster, rules)
    if lacking:
        return absent(ON_NODES, f"it may not {', '.join(lacking)}: nodes are left alone. {OPTING_NODES_IN}")
    return ok(ON_NODES, "all of them")
