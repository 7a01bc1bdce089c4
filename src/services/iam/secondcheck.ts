import { AwsError } from '../../wire/protocols/errors.ts';
import { type AuthorizationTarget, arnOf, type OperationContext } from '../operation.ts';
import type { IamDependencies } from './dependencies.ts';

/**
 * A second permission that an operation needs beside its own: `iam:PassRole`, the tag action of a create call
 * (iam-facts E14, E15). Throws AccessDenied.
 *
 * SECURITY: without an `authorize` to ask, only the account root is believed to have it.
 */
export async function requireAlso(
  { authorize }: Pick<IamDependencies, 'authorize'>,
  context: OperationContext,
  target: AuthorizationTarget,
): Promise<void> {
  const { caller } = context;
  if (authorize !== undefined) return authorize(context, target);
  if (caller.kind === 'root') return;
  throw new AwsError(
    'AccessDenied',
    `User: ${caller.arn} is not authorized to perform: ${target.action} on resource: ${target.resources.map(arnOf).join(', ')}`,
  );
}
