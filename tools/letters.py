"""How a message looks when it leaves: its words, and around them where it comes from and links that only show.

Links need PUBLIC_URL. They lead to pages that change nothing when they are fetched: mail scanners fetch them.
"""

from __future__ import annotations

from dataclasses import dataclass

from prompts import render
from tools.outbox import Message
from tools.shared_letters import Letter
from tools.shared_letters import words as words_of

_COLOURS = {
    "needs_approval": "#1f5fbf",
    "reminder": "#1f5fbf",
    "escalated": "#b3261e",
    "explained": "#b3261e",
    "hold": "#1f5fbf",
    "autonomy": "#1f5fbf",
}
_CALM = "#1b7f4b"


@dataclass(frozen=True)
class Letterhead:
    """What every message of this agent says beside its own words."""

    public_url: str = ""
    sandbox: bool = False
    test_cluster: bool = False

    def subject(self, message: Message) -> str:
        """The verdict first; what kind of cluster it is about last."""
        return f"{message.subject}{''.join(f' [{word}]' for word in self._marks())}"

    def text(self, message: Message) -> str:
        """Plain text, for services that show no HTML."""
        body = self._words(message)["body"].rstrip()
        return render("letter.txt.j2", body=body, **self._around(message))

    def html(self, message: Message) -> str:
        """A whole HTML document without anything to load."""
        words = self._words(message)
        verdict, _, rest = words["body"].partition("\n")
        return render(
            "letter.html.j2",
            verdict=verdict,
            fragment=words["html"],
            rest=rest.strip(),
            subject=self.subject(message),
            colour="#b3261e" if verdict.startswith("Act now") else _COLOURS.get(message.kind, _CALM),
            **self._around(message),
        )

    def _words(self, message: Message) -> dict[str, str]:
        """A letter of several links to each of them."""
        if isinstance(message, Letter):
            return words_of(message.parts, self.public_url)
        return {"body": message.body, "html": message.html}

    def _around(self, message: Message) -> dict[str, object]:
        return {
            "marks": self._marks(),
            "links": self._links(message),
            "incident_id": "" if isinstance(message, Letter) else message.incident_id,
            "written": f"{message.queued_at:%Y-%m-%d %H:%M} UTC",
        }

    def _links(self, message: Message) -> list[tuple[str, str]]:
        if not self.public_url or isinstance(message, Letter):
            return []
        links = []
        if message.approval_id:
            links.append(
                ("See the change and decide on its page", f"{self.public_url}/approve/{message.approval_id}")
            )
        if message.incident_id:
            links.append(
                (
                    "Timeline and evidence of the incident",
                    f"{self.public_url}/incidents/{message.incident_id}",
                )
            )
        return links

    def _marks(self) -> list[str]:
        return [word for word, on in (("SANDBOX", self.sandbox), ("TEST CLUSTER", self.test_cluster)) if on]
