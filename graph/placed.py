"""Commands with names that a playbook does not know: a proof is made from facts, which do not say whose they are."""

from __future__ import annotations

import re

from graph.state import Finding
from tools.records import Target

NAMESPACE, WORKLOAD = "<namespace>", "<workload>"
"""What a playbook writes in a command for the target's namespace, and for the target as kubectl names it."""

ITS_ENVIRONMENT, ITS_SPEC = (
    f"kubectl set env {WORKLOAD} --list",
    f"kubectl -n {NAMESPACE} get {WORKLOAD} -o yaml",
)
"""kubectl sets and lists the environment of the kinds that are built in, and of no custom resource."""

COMMAND = re.compile(
    r"(?P<kubectl>\bkubectl )(?P<rest>(?P<verb>[a-z]+) (?P<object>[\w,./-]+)(?:(?!kubectl|[;|] ).)*)",
    re.DOTALL,
)
"""One command with what follows it up to the next: its verb, and the word after that."""
CHANGES = (
    r"\bkubectl (?:-n \S+ )?(?:scale|edit|patch|rollout (?:undo|pause|resume)|set (?!env \S+ --list))[^;]*?"
)
"""A command that changes the spec of what is named behind it."""
EVERYWHERE = re.compile(r" (?:-n|-A|--namespace|--all-namespaces|--raw)\b")
IN_A_NAMESPACE = frozenset(
    {"logs", "rollout", "set", "scale", "autoscale", "expose", "attach", "port-forward"}
)
"""Verbs whose object always has a namespace."""
BY_KIND = frozenset({"get", "describe", "delete", "patch", "edit", "label", "annotate", "top", "create"})
"""Verbs for which the kind decides. All others (cordon, drain, run, auth) are left as they are."""
KINDS = frozenset(
    {
        "pod",
        "po",
        "deployment",
        "deploy",
        "statefulset",
        "sts",
        "daemonset",
        "ds",
        "replicaset",
        "rs",
        "job",
        "cronjob",
        "cj",
        "service",
        "svc",
        "configmap",
        "cm",
        "secret",
        "event",
        "ev",
        "endpoint",
        "endpointslice",
        "ingress",
        "hpa",
        "horizontalpodautoscaler",
        "pdb",
        "poddisruptionbudget",
        "pvc",
        "persistentvolumeclaim",
        "quota",
        "resourcequota",
        "limitrange",
        "serviceaccount",
        "sa",
        "role",
        "rolebinding",
        "lease",
        "networkpolicy",
        "certificate",
        "certificaterequest",
    }
)
"""Kinds of objects that have a namespace; one that is not known here gets none."""


def placed(finding: Finding, target: Target | None) -> Finding:
    """The finding with the names of the target in its next step; what is not known stays a place to fill in."""
    if target is None:
        return finding
    step = finding.next_step
    if "." in target.kind:
        step = step.replace(ITS_ENVIRONMENT, ITS_SPEC)
    step = step.replace(WORKLOAD, f"{target.kind.lower()}/{target.name}")
    if target.namespace:
        step = in_namespace(step.replace(NAMESPACE, target.namespace), target.namespace)
    if target.managed_by and _changes(step, target):
        step = f"{_owner_line(target)} {step}"
    return finding.model_copy(update={"next_step": step})


def in_namespace(text: str, namespace: str) -> str:
    """The text with `-n` in each kubectl command that needs one and has none: without it, it finds another object.

    A command on an object of the cluster, or of a kind that is not known, stays as it is.
    """

    def filled(command: re.Match[str]) -> str:
        if EVERYWHERE.search(f" {command['rest']}") or not _needs(command["verb"], command["object"]):
            return command[0]
        return f"{command['kubectl']}-n {namespace} {command['rest']}"

    return COMMAND.sub(filled, text)


def _changes(step: str, target: Target) -> bool:
    return bool(re.search(rf"{CHANGES}\b{re.escape(f'{target.kind.lower()}/{target.name}')}\b", step))


def _owner_line(target: Target) -> str:
    """What becomes of a change by hand: a chart and Git come back to what they hold."""
    what = f"{target.kind} {target.name}"
    if target.managed_by == "helm":
        return f"{what} is installed by Helm: change its values too, or the next upgrade undoes it. By hand:"
    owner = "an operator" if target.managed_by == "operator" else target.managed_by
    return f"{what} is managed by {owner}: change it there. By hand, until that puts it back:"


def _needs(verb: str, named: str) -> bool:
    kinds = named.rstrip(",.").split("/")[0].split(",")
    return verb in IN_A_NAMESPACE or (verb in BY_KIND and all(_has_one(kind) for kind in kinds))


def _has_one(kind: str) -> bool:
    return kind in KINDS or kind.removesuffix("s") in KINDS
