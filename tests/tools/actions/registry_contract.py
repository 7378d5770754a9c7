"""What every action of the registry must do, written against a stage: the sandbox, or the real control plane.

Subclass `RegistryContract` beside a fixture `stage`; each action is tried by the case of its name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

import pytest

from graph import verdicts
from graph.policy import PolicySettings
from graph.state import Progress
from tests.tools.actions import batch_cases as batch
from tools.actions import REGISTRY, parse_call
from tools.cluster import Cluster
from tools.errors import Conflict, Forbidden, NotFound, Refused, ToolError, TransientError
from tools.objects import condition, created, desired, name, uid
from tools.records import ActionCall, RbacRule, Receipt, Verdict
from tools.resources import (
    AUTOSCALERS,
    CLAIMS,
    CORDONED_BY,
    CRONJOBS,
    DAEMONSETS,
    DEPLOYMENTS,
    JOBS,
    NODES,
    PODS,
    STATEFULSETS,
    JsonObject,
    Resource,
)
from tools.templates import template_digest
from tools.workload_revisions import (
    kind_args,
    mark_of,
    number_of,
    resource_of_kind,
    revisions_of,
    template_of,
)


class Stage(Protocol):
    """One namespace of some API server, as a test drives it."""

    namespace: str
    kind: str
    """Of the workload `web`; set before it is made."""

    @property
    def admin(self) -> Cluster:
        """The adapter with all rights."""
        ...

    def account(self, rules: Sequence[RbacRule]) -> Cluster:
        """The adapter as an account that may do exactly what the rules say."""
        ...

    def release(self, image: str, *, fault: str = "") -> None:
        """Make or change the workload `web`, and return when its rollout is over (or has failed for good)."""
        ...

    def settle(self) -> None:
        """Return when the rollout of the workload `web`, if there is one, is over."""
        ...

    def pass_time(self, seconds: float) -> None:
        """Let some time pass there."""
        ...

    def silence(self, node: str) -> None:
        """Let that node's kubelet fall silent, and return when the node is not Ready."""
        ...

    @property
    def has_metrics(self) -> bool:
        """Whether `metrics.k8s.io` is served there."""
        ...

    @property
    def resizes(self) -> bool:
        """Whether volumes can grow there."""
        ...

    def node(self) -> JsonObject:
        """A node of its own for this stage, Ready, on which nothing runs."""
        ...

    def now(self) -> datetime:
        """The time there."""
        ...


Args = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """How to try one action: set the stage, then its arguments, then what the write must have done."""

    prepare: Callable[[Stage], None]
    args: Callable[[Stage], Args]
    shows: Callable[[JsonObject, Args], bool]
    """Whether the object that was written to is as the action makes it; it may be empty, if it is gone."""
    state: Callable[[JsonObject], object]
    """What the action changes of it, and its undo brings back."""
    spoil: Callable[[Stage, Args], None]
    """Somebody else changes what the action was proposed against."""
    meddle: Callable[[Stage, Args], None] | None = None
    """Somebody else changes what the action made; None: as they spoil it."""
    persists: Callable[[Stage, Args], None] = lambda stage, args: _all_pods(stage, "crashloop")
    """The problem stays in spite of the write."""
    needs_metrics: bool = False
    """Without a metrics server nobody knows whether it helped."""
    needs_resizer: bool = False
    """Without somebody who resizes volumes it never helps."""
    resource: Resource = DEPLOYMENTS
    """Of the object that is written to."""
    watched: Resource = DEPLOYMENTS
    """Of the object that is looked at afterwards."""
    conditional: bool = True
    """The write is bound to what was read of the object; False: to its uid alone."""
    kind: str = DEPLOYMENTS.kind
    """Of the workload `web`."""
    second_step: Callable[[Stage, Args], None] = lambda stage, args: None
    """What has to follow the write before its rollout can be over."""


def live(stage: Stage, name: str = "web", resource: Resource | None = None) -> JsonObject:
    resource = resource or resource_of_kind(stage.kind)
    try:
        return stage.admin.get(resource, stage.namespace if resource.namespaced else "", name)
    except NotFound:
        return {}


def digest(item: JsonObject) -> str:
    return template_digest(template_of(item))


def _target(stage: Stage) -> Args:
    named = {"namespace": stage.namespace, "name": "web", "uid": uid(live(stage))}
    return {**named, **kind_args(stage.kind)}


