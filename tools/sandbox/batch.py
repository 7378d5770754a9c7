"""What the API server does to Jobs and CronJobs: defaults, the generated selector, and what it refuses with 422."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from tools.cluster import JsonObject
from tools.sandbox.errors import Cause
from tools.sandbox.schedules import Schedule

CONTROLLER_UID = "batch.kubernetes.io/controller-uid"
JOB_NAME = "batch.kubernetes.io/job-name"
_NEGATIVE = "must be greater than or equal to 0"
_POLICIES = ("Allow", "Forbid", "Replace")
_COUNTS = (
    "parallelism",
    "completions",
    "backoffLimit",
    "activeDeadlineSeconds",
    "ttlSecondsAfterFinished",
)
_LIMITS = ("startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit")
_LONGEST_NAME = 52
"""The controller appends eleven characters for each Job."""

Check = Callable[[JsonObject, JsonObject | None], Iterator[Cause]]


def job_defaults(obj: JsonObject, pod_spec: Callable[[JsonObject], None]) -> None:
    """Fill in a Job's defaults in place; `pod_spec` fills in those of its pods."""
    spec = obj.setdefault("spec", {})
    spec.setdefault("parallelism", 1)
    spec.setdefault("completions", 1)
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("manualSelector", False)
    spec.setdefault("suspend", False)
    spec.setdefault("podReplacementPolicy", "TerminatingOrFailed")
    _template_defaults(spec, pod_spec)


def cron_job_defaults(obj: JsonObject, pod_spec: Callable[[JsonObject], None]) -> None:
    """Fill in a CronJob's defaults in place; those of its Jobs come with each Job."""
    spec = obj.setdefault("spec", {})
    spec.setdefault("concurrencyPolicy", "Allow")
    if spec.get("suspend") is None:
        spec["suspend"] = False
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    template = spec.setdefault("jobTemplate", {})
    template.setdefault("metadata", {})
    _template_defaults(template.setdefault("spec", {}), pod_spec)


def own_selector(job: JsonObject) -> None:
    """Let a new Job, which has a uid by now, select its own pods and no others."""
    spec, metadata = job["spec"], job["metadata"]
    if spec.get("manualSelector"):
        return
    labels = {
        CONTROLLER_UID: metadata["uid"],
        JOB_NAME: metadata["name"],
        "controller-uid": metadata["uid"],
        "job-name": metadata["name"],
    }
    template = spec.setdefault("template", {}).setdefault("metadata", {})
    template["labels"] = {**(template.get("labels") or {}), **labels}
    spec["selector"] = spec.get("selector") or {"matchLabels": {CONTROLLER_UID: metadata["uid"]}}
    metadata.setdefault("labels", dict(template["labels"]))


def job_problems(new: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    """What is wrong with a Job, but for the spec of its pods."""
    spec = new.get("spec") or {}
    yield from _negative(spec, _COUNTS, "spec")
    yield from _restart_policy(spec, "spec.template")
    selector = (spec.get("selector") or {}).get("matchLabels") or {}
    if old is None:
        if not spec.get("manualSelector") and selector != {CONTROLLER_UID: new["metadata"].get("uid")}:
            yield _bad("spec.selector", spec.get("selector"), "`selector` not auto-generated")
        return
    for key in ("completions", "selector", "template", "completionMode"):
        if spec.get(key) != old["spec"].get(key):
            yield _bad(f"spec.{key}", spec.get(key), "field is immutable")


def cron_job_problems(new: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    """What is wrong with a CronJob, but for the spec of its pods."""
    spec, name = new.get("spec") or {}, new["metadata"].get("name", "")
    if len(name) > _LONGEST_NAME:
        yield _bad("metadata.name", name, f"must be no more than {_LONGEST_NAME} characters")
    try:
        Schedule(str(spec.get("schedule", "")))
    except ValueError as error:
        yield _bad("spec.schedule", spec.get("schedule", ""), str(error))
    yield from _negative(spec, _LIMITS, "spec")
    policy = spec.get("concurrencyPolicy")
    if policy not in _POLICIES:
        known = ", ".join(f'"{each}"' for each in _POLICIES)
        text = f'Unsupported value: "{policy}": supported values: {known}'
        yield Cause("spec.concurrencyPolicy", text, "FieldValueNotSupported")
    job = (spec.get("jobTemplate") or {}).get("spec") or {}
    yield from _negative(job, _COUNTS, "spec.jobTemplate.spec")
    yield from _restart_policy(job, "spec.jobTemplate.spec.template")


def _template_defaults(spec: JsonObject, pod_spec: Callable[[JsonObject], None]) -> None:
    template = spec.get("template")
    if isinstance(template, dict):
        template.setdefault("metadata", {})
        pod_spec(template.setdefault("spec", {}))


def _negative(spec: JsonObject, keys: tuple[str, ...], path: str) -> Iterator[Cause]:
    for key in keys:
        if isinstance(spec.get(key), int) and spec[key] < 0:
            yield _bad(f"{path}.{key}", spec[key], _NEGATIVE)


def _restart_policy(spec: JsonObject, path: str) -> Iterator[Cause]:
    pods = (spec.get("template") or {}).get("spec") or {}
    if pods.get("restartPolicy") not in ("OnFailure", "Never"):
        text = 'Required value: valid values: "OnFailure", "Never"'
        yield Cause(f"{path}.spec.restartPolicy", text, "FieldValueRequired")


def _bad(path: str, value: object, why: str) -> Cause:
    return Cause(path, f"Invalid value: {json.dumps(value, separators=(',', ':'))}: {why}")
