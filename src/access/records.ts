import { isMatcherArn } from '../engine/identity/entries.ts';
import { compileMatcher } from '../engine/identity/matchers.ts';
import type { AccessEntryRecord, AccessScope, ClusterRecord } from '../storage/records/eks.ts';
import { asList, asObject, asText, asTexts, parseObject } from './json.ts';

/** An access entry as far as it decides. */
export type DecidingEntry = Pick<
  AccessEntryRecord,
  'principalArn' | 'principalId' | 'type' | 'username' | 'kubernetesGroups'
> & {
  readonly associatedPolicies: readonly Pick<
    AccessEntryRecord['associatedPolicies'][number],
    'policyArn' | 'accessScope' | 'expiresAt'
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
    (hidden === undefined || typeof hidden === 'string') &&
    (record.apiAudiences === undefined || isAudiences(record.apiAudiences)) &&
    (record.oidcIssuer === undefined || !!asText(record.oidcIssuer)) &&
    (record.tokenIssuer === undefined || isTokenIssuer(record.tokenIssuer)) &&
    (record.breakGlass === undefined || isBreakGlassRecord(record.breakGlass));
  return isSound ? (record as unknown as ClusterRecord) : undefined;
}

/** SECURITY: audiences that were lost must not leave a token good for every audience that is asked for. */
function isAudiences(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((audience) => !!asText(audience));
}

/** SECURITY: keys that were lost must not leave an issuer that is asked for others. */
function isTokenIssuer(value: unknown): boolean {
  const issuer = asObject(value);
  const keys = issuer?.keys;
  return (
    !!asText(issuer?.url) &&
    (keys === undefined ||
      (Array.isArray(keys) && keys.length > 0 && keys.every((key) => asObject(key) !== undefined)))
  );
}

function isBreakGlassRecord(value: unknown): boolean {
  const breakGlass = asObject(value);
  return [breakGlass?.principalArn, breakGlass?.principalId].every((member) => !!asText(member));
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
  if (!principalArn || principalId === undefined || type === undefined || username === undefined) {
    return undefined;
  }
  if (!isWhose(principalArn, principalId, type, record?.pinnedBy)) return undefined;
  if (kubernetesGroups === undefined || associatedPolicies === undefined) return undefined;
  return { principalArn, principalId, type, username, kubernetesGroups, associatedPolicies } as DecidingEntry;
}

/**
 * Whether it is clear whom an entry is about: one principal by its unique id, the roles a matcher means, or whoever AWS
 * reports first under its ARN.
 *
 * SECURITY: an id that was lost must not make an entry of anybody who has the ARN, and a `*` that means nothing must not
 * be taken for a name.
 */
function isWhose(principalArn: string, principalId: string, type: string, pinnedBy: unknown): boolean {
  if (isMatcherArn(principalArn)) {
    // Nodes are let in one role at a time.
    return principalId === '' && type === 'STANDARD' && compileMatcher(principalArn) !== undefined;
  }
  return principalId !== '' || pinnedBy === 'firstUse';
}

function readAssociation(value: unknown): DecidingEntry['associatedPolicies'][number] | undefined {
  const association = asObject(value);
  const policyArn = asText(association?.policyArn);
  const scope = asObject(association?.accessScope);
  const namespaces = asTexts(scope?.namespaces);
  if (policyArn === undefined || namespaces === undefined) return undefined;
  // SECURITY: a scope of unknown type is no scope of the cluster.
  if (scope?.type !== 'cluster' && scope?.type !== 'namespace') return undefined;
  const accessScope: AccessScope = { type: scope.type, namespaces };
  const expiresAt = association?.expiresAt;
  if (expiresAt === undefined) return { policyArn, accessScope };
  // SECURITY: an end that cannot be read must not make the association one without an end.
  return typeof expiresAt === 'number' ? { policyArn, accessScope, expiresAt } : undefined;
}
