"""By which labels the pods that resolve the cluster's names are found in kube-system.

kubeadm and most providers label CoreDNS as what came before it, `k8s-app=kube-dns`; others `k8s-app=coredns`; its Helm
chart `app.kubernetes.io/name=coredns`. The two of one key are one list; the chart's is a second one, only where that
found none.
"""

from __future__ import annotations

from collections.abc import Iterable

from tools.records import EvidenceItem

USUAL = "k8s-app in (kube-dns,coredns)"
BY_CHART = "app.kubernetes.io/name=coredns"


def found_by(items: Iterable[EvidenceItem]) -> str:
    """The selector by which an item has found them, `USUAL` where none has; as a shell takes it, quoted if need be.

    Only what is spelled here is given back, whatever a query holds.
    """
    by_chart = any(each.status == "found" and each.query.endswith(f"={BY_CHART}") for each in items)
    return BY_CHART if by_chart else f"'{USUAL}'"
