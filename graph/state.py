"""What an incident knows as it runs: frozen records, one writer per field, additive only.

Node names and field names are a storage format: a renamed node strands waiting runs silently (durability.md R5).
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias, TypedDict

from pydantic import Field

from tools.records import (
    ActionCall,
    Alert,
    ApprovalAnswer,
    Argument,
    Evidence,
    Observation,
    Preview,
    Receipt,
    Record,
    Risk,
    Similar,
    Target,
    Verdict,
)

HowSoon: TypeAlias = Literal["now", "soon", "later", ""]
Route: TypeAlias = Literal["act", "ask", "notify", "ignore"]
Status: TypeAlias = Literal[
    "received",
    "investigating",
    "settling",
    "awaiting_approval",
    "executing",
    "verifying",
    "recovered",
    "provisional",
    "inconclusive",
    "escalated",
    "notified",
    "rejected",
    "expired",
    "withdrawn",
    "merged",
    "ignored",
]


class Finding(Record):
    """What the evidence proves: a problem class and the facts it rests on."""

    problem: str
    """`bad_release`, `transient_crash`, `image_error`, `unknown`, `recovered_by_itself`, …"""
    summary: str
    """One or two sentences for a person: cause first."""
    directness: float
    """0..1: 1 when API facts prove it alone, less where something is inferred."""
    evidence: tuple[str, ...] = ()
    """Ids of the items that prove it."""
    facts: tuple[str, ...] = ()
    """The deciding facts, one line each."""
    ruled_out: tuple[str, ...] = ()
    """What was checked and is not the cause, with why."""
    next_step: str = ""
    """For a person, when no action is right: what to do, with its command."""
    broken: bool = True
    """False: nothing is wrong now (`recovered_by_itself`)."""
    how_soon: HowSoon = ""
    """Where pods that are ready do not tell how soon somebody must look: load at its limit, a date, planned work."""
    cause: str = ""
    """What is ill, where that is not the target itself, the same for all that it makes ill: `node/node-1`."""


class Proposal(Record):
    """An action that could be done, with what it rests on. Bound to `digest` from approval to write."""

    call: ActionCall
    target: Target
    risk: Risk
    problem: str
    reason: str
    """Why this action would help, in one sentence."""
    workload_digest: str = ""
    """Template digest of the target when this was proposed; a different one later is a 412."""
    observed: Observation | None = None
    """The workload when this was proposed: the snapshot that later reads are compared with."""
    health_proof: Literal["proved", "not_proved", ""] = ""
    """Rollback only: whether the revision's health is proved (product.md section 3)."""
    then: tuple[ActionCall, ...] = ()
    """What has to follow before its rollout can be over (`graph.second_steps`): shown, approved and done with it."""
    leak_proved: bool = False
    """Restart only: metrics show the siblings of a pod that was killed for memory near their own limit."""
    edited: dict[str, Argument] = {}
    """Arguments that a person set, instead of those that the evidence led to."""
    undo_of: str = ""
    """Ledger key of the write that this takes back, because a person asked for it."""
    preview: Preview | None = None
    digest: str = ""
    """sha256 over call, target uid, snapshot and preview: what an approval is bound to."""


class Decision(Record):
    """The decision record (product.md section 3): the same in the API, replay and evaluation."""

    incident_id: str
    target: dict[str, str] | None
    problem: str
    route: Route
    action: ActionCall | None
    confidence: float
    confidence_parts: dict[str, float] = {}
    reasons: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    blocked_by: tuple[str, ...] = ()
    decider: str = "playbook"
    absent: tuple[str, ...] = Field(default=(), exclude_if=lambda words: not words)
    """Of a proposal: guards whose source is not configured, so that nobody asked them."""
    granted: str = Field(default="", exclude_if=lambda words: not words)
    """The grant of a person under which this may be done once more, in words; empty: none."""
    without_test: Literal["act", "ask", "notify", ""] = Field(default="", exclude_if=lambda route: not route)
    """Of a test with something to do: the route that a real incident would have had. Empty for what is no test."""


class Progress(Record):
    """What the looks since a write add up to: all that the next verdict needs, however many there were."""

    looks: int = 0
    failed_looks: int = 0
    """In a row, up to now."""
    last_error: str = ""
    rolled_out_at: datetime | None = None
    """When a look first found the rollout complete."""
    window_started_at: datetime | None = None
    """Start of the stability window; None while it has not begun or was broken."""
    restarts: dict[str, int] = {}
    """`<pod uid>/<container>` -> restartCount at the window's start."""
    ends: dict[str, datetime] = {}
    """`<pod uid>/<container>` -> when its newest termination was, at the window's start."""
    restarts_before: dict[str, int] = {}
    """`<pod uid>/<container>` -> restarts that the write has no part in, as far as the look could tell
    that first saw the pod."""
    stuck_since: dict[str, datetime] = {}
    """`<pod uid>/<container>` -> since which look it has been unable to start."""
    pending_since: dict[str, datetime] = {}
    """Pod -> since which look it has been Pending."""
    unready_since: dict[str, datetime] = {}
    """Pod -> since which look it has not been ready."""
    worse_looks: int = 0
    """Looks in a row, up to now, at which fewer pods were available than before the write."""
    pod_uids: tuple[str, ...] = ()
    """At the window's start."""
    warnings: tuple[str, ...] = ()
    """At the window's start."""
    resets: int = 0
    """How often the window was broken and begun again."""
    last: Observation | None = None
    """The newest look that could be read."""


class Steps(Record):
    """How far an action of many writes has come after its first one."""

    sent: int = 0
    held_since: datetime | None = None
    """Since when nothing could be sent; None: the newest look sent something."""
    why: str = ""
    """What is waited for, or why it ended."""
    ended: Literal["", "over", "stopped", "hindered"] = ""
    """`stopped`: by a person. `hindered`: something is left that could not be done."""


class IncidentState(TypedDict, total=False):
    """The graph's state. Whole logs live in SQL; here are excerpts of at most 5 KB."""

    incident_id: str
    """Set by the runner's first input; equals the thread id."""
    episode_id: str
    """Written by parse_alert."""
    alerts: list[Alert]
    """Written by parse_alert; read again from the record where freshness matters."""
    target: Target | None
    """Written by parse_alert."""
    unresolved: str
    """Why there is no target; written by parse_alert."""
    evidence: Evidence
    """Written by gather_logs."""
    similar: list[Similar]
    """Written by retrieve_similar."""
    memory_gap: str
    """Why the memory could not be read; written by retrieve_similar. Absent or empty: nothing is missing."""
    finding: Finding
    """Written by decide."""
    decision: Decision
    """Written by decide."""
    proposal: Proposal | None
    """Written by decide."""
    settle_until: str
    """RFC 3339; written by decide."""
    proposals: int
    """How many proposals this run has made; written by request_approval."""
    approval_id: str
    """Written by request_approval."""
    answer: ApprovalAnswer
    """Written by await_approval."""
    receipt: Receipt
    """Written by execute."""
    progress: Progress
    """Written by verify: what the looks since the receipt add up to."""
    look_at: str
    """When to look next, RFC 3339; written by verify and advance."""
    steps: Steps
    """Written by advance. Absent: the action is one write, or none of its further ones was due."""
    verdict: Verdict
    """Written by verify."""
    undo_receipt: Receipt
    """Written by undo."""
    outcome: Status
    """How the run ended; written by the node that ends it."""
    phase: Literal["closed"]
    """Written by report, last of all."""
