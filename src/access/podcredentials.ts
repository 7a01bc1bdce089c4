import { credentialAccountOf, credentialsOf } from '../engine/podcredentials/credentials.ts';
import { type AddOperation, injectCredentials } from '../engine/podcredentials/inject.ts';
import { agentUri, agentUriIpv6 } from '../engine/podcredentials/names.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import { objectKey, podIdentityKey } from '../storage/records/keys.ts';
import type { Storage } from '../storage/storage.ts';
import { dnsLabelFindings, dnsSubdomainFindings } from '../wire/kube/names.ts';
import { asObject, asText, parseObject } from './json.ts';

/** What becomes of a pod that is made. */
export interface PodInjection {
  /**
   * `none`: neither association nor role, or no pod that gets any. `unknownAccount`: what the account says is not known.
   * `unreadable`: the store does not tell. `unfit`: the pod cannot take them. It is let be in all of these.
   */
  readonly outcome: 'podIdentity' | 'webIdentity' | 'none' | 'unknownAccount' | 'unreadable' | 'unfit';
  /** Of the pod; empty where it has everything. */
  readonly patch: readonly AddOperation[];
  /** For whoever makes the pod: one line each. */
  readonly warnings: readonly string[];
}

export interface PodInjectionOptions {
  readonly storage: Pick<Storage, 'get'>;
  /** Where the pods of an association find the agent; without it, where they do in a cluster of EKS. */
  readonly agentUri: string | undefined;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** Asked where an account is not there: resolves when it may be, or will not be soon. Without it nobody waits. */
  readonly accountAppears?: (key: string) => Promise<void>;
}

/**
 * Gives a pod what its service account gets it (eks-access-facts I7, I8, J20). Never rejects and never keeps a pod from
 * being made: what stands in the way is told.
 *
 * SECURITY: an association that cannot be read counts as one. Without its variables the SDKs of the pod would go on to
 * other credentials: the role of the annotation, or the node's.
 */
export async function injectPodCredentials(
  cluster: Pick<ClusterRecord, 'clusterId' | 'region' | 'echoed'>,
  namespace: string,
  pod: unknown,
  options: PodInjectionOptions,
): Promise<PodInjection> {
  const account = credentialAccountOf(pod);
  // Names become keys; no account has others.
  const isName =
    account !== undefined &&
    dnsSubdomainFindings(account).length === 0 &&
    dnsLabelFindings(namespace).length === 0;
  if (!isName) return nothing('none');
  const shown = `service account \`${namespace}/${account}\``;
  try {
    const known = await readAccount(cluster.clusterId, namespace, account, options);
    if (known === undefined) {
      return nothing(
        'unknownAccount',
        `no AWS credentials: ${shown} is not known to Entryway; see \`entryway cluster status\``,
      );
    }
    const { annotations, association } = known;
    const { terms, warnings } = credentialsOf({
      pod,
      isAssociated: association !== 'none',
      accountAnnotations: annotations,
      region: cluster.region,
      agentUri: options.agentUri ?? agentUriOf(cluster),
      random: options.random,
    });
    if (terms === undefined) return nothing('none');
    const injection = injectCredentials(pod, terms);
    const broken =
      association === 'unreadable' ? [`the Pod Identity association of ${shown} cannot be read`] : [];
    return {
      outcome: injection.warnings.length === 0 ? terms.mechanism : 'unfit',
      patch: injection.patch,
      warnings: [...broken, ...warnings, ...injection.warnings],
    };
  } catch {
    return nothing('unreadable', `no AWS credentials: what ${shown} gets cannot be read`);
  }
}

/** By the addresses that pods have. */
function agentUriOf({ echoed }: Pick<ClusterRecord, 'echoed'>): string {
  return asObject(echoed.kubernetesNetworkConfig)?.ipFamily === 'ipv6' ? agentUriIpv6 : agentUri;
}

interface KnownAccount {
  readonly association: 'none' | 'sound' | 'unreadable';
  /** Undefined where the account is not known, but its association is. */
  readonly annotations: Readonly<Record<string, unknown>> | undefined;
}

async function readAccount(
  clusterId: string,
  namespace: string,
  account: string,
  { storage, accountAppears }: PodInjectionOptions,
): Promise<KnownAccount | undefined> {
  const key = objectKey(clusterId, '', 'serviceaccounts', namespace, account);
  const read = async (): Promise<KnownAccount | undefined> => {
    const record = await storage.get(podIdentityKey(clusterId, namespace, account));
    const object = await storage.get(key);
    if (record === undefined && object === undefined) return undefined;
    const metadata = object && asObject(parseObject(object.value)?.metadata);
    return {
      association: record === undefined ? 'none' : isSound(record.value) ? 'sound' : 'unreadable',
      annotations: object === undefined ? undefined : (asObject(metadata?.annotations) ?? {}),
    };
  };
  const known = await read();
  if (known !== undefined || accountAppears === undefined) return known;
  await accountAppears(key);
  return read();
}

function isSound(value: string): boolean {
  return asText(parseObject(value)?.roleArn) !== undefined;
}

function nothing(outcome: PodInjection['outcome'], ...warnings: readonly string[]): PodInjection {
  return { outcome, patch: [], warnings };
}
