"""What the doctor asks of the cluster: is it there, who are we, what may we do, and what should we not be able to."""

from __future__ import annotations

from collections.abc import Sequence

from server.access import ADMINISTRATOR, TAKE_AWAY, declared
from server.doctor import Check, absent, broken, look, ok
from server.settings import Settings
from tools.access import missing, surplus
from tools.actions import REGISTRY
from tools.cluster import KubernetesCluster
from tools.errors import Forbidden, PermanentError, ToolError
from tools.rbac import rules_for
from tools.records import RbacRule

GRANT = "sre-agent rbac | kubectl apply -f -"
_WILDCARDS = frozenset("*?[")


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
    rights = rules_for(REGISTRY.keys() & set(settings.enable_actions))
    reading = _held("rights to read", cluster, rights.reader, [""])
    if settings.mode == "shadow":
        return [reading, absent("rights to act", "MODE=shadow writes nothing")]
    return [reading, _held("rights to act", cluster, rights.executor, write_places(settings))]


def write_places(settings: Settings) -> list[str]:
    """The namespaces that rights to write may be bound in, one by one; else the whole cluster, as an empty name."""
    named = [settings.target_namespace] if settings.target_namespace else list(settings.namespace_allow)
    return named if named and not any(_WILDCARDS & set(name) for name in named) else [""]


def _held(name: str, cluster: KubernetesCluster, rules: Sequence[RbacRule], places: Sequence[str]) -> Check:
    try:
        lacking = missing(cluster, rules, places)
    except ToolError as error:
        return broken(name, str(error), GRANT)
    if lacking:
        return broken(name, f"the account may not {', '.join(lacking)}", GRANT)
    where = f" in {', '.join(places)}" if any(places) else ""
    return ok(name, f"all {sum(len(rule.verbs) for rule in rules)} of them{where}")


def beyond(cluster: KubernetesCluster, settings: Settings) -> Check:
    """What the account may do and should not; the agent refuses to start with it in a pod."""
    try:
        found = surplus(cluster, declared(settings), settings.pod_namespace)
    except ToolError as error:
        return broken("no rights beyond", str(error), GRANT)
    if not found:
        return ok("no rights beyond", "none of the dangerous ones that are not declared")
    if cluster.in_cluster:
        return broken("no rights beyond", f"the agent would not start: it may {', '.join(found)}", TAKE_AWAY)
    if found == ["everything"]:
        return ok("no rights beyond", f"{ADMINISTRATOR} It starts with it and says so")
    return ok(
        "no rights beyond", f"this kubeconfig may {', '.join(found)}; a pod's account with that is refused"
    )
