"""Incidents on disk: a cluster frozen at the instant when the alert arrived, in plain files.

    alert.json, alerts/NN.json   webhook bodies in the order of delivery
    cluster.yaml                 Kubernetes objects, one document each (List documents too)
    logs/<ns>/<pod>/<container>.log and .previous.log
    meta.yaml                    clock, what the reader may not read, what was recorded at all
    metrics.yaml, llm.jsonl, history.yaml   optional

`expected.yaml` is for the evaluation alone: it is never loaded here, so that nothing can leak to the agent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from tools.cluster import JsonObject

_PREVIOUS = ".previous.log"
_LOG = ".log"
MOST_LOG_BYTES = 2 * 1024 * 1024
"""Of one log file: far more than a read asks for, which is 200 lines in 64 KiB."""


class BundleError(ValueError):
    """The folder is not a bundle; the message names the file and what is wrong with it."""


class BundleMeta(BaseModel):
    """`meta.yaml`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    now: datetime
    """The clock of the whole replay."""
    title: str = ""
    api: Literal["refused"] | None = None
    """`refused`: the API server does not answer."""
    forbidden: tuple[str, ...] = ()
    """`secrets`, `shop/configmaps`, `shop/pods/log`: reading these answers 403."""
    captured: tuple[str, ...] | None = None
    """Kinds that were recorded; None: all. Reading any other kind fails, it does not find nothing."""
    mode: str | None = None
    policy: Any = None
    incident_id: str | None = None

    @field_validator("now")
    @classmethod
    def _zoned(cls, now: datetime) -> datetime:
        if now.tzinfo is None:
            raise ValueError("must have a time zone, e.g. 2026-01-05T12:00:00Z")
        return now.astimezone(UTC)


@dataclass(frozen=True)
class LogName:
    """Which log a file is."""

    namespace: str
    pod: str
    container: str
    previous: bool = False


@dataclass(frozen=True)
class Bundle:
    """A bundle in memory. Objects are as written: a sandbox fills in what the API always has."""

    meta: BundleMeta
    alerts: tuple[JsonObject, ...] = ()
    """Webhook bodies in the order of delivery."""
    objects: tuple[JsonObject, ...] = ()
    logs: Mapping[LogName, str] = field(default_factory=dict)
    metrics: tuple[JsonObject, ...] = ()
    llm: tuple[JsonObject, ...] = ()
    history: JsonObject = field(default_factory=dict)
    path: Path | None = None
    """Where it was loaded from."""

    @classmethod
    def load(cls, path: Path) -> Bundle:
        """Read a folder. Raises BundleError naming the file that is missing or wrong."""
        if not path.is_dir():
            raise BundleError(f"{path}: no such folder; a bundle is a folder with alert.json and meta.yaml")
        return cls(
            meta=_meta(path / "meta.yaml"),
            alerts=tuple(_alerts(path)),
            objects=tuple(_objects(path / "cluster.yaml")),
            logs=dict(_logs(path / "logs")),
            metrics=tuple(_entries(path / "metrics.yaml")),
            llm=tuple(_json_lines(path / "llm.jsonl")),
            history=_mapping(path / "history.yaml"),
            path=path,
        )

    def write(self, path: Path) -> None:
        """Write it as a folder, which may exist but must hold no other bundle. Raises BundleError if it does.

        Nothing is redacted here: the caller passes redacted text.
        """
        if (path / "meta.yaml").exists():
            raise BundleError(f"{path}: holds a bundle already; choose an empty folder")
        files = dict(self.files())
        path.mkdir(parents=True, exist_ok=True)
        for place, text in files.items():
            _write(path / place, text)

    def files(self) -> Iterator[tuple[str, str]]:
        """Its files by their place in the folder. Raises BundleError for a log whose name is no place in it."""
        for number, body in enumerate(self.alerts):
            place = "alert.json" if number == 0 else f"alerts/{number + 1:02}.json"
            yield place, json.dumps(body, indent=1) + "\n"
        yield "meta.yaml", _yaml(_plain_meta(self.meta))
        yield "cluster.yaml", _yaml_documents(self.objects)
        for name, text in self.logs.items():
            yield _log_place(name), text
        if self.metrics:
            yield "metrics.yaml", _yaml(list(self.metrics))
        if self.llm:
            yield "llm.jsonl", "".join(json.dumps(line) + "\n" for line in self.llm)
        if self.history:
            yield "history.yaml", _yaml(self.history)


