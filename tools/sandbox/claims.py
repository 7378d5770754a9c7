"""What the API server does to PersistentVolumeClaims: who may ask for more storage, and who is refused.

Measured on Kubernetes 1.34: less than before is 422 unless it is still more than the volume has, as is any change of a
claim that is not bound; more storage than before is 403 unless the claim's StorageClass says `allowVolumeExpansion`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.cluster import JsonObject
from tools.quantities import parse_quantity
from tools.sandbox import kinds
from tools.sandbox.errors import ApiError, Cause
from tools.sandbox.store import Store

_IMMUTABLE = (
    "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound "
    "claims"
)
_TOO_SMALL = "Forbidden: field can not be less than status.capacity"
_FIXED = (
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support "
    "resize"
)


def claim_defaults(obj: JsonObject) -> None:
    """Fill in a claim's defaults in place."""
    obj.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
    obj.setdefault("status", {}).setdefault("phase", "Pending")


def claim_problems(new: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    """What is wrong with a claim, or with changing it."""
    spec = new.get("spec") or {}
    text = requested(new)
    amount = _amount(text)
    if text is None:
        yield Cause("spec.resources[storage]", "Required value", "FieldValueRequired")
    elif amount is None:
        why = "quantities must match the regular expression"
        yield Cause("spec.resources.requests[storage]", f'Invalid value: "{text}": {why}')
    elif amount <= 0:
        yield Cause("spec.resources[storage]", f'Invalid value: "{text}": must be greater than zero')
    if old is None:
        return
    if _fixed(spec) != _fixed(old["spec"]) or (requested(old) != text and not _bound(old)):
        yield Cause("spec", _IMMUTABLE, "FieldValueForbidden")
    there, before = _capacity(old), _amount(requested(old))
    if amount is not None and before is not None and amount < before and amount <= there:
        yield Cause("spec.resources.requests.storage", _TOO_SMALL, "FieldValueForbidden")


def admit_resize(store: Store, new: JsonObject, old: JsonObject) -> None:
    """Raises 403 for more storage than before, unless the StorageClass lets volumes grow."""
    before, after = _amount(requested(old)), _amount(requested(new))
    if before is None or after is None or after <= before:
        return
    found = store.get(kinds.STORAGE_CLASS, "", str(new["spec"].get("storageClassName", "")))
    if not (found or {}).get("allowVolumeExpansion"):
        name = new["metadata"]["name"]
        raise ApiError(
            403,
            "Forbidden",
            f'persistentvolumeclaims "{name}" is forbidden: {_FIXED}',
            details={"name": name, "kind": "persistentvolumeclaims"},
        )


def requested(claim: JsonObject) -> Any:
    """`spec.resources.requests.storage`, or None."""
    requests = ((claim.get("spec") or {}).get("resources") or {}).get("requests") or {}
    return requests.get("storage")


def _fixed(spec: JsonObject) -> JsonObject:
    return {
        key: value for key, value in spec.items() if key not in ("resources", "volumeAttributesClassName")
    }


def _capacity(claim: JsonObject) -> float:
    return _amount(((claim.get("status") or {}).get("capacity") or {}).get("storage")) or 0.0


def _bound(claim: JsonObject) -> bool:
    return (claim.get("status") or {}).get("phase") == "Bound"


def _amount(text: Any) -> float | None:
    try:
        return None if text is None else parse_quantity(text)
    except ValueError:
        return None
