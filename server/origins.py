"""Who may a request come from: Host, Origin, Sec-Fetch-Site, and a form token for browsers.

Any web page can post to 127.0.0.1, and a name that resolves to it can read from there; so this is checked on
loopback and without tokens too. A program (no Origin, no Cookie, no Sec-Fetch-Site) needs no form token.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, request
from flask_wtf.csrf import CSRFProtect

from server.problems import Problem
from server.settings import Settings

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
PROBES = frozenset({"/livez", "/readyz"})
WEBHOOK = "/webhook"
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_WILDCARDS = frozenset({"0.0.0.0", "::"})


def install(app: Flask, settings: Settings) -> None:
    """Check every request of this app before its route."""
    csrf = CSRFProtect()
    app.config.update(
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        # The origin check below does what the referrer check would do, behind a proxy too.
        WTF_CSRF_SSL_STRICT=False,
    )
    csrf.init_app(app)
    names = _allowed_names(settings)

    def check() -> None:
        _check_host(names, settings)
        if request.method in SAFE:
            return
        _check_site(settings)
        if request.path != WEBHOOK and _is_browser():
            csrf.protect()

    app.before_request(check)


def _allowed_names(settings: Settings) -> frozenset[str]:
    public = urlsplit(settings.public_url).hostname if settings.public_url else None
    return (_LOCAL_NAMES | {settings.host.lower()} | ({public} if public else set())) - _WILDCARDS


def _host_name(host: str) -> str:
    return (urlsplit(f"//{host}").hostname or "").lower()


def _check_host(names: frozenset[str], settings: Settings) -> None:
    """Refuse names that are not ours, so that no page can reach us under a name of its own.

    Probes are open to all anyway, and a request with a token in its header cannot be made by a strange page:
    the kubelet and Prometheus come by address.
    """
    if request.path in PROBES or _brings_token(settings):
        return
    if _name_or_empty(request.host) not in names:
        raise Problem(
            421,
            "unknown-host",
            "Not a name of this server",
            f"The Host header says {request.host!r}. Use localhost or 127.0.0.1, or set PUBLIC_URL to the "
            "address under which people reach the agent.",
        )


def _name_or_empty(host: str) -> str:
    try:
        return _host_name(host)
    except ValueError:
        return ""


def _brings_token(settings: Settings) -> bool:
    if request.authorization is None:
        return False
    if request.path == WEBHOOK:
        return bool(settings.webhook_token or settings.webhook_token_file)
    return settings.auth_tokens_file is not None


def _check_site(settings: Settings) -> None:
    """Refuse what another site's page sends. Another port of the same machine is another site, too."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")
    if site in ("none", "same-origin") and (origin is None or _is_ours(origin, settings)):
        return
    raise Problem(
        403,
        "cross-site",
        "Refused: sent by another site's page",
        f"Origin {origin!r}, Sec-Fetch-Site {site!r}, Host {request.host!r}. Open the agent's own page and "
        "decide there. Behind a proxy, set PUBLIC_URL to the address that browsers see.",
    )


def _is_ours(origin: str, settings: Settings) -> bool:
    if settings.public_url and origin.lower() == _origin_of(settings.public_url):
        return True
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc.lower() == request.host.lower()


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _is_browser() -> bool:
    return any(name in request.headers for name in ("Origin", "Cookie", "Sec-Fetch-Site"))
