import type { Role } from '@aws-sdk/client-iam';
import type { RoleRecord } from '../../storage/records/iam.ts';
import { roleArn } from './arns.ts';
import type { IamDependencies } from './dependencies.ts';
import { encodeDocument } from './policies/policydocuments.ts';
import { createArnOfId, readTrustPolicy } from './trustpolicy.ts';

/** What every answer with a role in it tells. An answer with many roles gives them the same `arnOfId`. */
export async function roleSummary(
  dependencies: IamDependencies,
  role: RoleRecord,
  arnOfId = createArnOfId(dependencies),
): Promise<Role> {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.principalId,
    Arn: roleArn(dependencies.partition, role),
    CreateDate: new Date(role.createdAt),
    AssumeRolePolicyDocument: encodeDocument(await readTrustPolicy(arnOfId, role)),
  };
}
