"""Field tables of the built-in kinds, as Kubernetes 1.34 describes them in its OpenAPI document.

One entry a type: `Type: field field:type …`. A field without a type is a string; `i` integer, `b` boolean,
`f` number, `q` quantity, `n` integer or string, `a` anything; `T*` list, `T%` map of strings to T. A list that
strategic merge patches merge carries its merge key after the star (`Container*name`; `s*=` for a list of
plain values), a trailing `!` marks the retainKeys strategy. Volume sources that nobody here reads are `a`.
It is over 300 lines long because it is a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

_TABLE = """
Affinity: nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAntiAffinity
AggregationRule: clusterRoleSelectors:LabelSelector*
AppArmorProfile: localhostProfile type
Capabilities: add:s* drop:s*
ClientIPConfig: timeoutSeconds:i
ClusterRole: aggregationRule:AggregationRule apiVersion kind metadata:ObjectMeta rules:PolicyRule*
ClusterRoleBinding: apiVersion kind metadata:ObjectMeta roleRef:RoleRef subjects:Subject*
Condition: lastTransitionTime message observedGeneration:i reason status type
ConfigMap: apiVersion binaryData:s% data:s% immutable:b kind metadata:ObjectMeta
ConfigMapEnvSource: name optional:b
ConfigMapKeySelector: key name optional:b
ConfigMapProjection: items:KeyToPath* name optional:b
ConfigMapVolumeSource: defaultMode:i items:KeyToPath* name optional:b
Container: args:s* command:s* env:EnvVar*name envFrom:EnvFromSource* image imagePullPolicy
 lifecycle:Lifecycle livenessProbe:Probe name ports:ContainerPort*containerPort readinessProbe:Probe
 resizePolicy:ContainerResizePolicy* resources:ResourceRequirements restartPolicy
 restartPolicyRules:ContainerRestartRule* securityContext:SecurityContext startupProbe:Probe stdin:b
 stdinOnce:b terminationMessagePath terminationMessagePolicy tty:b volumeDevices:VolumeDevice*devicePath
 volumeMounts:VolumeMount*mountPath workingDir
ContainerImage: names:s* sizeBytes:i
ContainerPort: containerPort:i hostIP hostPort:i name protocol
ContainerResizePolicy: resourceName restartPolicy
ContainerResourceMetricSource: container name target:MetricTarget
ContainerRestartRule: action exitCodes:ContainerRestartRuleOnExitCodes
ContainerRestartRuleOnExitCodes: operator values:i*
ContainerState: running:ContainerStateRunning terminated:ContainerStateTerminated
 waiting:ContainerStateWaiting
ContainerStateRunning: startedAt
ContainerStateTerminated: containerID exitCode:i finishedAt message reason signal:i startedAt
ContainerStateWaiting: message reason
ContainerStatus: allocatedResources:q% allocatedResourcesStatus:a*name containerID image imageID
 lastState:ContainerState name ready:b resources:ResourceRequirements restartCount:i started:b
 state:ContainerState stopSignal user:a volumeMounts:VolumeMountStatus*mountPath
ControllerRevision: apiVersion data:a kind metadata:ObjectMeta revision:i
CronJob: apiVersion kind metadata:ObjectMeta spec:CronJobSpec status:CronJobStatus
CronJobSpec: concurrencyPolicy failedJobsHistoryLimit:i jobTemplate:JobTemplateSpec schedule
 startingDeadlineSeconds:i successfulJobsHistoryLimit:i suspend:b timeZone
CronJobStatus: active:ObjectReference* lastScheduleTime lastSuccessfulTime
CrossVersionObjectReference: apiVersion kind name
DaemonEndpoint: Port:i
DaemonSet: apiVersion kind metadata:ObjectMeta spec:DaemonSetSpec status:DaemonSetStatus
DaemonSetCondition: lastTransitionTime message reason status type
DaemonSetSpec: minReadySeconds:i revisionHistoryLimit:i selector:LabelSelector template:PodTemplateSpec
 updateStrategy:DaemonSetUpdateStrategy
DaemonSetStatus: collisionCount:i conditions:DaemonSetCondition*type currentNumberScheduled:i
 desiredNumberScheduled:i numberAvailable:i numberMisscheduled:i numberReady:i numberUnavailable:i
 observedGeneration:i updatedNumberScheduled:i