def _log_place(name: LogName) -> str:
    parts = (name.namespace, name.pod, name.container)
    if not all(re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", part) for part in parts):
        raise BundleError(
            f"{'/'.join(parts)!r} cannot name a log: write namespace, pod and container as the API does"
        )
    return f"logs/{'/'.join(parts)}{_PREVIOUS if name.previous else _LOG}"


def _alerts(path: Path) -> Iterator[JsonObject]:
    first = path / "alert.json"
    if not first.exists():
        raise BundleError(f"{first}: missing; it holds the Alertmanager v4 webhook body")
    for file in [first, *sorted((path / "alerts").glob("*.json"))]:
        try:
            body = json.loads(_text(file))
        except ValueError as error:
            raise BundleError(f"{file}: not JSON: {error}") from error
        if not isinstance(body, dict):
            raise BundleError(f"{file}: must be one JSON object, an Alertmanager v4 webhook body")
        yield body


def _meta(path: Path) -> BundleMeta:
    if not path.exists():
        raise BundleError(f"{path}: missing; write at least `now: 2026-01-05T12:00:00Z`")
    try:
        return BundleMeta.model_validate(_mapping(path))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BundleError(f"{path}: {problems}") from error


def _objects(path: Path) -> Iterator[JsonObject]:
    seen: set[tuple[str, str, str, str]] = set()
    for number, document in enumerate(_documents(path), start=1):
        for obj in _unlisted(document, f"{path}: document {number}"):
            metadata = obj.get("metadata")
            if not isinstance(metadata, dict) or not metadata.get("name"):
                raise BundleError(f"{path}: document {number}: an object needs metadata.name")
            key = (obj["apiVersion"], obj["kind"], metadata.get("namespace") or "", metadata["name"])
            if key in seen:
                raise BundleError(f"{path}: document {number}: {' '.join(key)} is there twice")
            seen.add(key)
            yield obj


def _unlisted(document: Any, where: str) -> Iterator[JsonObject]:
    if document is None:
        return
    if not isinstance(document, dict) or not {"apiVersion", "kind"} <= document.keys():
        raise BundleError(f"{where}: an object needs apiVersion and kind")
    kind = str(document["kind"])
    if not kind.endswith("List") or "items" not in document:
        yield document
        return
    for item in document["items"] or []:
        known = {"apiVersion": document["apiVersion"], "kind": kind.removesuffix("List")}
        yield from _unlisted({**known, **item} if kind != "List" else item, where)


def _logs(folder: Path) -> Iterator[tuple[LogName, str]]:
    for file in sorted(folder.glob("*/*/*.log")):
        namespace, pod = file.parent.parent.name, file.parent.name
        previous = file.name.endswith(_PREVIOUS)
        container = file.name.removesuffix(_PREVIOUS if previous else _LOG)
        yield LogName(namespace, pod, container, previous), _end(file)


def _end(path: Path) -> str:
    """The newest lines of a log, which is all that is ever asked for: a file may be larger than memory should be."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - MOST_LOG_BYTES))
            text = file.read()
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error}") from error
    if size > MOST_LOG_BYTES:
        text = text.partition(b"\n")[2] or text
    return text.decode("utf-8", "replace")


def _entries(path: Path) -> Iterator[JsonObject]:
    for document in _documents(path):
        if document is not None and not isinstance(document, list):
            raise BundleError(f"{path}: must be a list")
        yield from document or []


def _json_lines(path: Path) -> Iterator[JsonObject]:
    if not path.exists():
        return
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                raise BundleError(f"{path}: line {number}: not JSON: {error}") from error


def _mapping(path: Path) -> JsonObject:
    documents = [document for document in _documents(path) if document is not None]
    if not documents:
        return {}
    if len(documents) > 1 or not isinstance(documents[0], dict):
        raise BundleError(f"{path}: must be one mapping")
    return documents[0]


def _documents(path: Path) -> list[Any]:
    """YAML documents of a file, none if there is no such file. Instants stay text, as the API sends them."""
    if not path.exists():
        return []
    import yaml

    try:
        return list(yaml.load_all(_text(path), Loader=_loader()))
    except yaml.YAMLError as error:
        raise BundleError(f"{path}: not YAML: {error}") from error


def _loader() -> Any:
    import yaml

    fast: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resolvers = {
        first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
        for first, rules in fast.yaml_implicit_resolvers.items()
    }
    return type("InstantsAsText", (fast,), {"yaml_implicit_resolvers": resolvers})


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error}") from error


def _plain_meta(meta: BundleMeta) -> JsonObject:
    plain = meta.model_dump(mode="json", exclude_none=True)
    return {key: value for key, value in plain.items() if key == "captured" or value not in ("", [])}


def _yaml(value: object) -> str:
    return _yaml_documents([value], explicit=False)


def _yaml_documents(values: Iterable[object], *, explicit: bool = True) -> str:
    import yaml

    return str(
        yaml.safe_dump_all(values, sort_keys=False, allow_unicode=True, explicit_start=explicit, width=120)
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
