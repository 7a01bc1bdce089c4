import { expect, test } from 'vitest';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { objectKey } from '../../storage/records/keys.ts';
import { builtInResources } from '../../wire/kube/resources.ts';
import { createFollowedWebhooks } from './followedwebhooks.ts';

const group = 'admissionregistration.k8s.io';
const pods = builtInResources.find('', 'v1', 'pods');
if (pods === undefined) throw new Error('no pods');
const asked = { resource: pods, subresource: '', operation: 'CREATE' } as const;

const put = (name: string, resources: readonly string[], clusterId = 'c') => ({
  type: 'put' as const,
  key: objectKey(clusterId, group, 'validatingwebhookconfigurations', '', name),
  value: JSON.stringify({
    webhooks: ['x', 'y'].map((webhook) => ({
      name: `${webhook}.${name}`,
      rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources }],
    })),
  }),
});

test('a configuration counts from the moment its write is acknowledged until it is gone', async () => {
  const storage = createMemoryStorage();
  const followed = createFollowedWebhooks(storage);
  await storage.commit({ changes: [put('b', ['pods'])] });
  const matching = async (clusterId = 'c') =>
    (await followed.of(clusterId))
      .matching('validating', asked, builtInResources)
      .map(({ webhook }) => webhook.name);
  expect(await matching()).toEqual(['x.b', 'y.b']);
  const begun = matching('other');
  await storage.commit({ changes: [put('a', ['*']), put('d', ['pods'], 'other')] });
  expect(await matching()).toEqual(['x.a', 'y.a', 'x.b', 'y.b']);
  await begun;
  expect(await matching('other')).toEqual(['x.d', 'y.d']);
  await storage.commit({ changes: [put('b', ['secrets']), { type: 'delete', key: put('a', []).key }] });
  expect(await matching()).toEqual([]);
  followed.close();
  await storage.commit({ changes: [put('b', ['pods'])] });
  expect(await matching()).toEqual(['x.b', 'y.b']);
});