def _template_target(stage: Stage) -> Args:
    return {**_target(stage), "from_digest": digest(live(stage))}


def _bad_release(stage: Stage) -> None:
    """One that a StatefulSet is held up by has to be lastingly not ready: between two crashes it would move on."""
    fault = "crashloop" if stage.kind == DEPLOYMENTS.kind else "notready"
    stage.release("registry.example/web:1")
    stage.release("registry.example/web:2", fault=fault)


def _rollback_args(stage: Stage) -> Args:
    older = revisions_of(stage.admin, live(stage))[1]
    return {
        **_template_target(stage),
        "to_revision": number_of(older),
        "to_replicaset": older["metadata"]["name"],
        "to_digest": digest(older),
    }


def _restarted(item: JsonObject, args: Args) -> bool:
    annotations = item["spec"]["template"]["metadata"].get("annotations") or {}
    return bool(annotations.get("kubectl.kubernetes.io/restartedAt") == args["restarted_at"])


def _another_release(stage: Stage, args: Args) -> None:
    stage.release("registry.example/web:9")


def _healthy(stage: Stage) -> None:
    stage.release("registry.example/web:1")


def _scale(stage: Stage, replicas: int) -> None:
    body = {"spec": {"replicas": replicas}}
    resource = resource_of_kind(stage.kind)
    stage.admin.patch(resource, stage.namespace, "web", body, patch_type="merge", subresource="scale")


def _scale_args(stage: Stage) -> Args:
    count = desired(live(stage))
    return {**_target(stage), "from_replicas": count, "replicas": count + 1}


def _pods(stage: Stage) -> list[JsonObject]:
    return sorted(stage.admin.list(PODS, stage.namespace, label_selector="app=web"), key=name)


def _stuck(stage: Stage) -> None:
    """One pod of a healthy Deployment stops being ready."""
    _healthy(stage)
    _label(stage, name(_pods(stage)[0]), "notready")
    _wait_for(lambda: not all(is_ready(pod) for pod in _pods(stage)), stage)


def _label(stage: Stage, pod: str, fault: str | None) -> None:
    body = {"metadata": {"labels": {"sim/fault": fault}}}
    stage.admin.patch(PODS, stage.namespace, pod, body, patch_type="merge")


def _all_pods(stage: Stage, fault: str) -> None:
    """Every pod that is there now is ill from now on."""
    for pod in _pods(stage):
        if "deletionTimestamp" not in pod["metadata"]:
            _label(stage, name(pod), fault)


def _wait_for(holds: Callable[[], bool], stage: Stage) -> None:
    ends = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < ends, "the stage was not set within 30 s"
        stage.pass_time(1)


def is_ready(pod: JsonObject) -> bool:
    return bool(condition(pod, "Ready").get("status") == "True")


def _evict_args(stage: Stage) -> Args:
    pod = next(pod for pod in _pods(stage) if not is_ready(pod))
    item = live(stage)
    named = {"namespace": stage.namespace, "name": name(pod), "uid": uid(pod)}
    return {**named, "workload": "web", "workload_uid": uid(item), **kind_args(stage.kind)}


def _evict_what_holds_it_up(stage: Stage, args: Args) -> None:
    """The second step of a StatefulSet's rollback: the pod of the revision that was left."""
    item = live(stage)
    pod = next(pod for pod in _pods(stage) if not is_ready(pod))
    step = {
        "namespace": stage.namespace,
        "name": name(pod),
        "uid": uid(pod),
        "workload": "web",
        "workload_uid": uid(item),
        "kind": stage.kind,
        "left_revision": mark_of(pod),
    }
    action, step_args = parse_call(ActionCall(name="delete_pod", args=step))

    def done() -> bool:
        try:
            receipt = action.execute(stage.admin, step_args, key="k9", at=stage.now(), dry_run=False)
        except TransientError:
            return False  # the controller has not left the revision yet
        return receipt.outcome == "done"

    _wait_for(done, stage)


def _youngest(stage: Stage) -> JsonObject:
    return max(_pods(stage), key=lambda pod: (created(pod), pod["metadata"]["resourceVersion"]))


def _comes_back(stage: Stage, args: Args) -> None:
    _label(stage, args["name"], None)
    _wait_for(lambda: all(is_ready(pod) for pod in _pods(stage)), stage)


