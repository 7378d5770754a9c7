"""What an order to chat comes to: the request that a person may send for it. Chat itself never acts.

A table of words and not the registry: no path of imports leads from chat to `tools.actions`. Whether it can be asked
for is checked where it is asked for, and a test holds the table to the registry. What is not plain from the words is
not guessed: the offer is then to have the workload looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from graph.intents import Wish, plain
from tools.excerpts import message
from tools.records import Argument, Record
from tools.subjects import Subject

ROLLED = ("Deployment", "StatefulSet", "DaemonSet")
_RESTART = dict.fromkeys(ROLLED, "restart_deployment") | {"Pod": "delete_pod"}
_SCALE = dict.fromkeys(("Deployment", "StatefulSet"), "scale_deployment")
_MORE = r"scale|resize|increase|raise|bump|set|update"
_WORDS: tuple[tuple[str, Mapping[str, str]], ...] = (
    (r"roll ?back|revert|downgrade", dict.fromkeys(ROLLED, "rollback_deployment")),
    (r"uncordon", {"Node": "uncordon_node"}),
    (r"cordon", {"Node": "cordon_node"}),
    (r"drain", {"Node": "drain_node"}),
    (r"suspend|pause|stop|disable", {"CronJob": "suspend_cronjob"}),
    (r"resume|start|enable", {"CronJob": "resume_cronjob"}),
    (r"restart|reboot|bounce|recycle|rollout restart", _RESTART),
    (r"delete|remove|kill|evict|terminate", {"Pod": "delete_pod", "Job": "delete_job"}),
    (_MORE, _SCALE),
)
_MEMORY = re.compile(r"\b(?:memory|ram)\b.*?\b(?P<amount>\d+)\s?(?P<unit>mi|gi|mib|gib|mb|gb)\b")
_MAXIMUM = re.compile(r"\b(?:max(?:imum)?|autoscaler|hpa)\b.*?\b(?P<number>\d{1,4})\b")
_REPLICAS = re.compile(r"\bto (?P<number>\d{1,4})(?![\w.]| ?%| (?:mi|gi|percent)\b)")
_REVISION = re.compile(r"\brevision (?P<number>\d{1,6})\b")
_UNITS = {"mi": "Mi", "mib": "Mi", "gi": "Gi", "gib": "Gi", "mb": "M", "gb": "G"}
_COMMANDS = ("", "kubectl", "helm", "run", "exec", "execute")
"""Verbs that say nothing of what is wanted: the words after them do."""


class Asked(Record):
    """An action with what the question says of its arguments."""

    name: str
    args: dict[str, Argument] = {}


def asked_for(wish: Wish, question: str, subject: Subject) -> Asked | None:
    """The action that these words ask for; None where they name none, or not all that it takes."""
    text = plain(question)
    words = text if wish.verb in _COMMANDS else wish.verb
    amounts = _amount(text, subject) if re.search(rf"\b(?:{_MORE})\b", words) else None
    if amounts:
        return amounts
    fits = (kinds[subject.kind] for pattern, kinds in _WORDS if _in(pattern, words) and subject.kind in kinds)
    name = next(fits, "")
    if name == "scale_deployment":
        return _number(_REPLICAS, text, name, "replicas")
    if name == "rollback_deployment":
        return _number(_REVISION, text, name, "to_revision") or Asked(name=name)
    return Asked(name=name) if name else None


def offer(wish: Wish, subjects: Sequence[Subject], question: str) -> dict[str, Any] | None:
    """The request that a person may send, on the normal path: for the action, or to have the workload looked at."""
    if len(subjects) != 1:
        return None
    subject = subjects[0]
    body: dict[str, Any] = {"namespace": subject.namespace, "workload": subject.name, "kind": subject.kind}
    asked = asked_for(wish, question, subject)
    if asked:
        body["action"] = asked.model_dump()
    return {"method": "POST", "path": "/incidents", "body": {**body, "reason": message(question, 200)}}


def _amount(text: str, subject: Subject) -> Asked | None:
    if subject.kind != "Deployment":
        return None
    if memory := _MEMORY.search(text):
        limit = f"{memory['amount']}{_UNITS[memory['unit']]}"
        return Asked(name="set_memory_limit", args={"limit": limit})
    return _number(_MAXIMUM, text, "set_hpa_maximum", "maximum")


def _number(pattern: re.Pattern[str], text: str, action: str, argument: str) -> Asked | None:
    found = pattern.search(text)
    return Asked(name=action, args={argument: int(found["number"])}) if found else None


def _in(pattern: str, words: str) -> bool:
    return bool(re.search(rf"\b(?:{pattern})\b", words))
