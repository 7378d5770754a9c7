"""An explained case for a terminal: the story from the alert to the decision, a section to each step."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from server.notebook.tables import Table, arguments, listed

WIDE = 90
"""Characters after which a text goes on in the next line."""
MOST_EXCERPT = 12
"""Lines of an item's text that are shown; --json has all of them."""


def text(told: Mapping[str, Any]) -> Iterator[str]:
    """Lines, sections apart by an empty one."""
    case, expected = told["case"], told["expected"] or {}
    outcome = f"{case['outcome']}{', best' if case['best'] else ''}"
    missed = f" ({case['miss'].replace('_', ' ')})" if case.get("miss") else ""
    yield f"{case['id']}: {case['answer']}, {outcome}{missed}; expected {expected.get('expected', 'nothing')}"
    if case.get("error"):
        yield f"It could not be run: {case['error']}"
    yield ", ".join(f"{name.replace('_', ' ')}: {got}" for name, got in told["baselines"].items())
    for number, incident in enumerate(told["incidents"], start=1):
        if len(told["incidents"]) > 1:
            yield from ("", f"Incident {number} of {len(told['incidents'])}")
        for table in _tables(incident):
            yield from ("", _visible(repr(table)))


def _tables(incident: Mapping[str, Any]) -> Iterator[Table]:
    yield Table("Alerts", ("name", "status", "labels"), [_alert(alert) for alert in incident["alerts"]])
    yield Table(
        "Evidence", ("id", "kind", "status", "what it says"), [_item(i) for i in incident["evidence"]]
    )
    texts = [(item["id"], _excerpt(item["excerpt"])) for item in incident["evidence"] if item["excerpt"]]
    yield Table("Excerpts", ("id", "text"), texts, "No log and no event was there to read.")
    proofs = _proofs(incident["proofs"])
    yield Table("Proofs tried, in order; the first that proves decides", ("playbook", "", "why"), proofs)
    yield Table("Finding", ("", ""), _finding(incident["finding"]))
    before = [(b["incident_id"], b["problem"], b["action"], b["verdict"]) for b in incident["before"]]
    yield Table("What was done before", ("incident", "problem", "action", "verdict"), before)
    candidates = [_candidate(each) for each in incident["candidates"]]
    heads = ("action", "arguments", "would", "confidence", "why, and what policy says")
    yield Table("Candidates", heads, candidates, "None: no action would be right.")
    yield Table("Decision", ("", ""), _decision(incident["decision"]))


def _alert(alert: Mapping[str, Any]) -> tuple[str, ...]:
    labels = [f"{name}={value}" for name, value in sorted(alert["labels"].items()) if name != "alertname"]
    return alert["name"], alert["status"], _wrapped(", ".join(labels))


def _item(item: Mapping[str, Any]) -> tuple[str, ...]:
    return item["id"], item["kind"], item["status"], _wrapped(item["summary"])


def _excerpt(excerpt: str) -> str:
    lines = excerpt.splitlines()
    cut = [f"… {len(lines) - MOST_EXCERPT} more lines"] if len(lines) > MOST_EXCERPT else []
    return listed([line[: 2 * WIDE] for line in lines[:MOST_EXCERPT]] + cut)


def _proofs(proofs: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    first = next((proof["problem"] for proof in proofs if proof["proved"]), "")
    rows = []
    for proof in proofs:
        if proof["proved"]:
            word = "proves" if proof["problem"] == first else "would prove"
            rows.append((proof["problem"], word, _wrapped(f"{proof['directness']:.2f}: {proof['summary']}")))
        else:
            rows.append((proof["problem"], "no", _gave_up(proof)))
    return rows


def _gave_up(proof: Mapping[str, Any]) -> str:
    """The line at which it gave up, and the one below it."""
    deeper = f"\n  {proof['because']}" if proof["because"] not in ("", proof["line"]) else ""
    return f"{proof['stopped_at']}: {proof['line']}{deeper}" if proof["stopped_at"] else ""


def _finding(finding: Mapping[str, Any]) -> list[tuple[str, object]]:
    rows = (
        ("problem", finding["problem"]),
        ("summary", _wrapped(finding["summary"])),
        ("directness", finding["directness"]),
        ("evidence", ", ".join(finding["evidence"])),
        ("facts", listed(map(_wrapped, finding["facts"]))),
        ("ruled out", listed(map(_wrapped, finding["ruled_out"]))),
        ("next step", _wrapped(finding["next_step"])),
    )
    return [row for row in rows if row[1] not in ("", None)]


def _candidate(candidate: Mapping[str, Any]) -> tuple[object, ...]:
    if "unread" in candidate:
        return "", "", "", "", f"could not be weighed: {candidate['unread']}"
    said = [f"{one['rule']} {one['effect']}s: {one['reason']}" for one in candidate["spoke"]]
    quiet = f"{len(candidate['silent'])} other rules: nothing in the way"
    return (
        candidate["action"]["name"],
        arguments(candidate["action"]["args"]),
        candidate["would"],
        f"{candidate['confidence']:.3f}\n{_parts(candidate['confidence_parts'])}",
        listed(map(_wrapped, [candidate["reason"], *said, quiet])),
    )


def _decision(decision: Mapping[str, Any]) -> list[tuple[str, object]]:
    action = decision["action"] or {}
    rows = (
        ("route", decision["route"]),
        ("action", action.get("name", "")),
        ("confidence", decision["confidence"]),
        ("its parts", _parts(decision["confidence_parts"])),
        ("blocked by", listed(map(_wrapped, decision["blocked_by"]))),
        ("decider", decision["decider"]),
    )
    return [row for row in rows if row[1] not in ("", None)]


def _parts(parts: Mapping[str, float]) -> str:
    return listed(f"{name} {value:+.3f}" for name, value in parts.items())


def _visible(table: str) -> str:
    """Without characters that a terminal obeys: much of it comes from a cluster."""
    return "".join(char for char in table if char == "\n" or char.isprintable())


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, WIDE)) or text
