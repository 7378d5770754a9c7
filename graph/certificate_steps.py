"""Whose certificate an alert speaks of, what stops when it expires, and how it is looked at and renewed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from graph.alert_words import label, named
from tools.records import Alert

_ADDRESS = re.compile(
    r"(?:[a-z]+://)?(?P<host>[A-Za-z0-9](?:[-A-Za-z0-9.]{0,251}[A-Za-z0-9])?)(?::(?P<port>\d{1,5}))?(?:/.*)?"
)
"""An address as a prober names it; only what a host's name can be goes into a command."""


class Owner(NamedTuple):
    """Of a certificate."""

    title: str
    then: str
    """What stops once it has expired."""
    step: str


def owner(alerts: Sequence[Alert]) -> Owner:
    """By the alert's name and labels."""
    names = " ".join(alert.name for alert in alerts)
    if "CertManager" in names or label(alerts, "issuer_name"):
        return _of_cert_manager(alerts)
    if "Kubelet" in names or label(alerts, "node"):
        return _of_kubelet(alerts, "Server" in names)
    return _of_client() if names.startswith("Kube") else _of_address(alerts)


def _of_kubelet(alerts: Sequence[Alert], server: bool) -> Owner:
    node = named(alerts, "node")
    kind = "server" if server else "client"
    then = (
        "kubectl logs and exec, and the scrapes of this kubelet, fail; pods go on"
        if server
        else f"{node}'s kubelet may not report any more: the node turns NotReady and its pods are evicted 300 s later"
    )
    return Owner(
        f"the {kind} certificate of the kubelet on {label(alerts, 'node') or 'a node'}",
        then,
        f"kubectl get csr | grep -e Pending -e system:node:{node}: a request of this node that is Pending waits for "
        "kubectl certificate approve with its name, once it is sure that the node itself asked. If there is none, on "
        f"{node}: openssl x509 -noout -enddate -in /var/lib/kubelet/pki/kubelet-{kind}-current.pem, and journalctl -u "
        "kubelet --since -1d | grep -i certificate says why it does not renew it.",
    )


def _of_client() -> Owner:
    return Owner(
        "the certificate of a client of the API server",
        "that client is refused by the API server (401): a component of the control plane, a kubelet, or a kubeconfig "
        "of a person or a pipeline",
        "On a control-plane node: kubeadm certs check-expiration lists the dates of the control plane's own; kubeadm "
        "certs renew all renews them, and its static pods take them up only when they are started anew. If none of "
        "these is near, it is a kubeconfig's: the API server's audit log names who logs in with it.",
    )


def _of_address(alerts: Sequence[Alert]) -> Owner:
    told = label(alerts, "instance", "target", "host", "domain")
    found = _ADDRESS.fullmatch(told)
    host, port = (found["host"], found["port"] or "443") if found else ("<host>", "443")
    return Owner(
        f"the certificate of {told or 'an address'}",
        "clients refuse the connection",
        f"openssl s_client -connect {host}:{port} -servername {host} </dev/null | openssl x509 -noout -dates -subject "
        "-issuer shows which one is served; then renew it where that one comes from (cert-manager: kubectl get "
        "certificates -A).",
    )


def _of_cert_manager(alerts: Sequence[Alert]) -> Owner:
    space = named(alerts, "exported_namespace", "namespace")
    certificate = named(alerts, "name", "certificate")
    told = label(alerts, "name", "certificate")
    return Owner(
        f"certificate {told}" if told else "a certificate of cert-manager",
        "whoever serves it from its Secret is refused by its clients",
        f"kubectl -n {space} describe certificate {certificate} gives notAfter and why it is not renewed; then kubectl "
        f"-n {space} describe certificaterequests,orders,challenges: of the one that is not Ready or is pending, "
        "status and events name the reason (a challenge that is not reached or is refused, a limit of the issuer). Do "
        "not delete the Secret: it is what is served until then.",
    )
