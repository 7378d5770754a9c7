"""What a message looks like when it leaves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tools.letters import Letterhead
from tools.outbox import Message

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def message(**changes: Any) -> Message:
    """The end of an incident."""
    fields = {
        "key": "i1:report",
        "incident_id": "i1",
        "kind": "acted",
        "subject": "Nothing to do: shop/web: transient_crash",
        "body": "Nothing to do: acted and recovered.\n\nWhat: <b>it</b> crashed.\n",
        "queued_at": NOW,
    }
    return Message.model_validate({**fields, **changes})


def test_without_an_address_of_its_own_it_has_ids_and_no_links() -> None:
    """Nobody gets a link to a host that was guessed."""
    for text in (Letterhead().text(message()), Letterhead().html(message(approval_id="a1"))):
        assert "http" not in text
        assert "Incident i1." in text


def test_links_lead_to_pages_that_only_show() -> None:
    """The approval's page and the incident's, never an address that decides when it is fetched."""
    letterhead = Letterhead("https://agent.example")
    text = letterhead.text(message(approval_id="a1"))
    links = [word for word in text.split() if word.startswith("http")]
    assert links == ["https://agent.example/approve/a1", "https://agent.example/incidents/i1"]
    assert letterhead.html(message(approval_id="a1")).count("<a href=") == 2


@pytest.mark.parametrize(
    ("letterhead", "mark", "words"),
    [
        (Letterhead(sandbox=True), "[SANDBOX]", "built-in sandbox"),
        (Letterhead(test_cluster=True), "[TEST CLUSTER]", "TEST CLUSTER: verification windows are shortened"),
    ],
)
def test_what_is_no_production_cluster_says_so(letterhead: Letterhead, mark: str, words: str) -> None:
    """After the verdict in the subject, and under it in the mail."""
    subject, html = letterhead.subject(message()), letterhead.html(message())
    assert subject == f"Nothing to do: shop/web: transient_crash {mark}"
    body = html.partition("<body")[2]
    assert body.index("Nothing to do: acted") < body.index(words)


def test_html_shows_text_from_clusters_as_text() -> None:
    """Also where a message has no HTML of its own, and nothing in it is loaded from elsewhere."""
    html = Letterhead().html(message())
    assert "What: &lt;b&gt;it&lt;/b&gt; crashed." in html
    assert not any(word in html for word in ("<img", "<script", "<link", "src=", "url("))
