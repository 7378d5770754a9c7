"""What the routes work with, put together by whoever starts the server. Nothing global, nothing opened here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tools.agreement_cases import Case
from tools.approvals import Approval, Approvals
from tools.audit import Audit
from tools.autonomy import Autonomy
from tools.clock import Clock
from tools.controls import Controls
from tools.grants import Grants
from tools.holds import Holds
from tools.incidents import Incidents
from tools.ledger import ActionLedger
from tools.listing import Listing
from tools.outbox import Outbox
from tools.readings import Readings

if TYPE_CHECKING:
    from graph.policy import PolicySettings
    from graph.proof import Change
    from server.health import Snapshot
    from server.metrics import Metrics
    from server.settings import Settings
    from server.talking import Talk
    from server.undo import Undo


class Ping(Protocol):
    """Proves that the store commits now."""

    def __call__(self) -> None:
        """Raises ToolError that says why not."""
        ...


@dataclass(frozen=True)
class AppParts:
    """Everything that a route may touch."""

    settings: Settings
    clock: Clock
    incidents: Incidents
    listing: Listing
    approvals: Approvals
    ledger: ActionLedger
    outbox: Outbox
    controls: Controls
    holds: Holds
    audit: Audit
    metrics: Metrics
    ping: Ping
    wake: Callable[[str | None], None]
    """Tell the worker that this incident (or any) has something to do. Never blocks, never runs the graph."""
    prove_again: Callable[[Approval], Change | None]
    """Read everything anew; None: as it was when it was proposed."""
    reopen: Callable[[str], str]
    """A new run for an incident that ended undecided; returns its id."""
    probe: Callable[[], Snapshot]
    """What the last look at the other systems said; never looks itself."""
    autonomy: Autonomy | None = None
    """How far actions may go; None: a server without levels."""
    cases: Callable[[], list[Case]] = list
    """What people lately said or did beside what the agent would have done."""
    policy: PolicySettings | None = None
    """The limits that runs work under; None: those that the settings give."""
    readings: Readings | None = None
    """What decisions were made from; None: nothing is kept."""
    talk: Talk | None = None
    """Chat, incidents opened by hand, marks and event streams; None: a server without them."""
    grants: Grants | None = None
    """What people let be done once more; None: nobody can."""
    undo: Undo | None = None
    """What takes requests to undo; None: a server without them."""
    works: Callable[[], bool] = lambda: True
    """Whether incidents are still driven by this process."""
    timer: Callable[[], float] = time.perf_counter
    """Seconds, for durations of requests only."""
