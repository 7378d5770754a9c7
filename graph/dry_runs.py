"""What a test would have done: asked of the API server by dry run, told, and never written."""

from __future__ import annotations

from graph import messages, proposals
from graph.services import Services
from graph.state import Decision, Proposal
from tools.errors import ToolError

NOTE = "dry_run"


def rehearse(
    services: Services, incident_id: str, decision: Decision, proposal: Proposal | None
) -> Proposal | None:
    """The proposal with its preview, where the server could be asked; the timeline tells its answer, once."""
    if proposal is None:
        return None
    try:
        shown = proposals.preview(services, proposal)
        answer = shown.preview.dry_run if shown.preview else ""
    except ToolError as error:
        shown, answer = proposal, f"could not be asked: {error}"
    if all(entry.kind != NOTE for entry in services.incidents.timeline(incident_id)):
        would = messages.without_test(decision)
        call = messages.call_line(proposal.call)
        services.incidents.note(incident_id, NOTE, f"{call}: {answer}. Were this no test, it {would}.")
    return shown
