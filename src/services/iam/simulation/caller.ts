import { isAccountId, parseArn } from '../../../engine/arn/arn.ts';
import { contextKey, type RequestContext, type RequestPrincipal } from '../../../engine/iam/request.ts';
import type { Entity } from '../entities.ts';
import { idOf } from '../entities.ts';
import { invalidInput } from '../errors.ts';

/** Who calls in a simulation, with the condition keys that are known of them. */
export interface SimulatedCaller {
  readonly principal: Extract<RequestPrincipal, { accountId: string }>;
  readonly context: RequestContext;
}

/**
 * The user, role or group of an ARN, whether it exists or not. A role calls by a session of no certain name; a group is
 * no principal, so policies that name principals can mean its account only (iam-facts A9). Tags and unique id are those
 * of the record, where the ARN is one's.
 */
export function callerOfArn(arn: string, known?: Entity): SimulatedCaller {
  const parsed = parseArn(arn);
  const [, kind, name = ''] = /^(user|group|role)\/(?:.*\/)?([^/]+)$/.exec(parsed?.resource ?? '') ?? [];
  if (parsed?.service !== 'iam' || !isAccountId(parsed.accountId) || kind === undefined) {
    throw invalidInput(`Invalid Caller Arn: ${arn} is not the ARN of a user, group or role.`);
  }
  const { accountId, partition } = parsed;
  const context = new Map<string, string>([
    ['aws:principalarn', arn],
    ['aws:principalaccount', accountId],
    ['aws:principaltype', kind === 'role' ? 'AssumedRole' : 'User'],
  ]);
  if (kind === 'user') context.set('aws:username', name);
  if (kind === 'user' && known !== undefined) context.set('aws:userid', idOf(known));
  const tags = known !== undefined && 'tags' in known ? known.tags : [];
  for (const { Key, Value } of tags) context.set(contextKey(`aws:PrincipalTag/${Key}`), Value);
  const principalId = known === undefined ? '' : idOf(known);
  const common = { accountId, partition, principalArn: arn, principalId };
  const session = `arn:${partition}:sts::${accountId}:assumed-role/${name}/simulation`;
  return {
    principal:
      kind === 'role' ? { ...common, kind: 'assumedRole', arn: session } : { ...common, kind: 'user', arn },
    context,
  };
}

/** Somebody of the account, where a simulation names nobody: no condition key tells who. */
export function anybodyOf(partition: string, accountId: string): SimulatedCaller {
  const arn = `arn:${partition}:iam::${accountId}:user/simulation`;
  return {
    principal: { kind: 'user', accountId, partition, arn, principalArn: arn, principalId: '' },
    context: new Map(),
  };
}
