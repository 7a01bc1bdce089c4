import { describe, expect, test } from 'vitest';
import { processorTimer } from '../../../test/processortime.ts';
import { userKey } from '../../storage/records/keys.ts';
import {
  asRoot,
  asSession,
  asUser,
  createWorld,
  document,
  other,
  own,
  policyRecord,
  roleRecord,
  userRecord,
} from './testworld.ts';

const cluster = `arn:aws:eks:eu-west-1:${own}:cluster/prod`;
const foreign = `arn:aws:eks:eu-west-1:${other}:cluster/prod`;
const policyArn = `arn:aws:iam::${own}:policy/reader`;
const describeCluster = 'eks:DescribeCluster';
const all = document({});

describe('who may not', () => {
  test('a user without policies, with AWS’s text', async () => {
    const world = createWorld();
    const ada = userRecord('ada');
    await world.putUser(ada);
    expect(await world.ask(asUser(ada), describeCluster, [cluster])).toMatchObject({
      decision: 'implicitDeny',
      step: 'identity',
      refusal: {
        code: 'AccessDenied',
        message: `User: arn:aws:iam::${own}:user/ada is not authorized to perform: eks:DescribeCluster on resource: ${cluster} because no identity-based policy allows the eks:DescribeCluster action`,
      },
    });
  });

  test('a user whose other policy denies', async () => {
    const world = createWorld();
    await world.putPolicy(policyRecord('reader', all));
    const ada = userRecord('ada', {
      attachedPolicyArns: [policyArn],
      inlinePolicies: { no: document({ Effect: 'Deny', Action: 'eks:*' }) },
    });
    await world.putUser(ada);
    expect(await world.ask(asUser(ada), describeCluster, [cluster])).toMatchObject({
      decision: 'explicitDeny',
      statements: [{ statement: { policy: { type: 'inline', name: 'no' } } }],
    });
  });

  test('anybody on another account’s resources, root and administrators too', async () => {
    const world = createWorld();
    const ada = userRecord('ada', { inlinePolicies: { all } });
    await world.putUser(ada);
    for (const caller of [asRoot, asUser(ada)]) {
      expect(await world.ask(caller, describeCluster, [foreign])).toMatchObject({
        decision: 'implicitDeny',
        step: 'account',
        refusal: { code: 'AccessDenied' },
      });
      expect((await world.ask(caller, describeCluster, [cluster, foreign])).decision).toBe('implicitDeny');
      expect((await world.ask(caller, describeCluster, ['not an arn'])).decision).toBe('implicitDeny');
    }
  });

  test('a user who was deleted, or re-created under the name, since the signature was checked', async () => {
    const world = createWorld();
    const ada = userRecord('ada', { inlinePolicies: { all } });
    const refused = { decision: 'implicitDeny', refusal: { code: 'InvalidClientTokenId' } };
    expect(await world.ask(asUser(ada), describeCluster, [cluster])).toMatchObject(refused);
    await world.putUser({ ...ada, principalId: 'AIDANEWAAAAAAAAAAAAAA' });
    expect(await world.ask(asUser(ada), describeCluster, [cluster])).toMatchObject(refused);
  });

  test('credentials of GetSessionToken on IAM (I2)', async () => {
    const world = createWorld();
    const ada = userRecord('ada', { inlinePolicies: { all } });
    await world.putUser(ada);
    const session = { session: { issuedAt: 0, expiresAt: 1 } };
    for (const caller of [
      { ...asUser(ada), ...session },
      { ...asRoot, ...session },
    ]) {
      expect(await world.ask(caller, 'iam:ListUsers', ['*'])).toMatchObject({
        decision: 'implicitDeny',
        refusal: { code: 'InvalidClientTokenId' },
      });
      expect((await world.ask(caller, describeCluster, [cluster])).decision).toBe('allowed');
    }
  });

  test('somebody allowed on one of two resources', async () => {
    const world = createWorld();
    const ada = userRecord('ada', { inlinePolicies: { one: document({ Resource: cluster }) } });
    await world.putUser(ada);
    expect(
      (await world.ask(asUser(ada), describeCluster, [cluster, `${cluster}-2`])).refusal?.message,
    ).toContain(`on resource: ${cluster}-2 because`);
  });

  test('somebody asked about no resource at all is asked about all', async () => {
    const world = createWorld();
    const ada = userRecord('ada', { inlinePolicies: { one: document({ Resource: cluster }) } });
    await world.putUser(ada);
    expect((await world.ask(asUser(ada), 'eks:ListClusters', [])).decision).toBe('implicitDeny');
  });

  test.each<[string, string]>([
    ['is gone', `arn:aws:iam::${own}:policy/gone`],
    ['is under another path', `arn:aws:iam::${own}:policy/path/reader`],
    ['is written in another case', `arn:aws:iam::${own}:policy/Reader`],
    ['belongs to another account', `arn:aws:iam::${other}:policy/reader`],
    ['is of AWS and unknown', 'arn:aws:iam::aws:policy/NoSuchPolicy'],
    ['is no ARN', 'reader'],
  ])('somebody with an attached policy that %s is denied everything', async (_name, arn) => {
    const world = createWorld();
    await world.putPolicy(policyRecord('reader', all));
    const ada = userRecord('ada', { attachedPolicyArns: [arn], inlinePolicies: { all } });
    await world.putUser(ada);
    expect(await world.ask(asUser(ada), describeCluster, [cluster])).toMatchObject({
      decision: 'explicitDeny',
      statements: [{ statement: { policy: { arn } }, assumed: 'resource' }],
    });
  });
});

