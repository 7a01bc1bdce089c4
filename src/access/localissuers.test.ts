import { expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import { oidcIssuerOf } from '../storage/records/issuer.ts';
import { clusterKey } from '../storage/records/keys.ts';
import { createLocalIssuers } from './localissuers.ts';

const accountId = '111122223333';
const region = 'eu-west-1';

function clusterRecord(name: string): ClusterRecord {
  return {
    clusterId: `id-of-${name}`,
    accountId,
    region,
    name,
    arn: `arn:aws:eks:${region}:${accountId}:cluster/${name}`,
    createdAt: 0,
    version: '1.35',
    roleArn: `arn:aws:iam::${accountId}:role/cluster`,
    authenticationMode: 'API',
    bootstrapClusterCreatorAdminPermissions: false,
    tags: {},
    kind: 'builtIn',
    echoed: {},
  };
}

test('keys are those of the cluster with the issuer; other issuers are not looked for', async () => {
  const storage = createMemoryStorage();
  for (const name of ['a', 'b']) {
    const key = clusterKey(accountId, region, name);
    const value = JSON.stringify(clusterRecord(name));
    await storage.commit({ changes: [{ type: 'put', key, value }] });
  }
  let lists = 0;
  const local = createLocalIssuers({
    storage: {
      list: (options) => {
        lists++;
        return storage.list(options);
      },
    },
    serviceAccounts: {
      publicKeys: async ({ name }) => [
        { use: 'sig', kty: 'RSA', kid: name, alg: 'RS256', n: 'n', e: 'AQAB' },
      ],
    },
  });
  const issuer = oidcIssuerOf(clusterRecord('b'));
  expect((await local(issuer))?.keys.map(({ kid }) => kid)).toEqual(['b']);
  expect(await local(oidcIssuerOf(clusterRecord('gone')))).toBeUndefined();
  expect(lists).toBe(2);
  for (const other of ['', 'https://example.com', `${issuer}/`, issuer.toLowerCase(), `${issuer}?x=1`]) {
    expect(await local(other), other).toBeUndefined();
  }
  expect(lists).toBe(2);
});
