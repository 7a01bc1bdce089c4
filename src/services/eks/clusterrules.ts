import type { CreateClusterRequest, LogType } from '@aws-sdk/client-eks';
import type { AuthenticationMode } from '../../storage/records/eks.ts';
import { invalidParameter } from './refusals.ts';

/** COMPAT: the minors EKS offers in standard support at the time of writing, plus those kubectl is tested with. */
const versions: readonly string[] = ['1.32', '1.33', '1.34', '1.35', '1.36'];
export const defaultVersion = '1.35';

const modes: readonly AuthenticationMode[] = ['CONFIG_MAP', 'API_AND_CONFIG_MAP', 'API'];
/** Through the API; the console has another (D1). */
export const defaultMode: AuthenticationMode = 'CONFIG_MAP';
export const logTypes: readonly LogType[] = [
  'api',
  'audit',
  'authenticator',
  'controllerManager',
  'scheduler',
];

/** Settings of a control plane that a built-in cluster does not have: refused rather than silently dropped. */
const unsupported = [
  'outpostConfig',
  'kubeApiServerConfig',
  'kubeSchedulerConfig',
  'kubeControllerManagerConfig',
] as const satisfies readonly (keyof CreateClusterRequest)[];

export function refuseBadClusterName(name: string): void {
  if (name.length < 1 || name.length > 100) {
    throw invalidParameter('The parameter name must have 1 to 100 characters', name);
  }
  if (!/^[0-9A-Za-z][A-Za-z0-9_-]*$/.test(name)) {
    throw invalidParameter(
      'The parameter name contains invalid characters. It should conform to the regular expression "^[0-9A-Za-z][A-Za-z0-9\\-_]*"',
      name,
    );
  }
}

export function readVersion(version: string | undefined, name: string): string {
  if (version === undefined) return defaultVersion;
  if (!versions.includes(version)) throw invalidParameter('unsupported Kubernetes version', name);
  return version;
}

/** Mode and the creator's permissions (default true, D6, F19). */
export function readAccessConfig(
  config: CreateClusterRequest['accessConfig'],
  name: string,
): { readonly mode: AuthenticationMode; readonly bootstrap: boolean } {
  const mode = readMode(config?.authenticationMode ?? defaultMode, name);
  const bootstrap = config?.bootstrapClusterCreatorAdminPermissions ?? true;
  if (mode === 'CONFIG_MAP' && !bootstrap) {
    throw invalidParameter(
      'bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode is set to CONFIG_MAP',
      name,
    );
  }
  return { mode, bootstrap };
}

export function readMode(mode: string, name: string): AuthenticationMode {
  const known = modes.find((candidate) => candidate === mode);
  if (known === undefined) {
    throw invalidParameter(
      `The authentication mode ${mode} is invalid, it must be one of [${modes.join(', ')}]`,
      name,
    );
  }
  return known;
}

/** True for the single steps CONFIG_MAP → API_AND_CONFIG_MAP → API (D2, D3). */
export function isModeStep(from: AuthenticationMode, to: AuthenticationMode): boolean {
  return modes.indexOf(to) === modes.indexOf(from) + 1;
}

export function refuseUnsupportedSettings(input: CreateClusterRequest, mode: AuthenticationMode): void {
  const member = unsupported.find((name) => input[name] !== undefined);
  if (member !== undefined) {
    throw invalidParameter(`${member} is not available for a built-in cluster`, input.name);
  }
  const needsEntries = input.computeConfig?.enabled === true || input.remoteNetworkConfig !== undefined;
  // D12; the text is ours.
  if (needsEntries && mode === 'CONFIG_MAP') {
    throw invalidParameter(
      'Auto Mode and hybrid nodes need authentication mode API or API_AND_CONFIG_MAP',
      input.name,
    );
  }
}

/**
 * What DescribeCluster echoes of a request that only matters to the infrastructure AWS would build, with the defaults
 * clients see. JSON values only.
 */
export function echoedMembers(input: CreateClusterRequest): Readonly<Record<string, unknown>> {
  const vpc = input.resourcesVpcConfig ?? {};
  const network = input.kubernetesNetworkConfig ?? {};
  const ipv6 = network.ipFamily === 'ipv6';
  return withoutUndefined({
    resourcesVpcConfig: {
      subnetIds: vpc.subnetIds ?? [],
      securityGroupIds: vpc.securityGroupIds ?? [],
      endpointPublicAccess: vpc.endpointPublicAccess ?? true,
      endpointPrivateAccess: vpc.endpointPrivateAccess ?? false,
      publicAccessCidrs: vpc.publicAccessCidrs ?? ['0.0.0.0/0'],
    },
    kubernetesNetworkConfig: {
      ...(ipv6
        ? { serviceIpv6Cidr: 'fd00:10:100::/108' }
        : { serviceIpv4Cidr: network.serviceIpv4Cidr ?? '10.100.0.0/16' }),
      ipFamily: ipv6 ? 'ipv6' : 'ipv4',
      elasticLoadBalancing: { enabled: network.elasticLoadBalancing?.enabled ?? false },
    },
    logging: { clusterLogging: echoedLogging(input) },
    upgradePolicy: { supportType: input.upgradePolicy?.supportType ?? 'EXTENDED' },
    deletionProtection: input.deletionProtection ?? false,
    encryptionConfig: input.encryptionConfig,
    zonalShiftConfig: input.zonalShiftConfig,
    remoteNetworkConfig: input.remoteNetworkConfig,
    computeConfig: input.computeConfig,
    storageConfig: input.storageConfig,
    controlPlaneScalingConfig: input.controlPlaneScalingConfig,
  });
}

/** EKS answers one group of enabled and one of disabled types. */
function echoedLogging(input: CreateClusterRequest): readonly unknown[] {
  const enabled = new Set<string>();
  for (const setup of input.logging?.clusterLogging ?? []) {
    for (const type of setup.types ?? []) {
      if (!logTypes.includes(type)) {
        throw invalidParameter(`The log type ${type} is invalid, it must be one of [${logTypes.join(', ')}]`);
      }
      if (setup.enabled === true) enabled.add(type);
    }
  }
  const on = logTypes.filter((type) => enabled.has(type));
  const off = logTypes.filter((type) => !enabled.has(type));
  return [
    ...(on.length > 0 ? [{ types: on, enabled: true }] : []),
    ...(off.length > 0 ? [{ types: off, enabled: false }] : []),
  ];
}

/** As the store will give it back. */
function withoutUndefined(members: Record<string, unknown>): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(members)) as Record<string, unknown>;
}
