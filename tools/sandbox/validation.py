"""What makes the API server refuse an object with 422, for the kinds that a remediator writes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tools.cluster import JsonObject
from tools.quantities import parse_quantity
from tools.sandbox import batch, claims
from tools.sandbox.errors import Cause
from tools.sandbox.kinds import Kind
from tools.sandbox.selectors import from_object, matches
from tools.sandbox.values import dig

_LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
_SUBDOMAIN = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
_QUALIFIED = re.compile(r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")
_NEGATIVE = "must be greater than or equal to 0"
_QUALIFIED_RULE = "name part must consist of alphanumeric characters, '-', '_' or '.'"
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character"
)
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
    "end with an alphanumeric character"
)


def problems(kind: Kind, new: JsonObject, old: JsonObject | None = None) -> list[Cause]:
    """Everything that is wrong with `new`, or with changing `old` to it; empty if it may be stored."""
    found = list(_metadata(kind, new))
    if kind.key in _RULES:
        found += _RULES[kind.key](new, old)
    return found


def _bad(path: str, value: Any, why: str) -> Cause:
    shown = json.dumps(value, separators=(",", ":"))
    return Cause(path, f"Invalid value: {shown}: {why}")


def _required(path: str, why: str = "") -> Cause:
    return Cause(path, f"Required value: {why}" if why else "Required value", "FieldValueRequired")


def _metadata(kind: Kind, obj: JsonObject) -> Iterator[Cause]:
    metadata = obj["metadata"]
    name = metadata.get("name", "")
    if kind.group == "rbac.authorization.k8s.io":
        if "/" in name or "%" in name:
            yield _bad("metadata.name", name, "may not contain '/' or '%'")
    elif not _SUBDOMAIN.match(name) or len(name) > 253:
        yield _bad("metadata.name", name, _SUBDOMAIN_RULE)
    for field in ("labels", "annotations"):
        for key in metadata.get(field) or {}:
            if not _QUALIFIED.match(key):
                yield _bad(f"metadata.{field}", key, _QUALIFIED_RULE)


def _workload(new: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    spec = new.get("spec") or {}
    for key in ("replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        if isinstance(spec.get(key), int) and spec[key] < 0:
            yield _bad(f"spec.{key}", spec[key], _NEGATIVE)
    selector = spec.get("selector")
    if not selector:
        yield _required("spec.selector")
    elif old is not None and selector != old["spec"].get("selector"):
        yield _bad("spec.selector", selector, "field is immutable")
    template = spec.get("template") or {}
    if selector and not matches(from_object(selector), template):
        labels = dig(template, "metadata", "labels", default={})
        yield _bad("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
    claims = [dig(claim, "metadata", "name") for claim in spec.get("volumeClaimTemplates") or []]
    yield from pod_spec(template.get("spec") or {}, "spec.template.spec", claims)
    if dig(template, "spec", "restartPolicy") not in (None, "Always"):
        policy = template["spec"]["restartPolicy"]
        message = f'Unsupported value: "{policy}": supported values: "Always"'
        yield Cause("spec.template.spec.restartPolicy", message, "FieldValueNotSupported")


def _deployment(new: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    yield from _workload(new, old)
    spec = new.get("spec") or {}
    deadline, ready = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds", 0)
    if deadline is not None and deadline <= ready:
        yield _bad("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")
    strategy = spec.get("strategy") or {}
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") not in ("RollingUpdate", "Recreate"):
        message = (
            f'Unsupported value: "{strategy.get("type")}": supported values: "Recreate", "RollingUpdate"'
        )
        yield Cause("spec.strategy.type", message, "FieldValueNotSupported")
    elif strategy["type"] == "Recreate" and rolling:
        message = "Forbidden: may not be specified when strategy `type` is 'Recreate'"
        yield Cause("spec.strategy.rollingUpdate", message, "FieldValueForbidden")
    elif rolling and all(rolling.get(key) in (0, "0%") for key in ("maxSurge", "maxUnavailable")):
        yield _bad("spec.strategy.rollingUpdate.maxUnavailable", 0, "may not be 0 when `maxSurge` is 0")


def pod_spec(spec: JsonObject, path: str, claims: Iterable[str] = ()) -> Iterator[Cause]:
    """What is wrong with a pod's spec, in a template or in a pod itself.

    `claims`: volumes that it will have besides, of a StatefulSet's claim templates.
    """
    containers = spec.get("containers") or []
    if not containers:
        yield _required(f"{path}.containers")
    seen: set[str] = set()
    for field in ("initContainers", "containers"):
        for at, container in enumerate(spec.get(field) or []):
            where = f"{path}.{field}[{at}]"
            yield from _container(container, where)
            if container.get("name") in seen:
                message = f'Duplicate value: "{container["name"]}"'
                yield Cause(f"{where}.name", message, "FieldValueDuplicate")
            seen.add(container.get("name", ""))
    if dig(spec, "terminationGracePeriodSeconds", default=0) < 0:
        yield _bad(f"{path}.terminationGracePeriodSeconds", spec["terminationGracePeriodSeconds"], _NEGATIVE)
    yield from _volumes(spec, path, claims)


def _container(container: JsonObject, path: str) -> Iterator[Cause]:
    name = container.get("name", "")
    if not name:
        yield _required(f"{path}.name")
    elif not _LABEL.match(name) or len(name) > 63:
        yield _bad(f"{path}.name", name, _LABEL_RULE)
    if not container.get("image"):
        yield _required(f"{path}.image")
    for at, variable in enumerate(container.get("env") or []):
        if not variable.get("name"):
            yield _required(f"{path}.env[{at}].name")
    yield from _resources(container.get("resources") or {}, f"{path}.resources")


def _resources(resources: JsonObject, path: str) -> Iterator[Cause]:
    amounts: dict[str, dict[str, float]] = {"limits": {}, "requests": {}}
    for field, found in amounts.items():
        for name, text in (resources.get(field) or {}).items():
            try:
                found[name] = parse_quantity(text)
            except ValueError as error:
                yield _bad(f"{path}.{field}[{name}]", text, str(error))
    for name, requested in amounts["requests"].items():
        limit = amounts["limits"].get(name)
        if limit is not None and requested > limit:
            text = resources["requests"][name]
            why = f"must be less than or equal to {name} limit of {resources['limits'][name]}"
            yield _bad(f"{path}.requests", text, why)


def _volumes(spec: JsonObject, path: str, claims: Iterable[str]) -> Iterator[Cause]:
    names = {volume.get("name") for volume in spec.get("volumes") or []} | set(claims)
    for at, container in enumerate(spec.get("containers") or []):
        for mount_at, mount in enumerate(container.get("volumeMounts") or []):
            if mount.get("name") not in names:
                where = f"{path}.containers[{at}].volumeMounts[{mount_at}].name"
                yield Cause(where, f'Not found: "{mount.get("name")}"', "FieldValueNotFound")


def _pod(new: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    yield from pod_spec(new.get("spec") or {}, "spec")
    if old is not None and _frozen_spec(new) != _frozen_spec(old):
        message = (
            "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
            "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
            "previously negative)"
        )
        yield Cause("spec", message, "FieldValueForbidden")


def _frozen_spec(pod: JsonObject) -> JsonObject:
    spec = {k: v for k, v in pod["spec"].items() if k not in ("activeDeadlineSeconds", "tolerations")}
    for field in ("containers", "initContainers"):
        spec[field] = [{k: v for k, v in c.items() if k != "image"} for c in spec.get(field) or []]
    return spec


def _job(new: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    yield from batch.job_problems(new, old)
    yield from pod_spec(dig(new, "spec", "template", "spec", default={}), "spec.template.spec")


def _cron_job(new: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    yield from batch.cron_job_problems(new, old)
    spec = dig(new, "spec", "jobTemplate", "spec", "template", "spec", default={})
    yield from pod_spec(spec, "spec.jobTemplate.spec.template.spec")


def _role_binding(new: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    if old is not None and new.get("roleRef") != old.get("roleRef"):
        yield _bad("roleRef", new.get("roleRef"), "cannot change roleRef")
    if not dig(new, "roleRef", "name"):
        yield _required("roleRef.name")


def _autoscaler(new: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    spec = new.get("spec") or {}
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    if least < 1:
        yield _bad("spec.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        yield _bad("spec.maxReplicas", most, "must be greater than 0")
    elif most < least:
        yield _bad("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    for field in ("kind", "name"):
        if not (spec.get("scaleTargetRef") or {}).get(field):
            yield _required(f"spec.scaleTargetRef.{field}")


_RULES: dict[tuple[str, str], Callable[[JsonObject, JsonObject | None], Iterator[Cause]]] = {
    ("apps", "deployments"): _deployment,
    ("apps", "replicasets"): _workload,
    ("apps", "statefulsets"): _workload,
    ("apps", "daemonsets"): _workload,
    ("batch", "jobs"): _job,
    ("batch", "cronjobs"): _cron_job,
    ("", "persistentvolumeclaims"): claims.claim_problems,
    ("", "pods"): _pod,
    ("autoscaling", "horizontalpodautoscalers"): _autoscaler,
    ("rbac.authorization.k8s.io", "rolebindings"): _role_binding,
    ("rbac.authorization.k8s.io", "clusterrolebindings"): _role_binding,
}
