"""The keys and certificates of a throw-away control plane, made with openssl."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

NAMES = "subjectAltName=IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes.default.svc\n"
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Certificates:
    """Paths: the authority, one server certificate for API server and kubelets, the key of ServiceAccount tokens."""

    ca: Path
    server: Path
    server_key: Path
    account_key: Path
    account_public_key: Path


def create(folder: Path) -> Certificates:
    """Make everything in `folder`; valid for 30 days. Raises RuntimeError with what openssl said."""
    made = Certificates(
        *(folder / n for n in ("ca.crt", "server.crt", "server.key", "account.key", "account.pub"))
    )
    request, names, ca_key = folder / "server.csr", folder / "server.ext", folder / "ca.key"
    names.write_text(NAMES)
    _openssl(
        "req", "-x509", *NEW_KEY, "-keyout", ca_key, "-out", made.ca, "-days", "30", "-subj", "/CN=test-ca"
    )
    _openssl("req", *NEW_KEY, "-keyout", made.server_key, "-out", request, "-subj", "/CN=test-control-plane")
    signed = ("-CA", made.ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "30", "-extfile", names)
    _openssl("x509", "-req", "-in", request, *signed, "-out", made.server)
    _openssl("genrsa", "-out", made.account_key, "2048")
    _openssl("rsa", "-in", made.account_key, "-pubout", "-out", made.account_public_key)
    return made


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr.strip()}")
