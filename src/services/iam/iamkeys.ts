import type { RequestContext } from '../../engine/iam/request.ts';
import type { Tag } from '../../storage/records/iam.ts';
import { conditionKey, joinKeys, requestTagKeys, resourceTagKeys } from '../conditionkeys.ts';

/**
 * Condition keys of IAM (iam-facts F4.3). Users and roles tell their tags under two names, everything else that has
 * tags under one (Service Authorization Reference, resource types of IAM); groups have none.
 */
export function principalTagKeys(record: object & { readonly tags?: readonly Tag[] }): RequestContext {
  return resourceTagKeys(record.tags ?? [], ['aws:ResourceTag/', 'iam:ResourceTag/']);
}

/** What creating a user or role tells: its tags and its boundary. */
export function creationKeys(input: {
  readonly Tags?: readonly { Key: string | undefined; Value: string | undefined }[] | undefined;
  readonly PermissionsBoundary?: string | undefined;
}): RequestContext {
  return joinKeys(
    requestTagKeys(input.Tags),
    conditionKey('iam:PermissionsBoundary', input.PermissionsBoundary),
  );
}
