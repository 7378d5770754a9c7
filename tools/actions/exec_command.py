"""Run one command that POLICY_FILE allows in one running container: off unless enabled by name, only for a person.

Exact words, no shell, no input, no terminal. The API binds it to no uid and knows no dry run of it, and nothing tells
afterwards whether it was run: so the pod is compared before and after, what can be proved without running it is
proved instead, and what was claimed is never sent a second time (architecture.md section 6).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from tools import argv
from tools.actions import Action
from tools.allowed_commands import MOST_SECONDS, SECONDS
from tools.cluster import Cluster, ClusterReader
from tools.command_output import output_of
from tools.container_commands import Ran
from tools.errors import Conflict, Forbidden, NotFound, PermanentError, Refused, ToolError, UnknownOutcome
from tools.excerpts import message
from tools.objects import metadata, uid
from tools.records import ActionCall, Argument, Observation, Preview, RbacRule, Receipt, Record, Target
from tools.rehearsal import ready_now
from tools.requestable import Requestable
from tools.resources import PODS, STATEFULSETS, JsonObject
from tools.rewriting import as_written
from tools.rollout import RULES as LOOK_RULES
from tools.rollout import look_at, unseen
from tools.workload_revisions import KINDS, WorkloadKind, is_of, kind_args, resource_of_kind, revisions_of

NAME = "exec_command"
VERBS = ("create", "get")
"""A WebSocket is opened by a GET; API servers from 1.35 on ask for `create` as well."""
NO_UNDO = "What a command did cannot be undone: nobody but the program knows what that was."
NO_DRY_RUN = (
    "there is no dry run of a command; the pod by its uid, the running container and the right are proved"
)
VERIFICATION = (
    "An exit status other than 0 is a failure. 0 alone is no success: it counts as recovered only where the workload "
    "was ill before and all of its pods stay ready for the whole stability window."
)
NOTES = (
    "The API binds a command to no uid: a pod that is replaced in the same instant under the same name would run it.",
    "When its time is over, or the connection is lost, it is not stopped: it may run on, and is never run again.",
    "What it prints is kept with the receipt, redacted and cut.",
)


def _spelled(text: str) -> str:
    argv.words_of(text)
    return text


Words = Annotated[str, AfterValidator(_spelled)]
Seconds = Annotated[int, Field(ge=1, le=MOST_SECONDS)]


class ExecCommand(Record):
    """The words, the container of the pod, bound to its uid, and the workload that the pod is of."""

    namespace: str
    name: str
    uid: str
    workload: str
    workload_uid: str
    kind: WorkloadKind = "Deployment"
    """Of the workload."""
    container: str
    argv: Words
    """A JSON list of words."""
    seconds: Seconds

    @property
    def words(self) -> tuple[str, ...]:
        """What is run: a program and its arguments."""
        return argv.words_of(self.argv)

    def target(self) -> Target:
        """The workload: what is verified, and what budgets are counted for."""
        return Target(kind=self.kind, namespace=self.namespace, name=self.workload, uid=self.workload_uid)


class WhichCommand(Record):
    """What a person says who asks for it. POLICY_FILE must name these very words there."""

    pod: str
    container: str
    argv: Words
    seconds: Seconds = SECONDS


def execute(cluster: Cluster, args: ExecCommand, *, key: str, at: datetime, dry_run: bool) -> Receipt:
    """Run it; as a dry run only prove that it could be. What nobody can tell is a receipt `unknown`.

    Raises Conflict (another pod of that name, one that is going, a container that does not run), Refused, NotFound,
    Forbidden, Invalid, TransientError: in all these cases nothing was run.
    """
    workload = cluster.get(resource_of_kind(args.kind), args.namespace, args.workload)
    _require_there(cluster, args, workload)
    receipt = Receipt(
        key=key,
        call=ActionCall(name=NAME, args=args.model_dump()),
        target=args.target(),
        sent_at=at,
        outcome="done",
        before=None if dry_run else look_at(cluster, workload, at),
    )
    if dry_run:
        _require_rights(cluster, args)
        return receipt.model_copy(update={"message": NO_DRY_RUN})
    try:
        ran = cluster.run_command(args.namespace, args.name, args.container, args.words, seconds=args.seconds)
    except UnknownOutcome as err:
        return _unknown(as_written(receipt, workload), str(err))
    return _told(cluster, args, as_written(receipt, workload), ran)


def observe(cluster: ClusterReader, args: ExecCommand, receipt: Receipt | None, at: datetime) -> Observation:
    """The workload's pods; of the command nothing can be seen. A read that fails is an observation."""
    try:
        workload = cluster.get(resource_of_kind(args.kind), args.namespace, args.workload)
        return look_at(cluster, workload, at, since=receipt.sent_at if receipt else None)
    except ToolError as err:
        return unseen(err, receipt, at)


def preview(cluster: Cluster, args: ExecCommand) -> Preview:
    """The words, and what can be proved without running them. Raises TransientError."""
    workload = cluster.get(resource_of_kind(args.kind), args.namespace, args.workload)
    try:
        _require_there(cluster, args, workload)
        _require_rights(cluster, args)
        accepted, told = True, NO_DRY_RUN
    except PermanentError as err:
        accepted, told = False, message(str(err), 1000)
    return Preview(
        diff=_shown(args) if accepted else "",
        dry_run=told,
        accepted=accepted,
        untried=NO_DRY_RUN if accepted else "",
        stays_ready=f"{ready_now(workload)}; what the command does to them nobody can say beforehand",
        verification=VERIFICATION,
        undo=NO_UNDO,
        notes=NOTES,
    )


