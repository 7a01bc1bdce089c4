import { beforeEach, describe, expect, test } from 'vitest';
import type { AccessEntryRecord, AccessPolicyRecord } from '../../storage/records/eks.ts';
import { accessPoliciesPrefix, accessPolicyKey, accessPolicyUsesPrefix } from '../../storage/records/keys.ts';
import type { Batch, Storage } from '../../storage/storage.ts';
import { createPageTokens } from '../../wire/protocols/pagetoken.ts';
import {
  account,
  aNoon,
  createApiCluster,
  createWorld,
  otherAccount,
  outcomeOf,
  region,
  rootOf,
  type World,
} from '../eks/testworld.ts';
import type { OperationContext } from '../operation.ts';
import { testContext } from '../testworld.ts';
import { customAccessPolicyOperations } from './accesspolicies.ts';
import { associationOperations } from './associations.ts';

const pods = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] };
const arnOf = (name: string, accountId = account): string =>
  `arn:aws:eks::${accountId}:cluster-access-policy/${name}`;

let world: World;
let ops: string;
/** Runs once, between what an operation read and what it commits. */
let beforeCommit: (() => Promise<unknown>) | undefined;

beforeEach(async () => {
  beforeCommit = undefined;
  world = await createWorld({
    wrap: (storage: Storage): Storage => ({
      ...storage,
      commit: async (batch: Batch) => {
        const meanwhile = beforeCommit;
        beforeCommit = undefined;
        await meanwhile?.();
        return await storage.commit(batch);
      },
    }),
  });
  ops = await world.add('role', 'ops');
  await createApiCluster(world);
  await world.call('CreateAccessEntry', { clusterName: 'prod', principalArn: ops });
});

interface Answer {
  readonly accessPolicy: {
    readonly version: number;
    readonly versions: readonly number[];
    readonly associations: number;
    readonly rules: readonly object[];
  };
  readonly findings: readonly { readonly code: string; readonly severity: string }[];
  readonly accessPolicies: readonly { readonly name: string }[];
  readonly associatedAccessPolicy: {
    readonly expiresAt?: Date;
    readonly reason?: string;
    readonly expired: boolean;
  };
}

async function call(
  name: string,
  input: object,
  { accountId = account, now = aNoon }: { accountId?: string; now?: number } = {},
): Promise<Answer> {
  const deps = { storage: world.storage, partition: 'aws', pageTokens: createPageTokens(new Uint8Array(32)) };
  const operation = { ...customAccessPolicyOperations(deps), ...associationOperations(deps) }[name];
  if (operation === undefined || operation.unsigned) throw new Error(`no operation ${name}`);
  const context: OperationContext = { ...testContext(world.storage), caller: rootOf(accountId), region, now };
  return (await operation.handle(input, context)) as Answer;
}

const create = (name = 'readers', rules: readonly object[] = [pods], options = {}) =>
  call('CreateAccessPolicy', { name, rules }, options);
const entryInput = () => ({ clusterName: 'prod', principalArn: ops });
const associate = (name = 'readers', more: object = {}) =>
  world.call('AssociateAccessPolicy', {
    ...entryInput(),
    policyArn: arnOf(name),
    accessScope: { type: 'cluster' },
    ...more,
  });
const remove = (name = 'readers') => call('DeleteAccessPolicy', { name });
const uses = (name = 'readers') => world.storage.count(accessPolicyUsesPrefix(account, name));
const stored = async (name = 'readers'): Promise<AccessPolicyRecord> =>
  JSON.parse((await world.storage.get(accessPolicyKey(account, name)))?.value ?? '{}');
const entries = async (): Promise<readonly AccessEntryRecord[]> =>
  (await world.storage.list({ prefix: 'access-entry/' })).entries.map(({ value }) => JSON.parse(value));

const unknown =
  "ResourceNotFoundException: The specified policyArn could not be found. You can view your available access policies with 'list-access-policies'.";

