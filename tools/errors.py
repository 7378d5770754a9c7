"""What can go wrong outside, in the words that decide what happens next.

ToolError
├── TransientError      try again: 429, 5xx, timeouts, dropped connections
├── UnknownOutcome      a write was sent and its answer is lost: read back, never just repeat
├── StoreError          our own record cannot be read or written: nothing was stored, the message says what to do
└── PermanentError      do not try again: 400, 401, 403, 404, 409, 422
    ├── NotFound        404
    ├── Forbidden       401, 403: somebody must grant a right
    ├── Conflict        409, or 422 of a failed JSON Patch test: read again and compare again
    ├── Gone            410: a continue token or resourceVersion that is too old
    ├── Invalid         400, 422: the request is wrong and will stay wrong
    │   └── DryRunUnsupported   a webhook refuses every dry run: whether the write would be taken is not known
    └── Refused         our own policy said no
        └── Crowded     it said yes, and another write took the place meanwhile

No data is a value, never an exception: see `EvidenceItem.status`.
"""

from __future__ import annotations


class ToolError(Exception):
    """An outside system did not do what was asked."""

    def __init__(self, message: str, *, status: int | None = None, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        """HTTP status, where there was one."""
        self.reason = reason
        """Machine-readable reason of a Kubernetes Status body, e.g. `AlreadyExists`."""


class TransientError(ToolError):
    """The same request may succeed later."""

    def __init__(
        self, message: str, *, status: int | None = None, reason: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(message, status=status, reason=reason)
        self.retry_after = retry_after
        """Seconds the server asked for, where it did."""


class UnknownOutcome(ToolError):
    """A write was sent and nobody knows whether it took effect."""


class StoreError(ToolError):
    """Our own record cannot be read or written; a transaction that raises it has stored nothing."""


class PermanentError(ToolError):
    """The same request will fail again."""


class NotFound(PermanentError):
    """The object does not exist."""


class Forbidden(PermanentError):
    """The account lacks a right, or is not known."""


class Conflict(PermanentError):
    """The object is not as the request said it is."""


class Gone(PermanentError):
    """A list position has expired: list again from the start."""


class Invalid(PermanentError):
    """The request is malformed or violates the schema."""


class DryRunUnsupported(Invalid):
    """An admission webhook cannot be asked without effect, so that nobody knows what it would say."""


class Refused(PermanentError):
    """Our own rules forbid it; nothing was sent."""


class Crowded(Refused):
    """There was room when policy was asked, and there is none any more; nothing was claimed."""

    def __init__(self, message: str, *, rule: str, asks: bool = True) -> None:
        super().__init__(message)
        self.rule = rule
        """Of policy, that would stand in the way now."""
        self.asks = asks
        """A person may go on in spite of it."""
