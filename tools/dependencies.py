"""Which Services a workload needs, told from the hosts in its containers' environment and arguments.

Values are looked through here and never kept. A name alone is not a host: it must stand in a URL, before a port,
or under a key that speaks of a host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tools.objects import condition, instant, metadata, name
from tools.records import DependencyFacts
from tools.resources import JsonObject

MOST = 5
_HOST_KEY = re.compile(
    r"host|addr|url|uri|endpoint|server|broker|dsn|upstream|backend|target|service|bootstrap|nodes|peers",
    re.I,
)
_URL_HOST = re.compile(r"://(?:[^\s/@]*@)?([a-z0-9][a-z0-9.-]*)", re.I)
_HOST_PORT = re.compile(r"(?<![\w.:/@-])([a-z][a-z0-9.-]*):\d{2,5}(?!\d)", re.I)
_AFTER_USER = re.compile(r"@(?:tcp\()?([a-z0-9][a-z0-9.-]*)", re.I)
_BARE = re.compile(r"[a-z0-9][a-z0-9.-]*", re.I)
_FLAG = re.compile(r"--?(?P<key>[\w.-]+)=(?P<value>.+)")


def services_named(template: JsonObject, services: Iterable[JsonObject], namespace: str) -> list[JsonObject]:
    """Services of the namespace that the template names as hosts, but not the workload's own; at most `MOST`."""
    hosts = template_hosts(template)
    labels = (template.get("metadata") or {}).get("labels") or {}
    named = [service for service in services if hosts & set(_names(service, namespace))]
    return [service for service in sorted(named, key=name) if not _selects(service, labels)][:MOST]


def template_hosts(template: JsonObject) -> set[str]:
    """Every host that its containers' environment and arguments name."""
    return set(_hosts(template))


def selector_query(service: JsonObject) -> str:
    """The Service's selector as a labelSelector query; empty if it has none."""
    selector = (service.get("spec") or {}).get("selector") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))


def dependency_facts(service: JsonObject, pods: Sequence[JsonObject], evidence_id: str) -> DependencyFacts:
    """How the pods behind the Service are, and since when all of them have been ready."""
    living = [pod for pod in pods if "deletionTimestamp" not in metadata(pod)]
    conditions = [condition(pod, "Ready") for pod in living]
    ready = [entry for entry in conditions if entry.get("status") == "True"]
    changed = [at for entry in ready if (at := instant(entry.get("lastTransitionTime")))]
    return DependencyFacts(
        service=name(service),
        pods=len(living),
        ready=len(ready),
        recovered_at=max(changed, default=None) if living and len(ready) == len(living) else None,
        ready_since=min(changed, default=None),
        evidence_id=evidence_id,
    )


def service_hosts(service: JsonObject) -> list[str]:
    """The hosts by which pods of its own namespace may call a Service."""
    return list(_names(service, str(metadata(service).get("namespace", ""))))


def _names(service: JsonObject, namespace: str) -> Iterator[str]:
    short = name(service)
    yield short
    yield from (f"{short}.{namespace}{rest}" for rest in ("", ".svc", ".svc.cluster.local"))


def _selects(service: JsonObject, labels: JsonObject) -> bool:
    selector = (service.get("spec") or {}).get("selector") or {}
    return bool(selector) and selector.items() <= labels.items()


def _hosts(template: JsonObject) -> Iterator[str]:
    spec = template.get("spec") or {}
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        for variable in container.get("env") or []:
            yield from hosts_in(str(variable.get("name", "")), str(variable.get("value") or ""))
        previous = ""
        for argument in map(str, [*(container.get("command") or []), *(container.get("args") or [])]):
            flag = _FLAG.match(argument)
            key, value = (flag["key"], flag["value"]) if flag else (previous, argument)
            yield from hosts_in(key, value)
            previous = argument.lstrip("-") if argument.startswith("-") else ""


def hosts_in(key: str, value: str) -> Iterator[str]:
    """Hosts that a variable or a flag of this name and value names."""
    found = [*_URL_HOST.findall(value), *_HOST_PORT.findall(value), *_AFTER_USER.findall(value)]
    if _HOST_KEY.search(key):
        found += [part for part in re.split(r"[,;\s]+", value) if _BARE.fullmatch(part)]
    return (host.lower().rstrip(".") for host in found)