describe('no policy is made', () => {
  test.each<[string, object]>([
    ['called like AWS’s', { name: 'AmazonEKSViewPolicy' }],
    ['called like AWS’s in another case', { name: 'awsReaders' }],
    ['whose name an ARN could not hold', { name: 'a/b' }],
    ['without a name', { name: '' }],
    ['without rules', { rules: [] }],
    ['without verbs', { rules: [{ apiGroups: [''], resources: ['pods'] }] }],
    ['without API groups', { rules: [{ resources: ['pods'], verbs: ['get'] }] }],
    ['about resources and paths at once', { rules: [{ ...pods, nonResourceURLs: ['/healthz'] }] }],
    ['with a wildcard that Kubernetes does not have', { rules: [{ ...pods, resources: ['pods/*'] }] }],
    ['with too many rules', { rules: Array.from({ length: 51 }, () => pods) }],
    ['with a value that is too long', { rules: [{ ...pods, resourceNames: ['x'.repeat(513)] }] }],
    [
      'with more than a store should hold',
      { rules: [{ ...pods, resourceNames: Array(4_000).fill('12345678') }] },
    ],
    [
      'with more pairs than an index should hold',
      { rules: [{ ...pods, apiGroups: Array(50).fill('a'), resources: Array(50).fill('b') }] },
    ],
    ['whose description is a novel', { description: 'x'.repeat(1_001) }],
    ['whose description would move the cursor', { description: 'a\u001b[2J' }],
  ])('%s', async (_, change) => {
    expect(
      await outcomeOf(call('CreateAccessPolicy', { name: 'readers', rules: [pods], ...change })),
    ).toMatch(/^InvalidParameterException: /);
    expect(await world.storage.count(accessPoliciesPrefix(account))).toBe(0);
  });

  test('twice under one name', async () => {
    await create();
    expect(await outcomeOf(create())).toMatch(/^ResourceInUseException: /);
  });

  test('beyond a hundred an account', async () => {
    for (let at = 0; at < 100; at++) await create(`p${at}`);
    expect(await outcomeOf(create('one-more'))).toMatch(/^ResourceLimitExceededException: /);
    await remove('p7');
    await create('one-more');
  });
});

describe('a policy is found by nobody', () => {
  test('of another account', async () => {
    await create('readers', [pods], { accountId: otherAccount });
    expect(await outcomeOf(associate('readers', { policyArn: arnOf('readers', otherAccount) }))).toBe(
      unknown,
    );
    expect(await outcomeOf(associate())).toBe(unknown);
    expect(await outcomeOf(call('GetAccessPolicy', { name: 'readers' }))).toMatch(/^ResourceNotFound/);
  });

  test.each([
    ['of another partition', arnOf('readers').replace('arn:aws:', 'arn:aws-cn:')],
    ['in another case', arnOf('Readers')],
    ['of AWS under that name', arnOf('readers', 'aws')],
  ])('%s', async (_, policyArn) => {
    await create();
    expect(await outcomeOf(associate('readers', { policyArn }))).toBe(unknown);
  });
});

describe('a policy that is associated', () => {
  test('is not deleted, until no entry has it', async () => {
    await create();
    await associate();
    expect(await outcomeOf(remove())).toBe(
      'ResourceInUseException: The access policy readers is associated with 1 access entry',
    );
    await world.call('DisassociateAccessPolicy', { ...entryInput(), policyArn: arnOf('readers') });
    await remove();
    expect(await outcomeOf(associate())).toBe(unknown);
  });

  test('is counted once however often its scope is changed', async () => {
    await create();
    await associate();
    await associate('readers', { accessScope: { type: 'namespace', namespaces: ['dev'] } });
    expect((await call('GetAccessPolicy', { name: 'readers' })).accessPolicy.associations).toBe(1);
    expect((await stored()).associationsMade).toBe(2);
  });

  test('is free when its entry is deleted', async () => {
    await create();
    await associate();
    await world.call('DeleteAccessEntry', entryInput());
    expect(await uses()).toBe(0);
    await remove();
  });

  test('is free when its cluster is deleted', async () => {
    await create();
    await associate();
    await world.call('DeleteCluster', { name: 'prod' });
    expect(await uses()).toBe(0);
    await remove();
  });
});

test('an entry that cannot be read does not keep its cluster’s children from being swept', async () => {
  await create();
  await associate();
  const [entry] = (await world.storage.list({ prefix: 'access-entry/' })).entries;
  const broken = `${entry?.key.replace(/arn:.*$/, '')}arn:aws:iam::${account}:role/a-broken-one`;
  await world.storage.commit({ changes: [{ type: 'put', key: broken, value: '{' }] });
  await world.call('DeleteCluster', { name: 'prod' });
  expect(await world.storage.count('access-entry/')).toBe(0);
  await remove();
});

