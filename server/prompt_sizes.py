"""How large the prompts of an incident are, without anybody being asked."""

from __future__ import annotations

from typing import Any

from graph.counsel import question_of
from graph.services import Services
from server.notebook.moment import case_on_record


class PromptSizes:
    """Looks at decided incidents, and keeps the size of the largest prompt in bytes.

    Only of those in which a model would have something to choose: where no action is possible, none is asked.
    """

    def __init__(self) -> None:
        self.largest: int | None = None

    def __call__(self, services: Services, incident_id: str, decision: dict[str, Any]) -> None:
        case = case_on_record(services, incident_id)
        if not case.candidates or decision["route"] == "ignore":
            return
        asked = question_of(case)
        size = len(asked.system.encode()) + len(asked.user.encode())
        self.largest = max(self.largest or 0, size)
