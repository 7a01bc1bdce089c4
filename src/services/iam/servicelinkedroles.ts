import type {
  CreateServiceLinkedRoleRequest,
  CreateServiceLinkedRoleResponse,
  DeleteServiceLinkedRoleRequest,
  DeleteServiceLinkedRoleResponse,
  GetServiceLinkedRoleDeletionStatusRequest,
  GetServiceLinkedRoleDeletionStatusResponse,
} from '@aws-sdk/client-iam';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import type { RoleDeletionRecord, RoleRecord } from '../../storage/records/iam.ts';
import {
  accountClustersPrefix,
  principalIdKey,
  roleDeletionKey,
  roleDeletionsPrefix,
  roleKey,
} from '../../storage/records/keys.ts';
import type { Batch, Delete } from '../../storage/storage.ts';
import { conditionKey } from '../conditionkeys.ts';
import { defineOperation, type Operations } from '../operation.ts';
import { type MemberConstraint, refuseInvalid, validateMember } from '../validation.ts';
import { entityArn } from './arns.ts';
import * as constraints from './constraints.ts';
import type { IamDependencies } from './dependencies.ts';
import { entityTarget, isServiceLinkedPath, requireEntity, roleKind } from './entities.ts';
import { invalidInput, noSuchEntity } from './errors.ts';
import { newUniqueId } from './ids.ts';
import { atomically, put, readRecord } from './records.ts';
import { roleSummary } from './rolesummary.ts';
import { serviceLinkedRoleOf } from './servicelinkedroledata.ts';

const serviceName: MemberConstraint = { required: true, min: 1, max: 128, pattern: '[\\w+=,.@-]+' };
const customSuffix: MemberConstraint = { min: 1, max: 64, pattern: '[\\w+=,.@-]+' };
const deletionTaskId: MemberConstraint = { required: true, min: 1, max: 1000 };

const sessionSeconds = 3600;
/** How long one can ask how a deletion ended. */
const taskLifetime = 24 * 60 * 60 * 1000;
/** How many resources are named when a role is in use. */
const resourcesNamed = 20;

