import type { JsonValue } from '../json.ts';
import type { MessageField } from '../messages.ts';

/**
 * Fields that Go always writes and that may be left out all the same; all others it always writes are required.
 * COMPAT: read from the public API types, where such fields are marked optional.
 */
const optional: ReadonlySet<string> = new Set([
  'apps.v1.StatefulSetOrdinals.start',
  'apps.v1.StatefulSetSpec.serviceName',
  'apps.v1.StatefulSetStatus.availableReplicas',
  'authentication.v1.TokenRequestSpec.boundObjectRef',
  'authentication.v1.TokenRequestSpec.expirationSeconds',
  'autoscaling.v2.HorizontalPodAutoscalerStatus.currentMetrics',
  'batch.v1.PodFailurePolicyOnPodConditionsPattern.status',
  'core.v1.AzureFilePersistentVolumeSource.secretNamespace',
  'core.v1.ContainerImage.names',
  'core.v1.Event.reportingComponent',
  'core.v1.Event.reportingInstance',
  'core.v1.GRPCAction.service',
  'core.v1.NodeRuntimeHandler.name',
  'core.v1.ProjectedVolumeSource.sources',
  'core.v1.TypedLocalObjectReference.apiGroup',
  'core.v1.TypedObjectReference.apiGroup',
  'discovery.v1.EndpointSlice.ports',
  'events.v1.Event.metadata',
  'flowcontrol.v1.FlowSchemaSpec.matchingPrecedence',
  'flowcontrol.v1.QueuingConfiguration.handSize',
  'flowcontrol.v1.QueuingConfiguration.queueLengthLimit',
  'flowcontrol.v1.QueuingConfiguration.queues',
  'networking.v1.IngressClassParametersReference.scope',
  'networking.v1.NetworkPolicySpec.podSelector',
  'rbac.v1.ClusterRole.rules',
  'rbac.v1.Role.rules',
  'storage.v1.CSINodeDriver.topologyKeys',
]);

/** Fields that Go leaves out when they are empty and that are required all the same. */
const required: ReadonlySet<string> = new Set([
  'core.v1.ContainerRestartRule.action',
  'core.v1.ContainerRestartRuleOnExitCodes.operator',
  'core.v1.PodCertificateProjection.keyType',
  'core.v1.PodCertificateProjection.signerName',
  'networking.v1.IPAddressSpec.parentRef',
  'networking.v1.ParentReference.name',
  'networking.v1.ParentReference.resource',
]);

export function isRequired(owner: string, field: MessageField): boolean {
  const name = `${owner}.${field.name}`;
  return field.always ? !optional.has(name) : required.has(name);
}

const defaults: Readonly<Record<string, JsonValue>> = {
  'autoscaling.v1.ScaleSpec.replicas': 0,
  'core.v1.AzureDiskVolumeSource.cachingMode': 'ReadWrite',
  'core.v1.AzureDiskVolumeSource.fsType': 'ext4',
  'core.v1.AzureDiskVolumeSource.kind': 'Shared',
  'core.v1.AzureDiskVolumeSource.readOnly': false,
  'core.v1.ConfigMapEnvSource.name': '',
  'core.v1.ConfigMapKeySelector.name': '',
  'core.v1.ConfigMapProjection.name': '',
  'core.v1.ConfigMapVolumeSource.name': '',
  'core.v1.ContainerPort.protocol': 'TCP',
  'core.v1.FileKeySelector.optional': false,
  'core.v1.GRPCAction.service': '',
  'core.v1.ISCSIPersistentVolumeSource.iscsiInterface': 'default',
  'core.v1.ISCSIVolumeSource.iscsiInterface': 'default',
  'core.v1.LocalObjectReference.name': '',
  'core.v1.RBDPersistentVolumeSource.keyring': '/etc/ceph/keyring',
  'core.v1.RBDPersistentVolumeSource.pool': 'rbd',
  'core.v1.RBDPersistentVolumeSource.user': 'admin',
  'core.v1.RBDVolumeSource.keyring': '/etc/ceph/keyring',
  'core.v1.RBDVolumeSource.pool': 'rbd',
  'core.v1.RBDVolumeSource.user': 'admin',
  'core.v1.ReplicationControllerSpec.minReadySeconds': 0,
  'core.v1.ReplicationControllerSpec.replicas': 1,
  'core.v1.ScaleIOPersistentVolumeSource.fsType': 'xfs',
  'core.v1.ScaleIOPersistentVolumeSource.storageMode': 'ThinProvisioned',
  'core.v1.ScaleIOVolumeSource.fsType': 'xfs',
  'core.v1.ScaleIOVolumeSource.storageMode': 'ThinProvisioned',
  'core.v1.SecretEnvSource.name': '',
  'core.v1.SecretKeySelector.name': '',
  'core.v1.SecretProjection.name': '',
  'core.v1.ServicePort.protocol': 'TCP',
  'resource.v1.DeviceToleration.operator': 'Equal',
};

/** What the API server takes where a field is left out; undefined where it is not said. */
export function defaultOf(owner: string, field: string): JsonValue | undefined {
  const name = `${owner}.${field}`;
  return Object.hasOwn(defaults, name) ? defaults[name] : undefined;
}

