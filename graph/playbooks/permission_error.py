"""A container may not do what it is told to: run as that user, execute that file, write to that place.

Proof: in the kubelet's or the runtime's own words every container that cannot start is refused for its user, for a file
that may not be executed, or for a file system that is read-only. Counter-proof: another container fails otherwise, or
the newest release brought it (`bad_release`, asked first). What only a log says of permissions is a hint beside a crash
that is not proved. Nothing is proposed: the same image with the same securityContext fails again.
"""

from __future__ import annotations

import re

from graph import counted
from graph.ages import since
from graph.crash_words import runtime_words
from graph.playbooks import Playbook
from graph.release_words import release_fact
from graph.state import Finding
from graph.symptoms import CONFIG, crashed_container, live_pods, waiting_container
from graph.workload_words import restarts_all, spec_command
from tools.records import ContainerFacts, Evidence, PodFacts

_USER = re.compile(r"runAsNonRoot|non-root|runAsUser|numeric user", re.IGNORECASE)
_DENIED = re.compile(r"permission denied|operation not permitted", re.IGNORECASE)
_READ_ONLY = re.compile(r"read-only file ?system", re.IGNORECASE)
_WHOSE = re.compile(r" \(pod: .*\)$")
_BY_RUNTIME = frozenset({"StartError", "ContainerCannotRun"})


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    now, pods = evidence.collected_at, live_pods(evidence)
    failing = [
        (pod, c) for pod in pods if (c := waiting_container(pod, CONFIG) or crashed_container(pod, now))
    ]
    told = [_said(container) for _, container in failing]
    if not failing or not all(told):
        return None
    pod, container = failing[0]
    what, step = _what(told[0], container, pod, evidence)
    return Finding(
        problem="permission_error",
        summary=f"Container {container.name} cannot start in {counted.times(len(failing), 'pod')} "
        f'("{_short(told[0])}"): {what}.',
        directness=1.0,
        evidence=tuple(id_ for kind in ("pods", "events") for id_ in evidence.cite(kind)),
        facts=(
            *(
                f"{p.name}: not started since {since(p.created_at, now)}, {counted.times(c.restart_count, 'restart')}"
                for p, c in failing[:3]
            ),
            *release_fact(evidence),
        ),
        ruled_out=(
            "what it needs from others: its program has not begun",
            "an image error: the image is there",
        ),
        next_step=step,
    )


def _said(container: ContainerFacts) -> str:
    """The words by which it is refused; a program's own termination message is not among them."""
    texts = [container.waiting_message if container.waiting_reason in CONFIG else ""]
    texts += [container.exit_message if container.exit_reason in _BY_RUNTIME else ""]
    return next(
        (text for text in texts if _USER.search(text) or _DENIED.search(text) or _READ_ONLY.search(text)), ""
    )


def _short(said: str) -> str:
    """Without the layers that pass it on, and without the names that stand beside it."""
    return runtime_words(_WHOSE.sub("", said))


def _what(said: str, container: ContainerFacts, pod: PodFacts, evidence: Evidence) -> tuple[str, str]:
    look, edit = spec_command(pod, container, evidence), f"kubectl edit <workload> ({restarts_all(evidence)})"
    if _USER.search(said):
        return (
            "its image runs as root or as a user that cannot be told, and its securityContext asks for another",
            f"{look} prints its securityContext: set runAsUser to the number of a user that image {container.image} "
            f"can run as, with {edit}, or build the image with USER and a number.",
        )
    if _READ_ONLY.search(said):
        return (
            "it is to write to a file system that is read-only",
            f"{look} prints its mounts: mount an emptyDir where it writes, or see readOnlyRootFilesystem and readOnly, "
            f"with {edit}.",
        )
    return (
        "what it is to execute or to write may not be",
        f"{look} prints its command and securityContext: make the file executable in image {container.image} (chmod "
        f"+x), start it by its interpreter, or compare runAsUser and fsGroup with its owner, with {edit}.",
    )


PLAYBOOK = Playbook(problem="permission_error", rank=69, proves=proves)
