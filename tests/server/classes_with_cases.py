"""Of classes about load, nodes, the cluster and what is no incident: where each applies, and what only looks like it.

Several may look alike; each of them must be told as something else, or as the other side of the same class.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tools.excerpts import imperative
from tools.targets import naming

CLASSES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "control_plane": (
        ("harbour-lamp", "quarry-bell", "mill-race", "fern-hollow", "saddle-post"),
        ("copper-kettle", "thatch-eave"),
    ),
    "dns_failing": (
        ("willow-step", "amber-gate", "glass-bell", "larch-stile"),
        ("slate-porch", "dns-resolver", "cork-board", "reed-crossing"),
    ),
    "shared_dependency": (("ferry-landing", "loans-scoring"), ("tide-house",)),
    "many_at_once": (("cinder-path",), ("mint-leaf", "pine-shelf")),
    "monitoring_degraded": (("lark-field", "thorn-well", "otter-creek"), ("juniper-lane",)),
    "certificate_expiring": (("basin-rock", "plum-ridge"), ("cedar-point", "log-shipper")),
    "quota_used_up": (("stone-arch", "river-oak"), ("parcel-label",)),
    "capacity_overcommitted": (("gravel-bend",), ("maple-yard",)),
    "volume_errors": (("salt-marsh", "hazel-copse"), ("wal-archive",)),
    "budget_not_met": (("rook-tower", "finch-grove", "pewter-cup"), ("session-proxy",)),
    "host_trouble": (("tin-roof", "lead-pane", "nettle-bed"), ("rack-one",)),
    "throttling": (("silk-road",), ("brass-key",)),
    "channel_test": (("paper-kite",), ("chalk-line",)),
    "hpa_without_metrics": (("ivory-comb", "walnut-box"), ("plaza-lamp",)),
    "hpa_has_room": (("violet-ink",), ("brass-key", "tiles-painter")),
    "hpa_off_target": (("cobalt-jar",), ("zinc-bowl",)),
    "node_pressure": (("anvil-yard", "ember-pit"), ("tin-roof",)),
    "node_in_maintenance": (("oak-gate", "chalk-barn", "rack-two"), ("ash-fence", "rack-three")),
    "node_flapping": (("reed-bank",), ("moss-hill", "rack-five")),
    "kubelet_slow": (("plough-end",), ("oil-lantern",)),
    "node_full": (("vine-trellis",), ("bramble-patch",)),
    "job_takes_long": (
        ("night-barge", "bracken-fold", "osier-basket", "myrtle-arch"),
        ("dawn-ferry", "hourly-export", "plover-nest"),
    ),
    "job_held_open": (
        ("plover-nest", "curlew-marsh", "sedge-island"),
        ("bracken-fold", "osier-basket", "myrtle-arch", "clover-stile"),
    ),
    "stopped_on_purpose": (("damson-loft", "lantern-show"), ("damson-reel",)),
    "suspended_on_purpose": (("idle-press",), ("spare-wheel",)),
    "rolling_out": (("fresh-coat",), ("late-train",)),
    "rollout_paused": (("half-mast",), ("news-teaser",)),
    "pods_refused": (("flint-heron", "parcel-label", "zinc-bowl"), ("marl-lantern",)),
    "preempted": (("heron-mill",), ("tallow-row",)),
    "controller_behind": (("slow-clerk",), ("quick-clerk",)),
}


def is_storm(case: Path) -> bool:
    """Alerts about at least three different objects or, without one, of three rules; or more than ten about one."""
    alerts = [alert["labels"] for body in bodies(case) for alert in body["alerts"]]
    return len({_about(labels) for labels in alerts}) >= 3 or len(alerts) > 10


def _about(labels: dict[str, str]) -> tuple[str, str]:
    subject = naming(labels).subject()
    return subject if subject[1] else ("", labels.get("alertname", ""))


def is_hostile(case: Path) -> bool:
    """Somewhere in it stands what tells a reader what to do: in an alert, a log, an event or a status."""
    texts = [path.read_text(errors="replace") for path in case.rglob("*.log")]
    cluster = case / "cluster.yaml"
    messages = (
        re.findall(r"^ *(?:-? *)message: (.*(?:\n {6,}.*)*)$", cluster.read_text(), re.M)
        if cluster.exists()
        else []
    )
    return imperative([*texts, *messages, *(json.dumps(body) for body in bodies(case))])


def bodies(case: Path) -> list[dict[str, Any]]:
    """The webhook bodies, in order."""
    return [
        json.loads(path.read_text())
        for path in (case / "alert.json", *sorted((case / "alerts").glob("*.json")))
    ]