DaemonSetUpdateStrategy: rollingUpdate:RollingUpdateDaemonSet type
Deployment: apiVersion kind metadata:ObjectMeta spec:DeploymentSpec status:DeploymentStatus
DeploymentCondition: lastTransitionTime lastUpdateTime message reason status type
DeploymentSpec: minReadySeconds:i paused:b progressDeadlineSeconds:i replicas:i revisionHistoryLimit:i
 selector:LabelSelector strategy:DeploymentStrategy! template:PodTemplateSpec
DeploymentStatus: availableReplicas:i collisionCount:i conditions:DeploymentCondition*type
 observedGeneration:i readyReplicas:i replicas:i terminatingReplicas:i unavailableReplicas:i
 updatedReplicas:i
DeploymentStrategy: rollingUpdate:RollingUpdateDeployment type
DownwardAPIProjection: items:DownwardAPIVolumeFile*
DownwardAPIVolumeFile: fieldRef:ObjectFieldSelector mode:i path resourceFieldRef:ResourceFieldSelector
DownwardAPIVolumeSource: defaultMode:i items:DownwardAPIVolumeFile*
EmptyDirVolumeSource: medium sizeLimit:q
Endpoint: addresses:s* conditions:EndpointConditions deprecatedTopology:s% hints:EndpointHints hostname
 nodeName targetRef:ObjectReference zone
EndpointConditions: ready:b serving:b terminating:b
EndpointHints: forNodes:ForNode* forZones:ForZone*
EndpointPort: appProtocol name port:i protocol
EndpointSlice: addressType apiVersion endpoints:Endpoint* kind metadata:ObjectMeta ports:EndpointPort*
EnvFromSource: configMapRef:ConfigMapEnvSource prefix secretRef:SecretEnvSource
EnvVar: name value valueFrom:EnvVarSource
EnvVarSource: configMapKeyRef:ConfigMapKeySelector fieldRef:ObjectFieldSelector fileKeyRef:FileKeySelector
 resourceFieldRef:ResourceFieldSelector secretKeyRef:SecretKeySelector
EphemeralContainer: args:s* command:s* env:EnvVar*name envFrom:EnvFromSource* image imagePullPolicy
 lifecycle:Lifecycle livenessProbe:Probe name ports:ContainerPort*containerPort readinessProbe:Probe
 resizePolicy:ContainerResizePolicy* resources:ResourceRequirements restartPolicy
 restartPolicyRules:ContainerRestartRule* securityContext:SecurityContext startupProbe:Probe stdin:b
 stdinOnce:b targetContainerName terminationMessagePath terminationMessagePolicy tty:b
 volumeDevices:VolumeDevice*devicePath volumeMounts:VolumeMount*mountPath workingDir
Event: action apiVersion count:i eventTime firstTimestamp involvedObject:ObjectReference kind lastTimestamp
 message metadata:ObjectMeta reason related:ObjectReference reportingComponent reportingInstance
 series:EventSeries source:EventSource type
EventSeries: count:i lastObservedTime
EventSource: component host
ExecAction: command:s*
ExternalMetricSource: metric:MetricIdentifier target:MetricTarget
FileKeySelector: key optional:b path volumeName
ForNode: name
ForZone: name
GRPCAction: port:i service
HPAScalingPolicy: periodSeconds:i type value:i
HPAScalingRules: policies:HPAScalingPolicy* selectPolicy stabilizationWindowSeconds:i tolerance:q
HTTPGetAction: host httpHeaders:HTTPHeader* path port:n scheme
HTTPHeader: name value
HorizontalPodAutoscaler: apiVersion kind metadata:ObjectMeta spec:HorizontalPodAutoscalerSpec
 status:HorizontalPodAutoscalerStatus
HorizontalPodAutoscalerBehavior: scaleDown:HPAScalingRules scaleUp:HPAScalingRules
HorizontalPodAutoscalerCondition: lastTransitionTime message reason status type
HorizontalPodAutoscalerSpec: behavior:HorizontalPodAutoscalerBehavior maxReplicas:i metrics:MetricSpec*
 minReplicas:i scaleTargetRef:CrossVersionObjectReference
HorizontalPodAutoscalerStatus: conditions:HorizontalPodAutoscalerCondition*type currentMetrics:a*
 currentReplicas:i desiredReplicas:i lastScaleTime observedGeneration:i
