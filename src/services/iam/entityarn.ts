import { parseArn } from '../../engine/arn/arn.ts';
import type { RequestContext } from '../../engine/iam/request.ts';
import type { GroupRecord, RoleRecord, UserRecord } from '../../storage/records/iam.ts';
import type { AuthorizationTarget, OperationContext } from '../operation.ts';
import { arnOrAll, entityArn } from './arns.ts';
import type { IamDependencies } from './dependencies.ts';
import { type Entity, type EntityKind, entityTarget, groupKind, roleKind, userKind } from './entities.ts';
import { invalidInput, noSuchEntity } from './errors.ts';
import { readRecord } from './records.ts';

type Lookup = Pick<IamDependencies, 'storage' | 'partition'>;

/** A user, role or group named by its ARN. */
export type FoundEntity =
  | { readonly noun: 'user'; readonly record: UserRecord }
  | { readonly noun: 'role'; readonly record: RoleRecord }
  | { readonly noun: 'group'; readonly record: GroupRecord };

const kinds = [userKind, roleKind, groupKind] as unknown as readonly EntityKind[];

interface NamedEntity {
  readonly kind: EntityKind;
  readonly accountId: string;
  readonly name: string;
}

/** By the form of the ARN alone. */
function nameIn(arn: string): NamedEntity | undefined {
  const parsed = parseArn(arn);
  const [, noun, name = ''] = /^(user|group|role)\/(?:.*\/)?([^/]+)$/.exec(parsed?.resource ?? '') ?? [];
  const kind = kinds.find((candidate) => candidate.noun === noun);
  if (kind === undefined || parsed?.service !== 'iam' || parsed.region !== '') return undefined;
  return { kind, accountId: parsed.accountId, name };
}

/**
 * The user, role or group with exactly this ARN, with case and path. Refuses what names none of these (sessions, root)
 * in AWS's words; NoSuchEntity for what is not there, also in other accounts.
 */
export async function requireByArn(
  { storage, partition }: Lookup,
  callerAccountId: string,
  arn: string,
): Promise<FoundEntity> {
  const named = nameIn(arn);
  if (named === undefined) {
    throw invalidInput(`Invalid Entity Arn: ${arn} does not clearly define entity type and name.`);
  }
  const { kind, accountId, name } = named;
  const stored =
    accountId === callerAccountId ? await readRecord<Entity>(storage, kind.key(accountId, name)) : undefined;
  if (stored === undefined || entityArn(partition, kind.noun, stored.record) !== arn) {
    throw noSuchEntity(`The ${kind.noun} with name ${name} cannot be found.`);
  }
  // The kind chose the key, and under a key of that kind stands a record of that kind.
  return { noun: kind.noun, record: stored.record } as FoundEntity;
}

/** The target of an operation on what an ARN names: with its tags if it is there, else the ARN as it came. */
export async function arnTarget(
  dependencies: Lookup,
  action: string,
  arn: string | undefined,
  context: Pick<OperationContext, 'caller'>,
  keys: RequestContext = new Map(),
): Promise<AuthorizationTarget> {
  const named = arn === undefined ? undefined : nameIn(arn);
  if (named?.accountId === context.caller.accountId) {
    const target = await entityTarget(dependencies, named.kind, action, named.name, context, keys);
    // The name without regard to path or case may be another's: then the permission is that for the ARN as it came.
    const [resource] = target.resources;
    const found = typeof resource === 'string' ? resource : resource?.arn;
    if (found === arn) return target;
  }
  return {
    action: `iam:${action}`,
    resources: [arnOrAll(arn)],
    resourceInMessage: arn ?? '*',
    context: keys,
  };
}
