import { describe, expect, test } from 'vitest';
import type { Principal } from '../engine/iam/principal.ts';
import { createAwsAuthIndex } from '../engine/identity/awsauth.ts';
import { createEntryIndex } from '../engine/identity/entries.ts';
import type { BlockRecord } from '../storage/records/connections.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import { createToken } from '../wire/token/create.ts';
import { createTokenAuthenticator } from './tokenauthenticator.ts';

const now = Date.UTC(2026, 0, 15, 12);
const account = '111122223333';
const roleArn = `arn:aws:iam::${account}:role/nodes`;
const keys = { accessKeyId: 'ASIAEXAMPLEEXAMPLE00', secretAccessKey: 'secret' };
const principal: Principal = {
  kind: 'assumedRole',
  accountId: account,
  partition: 'aws',
  arn: `arn:aws:sts::${account}:assumed-role/nodes/i-0123456789abcdef0`,
  userId: 'AROANODES:i-0123456789abcdef0',
  principalId: 'AROANODES',
  principalArn: roleArn,
  accessKeyId: keys.accessKeyId,
  roleName: 'nodes',
  sessionName: 'i-0123456789abcdef0',
};
const block: BlockRecord = {
  blockId: 'b',
  kind: 'principalArn',
  target: roleArn,
  reason: 'the reason',
  createdAt: now,
  createdBy: '',
};

/** A cluster whose entry needs the name of the instance, which is waited for. */
function authenticator(isBlocked: () => boolean, whileWaiting: () => void = () => undefined) {
  const entries = createEntryIndex();
  entries.apply({
    principalArn: roleArn,
    principalId: 'AROANODES',
    type: 'EC2_LINUX',
    username: 'system:node:{{EC2PrivateDNSName}}',
    kubernetesGroups: ['system:nodes'],
  });
  const record = {
    clusterId: 'c1',
    name: 'prod',
    authenticationMode: 'API',
    kind: 'builtIn',
  } as ClusterRecord;
  return createTokenAuthenticator(
    {
      lookup: async () => ({
        status: 'known',
        credential: { secretAccessKey: keys.secretAccessKey, principal },
      }),
      partition: 'aws',
      ownEndpoints: () => [],
      clusterNames: () => ['prod'],
      serviceAccounts: { authenticate: () => Promise.reject(new Error('not asked here')) },
      instances: {
        async privateDnsName() {
          whileWaiting();
          return 'ip-10-0-0-1.ec2.internal';
        },
      },
      blocks: { of: () => (isBlocked() ? block : undefined), ofUser: () => undefined },
    },
    {
      record: () => record,
      sources: () => ({
        authenticationMode: 'API',
        entries,
        awsAuth: createAwsAuthIndex({ roles: [], users: [], accounts: [] }, { ssoRoleMatch: false }),
      }),
    },
  );
}

const token = createToken({ clusterName: 'prod', region: 'eu-west-1', credentials: keys, now });

describe('a token is refused, and not said why, when its principal', () => {
  test('is blocked', async () => {
    const verdict = await authenticator(() => true)(token, now);
    expect(verdict).toMatchObject({ outcome: 'refused', evidence: { step: 'caller', code: 'blocked' } });
    expect(JSON.stringify(verdict)).not.toContain('the reason');
  });

  test('is blocked while something is waited for', async () => {
    let isBlocked = false;
    const authenticate = authenticator(
      () => isBlocked,
      () => {
        isBlocked = true;
      },
    );
    expect(await authenticate(token, now)).toMatchObject({
      outcome: 'refused',
      evidence: { code: 'blocked' },
    });
  });
});

test('a token of somebody who is not blocked is taken', async () => {
  expect(await authenticator(() => false)(token, now)).toMatchObject({
    outcome: 'authenticated',
    user: { username: 'system:node:ip-10-0-0-1.ec2.internal' },
  });
});
