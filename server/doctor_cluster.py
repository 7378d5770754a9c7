"""What the doctor asks of the cluster: is it there, who are we, what may we do, and what should we not be able to."""

from __future__ import annotations

from collections.abc import Sequence

from server import doctor_rights
from server.access import ADMINISTRATOR, TAKE_AWAY, declared, rights_of
from server.doctor import Check, absent, broken, look, ok
from server.doctor_rights import GRANT
from server.own_namespaces import looked_at_first
from server.settings import Settings
from tools.access import missing, surplus
from tools.cluster import KubernetesCluster
from tools.errors import Forbidden, PermanentError, ToolError
from tools.records import RbacRule


def checks(settings: Settings) -> list[Check]:
    """One line each; those that rest on a broken one are left out."""
    try:
        cluster = KubernetesCluster.connect(settings.kubeconfig or None)
    except PermanentError as error:
        mend = "KUBECONFIG=<a kubeconfig that kubectl can use>, or run it in a pod with a ServiceAccount"
        return [broken("kubernetes", str(error), mend)]
    there = _reached(cluster)
    if there.state == "broken":
        return [there]
    known = _credentials(cluster)
    if known.state == "broken":
        return [there, known]
    return [there, known, *_rights(cluster, settings), beyond(cluster, settings)]


def _reached(cluster: KubernetesCluster) -> Check:
    """A server that refuses our credentials is there: the next line tells."""

    def ask() -> str:
        try:
            return f"{cluster.version()} at {cluster.server}"
        except Forbidden:
            return f"{cluster.server} answers"

    return look(
        "kubernetes",
        ask,
        f"make {cluster.server} reachable from here, or correct the address in the kubeconfig",
    )


def _credentials(cluster: KubernetesCluster) -> Check:
    """The version may be told to strangers too; our own rights are not."""

    def ask() -> str:
        cluster.allowed("list", "", "pods")
        return cluster.identity

    return look(
        "credentials", ask, "renew the token or certificate of this account (kubectl auth whoami shows it)"
    )


def _rights(cluster: KubernetesCluster, settings: Settings) -> list[Check]:
    reading = _reading(cluster, rights_of(settings).reader)
    if settings.mode == "shadow":
        return [reading, absent("rights to act", "MODE=shadow writes nothing")]
    return [reading, *doctor_rights.checks(cluster, settings)]


def _reading(cluster: KubernetesCluster, rules: Sequence[RbacRule]) -> Check:
    name = "rights to read"
    try:
        lacking = missing(cluster, rules)
    except ToolError as error:
        return broken(name, str(error), GRANT)
    if lacking:
        return broken(name, f"the account may not {', '.join(lacking)}", GRANT)
    return ok(name, f"all {sum(len(rule.verbs) for rule in rules)} of them")


def beyond(cluster: KubernetesCluster, settings: Settings) -> Check:
    """What the account may do and should not; the agent refuses to start with it in a pod."""
    name = "no rights beyond"
    try:
        found = surplus(cluster, declared(settings), looked_at_first(settings))
    except ToolError as error:
        return broken(name, str(error), GRANT)
    told = f"; not declared and harmless: {', '.join(found.told)}" if found.told else ""
    if not found.refused:
        return ok(name, f"none that writes, enters or reads secrets beyond what is declared{told}")
    words = ", ".join(found.refused)
    if cluster.in_cluster:
        return broken(name, f"the agent would not start: it may {words}", TAKE_AWAY)
    if found.refused == ("everything",):
        return ok(name, f"{ADMINISTRATOR} It starts with it and says so")
    return ok(name, f"this kubeconfig may {words}; a pod's account with that is refused")