HostAlias: hostnames:s* ip
HostIP: ip
HostPathVolumeSource: path type
Job: apiVersion kind metadata:ObjectMeta spec:JobSpec status:JobStatus
JobCondition: lastProbeTime lastTransitionTime message reason status type
JobSpec: activeDeadlineSeconds:i backoffLimit:i backoffLimitPerIndex:i completionMode completions:i
 managedBy manualSelector:b maxFailedIndexes:i parallelism:i podFailurePolicy:a podReplacementPolicy
 selector:LabelSelector successPolicy:a suspend:b template:PodTemplateSpec ttlSecondsAfterFinished:i
JobStatus: active:i completedIndexes completionTime conditions:JobCondition*type failed:i failedIndexes
 ready:i startTime succeeded:i terminating:i uncountedTerminatedPods:UncountedTerminatedPods
JobTemplateSpec: metadata:ObjectMeta spec:JobSpec
KeyToPath: key mode:i path
LabelSelector: matchExpressions:LabelSelectorRequirement* matchLabels:s%
LabelSelectorRequirement: key operator values:s*
Lifecycle: postStart:LifecycleHandler preStop:LifecycleHandler stopSignal
LifecycleHandler: exec:ExecAction httpGet:HTTPGetAction sleep:SleepAction tcpSocket:TCPSocketAction
LimitRange: apiVersion kind metadata:ObjectMeta spec:LimitRangeSpec
LimitRangeItem: default:q% defaultRequest:q% max:q% maxLimitRequestRatio:q% min:q% type
LimitRangeSpec: limits:LimitRangeItem*
LoadBalancerIngress: hostname ip ipMode ports:PortStatus*
LoadBalancerStatus: ingress:LoadBalancerIngress*
LocalObjectReference: name
ManagedFieldsEntry: apiVersion fieldsType fieldsV1:a manager operation subresource time
MetricIdentifier: name selector:LabelSelector
MetricSpec: containerResource:ContainerResourceMetricSource external:ExternalMetricSource
 object:ObjectMetricSource pods:PodsMetricSource resource:ResourceMetricSource type
MetricTarget: averageUtilization:i averageValue:q type value:q
NFSVolumeSource: path readOnly:b server
Namespace: apiVersion kind metadata:ObjectMeta spec:NamespaceSpec status:NamespaceStatus
NamespaceCondition: lastTransitionTime message reason status type
NamespaceSpec: finalizers:s*
NamespaceStatus: conditions:NamespaceCondition*type phase
Node: apiVersion kind metadata:ObjectMeta spec:NodeSpec status:NodeStatus
NodeAddress: address type
NodeAffinity: preferredDuringSchedulingIgnoredDuringExecution:PreferredSchedulingTerm*
 requiredDuringSchedulingIgnoredDuringExecution:NodeSelector
NodeCondition: lastHeartbeatTime lastTransitionTime message reason status type
NodeDaemonEndpoints: kubeletEndpoint:DaemonEndpoint
NodeSelector: nodeSelectorTerms:NodeSelectorTerm*
NodeSelectorRequirement: key operator values:s*
NodeSelectorTerm: matchExpressions:NodeSelectorRequirement* matchFields:NodeSelectorRequirement*
NodeSpec: configSource:a externalID podCIDR podCIDRs:s*= providerID taints:Taint* unschedulable:b
NodeStatus: addresses:NodeAddress*type allocatable:q% capacity:q% conditions:NodeCondition*type config:a
 daemonEndpoints:NodeDaemonEndpoints features:a images:ContainerImage* nodeInfo:NodeSystemInfo phase
 runtimeHandlers:a* volumesAttached:a* volumesInUse:s*
NodeSwapStatus: capacity:i
NodeSystemInfo: architecture bootID containerRuntimeVersion kernelVersion kubeProxyVersion kubeletVersion
 machineID operatingSystem osImage swap:NodeSwapStatus systemUUID
ObjectFieldSelector: apiVersion fieldPath
ObjectMeta: annotations:s% creationTimestamp deletionGracePeriodSeconds:i deletionTimestamp finalizers:s*=
 generateName generation:i labels:s% managedFields:ManagedFieldsEntry* name namespace
 ownerReferences:OwnerReference*uid resourceVersion selfLink uid
