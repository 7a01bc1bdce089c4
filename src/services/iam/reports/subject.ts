import { parseArn } from '../../../engine/arn/arn.ts';
import type { GroupRecord, RoleRecord, UserRecord } from '../../../storage/records/iam.ts';
import { groupsPrefix, rolesPrefix, usersPrefix } from '../../../storage/records/keys.ts';
import { roleArn, userArn } from '../arns.ts';
import type { IamDependencies } from '../dependencies.ts';
import { requireByArn } from '../entityarn.ts';
import { membersOf } from '../members.ts';
import { carriedPolicies, documentOf } from '../policies/carried.ts';
import { requirePolicyByArn } from '../policies/policylookup.ts';
import { allRecords } from './allrecords.ts';

type Lookup = Pick<IamDependencies, 'storage' | 'partition'>;

/** What a question about last use is about: what is allowed, and to whom. */
export interface Subject {
  readonly documents: readonly string[];
  /** Users and roles, in the order of their ids. */
  readonly entities: readonly UsingEntity[];
}

export interface UsingEntity {
  readonly kind: 'user' | 'role';
  /** AIDA… or AROA… */
  readonly id: string;
  readonly arn: string;
  readonly name: string;
  readonly path: string;
}

/** Of a user, role, group or policy; NoSuchEntity when there is none. */
export async function subjectOf(dependencies: Lookup, accountId: string, arn: string): Promise<Subject> {
  const { partition, storage } = dependencies;
  if (parseArn(arn)?.resource.startsWith('policy/')) {
    const documents = [documentOf(await requirePolicyByArn(dependencies, accountId, arn))];
    return { documents, entities: await carriersOf(dependencies, accountId, arn) };
  }
  const found = await requireByArn(dependencies, accountId, arn);
  const documents = (await carriedPolicies(dependencies, found.noun, found.record)).map(
    ({ document }) => document,
  );
  switch (found.noun) {
    case 'user':
      return { documents, entities: [userEntity(partition, found.record)] };
    case 'role':
      return { documents, entities: [roleEntity(partition, found.record)] };
    case 'group': {
      const members = await membersOf(storage, found.record);
      return { documents, entities: inOrder(members.map((member) => userEntity(partition, member.record))) };
    }
    default:
      return found satisfies never;
  }
}

/** Whoever carries a managed policy, through groups too. */
async function carriersOf(
  { storage, partition }: Lookup,
  accountId: string,
  arn: string,
): Promise<readonly UsingEntity[]> {
  const carries = ({ attachedPolicyArns }: { readonly attachedPolicyArns: readonly string[] }): boolean =>
    attachedPolicyArns.includes(arn);
  const groups = await allRecords<GroupRecord>(storage, groupsPrefix(accountId));
  const carrying = new Set(groups.filter(carries).map(({ name }) => name));
  const users = await allRecords<UserRecord>(storage, usersPrefix(accountId));
  const roles = await allRecords<RoleRecord>(storage, rolesPrefix(accountId));
  return inOrder([
    ...users
      .filter((user) => carries(user) || user.groupNames?.some((name) => carrying.has(name)))
      .map((user) => userEntity(partition, user)),
    ...roles.filter(carries).map((role) => roleEntity(partition, role)),
  ]);
}

function userEntity(partition: string, user: UserRecord): UsingEntity {
  return {
    kind: 'user',
    id: user.principalId,
    arn: userArn(partition, user),
    name: user.name,
    path: user.path,
  };
}

function roleEntity(partition: string, role: RoleRecord): UsingEntity {
  return {
    kind: 'role',
    id: role.principalId,
    arn: roleArn(partition, role),
    name: role.name,
    path: role.path,
  };
}

function inOrder(entities: readonly UsingEntity[]): readonly UsingEntity[] {
  return [...entities].sort((a, b) => (a.id < b.id ? -1 : 1));
}
