"""Where the API server keeps each kind, from its own discovery."""

from __future__ import annotations

from tests.controlplane.api import ApiError, Json
from tests.controlplane.plane import ControlPlane


class Catalogue:
    """Paths of objects by their apiVersion and kind."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._known: dict[str, list[Json]] = {}

    def path(self, item: Json) -> str:
        """Of one object. Raises KeyError for a kind that is not served."""
        version = item["apiVersion"]
        if version not in self._known:
            self._known[version] = self._plane.api.get(_root(version))["resources"]
        for resource in self._known[version]:
            if resource["kind"] == item["kind"] and "/" not in resource["name"]:
                metadata = item["metadata"]
                place = (
                    f"/namespaces/{metadata.get('namespace', 'default')}" if resource["namespaced"] else ""
                )
                return f"{_root(version)}{place}/{resource['name']}/{metadata['name']}"
        raise KeyError(f"{version} {item['kind']}")

    def knows(self, group: str, kind: str) -> bool:
        """Whether a custom resource is served yet."""
        try:
            versions = self._plane.api.get(f"/apis/{group}")["versions"]
            served = [self._plane.api.get(_root(each["groupVersion"]))["resources"] for each in versions]
        except ApiError as error:
            if error.status != 404:
                raise
            return False
        return any(resource["kind"] == kind for each in served for resource in each)


def _root(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"
