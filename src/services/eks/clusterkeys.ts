import type { CreateClusterRequest, LogType, UpdateClusterConfigRequest } from '@aws-sdk/client-eks';
import { contextKey, type RequestContext } from '../../engine/iam/request.ts';
import { joinKeys } from '../conditionkeys.ts';
import { defaultMode, defaultVersion, logTypes } from './clusterrules.ts';
import { taggingKeys } from './entrykeys.ts';

type Settings = Readonly<Record<string, string | boolean | undefined>>;

/**
 * The condition keys of a cluster's settings in CreateCluster (iam-facts F4.1).
 *
 * COMPAT: a setting that is not sent has the value the cluster will have; whether AWS leaves such a key out is not
 * documented. SECURITY: a Deny on a setting then also stops who gets that setting by saying nothing.
 */
export function creationKeys(input: CreateClusterRequest): RequestContext {
  const keyArns = (input.encryptionConfig ?? []).flatMap(({ provider }) => provider?.keyArn ?? []);
  return joinKeys(
    keysOf(defaults),
    keysOf(sentSettings(input)),
    keysOf({
      'eks:bootstrapClusterCreatorAdminPermissions':
        input.accessConfig?.bootstrapClusterCreatorAdminPermissions,
      'eks:bootstrapSelfManagedAddons': input.bootstrapSelfManagedAddons,
      'eks:kubernetesVersion': input.version,
    }),
    new Map(keyArns.length === 0 ? [] : [[contextKey('eks:encryptionConfigProviderKeyArns'), keyArns]]),
    taggingKeys(input.tags),
  );
}

/** The same of UpdateClusterConfig: what is not sent is not changed, and no key. */
export function updateKeys(input: UpdateClusterConfigRequest): RequestContext {
  return keysOf(sentSettings(input));
}

const defaults: Settings = {
  'eks:authenticationMode': defaultMode,
  'eks:blockStorageEnabled': false,
  'eks:bootstrapClusterCreatorAdminPermissions': true,
  'eks:bootstrapSelfManagedAddons': true,
  'eks:computeConfigEnabled': false,
  'eks:controlPlaneEgressMode': 'AWS_MANAGED',
  'eks:controlPlaneScalingTier': 'standard',
  'eks:deletionProtection': false,
  'eks:elasticLoadBalancingEnabled': false,
  'eks:endpointPrivateAccess': false,
  'eks:endpointPublicAccess': true,
  'eks:kubernetesVersion': defaultVersion,
  'eks:supportType': 'EXTENDED',
  'eks:zonalShiftEnabled': false,
  ...Object.fromEntries(logTypes.map((type) => [`eks:loggingType/${type}`, false])),
};

function sentSettings(input: CreateClusterRequest | UpdateClusterConfigRequest): Settings {
  const vpc = input.resourcesVpcConfig;
  return {
    'eks:authenticationMode': input.accessConfig?.authenticationMode,
    'eks:blockStorageEnabled': input.storageConfig?.blockStorage?.enabled,
    'eks:computeConfigEnabled': input.computeConfig?.enabled,
    'eks:controlPlaneEgressMode': vpc?.controlPlaneEgressMode,
    'eks:controlPlaneScalingTier': input.controlPlaneScalingConfig?.tier,
    'eks:deletionProtection': input.deletionProtection,
    'eks:elasticLoadBalancingEnabled': input.kubernetesNetworkConfig?.elasticLoadBalancing?.enabled,
    'eks:endpointPrivateAccess': vpc?.endpointPrivateAccess,
    'eks:endpointPublicAccess': vpc?.endpointPublicAccess,
    // Not a value but whether there is one: known of every request.
    'eks:kubeApiServerConfig': input.kubeApiServerConfig !== undefined,
    'eks:kubeControllerManagerConfig': input.kubeControllerManagerConfig !== undefined,
    'eks:kubeSchedulerConfig': input.kubeSchedulerConfig !== undefined,
    'eks:supportType': input.upgradePolicy?.supportType,
    'eks:zonalShiftEnabled': input.zonalShiftConfig?.enabled,
    ...sentLogging(input),
  };
}

/** A type that is switched on and off in one request is on, as in the cluster that comes of it. */
function sentLogging({ logging }: Pick<CreateClusterRequest, 'logging'>): Settings {
  const sent = new Map<LogType, boolean>();
  for (const { types = [], enabled = false } of logging?.clusterLogging ?? []) {
    for (const type of types) sent.set(type, sent.get(type) === true || enabled);
  }
  return Object.fromEntries([...sent].map(([type, enabled]) => [`eks:loggingType/${type}`, enabled]));
}

function keysOf(settings: Settings): RequestContext {
  return new Map(
    Object.entries(settings).flatMap(([name, value]) =>
      value === undefined ? [] : [[contextKey(name), String(value)] as const],
    ),
  );
}
