import type { Operations } from '../operation.ts';
import { createAssumeRoleForPodIdentity } from './assumeroleforpodidentity.ts';
import type { EksAuthDependencies } from './dependencies.ts';

/** EKS Auth: the one operation that the agents of nodes call. */
export function createEksAuthOperations(dependencies: EksAuthDependencies): Operations {
  return { AssumeRoleForPodIdentity: createAssumeRoleForPodIdentity(dependencies) };
}