describe('an association and a deletion at the same moment: one of them is refused', () => {
  test('the association came between the look and the deletion', async () => {
    await create();
    beforeCommit = () => associate();
    expect(await outcomeOf(remove())).toMatch(/^ResourceInUseException: /);
    expect((await entries())[0]?.associatedPolicies.map(({ policyArn }) => policyArn)).toEqual([
      arnOf('readers'),
    ]);
  });

  test('the deletion came between the look and the association', async () => {
    await create();
    beforeCommit = () => remove();
    expect(await outcomeOf(associate())).toBe(unknown);
    expect((await entries())[0]?.associatedPolicies).toEqual([]);
    expect(await uses()).toBe(0);
  });

  test('a policy made anew meets no association of the old one', async () => {
    await create();
    // Deleted and made again while an association of the old one is on its way: it is one of the new one, and counted.
    beforeCommit = async () => {
      await remove();
      await create('readers', [{ ...pods, resources: ['secrets'] }]);
    };
    await associate();
    expect(await outcomeOf(remove())).toMatch(/^ResourceInUseException: /);
    expect(await uses()).toBe(1);
  });

  test('an association that is ended while its entry is deleted leaves nothing', async () => {
    await create();
    await associate();
    beforeCommit = () =>
      world.call('DisassociateAccessPolicy', { ...entryInput(), policyArn: arnOf('readers') });
    await world.call('DeleteAccessEntry', entryInput());
    expect(await uses()).toBe(0);
  });

  test('an association made while its entry is deleted goes with it', async () => {
    await create();
    beforeCommit = () => associate();
    await world.call('DeleteAccessEntry', entryInput());
    expect(await entries()).toEqual([]);
    expect(await uses()).toBe(0);
  });
});

describe('versions', () => {
  test('the last one counts, five are kept and no number comes twice', async () => {
    await create();
    for (let at = 2; at <= 7; at++) {
      const rules = [{ ...pods, resourceNames: [`n${at}`] }];
      expect((await call('UpdateAccessPolicy', { name: 'readers', rules })).accessPolicy.version).toBe(at);
    }
    const { accessPolicy } = await call('GetAccessPolicy', { name: 'readers' });
    expect(accessPolicy).toMatchObject({ version: 7, versions: [3, 4, 5, 6, 7] });
    const older = await call('GetAccessPolicy', { name: 'readers', version: 3 });
    expect(older.accessPolicy.rules).toMatchObject([{ resourceNames: ['n3'] }]);
    expect(await outcomeOf(call('GetAccessPolicy', { name: 'readers', version: 2 }))).toMatch(
      /^ResourceNotFound/,
    );
  });

  test('the same rules again make none', async () => {
    await create();
    const updated = await call('UpdateAccessPolicy', { name: 'readers', rules: [pods], description: 'why' });
    expect(updated.accessPolicy).toMatchObject({ version: 1, description: 'why' });
  });

  test('an invalid update leaves the policy as it is', async () => {
    await create();
    const before = await stored();
    await outcomeOf(call('UpdateAccessPolicy', { name: 'readers', rules: [{ ...pods, verbs: [] }] }));
    expect(await stored()).toEqual(before);
  });

  test('what is dangerous is told and stored', async () => {
    const { findings } = await create('risky', [{ ...pods, resources: ['secrets'] }]);
    expect(findings).toEqual([
      { severity: 'security', code: 'EW-AP-304', message: 'reads Secrets', rule: 0 },
    ]);
  });
});

