import { isAccountId } from '../../engine/arn/arn.ts';
import { type Fields, fieldsAt, textAt } from './fields.ts';

/** A permission a call took besides its own (iam-facts E13 to E15). */
export interface SecondPermission {
  readonly action: string;
  /** `same`: what the call itself was about. None: the record does not tell. */
  readonly resources: readonly string[] | 'same';
}

/** Parameters in which calls name a role that the service is to have. */
const roleParameters: Readonly<Record<string, readonly string[]>> = {
  'eks:CreateCluster': ['roleArn'],
  'eks:RegisterCluster': ['roleArn'],
  'eks:CreateNodegroup': ['nodeRole'],
  'eks:CreateFargateProfile': ['podExecutionRoleArn'],
  'eks:CreateAddon': ['serviceAccountRoleArn'],
  'eks:UpdateAddon': ['serviceAccountRoleArn'],
  'eks:CreateCapability': ['roleArn'],
  'eks:CreatePodIdentityAssociation': ['roleArn'],
  'eks:UpdatePodIdentityAssociation': ['roleArn'],
  'cloudtrail:CreateTrail': ['cloudWatchLogsRoleArn'],
  'cloudtrail:UpdateTrail': ['cloudWatchLogsRoleArn'],
};

/** What it takes to create something of IAM with tags. */
const taggingActions: Readonly<Record<string, string>> = {
  'iam:CreateInstanceProfile': 'iam:TagInstanceProfile',
  'iam:CreateOpenIDConnectProvider': 'iam:TagOpenIDConnectProvider',
  'iam:CreatePolicy': 'iam:TagPolicy',
  'iam:CreateRole': 'iam:TagRole',
  'iam:CreateSAMLProvider': 'iam:TagSAMLProvider',
  'iam:CreateUser': 'iam:TagUser',
  'iam:CreateVirtualMFADevice': 'iam:TagMFADevice',
  'iam:UploadServerCertificate': 'iam:TagServerCertificate',
  'sts:AssumeRole': 'sts:TagSession',
  'sts:GetFederationToken': 'sts:TagSession',
  'cloudtrail:CreateTrail': 'cloudtrail:AddTags',
};

/** By the parameters of a call that was allowed, under the names CloudTrail gives them. */
export function secondPermissions(
  action: string,
  parameters: Fields | undefined,
): readonly SecondPermission[] {
  const tagging = taggingAction(action);
  return [
    ...passedRoles(action, parameters).map((resources) => ({ action: 'iam:PassRole', resources })),
    ...(tagging !== undefined && hasTags(parameters)
      ? [{ action: tagging, resources: tagging === 'sts:TagSession' ? 'same' : [] } as const]
      : []),
    ...(action === 'sts:AssumeRole' && textAt(parameters, 'sourceIdentity') !== undefined
      ? [{ action: 'sts:SetSourceIdentity', resources: 'same' } as const]
      : []),
  ];
}

function taggingAction(action: string): string | undefined {
  if (Object.hasOwn(taggingActions, action)) return taggingActions[action];
  // Users report that EKS asks for it wherever something new has tags (iam-facts E15).
  return action.startsWith('eks:') && action !== 'eks:TagResource' ? 'eks:TagResource' : undefined;
}

function hasTags(parameters: Fields | undefined): boolean {
  return ['tags', 'tagsList'].some((name) => {
    const tags = parameters !== undefined && Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    return typeof tags === 'object' && tags !== null && Object.keys(tags).length > 0;
  });
}

/** Lists of ARNs, one for each role that was handed over; empty where its ARN is not told. */
function passedRoles(action: string, parameters: Fields | undefined): readonly (readonly string[])[] {
  if (action === 'iam:AddRoleToInstanceProfile') return [[]];
  // An entry of these types hands the role to nodes (eks-access-facts B8).
  const isNodes =
    action === 'eks:CreateAccessEntry' && /^EC2_(?:LINUX|WINDOWS)$/i.test(textAt(parameters, 'type') ?? '');
  const names = isNodes
    ? ['principalArn']
    : Object.hasOwn(roleParameters, action)
      ? (roleParameters[action] ?? [])
      : [];
  const connector = fieldsAt(parameters, 'connectorConfig');
  return names.flatMap((name) => {
    const arn = textAt(parameters, name) ?? textAt(connector, name);
    return arn !== undefined && isAccountId(arn.split(':')[4] ?? '') && arn.includes(':role/') ? [[arn]] : [];
  });
}
