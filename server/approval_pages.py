"""What a page shows of an approval, with what policy lets people say to it."""

from __future__ import annotations

from typing import Any

from graph.policy import PolicySettings
from server.four_eyes import two_needed
from server.granting import grantable
from server.views import approval_page
from tools.approvals import Approval


def page_of(approval: Approval, policy: PolicySettings | None) -> dict[str, Any]:
    """Ready for its template."""
    return {
        **approval_page(approval),
        "grantable": grantable(approval, policy),
        "two": two_needed(approval, policy),
    }
