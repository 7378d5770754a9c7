"""What is read about a target, in parallel and within a deadline, and what is kept of it (section 6).

A read that fails is an item that says so. Everything that leaves here is redacted. Nothing is read that holds
secrets by itself: no Secret, of a ConfigMap its metadata only; values of environment variables are looked through,
never kept.
"""

from __future__ import annotations

from collections.abc import Sequence

from tools import container_logs
from tools.alert_names import USERS_SEE
from tools.certificates import RULES as CERTIFICATE_RULES
from tools.certificates import add_certificates
from tools.changes import add_changes
from tools.claim_evidence import RULES as CLAIM_RULES
from tools.claim_evidence import add_volume
from tools.claims_awaited import RULES as AWAITED_RULES
from tools.claims_awaited import add_claims
from tools.clock import Clock
from tools.cluster import ClusterReader
from tools.config_changes import RULES as CONFIG_RULES
from tools.config_changes import add_config_changes
from tools.data_migrations import add_migrations
from tools.dependencies import dependency_facts
from tools.excerpts import imperative
from tools.facts import event_facts, pod_facts, revision_facts, workload_facts
from tools.gathering import RULES as GATHERING_RULES
from tools.gathering import Gathered, gather
from tools.guard_words import add_guard_items
from tools.guards import RULES as GUARD_RULES
from tools.guards import Guards, read_guards, read_nodes
from tools.image_pulls import RULES as PULL_RULES
from tools.image_pulls import add_pulls
from tools.items import (
    Items,
    dependencies_words,
    events_words,
    object_words,
    pods_words,
    revisions_words,
    workload_words,
)
from tools.job_evidence import add_runs, named_jobs
from tools.kept_workloads import is_disabled
from tools.name_resolution import add_dns
from tools.naming import naming
from tools.neighbours import RULES as NEIGHBOUR_RULES
from tools.neighbours import add_neighbours
from tools.objects import name
from tools.prometheus import SeriesReader
from tools.prometheus_evidence import PrometheusEvidence
from tools.reads import Reads
from tools.records import (
    Alert,
    DependencyFacts,
    EventFacts,
    Evidence,
    ItemStatus,
    NodeFacts,
    PodFacts,
    RevisionFacts,
    Target,
    WorkloadFacts,
)
from tools.resources import NODES, JsonObject
from tools.revisions import RevisionLedger
from tools.services_near import RULES as SERVICE_RULES
from tools.services_near import add_services
from tools.templates import template_diff
from tools.workload_revisions import KINDS, newest_first, template_of

DISABLE = "sre-agent/disable"
RULES = (
    *GATHERING_RULES,
    *GUARD_RULES,
    *CLAIM_RULES,
    *AWAITED_RULES,
    *PULL_RULES,
    *CERTIFICATE_RULES,
    *SERVICE_RULES,
    *CONFIG_RULES,
    *NEIGHBOUR_RULES,
)


def collect(
    cluster: ClusterReader,
    target: Target,
    *,
    revisions: RevisionLedger,
    clock: Clock,
    alerts: Sequence[Alert] = (),
    metrics: SeriesReader | None = None,
    deadline_seconds: float = 8.0,
    all_guards: bool = False,
) -> Evidence:
    """Read all that rules and people need to know of the target. Raises TransientError if nothing answers.

    `metrics`: a Prometheus, where one is configured. `all_guards`: read whatever could stand against any action, and
    not only against those that the state of the pods may lead to.
    """
    about = [naming(alert.labels) for alert in alerts]
    named = [each.pod for each in about if each.pod]
    items = Items()
    with Reads(deadline_seconds) as reads:
        gathered = gather(cluster, target, reads, named, named_jobs(alerts))
        workload = _workload(items, target, gathered)
        runs = add_runs(items, target, gathered)
        volume = add_volume(items, cluster, target, gathered, metrics, clock.now(), reads)
        known = revision_facts(gathered.revisions.values, revisions.seen(target.uid), gathered.pods.values)
        pods = _pods(items, target, gathered, known)
        _revisions(items, target, gathered, known)
        events = _events(items, gathered)
        dependencies = _dependencies(items, target, gathered)
        with PrometheusEvidence(metrics, target, pods, known, clock.now()) as prometheus:
            guards = _guards(items, cluster, target, gathered, pods, reads, all_guards)
            errors = any(USERS_SEE.search(alert.name) for alert in alerts)
            plans = container_logs.reads_for(cluster, target.namespace, pods, about, errors=errors)
            told = container_logs.add_items(items, reads.run(plans))
            measured, known = prometheus.add_measures(items), prometheus.add_health(items)
        claims = add_claims(items, cluster, target, gathered.pods.values, reads)
        pulls = add_pulls(items, cluster, target, pods, reads)
        template = _template(gathered)
        certificates = add_certificates(items, cluster, target, template, pods, reads)
        services = add_services(items, cluster, target, gathered, template, reads)
        configs = add_config_changes(items, cluster, target, _first(gathered.workload.values), pods, reads)
        neighbours = add_neighbours(items, cluster, target, pods, reads)
        dns = add_dns(items, cluster, pods, reads)
        add_migrations(items, cluster, target.namespace, pods, reads)
    around = (known, configs, guards.nodes, guards.autoscalers, dependencies, neighbours)
    add_changes(items, clock.now(), pods, *around)
    return Evidence(
        collected_at=clock.now(),
        items=tuple(items.all),
        workload=workload,
        pods=pods,
        revisions=known,
        events=events,
        dependencies=dependencies,
        usage=(*guards.usage, *measured.usage),
        growth=measured.growth,
        autoscalers=guards.autoscalers,
        budgets=guards.budgets,
        quotas=guards.quotas,
        limits=guards.limits,
        vertical_scalers=guards.vertical_scalers,
        node=next((node for node in guards.nodes if _is_target(node, target, gathered)), None),
        nodes=guards.nodes,
        node_pods=guards.node_pods,
        cron_job=runs.cron_job,
        job=runs.job,
        runs=runs.runs,
        volume=volume,
        claims=claims,
        pulls=pulls,
        certificates=certificates,
        services=services,
        neighbours=neighbours,
        configs=configs,
        dns=dns.pods,
        upstream=dns.upstream,
        disabled=any(is_disabled(item) for item in gathered.workload.values),
        suspicious=told or dns.suspicious or imperative(_messages(pods, events)),
    )


