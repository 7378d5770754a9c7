"""What a patch would do that its writer did not mean (R4.5)."""

from __future__ import annotations


def names_containers(body: object) -> bool:
    """Whether it says anything of containers: as a JSON merge patch it would replace the whole list of them."""
    if isinstance(body, list):
        return any(map(names_containers, body))
    if not isinstance(body, dict):
        return False
    lists = {"containers", "initContainers"}
    return bool(lists & body.keys()) or any(map(names_containers, body.values()))
