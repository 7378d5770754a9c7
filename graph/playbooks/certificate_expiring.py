"""A certificate is about to expire, or its renewal fails: a date that is known, on which things stop.

Told by the alert: certificates are in Secrets and on nodes, which are not read. Nothing is down yet, and nothing that
is done to a workload renews it. What fails because one has expired already is another class.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph.alert_words import fire, label, named
from graph.playbooks import Playbook
from graph.state import Finding
from tools.records import Alert, Evidence

NAMES = re.compile(
    r"Kube(?:let)?(?:Client|Server)Certificate\w*|CertManager\w*Cert\w*|CertManagerAbsent"
    r"|KubernetesClientCertificateExpires\w*|(?:Ssl|SSL|Tls|TLS|Blackbox)\w*Certificate\w*Expir\w*",
)


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus, cert-manager's mixin and the community's rules, or by whose metric it is."""
    return bool(NAMES.fullmatch(alert.name)) or "issuer_name" in alert.labels


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    whose, step = _whose(alerts)
    critical = any(alert.severity == "critical" for alert in alerts)
    return Finding(
        problem="certificate_expiring",
        summary=f"{fire(alerts)}: {whose} {'expires very soon' if critical else 'expires soon'} or is not renewed.",
        directness=0.7,
        evidence=tuple(evidence.cite("nodes") + evidence.cite("pods")),
        facts=("told by the alert: certificates themselves are not read",),
        ruled_out=("an outage now: it is about a date to come",),
        next_step=step,
    )


def _whose(alerts: Sequence[Alert]) -> tuple[str, str]:
    """Whose it is, and how to look at it."""
    names = " ".join(alert.name for alert in alerts)
    if "CertManager" in names or label(alerts, "issuer_name"):
        return _of_cert_manager(alerts)
    node = label(alerts, "node")
    if "Kubelet" in names or node:
        return (
            f"the certificate of the kubelet on {node or 'a node'}",
            "kubectl get csr: is one of the node Pending? Approve it; else on the node: journalctl -u kubelet "
            "| grep -i certificate",
        )
    if names.startswith("Kube"):
        return (
            "the certificate of a client of the API server",
            "On a control-plane node: kubeadm certs check-expiration, then kubeadm certs renew all; a kubeconfig of "
            "a person or of a pipeline may be the one.",
        )
    return f"the certificate of {label(alerts, 'instance', 'host') or 'an address'}", (
        "openssl s_client -connect <host>:443 </dev/null | openssl x509 -noout -dates -subject shows which it is"
    )


def _of_cert_manager(alerts: Sequence[Alert]) -> tuple[str, str]:
    space, certificate = (
        named(alerts, "exported_namespace", "namespace"),
        named(alerts, "name", "certificate"),
    )
    told = label(alerts, "name", "certificate")
    return (
        f"certificate {told}" if told else "a certificate of cert-manager",
        f"kubectl -n {space} describe certificate {certificate}; then kubectl -n {space} get "
        "certificaterequests,orders,challenges: the one that is not Ready names the reason.",
    )


PLAYBOOK = Playbook(problem="certificate_expiring", rank=93, tells=tells, explains=explains)
