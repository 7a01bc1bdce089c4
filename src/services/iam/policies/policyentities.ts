import type { ListEntitiesForPolicyRequest, ListEntitiesForPolicyResponse } from '@aws-sdk/client-iam';
import { groupsPrefix, rolesPrefix, usersPrefix } from '../../../storage/records/keys.ts';
import { defineOperation, type Operations } from '../../operation.ts';
import { refuseInvalid, validateMember } from '../../validation.ts';
import * as constraints from '../constraints.ts';
import type { IamDependencies } from '../dependencies.ts';
import { type Entity, type EntityKind, idOf } from '../entities.ts';
import { pageFailures, pageOf } from '../paging.ts';
import { policyTarget, requirePolicyByArn } from './policylookup.ts';
import { boundaryOf } from './policyuse.ts';

/** In the order of the answer's pages. */
const kinds = [
  { word: 'Group', prefix: groupsPrefix },
  { word: 'User', prefix: usersPrefix },
  { word: 'Role', prefix: rolesPrefix },
] as const;

interface Holder {
  readonly word: EntityKind['word'];
  readonly name: string;
  readonly id: string;
  readonly position: string;
}

/** `ListEntitiesForPolicy`: who carries a managed policy, as permissions or as boundary. */
export function createPolicyEntityOperations(dependencies: IamDependencies): Operations {
  const { storage, pageTokens } = dependencies;

  const ListEntitiesForPolicy = defineOperation<ListEntitiesForPolicyRequest, ListEntitiesForPolicyResponse>({
    authorization: ({ PolicyArn }, context) =>
      policyTarget(dependencies, 'ListEntitiesForPolicy', PolicyArn, context),
    async handle(input, { caller: { accountId } }) {
      const { PolicyArn: arn = '', EntityFilter: filter, PathPrefix = '/', PolicyUsageFilter: use } = input;
      refuseInvalid([
        ...validateMember('policyArn', input.PolicyArn, constraints.policyArn),
        ...validateMember('entityFilter', filter, {
          enum: ['User', 'Role', 'Group', 'LocalManagedPolicy', 'AWSManagedPolicy'],
        }),
        ...validateMember('pathPrefix', input.PathPrefix, constraints.path),
        ...validateMember('policyUsageFilter', use, constraints.policyUsage),
        ...pageFailures(input),
      ]);
      await requirePolicyByArn(dependencies, accountId, arn);
      const carries = (record: Entity): boolean =>
        (use !== 'PermissionsBoundary' && record.attachedPolicyArns.includes(arn)) ||
        (use !== 'PermissionsPolicy' && boundaryOf(record) === arn);
      const holders: Holder[] = [];
      for (const [order, { word, prefix }] of kinds.entries()) {
        if (filter !== undefined && filter !== word) continue;
        const { entries } = await storage.list({ prefix: prefix(accountId) });
        for (const { key, value } of entries) {
          const record = JSON.parse(value) as Entity;
          if (!record.path.startsWith(PathPrefix) || !carries(record)) continue;
          holders.push({ word, name: record.name, id: idOf(record), position: `${order} ${key}` });
        }
      }
      const { items, ...page } = pageOf(holders, ({ position }) => position, input, {
        pageTokens,
        scope: `iam:ListEntitiesForPolicy ${accountId} ${arn} ${filter} ${use} ${PathPrefix}`,
      });
      const of = (word: EntityKind['word']) => items.filter((item) => item.word === word);
      return {
        PolicyGroups: of('Group').map(({ name, id }) => ({ GroupName: name, GroupId: id })),
        PolicyUsers: of('User').map(({ name, id }) => ({ UserName: name, UserId: id })),
        PolicyRoles: of('Role').map(({ name, id }) => ({ RoleName: name, RoleId: id })),
        ...page,
      };
    },
  });

  return { ListEntitiesForPolicy };
}
