import { describe, expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import { objectKey, podIdentityKey } from '../storage/records/keys.ts';
import { injectPodCredentials, type PodInjectionOptions } from './podcredentials.ts';

const cluster = { clusterId: 'c', region: 'eu-central-1' };
const association = podIdentityKey('c', 'team', 'app');
const account = objectKey('c', '', 'serviceaccounts', 'team', 'app');
const annotated = JSON.stringify({
  metadata: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/reader' } },
});
const pod = (serviceAccountName: unknown = 'app') => ({
  metadata: { name: 'p' },
  spec: { serviceAccountName, containers: [{ name: 'main' }] },
});

async function inject(
  stored: Readonly<Record<string, string>>,
  options: Partial<PodInjectionOptions> & {
    readonly pod?: unknown;
    readonly namespace?: string;
    readonly echoed?: Readonly<Record<string, unknown>>;
  } = {},
) {
  const storage = createMemoryStorage();
  const changes = Object.entries(stored).map(([key, value]) => ({ type: 'put', key, value }) as const);
  if (changes.length > 0) await storage.commit({ changes });
  return injectPodCredentials(
    { ...cluster, echoed: options.echoed ?? {} },
    options.namespace ?? 'team',
    options.pod ?? pod(),
    {
      storage,
      agentUri: 'http://127.0.0.1:4780/v1/credentials',
      random: () => 0,
      ...options,
    },
  );
}

describe('what is not known gives nothing', () => {
  test('an account that is not there is told, and waited for where somebody can say when it comes', async () => {
    const unknown = {
      outcome: 'unknownAccount',
      patch: [],
      warnings: [
        'no AWS credentials: service account `team/app` is not known to Entryway; see `entryway cluster status`',
      ],
    };
    expect(await inject({})).toEqual(unknown);
    const asked: string[] = [];
    const accountAppears = async (key: string): Promise<void> => void asked.push(key);
    expect(await inject({}, { accountAppears })).toEqual(unknown);
    expect(asked).toEqual([account]);
  });

  test('an account that came while it was waited for counts', async () => {
    const storage = createMemoryStorage();
    const accountAppears = async (key: string): Promise<void> => {
      await storage.commit({ changes: [{ type: 'put', key, value: annotated }] });
    };
    expect(await inject({}, { storage, accountAppears })).toMatchObject({
      outcome: 'webIdentity',
      warnings: [],
    });
  });

  test('nobody waits for an account with an association', async () => {
    const accountAppears = (): Promise<void> => Promise.reject(new Error('waited'));
    expect(await inject({ [association]: '{"roleArn":"r"}' }, { accountAppears })).toMatchObject({
      outcome: 'podIdentity',
      warnings: [],
    });
  });

  test('a store that does not answer lets the pod be, and is told', async () => {
    const storage = { get: () => Promise.reject(new Error('the disk is gone')) };
    expect(await inject({}, { storage })).toEqual({
      outcome: 'unreadable',
      patch: [],
      warnings: ['no AWS credentials: what service account `team/app` gets cannot be read'],
    });
  });

  test.each([
    [{ pod: pod('../team/app') }],
    [{ pod: pod('app/x') }],
    [{ pod: pod(7) }],
    [{ namespace: 'team/app' }],
    [{ namespace: '' }],
    [{ pod: undefined as unknown, namespace: 'other' }],
  ])('a name that is none is not looked for: %j', async (options) => {
    const { outcome, patch } = await inject(
      { [association]: '{"roleArn":"r"}', [account]: annotated },
      options,
    );
    expect([['none', 'unknownAccount'].includes(outcome), patch]).toEqual([true, []]);
  });

  test.each(['nonsense', '{}', '{"metadata":[]}', '{"metadata":{"annotations":"x"}}'])(
    'an account that reads %s has no role',
    async (value) => {
      expect(await inject({ [account]: value })).toEqual({ outcome: 'none', patch: [], warnings: [] });
    },
  );
});

test('a pod that has no room for them is said to get none', async () => {
  const { metadata, spec } = pod();
  const full = { metadata, spec: { ...spec, volumes: [{ name: 'aws-iam-token', emptyDir: {} }] } };
  expect(await inject({ [account]: annotated }, { pod: full })).toEqual({
    outcome: 'unfit',
    patch: [],
    warnings: [expect.stringContaining('no AWS credentials: the pod has another volume')],
  });
});

test('an association leads to the agent of this server', async () => {
  const { outcome, patch } = await inject({ [association]: '{"roleArn":"r"}', [account]: annotated });
  expect(outcome).toBe('podIdentity');
  expect(JSON.stringify(patch)).toContain('http://127.0.0.1:4780/v1/credentials');
  expect(JSON.stringify(patch)).not.toContain('AWS_ROLE_ARN');
});

test.each(['nonsense', '{}', '{"roleArn":7}'])(
  'an association that reads %s counts, so that the pod does not go on to other credentials',
  async (value) => {
    const { outcome, warnings } = await inject({ [association]: value, [account]: annotated });
    expect([outcome, warnings]).toEqual([
      'podIdentity',
      ['the Pod Identity association of service account `team/app` cannot be read'],
    ]);
  },
);

test.each([
  [{}, 'http://169.254.170.23/v1/credentials'],
  [{ kubernetesNetworkConfig: { ipFamily: 'ipv4' } }, 'http://169.254.170.23/v1/credentials'],
  [{ kubernetesNetworkConfig: { ipFamily: 'ipv6' } }, 'http://[fd00:ec2::23]/v1/credentials'],
])('without an address of its own the agent is where it is on EKS: %j', async (echoed, uri) => {
  const { patch } = await inject({ [association]: '{"roleArn":"r"}' }, { echoed, agentUri: undefined });
  expect(JSON.stringify(patch)).toContain(uri);
});
