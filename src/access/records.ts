import type { AccessEntryRecord, ClusterRecord } from '../storage/records/eks.ts';
import { asList, asObject, asText, asTexts, parseObject } from './json.ts';

/** An access entry as far as it decides. */
export type DecidingEntry = Pick<
  AccessEntryRecord,
  'principalArn' | 'principalId' | 'type' | 'username' | 'kubernetesGroups'
> & {
  readonly associatedPolicies: readonly Pick<
    AccessEntryRecord['associatedPolicies'][number],
    'policyArn' | 'accessScope'
  >[];
};

/** Reads a stored cluster; undefined where a member that decides is missing or of another type. */
export function parseClusterRecord(text: string): ClusterRecord | undefined {
  const record = parseObject(text);
  if (record === undefined) return undefined;
  const mode = record.authenticationMode;
  const hidden = record.hiddenAdminPrincipalId;
  const isSound =
    [record.clusterId, record.accountId, record.region, record.name].every(
      (member) => typeof member === 'string' && member !== '',
    ) &&
    (mode === 'CONFIG_MAP' || mode === 'API_AND_CONFIG_MAP' || mode === 'API') &&
    (hidden === undefined || typeof hidden === 'string');
  return isSound ? (record as unknown as ClusterRecord) : undefined;
}

/** Reads a stored access entry; undefined where anything that decides is missing or of another type. */
export function parseEntryRecord(text: string): DecidingEntry | undefined {
  const record = parseObject(text);
  const principalArn = asText(record?.principalArn);
  const principalId = asText(record?.principalId);
  const type = asText(record?.type);
  const username = asText(record?.username);
  const kubernetesGroups = asTexts(record?.kubernetesGroups);
  const associatedPolicies = asList(record?.associatedPolicies, readAssociation);
  if (!principalArn || !principalId || type === undefined || username === undefined) return undefined;
  if (kubernetesGroups === undefined || associatedPolicies === undefined) return undefined;
  return { principalArn, principalId, type, username, kubernetesGroups, associatedPolicies } as DecidingEntry;
}

function readAssociation(value: unknown): DecidingEntry['associatedPolicies'][number] | undefined {
  const association = asObject(value);
  const policyArn = asText(association?.policyArn);
  const scope = asObject(association?.accessScope);
  const namespaces = asTexts(scope?.namespaces);
  if (policyArn === undefined || namespaces === undefined) return undefined;
  // SECURITY: a scope of unknown type is no scope of the cluster.
  if (scope?.type !== 'cluster' && scope?.type !== 'namespace') return undefined;
  return { policyArn, accessScope: { type: scope.type, namespaces } };
}