/** Roles that services own (iam-facts J17). The others of their operations refuse them (`roleKind.refuseProtected`). */
export function createServiceLinkedRoleOperations(dependencies: IamDependencies): Operations {
  const { storage, random, partition } = dependencies;

  const pathOf = (service: string): string => `/aws-service-role/${service}/`;

  const CreateServiceLinkedRole = defineOperation<
    CreateServiceLinkedRoleRequest,
    CreateServiceLinkedRoleResponse
  >({
    authorization: ({ AWSServiceName: service = '' }, { caller: { accountId } }) => ({
      action: 'iam:CreateServiceLinkedRole',
      resources: [
        entityArn(partition, 'role', {
          accountId,
          path: pathOf(service),
          name: serviceLinkedRoleOf(service)?.roleName ?? '',
        }),
      ],
      context: conditionKey('iam:AWSServiceName', service),
    }),
    async handle(input, { caller: { accountId }, now, commit }) {
      const { AWSServiceName: service = '' } = input;
      refuseInvalid([
        ...validateMember('awsServiceName', input.AWSServiceName, serviceName),
        ...validateMember('description', input.Description, constraints.roleDescription),
        ...validateMember('customSuffix', input.CustomSuffix, customSuffix),
      ]);
      const known = serviceLinkedRoleOf(service);
      // COMPAT: the code is the model's, the text ours: services that have no part here are not served.
      if (known === undefined) throw invalidInput(`service-linked roles of ${service} are not available`);
      if (input.CustomSuffix !== undefined) throw invalidInput(`Custom suffix is not allowed for ${service}`);
      const { roleName: name, policyName } = known;
      const description = input.Description ?? known.description;
      const key = roleKey(accountId, name);
      return atomically(async () => {
        if ((await storage.get(key)) !== undefined) {
          throw invalidInput(
            `Service role name ${name} has been taken in this account, please try a different suffix.`,
          );
        }
        const role: RoleRecord = {
          accountId,
          name,
          path: pathOf(service),
          principalId: newUniqueId('AROA', random),
          createdAt: now,
          tags: [],
          inlinePolicies: {},
          attachedPolicyArns: [`arn:${partition}:iam::aws:policy/aws-service-role/${policyName}`],
          ...(description === undefined ? {} : { description }),
          maxSessionDuration: sessionSeconds,
          trustPolicy: trustIn(service),
          trustedPrincipalIds: {},
        };
        const idKey = principalIdKey(role.principalId);
        const batch: Batch = {
          expect: [
            { key, revision: 0 },
            { key: idKey, revision: 0 },
          ],
          changes: [put(key, role), put(idKey, { kind: 'role', accountId, name })],
        };
        return commit(batch, { Role: await roleSummary(dependencies, role) });
      });
    },
  });

  /** Clusters need EKS's own role, but for connected ones; the other services of EKS have nothing here that could use theirs. */
  const usersOf = async ({ accountId, name }: RoleRecord): Promise<RoleDeletionRecord['usedBy']> => {
    if (name !== serviceLinkedRoleOf('eks.amazonaws.com')?.roleName) return undefined;
    const { entries } = await storage.list({ prefix: accountClustersPrefix(accountId) });
    const clusters = entries
      .map(({ value }) => JSON.parse(value) as ClusterRecord)
      .filter(({ kind }) => kind !== 'connected')
      .slice(0, resourcesNamed);
    if (clusters.length === 0) return undefined;
    const regions = [...new Set(clusters.map(({ region }) => region))];
    return regions.map((region) => ({
      region,
      resources: clusters.filter((cluster) => cluster.region === region).map(({ arn }) => arn),
    }));
  };

  const endedLongAgo = async (accountId: string, now: number): Promise<readonly Delete[]> => {
    const { entries } = await storage.list({ prefix: roleDeletionsPrefix(accountId) });
    return entries
      .filter(({ value }) => (JSON.parse(value) as RoleDeletionRecord).at + taskLifetime < now)
      .map(({ key }) => ({ type: 'delete', key }));
  };

  const DeleteServiceLinkedRole = defineOperation<
    DeleteServiceLinkedRoleRequest,
    DeleteServiceLinkedRoleResponse
  >({
    authorization: ({ RoleName = '' }, context) =>
      entityTarget(dependencies, roleKind, 'DeleteServiceLinkedRole', RoleName, context),
    async handle(input, { caller: { accountId }, now, commit }) {
      refuseInvalid(validateMember('roleName', input.RoleName, constraints.roleName));
      return atomically(async () => {
        const { key, revision, record } = await requireEntity(
          dependencies,
          roleKind,
          accountId,
          input.RoleName ?? '',
        );
        // SECURITY: this deletes without looking at attachments; whoever may call it must not reach other roles by it.
        if (!isServiceLinkedPath(record.path)) {
          throw noSuchEntity(`The role with name ${input.RoleName} cannot be found.`);
        }
        const usedBy = await usersOf(record);
        const taskId = `task${record.path}${record.name}/${random.uuid()}`;
        const task: RoleDeletionRecord = { taskId, at: now, ...(usedBy === undefined ? {} : { usedBy }) };
        const batch: Batch = {
          expect: [{ key, revision }],
          changes: [
            ...(usedBy === undefined
              ? [
                  { type: 'delete' as const, key },
                  { type: 'delete' as const, key: principalIdKey(record.principalId) },
                ]
              : []),
            put(roleDeletionKey(accountId, taskId), task),
            ...(await endedLongAgo(accountId, now)),
          ],
        };
        return commit(batch, { DeletionTaskId: taskId });
      });
    },
  });

  const GetServiceLinkedRoleDeletionStatus = defineOperation<
    GetServiceLinkedRoleDeletionStatusRequest,
    GetServiceLinkedRoleDeletionStatusResponse
  >({
    authorization: ({ DeletionTaskId = '' }, { caller: { accountId } }) => {
      const role = /^task(\/aws-service-role\/[^/]+\/)([^/]+)\/[^/]+$/.exec(DeletionTaskId);
      const [, path = '/', name] = role ?? [];
      return {
        action: 'iam:GetServiceLinkedRoleDeletionStatus',
        resources: [name === undefined ? '*' : entityArn(partition, 'role', { accountId, path, name })],
      };
    },
    async handle(input, { caller: { accountId } }) {
      const { DeletionTaskId: taskId = '' } = input;
      refuseInvalid(validateMember('deletionTaskId', input.DeletionTaskId, deletionTaskId));
      const task = await readRecord<RoleDeletionRecord>(storage, roleDeletionKey(accountId, taskId));
      if (task === undefined) throw noSuchEntity(`DeletionTask with id ${taskId} cannot be found.`);
      const { usedBy } = task.record;
      // Deleting is one write, so that there is nothing between the beginning and the end.
      if (usedBy === undefined) return { Status: 'SUCCEEDED' };
      return {
        Status: 'FAILED',
        Reason: {
          Reason: 'the role is in use by the resources listed; delete them first',
          RoleUsageList: usedBy.map(({ region, resources }) => ({
            Region: region,
            Resources: [...resources],
          })),
        },
      };
    },
  });

  return { CreateServiceLinkedRole, DeleteServiceLinkedRole, GetServiceLinkedRoleDeletionStatus };
}

function trustIn(service: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Action: ['sts:AssumeRole'], Effect: 'Allow', Principal: { Service: [service] } }],
  });
}
