"""A Job's program has ended well and another container of its pod runs on, so that the Job never ends.

Proof: the Job has not ended, a container of its pod has ended with 0, and another one, that is no init container and is
called as sidecars are, has run since before that and for ten minutes after. A pod has succeeded only when all its
containers have (the API reference of PodPhase), and a proxy that was put beside the program does not know that its
work is over. Counter-proof: a container that ended otherwise; one that runs and may be a program too; a Job that has
ended. Nothing is proposed: to delete the pod would make the Job do its work again.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from graph.playbooks import Playbook
from graph.state import Finding
from graph.symptoms import live_pods
from tools.records import ContainerFacts, Evidence, PodFacts

LONG = timedelta(minutes=10)
BESIDE = re.compile(
    r"proxy(?:v\d)?\b|\b(?:envoy|istio\S*|linkerd\S*|mesh|sidecar|agent|vault|consul|dapr\w*|tunnel|\w*bouncer|fluent\w*"
    r"|filebeat|promtail|vector|logstash|\w*shipper|otel\S*|opentelemetry|collector|\w*exporter|statsd|telegraf|\w*fuse)\b",
    re.IGNORECASE,
)
"""What sidecars and their images are called: meshes, proxies to databases, agents, what ships logs and numbers."""
ISTIO = "istio-proxy"


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    job = evidence.job
    if job is None or job.outcome:
        return None
    for pod in live_pods(evidence):
        done, left = _done(pod), _left(pod)
        if done and left and done[0].exit_finished_at and _long_ago(done[0].exit_finished_at, evidence):
            return _finding(job.name, pod, done[0], left, evidence)
    return None


def _done(pod: PodFacts) -> list[ContainerFacts]:
    """Its programs, all of which have ended with 0; none where one of them failed."""
    ended = [c for c in pod.containers if not c.init and c.running_since is None and c.exit_code is not None]
    return ended if all(c.exit_code == 0 for c in ended) else []


def _left(pod: PodFacts) -> list[ContainerFacts]:
    """What runs on, where all of it is there to serve the program: another program may still work on what it left."""
    running = [c for c in pod.containers if not c.init and c.running_since is not None]
    return running if all(_is_beside(container) for container in running) else []


def _is_beside(container: ContainerFacts) -> bool:
    """By its name or its image's, without the path before that."""
    return bool(BESIDE.search(f"{container.name} {container.image.rpartition('/')[2]}"))


def _end_it(job: str, pod: PodFacts, done: ContainerFacts, left: list[ContainerFacts]) -> str:
    """Istio's proxy ends when it is asked to, and then the Job counts as complete; others need the Job deleted."""
    look = f"kubectl -n <namespace> logs {pod.name} -c {done.name} --tail=20 shows what it did; then"
    if [container.name for container in left] == [ISTIO]:
        quits = f"kubectl -n <namespace> exec {pod.name} -c {ISTIO} -- pilot-agent request POST quitquitquit"
        return f"{look} {quits} ends the proxy, and the Job is complete."
    return (
        f"{look} kubectl -n <namespace> delete job {job} ends it. Do not delete only the pod: the Job would do its "
        "work again."
    )


def _next_time(names: str, left: list[ContainerFacts]) -> str:
    if any(container.name == ISTIO for container in left):
        return (
            "For the next run: the label sidecar.istio.io/inject: 'false' in the Job's pod template, where it needs no "
            "mesh, or let the program ask the proxy to quit when it is done."
        )
    return (
        f"For the next run make {names} an init container with restartPolicy Always, which ends with the program, "
        "where all nodes run Kubernetes 1.29 or newer; or let the program tell it to quit."
    )


def _long_ago(ended: datetime, evidence: Evidence) -> bool:
    return evidence.collected_at - ended >= LONG


def _finding(
    job: str, pod: PodFacts, done: ContainerFacts, left: list[ContainerFacts], evidence: Evidence
) -> Finding:
    names = " and ".join(container.name for container in left)
    skips = evidence.cron_job is not None and evidence.cron_job.concurrency == "Forbid"
    return Finding(
        problem="job_held_open",
        summary=(
            f"Job {job} has done its work and cannot end: {done.name} ended with 0 at "
            f"{done.exit_finished_at:%Y-%m-%d %H:%M:%S} UTC, {names} beside it runs on."
        ),
        directness=1.0,
        evidence=tuple(id_ for kind in ("job", "pods", "workload") for id_ in evidence.cite(kind)),
        facts=(
            *(("its CronJob starts no run while this one has not ended (Forbid)",) if skips else ()),
            f"{pod.name} on {pod.node}: {names} has run since {left[0].running_since:%Y-%m-%d %H:%M:%S} UTC",
        ),
        ruled_out=(
            "a failure: its program ended with 0",
            "a Job that takes long: nothing of it works any more",
        ),
        how_soon="soon" if skips else "later",
        next_step=f"{_end_it(job, pod, done, left)} {_next_time(names, left)}",
    )


PLAYBOOK = Playbook(problem="job_held_open", rank=24, proves=proves)