def _node_args(stage: Stage) -> Args:
    item = stage.node()
    return {"namespace": "", "name": name(item), "uid": uid(item)}


def _cordon(stage: Stage, args: Args) -> None:
    stage.admin.patch(NODES, "", args["name"], {"spec": {"unschedulable": True}}, patch_type="merge")


def _cordoned(stage: Stage) -> None:
    """As this agent leaves a node that it has cordoned."""
    marks = {"metadata": {"annotations": {CORDONED_BY: "k0"}}, "spec": {"unschedulable": True}}
    stage.admin.patch(NODES, "", name(stage.node()), marks, patch_type="merge")


def _uncordon(stage: Stage, args: Args) -> None:
    stage.admin.patch(NODES, "", args["name"], {"spec": {"unschedulable": None}}, patch_type="merge")


def _is_cordoned(item: JsonObject) -> bool:
    return bool(item["spec"].get("unschedulable"))


def _memory_args(stage: Stage) -> Args:
    """Half as much again, of the request too."""
    amounts = {"from_limit": 64, "limit": 96, "from_request": 32, "request": 48}
    return {**_template_target(stage), "container": "web", **{k: v * 2**20 for k, v in amounts.items()}}


def memory_of(item: JsonObject) -> tuple[str, str]:
    resources = item["spec"]["template"]["spec"]["containers"][0]["resources"]
    return resources["limits"]["memory"], resources["requests"]["memory"]


def _autoscaled(stage: Stage) -> None:
    """A healthy Deployment that something scales: as many replicas as it has, at the least and at the most."""
    _healthy(stage)
    count = desired(live(stage))
    item: JsonObject = {
        "apiVersion": AUTOSCALERS.api_version,
        "kind": AUTOSCALERS.kind,
        "metadata": {"name": "web", "namespace": stage.namespace},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": count,
            "maxReplicas": count,
        },
    }
    stage.admin.create(AUTOSCALERS, stage.namespace, item)


def _maximum_args(stage: Stage) -> Args:
    scaler, item = live(stage, resource=AUTOSCALERS), live(stage)
    count = int(scaler["spec"]["maxReplicas"])
    named = {"namespace": stage.namespace, "name": "web", "uid": uid(scaler)}
    return {
        **named,
        "workload": "web",
        "workload_uid": uid(item),
        "from_maximum": count,
        "maximum": count + 1,
    }


def _maximum(stage: Stage, replicas: int) -> None:
    body = {"spec": {"maxReplicas": replicas}}
    stage.admin.patch(AUTOSCALERS, stage.namespace, "web", body, patch_type="merge")


