import type { Tag } from '../../storage/records/iam.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { type AuthorizationTarget, arnOf, type OperationContext } from '../operation.ts';
import type { IamDependencies } from './dependencies.ts';

/**
 * Creating something with tags needs the tag action too (iam-facts E15).
 *
 * SECURITY: tags decide in policies; whoever may create but not tag must not choose them. Without an `authorize` to
 * ask, only the account root is believed to have the permission.
 */
export function createTagPermission({ authorize }: IamDependencies) {
  return async (
    context: OperationContext,
    tags: readonly Tag[],
    target: AuthorizationTarget,
  ): Promise<void> => {
    const { caller } = context;
    if (tags.length === 0) return;
    if (authorize !== undefined) return authorize(context, target);
    if (caller.kind === 'root') return;
    throw new AwsError(
      'AccessDenied',
      `User: ${caller.arn} is not authorized to perform: ${target.action} on resource: ${target.resources.map(arnOf).join(', ')}`,
    );
  };
}
