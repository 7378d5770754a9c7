"""What the agent would have done against what was done: pure.

Permission is not judgement: what only the mode, a level, a label or a missing right kept from being done, it would have
done. What a rule about the cluster's own state refused, it would not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from tools.aftermath_changes import Change
from tools.aftermaths import Outcome

PERMISSION = frozenset(
    {
        "mode",
        "autonomy_level",
        "no_access",
        "namespace_denied",
        "namespace_allowed",
        "target_limits",
        "workload_disabled",
        "kill_switch",
    }
)
"""Rules that say who may act where, and nothing about whether the action is right."""


def would_do(decision: Mapping[str, Any], only_asking: Collection[str]) -> str:
    """The action's name, or empty where it would not have acted. `only_asking`: rules that never refuse.

    A block that nobody knows counts as a judgement.
    """
    action = str((decision.get("action") or {}).get("name", ""))
    if not action or decision.get("route") != "notify":
        return action
    blocks = {str(block).partition(":")[0] for block in decision.get("blocked_by") or ()}
    return "" if blocks - PERMISSION - set(only_asking) else action


def compared(action: str, args: Mapping[str, Any], changes: Sequence[Change]) -> Outcome:
    """What people did beside this action, or beside doing nothing."""
    if not changes:
        return "nothing"
    same = _SAME.get(action)
    return "same" if same and any(same(change, args) for change in changes) else "other"


def _is(*kinds: str) -> Callable[[Change, Mapping[str, Any]], bool]:
    return lambda change, args: change.kind in kinds


def _back_to_it(change: Change, args: Mapping[str, Any]) -> bool:
    return change.kind == "rolled_back" and change.value == args.get("to_digest")


def _that_pod(change: Change, args: Mapping[str, Any]) -> bool:
    return change.kind == "pod_deleted" and change.name == args.get("name")


_SAME: Mapping[str, Callable[[Change, Mapping[str, Any]], bool]] = {
    "restart_deployment": _is("restarted", "pods_deleted"),
    "rollback_deployment": _back_to_it,
    "scale_deployment": _is("scaled_up"),
    "set_memory_limit": _is("memory"),
    "set_hpa_maximum": _is("maximum_raised"),
    "delete_pod": _that_pod,
    "cordon_node": _is("cordoned"),
    "uncordon_node": _is("uncordoned"),
    "suspend_cronjob": _is("suspended"),
    "resume_cronjob": _is("resumed"),
    "expand_pvc": _is("grown"),
    "delete_deployment": _is("deleted"),
}
"""Which changes are the action itself, done by somebody else. `delete_job` has none: Jobs go by themselves."""
