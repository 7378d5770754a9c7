"""The status patches that stages.py plays, as Go templates over the pod or node, in kwok's dialect.

A pod's status is put together from one frame and a fragment for its first container; the other containers
start once and then stay as they are.
"""
# ruff: noqa: E501 - a template's line breaks are not free

from __future__ import annotations

import json

UNREADY = ["crashdead", "notready", "slowstart"]

CREATING = """
{{ $now := Now }}
phase: Pending
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
startTime: {{ $now | Quote }}
conditions:
- {type: PodReadyToStartContainers, status: "False", lastTransitionTime: {{ $now | Quote }}}
- {type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ range $type := list "Ready" "ContainersReady" }}
- type: {{ $type }}
  status: "False"
  reason: ContainersNotReady
  message: {{ printf "containers with unready status: [%s]" (index $.spec.containers 0).name | Quote }}
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: false
  started: false
  restartCount: 0
  state: {waiting: {reason: ContainerCreating}}
  lastState: {}
{{ end }}
"""

# An unchanged condition keeps its lastTransitionTime; "" takes back the reason of a condition that turned True.
STATUS = """
{{ $now := Now }}
{{ $fault := or (get (or .metadata.labels dict) "sim/fault") "" }}
{{ $statuses := .status.containerStatuses }}
{{ $old := dict }}{{ range .status.conditions }}{{ $_ := set $old .type . }}{{ end }}
{{ $ready := %(ready)s }}
phase: %(phase)s
podIP: {{ PodIPWith .spec.nodeName (or .spec.hostNetwork false) .metadata.uid .metadata.name .metadata.namespace | Quote }}
conditions:
- {type: PodReadyToStartContainers, status: "True", lastTransitionTime: {{ .status.startTime | Quote }}}
{{ range $type := list "Ready" "ContainersReady" }}
{{ $before := or (get $old $type) dict }}
{{ $is := ternary "True" "False" $ready }}
- type: {{ $type }}
  status: {{ $is | Quote }}
  lastTransitionTime: {{ if eq (or $before.status "") $is }}{{ $before.lastTransitionTime | Quote }}{{ else }}{{ $now | Quote }}{{ end }}
  {{ if $ready }}
  reason: ""
  message: ""
  {{ else }}
  reason: %(reason)s
  message: {{ printf "containers with unready status: [%%s]" (index $.spec.containers 0).name | Quote }}
  {{ end }}
{{ end }}
containerStatuses:
{{ range $i, $c := .spec.containers }}
{{ $was := index $statuses $i }}
{{ $count := int (or $was.restartCount 0) }}
{{ if eq $i 0 }}
- name: {{ $c.name | Quote }}
  image: {{ $c.image | Quote }}
  ready: {{ $ready }}
%(container)s
{{ else if %(others)s }}
- name: {{ $c.name | Quote }}
  image: {{ $c.image | Quote }}
  ready: true
  %(runs)s
{{ else }}
-{{ YAML $was 1 }}
{{ end }}
{{ end }}
"""

IDENTITY = """
  imageID: {{ printf "docker.io/library/sim@sha256:%s" (sha256sum $c.image) | Quote }}
  containerID: {{ printf "containerd://%s" (sha256sum (printf "%s/%s/%d" $.metadata.uid $c.name $count)) | Quote }}
  restartCount: {{ $count }}
"""
RUNS = f"""{IDENTITY}
  started: true
  state: {{running: {{startedAt: {{{{ $now | Quote }}}}}}}}
"""
TERMINATED = """
      exitCode: {{ if eq $fault "oom" }}137{{ else }}1{{ end }}
      reason: {{ if eq $fault "oom" }}OOMKilled{{ else }}Error{{ end }}
      startedAt: {{ $was.state.running.startedAt | Quote }}
      finishedAt: {{ $now | Quote }}
      containerID: {{ $was.containerID | Quote }}
"""
READY_IF_WELL = f"not (has $fault (list {' '.join(map(json.dumps, UNREADY))}))"


def status(fragment: dict[str, str], phase: str = "Running") -> str:
    return STATUS % (
        {"phase": phase, "reason": "ContainersNotReady", "others": "false", "runs": ""} | fragment
    )


def waits(reason: str, message: str) -> dict[str, str]:
    container = f"""
  imageID: ""
  started: false
  restartCount: {{{{ $count }}}}
  state: {{waiting: {{reason: {reason}, message: '{message}'}}}}
  lastState: {{}}
"""
    return {"ready": "false", "container": container, "others": "$was.state.waiting", "runs": RUNS}


def keeps(ready: str) -> dict[str, str]:
    container = """
  imageID: {{ $was.imageID | Quote }}
  containerID: {{ $was.containerID | Quote }}
  restartCount: {{ $count }}
  started: true
  state: {{ YAML $was.state 2 }}
  lastState: {{ YAML (or $was.lastState dict) 2 }}
"""
    return {"ready": ready, "container": container}


STARTS = {
    "ready": READY_IF_WELL,
    "container": RUNS + "  lastState: {}\n",
    "others": "$was.state.waiting",
    "runs": RUNS,
}
ENDS = {
    "ready": "false",
    "container": f"{IDENTITY}\n  started: false\n  state:\n    terminated:{TERMINATED}\n  lastState: {{}}\n",
}
FAILS = {**ENDS, "reason": "PodFailed"}
RESTARTS = {
    "ready": READY_IF_WELL,
    "container": "{{ $count = add1 $count }}"
    + RUNS
    + '  lastState: {{ YAML (ternary $was.state $was.lastState (hasKey $was.state "terminated")) 2 }}\n',
}
BACKS_OFF = {
    "ready": "false",
    "container": f"""{IDENTITY}
  started: false
  state:
    waiting:
      reason: CrashLoopBackOff
      message: {{{{ printf "back-off 4s restarting failed container=%s pod=%s_%s(%s)" $c.name $.metadata.name $.metadata.namespace $.metadata.uid | Quote }}}}
  lastState:
    terminated:{TERMINATED}
""",
}
COMPLETES = {
    "ready": "false",
    "reason": "PodCompleted",
    "container": f"""{IDENTITY}
  started: false
  state:
    terminated:
      exitCode: 0
      reason: Completed
      startedAt: {{{{ $was.state.running.startedAt | Quote }}}}
      finishedAt: {{{{ $now | Quote }}}}
      containerID: {{{{ $was.containerID | Quote }}}}
  lastState: {{}}
""",
}

NODE_STATUS = """
{{ $now := Now }}
conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
addresses:
- {type: InternalIP, address: {{ NodeIP | Quote }}}
- {type: Hostname, address: {{ NodeName | Quote }}}
daemonEndpoints: {kubeletEndpoint: {Port: {{ NodePort }}}}
capacity: {cpu: "8", memory: 32Gi, pods: "110"}
allocatable: {cpu: "8", memory: 32Gi, pods: "110"}
nodeInfo:
  architecture: amd64
  bootID: ""
  containerRuntimeVersion: containerd://2.0.0
  kernelVersion: 6.1.0
  kubeProxyVersion: ""
  kubeletVersion: v1.34.4
  machineID: ""
  operatingSystem: linux
  osImage: Debian GNU/Linux 12 (bookworm)
  systemUUID: ""
"""