OF_DEPLOYMENTS: Mapping[str, Case] = {
    "rollback_deployment": Case(
        prepare=_bad_release,
        args=_rollback_args,
        shows=lambda item, args: digest(item) == args["to_digest"],
        state=digest,
        spoil=_another_release,
    ),
    "restart_deployment": Case(
        prepare=_healthy,
        args=lambda stage: {**_template_target(stage), "restarted_at": "2026-01-05T12:34:56Z"},
        shows=_restarted,
        state=digest,
        spoil=_another_release,
    ),
    "scale_deployment": Case(
        prepare=_healthy,
        args=_scale_args,
        shows=lambda item, args: desired(item) == args["replicas"],
        state=desired,
        spoil=lambda stage, args: _scale(stage, args["from_replicas"] + 2),
        needs_metrics=True,
    ),
    "set_memory_limit": Case(
        prepare=_healthy,
        args=_memory_args,
        shows=lambda item, args: memory_of(item) == ("96Mi", "48Mi"),
        state=digest,
        spoil=_another_release,
    ),
    "set_hpa_maximum": Case(
        prepare=_autoscaled,
        args=_maximum_args,
        shows=lambda item, args: bool(item["spec"]["maxReplicas"] == args["maximum"]),
        state=lambda item: item["spec"]["maxReplicas"],
        spoil=lambda stage, args: _maximum(stage, args["from_maximum"] + 3),
        needs_metrics=True,
        resource=AUTOSCALERS,
    ),
    "delete_pod": Case(
        prepare=_stuck,
        args=_evict_args,
        shows=lambda item, args: uid(item) != args["uid"] or "deletionTimestamp" in item["metadata"],
        state=lambda item: (uid(item), (item.get("metadata") or {}).get("deletionTimestamp")),
        spoil=_comes_back,
        persists=lambda stage, args: _label(stage, name(_youngest(stage)), "notready"),
        resource=PODS,
        conditional=False,
    ),
    "cordon_node": Case(
        prepare=lambda stage: None,
        args=_node_args,
        shows=lambda item, args: _is_cordoned(item) and item["metadata"]["annotations"][CORDONED_BY] == "k1",
        state=_is_cordoned,
        spoil=_cordon,
        persists=lambda stage, args: stage.silence(args["name"]),
        meddle=_uncordon,
        resource=NODES,
        watched=NODES,
    ),
    "drain_node": Case(
        prepare=lambda stage: None,
        args=_node_args,
        shows=lambda item, args: _is_cordoned(item) and item["metadata"]["annotations"][CORDONED_BY] == "k1",
        state=_is_cordoned,
        spoil=_cordon,
        persists=lambda stage, args: stage.silence(args["name"]),
        meddle=_uncordon,
        resource=NODES,
        watched=NODES,
    ),
    "uncordon_node": Case(
        prepare=_cordoned,
        args=_node_args,
        shows=lambda item, args: not (_is_cordoned(item) or CORDONED_BY in item["metadata"]["annotations"]),
        state=_is_cordoned,
        spoil=_uncordon,
        persists=lambda stage, args: stage.silence(args["name"]),
        meddle=_cordon,
        resource=NODES,
        watched=NODES,
    ),
    "suspend_cronjob": Case(
        prepare=batch.nightly,
        args=batch.cron_job_args,
        shows=lambda item, args: batch.is_suspended(item) and batch.is_ours(item),
        state=batch.is_suspended,
        spoil=lambda stage, args: batch.set_suspended(stage, True),
        persists=lambda stage, args: batch.failed_run(stage),
        meddle=lambda stage, args: batch.set_suspended(stage, False),
        resource=CRONJOBS,
        watched=CRONJOBS,
    ),
    "resume_cronjob": Case(
        prepare=batch.suspended,
        args=batch.cron_job_args,
        shows=lambda item, args: not (batch.is_suspended(item) or batch.is_ours(item)),
        state=batch.is_suspended,
        spoil=lambda stage, args: batch.set_suspended(stage, False),
        persists=lambda stage, args: batch.failed_run(stage),
        meddle=lambda stage, args: batch.set_suspended(stage, True),
        resource=CRONJOBS,
        watched=CRONJOBS,
    ),
    "delete_deployment": Case(
        prepare=_healthy,
        args=_template_target,
        shows=lambda item, args: (
            not item or uid(item) != args["uid"] or "deletionTimestamp" in item["metadata"]
        ),
        state=lambda item: (
            (uid(item), (item.get("metadata") or {}).get("deletionTimestamp")) if item else None
        ),
        spoil=_another_release,
        persists=lambda stage, args: stage.release("registry.example/web:1"),
        conditional=False,
    ),
    "delete_job": Case(
        prepare=batch.failed_run,
        args=batch.job_args,
        shows=lambda item, args: uid(item) != args["uid"] or "deletionTimestamp" in item["metadata"],
        state=lambda item: (uid(item), (item.get("metadata") or {}).get("deletionTimestamp")),
        spoil=lambda stage, args: batch.disown(stage),
        persists=lambda stage, args: batch.failed_run(stage, "nightly-2"),
        resource=JOBS,
        watched=CRONJOBS,
        conditional=False,
    ),
    "expand_pvc": Case(
        prepare=batch.claim,
        args=batch.claim_args,
        shows=lambda item, args: batch.asks_for(item) == args["to_size"],
        state=batch.asks_for,
        spoil=lambda stage, args: batch.ask_for(stage, "1100Mi"),
        persists=lambda stage, args: batch.wait_for_a_restart(stage),
        needs_resizer=True,
        resource=CLAIMS,
        watched=CLAIMS,
    ),
}


def _of_kind(case: Case, resource: Resource) -> Case:
    """The same case on another kind of workload."""
    written = resource if case.resource is DEPLOYMENTS else case.resource
    stateful_rollback = case.args is _rollback_args and resource is STATEFULSETS
    return replace(
        case,
        kind=resource.kind,
        resource=written,
        watched=resource,
        second_step=_evict_what_holds_it_up if stateful_rollback else case.second_step,
    )