def _template(gathered: Gathered) -> JsonObject:
    template: JsonObject = (_first(gathered.workload.values).get("spec") or {}).get("template") or {}
    return template


def _workload(items: Items, target: Target, gathered: Gathered) -> WorkloadFacts | None:
    found = gathered.workload
    if not found.values:
        items.add("workload", found.status, found.query, found.why)
        return None
    (item,) = found.values
    if target.kind not in KINDS:
        items.add("workload", "found", found.query, *object_words(item))
        return None
    facts = workload_facts(item, target.kind, newest_first(gathered.revisions.values))
    items.add("workload", "found", found.query, *workload_words(facts))
    return facts


def _pods(
    items: Items, target: Target, gathered: Gathered, revisions: Sequence[RevisionFacts]
) -> tuple[PodFacts, ...]:
    """Of a workload; the pods on a node are many workloads', and are told of by their number."""
    if target.kind == NODES.kind:
        return ()
    found = gathered.pods
    pods = pod_facts(found.values, revisions=gathered.revisions.values)
    if pods:
        items.add("pods", "found", found.query, *pods_words(pods, revisions))
    else:
        items.add("pods", _empty(found.status), found.query, found.why or "no pods")
    return pods


def _revisions(items: Items, target: Target, gathered: Gathered, revisions: Sequence[RevisionFacts]) -> None:
    if target.kind not in KINDS:
        return
    found = gathered.revisions
    if not revisions:
        items.add("revisions", _empty(found.status), found.query, found.why or "no revisions")
        items.add("revision_diff", _empty(found.status), found.query, found.why or "no revisions to compare")
        return
    items.add("revisions", "found", found.query, *revisions_words(revisions))
    _difference(items, gathered, revisions)


def _difference(items: Items, gathered: Gathered, revisions: Sequence[RevisionFacts]) -> None:
    """The newest revision against the newest older one that differs; a restart makes no difference."""
    newest = revisions[0]
    older = next((entry for entry in revisions if entry.template_digest != newest.template_digest), None)
    query = gathered.revisions.query
    if older is None:
        items.add("revision_diff", "no_data", query, "no older revision has another template")
        return
    templates = {name(item): template_of(item) for item in gathered.revisions.values}
    names = (f"revision {older.number}", f"revision {newest.number}")
    diff = template_diff(templates[older.name], templates[newest.name], names=names)
    summary = f"what revision {newest.number} changed against revision {older.number}"
    items.add("revision_diff", "found", query, summary, diff)


def _events(items: Items, gathered: Gathered) -> tuple[EventFacts, ...]:
    found = gathered.events
    events = event_facts(found.values)
    if events:
        items.add("events", "found", found.query, *events_words(events))
    else:
        items.add(
            "events", _empty(found.status), found.query, found.why or "no events (they are kept for an hour)"
        )
    return events


def _dependencies(items: Items, target: Target, gathered: Gathered) -> tuple[DependencyFacts, ...]:
    """Only Services whose pods could be read; one that could not be is an item of its own. A node needs none."""
    if target.kind == NODES.kind:
        return ()
    failures = [found for found in gathered.behind.values() if found.status in ("forbidden", "failed")]
    facts = tuple(
        dependency_facts(gathered.services[service], found.values, items.next_id)
        for service, found in gathered.behind.items()
        if found not in failures
    )
    if facts:
        items.add("dependencies", "found", gathered.services_read.query, *dependencies_words(facts))
    elif not failures:
        found = gathered.services_read
        items.add(
            "dependencies", _empty(found.status), found.query, found.why or "it names no Service as a host"
        )
    for found in failures:
        items.add("dependencies", found.status, found.query, found.why)
    return facts


def _guards(
    items: Items,
    cluster: ClusterReader,
    target: Target,
    gathered: Gathered,
    pods: Sequence[PodFacts],
    reads: Reads,
    every: bool,
) -> Guards:
    workload = _first(gathered.workload.values)
    if target.kind == NODES.kind:
        guards = read_nodes(cluster, target, reads, every=every)
    else:
        guards = read_guards(cluster, target, workload, gathered.pods.values, pods, reads, every=every)
    add_guard_items(items, guards)
    return guards


def _first(values: Sequence[JsonObject]) -> JsonObject:
    return next(iter(values), {})


def _is_target(node: NodeFacts, target: Target, gathered: Gathered) -> bool:
    return target.kind == NODES.kind and bool(gathered.workload.values) and node.uid == target.uid


def _empty(status: ItemStatus) -> ItemStatus:
    return "no_data" if status == "found" else status


def _messages(pods: Sequence[PodFacts], events: Sequence[EventFacts]) -> list[str]:
    statuses = [
        text
        for pod in pods
        for entry in pod.containers
        for text in (entry.exit_message, entry.waiting_message)
    ]
    return [*statuses, *(pod.unschedulable for pod in pods), *(event.message for event in events)]
