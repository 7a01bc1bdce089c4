import { isAccountId, parseArn } from '../../engine/arn/arn.ts';
import type { JsonRecord, RecordedResource } from './record.ts';

/** What CloudTrail calls a resource, by service and first word of the ARN's resource. */
const types: Readonly<Record<string, string>> = {
  'eks cluster': 'AWS::EKS::Cluster',
  'eks access-entry': 'AWS::EKS::AccessEntry',
  'eks nodegroup': 'AWS::EKS::Nodegroup',
  'eks addon': 'AWS::EKS::Addon',
  'eks fargateprofile': 'AWS::EKS::FargateProfile',
  'eks identityproviderconfig': 'AWS::EKS::IdentityProviderConfig',
  'eks podidentityassociation': 'AWS::EKS::PodIdentityAssociation',
  'iam user': 'AWS::IAM::User',
  'iam role': 'AWS::IAM::Role',
  'iam group': 'AWS::IAM::Group',
  'iam policy': 'AWS::IAM::Policy',
  'iam mfa': 'AWS::IAM::MfaDevice',
  'iam instance-profile': 'AWS::IAM::InstanceProfile',
  'iam oidc-provider': 'AWS::IAM::OIDCProvider',
  'sts assumed-role': 'AWS::STS::AssumedRole',
  'sts federated-user': 'AWS::STS::FederatedUser',
};

const maximumResources = 20;

/** The resources a call was about: those it was authorized on, and the role that was to be assumed. */
export function recordedResources(
  authorized: readonly string[],
  parameters: JsonRecord | null,
): readonly RecordedResource[] {
  const arns = new Set(authorized.filter((arn) => arn !== '*'));
  if (typeof parameters?.roleArn === 'string' && arns.size === 0) arns.add(parameters.roleArn);
  const resources: RecordedResource[] = [];
  for (const arn of arns) {
    if (resources.length === maximumResources) break;
    const resource = describe(arn);
    if (resource !== undefined) resources.push(resource);
  }
  return resources;
}

/** Undefined for what is no ARN; a client may send anything as `roleArn`. */
function describe(arn: string): RecordedResource | undefined {
  if (arn.length > 2048) return undefined;
  const parsed = parseArn(arn);
  if (parsed === undefined) return undefined;
  const key = `${parsed.service} ${/^[a-z-]*/.exec(parsed.resource)?.[0] ?? ''}`;
  const type = Object.hasOwn(types, key) ? types[key] : undefined;
  return {
    ARN: arn.toWellFormed(),
    ...(isAccountId(parsed.accountId) && { accountId: parsed.accountId }),
    ...(type !== undefined && { type }),
  };
}

/** The last part of an ARN: how people call the resource. */
export function resourceName(arn: string): string {
  return arn.slice(Math.max(arn.lastIndexOf('/'), arn.lastIndexOf(':')) + 1);
}
