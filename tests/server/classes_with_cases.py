"""Of classes about load, nodes, the cluster and what is no incident: where each applies, and what only looks like it.

Several may look alike; each of them must be told as something else, or as the other side of the same class.
"""

from __future__ import annotations

CLASSES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "control_plane": (("harbour-lamp", "quarry-bell", "mill-race", "fern-hollow"), ("copper-kettle",)),
    "dns_failing": (("willow-step", "amber-gate"), ("slate-porch", "dns-resolver")),
    "monitoring_degraded": (("lark-field", "thorn-well", "otter-creek"), ("juniper-lane",)),
    "certificate_expiring": (("basin-rock", "plum-ridge"), ("cedar-point", "log-shipper")),
    "quota_used_up": (("stone-arch", "river-oak"), ("parcel-label",)),
    "capacity_overcommitted": (("gravel-bend",), ("maple-yard",)),
    "volume_errors": (("salt-marsh", "hazel-copse"), ("wal-archive",)),
    "budget_not_met": (("rook-tower", "finch-grove", "pewter-cup"), ("session-proxy",)),
    "host_trouble": (("tin-roof", "lead-pane"), ("rack-one",)),
    "throttling": (("silk-road",), ("brass-key",)),
    "channel_test": (("paper-kite",), ("chalk-line",)),
}
