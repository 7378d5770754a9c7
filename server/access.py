"""The agent's own account: refused at start when a pod was given more than is declared, told when it is a person's.

A pod's account outlives whoever gave it too much, and anybody who breaks into the agent has it; so the agent does not
start with it. A person's kubeconfig on a laptop is what it is: the agent starts and says so on /health and every page.
"""

from __future__ import annotations

from collections.abc import Sequence

from server.health import Probes
from server.own_namespaces import looked_at_first
from server.rights_round import RightsRound
from server.settings import Settings
from tools.access import EVERYTHING, surplus
from tools.actions import REGISTRY
from tools.clock import Clock
from tools.cluster import ClusterReader, KubernetesCluster
from tools.controls import Controls
from tools.errors import Forbidden, Refused, ToolError
from tools.rbac import Rights, rules_for
from tools.records import RbacRule

ADMINISTRATOR = "The kubeconfig is an administrator's: give the agent an account of its own (sre-agent rbac)."
TAKE_AWAY = (
    "take it away again (kubectl get rolebindings,clusterrolebindings -A -o wide shows who gave it); "
    "`sre-agent rbac` prints all that is needed"
)


def rights_of(settings: Settings) -> Rights:
    """What the readers and the actions that are on ask for."""
    return rules_for(REGISTRY.keys() & set(settings.enable_actions))


def declared(settings: Settings) -> tuple[RbacRule, ...]:
    """All of it."""
    rights = rights_of(settings)
    return (*rights.reader, *rights.executor)


def too_much(cluster: KubernetesCluster, settings: Settings) -> str:
    """What a pod's account may do beyond what is declared, as a sentence; else empty. Raises ToolError.

    Asked about its own namespace, the default one and those that the settings name.
    """
    if not cluster.in_cluster:
        return ""
    return _sentence(surplus(cluster, declared(settings), looked_at_first(settings)).refused)


def _sentence(found: Sequence[str]) -> str:
    return f"the agent's account may do more than is declared: {', '.join(found)}" if found else ""


class Account:
    """Looked at before the agent starts, and from then on again and again by /health's probe."""

    def __init__(
        self, cluster: KubernetesCluster, settings: Settings, reader: ClusterReader | None = None
    ) -> None:
        """`reader`: what lists namespaces, where another account reads."""
        self._cluster = cluster
        self._settings = settings
        self._round = RightsRound(cluster, reader or cluster, settings, rights_of(settings))
        self._clean = False

    def refuse_surplus(self) -> None:
        """Raises Refused naming the surplus.

        An API server that does not answer keeps no agent from taking alerts: it is looked at later.
        """
        if not self._cluster.in_cluster:
            return
        try:
            self._cluster.version()
            found = too_much(self._cluster, self._settings)
        except ToolError:
            return
        if found:
            raise Refused(f"{found}. The agent does not start with it. Mend: {TAKE_AWAY}.")
        self._clean = True

    def standing(self, probes: Probes, controls: Controls, clock: Clock) -> str:
        """What /health says. Raises Forbidden for a surplus found only now, and has paused all actions then."""
        if not self._cluster.in_cluster and self._cluster.allowed(*EVERYTHING):
            if not probes().admin_kubeconfig:
                probes.note(ADMINISTRATOR, admin_kubeconfig=True)
            return "an administrator"
        if not self._clean:
            self._stop_for(too_much(self._cluster, self._settings), controls, clock)
            self._clean = True
        found = self._round.look(clock.now())
        if self._cluster.in_cluster:
            self._stop_for(_sentence(found), controls, clock)
        return f"an account of its own; {self._round.words()}"

    def _stop_for(self, found: str, controls: Controls, clock: Clock) -> None:
        if not found:
            return
        if not controls.pause_state().paused:
            controls.pause(actor="sre-agent", reason=found, at=clock.now())
        raise Forbidden(f"{found}; all actions are paused. Mend: {TAKE_AWAY}, then restart the agent")