OF_KINDS: Mapping[str, Case] = {
    f"{action} {resource.kind}": _of_kind(OF_DEPLOYMENTS[action], resource)
    for action in ("rollback_deployment", "restart_deployment", "scale_deployment", "delete_pod")
    for resource in (STATEFULSETS, DAEMONSETS)
    if (action, resource) != ("scale_deployment", DAEMONSETS)
}
CASES: Mapping[str, Case] = {**OF_DEPLOYMENTS, **OF_KINDS}
OWN_CONTRACT = frozenset({"exec_command"})
"""What nothing can look up afterwards, and no stamp can mark: tests/tools/actions/test_exec_command.py."""
WITHOUT_UNDO = frozenset({"scale_deployment StatefulSet"})
"""Whose undo is there, and says that this time there is none."""


class MovingTarget:
    """A cluster on which somebody else annotates the object after each read of it, for the first `times` reads."""

    def __init__(self, stage: Stage, resource: Resource, times: int) -> None:
        self._stage = stage
        self._resource = resource
        self._left = times
        inner = stage.admin
        self.list, self.logs, self.allowed = inner.list, inner.logs, inner.allowed
        self.version, self.patch, self.create = inner.version, inner.patch, inner.create
        self.delete = inner.delete

    def get(self, resource: Any, namespace: str, name: str) -> JsonObject:
        item = self._stage.admin.get(resource, namespace, name)
        if resource is self._resource and self._left:
            self._left -= 1
            body = {"metadata": {"annotations": {f"note-{self._left}": "x"}}}
            self._stage.admin.patch(resource, namespace, name, body, patch_type="merge")
        return item


class OneReadFails:
    """A cluster of which the read number `failing` fails; counts them."""

    def __init__(self, inner: Cluster, failing: int, error: ToolError) -> None:
        self._inner = inner
        self._failing = failing
        self._error = error
        self.reads = 0

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._inner, method)

        def read(*args: Any, **given: Any) -> Any:
            self.reads += 1
            if self.reads == self._failing:
                raise self._error
            return call(*args, **given)

        return read