ObjectMetricSource: describedObject:CrossVersionObjectReference metric:MetricIdentifier target:MetricTarget
ObjectReference: apiVersion fieldPath kind name namespace resourceVersion uid
OwnerReference: apiVersion blockOwnerDeletion:b controller:b kind name uid
PersistentVolumeClaim: apiVersion kind metadata:ObjectMeta spec:PersistentVolumeClaimSpec
 status:PersistentVolumeClaimStatus
PersistentVolumeClaimCondition: lastProbeTime lastTransitionTime message reason status type
PersistentVolumeClaimSpec: accessModes:s* dataSource:TypedLocalObjectReference
 dataSourceRef:TypedObjectReference resources:VolumeResourceRequirements selector:LabelSelector
 storageClassName volumeAttributesClassName volumeMode volumeName
PersistentVolumeClaimStatus: accessModes:s* allocatedResourceStatuses:s% allocatedResources:q% capacity:q%
 conditions:PersistentVolumeClaimCondition*type currentVolumeAttributesClassName modifyVolumeStatus:a phase
PersistentVolumeClaimVolumeSource: claimName readOnly:b
Pod: apiVersion kind metadata:ObjectMeta spec:PodSpec status:PodStatus
PodAffinity: preferredDuringSchedulingIgnoredDuringExecution:WeightedPodAffinityTerm*
 requiredDuringSchedulingIgnoredDuringExecution:PodAffinityTerm*
PodAffinityTerm: labelSelector:LabelSelector matchLabelKeys:s* mismatchLabelKeys:s*
 namespaceSelector:LabelSelector namespaces:s* topologyKey
PodAntiAffinity: preferredDuringSchedulingIgnoredDuringExecution:WeightedPodAffinityTerm*
 requiredDuringSchedulingIgnoredDuringExecution:PodAffinityTerm*
PodCondition: lastProbeTime lastTransitionTime message observedGeneration:i reason status type
PodDNSConfig: nameservers:s* options:PodDNSConfigOption* searches:s*
PodDNSConfigOption: name value
PodDisruptionBudget: apiVersion kind metadata:ObjectMeta spec:PodDisruptionBudgetSpec
 status:PodDisruptionBudgetStatus
PodDisruptionBudgetSpec: maxUnavailable:n minAvailable:n selector:LabelSelector unhealthyPodEvictionPolicy
PodDisruptionBudgetStatus: conditions:Condition*type currentHealthy:i desiredHealthy:i disruptedPods:s%
 disruptionsAllowed:i expectedPods:i observedGeneration:i
PodIP: ip
PodOS: name
PodReadinessGate: conditionType
PodResourceClaim: name resourceClaimName resourceClaimTemplateName
PodSchedulingGate: name
PodSecurityContext: appArmorProfile:AppArmorProfile fsGroup:i fsGroupChangePolicy runAsGroup:i
 runAsNonRoot:b runAsUser:i seLinuxChangePolicy seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile
 supplementalGroups:i* supplementalGroupsPolicy sysctls:Sysctl* windowsOptions:a
PodSpec: activeDeadlineSeconds:i affinity:Affinity automountServiceAccountToken:b containers:Container*name
 dnsConfig:PodDNSConfig dnsPolicy enableServiceLinks:b ephemeralContainers:EphemeralContainer*name
 hostAliases:HostAlias*ip hostIPC:b hostNetwork:b hostPID:b hostUsers:b hostname hostnameOverride
 imagePullSecrets:LocalObjectReference*name initContainers:Container*name nodeName nodeSelector:s% os:PodOS
 overhead:q% preemptionPolicy priority:i priorityClassName readinessGates:PodReadinessGate*
 resourceClaims:PodResourceClaim*name! resources:ResourceRequirements restartPolicy runtimeClassName
 schedulerName schedulingGates:PodSchedulingGate*name securityContext:PodSecurityContext serviceAccount
 serviceAccountName setHostnameAsFQDN:b shareProcessNamespace:b subdomain terminationGracePeriodSeconds:i
 tolerations:Toleration* topologySpreadConstraints:TopologySpreadConstraint*topologyKey volumes:Volume*name!
PodStatus: conditions:PodCondition*type containerStatuses:ContainerStatus*
 ephemeralContainerStatuses:ContainerStatus* extendedResourceClaimStatus:a hostIP hostIPs:HostIP*ip
 initContainerStatuses:ContainerStatus* message nominatedNodeName observedGeneration:i phase podIP
 podIPs:PodIP*ip qosClass reason resize resourceClaimStatuses:a*name! startTime
