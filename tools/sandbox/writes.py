"""POST, PUT, PATCH, DELETE: decoded, admitted, checked, and only then stored."""

from __future__ import annotations

import json

from tools.cluster import JsonObject
from tools.sandbox import claims, kinds, lifecycle, patches, schema
from tools.sandbox.admission import fill, refusal
from tools.sandbox.defaults import apply_defaults
from tools.sandbox.errors import (
    ApiError,
    Cause,
    already_exists,
    bad_request,
    conflict,
    invalid,
    invalid_patch,
    not_admitted,
    not_found,
    precondition_failed,
    terminating,
    unsupported_media_type,
    unsupported_patch,
)
from tools.sandbox.kinds import Kind
from tools.sandbox.requests import Call
from tools.sandbox.switches import Switch
from tools.sandbox.validation import problems
from tools.sandbox.values import as_go_prints, copied, dig
from tools.sandbox.world import World

_CUSTOM_FORMATS = f"{patches.JSON}, {patches.MERGE}, application/apply-patch+yaml"


class Writer:
    """Everything that changes objects, with the API server's order of checks."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, call: Call) -> JsonObject:
        """POST to a collection."""
        kind, namespace = call.route.kind, call.route.namespace
        obj = self._decode(call, kind, call.object())
        self._require_place(kind, obj, namespace)
        metadata = obj["metadata"]
        if not metadata.get("name") and not metadata.get("generateName"):
            why = "Required value: name or generateName is required"
            raise invalid(kind, "", [Cause("metadata.name", why, "FieldValueRequired")])
        if kind.namespaced:
            self._require_namespace(kind, metadata.get("name", ""), namespace)
        if kinds.STATUS in kind.subresources and kind is not kinds.NODE:
            obj["status"] = {}
        if kind is kinds.POD:
            fill(self._world, obj)
        apply_defaults(kind, obj)
        self._world.admit(kind, obj)
        name = metadata["name"]
        if self._world.store.get(kind, namespace, name):
            raise already_exists(kind, name)
        self._check(kind, obj)
        why = refusal(self._world, obj) if kind is kinds.POD else ""
        if why:
            raise not_admitted(kind, name, why)
        lifecycle.managed(kind, obj, call.manager, self._world.now())
        if self._dry(call):
            return obj
        return self._world.store.put(kind, obj)

    def replace(self, call: Call) -> JsonObject:
        """PUT of a whole object (or of its status)."""
        kind = call.route.kind
        old = self._existing(call)
        new = self._decode(call, kind, call.object())
        self._require_place(kind, new, call.route.namespace)
        if new["metadata"].get("name") != call.route.name:
            raise bad_request(
                f"the name of the object ({new['metadata'].get('name')}) does not match the name on the URL "
                f"({call.route.name})"
            )
        return self._store(call, old, new)

    def patch(self, call: Call) -> JsonObject:
        """PATCH in one of the three formats."""
        kind, old = call.route.kind, self._existing(call)
        if not self._writable_version(old, call):
            raise conflict(kind, call.route.name)
        new = self._patched(call, old)
        shape = schema.check(new, kind.name) if kind.typed else schema.Shape(new)
        strategic = call.content_type == patches.STRATEGIC
        shown = as_go_prints(call.body) if strategic else json.dumps(new, separators=(",", ":"))
        if shape.wrong:
            raise invalid_patch(shown, shape.wrong[0])
        if shape.unknown and call.validation == "Strict":
            text = ", ".join(f'unknown field "{path}"' for path in shape.unknown)
            raise invalid_patch(shown, f"strict decoding error: {text}")
        if call.validation == "Warn":
            call.warnings += [f'unknown field "{path}"' for path in shape.unknown]
        return self._store(call, old, shape.pruned)

    def scaled(self, call: Call, old: JsonObject, new: JsonObject) -> JsonObject:
        """Store what a write of the Scale object made of the workload; a uid that is not its own is a conflict."""
        wanted, present = new["metadata"].get("uid"), old["metadata"]["uid"]
        if wanted and wanted != present and Switch.UID not in self._world.broken:
            why = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {present}"
            raise conflict(call.route.kind, call.route.name, why)
        return self._store(call, old, new)

    def delete(self, call: Call) -> JsonObject:
        """DELETE of one object: pods end gracefully, everything else goes at once."""
        kind, old = call.route.kind, self._existing(call)
        options: JsonObject = call.body if isinstance(call.body, dict) else {}
        self._require_preconditions(kind, old, options.get("preconditions") or {})
        grace = options.get("gracePeriodSeconds", call.number("gracePeriodSeconds"))
        if self._dry(call):
            return self._world.terminating_pod(old, grace) if kind is kinds.POD else deleted(kind, old)
        if kind is kinds.POD:
            return self._world.delete_pod(old, grace)
        if kind is kinds.NAMESPACE:
            return self._world.end_namespace(old)
        told = options if isinstance(call.body, dict) else call.query
        policy = told.get("propagationPolicy")
        if policy == "Orphan" or (kind is kinds.JOB and not policy):  # batch/v1 orphans unless told otherwise
            self._orphan(old)
        self._world.remove(kind, old)
        return deleted(kind, old)

    def _require_namespace(self, kind: Kind, name: str, namespace: str) -> None:
        found = self._world.store.get(kinds.NAMESPACE, "", namespace)
        if found is None:
            raise not_found(kinds.NAMESPACE, namespace)
        if "deletionTimestamp" in found["metadata"]:
            raise terminating(kind, name, namespace)

    def _existing(self, call: Call) -> JsonObject:
        route = call.route
        found = self._world.store.get(route.kind, route.namespace, route.name)
        if found is None:
            raise not_found(route.kind, route.name)
        return found

    def _patched(self, call: Call, old: JsonObject) -> JsonObject:
        broken = self._world.broken
        kind_of_patch = call.content_type
        if kind_of_patch == patches.JSON:
            ignore = Switch.JSON_PATCH_TEST in broken
            return patches.json_patch(old, call.body, ignore_tests=ignore)
        if kind_of_patch not in (patches.MERGE, patches.STRATEGIC):
            raise unsupported_patch() if call.route.kind.typed else unsupported_media_type(_CUSTOM_FORMATS)
        if not isinstance(call.body, dict):
            raise bad_request(
                "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"
            )
        if kind_of_patch == patches.MERGE or Switch.STRATEGIC_MERGE in broken:
            merged: JsonObject = patches.merge_patch(old, call.body)
            return merged
        if not call.route.kind.typed:
            raise unsupported_media_type(_CUSTOM_FORMATS)
        return patches.strategic_patch(old, call.body, call.route.kind.name)

    def _store(self, call: Call, old: JsonObject, new: JsonObject) -> JsonObject:
        """Compare versions, put the parts together that this request may write, check, and store."""
        kind, metadata = call.route.kind, new.setdefault("metadata", {})
        self._require_version(call, old, metadata)
        merged = _writable_parts(kind, old, new, call.route.subresource)
        apply_defaults(kind, merged)
        self._world.revise(kind, old, merged)
        self._check(kind, merged, old)
        if kind is kinds.CLAIM and not call.route.subresource:
            claims.admit_resize(self._world.store, merged, old)
        if lifecycle.same(old, merged):
            return old
        if kinds.SCALE in kind.subresources and dig(old, "spec", "replicas") != dig(
            merged, "spec", "replicas"
        ):
            lifecycle.disown_scale(merged)
        lifecycle.managed(kind, merged, call.manager, self._world.now(), call.route.subresource)
        if self._dry(call):
            return merged
        if _last_finalizer_gone(old, merged):
            self._world.remove(kind, merged)
            return merged
        if Switch.RESOURCE_VERSION in self._world.broken:
            return self._world.store.put(kind, merged, renumber=False)
        return self._world.store.put(kind, merged)

    def _require_version(self, call: Call, old: JsonObject, metadata: JsonObject) -> None:
        kind, name, before = call.route.kind, old["metadata"]["name"], old["metadata"]
        uid, version = metadata.get("uid"), metadata.get("resourceVersion")
        if uid and uid != before["uid"] and Switch.UID not in self._world.broken:
            raise _other_object(call, name, uid, before["uid"])
        if version and version != before["resourceVersion"] and Switch.CONFLICT not in self._world.broken:
            raise conflict(kind, name)

    def _writable_version(self, old: JsonObject, call: Call) -> bool:
        """False if a merge or strategic patch names a resource version that is not the present one."""
        if not isinstance(call.body, dict) or Switch.CONFLICT in self._world.broken:
            return True
        metadata = call.body.get("metadata")
        wanted = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
        return not wanted or wanted == old["metadata"]["resourceVersion"]

    def _require_preconditions(self, kind: Kind, old: JsonObject, wanted: JsonObject) -> None:
        for key, switch in (("uid", Switch.UID), ("resourceVersion", Switch.CONFLICT)):
            value, present = wanted.get(key), old["metadata"][key]
            if value and value != present and switch not in self._world.broken:
                raise precondition_failed(kind, old["metadata"]["name"], key, value, present)

    def _decode(self, call: Call, kind: Kind, body: JsonObject) -> JsonObject:
        named = (body.get("apiVersion"), body.get("kind"))
        if named not in ((None, None), (kind.api_version, kind.name)):
            version = str(named[0]).rpartition("/")[2]
            raise bad_request(f'{named[1]} in version "{version}" cannot be handled as a {kind.name}')
        obj = {"apiVersion": kind.api_version, "kind": kind.name, **copied(body)}
        if not isinstance(obj.setdefault("metadata", {}), dict):
            raise bad_request("metadata: must be an object")
        if not kind.typed:
            return obj
        shape = schema.check(obj, kind.name)
        handled = f'{kind.name} in version "{kind.version}" cannot be handled as a {kind.name}'
        if shape.wrong:
            raise bad_request(f"{handled}: {shape.wrong[0]}")
        if shape.unknown and call.validation == "Strict":
            text = ", ".join(f'unknown field "{path}"' for path in shape.unknown)
            raise bad_request(f"{handled}: strict decoding error: {text}")
        if call.validation == "Warn":
            call.warnings += [f'unknown field "{path}"' for path in shape.unknown]
        return shape.pruned

    def _require_place(self, kind: Kind, obj: JsonObject, namespace: str) -> None:
        metadata = obj["metadata"]
        if not kind.namespaced:
            metadata.pop("namespace", None)
            return
        if metadata.setdefault("namespace", namespace) != namespace:
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )

    def _check(self, kind: Kind, new: JsonObject, old: JsonObject | None = None) -> None:
        if Switch.UNPROCESSABLE in self._world.broken:
            return
        causes = problems(kind, new, old)
        if causes:
            raise invalid(kind, new["metadata"]["name"], causes)

    def _dry(self, call: Call) -> bool:
        return call.dry_run and Switch.DRY_RUN not in self._world.broken

    def _orphan(self, owner: JsonObject) -> None:
        uid = owner["metadata"]["uid"]
        for kind, obj in self._world.store.owned_by(uid):
            new = copied(obj)
            references = [ref for ref in new["metadata"]["ownerReferences"] if ref["uid"] != uid]
            new["metadata"]["ownerReferences"] = references
            self._world.update(kind, obj, new)


def _other_object(call: Call, name: str, uid: str, present: str) -> ApiError:
    """A uid that is not the object's: a conflict for PUT, an immutable field for PATCH."""
    kind = call.route.kind
    if call.method == "PATCH":
        return invalid(kind, name, [Cause("metadata.uid", f'Invalid value: "{uid}": field is immutable')])
    why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {present}"
    return conflict(kind, name, f"StorageError: invalid object, Code: 4, AdditionalErrorMsg: {why}")


