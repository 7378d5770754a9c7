"""What the API's description says beyond what routes themselves tell: summaries, bodies, answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Route: TypeAlias = tuple[str, str]
"""Method and rule."""
JSON, HTML, STREAM, TEXT = "application/json", "text/html", "text/event-stream", "text/plain"


@dataclass(frozen=True)
class Words:
    """One operation in words."""

    summary: str
    group: str = "server"
    answers: str = "done"
    status: int = 200
    media: tuple[str, ...] = (JSON,)
    answer: str = ""
    """Name of the schema of the answer."""
    problems: Mapping[str, str] = field(default_factory=dict)


_DECIDED = {
    "409": "decided already, paused, held without a reason given, or forbidden by the agent's rules now",
    "410": "expired; the detail says how to renew",
    "412": "the target has changed since, or another digest was named",
    "422": "fields that cannot be taken",
}
_BAD_FIELDS = {"422": "fields that cannot be taken"}
_GET_ONE = "GET", "/incidents/<incident_id>"
TITLES: Mapping[Route, Words] = {
    ("GET", "/"): Words(
        "The web UI: chat, what waits, newest incidents, safety.", "pages", "a page", media=(HTML,)
    ),
    ("POST", "/ask"): Words(
        "Ask about the cluster and the agent's record. Reads and never acts. Streams with Accept: text/event-stream.",
        "chat",
        "the answer",
        media=(JSON, STREAM),
        answer="Answer",
        problems={**_BAD_FIELDS, "404": "no such conversation of yours"},
    ),
    ("GET", "/conversations/<conversation_id>"): Words("A conversation of yours.", "chat", "its turns"),
    ("POST", "/conversations/<conversation_id>/forget"): Words(
        "Delete a conversation of yours.", "chat", status=204
    ),
    ("GET", "/incidents"): Words(
        "Incidents, newest first.", "incidents", "a page", media=(JSON, HTML), answer="Incidents"
    ),
    ("POST", "/incidents"): Words(
        "Have a workload looked at, or ask for an action on it: opens an incident by hand, on the same path as an "
        "alert.",
        "incidents",
        "opened or joined",
        status=202,
        answer="Opened",
        problems={
            **_BAD_FIELDS,
            "404": "no such workload",
            "409": "a run is under way there",
        },
    ),
    ("POST", "/trigger-test"): Words(
        "Test what would be done about a workload: a synthetic alert, every write as dry run only.",
        "incidents",
        "opened",
        status=202,
        answer="Opened",
        problems={**_BAD_FIELDS, "404": "no such workload"},
    ),
    _GET_ONE: Words(
        "One incident with everything that is known.",
        "incidents",
        "it",
        media=(JSON, HTML),
        answer="Incident",
    ),
    ("GET", "/incidents/<incident_id>/bundle"): Words(
        "The incident as a bundle, redacted, for sre-agent replay: a folder of plain files in a .tar.gz.",
        "incidents",
        "the archive",
        media=("application/gzip",),
        problems={"410": "nothing is kept of it; the detail says why"},
    ),
    ("POST", "/incidents/<incident_id>/mark"): Words(
        "Say whether the decision was right, with the better action.",
        "incidents",
        "kept",
        201,
        problems=_BAD_FIELDS,
    ),
    ("POST", "/incidents/<incident_id>/undo"): Words(
        "Ask to have taken back what it did: the recorded inverse is proposed, and waits for an approval of its own.",
        "incidents",
        "the incident to follow",
        202,
        answer="Opened",
        problems={
            **_BAD_FIELDS,
            "409": "its run goes on, nothing was done, no inverse, undone already, paused, or someone else changed it",
        },
    ),
    ("GET", "/incidents/<incident_id>/events"): Words(
        "The run as it happens, as server-sent events; Last-Event-ID resumes. A stream ends after 25 s: come back.",
        "incidents",
        "line, status, end",
        media=(STREAM,),
    ),
    ("GET", "/pending"): Words("Approvals that wait.", "approvals", "oldest first", media=(JSON, HTML)),
    ("GET", "/approve/<approval_id>"): Words(
        "Show one approval; changes nothing.", "approvals", "it", media=(HTML, JSON), answer="Approval"
    ),
    ("POST", "/approve/<approval_id>"): Words(
        "Approve exactly what was shown; 202 where that is the first yes of two.",
        "approvals",
        "approved",
        answer="Approval",
        problems=_DECIDED,
    ),
    ("POST", "/reject/<approval_id>"): Words(
        "Say no.", "approvals", "rejected", answer="Approval", problems=_DECIDED
    ),
    ("POST", "/approve/<approval_id>/renew"): Words(
        "Prove everything again and propose anew.",
        "approvals",
        "the incident to follow",
        202,
        problems=_DECIDED,
    ),
    ("POST", "/renew/<approval_id>"): Words(
        "The same as /approve/<id>/renew.", "approvals", "the incident", 202
    ),
    ("POST", "/approve/<approval_id>/edit"): Words(
        "Have it proposed anew with other arguments, of those that its action lets people edit; decides nothing.",
        "approvals",
        "the incident to follow",
        202,
        problems={**_DECIDED, "422": "arguments that are refused; the detail says why"},
    ),
    ("GET", "/grants"): Words(
        "What people let be done once more without asking, and what became of it.",
        "approvals",
        "newest first",
    ),
    ("POST", "/grants/<grant_id>/revoke"): Words(
        "Take such a grant back.",
        "approvals",
        "revoked",
        problems={**_BAD_FIELDS, "409": "used or revoked already"},
    ),
    ("POST", "/webhook"): Words(
        "Alertmanager's webhook body, version 4. 202 once it is committed.",
        "alerts",
        "committed",
        202,
        answer="Accepted",
        problems={"401": "bad token", "413": "more than 16 MiB"},
    ),
    ("GET", "/health"): Words(
        "What of the agent's surroundings works, from cached probes.", "server", "the state"
    ),
    ("GET", "/livez"): Words("The process is alive. No token.", "server", "alive"),
    ("GET", "/readyz"): Words("The store commits. No token.", "server", "ready"),
    ("GET", "/metrics"): Words("Prometheus series.", "server", "text exposition", media=(TEXT,)),
    ("GET", "/config"): Words("The configuration in force; secrets as set or unset.", "server", "by name"),
    ("GET", "/autonomy"): Words(
        "How far each action may go by itself for each problem class, and what it has earned.",
        "safety",
        "levels",
        media=(JSON, HTML),
    ),
    ("GET", "/agreement"): Words(
        "What the agent would have done against what people did, and which step up the numbers support.",
        "safety",
        "rows by action and problem class",
        media=(JSON, HTML),
    ),
    ("POST", "/autonomy"): Words(
        "Set how far an action may go for a problem class.",
        "safety",
        "the level",
        problems={**_BAD_FIELDS, "409": "above what POLICY_FILE allows"},
    ),
    ("POST", "/pause"): Words("No new action from now on.", "safety", "the switch"),
    ("POST", "/resume"): Words("Actions may be taken again.", "safety", "the switch"),
    ("GET", "/hold"): Words(
        "The global hold: why, since when, what waits for it, what ends it.",
        "safety",
        "it",
        media=(JSON, HTML),
    ),
    ("POST", "/hold/lift"): Words(
        "Lift the global hold, with a reason.",
        "safety",
        "what was lifted, and what lifts itself and stays",
        problems={"409": "there is none, or it lifts itself", "422": "without a reason"},
    ),
    ("GET", "/login"): Words("The login page.", "pages", "a page", media=(HTML,)),
    ("POST", "/login"): Words("A browser session from a token.", "pages", "logged in"),
    ("POST", "/logout"): Words("End the browser session.", "pages", "to the login page", 303, media=(HTML,)),
    ("GET", "/openapi.json"): Words("This description.", "server", "OpenAPI 3.1"),
    ("GET", "/docs"): Words("This description as a page.", "pages", "a page", media=(HTML,)),
}

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}


def _body(required: tuple[str, ...] = (), **properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


_REASON = _body(
    reason=_TEXT, actor={"type": "string", "description": "Kept as a claim beside the token's name."}
)
_ANSWERED = _body(
    reason=_TEXT, actor=_TEXT, digest={"type": "string", "description": "Refuse unless this is shown."}
)
_WORKLOAD = _body(
    ("workload",),
    namespace=_TEXT,
    workload=_TEXT,
    kind={
        "enum": [
            "Deployment",
            "StatefulSet",
            "DaemonSet",
            "CronJob",
            "Job",
            "Pod",
            "Node",
            "PersistentVolumeClaim",
        ]
    },
    reason=_TEXT,
    actor=_TEXT,
)
_ACTION = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": _TEXT, "args": {"type": "object"}},
    "additionalProperties": False,
    "description": "Done after approval only; names and numbers, never a uid. A form sends the name alone.",
}
BODIES: Mapping[Route, dict[str, Any]] = {
    ("POST", "/ask"): _body(
        ("question",), question={"type": "string", "maxLength": 2000}, conversation_id=_TEXT
    ),
    ("POST", "/incidents"): {
        **_WORKLOAD,
        "properties": {**_WORKLOAD["properties"], "action": _ACTION},
    },
    ("POST", "/trigger-test"): _WORKLOAD,
    ("POST", "/incidents/<incident_id>/mark"): _body(
        ("mark",),
        mark={"enum": ["right", "wrong", "note"]},
        note=_TEXT,
        better_action={"type": "string", "description": "Name of an action, or none."},
        actor=_TEXT,
    ),
    ("POST", "/incidents/<incident_id>/undo"): _REASON,
    ("POST", "/approve/<approval_id>"): _body(
        **_ANSWERED["properties"],
        grant={"const": "once_more", "description": "A restart: once more within 30 minutes, if it helped."},
        seen={"type": "string", "description": "A page's own: names what it showed that holds."},
    ),
    ("POST", "/grants/<grant_id>/revoke"): _REASON,
    ("POST", "/reject/<approval_id>"): _ANSWERED,
    ("POST", "/approve/<approval_id>/renew"): _ANSWERED,
    ("POST", "/renew/<approval_id>"): _ANSWERED,
    ("POST", "/approve/<approval_id>/edit"): _body(
        ("args",),
        args={"type": "object", "description": "Names and values of arguments that may be edited."},
        reason=_TEXT,
        actor=_TEXT,
        digest=_TEXT,
    ),
    ("POST", "/autonomy"): _body(
        ("action", "problem", "level", "reason"), action=_TEXT, problem=_TEXT, level=_TEXT, reason=_TEXT
    ),
    ("POST", "/pause"): _REASON,
    ("POST", "/resume"): _REASON,
    ("POST", "/hold/lift"): _body(
        ("reason",),
        reason=_TEXT,
        actor={"type": "string", "description": "Kept as a claim beside the token's name."},
    ),
    ("POST", "/login"): _body(("token",), token=_TEXT, next=_TEXT),
    ("POST", "/webhook"): {
        "type": "object",
        "required": ["version", "alerts"],
        "properties": {
            "version": {"const": "4"},
            "alerts": {"type": "array", "items": {"type": "object"}},
            "truncatedAlerts": {"type": "integer"},
        },
    },
}


def _query(name: str, words: str, kind: str = "string") -> dict[str, Any]:
    return {"name": name, "in": "query", "description": words, "schema": {"type": kind}}


PARAMETERS: Mapping[Route, tuple[dict[str, Any], ...]] = {
    ("GET", "/incidents"): (
        _query("status", "One status."),
        _query("namespace", "One namespace."),
        _query("alert_name", "One alert name."),
        _query("workload", "Name of the workload."),
        _query("since", "RFC 3339: began then or later."),
        _query("q", "Looked for in names, description and summary."),
        _query("after", "Where the page before ended: its `next`."),
        _query("limit", "Rows, 1 to 200.", "integer"),
    ),
    ("GET", "/incidents/<incident_id>/events"): (
        {"name": "Last-Event-ID", "in": "header", "description": "Go on after this line.", "schema": _TEXT},
        _query("after", "The same, for clients that set no header.", "integer"),
    ),
    ("GET", "/"): (_query("conversation", "A conversation to go on with."),),
}

_ROW = {
    **dict.fromkeys(
        ("id", "alert_name", "severity", "namespace", "pod", "description", "logs", "ai_analysis", "status"),
        _TEXT,
    ),
    "timestamp": {"type": "string", "format": "date-time"},
    "confidence": {"type": ["number", "null"]},
    "action_taken": {"type": ["string", "null"]},
    "verified": {
        "type": ["boolean", "null"],
        "description": "True: RECOVERED. False: NOT_RECOVERED, REGRESSED.",
    },
}
SCHEMAS: Mapping[str, Any] = {
    "Answer": {
        "type": "object",
        "required": ["answer", "incidents", "action_taken", "sources", "conversation_id"],
        "properties": {
            "answer": _TEXT,
            "incidents": {**_TEXTS, "description": "Ids of the incidents that the answer speaks of."},
            "action_taken": {"type": "null", "description": "Chat never acts."},
            "sources": {**_TEXTS, "description": "The calls that the answer rests on."},
            "conversation_id": {"type": ["string", "null"]},
            "answered_by": {"type": "string", "description": "`rules`, or the model."},
            "offer": {"type": ["object", "null"], "description": "A request that a person may send."},
        },
    },
    "Incidents": {
        "type": "object",
        "properties": {
            "incidents": {"type": "array", "items": {"$ref": "#/components/schemas/Incident"}},
            "next": {"type": ["string", "null"]},
        },
    },
    "Incident": {"type": "object", "properties": _ROW},
    "Opened": {"type": "object", "properties": {"incident": _TEXT, "id": _TEXT}},
    "Approval": {
        "type": "object",
        "properties": {
            "id": _TEXT,
            "incident_id": _TEXT,
            "digest": {"type": "string", "description": "Of exactly what is shown."},
            "state": {
                "enum": ["pending", "approved", "rejected", "expired", "withdrawn", "stale", "renewed"]
            },
            "proposal": {"type": "object"},
            "shown": {"type": "object"},
        },
    },
    "Accepted": {
        "type": "object",
        "properties": {
            "incidents": _TEXTS,
            **{name: {"type": "integer"} for name in ("opened", "joined", "repeated", "resolved", "ignored")},
            "invalid": {"type": "integer"},
            "notes": _TEXTS,
        },
    },
}