PodTemplateSpec: metadata:ObjectMeta spec:PodSpec
PodsMetricSource: metric:MetricIdentifier target:MetricTarget
PolicyRule: apiGroups:s* nonResourceURLs:s* resourceNames:s* resources:s* verbs:s*
PortStatus: error port:i protocol
PreferredSchedulingTerm: preference:NodeSelectorTerm weight:i
Probe: exec:ExecAction failureThreshold:i grpc:GRPCAction httpGet:HTTPGetAction initialDelaySeconds:i
 periodSeconds:i successThreshold:i tcpSocket:TCPSocketAction terminationGracePeriodSeconds:i
 timeoutSeconds:i
ProjectedVolumeSource: defaultMode:i sources:VolumeProjection*
ReplicaSet: apiVersion kind metadata:ObjectMeta spec:ReplicaSetSpec status:ReplicaSetStatus
ReplicaSetCondition: lastTransitionTime message reason status type
ReplicaSetSpec: minReadySeconds:i replicas:i selector:LabelSelector template:PodTemplateSpec
ReplicaSetStatus: availableReplicas:i conditions:ReplicaSetCondition*type fullyLabeledReplicas:i
 observedGeneration:i readyReplicas:i replicas:i terminatingReplicas:i
ResourceClaim: name request
ResourceFieldSelector: containerName divisor:q resource
ResourceMetricSource: name target:MetricTarget
ResourceQuota: apiVersion kind metadata:ObjectMeta spec:ResourceQuotaSpec status:ResourceQuotaStatus
ResourceQuotaSpec: hard:q% scopeSelector:ScopeSelector scopes:s*
ResourceQuotaStatus: hard:q% used:q%
ResourceRequirements: claims:ResourceClaim* limits:q% requests:q%
Role: apiVersion kind metadata:ObjectMeta rules:PolicyRule*
RoleBinding: apiVersion kind metadata:ObjectMeta roleRef:RoleRef subjects:Subject*
RoleRef: apiGroup kind name
RollingUpdateDaemonSet: maxSurge:n maxUnavailable:n
RollingUpdateDeployment: maxSurge:n maxUnavailable:n
RollingUpdateStatefulSetStrategy: maxUnavailable:n partition:i
SELinuxOptions: level role type user
Scale: apiVersion kind metadata:ObjectMeta spec:ScaleSpec status:ScaleStatus
ScaleSpec: replicas:i
ScaleStatus: replicas:i selector
ScopeSelector: matchExpressions:ScopedResourceSelectorRequirement*
ScopedResourceSelectorRequirement: operator scopeName values:s*
SeccompProfile: localhostProfile type
Secret: apiVersion data:s% immutable:b kind metadata:ObjectMeta stringData:s% type
SecretEnvSource: name optional:b
SecretKeySelector: key name optional:b
SecretProjection: items:KeyToPath* name optional:b
SecretVolumeSource: defaultMode:i items:KeyToPath* optional:b secretName
SecurityContext: allowPrivilegeEscalation:b appArmorProfile:AppArmorProfile capabilities:Capabilities
 privileged:b procMount readOnlyRootFilesystem:b runAsGroup:i runAsNonRoot:b runAsUser:i
 seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile windowsOptions:a
Service: apiVersion kind metadata:ObjectMeta spec:ServiceSpec status:ServiceStatus
ServiceAccount: apiVersion automountServiceAccountToken:b imagePullSecrets:LocalObjectReference* kind
 metadata:ObjectMeta secrets:ObjectReference*name
ServiceAccountTokenProjection: audience expirationSeconds:i path
ServicePort: appProtocol name nodePort:i port:i protocol targetPort:n
ServiceSpec: allocateLoadBalancerNodePorts:b clusterIP clusterIPs:s* externalIPs:s* externalName
 externalTrafficPolicy healthCheckNodePort:i internalTrafficPolicy ipFamilies:s* ipFamilyPolicy
 loadBalancerClass loadBalancerIP loadBalancerSourceRanges:s* ports:ServicePort*port
 publishNotReadyAddresses:b selector:s% sessionAffinity sessionAffinityConfig:SessionAffinityConfig
 trafficDistribution type
