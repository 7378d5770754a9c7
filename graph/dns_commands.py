"""The commands that look at the pods that resolve names, by the label by which they were found."""

from __future__ import annotations

from tools.dns_pods import found_by
from tools.records import Evidence


def logs(evidence: Evidence) -> str:
    """What they print."""
    return f"kubectl -n kube-system logs -l {found_by(evidence.items)} --tail=50"


def look(evidence: Evidence) -> str:
    """The pods and what they print; where the usual labels find none, whatever is called DNS."""
    if any(item.kind in ("around", "dns") and item.status == "no_data" for item in evidence.items):
        return "kubectl get pods -A -o wide | grep -i dns: which of them resolves names, and is it ready?"
    pods = f"kubectl -n kube-system get pods -l {found_by(evidence.items)} -o wide"
    return f"{pods}; {logs(evidence)}"
