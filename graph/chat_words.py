"""What chat says of itself: what it can answer, what it will not do, whom it does not know."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from graph.linking import Linked
from tools.excerpts import message
from tools.subjects import Census, Subject

NO_MODEL = "No model is configured (GROQ_API_KEY): questions are matched by rules, to the same lookups."
EXAMPLES = (
    "How many pods are there?",
    "Any problem pods?",
    "Why is <workload> failing?",
    "Logs of <workload>",
    "What changed in <namespace> in the last hour?",
    "Recent incidents?",
    "Why did you restart <workload>?",
    "What waits for my approval?",
    "Is anything on hold?",
)
HELP = "\n".join(
    [
        "I read the cluster and this agent's record; I never act. Ask for example:",
        *(f"- {example}" for example in EXAMPLES),
        "I know pods, workloads, namespaces, nodes, services, images, logs, events, changes, incidents and approvals.",
    ]
)
GREETING = f"Hello. {HELP}"
NOT_UNDERSTOOD = f"I did not understand what you want to know. {HELP}"
MOST_NAMES = 15


NOT_READ = (
    "This agent reads no Secrets and no ConfigMaps: it has no right to. "
    "What it shows of logs and objects is redacted."
)
_VERBS = {"rollback": "roll back", "kubectl": "run commands", "helm": "run commands", "": "act"}


def no_acting(verb: str, subjects: Sequence[Subject], offered: dict[str, Any] | None) -> str:
    """Chat does not act, and what to do instead: the request that is `offered`, if one can be."""
    lead = f"This chat only reads: it does not {_VERBS.get(verb, verb)} and cannot be made to."
    if offered:
        body = {name: value for name, value in offered["body"].items() if name != "reason"}
        return f"{lead} {_instead(subjects[0], body)} (POST /incidents with {json.dumps(body)})."
    if subjects:
        told = ", ".join(map(str, subjects[:MOST_NAMES]))
        return (
            f"{lead} You may mean {told}; name one with its namespace, and an incident can be opened for it."
        )
    return f"{lead} An incident can be opened for a workload (POST /incidents); name one that exists."


def _instead(subject: Subject, body: dict[str, Any]) -> str:
    action = body.get("action")
    if not action:
        return (
            f"To have {subject} looked at, open an incident for it: the agent then reads the evidence, "
            "decides by its rules, and asks a person where they ask for one"
        )
    given = ", ".join(f"{name}={value}" for name, value in action["args"].items())
    return (
        f"To have it done, ask for {action['name']} of {subject}{f' with {given}' if given else ''}: what it would "
        "change is shown first, the same rules apply, and a person approves it"
    )


def unknown(linked: Linked, census: Census | None) -> str:
    """Nothing is called so: what there is instead."""
    words = linked.unknown_places + linked.unknown
    told = ", ".join(message(word, 80) for word in words[:MOST_NAMES])
    if census is None or census.unreachable:
        return f"I cannot tell what {told} is: the Kubernetes API does not answer."
    places = [subject.name for subject in census.of_kind("Namespace")]
    known = ", ".join(sorted(places)[:MOST_NAMES]) + (" …" if len(places) > MOST_NAMES else "")
    kind = "namespace" if linked.unknown_places else "namespace, workload, pod or node"
    lines = [f"I find no {kind} called {told}."]
    lines += [f"Namespaces: {known}."] if known else []
    lines += [f"Not everything could be read: {'; '.join(census.unread)}."] if census.unread else []
    return " ".join(lines)


def with_notes(text: str, linked: Linked) -> str:
    """What was guessed stands first, what nobody is called last."""
    guesses = [f"{message(word, 80)} for {name}" for word, name in linked.guesses.items()]
    lead = f"(I take {', '.join(guesses)}.)\n" if guesses else ""
    left = (
        f"\nI find nothing called {', '.join(message(word, 80) for word in linked.unknown)}."
        if linked.unknown
        else ""
    )
    return f"{lead}{text}{left}"
