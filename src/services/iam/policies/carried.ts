import type { PolicySource } from '../../../engine/iam/decision.ts';
import type { GroupRecord } from '../../../storage/records/iam.ts';
import { groupKey } from '../../../storage/records/keys.ts';
import type { IamDependencies } from '../dependencies.ts';
import type { Entity, EntityKind } from '../entities.ts';
import { readRecord } from '../records.ts';
import { type FoundPolicy, findPolicy } from './policylookup.ts';
import { boundaryOf } from './policyuse.ts';

type Lookup = Pick<IamDependencies, 'storage' | 'partition'>;

/** A policy that somebody carries, with its text. */
export interface CarriedPolicy {
  readonly kind: 'inline' | 'aws-managed' | 'user-managed';
  readonly name: string;
  /** Of a managed policy. */
  readonly arn?: string;
  /** Who carries it: of a user's policies, the user or one of its groups. */
  readonly holder: { readonly kind: EntityKind['noun']; readonly name: string };
  /** SECURITY: '' for a policy that cannot be found; such a text cannot be read and denies everything. */
  readonly document: string;
}

/** The permissions policies of a user, role or group; of a user also those of its groups. */
export async function carriedPolicies(
  dependencies: Lookup,
  kind: EntityKind['noun'],
  entity: Entity,
): Promise<readonly CarriedPolicy[]> {
  const holder = { kind, name: entity.name };
  const inline = Object.entries(entity.inlinePolicies).map(
    ([name, document]): CarriedPolicy => ({ kind: 'inline', name, holder, document }),
  );
  const managed = await Promise.all(
    entity.attachedPolicyArns.map((arn) => managedPolicy(dependencies, entity.accountId, arn, holder)),
  );
  const groupNames = 'groupNames' in entity ? (entity.groupNames ?? []) : [];
  const ofGroups = await Promise.all(
    groupNames.map(async (name): Promise<readonly CarriedPolicy[]> => {
      const group = await readRecord<GroupRecord>(dependencies.storage, groupKey(entity.accountId, name));
      if (group !== undefined) return carriedPolicies(dependencies, 'group', group.record);
      return [{ kind: 'inline', name: '', holder: { kind: 'group', name }, document: '' }];
    }),
  );
  return [...inline, ...managed, ...ofGroups.flat()];
}

/** Its permissions boundary; undefined when it has none. */
export async function carriedBoundary(
  dependencies: Lookup,
  kind: EntityKind['noun'],
  entity: Entity,
): Promise<CarriedPolicy | undefined> {
  const arn = boundaryOf(entity);
  if (arn === undefined) return undefined;
  return managedPolicy(dependencies, entity.accountId, arn, { kind, name: entity.name });
}

/** For the engine: where the policy comes from. */
export function sourceOf({ kind, name, arn, holder }: CarriedPolicy): PolicySource {
  return kind === 'inline'
    ? { type: 'inline', name, bearer: holder }
    : { type: 'managed', name, ...(arn !== undefined && { arn }) };
}

async function managedPolicy(
  dependencies: Lookup,
  accountId: string,
  arn: string,
  holder: CarriedPolicy['holder'],
): Promise<CarriedPolicy> {
  const found = await findPolicy(dependencies, accountId, arn);
  return {
    kind: found?.owner === 'aws' ? 'aws-managed' : 'user-managed',
    name: arn.slice(arn.lastIndexOf('/') + 1),
    arn,
    holder,
    document: found === undefined ? '' : documentOf(found),
  };
}

/** Of the default version. */
export function documentOf(found: FoundPolicy): string {
  if (found.owner === 'aws') return found.policy.document;
  const { versions, defaultVersionId } = found.stored.record;
  return versions.find(({ versionId }) => versionId === defaultVersionId)?.document ?? '';
}
