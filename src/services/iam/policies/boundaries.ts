import type { AttachedPermissionsBoundary } from '@aws-sdk/client-iam';
import type { RoleRecord, UserRecord } from '../../../storage/records/iam.ts';
import type { Batch } from '../../../storage/storage.ts';
import { conditionKey } from '../../conditionkeys.ts';
import { defineOperation, type Operations } from '../../operation.ts';
import { refuseInvalid, validateMember } from '../../validation.ts';
import * as constraints from '../constraints.ts';
import type { IamDependencies } from '../dependencies.ts';
import {
  type EntityKind,
  type NamedInput,
  namedTarget,
  nameFailures,
  requireChangeable,
  roleKind,
  userKind,
} from '../entities.ts';
import { atomically, put } from '../records.ts';
import { findPolicy } from './policylookup.ts';
import { recounting, requireAttachable } from './policyuse.ts';

interface BoundaryInput extends NamedInput {
  readonly PermissionsBoundary?: string | undefined;
}

/** `PutUserPermissionsBoundary`, `DeleteRolePermissionsBoundary` and so on (iam-facts J15). */
export function createBoundaryOperations(dependencies: IamDependencies): Operations {
  return { ...operationsFor(dependencies, userKind), ...operationsFor(dependencies, roleKind) };
}

/** What a change of boundary adds to a batch: the count of the policy follows in the same write. */
type Counted = ReturnType<typeof recounting>;

/** What a user or role gets by a boundary: the member of its record, and what the batch that stores it must hold. */
export async function newBoundary(
  dependencies: Pick<IamDependencies, 'storage' | 'partition'>,
  accountId: string,
  arn: string | undefined,
): Promise<Counted & { readonly member: { readonly permissionsBoundaryArn?: string } }> {
  if (arn === undefined) return { member: {}, expect: [], changes: [] };
  const found = requireAttachable(await findPolicy(dependencies, accountId, arn), 'Scope ARN:', arn);
  return { member: { permissionsBoundaryArn: arn }, ...recounting(found, { boundaries: 1 }) };
}

/** What the batch must hold that takes its boundary from a user or role, or deletes it. */
export async function oldBoundary(
  dependencies: Pick<IamDependencies, 'storage' | 'partition'>,
  { accountId, permissionsBoundaryArn: arn }: UserRecord | RoleRecord,
): Promise<Counted> {
  return recounting(arn === undefined ? undefined : await findPolicy(dependencies, accountId, arn), {
    boundaries: -1,
  });
}

/**
 * As it stands in answers about one user or role; lists of them leave it out.
 *
 * COMPAT: the model's enumeration says `PermissionsBoundaryPolicy`, what clients of AWS print is `Policy` (examples of
 * the AWS CLI's documentation, and many public logs).
 */
export function boundaryOutput({ permissionsBoundaryArn }: UserRecord | RoleRecord): {
  readonly PermissionsBoundary?: AttachedPermissionsBoundary;
} {
  if (permissionsBoundaryArn === undefined) return {};
  const type = 'Policy' as AttachedPermissionsBoundary['PermissionsBoundaryType'];
  return {
    PermissionsBoundary: {
      PermissionsBoundaryType: type,
      PermissionsBoundaryArn: permissionsBoundaryArn,
    },
  };
}

function operationsFor<R extends UserRecord | RoleRecord>(
  dependencies: IamDependencies,
  kind: EntityKind<R>,
): Operations {
  const { word } = kind;

  const Put = defineOperation<BoundaryInput, object>({
    // What is told is the boundary it shall have: a policy that demands one is about the outcome.
    authorization: (input, context) =>
      namedTarget(dependencies, kind, `Put${word}PermissionsBoundary`)(
        input,
        context,
        conditionKey('iam:PermissionsBoundary', input.PermissionsBoundary),
      ),
    async handle(input, { caller: { accountId }, commit }) {
      const { PermissionsBoundary: arn = '' } = input;
      refuseInvalid([
        ...nameFailures(kind, input),
        ...validateMember('permissionsBoundary', input.PermissionsBoundary, constraints.policyArn),
      ]);
      return atomically(async () => {
        const { key, revision, record } = await requireChangeable(dependencies, kind, accountId, input);
        const { member, ...gained } = await newBoundary(dependencies, accountId, arn);
        if (record.permissionsBoundaryArn === arn) return {};
        const lost = await oldBoundary(dependencies, record);
        const batch: Batch = {
          expect: [{ key, revision }, ...gained.expect, ...lost.expect],
          changes: [put(key, { ...record, ...member }), ...gained.changes, ...lost.changes],
        };
        return commit(batch, {});
      });
    },
  });

  const Delete = defineOperation<NamedInput, object>({
    authorization: namedTarget(dependencies, kind, `Delete${word}PermissionsBoundary`),
    async handle(input, { caller: { accountId }, commit }) {
      refuseInvalid(nameFailures(kind, input));
      return atomically(async () => {
        const { key, revision, record } = await requireChangeable(dependencies, kind, accountId, input);
        const { permissionsBoundaryArn: old, ...unbounded } = record;
        // COMPAT: what AWS answers is not documented; removing what is not there is done already.
        if (old === undefined) return {};
        const lost = await oldBoundary(dependencies, record);
        const batch: Batch = {
          expect: [{ key, revision }, ...lost.expect],
          changes: [put(key, unbounded), ...lost.changes],
        };
        return commit(batch, {});
      });
    },
  });

  return { [`Put${word}PermissionsBoundary`]: Put, [`Delete${word}PermissionsBoundary`]: Delete };
}