def propose(cluster: ClusterReader, target: Target, given: WhichCommand, at: datetime) -> dict[str, Argument]:
    """Bound to the pod of that name as it is now. Raises Refused where it cannot be run in it."""
    try:
        pod = cluster.get(PODS, target.namespace, given.pod)
    except NotFound as err:
        raise Refused(f"There is no pod {given.pod} in {target.namespace}") from err
    args = ExecCommand(
        namespace=target.namespace,
        name=given.pod,
        uid=uid(pod),
        workload=target.name,
        workload_uid=target.uid,
        kind=target.kind,
        container=given.container,
        argv=given.argv,
        seconds=given.seconds,
    )
    try:
        _require_there(
            cluster, args, cluster.get(resource_of_kind(target.kind), target.namespace, target.name)
        )
    except Conflict as err:
        raise Refused(str(err)) from err
    return args.model_dump(exclude={"kind"}) | kind_args(target.kind)


def _require_there(cluster: ClusterReader, args: ExecCommand, workload: JsonObject) -> None:
    """Raises Conflict unless it is that workload and that pod, and the container runs; Refused, NotFound."""
    pod, title = cluster.get(PODS, args.namespace, args.name), f"Pod {args.namespace}/{args.name}"
    if uid(workload) != args.workload_uid:
        raise Conflict(f"{args.kind} {args.workload} is another object of that name: uid {uid(workload)}")
    if uid(pod) != args.uid:
        raise Conflict(f"{title} is another object of that name: uid {uid(pod)}, not {args.uid}")
    if "deletionTimestamp" in metadata(pod):
        raise Conflict(f"{title} has changed since this was proposed: it is being deleted")
    if not any(is_of(pod, args.workload_uid, revision) for revision in revisions_of(cluster, workload)):
        raise Refused(f"{title} is no pod of {args.kind} {args.workload}")
    _require_running(pod, args.container, title)


def _require_running(pod: JsonObject, container: str, title: str) -> None:
    named = [item.get("name") for item in (pod.get("spec") or {}).get("containers") or []]
    if container not in named:
        raise Refused(f"{title} has no container {container!r}; it has {', '.join(map(str, named))}")
    known = (pod.get("status") or {}).get("containerStatuses") or []
    state = next((status.get("state") or {} for status in known if status.get("name") == container), {})
    if "running" not in state:
        raise Conflict(
            f"Container {container} of {title} does not run: {next(iter(state), 'nothing is known')}"
        )


def _require_rights(cluster: ClusterReader, args: ExecCommand) -> None:
    for verb in VERBS:
        if not cluster.allowed(verb, "", "pods/exec", args.namespace):
            raise Forbidden(f"the agent's account may not {verb} pods/exec in {args.namespace}")


def _shown(args: ExecCommand) -> str:
    """Every word on a line of its own, spelled so that nothing in it hides."""
    words = [f"+  {argv.as_text([word])[1:-1]}" for word in args.words]
    place = (
        f"in container {args.container} of pod {args.name}, uid {args.uid}, for {args.seconds} s at the most"
    )
    return "\n".join(["--- nothing is changed in the API", f"+++ run {place}", *words])


def _told(cluster: ClusterReader, args: ExecCommand, receipt: Receipt, ran: Ran) -> Receipt:
    kept = receipt.model_copy(update={"exit_code": ran.exit_code, "output": output_of(ran)})
    if ran.exit_code is None:
        return _unknown(kept, ran.why_unknown)
    if replaced := _replaced(cluster, args):
        return _unknown(kept, f"it ended with exit status {ran.exit_code}; {replaced}")
    return kept.model_copy(update={"message": f"it ended with exit status {ran.exit_code}"})


def _replaced(cluster: ClusterReader, args: ExecCommand) -> str:
    """Empty: the pod is the one that was meant, so that it was that one all the time."""
    try:
        now = uid(cluster.get(PODS, args.namespace, args.name))
    except NotFound:
        ordinal = args.kind == STATEFULSETS.kind  # only their names come back
        return "the pod is gone: it may have run in another one of that name" if ordinal else ""
    except ToolError as err:
        return f"whether it ran in the pod that was meant could not be read: {message(str(err))}"
    return (
        ""
        if now == args.uid
        else f"the pod was replaced meanwhile by one of uid {now}: it may have run in that one"
    )


def _unknown(receipt: Receipt, why: str) -> Receipt:
    return receipt.model_copy(update={"outcome": "unknown", "message": message(why, 1000)})


ACTION = Action(
    name=NAME,
    summary="Run one command that POLICY_FILE allows in a container",
    family="exec",
    args=ExecCommand,
    risk="off",
    rules=(
        RbacRule(group="", resource="pods", verbs=("get",)),
        RbacRule(group="", resource="pods/exec", verbs=VERBS),
        *LOOK_RULES,
    ),
    preview=preview,
    execute=execute,
    observe=observe,
    no_undo=NO_UNDO,
    on_request=Requestable(kinds=tuple(KINDS), propose=propose, given=WhichCommand),
    once=True,
)
