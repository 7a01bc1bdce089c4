import type { Principal } from '../../engine/iam/principal.ts';
import type { UserRecord } from '../../storage/records/iam.ts';
import type { AuthorizationTarget, OperationContext } from '../operation.ts';
import type { IamDependencies } from './dependencies.ts';
import { entityTarget, requireEntity, userKind } from './entities.ts';
import { noSuchEntity, userNameNeeded } from './errors.ts';
import type { Stored } from './records.ts';

/**
 * The user that signed the request. Its record must still be the same user: one deleted and made anew under the name
 * since the signature was checked is somebody else.
 */
export async function requireCaller(
  dependencies: Pick<IamDependencies, 'storage'>,
  caller: Principal,
): Promise<Stored<UserRecord>> {
  if (caller.kind !== 'user') throw userNameNeeded();
  const stored = await requireEntity(dependencies, userKind, caller.accountId, caller.userName);
  if (stored.record.principalId !== caller.principalId) {
    throw noSuchEntity(`The user with name ${caller.userName} cannot be found.`);
  }
  return stored;
}

/** As `entityTarget`, where no name means the user that signs (iam-facts J12). */
export async function callerTarget(
  dependencies: Pick<IamDependencies, 'storage' | 'partition'>,
  action: string,
  name: string | undefined,
  context: OperationContext,
): Promise<AuthorizationTarget> {
  const { caller } = context;
  if (name !== undefined) return entityTarget(dependencies, userKind, action, name, context);
  if (caller.kind === 'user') {
    return entityTarget(dependencies, userKind, action, caller.userName, context);
  }
  return { action: `iam:${action}`, resources: ['*'] };
}
