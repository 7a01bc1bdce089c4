import type {
  GetPolicyVersionRequest,
  GetPolicyVersionResponse,
  ListPolicyVersionsRequest,
  ListPolicyVersionsResponse,
  PolicyVersion,
} from '@aws-sdk/client-iam';
import { defineOperation, type Operations } from '../operation.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import * as constraints from './constraints.ts';
import type { IamDependencies } from './dependencies.ts';
import { noSuchEntity } from './errors.ts';
import { pageFailures, pageOf } from './paging.ts';
import { policyTarget } from './policies.ts';
import { encodeDocument } from './policydocuments.ts';
import { type FoundPolicy, findPolicy } from './policylookup.ts';

/** The versions of managed policies, for reading (iam-facts J9). Of AWS's policies only the default one is known. */
export function createPolicyVersionOperations(dependencies: IamDependencies): Operations {
  const { pageTokens } = dependencies;

  const GetPolicyVersion = defineOperation<GetPolicyVersionRequest, GetPolicyVersionResponse>({
    authorization: ({ PolicyArn }) => policyTarget('GetPolicyVersion', PolicyArn),
    async handle(input, { caller: { accountId } }) {
      const { PolicyArn: arn = '', VersionId: versionId = '' } = input;
      refuseInvalid([
        ...validateMember('policyArn', input.PolicyArn, constraints.policyArn),
        ...validateMember('versionId', input.VersionId, constraints.policyVersionId),
      ]);
      const found = await findPolicy(dependencies, accountId, arn);
      if (found === undefined) throw noSuchEntity(`Policy ${arn} was not found.`);
      const version = versionsOf(found).find(({ VersionId }) => VersionId === versionId);
      if (version === undefined) {
        throw noSuchEntity(`Policy ${arn} version ${versionId} does not exist or is not attachable.`);
      }
      return { PolicyVersion: version };
    },
  });

  const ListPolicyVersions = defineOperation<ListPolicyVersionsRequest, ListPolicyVersionsResponse>({
    authorization: ({ PolicyArn }) => policyTarget('ListPolicyVersions', PolicyArn),
    async handle(input, { caller: { accountId } }) {
      const { PolicyArn: arn = '' } = input;
      refuseInvalid([
        ...validateMember('policyArn', input.PolicyArn, constraints.policyArn),
        ...pageFailures(input),
      ]);
      const found = await findPolicy(dependencies, accountId, arn);
      if (found === undefined) throw noSuchEntity(`Policy ${arn} was not found.`);
      const id = found.owner === 'account' ? found.stored.record.policyId : found.policy.policyId;
      const { items, ...page } = pageOf(versionsOf(found), newestFirst, input, {
        pageTokens,
        scope: `iam:ListPolicyVersions ${id}`,
      });
      // Lists of versions come without documents.
      return { Versions: items.map(({ Document: _, ...version }) => version), ...page };
    },
  });

  return { GetPolicyVersion, ListPolicyVersions };
}

/** Newest first, as AWS lists them. */
function versionsOf(found: FoundPolicy): readonly PolicyVersion[] {
  if (found.owner === 'aws') {
    const { document, defaultVersionId, updatedAt } = found.policy;
    return [
      {
        Document: encodeDocument(document),
        VersionId: defaultVersionId,
        IsDefaultVersion: true,
        CreateDate: new Date(updatedAt),
      },
    ];
  }
  const { versions, defaultVersionId } = found.stored.record;
  return versions
    .map((version) => ({
      Document: encodeDocument(version.document),
      VersionId: version.versionId,
      IsDefaultVersion: version.versionId === defaultVersionId,
      CreateDate: new Date(version.createdAt),
    }))
    .sort((a, b) => (newestFirst(a) < newestFirst(b) ? -1 : 1));
}

/** A position that grows while version numbers, which are never reused, fall. */
function newestFirst({ VersionId = 'v0' }: PolicyVersion): string {
  const number = Number(VersionId.slice(1).split('.')[0]);
  return String(Number.MAX_SAFE_INTEGER - number);
}
