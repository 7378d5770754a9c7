"""PLAYBOOKS_FILE: what alerts of some names may lead to. It narrows what the shipped playbooks do, and never widens it.

    - alert: KubePodCrashLooping      # a shell pattern on the alert's name
      problems: [bad_release]         # only these problem classes may be acted on; left out: all
      actions: [rollback_deployment]  # only these actions may be taken; left out: all, []: none

Evidence proves the class, whatever the alert is called: a name can forbid, it proves nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from graph.policy import AlertRule

KEYS = ("alert", "problems", "actions")


def read_playbooks_file(path: Path | None) -> tuple[AlertRule, ...]:
    """Its entries. Raises OSError, or ValueError and YAMLError with the first thing that is wrong."""
    if path is None:
        return ()
    document = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    if not isinstance(document, list):
        raise ValueError("must be a list of entries with alert, problems, actions")
    return tuple(_rule(entry) for entry in document)


def _rule(entry: Any) -> AlertRule:
    # here, for few agents have such a file and all actions and playbooks are loaded for it
    from graph.playbooks import playbooks
    from tools.actions import REGISTRY

    if not isinstance(entry, dict) or not isinstance(entry.get("alert"), str) or not entry["alert"].strip():
        raise ValueError("each entry needs alert, the name or pattern that it is about")
    alert = entry["alert"].strip()
    unknown = sorted(str(key) for key in entry if key not in KEYS)
    if unknown:
        raise ValueError(f"{alert}: {unknown[0]} is not known; there are: {', '.join(KEYS)}")
    problems = _names(entry, "problems", [playbook.problem for playbook in playbooks()])
    return AlertRule(alert=alert, problems=problems, actions=_names(entry, "actions", REGISTRY))


def _names(entry: dict[str, Any], key: str, known: Collection[str]) -> tuple[str, ...] | None:
    given = entry.get(key)
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise ValueError(f"{entry['alert']}: {key} must be a list of names")
    wrong = next((name for name in given if name not in known), None)
    if wrong is not None:
        raise ValueError(f"{entry['alert']}: {wrong} is none of {key}; there are: {', '.join(sorted(known))}")
    return tuple(given)