test('a resource longer than any ARN is refused without being compared with patterns', async () => {
  const world = createWorld();
  const pattern = `arn:aws:iam::${own}:user/*a${'?'.repeat(3000)}b*`;
  const user = userRecord('ada', {
    inlinePolicies: { all: document({}), slow: document({ Effect: 'Deny', Resource: pattern }) },
  });
  await world.putUser(user);
  const spent = processorTimer();
  const resource = `arn:aws:iam::${own}:user/${'a'.repeat(1_000_000)}`;
  const { decision, refusal } = await world.ask(asUser(user), 'iam:GetUser', [resource]);
  expect(decision).toBe('implicitDeny');
  expect(refusal?.message.length).toBeLessThan(3000);
  expect(spent()).toBeLessThan(1000);
});

describe('who may', () => {
  test('root, in its own account, and on what AWS owns', async () => {
    const { ask } = createWorld();
    expect(await ask(asRoot, 'iam:CreateUser', [`arn:aws:iam::${own}:user/x`])).toMatchObject({
      decision: 'allowed',
      step: 'root',
    });
    expect((await ask(asRoot, 'iam:GetPolicy', ['arn:aws:iam::aws:policy/ReadOnlyAccess'])).decision).toBe(
      'allowed',
    );
  });

  test('a session by its role’s customer policy; the decision names it', async () => {
    const world = createWorld();
    await world.putPolicy(policyRecord('reader', document({ Sid: 'Read', Action: 'eks:Describe*' })));
    const dev = roleRecord('dev', { attachedPolicyArns: [policyArn] });
    await world.putRole(dev);
    expect(await world.ask(asSession(dev), describeCluster, [cluster])).toMatchObject({
      decision: 'allowed',
      statements: [
        { statement: { policy: { type: 'managed', name: 'reader', arn: policyArn }, sid: 'Read' } },
      ],
    });
  });

  test('an administrator by AWS’s policy', async () => {
    const world = createWorld();
    const ada = userRecord('ada', { attachedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] });
    await world.putUser(ada);
    expect((await world.ask(asUser(ada), describeCluster, [cluster])).decision).toBe('allowed');
  });
});

test('a wildcard-only action shows the resource AWS shows (G8)', async () => {
  const world = createWorld();
  const ada = userRecord('ada');
  await world.putUser(ada);
  const shown = `arn:aws:eks:eu-west-1:${own}:cluster/*`;
  const { refusal } = await world.ask(asUser(ada), 'eks:ListClusters', ['*'], shown);
  expect(refusal?.message).toContain(`on resource: ${shown} because`);
});

describe('an acknowledged write is in the next answer', () => {
  test('attach, new default version, detach, delete', async () => {
    const world = createWorld();
    const ada = userRecord('ada');
    const may = async () => (await world.ask(asUser(ada), describeCluster, [cluster])).decision;
    await world.putUser(ada);
    expect(await may()).toBe('implicitDeny');
    await world.putPolicy(policyRecord('reader', all));
    await world.putUser({ ...ada, attachedPolicyArns: [policyArn] });
    expect(await may()).toBe('allowed');
    await world.putPolicy(
      policyRecord('reader', all, {
        defaultVersionId: 'v2',
        versions: [
          { versionId: 'v1', document: all, createdAt: 0 },
          { versionId: 'v2', document: document({ Effect: 'Deny' }), createdAt: 0 },
        ],
      }),
    );
    expect(await may()).toBe('explicitDeny');
    await world.putUser({ ...ada, inlinePolicies: { all } });
    expect(await may()).toBe('allowed');
    await world.remove(userKey(own, 'ada'));
    expect(await may()).toBe('implicitDeny');
  });

  test('a read that was under way during a write is not kept', async () => {
    const world = createWorld();
    const ada = userRecord('ada', { inlinePolicies: { all } });
    await world.putUser(ada);
    const early = world.ask(asUser(ada), describeCluster, [cluster]);
    const write = world.putUser({ ...ada, inlinePolicies: {} });
    await Promise.all([early, write]);
    expect((await world.ask(asUser(ada), describeCluster, [cluster])).decision).toBe('implicitDeny');
  });
});

test('asking again reads and compiles nothing', async () => {
  const world = createWorld();
  await world.putPolicy(policyRecord('reader', all));
  const ada = userRecord('ada', { attachedPolicyArns: [policyArn] });
  await world.putUser(ada);
  await world.ask(asUser(ada), describeCluster, [cluster]);
  const before = world.reads();
  for (let count = 0; count < 100; count++) await world.ask(asUser(ada), describeCluster, [cluster]);
  expect(world.reads()).toBe(before);
});
