"""What a cause that several incidents share is called: one string for each, and how a person reads it.

`registry/registry.example.com`, `credentials/registry.example.com`, `service/shop/db`, `configmap/shop/web`,
`secret/shop/web`, `quota/shop`, `node/node-1`, `dns`, `control-plane`, `monitoring`, `many-at-once`. The same string
means the same cause; an empty one that none is proved outside of the target.
"""

from __future__ import annotations

DNS = "dns"
CONTROL_PLANE = "control-plane"
MONITORING = "monitoring"
MANY_AT_ONCE = "many-at-once"

_ALONE = {
    DNS: "the cluster's DNS",
    CONTROL_PLANE: "the control plane",
    MONITORING: "the monitoring",
    MANY_AT_ONCE: "many workloads fell ill at once",
}
_OF = {
    "node": "node {}",
    "registry": "registry {}",
    "credentials": "the credentials for registry {}",
    "service": "Service {}",
    "configmap": "ConfigMap {}",
    "secret": "Secret {}",
    "quota": "the quota of namespace {}",
}


def words(cause: str) -> str:
    """`node node-1`; one that this release does not know stays as it is."""
    kind, _, which = cause.partition("/")
    return _ALONE.get(cause) or (_OF[kind].format(which) if kind in _OF else cause)
