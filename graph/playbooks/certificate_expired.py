"""Something fails since a certificate has expired: what a Certificate of the namespace or the logs say of it.

Proof: pods are not well, and a Certificate of cert-manager whose secret they mount is past its date; or, with less
weight, the logs of what crashes speak of an expired certificate. Logs are a hint: they name the cause for a person and
lead to no action. Counter-proof: the Certificate is valid, or another class explains the pods, all of which are asked
first. A restart helps only after a renewal, and only a program that does not read the file anew.
"""

from __future__ import annotations

from graph.log_words import hint
from graph.playbooks import Playbook
from graph.state import Finding
from graph.symptoms import crashed_container, live_pods
from tools.records import CertificateFacts, Evidence


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
        f"{certificate.not_after:%Y-%m-%d %H:%M:%S} UTC; {ill} of {len(live_pods(evidence))} pods are not well.",
        directness=0.8,
        evidence=tuple(
            id_ for kind in ("certificates", "pods", "previous_logs") for id_ in evidence.cite(kind)
        ),
        facts=(
            f"Certificate {certificate.name}, Secret {certificate.secret}: not renewed{why}",
            *_said(evidence),
        ),
        ruled_out=("a bad release: nothing proves that the newest revision broke it",),
        next_step=f"kubectl describe certificate {certificate.name}: why is it not renewed? Then see its "
        "CertificateRequests and its issuer. A program that reads the file only once needs a restart after that.",
    )


def _by_logs(ill: int, evidence: Evidence) -> Finding | None:
    found = hint(evidence)
    if found is None or found.topic != "certificate":
        return None
    valid = [c.name for c in evidence.certificates]
    return Finding(
        problem="certificate_expired",
        summary=f"{ill} of {len(live_pods(evidence))} pods are not well, and their logs point to a certificate "
        "that has expired.",
        directness=0.5,
        evidence=(found.evidence_id, *evidence.cite("pods")),
        facts=(f'the log: "{found.line}"', "a log is a hint, and no proof"),
        ruled_out=tuple(f"Certificate {name} of cert-manager: it is valid" for name in valid[:2]),
        next_step="Whose is it? echo | openssl s_client -connect HOST:PORT | openssl x509 -noout -dates -subject, with "
        "the host that the log names; then renew it there.",
    )


def _said(evidence: Evidence) -> tuple[str, ...]:
    found = hint(evidence)
    return (f'the log: "{found.line}"',) if found and found.topic == "certificate" else ()


PLAYBOOK = Playbook(problem="certificate_expired", rank=80, proves=proves)
