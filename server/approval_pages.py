"""What a page shows of an approval, with what policy lets people say to it."""

from __future__ import annotations

from typing import Any

from server.four_eyes import two_needed
from server.granting import grantable
from server.in_force import digest_of, in_force
from server.parts import AppParts
from server.views import approval_page
from tools.approvals import Approval


def page_of(approval: Approval, parts: AppParts) -> dict[str, Any]:
    """Ready for its template. Raises StoreError."""
    policy, held = parts.policy, in_force(parts, approval)
    return {
        **approval_page(approval),
        "grantable": grantable(approval, policy),
        "two": two_needed(approval, policy),
        "held": [each.words for each in held],
        "seen": digest_of(held),
    }
