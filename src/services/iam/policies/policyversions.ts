import type {
  CreatePolicyVersionRequest,
  CreatePolicyVersionResponse,
  DeletePolicyVersionRequest,
  GetPolicyVersionRequest,
  GetPolicyVersionResponse,
  ListPolicyVersionsRequest,
  ListPolicyVersionsResponse,
  PolicyVersion,
  SetDefaultPolicyVersionRequest,
} from '@aws-sdk/client-iam';
import type { PolicyRecord, PolicyVersionRecord } from '../../../storage/records/iam.ts';
import { defineOperation, type OperationContext, type Operations } from '../../operation.ts';
import { refuseInvalid, validateMember } from '../../validation.ts';
import * as constraints from '../constraints.ts';
import type { IamDependencies } from '../dependencies.ts';
import { deleteConflict, limitExceeded, noSuchEntity } from '../errors.ts';
import { pageFailures, pageOf } from '../paging.ts';
import { atomically, replacing } from '../records.ts';
import { requireManagedPolicy } from './policydocuments.ts';
import { type FoundPolicy, policyTarget, requireOwnPolicy, requirePolicyByArn } from './policylookup.ts';
import { awsVersionsOutput, ownVersionsOutput, versionOutput } from './policyoutput.ts';

const versionLimit = 5;

/** The versions of managed policies (iam-facts J9). Of AWS's policies only the default one is known. */
export function createPolicyVersionOperations(dependencies: IamDependencies): Operations {
  const { pageTokens } = dependencies;

  const target =
    (action: string) =>
    ({ PolicyArn }: { readonly PolicyArn: string | undefined }, context: OperationContext) =>
      policyTarget(dependencies, action, PolicyArn, context);

  const failures = (input: VersionInput): string[] => [
    ...validateMember('policyArn', input.PolicyArn, constraints.policyArn),
    ...validateMember('versionId', input.VersionId, constraints.policyVersionId),
  ];

  const CreatePolicyVersion = defineOperation<CreatePolicyVersionRequest, CreatePolicyVersionResponse>({
    authorization: target('CreatePolicyVersion'),
    async handle(input, { caller, now, commit }) {
      const { PolicyArn: arn = '', PolicyDocument: text = '', SetAsDefault = false } = input;
      refuseInvalid([
        ...validateMember('policyArn', input.PolicyArn, constraints.policyArn),
        ...validateMember('policyDocument', input.PolicyDocument, constraints.policyDocument),
      ]);
      const document = requireManagedPolicy(text);
      return atomically(async () => {
        const stored = await requireOwnPolicy(dependencies, caller, 'CreatePolicyVersion', arn);
        const { record } = stored;
        if (record.versions.length >= versionLimit) {
          throw limitExceeded(
            `A managed policy can have up to ${versionLimit} versions. Before you create a new version, you must delete an existing version.`,
          );
        }
        const latestVersion = (record.latestVersion ?? 1) + 1;
        const version = { versionId: `v${latestVersion}`, document, createdAt: now };
        const policy: PolicyRecord = {
          ...record,
          // The date of the latest version, whichever is the default (GetPolicy's UpdateDate).
          updatedAt: now,
          latestVersion,
          versions: [...record.versions, version],
          defaultVersionId: SetAsDefault ? version.versionId : record.defaultVersionId,
        };
        const { Document: _, ...told } = versionOutput(version, policy.defaultVersionId);
        return commit(replacing(stored, policy), { PolicyVersion: told });
      });
    },
  });

  const SetDefaultPolicyVersion = defineOperation<SetDefaultPolicyVersionRequest, object>({
    authorization: target('SetDefaultPolicyVersion'),
    async handle(input, { caller, commit }) {
      const { PolicyArn: arn = '', VersionId: versionId = '' } = input;
      refuseInvalid(failures(input));
      return atomically(async () => {
        const stored = await requireOwnPolicy(dependencies, caller, 'SetDefaultPolicyVersion', arn);
        requireVersion(stored.record.versions, arn, versionId);
        return commit(replacing(stored, { ...stored.record, defaultVersionId: versionId }), {});
      });
    },
  });

  const DeletePolicyVersion = defineOperation<DeletePolicyVersionRequest, object>({
    authorization: target('DeletePolicyVersion'),
    async handle(input, { caller, commit }) {
      const { PolicyArn: arn = '', VersionId: versionId = '' } = input;
      refuseInvalid(failures(input));
      return atomically(async () => {
        const stored = await requireOwnPolicy(dependencies, caller, 'DeletePolicyVersion', arn);
        const { record } = stored;
        requireVersion(record.versions, arn, versionId);
        if (versionId === record.defaultVersionId) {
          throw deleteConflict('Cannot delete the default version of a policy.');
        }
        const versions = record.versions.filter((version) => version.versionId !== versionId);
        return commit(replacing(stored, { ...record, versions }), {});
      });
    },
  });

  const GetPolicyVersion = defineOperation<GetPolicyVersionRequest, GetPolicyVersionResponse>({
    authorization: target('GetPolicyVersion'),
    async handle(input, { caller: { accountId } }) {
      const { PolicyArn: arn = '', VersionId: versionId = '' } = input;
      refuseInvalid(failures(input));
      const found = await requirePolicyByArn(dependencies, accountId, arn);
      const version = versionsOf(found).find(({ VersionId }) => VersionId === versionId);
      if (version === undefined) throw noSuchVersion(arn, versionId);
      return { PolicyVersion: version };
    },
  });

  const ListPolicyVersions = defineOperation<ListPolicyVersionsRequest, ListPolicyVersionsResponse>({
    authorization: target('ListPolicyVersions'),
    async handle(input, { caller: { accountId } }) {
      const { PolicyArn: arn = '' } = input;
      refuseInvalid([
        ...validateMember('policyArn', input.PolicyArn, constraints.policyArn),
        ...pageFailures(input),
      ]);
      const found = await requirePolicyByArn(dependencies, accountId, arn);
      const { items, ...page } = pageOf(versionsOf(found), newestFirst, input, {
        pageTokens,
        scope: `iam:ListPolicyVersions ${arn}`,
      });
      // Lists of versions come without documents.
      return { Versions: items.map(({ Document: _, ...version }) => version), ...page };
    },
  });

  return {
    CreatePolicyVersion,
    SetDefaultPolicyVersion,
    DeletePolicyVersion,
    GetPolicyVersion,
    ListPolicyVersions,
  };
}

interface VersionInput {
  readonly PolicyArn: string | undefined;
  readonly VersionId: string | undefined;
}

const noSuchVersion = (arn: string, versionId: string): Error =>
  noSuchEntity(`Policy ${arn} version ${versionId} does not exist or is not attachable.`);

function requireVersion(versions: readonly PolicyVersionRecord[], arn: string, versionId: string): void {
  if (!versions.some((version) => version.versionId === versionId)) throw noSuchVersion(arn, versionId);
}

/** Newest first, as AWS lists them. */
function versionsOf(found: FoundPolicy): readonly PolicyVersion[] {
  const versions =
    found.owner === 'aws' ? awsVersionsOutput(found.policy) : ownVersionsOutput(found.stored.record);
  return versions.sort((a, b) => (newestFirst(a) < newestFirst(b) ? -1 : 1));
}

/** A position that grows while version numbers, which are never reused, fall. */
function newestFirst({ VersionId = 'v0' }: PolicyVersion): string {
  const number = Number(VersionId.slice(1).split('.')[0]);
  return String(Number.MAX_SAFE_INTEGER - number);
}
