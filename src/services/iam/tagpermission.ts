import type { Tag } from '../../storage/records/iam.ts';
import type { AuthorizationTarget, OperationContext } from '../operation.ts';
import type { IamDependencies } from './dependencies.ts';
import { requireAlso } from './secondcheck.ts';

/**
 * Creating something with tags needs the tag action too (iam-facts E15).
 *
 * SECURITY: tags decide in policies; whoever may create but not tag must not choose them.
 */
export function createTagPermission(dependencies: Pick<IamDependencies, 'authorize'>) {
  return async (
    context: OperationContext,
    tags: readonly Tag[],
    target: AuthorizationTarget,
  ): Promise<void> => {
    if (tags.length > 0) await requireAlso(dependencies, context, target);
  };
}