class RegistryContract:
    """The contract; `stage` is a fixture of the module that subclasses it, which says on which names of CASES."""

    def test_there_is_a_case_for_it(self, name: str) -> None:
        """No action goes without this contract."""
        assert REGISTRY.keys() - OWN_CONTRACT <= CASES.keys()
        assert {one.name for one in REGISTRY.values() if one.once} == OWN_CONTRACT
        assert name in CASES

    def test_extra_arguments_are_refused(self, stage: Stage, name: str) -> None:
        """An argument that is not declared, one of another type, one that is missing: nothing is sent."""
        stage.kind = CASES[name].kind
        CASES[name].prepare(stage)
        args = CASES[name].args(stage)
        parse_call(ActionCall(name=_action(name), args=args), [_action(name)])
        for wrong in (args | {"force": True}, args | {"uid": 7}, {"namespace": "x", "name": "y"}):
            with pytest.raises(Refused):
                parse_call(ActionCall(name=_action(name), args=wrong), [_action(name)])

    def test_a_preview_and_a_dry_run_change_nothing(self, stage: Stage, name: str) -> None:
        """The object stays as it is; the preview shows a difference and that the server accepts it."""
        action, args = _prepared(stage, name)
        before = _written_to(stage, name, args)
        shown = action.preview(stage.admin, args)
        receipt = action.execute(stage.admin, args, key="k", at=stage.now(), dry_run=True)
        after = _written_to(stage, name, args)
        assert _asked_for(after) == _asked_for(before)
        kept = ("uid", "generation", "annotations", "deletionTimestamp")
        assert [after["metadata"].get(k) for k in kept] == [before["metadata"].get(k) for k in kept]
        assert shown.accepted, shown.dry_run
        assert shown.diff
        assert shown.undo
        assert shown.verification
        assert shown.stays_ready
        assert receipt.outcome == "done"

    def test_execute_then_observe_shows_it(self, stage: Stage, name: str) -> None:
        """The write is there, and a look at it says so by the stamp or by its effect."""
        action, args = _prepared(stage, name)
        receipt = action.execute(stage.admin, args, key="k1", at=stage.now(), dry_run=False)
        assert CASES[name].shows(_written_to(stage, name, args), args.model_dump())
        watched = live(stage, receipt.target.name, CASES[name].watched)
        _settle(stage, name, args)
        seen = action.observe(stage.admin, args, receipt, stage.now())
        assert (receipt.outcome, receipt.key, receipt.before is not None) == ("done", "k1", True)
        assert (receipt.target.kind, receipt.target.uid) == (
            CASES[name].watched.kind,
            uid(watched) or args.uid,
        )
        assert receipt.generation == (watched.get("metadata") or {}).get("generation", 0)
        assert seen.error == ""
        assert seen.done or seen.stamp == "k1"
        assert (seen.uid, seen.template_digest) == (receipt.target.uid, receipt.template_digest)
        assert seen.observed_generation >= receipt.generation
        assert seen.ready == seen.desired == len(seen.pods)

    def test_it_is_verified_where_it_helped(self, stage: Stage, name: str) -> None:
        """RECOVERED after a whole window; without a metrics server a scale-up, without a resizer a larger claim is
        INCONCLUSIVE, never success.
        """
        action, args = _prepared(stage, name)
        receipt = action.execute(stage.admin, args, key="k1", at=stage.now(), dry_run=False)
        _settle(stage, name, args)
        blind = _is_blind(stage, name)
        verdict = _verdict(stage, action, args, receipt, patience=15 if blind else 40)
        assert verdict.name == ("INCONCLUSIVE" if blind else "RECOVERED"), verdict

    def test_it_is_not_verified_where_the_problem_stays(self, stage: Stage, name: str) -> None:
        """NOT_RECOVERED, or REGRESSED where pods that were ready are not any more."""
        action, args = _prepared(stage, name)
        receipt = action.execute(stage.admin, args, key="k1", at=stage.now(), dry_run=False)
        _settle(stage, name, args)
        CASES[name].persists(stage, args.model_dump())
        verdict = _verdict(stage, action, args, receipt)
        assert verdict.name in ("NOT_RECOVERED", "REGRESSED"), verdict

    def test_a_look_before_the_write_does_not_show_it(self, stage: Stage, name: str) -> None:
        """Neither stamp nor effect: a run that was killed before it wrote knows that it did not."""
        action, args = _prepared(stage, name)
        seen = action.observe(stage.admin, args, None, stage.now())
        assert (seen.error, bool(seen.done), seen.stamp) == ("", False, "")

    def test_a_second_execute_with_the_same_key_changes_nothing(self, stage: Stage, name: str) -> None:
        """Stamp or effect is found, whatever the object is by now."""
        action, args = _prepared(stage, name)
        first = action.execute(stage.admin, args, key="k1", at=stage.now(), dry_run=False)
        before = _written_to(stage, name, args)
        second = action.execute(stage.admin, args, key="k1", at=stage.now(), dry_run=False)
        after = _written_to(stage, name, args)
        assert (first.outcome, second.outcome) == ("done", "found_done")
        assert CASES[name].conditional is False or _ours(after) == _ours(before)
        assert CASES[name].shows(after, args.model_dump())
        assert (second.template_digest, second.before) == (first.template_digest, None)

    def test_undo_restores_what_was_there(self, stage: Stage, name: str) -> None:
        """The inverse, computed before the write, brings it back; or the action says that there is none."""
        action, args = _prepared(stage, name)
        if action.undo is None:
            assert action.no_undo
            return
        before = CASES[name].state(_written_to(stage, name, args))
        inverse = action.undo(stage.admin, args)
        if name in WITHOUT_UNDO:
            assert inverse is None
            return
        assert inverse is not None
        action.execute(stage.admin, args, key="k1", at=stage.now(), dry_run=False)
        _settle(stage, name, args)
        back, back_args = parse_call(inverse)
        back.execute(stage.admin, back_args, key="k2", at=stage.now(), dry_run=False)
        assert CASES[name].state(_written_to(stage, name, args)) == before

    def test_undo_is_not_done_over_somebody_elses_change(self, stage: Stage, name: str) -> None:
        """Another change since the write: the inverse is a conflict, or refused, and theirs stays."""
        action, args = _prepared(stage, name)
        if action.undo is None:
            return
        inverse = action.undo(stage.admin, args)
        if name in WITHOUT_UNDO:
            assert inverse is None
            return
        assert inverse is not None
        back, back_args = parse_call(inverse)
        action.execute(stage.admin, args, key="k1", at=stage.now(), dry_run=False)
        _settle(stage, name, args)
        (CASES[name].meddle or CASES[name].spoil)(stage, args.model_dump())
        theirs = CASES[name].state(_written_to(stage, name, args))
        with pytest.raises(Conflict, match="has changed since"):
            back.execute(stage.admin, back_args, key="k2", at=stage.now(), dry_run=False)
        assert CASES[name].state(_written_to(stage, name, args)) == theirs

    def test_a_change_of_something_else_in_between_is_read_again(self, stage: Stage, name: str) -> None:
        """The resourceVersion moved between read and write: read again, compare again, write once."""
        action, args = _prepared(stage, name)
        moving = MovingTarget(stage, CASES[name].resource, times=2)
        receipt = action.execute(moving, args, key="k1", at=stage.now(), dry_run=False)
        assert receipt.outcome == "done"
        assert CASES[name].shows(_written_to(stage, name, args), args.model_dump())

    def test_an_object_that_never_stands_still_is_a_conflict(self, stage: Stage, name: str) -> None:
        """After three attempts it is left alone, unchanged; a write bound to the uid alone need not care."""
        action, args = _prepared(stage, name)
        before = CASES[name].state(_written_to(stage, name, args))
        moving = MovingTarget(stage, CASES[name].resource, times=20)
        if not CASES[name].conditional:
            assert action.execute(moving, args, key="k1", at=stage.now(), dry_run=False).outcome == "done"
            return
        with pytest.raises(Conflict, match="kept changing"):
            action.execute(moving, args, key="k1", at=stage.now(), dry_run=False)
        assert CASES[name].state(_written_to(stage, name, args)) == before

    def test_what_has_changed_since_is_a_conflict(self, stage: Stage, name: str) -> None:
        """Somebody changed what this was proposed against: nothing is written over it."""
        action, args = _prepared(stage, name)
        CASES[name].spoil(stage, args.model_dump())
        theirs = CASES[name].state(_written_to(stage, name, args))
        with pytest.raises(Conflict, match="has changed since"):
            action.execute(stage.admin, args, key="k1", at=stage.now(), dry_run=False)
        assert CASES[name].state(_written_to(stage, name, args)) == theirs

    def test_another_object_of_that_name_is_left_alone(self, stage: Stage, name: str) -> None:
        """The uid decides, not the name: a conflict, or for an eviction the pod that is gone already."""
        action, args = _prepared(stage, name)
        before = CASES[name].state(_written_to(stage, name, args))
        other = args.model_copy(update={"uid": "11111111-2222-3333-4444-555555555555"})
        if CASES[name].conditional:
            with pytest.raises(Conflict, match="another object"):
                action.execute(stage.admin, other, key="k1", at=stage.now(), dry_run=False)
        else:
            receipt = action.execute(stage.admin, other, key="k1", at=stage.now(), dry_run=False)
            assert receipt.outcome == "found_done"
        assert CASES[name].state(_written_to(stage, name, args)) == before

    def test_its_rules_cover_every_request(self, stage: Stage, name: str) -> None:
        """An account with the declared rights and no others can preview, undo, execute and observe."""
        action, args = _prepared(stage, name)
        account = stage.account(action.rules)
        assert action.preview(account, args).accepted
        if action.undo is not None:
            action.undo(account, args)
        receipt = action.execute(account, args, key="k1", at=stage.now(), dry_run=False)
        _settle(stage, name, args)
        assert receipt.outcome == "done"
        assert action.observe(account, args, receipt, stage.now()).error == ""

    def test_a_look_that_fails_is_an_observation(self, stage: Stage, name: str) -> None:
        """An account without rights sees an error, not an exception and not a healthy workload."""
        action, args = _prepared(stage, name)
        seen = action.observe(stage.account(()), args, None, stage.now())
        assert seen.error
        assert seen.pods == ()

    def test_a_look_with_any_one_read_failing_is_no_good_look(self, stage: Stage, name: str) -> None:
        """Whichever of its reads is refused or unanswered, it is an error, or says that use is not known."""
        action, args = _prepared(stage, name)
        receipt = action.execute(stage.admin, args, key="k1", at=stage.now(), dry_run=False)
        _settle(stage, name, args)
        whole = OneReadFails(stage.admin, 0, TransientError("none"))
        good = action.observe(whole, args, receipt, stage.now())
        assert (good.error, whole.reads > 0) == ("", True)
        for failing in range(1, whole.reads + 1):
            for error in (TransientError("503"), Forbidden("403")):
                seen = action.observe(OneReadFails(stage.admin, failing, error), args, receipt, stage.now())
                blind = CASES[name].needs_metrics and all(pod.cpu_share is None for pod in seen.pods)
                assert seen.error or blind, f"read {failing} failed with {error} and nobody noticed"


