"""Pod templates: when two of them are the same, and what differs between two that are not (R4.11).

A restart, the controller's own hash label and our own marks do not make another revision. Differences are shown
without values of the environment: a changed value shows as another placeholder. The digests that decisions name are
of the template without its secrets, so that a recorded cluster, which has none, gives the same ones.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from functools import lru_cache
from typing import Any

from tools.redaction import redact
from tools.resources import JsonObject
from tools.withholding import OWN_PREFIX, without_hosts, without_secrets

HASH_LABEL = "pod-template-hash"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
_CONFIGURATION = re.compile(r"checksum|config[-_.]?hash|hash[-_.]?config", re.IGNORECASE)
"""Keys of annotations that chart authors use so that changed configuration makes new pods: `checksum/config`."""


def template_digest(template: JsonObject) -> str:
    """sha256 of the template without secrets, hash label, restart time and our own keys: equal means the same
    revision. A secret counts by its placeholder.
    """
    return _digest(_withheld(template))


def release_digest(template: JsonObject) -> str:
    """As `template_digest`, and without annotations that only tell which configuration is mounted: two revisions
    that are equal by it run the same containers, and going back from one to the other brings no ConfigMap back.
    """
    normal = _withheld(template)
    annotations = normal["metadata"].get("annotations") or {}
    kept = {key: value for key, value in annotations.items() if not _CONFIGURATION.search(key)}
    return _digest({**normal, "metadata": _dense({**normal["metadata"], "annotations": kept})})


def memoryless_digest(template: JsonObject) -> str:
    """As `template_digest`, and without the memory of its containers: two revisions that are equal by it do the same
    work, and differ at most in how much of it they may hold.
    """
    normal = _withheld(template)
    containers = [_memoryless(container) for container in normal["spec"].get("containers") or []]
    return _digest({**normal, "spec": {**normal["spec"], "containers": containers}})


def exact_digest(template: JsonObject) -> str:
    """As the Deployment controller compares: only the hash label is left out, so a restart counts."""
    return _digest(_normal(template, ignore_restarts=False))


def restarted_at(template: JsonObject) -> str:
    """When somebody last asked for a restart of its pods, as the template says it; empty: nobody did."""
    annotations = (template.get("metadata") or {}).get("annotations") or {}
    return str(annotations.get(RESTARTED_AT) or "")


def without_hash(template: JsonObject) -> JsonObject:
    """A copy of a ReplicaSet's template that a Deployment can take."""
    copy: JsonObject = json.loads(json.dumps(template))
    labels = (copy.get("metadata") or {}).get("labels") or {}
    labels.pop(HASH_LABEL, None)
    return copy


def template_diff(old: JsonObject, new: JsonObject, *, names: tuple[str, str] = ("before", "after")) -> str:
    """Unified diff as YAML, environment values and telling arguments replaced; empty if nothing differs."""
    before, after = (_lines(template) for template in (old, new))
    diff = difflib.unified_diff(before, after, *names, n=2, lineterm="")
    return redact("\n".join(diff))


def init_digests(template: JsonObject) -> dict[str, str]:
    """Of each init container by its name: sha256 of its spec, a secret by its placeholder."""
    listed = (_withheld(template).get("spec") or {}).get("initContainers") or []
    texts = {str(c.get("name", "")): json.dumps(c, sort_keys=True, default=str) for c in listed}
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


def images(template: JsonObject) -> tuple[str, ...]:
    """Images of containers and init containers, in their order."""
    spec = template.get("spec") or {}
    found = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    return tuple(str(container.get("image", "")) for container in found)


def _digest(template: JsonObject) -> str:
    return hashlib.sha256(_text(template).encode()).hexdigest()


def _memoryless(container: JsonObject) -> JsonObject:
    resources = container.get("resources") or {}
    kept = {
        kind: {key: value for key, value in (amounts or {}).items() if key != "memory"}
        for kind, amounts in resources.items()
        if isinstance(amounts, dict)
    }
    return {**container, "resources": {**resources, **kept}}


def _withheld(template: JsonObject) -> JsonObject:
    """A copy of its own for whoever asks: the same templates are asked about over and over."""
    normal: JsonObject = json.loads(_withheld_text(_text(_normal(template, ignore_restarts=True))))
    return normal


@lru_cache(maxsize=128)
def _withheld_text(normal: str) -> str:
    return _text(without_hosts(without_secrets(json.loads(normal))))


def _text(template: JsonObject) -> str:
    return json.dumps(template, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _normal(template: JsonObject, *, ignore_restarts: bool) -> JsonObject:
    metadata = dict(template.get("metadata") or {})
    metadata.pop("creationTimestamp", None)
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != HASH_LABEL}
    annotations = dict(metadata.get("annotations") or {})
    if ignore_restarts:
        labels = {key: value for key, value in labels.items() if not key.startswith(OWN_PREFIX)}
        annotations = {key: value for key, value in annotations.items() if not _is_mark(key)}
    metadata.update(labels=labels, annotations=annotations)
    return {"metadata": _dense(metadata), "spec": _dense(template.get("spec") or {})}


def _is_mark(key: str) -> bool:
    return key == RESTARTED_AT or key.startswith(OWN_PREFIX)


def _dense(value: Any) -> Any:
    """Without nulls and empty maps at the top of metadata and spec: the API drops and adds them at will."""
    return {key: item for key, item in value.items() if item is not None and item != {} and item != []}


def _lines(template: JsonObject) -> list[str]:
    import yaml

    shown = without_hosts(without_secrets(_normal(template, ignore_restarts=False)))
    # libyaml's emitter writes the same text in a third of the time
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(_ordered(shown), Dumper=dumper, sort_keys=False, width=4096)).splitlines()


def _ordered(value: Any) -> Any:
    """Keys in order, the name first, so that a diff shows which container or variable it is about."""
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value, key=lambda key: (key != "name", key))}
    return [_ordered(item) for item in value] if isinstance(value, list) else value
