import type { IdentityProviderConfigRecord } from '../../storage/records/eks.ts';
import { asObject, asText, asTextMap, parseObject } from '../json.ts';

/** A config as far as it decides. */
export type DecidingConfig = Pick<
  IdentityProviderConfigRecord,
  | 'name'
  | 'issuerUrl'
  | 'clientId'
  | 'usernameClaim'
  | 'usernamePrefix'
  | 'groupsClaim'
  | 'groupsPrefix'
  | 'requiredClaims'
>;

/** Reads a stored config; undefined where a member that decides is missing or of another type. */
export function parseProviderConfig(text: string): DecidingConfig | undefined {
  const record = parseObject(text);
  const name = asText(record?.name);
  const issuerUrl = asText(record?.issuerUrl);
  const clientId = asText(record?.clientId);
  // SECURITY: claims that cannot be read must not become none that are required.
  const requiredClaims = asTextMap(asObject(record?.requiredClaims) ?? 'none');
  if (record === undefined || !name || !issuerUrl || !clientId || requiredClaims === undefined)
    return undefined;
  const optional: Record<string, string> = {};
  for (const member of ['usernameClaim', 'usernamePrefix', 'groupsClaim', 'groupsPrefix'] as const) {
    const value = record[member];
    if (value === undefined) continue;
    if (typeof value !== 'string') return undefined;
    optional[member] = value;
  }
  return { name, issuerUrl, clientId, requiredClaims, ...optional };
}
