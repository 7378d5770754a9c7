"""What containers print, kept by container id so that the log of the one before is still there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tools.cluster import JsonObject
from tools.sandbox.errors import ApiError, bad_request
from tools.sandbox.values import dig, nano_instant, parse_instant

_KEPT = 2


@dataclass(frozen=True)
class LogOptions:
    """The query of `pods/log`."""

    container: str = ""
    previous: bool = False
    tail_lines: int | None = None
    limit_bytes: int | None = None
    since_seconds: int | None = None
    since: datetime | None = None
    timestamps: bool = False


Line = tuple[datetime | None, str]


class LogBook:
    """Lines by container, and texts that were set by hand, which win."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], list[tuple[str, list[Line]]]] = {}
        self._texts: dict[tuple[str, str, str, bool], str] = {}

    def begin(self, pod_uid: str, container: str, container_id: str) -> None:
        """A new container started; the newest but one is what `previous` reads."""
        kept = self._lines.setdefault((pod_uid, container), [])
        kept.append((container_id, []))
        del kept[:-_KEPT]

    def write(
        self, pod_uid: str, container: str, lines: list[str], at: datetime, *, whole: bool = False
    ) -> None:
        """The newest container printed these lines; `whole`: and nothing else before."""
        kept = self._lines.get((pod_uid, container))
        if kept:
            printed = kept[-1][1]
            if whole:
                printed.clear()
            printed.extend((at, line) for line in lines)

    def forget(self, pod_uid: str) -> None:
        """The pod is gone."""
        for key in [key for key in self._lines if key[0] == pod_uid]:
            del self._lines[key]

    def set_text(self, namespace: str, name: str, container: str, text: str, *, previous: bool) -> None:
        """Let a container print `text`; `name` is a pod or the workload above it, container "" means any."""
        self._texts[namespace, name, container, previous] = text

    def text_for(self, pod: JsonObject, workload: str, container: str, *, previous: bool) -> str | None:
        """The text that was set for this container, the most specific first."""
        namespace, name = pod["metadata"].get("namespace", ""), pod["metadata"]["name"]
        for owner in (name, workload):
            for wanted in (container, ""):
                text = self._texts.get((namespace, owner, wanted, previous))
                if text is not None:
                    return text
        return None

    def lines(self, pod_uid: str, container: str, container_id: str) -> list[Line]:
        """What the container with this id printed; nothing if it is not known any more."""
        for known, lines in self._lines.get((pod_uid, container), []):
            if known == container_id:
                return lines
        return []


def choose_container(pod: JsonObject, wanted: str) -> str:
    """The container that a log request means. Raises the real server's 400 where that is not clear."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    own = [container["name"] for container in spec.get("containers") or []]
    init = [container["name"] for container in spec.get("initContainers") or []]
    if wanted:
        if wanted not in own + init:
            raise bad_request(f"container {wanted} is not valid for pod {name}")
        return wanted
    if len(own) == 1 and not init:
        return str(own[0])
    text = f"a container name must be specified for pod {name}, choose one of: [{' '.join(own)}]"
    if init:
        text += f" or one of the init containers: [{' '.join(init)}]"
    raise bad_request(text)


def container_status(pod: JsonObject, container: str) -> JsonObject | None:
    """The status of a container, init containers included."""
    status = pod.get("status") or {}
    for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for entry in status.get(field) or []:
            if entry.get("name") == container:
                return dict(entry)
    return None


def container_id(pod: JsonObject, container: str, *, previous: bool) -> str:
    """Which run of the container a log request reads, as the kubelet decides it. Raises its 400s."""
    name = pod["metadata"]["name"]
    status = container_status(pod, container)
    if status is None:
        raise bad_request(f'container "{container}" in pod "{name}" is not available')
    last = dig(status, "lastState", "terminated", "containerID", default="")
    if previous:
        if not last:
            raise no_previous(name, container)
        return str(last)
    state = status.get("state") or {}
    if "running" in state:
        return str(status.get("containerID", ""))
    terminated = dig(state, "terminated", "containerID", default="")
    if terminated or last:
        return str(terminated or last)
    reason = dig(state, "waiting", "reason", default="")
    why = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}
    raise bad_request(
        f'container "{container}" in pod "{name}" is waiting to start: {why.get(reason, reason)}'
    )


def no_previous(pod: str, container: str) -> ApiError:
    """400: the container has not ended yet, or nobody remembers how."""
    return bad_request(f'previous terminated container "{container}" in pod "{pod}" not found')


def stamped(text: str) -> list[Line]:
    """Text as lines; a line that begins with an RFC 3339 instant knows its time."""
    return [_stamp(line) for line in text.splitlines()]


def render(lines: list[Line], options: LogOptions, now: datetime) -> str:
    """Cut and print lines as the kubelet does: tail first, then `limitBytes` keeps the first bytes."""
    since = options.since
    if options.since_seconds is not None:
        since = now - timedelta(seconds=options.since_seconds)
    if since is not None:
        lines = [line for line in lines if line[0] is None or line[0] >= since]
    if options.tail_lines is not None:
        lines = lines[-options.tail_lines :] if options.tail_lines else []
    if options.timestamps:
        text = "".join(f"{nano_instant(at or now)} {line}\n" for at, line in lines)
    else:
        text = "".join(f"{line}\n" for _, line in lines)
    if options.limit_bytes is not None:
        text = text.encode()[: options.limit_bytes].decode(errors="ignore")
    return text


def parse_options(query: dict[str, str], pod: str) -> LogOptions:
    """The query of a log request. Raises 422 for numbers that are out of range, 400 for what is no number."""
    try:
        since = parse_instant(query["sinceTime"]) if query.get("sinceTime") else None
    except ValueError as error:
        raise bad_request(f"sinceTime: {error}") from error
    return LogOptions(
        container=query.get("container", ""),
        previous=query.get("previous", "") in ("true", "1", "True"),
        tail_lines=_number(query, "tailLines", 0, pod),
        limit_bytes=_number(query, "limitBytes", 1, pod),
        since_seconds=_number(query, "sinceSeconds", 1, pod),
        since=since,
        timestamps=query.get("timestamps", "") in ("true", "1", "True"),
    )


def _number(query: dict[str, str], key: str, least: int, pod: str) -> int | None:
    text = query.get(key)
    if not text:
        return None
    try:
        number = int(text)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
    if number < least:
        why = "must be greater than or equal to 0" if least == 0 else "must be greater than 0"
        message = f"Invalid value: {number}: {why}"
        details = {
            "name": pod,
            "kind": "PodLogOptions",
            "causes": [{"reason": "FieldValueInvalid", "message": message, "field": key}],
        }
        raise ApiError(422, "Invalid", f'PodLogOptions "{pod}" is invalid: {key}: {message}', details=details)
    return number


def _stamp(line: str) -> Line:
    first, _, _ = line.partition(" ")
    try:
        return parse_instant(first), line
    except ValueError:
        return None, line