def live_through(stage: Stage, name: str) -> None:
    """Most of the contract in one life, for a stage that is slow to set."""
    action, args = _prepared(stage, name)
    account = stage.account(action.rules)
    before = CASES[name].state(_written_to(stage, name, args))
    assert action.preview(account, args).accepted
    assert CASES[name].state(_written_to(stage, name, args)) == before
    inverse = action.undo(account, args) if action.undo else None
    receipt = action.execute(account, args, key="k1", at=stage.now(), dry_run=False)
    assert (receipt.outcome, CASES[name].shows(_written_to(stage, name, args), args.model_dump())) == (
        "done",
        True,
    )
    _settle(stage, name, args)
    written = _written_to(stage, name, args)
    again = action.execute(account, args, key="k1", at=stage.now(), dry_run=False)
    assert (again.outcome, _written_to(stage, name, args).get("spec")) == ("found_done", written.get("spec"))
    blind = _is_blind(stage, name)
    verdict = _verdict(stage, action, args, receipt, patience=15 if blind else 40)
    assert verdict.name == ("INCONCLUSIVE" if blind else "RECOVERED"), verdict
    assert (inverse is None) == (action.undo is None or name in WITHOUT_UNDO)
    if inverse:
        back, back_args = parse_call(inverse)
        assert back.execute(account, back_args, key="k2", at=stage.now(), dry_run=False).outcome == "done"
        assert CASES[name].state(_written_to(stage, name, args)) == before


