import { assuming, type Permitted } from './asking.ts';

/**
 * What changing a role takes besides the permission. AWS's own roles are changed by nobody (iam-facts J17). Those of IAM
 * Identity Center AWS does not let anybody change either (`UnmodifiableEntity … this role is only modifiable by AWS`, reported
 * in rebuy-de/aws-nuke 441); a server that only imitates their path may, so that they are not hidden.
 */
export function changing(roleArn: string, by: Permitted | undefined): Permitted | undefined {
  if (by === undefined || /:role\/aws-service-role\//.test(roleArn)) return undefined;
  return /:role\/aws-reserved\//.test(roleArn)
    ? assuming(by, 'the server lets roles of IAM Identity Center be changed, as AWS does not')
    : by;
}