ServiceStatus: conditions:Condition*type loadBalancer:LoadBalancerStatus
SessionAffinityConfig: clientIP:ClientIPConfig
SleepAction: seconds:i
StatefulSet: apiVersion kind metadata:ObjectMeta spec:StatefulSetSpec status:StatefulSetStatus
StatefulSetCondition: lastTransitionTime message reason status type
StatefulSetOrdinals: start:i
StatefulSetPersistentVolumeClaimRetentionPolicy: whenDeleted whenScaled
StatefulSetSpec: minReadySeconds:i ordinals:StatefulSetOrdinals
 persistentVolumeClaimRetentionPolicy:StatefulSetPersistentVolumeClaimRetentionPolicy podManagementPolicy
 replicas:i revisionHistoryLimit:i selector:LabelSelector serviceName template:PodTemplateSpec
 updateStrategy:StatefulSetUpdateStrategy volumeClaimTemplates:PersistentVolumeClaim*
StatefulSetStatus: availableReplicas:i collisionCount:i conditions:StatefulSetCondition*type
 currentReplicas:i currentRevision observedGeneration:i readyReplicas:i replicas:i updateRevision
 updatedReplicas:i
StatefulSetUpdateStrategy: rollingUpdate:RollingUpdateStatefulSetStrategy type
Subject: apiGroup kind name namespace
Sysctl: name value
TCPSocketAction: host port:n
Taint: effect key timeAdded value
Toleration: effect key operator tolerationSeconds:i value
TopologySpreadConstraint: labelSelector:LabelSelector matchLabelKeys:s* maxSkew:i minDomains:i
 nodeAffinityPolicy nodeTaintsPolicy topologyKey whenUnsatisfiable
TypedLocalObjectReference: apiGroup kind name
TypedObjectReference: apiGroup kind name namespace
UncountedTerminatedPods: failed:s* succeeded:s*
Volume: awsElasticBlockStore:a azureDisk:a azureFile:a cephfs:a cinder:a configMap:ConfigMapVolumeSource
 csi:a downwardAPI:DownwardAPIVolumeSource emptyDir:EmptyDirVolumeSource ephemeral:a fc:a flexVolume:a
 flocker:a gcePersistentDisk:a gitRepo:a glusterfs:a hostPath:HostPathVolumeSource image:a iscsi:a name
 nfs:NFSVolumeSource persistentVolumeClaim:PersistentVolumeClaimVolumeSource photonPersistentDisk:a
 portworxVolume:a projected:ProjectedVolumeSource quobyte:a rbd:a scaleIO:a secret:SecretVolumeSource
 storageos:a vsphereVolume:a
VolumeDevice: devicePath name
VolumeMount: mountPath mountPropagation name readOnly:b recursiveReadOnly subPath subPathExpr
VolumeMountStatus: mountPath name readOnly:b recursiveReadOnly
VolumeProjection: clusterTrustBundle:a configMap:ConfigMapProjection downwardAPI:DownwardAPIProjection
 podCertificate:a secret:SecretProjection serviceAccountToken:ServiceAccountTokenProjection
VolumeResourceRequirements: limits:q% requests:q%
WeightedPodAffinityTerm: podAffinityTerm:PodAffinityTerm weight:i
"""


@dataclass(frozen=True)
class Field:
    """The type of one field."""

    type: str
    shape: str = ""
    """`*` list, `%` map, empty for a single value."""
    merge_key: str = ""
    """Key that strategic merge joins list items by; `=` for a list of plain values that is joined."""


@cache
def types() -> dict[str, dict[str, Field]]:
    """Every type with its fields; parsed at the first call."""
    table: dict[str, dict[str, Field]] = {}
    for line in _TABLE.strip().replace("\n ", " ").splitlines():
        name, _, rest = line.partition(":")
        table[name] = dict(_field(token) for token in rest.split())
    return table


def field_of(type_name: str, key: str) -> Field | None:
    """The field `key` of a type, or None where the type or the field is not in the table."""
    return types().get(type_name, {}).get(key)


def _field(token: str) -> tuple[str, Field]:
    name, _, declared = token.partition(":")
    declared = (declared or "s").rstrip("!")
    for shape in "*%":
        if shape in declared:
            kind, _, merge_key = declared.partition(shape)
            return name, Field(kind, shape, merge_key)
    return name, Field(declared)
