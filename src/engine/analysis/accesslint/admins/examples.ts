import { allow } from '../../../rbac/allow.ts';
import { testArn, testEntry, testGrant, testUser } from '../../testworld.ts';
import type { Examples } from '../example.ts';
import { exampleRole, trust } from '../testworld.ts';

const ops = testArn('role/ops');
const everything = [allow('*', '*', '*')];

/** `aws-auth` with one role in it. */
const mapped = (...groups: readonly string[]) => ({
  roles: [{ rolearn: ops, username: 'ops', groups }],
  users: [],
  accounts: [],
});
const may = (Action: string | readonly string[], Resource: string) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource }] });
const admins = { accessEntries: [testEntry(ops, { AmazonEKSClusterAdminPolicy: [] })] };

export const adminExamples: Readonly<Record<string, Examples>> = {
  'EW-ACC-001': {
    triggers: { account: { roles: [exampleRole('ops')] }, cluster: admins },
    passes: {
      account: { roles: [exampleRole('ops')] },
      cluster: { accessEntries: [testEntry(ops, { AmazonEKSViewPolicy: ['default'] })] },
    },
  },
  'EW-ACC-002': {
    triggers: { account: { roles: [exampleRole('ops')] }, cluster: { awsAuth: mapped('system:masters') } },
    passes: {
      account: { roles: [exampleRole('ops')] },
      cluster: {
        awsAuth: mapped('operators'),
        rbac: testGrant('operators', 'Group:operators', [allow('get list watch', 'apps', 'deployments')]),
      },
    },
  },
  'EW-ACC-003': {
    triggers: {
      account: { roles: [exampleRole('ops')] },
      cluster: { awsAuth: mapped('operators'), rbac: testGrant('operators', 'Group:operators', everything) },
    },
    passes: {
      account: { roles: [exampleRole('ops')] },
      cluster: {
        awsAuth: mapped('operators'),
        rbac: testGrant('operators', 'Group:operators', [allow('get list watch', 'core', 'nodes')]),
      },
    },
  },
  'EW-ACC-004': {
    triggers: {
      cluster: {
        serviceAccounts: [{ namespace: 'default', name: 'deployer' }],
        rbac: testGrant('deployer', 'ServiceAccount:default/deployer', everything),
      },
    },
    passes: {
      cluster: {
        serviceAccounts: [{ namespace: 'default', name: 'deployer' }],
        rbac: testGrant(
          'deployer',
          'ServiceAccount:default/deployer',
          [allow('patch', 'apps', 'deployments')],
          'default',
        ),
      },
    },
  },
  'EW-ACC-005': {
    triggers: {
      account: { users: [testUser('ada')] },
      cluster: { authenticationMode: 'CONFIG_MAP', hiddenAdminPrincipalId: 'AIDAADA' },
    },
    passes: { account: { users: [testUser('ada')] }, cluster: { authenticationMode: 'CONFIG_MAP' } },
  },
  'EW-ACC-006': {
    triggers: {
      account: { roles: [exampleRole('emergency')] },
      cluster: { breakGlass: { principalArn: testArn('role/emergency'), principalId: 'AROAEMERGENCY' } },
    },
    passes: { account: { roles: [exampleRole('emergency')] } },
  },
};

export const pathExamples: Readonly<Record<string, Examples>> = {
  'EW-ACC-010': {
    triggers: {
      account: {
        roles: [exampleRole('ops', { trustPolicy: trust({ AWS: testArn('user/ada') }) })],
        users: [testUser('ada', { inlinePolicies: { assume: may('sts:AssumeRole', ops) } })],
      },
      cluster: admins,
    },
    passes: { account: { roles: [exampleRole('ops')], users: [testUser('ada')] }, cluster: admins },
  },
  'EW-ACC-011': {
    triggers: {
      account: {
        roles: [
          exampleRole('ops', { trustPolicy: trust({ AWS: testArn('role/ci') }) }),
          exampleRole('ci', { trustPolicy: trust({ AWS: testArn('user/ada') }) }),
        ],
        users: [testUser('ada')],
      },
      cluster: admins,
    },
    passes: {
      account: {
        roles: [exampleRole('ops'), exampleRole('ci', { trustPolicy: trust({ AWS: testArn('user/ada') }) })],
        users: [testUser('ada')],
      },
      cluster: admins,
    },
  },
  'EW-ACC-012': {
    triggers: {
      account: { users: [testUser('ada', { attachedPolicyArns: [testArn('policy/ops')] })] },
    },
    passes: {
      account: {
        users: [testUser('ada', { attachedPolicyArns: [testArn('policy/ops')] })],
        managedPolicies: [{ arn: testArn('policy/ops'), document: may('eks:ListClusters', '*') }],
      },
    },
  },
};