def _is_blind(stage: Stage, name: str) -> bool:
    """Whether nobody there can tell that it helped, so that time decides."""
    case = CASES[name]
    return (case.needs_metrics and not stage.has_metrics) or (case.needs_resizer and not stage.resizes)


def _quick(passed: float, patience: float) -> PolicySettings:
    """A window of six seconds, and so many more from now until time decides."""
    return PolicySettings(
        test_cluster=True,
        verify_delay_seconds=0,
        verify_window_seconds=6,
        verify_timeout_seconds=passed + patience,
    )


def _verdict(stage: Stage, action: Any, args: Any, receipt: Receipt, *, patience: float = 40) -> Verdict:
    """What the looks from now on add up to, one a second of the stage's time."""
    progress = Progress()
    settings = _quick((stage.now() - receipt.sent_at).total_seconds(), patience)
    for _ in range(120):
        now = stage.now()
        progress = verdicts.fold(progress, action.observe(stage.admin, args, receipt, now), receipt)
        verdict = verdicts.judge(progress, receipt, settings, now)
        if verdict:
            return verdict
        stage.pass_time(1)
    raise AssertionError(f"no verdict within 120 looks: {progress}")


def _asked_for(item: JsonObject) -> JsonObject:
    """The spec, but for the taints that the node controller sets when it gets to a cordon or to a node that is new."""
    return {key: value for key, value in item["spec"].items() if key != "taints"}


def _ours(item: JsonObject) -> JsonObject:
    """Annotations, but for the revision that the Deployment controller numbers when it gets to it."""
    annotations: JsonObject = item["metadata"].get("annotations") or {}
    return {key: value for key, value in annotations.items() if key != "deployment.kubernetes.io/revision"}


def _written_to(stage: Stage, name: str, args: Any) -> JsonObject:
    return live(stage, args.name, CASES[name].resource)


def _prepared(stage: Stage, name: str) -> tuple[Any, Any]:
    stage.kind = CASES[name].kind
    CASES[name].prepare(stage)
    return parse_call(ActionCall(name=_action(name), args=CASES[name].args(stage)), [_action(name)])


def _action(name: str) -> str:
    return name.partition(" ")[0]


def _settle(stage: Stage, name: str, args: Any) -> None:
    CASES[name].second_step(stage, args.model_dump())
    stage.settle()
