"""Rules about an autoscaler's maximum (kubernetes.md 2.1, 4.8). Pure; they have the form of those in `graph.policy`.

What could not be read is no room: it refuses. The way back to the maximum before is not held by them.
"""

from __future__ import annotations

from graph.policy_facts import Answer, PolicyFacts, PolicySettings

RAISE = "set_hpa_maximum"


def hpa_unread(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Without the autoscalers nobody knows what another one does; without the quotas, whether pods find room."""
    unread = sorted({"autoscalers", "quotas"} & set(facts.evidence_missing))
    return ("refuse", f"could not be read: {', '.join(unread)}") if _raises(facts) and unread else None


def hpa_contested(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Two that scale one workload undo each other's work already; the one that is meant has to be there."""
    found = facts.guards.autoscalers
    if not _raises(facts) or (len(found) == 1 and found[0].uid == facts.guards.scaler_uid):
        return None
    return (
        "refuse",
        f"{len(found)} autoscalers scale the workload, where exactly the one that is meant must",
    )


def hpa_managed(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """What Git, KEDA or an operator owns is changed there, whoever owns the workload (kubernetes.md 4.9)."""
    owner = next((a.managed_by for a in facts.guards.autoscalers), "")
    if not _raises(facts) or not owner:
        return None
    if owner == "helm":
        return ("ask", "the autoscaler is managed by Helm: the next upgrade will undo it")
    return ("refuse", f"the autoscaler is managed by {owner}, which would revert it: change it there")


def hpa_limit(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """No workload may grow beyond the cap, whatever it would need."""
    if _raises(facts) and facts.guards.replicas > settings.most_replicas:
        return (
            "refuse",
            f"a maximum of {facts.guards.replicas} is more than the cap of {settings.most_replicas}",
        )
    return None


def hpa_quota(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A maximum whose pods no quota lets in would help nobody."""
    return ("refuse", facts.guards.quota_lacks) if _raises(facts) and facts.guards.quota_lacks else None


HPA_GUARDS = (hpa_unread, hpa_contested, hpa_managed, hpa_limit, hpa_quota)


def _raises(facts: PolicyFacts) -> bool:
    return facts.action == RAISE and not facts.undo_requested