const pullPolicy = ['Always', 'IfNotPresent', 'Never'];
const protocol = ['SCTP', 'TCP', 'UDP'];
const trafficPolicy = ['Cluster', 'Local'];
const selectorOperator = ['DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn'];
const failurePolicy = ['Fail', 'Ignore'];

/** The values a field of that name may have, as the API server lists them. Only the fields people look up. */
const enums: Readonly<Record<string, readonly string[]>> = {
  'admissionregistration.v1.MutatingWebhook.failurePolicy': failurePolicy,
  'admissionregistration.v1.MutatingWebhook.matchPolicy': ['Equivalent', 'Exact'],
  'admissionregistration.v1.MutatingWebhook.reinvocationPolicy': ['IfNeeded', 'Never'],
  'admissionregistration.v1.MutatingWebhook.sideEffects': ['None', 'NoneOnDryRun', 'Some', 'Unknown'],
  'admissionregistration.v1.ValidatingWebhook.failurePolicy': failurePolicy,
  'admissionregistration.v1.ValidatingWebhook.matchPolicy': ['Equivalent', 'Exact'],
  'admissionregistration.v1.ValidatingWebhook.sideEffects': ['None', 'NoneOnDryRun', 'Some', 'Unknown'],
  'apps.v1.DaemonSetUpdateStrategy.type': ['OnDelete', 'RollingUpdate'],
  'apps.v1.DeploymentStrategy.type': ['Recreate', 'RollingUpdate'],
  'apps.v1.StatefulSetSpec.podManagementPolicy': ['OrderedReady', 'Parallel'],
  'apps.v1.StatefulSetUpdateStrategy.type': ['OnDelete', 'RollingUpdate'],
  'batch.v1.CronJobSpec.concurrencyPolicy': ['Allow', 'Forbid', 'Replace'],
  'batch.v1.JobSpec.completionMode': ['Indexed', 'NonIndexed'],
  'batch.v1.JobSpec.podReplacementPolicy': ['Failed', 'TerminatingOrFailed'],
  'core.v1.Container.imagePullPolicy': pullPolicy,
  'core.v1.Container.terminationMessagePolicy': ['FallbackToLogsOnError', 'File'],
  'core.v1.ContainerPort.protocol': protocol,
  'core.v1.EphemeralContainer.imagePullPolicy': pullPolicy,
  'core.v1.HTTPGetAction.scheme': ['HTTP', 'HTTPS'],
  'core.v1.NamespaceStatus.phase': ['Active', 'Terminating'],
  'core.v1.NodeSelectorRequirement.operator': selectorOperator,
  'core.v1.PersistentVolumeClaimSpec.volumeMode': ['Block', 'Filesystem'],
  'core.v1.PersistentVolumeClaimStatus.phase': ['Bound', 'Lost', 'Pending'],
  'core.v1.PersistentVolumeSpec.persistentVolumeReclaimPolicy': ['Delete', 'Recycle', 'Retain'],
  'core.v1.PersistentVolumeSpec.volumeMode': ['Block', 'Filesystem'],
  'core.v1.PodSpec.dnsPolicy': ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'],
  'core.v1.PodSpec.preemptionPolicy': ['Never', 'PreemptLowerPriority'],
  'core.v1.PodSpec.restartPolicy': ['Always', 'Never', 'OnFailure'],
  'core.v1.PodStatus.phase': ['Failed', 'Pending', 'Running', 'Succeeded', 'Unknown'],
  'core.v1.PodStatus.qosClass': ['BestEffort', 'Burstable', 'Guaranteed'],
  'core.v1.ServicePort.protocol': protocol,
  'core.v1.ServiceSpec.externalTrafficPolicy': trafficPolicy,
  'core.v1.ServiceSpec.internalTrafficPolicy': trafficPolicy,
  'core.v1.ServiceSpec.ipFamilyPolicy': ['PreferDualStack', 'RequireDualStack', 'SingleStack'],
  'core.v1.ServiceSpec.sessionAffinity': ['ClientIP', 'None'],
  'core.v1.ServiceSpec.type': ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'],
  'core.v1.Taint.effect': ['NoExecute', 'NoSchedule', 'PreferNoSchedule'],
  'core.v1.Toleration.effect': ['NoExecute', 'NoSchedule', 'PreferNoSchedule'],
  'core.v1.TopologySpreadConstraint.whenUnsatisfiable': ['DoNotSchedule', 'ScheduleAnyway'],
  'meta.v1.Condition.status': ['False', 'True', 'Unknown'],
  'networking.v1.HTTPIngressPath.pathType': ['Exact', 'ImplementationSpecific', 'Prefix'],
  'storage.v1.StorageClass.reclaimPolicy': ['Delete', 'Recycle', 'Retain'],
  'storage.v1.StorageClass.volumeBindingMode': ['Immediate', 'WaitForFirstConsumer'],
};

/** The values a field may have, sorted; undefined where any text will do, or where nobody wrote them down. */
export function enumOf(owner: string, field: string): readonly string[] | undefined {
  const name = `${owner}.${field}`;
  return Object.hasOwn(enums, name) ? enums[name] : undefined;
}