def _last_finalizer_gone(old: JsonObject, new: JsonObject) -> bool:
    """True if an object that waited for its finalizers may go now."""
    before, after = old["metadata"], new["metadata"]
    waited = "deletionTimestamp" in before and bool(before.get("finalizers"))
    return waited and not after.get("finalizers")


def deleted(kind: Kind, obj: JsonObject) -> JsonObject:
    """The Status that answers a deletion."""
    details = {
        "name": obj["metadata"]["name"],
        "group": kind.group,
        "kind": kind.plural,
        "uid": obj["metadata"]["uid"],
    }
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }


def _writable_parts(kind: Kind, old: JsonObject, new: JsonObject, subresource: str) -> JsonObject:
    """What the main path and the status path may each write."""
    if kinds.STATUS not in kind.subresources:
        return {**new, "metadata": dict(new["metadata"])}
    if subresource == kinds.STATUS:
        merged = {**old, "metadata": dict(old["metadata"])}
        if "annotations" in new["metadata"]:
            merged["metadata"]["annotations"] = new["metadata"]["annotations"]
        if "status" in new:
            merged["status"] = new["status"]
        return merged
    merged = {**new, "metadata": dict(new["metadata"])}
    merged.pop("status", None)
    return {**merged, "status": old["status"]} if "status" in old else merged
