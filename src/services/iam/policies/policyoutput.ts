import type { Policy, PolicyVersion } from '@aws-sdk/client-iam';
import type { PolicyRecord } from '../../../storage/records/iam.ts';
import { policyArn } from '../arns.ts';
import type { AwsManagedPolicy } from './managedpolicies.ts';
import { encodeDocument } from './policydocuments.ts';
import type { PolicyUse } from './policyuse.ts';

/** What every answer about one of the account's policies tells; without description and tags, as in lists. */
export function ownPolicyOutput(partition: string, policy: PolicyRecord): Policy {
  return {
    PolicyName: policy.name,
    PolicyId: policy.policyId,
    Arn: policyArn(partition, policy),
    Path: policy.path,
    DefaultVersionId: policy.defaultVersionId,
    AttachmentCount: policy.attachmentCount,
    PermissionsBoundaryUsageCount: policy.boundaryCount ?? 0,
    IsAttachable: true,
    CreateDate: new Date(policy.createdAt),
    UpdateDate: new Date(policy.updatedAt),
  };
}

/** The same of one of AWS's, with its use in the account. */
export function awsPolicyOutput(policy: AwsManagedPolicy, use: PolicyUse | undefined): Policy {
  return {
    PolicyName: policy.name,
    ...(policy.policyId === undefined ? {} : { PolicyId: policy.policyId }),
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersionId,
    AttachmentCount: use?.attachments ?? 0,
    PermissionsBoundaryUsageCount: use?.boundaries ?? 0,
    IsAttachable: true,
    CreateDate: new Date(policy.createdAt),
    UpdateDate: new Date(policy.updatedAt),
  };
}

/** The versions of one of the account's, with their documents. */
export function ownVersionsOutput({ versions, defaultVersionId }: PolicyRecord): PolicyVersion[] {
  return versions.map((version) => versionOutput(version, defaultVersionId));
}

/** Of AWS's policies only the default version is known. */
export function awsVersionsOutput({
  document,
  defaultVersionId,
  updatedAt,
}: AwsManagedPolicy): PolicyVersion[] {
  return [versionOutput({ versionId: defaultVersionId, document, createdAt: updatedAt }, defaultVersionId)];
}

export function versionOutput(
  { versionId, document, createdAt }: PolicyRecord['versions'][number],
  defaultVersionId: string,
): PolicyVersion {
  return {
    Document: encodeDocument(document),
    VersionId: versionId,
    IsDefaultVersion: versionId === defaultVersionId,
    CreateDate: new Date(createdAt),
  };
}