describe('lists', () => {
  test('AWS’s own first, then those of the caller’s account', async () => {
    const list = async () =>
      (await world.call<Answer & { nextToken?: string }>('ListAccessPolicies', {})).accessPolicies;
    const stock = await list();
    await create('0-first');
    await create('readers');
    await create('theirs', [pods], { accountId: otherAccount });
    expect(await list()).toEqual([
      ...stock,
      { name: '0-first', arn: arnOf('0-first') },
      { name: 'readers', arn: arnOf('readers') },
    ]);
    const names: string[] = [];
    let nextToken: string | undefined;
    do {
      const page: Answer & { nextToken?: string } = await world.call('ListAccessPolicies', {
        maxResults: 10,
        ...(nextToken === undefined ? {} : { nextToken }),
      });
      names.push(...page.accessPolicies.map(({ name }) => name));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(names).toEqual([...stock.map(({ name }) => name), '0-first', 'readers']);
  });

  test('entries that have a policy are found by it', async () => {
    await create();
    const withPolicy = async () =>
      (
        await world.call<{ accessEntries: string[] }>('ListAccessEntries', {
          clusterName: 'prod',
          associatedPolicyArn: arnOf('readers'),
        })
      ).accessEntries;
    expect(await withPolicy()).toEqual([]);
    await associate();
    expect(await withPolicy()).toEqual([ops]);
  });

  test('an account’s own are listed with what uses them', async () => {
    await create();
    await associate();
    expect((await call('ListAccessPolicies', {})).accessPolicies).toEqual([
      expect.objectContaining({ name: 'readers', arn: arnOf('readers'), version: 1, associations: 1 }),
    ]);
  });
});

describe('an association that expires', () => {
  const hour = 3_600_000;
  const view = arnOf('AmazonEKSViewPolicy', 'aws');
  const until = (expiresAt: number | undefined, more: object = {}, now = aNoon) =>
    call(
      'AssociateAccessPolicy',
      {
        ...entryInput(),
        policyArn: view,
        accessScope: { type: 'cluster' },
        ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }),
        ...more,
      },
      { now },
    );
  const association = async () => (await entries())[0]?.associatedPolicies[0];

  test.each<[string, number, object]>([
    ['in the past', aNoon - 1, {}],
    ['at this moment', aNoon, {}],
    ['beyond a year', aNoon + 367 * 24 * hour, {}],
    ['never, by a date that is none', Number.NaN, {}],
    ['with a reason of many lines', aNoon + hour, { reason: 'a\nb' }],
    ['with a reason that is too long', aNoon + hour, { reason: 'x'.repeat(257) }],
  ])('is not made to end %s', async (_, expiresAt, more) => {
    expect(await outcomeOf(until(expiresAt, more))).toMatch(/^InvalidParameterException: /);
    expect(await association()).toBeUndefined();
  });

  test('keeps its end and reason when a stock call changes its scope, also after that end', async () => {
    await until(aNoon + hour, { reason: 'incident 42' });
    const scope = { type: 'namespace', namespaces: ['dev'] };
    await world.call(
      'AssociateAccessPolicy',
      { ...entryInput(), policyArn: view, accessScope: scope },
      { now: aNoon + 2 * hour },
    );
    expect(await association()).toMatchObject({
      accessScope: scope,
      expiresAt: aNoon + hour,
      reason: 'incident 42',
    });
  });

  test('is shown as expired by us, and by EKS’s operation as ever', async () => {
    const { associatedAccessPolicy } = await until(aNoon + hour, { reason: 'why' });
    expect(associatedAccessPolicy).toMatchObject({
      expiresAt: new Date(aNoon + hour),
      reason: 'why',
      expired: false,
    });
    const { associatedAccessPolicies } = await world.call<{ associatedAccessPolicies: object[] }>(
      'ListAssociatedAccessPolicies',
      entryInput(),
      { now: aNoon + 2 * hour },
    );
    expect(associatedAccessPolicies.map((one) => Object.keys(one))).toEqual([
      ['policyArn', 'accessScope', 'associatedAt', 'modifiedAt'],
    ]);
  });

  test('is one for good again when that is said without an end', async () => {
    await until(aNoon + hour, { reason: 'why' });
    await until(undefined);
    expect(Object.keys((await association()) ?? {})).toEqual([
      'policyArn',
      'accessScope',
      'associatedAt',
      'modifiedAt',
    ]);
  });

  test('is judged as EKS’s AssociateAccessPolicy is', async () => {
    const deps = { storage: world.storage, partition: 'aws' };
    const operation = associationOperations(deps).AssociateAccessPolicy;
    if (operation === undefined || operation.unsigned) throw new Error('no operation');
    const context: OperationContext = {
      ...testContext(world.storage),
      caller: rootOf(account),
      region,
      now: aNoon,
    };
    const input = {
      ...entryInput(),
      policyArn: view,
      accessScope: { type: 'namespace', namespaces: ['dev'] },
    };
    expect(await operation.authorization({ ...input, expiresAt: new Date(aNoon + hour) }, context)).toEqual(
      await world.target('AssociateAccessPolicy', input),
    );
  });
});
