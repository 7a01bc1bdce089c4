import type { RequestContext } from '../../engine/iam/request.ts';
import type { OidcProviderRecord } from '../../storage/records/iam.ts';
import { oidcProviderKey } from '../../storage/records/keys.ts';
import { resourceTagKeys, resourceWithKeys } from '../conditionkeys.ts';
import type { AuthorizationTarget, OperationContext } from '../operation.ts';
import type { IamDependencies } from './dependencies.ts';
import { noSuchEntity } from './errors.ts';
import { readRecord, type Stored } from './records.ts';

type Place = Pick<IamDependencies, 'storage' | 'partition'>;

/** `url` without its scheme (iam-facts J2). */
export function oidcProviderArn(partition: string, accountId: string, url: string): string {
  return `arn:${partition}:iam::${accountId}:oidc-provider/${url}`;
}

/** The account's provider an ARN names, compared with case; undefined when there is none. */
export async function findOidcProvider(
  { storage, partition }: Place,
  accountId: string,
  arn: string,
): Promise<Stored<OidcProviderRecord> | undefined> {
  const prefix = oidcProviderArn(partition, accountId, '');
  return arn.startsWith(prefix)
    ? readRecord<OidcProviderRecord>(storage, oidcProviderKey(accountId, arn.slice(prefix.length)))
    : undefined;
}

/** As `findOidcProvider`; NoSuchEntity when there is none. */
export async function requireOidcProvider(
  place: Place,
  accountId: string,
  arn: string,
): Promise<Stored<OidcProviderRecord>> {
  const found = await findOidcProvider(place, accountId, arn);
  if (found === undefined) throw noSuchEntity(`OpenIDConnect Provider not found for arn ${arn}`);
  return found;
}

/** The target of an operation on a provider, with its tags. What is no ARN of an own one is judged as it stands. */
export async function oidcProviderTarget(
  place: Place,
  action: string,
  arn: string,
  { caller: { accountId } }: Pick<OperationContext, 'caller'>,
  keys: RequestContext = new Map(),
): Promise<AuthorizationTarget> {
  const found = await findOidcProvider(place, accountId, arn);
  return {
    action: `iam:${action}`,
    resources: [resourceWithKeys(arn, resourceTagKeys(found?.record.tags ?? []))],
    context: keys,
  };
}
