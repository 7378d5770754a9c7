"""Why a workload is not well: the same proofs that decide about an incident, asked by a person instead of an alert."""

from __future__ import annotations

from graph.chat_services import ChatServices
from graph.diagnosis import diagnose
from graph.log_words import logs
from graph.state import Finding
from graph.urgency import without_orders
from tools import evidence as evidence_reader
from tools.errors import ToolError
from tools.excerpts import bounded, message
from tools.lookups_workload import uid_of
from tools.pods_in import pods_in
from tools.records import Evidence, Target
from tools.subjects import WORKLOADS, Subject
from tools.survey import Survey

MOST_FACTS = 5
LOG_BYTES = 900


def cause(services: ChatServices, survey: Survey, subject: Subject) -> str:
    """What the evidence proves about a workload or the workload of a pod; empty for anything else."""
    above = _above(survey, subject)
    uid = uid_of(survey, above) if above else ""
    if above is None or not uid:
        return ""
    target = Target(kind=above.kind, namespace=above.namespace, name=above.name, uid=uid)
    try:
        evidence = evidence_reader.collect(
            services.cluster,
            target,
            revisions=services.revisions,
            clock=services.clock,
            metrics=services.metrics,
        )
    except ToolError as error:
        return f"Its evidence cannot be read: {message(str(error))}"
    for item in evidence.items:
        if item.status != "absent":
            survey.note(item.query)
    finding, _ = diagnose(evidence, target)
    return "\n".join(_lines(finding, evidence))


def _above(survey: Survey, subject: Subject) -> Subject | None:
    if subject.kind in WORKLOADS:
        return subject
    owners = {
        (pod.owner_kind, pod.owner) for pod in pods_in(survey, [subject]).pods if pod.owner_kind in WORKLOADS
    }
    if len(owners) != 1:
        return None
    ((kind, name),) = owners
    return Subject(kind=kind, namespace=subject.namespace, name=name)


def _lines(finding: Finding, evidence: Evidence) -> list[str]:
    finding = without_orders(finding)
    problem = finding.problem.replace("_", " ")
    if not finding.broken:
        return ["Nothing shows a problem now."]
    lines = [f"Cause ({problem}): {finding.summary}" if finding.problem != "unknown" else finding.summary]
    lines += [f"- {fact}" for fact in finding.facts[:MOST_FACTS]] if finding.problem != "unknown" else []
    lines += _changed(evidence, finding)
    lines += _last_words(evidence)
    if finding.next_step:
        lines.append(f"Next: {finding.next_step}")
    missing = [f"{item.kind.replace('_', ' ')}: {item.summary}" for item in evidence.missing()]
    return lines + ([f"Could not be looked at: {'; '.join(missing)}"] if missing else [])


def _changed(evidence: Evidence, finding: Finding) -> list[str]:
    """What the newest revision changed, where that is what broke it."""
    found = [item for item in evidence.items if item.kind == "revision_diff" and item.excerpt]
    if finding.problem not in ("bad_release", "image_name", "image_error") or not found:
        return []
    return [f"{found[0].summary}:", bounded(found[0].excerpt, LOG_BYTES)]


def _last_words(evidence: Evidence) -> list[str]:
    """The log that tells most, as the evidence has it."""
    item = next((item for item in logs(evidence) if item.excerpt), None)
    return [f"Log ({item.summary}):", bounded(item.excerpt, LOG_BYTES)] if item else []
