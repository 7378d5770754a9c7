"""Something fails since a certificate has expired: what a Certificate of the namespace or the logs say of it.

Proof: pods are not well, and a Certificate of cert-manager whose secret they mount is past its date; or, with less
weight, the logs of what crashes speak of an expired certificate. Logs are a hint: they name the cause for a person and
lead to no action. Counter-proof: the Certificate is valid, or another class explains the pods, all of which are asked
first. A restart helps only after a renewal, and only a program that does not read the file anew.
"""

from __future__ import annotations

import re

from graph import counted
from graph.ages import old
from graph.log_words import hint
from graph.playbooks import Playbook
from graph.state import Finding
from graph.symptoms import crashed_container, describe_crash, live_pods
from graph.workload_words import restarts_all
from tools.excerpts import message, quote
from tools.records import CertificateFacts, Evidence

_HOST = re.compile(
    r"(?<![-\w.])(?![-\w.]*\.(?:go|py|js|ts|rb|java|kt|rs|cc?|cpp|cs|php|scala):)[a-zA-Z][-\w]*(?:\.[-\w]+)*:\d{2,5}\b"
)
"""`db.shop.svc:5432`, as programs write whom they call; not `peer.go:90`, where they do it."""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    ill = [
        pod for pod in live_pods(evidence) if not pod.ready or crashed_container(pod, evidence.collected_at)
    ]
    if not ill:
        return None
    expired = [c for c in evidence.certificates if c.not_after and c.not_after <= evidence.collected_at]
    if expired:
        return _by_certificate(expired[0], len(ill), evidence)
    return _by_logs(len(ill), evidence)


def _by_certificate(certificate: CertificateFacts, ill: int, evidence: Evidence) -> Finding:
    assert certificate.not_after is not None
    why = f": {certificate.reason}" if certificate.reason else ""
    return Finding(
        problem="certificate_expired",
        summary=f"Certificate {certificate.name}, which the pods mount, expired at "
        f"{certificate.not_after:%Y-%m-%d %H:%M:%S} UTC ({old(certificate.not_after, evidence.collected_at)} ago); "
        f"{counted.part(ill, len(live_pods(evidence)), 'is', 'are')} not well.",
        directness=0.8,
        evidence=tuple(
            id_ for kind in ("certificates", "pods", "previous_logs") for id_ in evidence.cite(kind)
        ),
        facts=(
            f"Certificate {certificate.name}, Secret {certificate.secret}: not renewed{why}",
            *_said(evidence),
        ),
        next_step=f"kubectl describe certificate {certificate.name}: why is it not renewed? Then kubectl get "
        "certificaterequests, and its issuer. Once it is renewed, a program that reads the file only at its start "
        f"needs kubectl rollout restart <workload> ({restarts_all(evidence)}); before that a restart mends nothing.",
    )


def _by_logs(ill: int, evidence: Evidence) -> Finding | None:
    found = hint(evidence)
    if found is None or found.topic != "certificate":
        return None
    valid = [c.name for c in evidence.certificates]
    return Finding(
        problem="certificate_expired",
        summary=f"{counted.part(ill, len(live_pods(evidence)), 'is', 'are')} not well, and a log speaks of a "
        f"certificate that has expired: {quote(message(found.line, 160))}.",
        directness=0.5,
        evidence=(found.evidence_id, *evidence.cite("pods")),
        facts=(
            "a log is a hint, and no proof: whose certificate it is, it does not say",
            *(
                describe_crash(p, c)
                for p in live_pods(evidence)
                if (c := crashed_container(p, evidence.collected_at))
            ),
        )[:3],
        ruled_out=tuple(f"Certificate {name} of cert-manager: it is valid" for name in valid[:2]),
        next_step=_whose(found.line, evidence),
    )


def _whose(line: str, evidence: Evidence) -> str:
    """The host that the line names is asked for its certificate; without one the log is read for it."""
    host = _HOST.search(line)
    renew = "Renew it there; a restart here mends nothing before that."
    if host:
        return f"echo | openssl s_client -connect {host[0]} | openssl x509 -noout -dates -subject. {renew}"
    pods = [p for p in live_pods(evidence) if not p.ready or crashed_container(p, evidence.collected_at)]
    return (
        f"kubectl logs {pods[0].name} --all-containers --tail=100: which host does it call? Then echo | openssl "
        f"s_client -connect HOST:PORT | openssl x509 -noout -dates -subject. {renew}"
    )


def _said(evidence: Evidence) -> tuple[str, ...]:
    found = hint(evidence)
    return (f"the log: {quote(found.line)}",) if found and found.topic == "certificate" else ()


PLAYBOOK = Playbook(problem="certificate_expired", rank=80, proves=proves)
