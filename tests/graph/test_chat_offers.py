"""What an order to chat comes to: the request that may be sent for it, and nothing that is not plain from the words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from graph.chat_offers import _WORDS, asked_for, offer
from graph.intents import understand
from tools.requested_calls import askable, check
from tools.subjects import Subject

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
WEB = Subject(kind="Deployment", namespace="shop", name="web")
NODE = Subject(kind="Node", name="node-2")
POD = Subject(kind="Pod", namespace="shop", name="web-5d9c-x2x4f")
CRON = Subject(kind="CronJob", namespace="shop", name="nightly")
JOB = Subject(kind="Job", namespace="shop", name="import")


def named(question: str, subject: Subject) -> tuple[str, dict[str, Any]]:
    """The action and its arguments; empty: only an incident is offered."""
    asked = asked_for(understand(question, NOW), question, subject)
    return (asked.name, dict(asked.args)) if asked else ("", {})


@pytest.mark.parametrize(
    ("question", "subject", "name", "args"),
    [
        ("Please restart web in shop", WEB, "restart_deployment", {}),
        ("can you bounce web?", WEB, "restart_deployment", {}),
        ("how do I restart web?", WEB, "restart_deployment", {}),
        ("web needs a restart", WEB, "restart_deployment", {}),
        ("kubectl rollout restart deployment web", WEB, "restart_deployment", {}),
        ("roll back web", WEB, "rollback_deployment", {}),
        ("please roll back web to revision 3", WEB, "rollback_deployment", {"to_revision": 3}),
        ("scale web to 4", WEB, "scale_deployment", {"replicas": 4}),
        ("please scale web up to 4 replicas", WEB, "scale_deployment", {"replicas": 4}),
        ("raise the memory limit of web to 192Mi", WEB, "set_memory_limit", {"limit": "192Mi"}),
        ("increase memory of web to 2 GB", WEB, "set_memory_limit", {"limit": "2G"}),
        ("raise the maximum of web's autoscaler to 6", WEB, "set_hpa_maximum", {"maximum": 6}),
        ("restart pod web-5d9c-x2x4f", POD, "delete_pod", {}),
        ("kill web-5d9c-x2x4f", POD, "delete_pod", {}),
        ("cordon node-2", NODE, "cordon_node", {}),
        ("please uncordon node-2", NODE, "uncordon_node", {}),
        ("drain node-2", NODE, "drain_node", {}),
        ("suspend nightly", CRON, "suspend_cronjob", {}),
        ("please resume nightly", CRON, "resume_cronjob", {}),
        ("delete job import", JOB, "delete_job", {}),
    ],
)
def test_an_order_names_the_action_and_what_it_says_of_its_arguments(
    question: str, subject: Subject, name: str, args: dict[str, Any]
) -> None:
    """One that can be asked for so, of this kind, with these arguments."""
    assert named(question, subject) == (name, args)
    part = {"Pod": {"pod": subject.name}, "Job": {"job": subject.name}}.get(subject.kind, {})
    target = {"Pod": "Deployment"}.get(subject.kind, subject.kind)
    assert check(name, {**args, **part}, target)[0].name == name


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("fix web", WEB),
        ("scale web", WEB),
        ("scale web to 50%", WEB),
        ("delete web", WEB),
        ("run rm -rf / in web", WEB),
        ("raise the memory limit of web", WEB),
        ("restart node-2", NODE),
        ("scale nightly to 3", CRON),
        ("undo that on web", WEB),
    ],
)
def test_what_is_not_plain_is_not_guessed(question: str, subject: Subject) -> None:
    """An incident is offered, in which the evidence decides."""
    assert named(question, subject) == ("", {})
    offered = offer(understand(question, NOW), [subject], question)
    assert offered is not None
    assert "action" not in offered["body"]


def test_of_several_none_is_offered() -> None:
    """Which one is meant is for the person to say."""
    question = "restart web"
    assert (
        offer(understand(question, NOW), [WEB, WEB.model_copy(update={"namespace": "b"})], question) is None
    )


def test_chat_offers_only_what_can_be_asked_for() -> None:
    """The table of words and the registry agree."""
    known = {each.name: each for each in askable()}
    for _, kinds in _WORDS:
        for kind, name in kinds.items():
            assert kind in known[name].kinds or kind != "Pod", (kind, name)
            assert name in known
    assert known["delete_pod"].kinds == ("Pod",)
    assert known["delete_job"].takes == ()
