import { type NodeType, nodeTypes } from '../../engine/identity/nodetypes.ts';
import {
  boolean,
  checked,
  list,
  number,
  object,
  oneOf,
  type Reader,
  record,
  text,
} from '../../sources/saved/check.ts';
import { rbacObject } from '../../sources/saved/rbacshape.ts';
import type { CarriedPlan, RollbackFile } from './rollbackfile.ts';
import type { FoundEntry, PlannedBinding } from './target.ts';

type Entry = CarriedPlan['entries'][number];
type Policy = Entry['policies'][number];

const texts = list(text);
const modes = oneOf(['CONFIG_MAP', 'API_AND_CONFIG_MAP', 'API']);
const entryType = oneOf(['STANDARD', ...(Object.keys(nodeTypes) as NodeType[])]);
const policies = list(
  object<Policy>({
    policyArn: text,
    accessScope: object<Policy['accessScope']>({ type: oneOf(['cluster', 'namespace']), namespaces: texts }),
  }),
);
const binding = checked(rbacObject, ({ kind }) =>
  kind === 'ClusterRoleBinding' || kind === 'RoleBinding' ? undefined : 'is no binding',
) as Reader<PlannedBinding>;

/** What a rollback file must look like, to the last member: it decides who is let in. */
export const rollbackShape: Reader<RollbackFile> = object<RollbackFile>({
  format: oneOf(['entryway.migration/v1']),
  clusterArn: text,
  writtenAt: number,
  plan: object<CarriedPlan>({
    ...{ clusterArn: text, clusterName: text },
    entries: list(
      object<Entry>(
        {
          ...{ principalArn: text, type: entryType, username: text, kubernetesGroups: texts, policies },
          ...{ replacesStale: boolean, isKnown: boolean, changes: texts },
          from: oneOf(['mapRoles', 'mapUsers', 'mapAccounts']),
        },
        ['username'],
      ),
      ({ principalArn }) => principalArn,
    ),
    bindings: list(binding),
  }),
  before: object<RollbackFile['before']>(
    {
      mode: modes,
      entries: record(
        object<FoundEntry>({
          ...{ type: entryType, username: text, kubernetesGroups: texts, policies, createdAt: number },
        }),
      ),
      awsAuth: record(text),
    },
    ['awsAuth'],
  ),
  undo: text,
});
