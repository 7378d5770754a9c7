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
    "hpa_without_metrics": (("ivory-comb", "walnut-box"), ("plaza-lamp",)),
    "hpa_has_room": (("violet-ink",), ("brass-key", "tiles-painter")),
    "hpa_off_target": (("cobalt-jar",), ("zinc-bowl",)),
    "node_pressure": (("anvil-yard", "ember-pit"), ("tin-roof",)),
    "node_in_maintenance": (("oak-gate", "chalk-barn", "rack-two"), ("ash-fence", "rack-three")),
    "node_flapping": (("reed-bank",), ("moss-hill", "rack-five")),
    "node_full": (("vine-trellis",), ("bramble-patch",)),
    "job_takes_long": (("night-barge",), ("dawn-ferry", "hourly-export")),
    "suspended_on_purpose": (("idle-press",), ("spare-wheel",)),
    "rolling_out": (("fresh-coat",), ("late-train",)),
    "rollout_paused": (("half-mast",), ("news-teaser",)),
    "controller_behind": (("slow-clerk",), ("quick-clerk",)),
}
