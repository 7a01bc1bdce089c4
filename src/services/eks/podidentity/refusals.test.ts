import { beforeEach, describe, expect, test } from 'vitest';
import { account, otherAccount, outcomeOf, rootOf, type World } from '../testworld.ts';
import {
  allowRead,
  association,
  callsOf,
  createPodWorld,
  type PodIdentityCalls,
  podTrust,
  refused,
  storedKeys,
  trustPolicy,
} from './testworld.ts';

const invalid = 'InvalidParameterException: ';
const badTrust = `${invalid}Trust policy of the role provided is invalid. Follow the official documentation to resolve the issue`;
const { noRole, crossAccount, needsNoTags } = refused;

let world: World;
let calls: PodIdentityCalls;

beforeEach(async () => {
  world = await createPodWorld();
  calls = callsOf(world);
});

describe('nothing is made', () => {
  const role = (name: string, accountId = account) => `arn:aws:iam::${accountId}:role/${name}`;
  const badNamespace = `${invalid}The parameter namespace contains invalid characters. It should conform to the regular expression "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"`;
  const badAccount = `${invalid}The parameter serviceAccount contains invalid characters.`;
  const badTarget = `${invalid}The targetRoleArn parameter format is not valid`;
  const policy = (text: string) => ({ policy: text, disableSessionTags: true });

  test.each<readonly [string, object, string]>([
    [
      'in a cluster that is not there',
      { clusterName: 'none' },
      'ResourceNotFoundException: No cluster found for name: none.',
    ],
    ['for a role that is not there', { roleArn: role('none') }, noRole],
    ['for a role of another path', { roleArn: role('team/pods') }, noRole],
    ['for a role spelt otherwise', { roleArn: role('PODS') }, noRole],
    ['for a role of another account', { roleArn: role('pods', otherAccount) }, crossAccount],
    ['for an empty role', { roleArn: '' }, crossAccount],
    [
      'for a user',
      { roleArn: `arn:aws:iam::${account}:user/pods` },
      `${invalid}The roleArn parameter format is not valid`,
    ],
    [
      'for a role of another partition',
      { roleArn: `arn:aws-cn:iam::${account}:role/pods` },
      `${invalid}The roleArn parameter format is not valid`,
    ],
    [
      'for a session of a role',
      { roleArn: `arn:aws:sts::${account}:assumed-role/pods/x` },
      `${invalid}The roleArn parameter format is not valid`,
    ],
    ['in a namespace without name', { namespace: '' }, badNamespace],
    ['in a namespace with capitals', { namespace: 'Shop' }, badNamespace],
    ['in a namespace with dots', { namespace: 'a.b' }, badNamespace],
    ['in a namespace with a slash', { namespace: 'a/b' }, badNamespace],
    ['in a namespace with a line break', { namespace: 'a\n' }, badNamespace],
    ['in a namespace that ends with a dash', { namespace: 'a-' }, badNamespace],
    [
      'in a namespace that is too long',
      { namespace: 'a'.repeat(64) },
      `${invalid}The parameter namespace must have 1 to 63 characters`,
    ],
    ['for a service account without name', { serviceAccount: '' }, badAccount],
    ['for a service account with a slash', { serviceAccount: 'a/b' }, badAccount],
    ['for every service account', { serviceAccount: '*' }, badAccount],
    ['for a service account with an empty label', { serviceAccount: 'a..b' }, badAccount],
    [
      'for a service account that is too long',
      { serviceAccount: 'a'.repeat(254) },
      `${invalid}The parameter serviceAccount must have 1 to 253 characters`,
    ],
    ['with a target that is a user', { targetRoleArn: `arn:aws:iam::${account}:user/x` }, badTarget],
    ['with a target of another partition', { targetRoleArn: `arn:aws-cn:iam::${account}:role/x` }, badTarget],
    ['with a target that is no ARN', { targetRoleArn: 'bucket' }, badTarget],
    ['with a policy and session tags', { policy: allowRead }, needsNoTags],
    [
      'with a policy and session tags, said aloud',
      { policy: allowRead, disableSessionTags: false },
      needsNoTags,
    ],
    [
      'with a policy that is no JSON',
      policy('allow'),
      `${invalid}The policy is not valid: Syntax errors in policy.`,
    ],
    ['with a policy that names a principal', policy(podTrust), `${invalid}The policy is not valid: `],
    [
      'with a policy of more than 2,048 characters',
      policy(allowRead.padEnd(2049)),
      `${invalid}The policy must have at most 2048 characters`,
    ],
    [
      'with a policy of characters STS does not take',
      policy(allowRead.replace('GetObject', 'Get€')),
      `${invalid}The policy contains characters`,
    ],
    ['with a reserved tag', { tags: { 'aws:x': '' } }, `${invalid}The tag key aws:x is invalid`],
  ])('%s', async (_, change, outcome) => {
    expect(await outcomeOf(calls.create(change))).toContain(outcome);
    expect(await storedKeys(world)).toEqual([]);
  });

  test.each<readonly [string, string]>([
    ['that trusts nobody', '{}'],
    ['that trusts another service', podTrust.replace('pods.eks', 'eks')],
    ['that trusts an account', podTrust.replace('"Service":"pods.eks.amazonaws.com"', `"AWS":"${account}"`)],
    ['whose sessions may not be tagged', trustPolicy('sts:AssumeRole')],
    ['that may only be tagged', trustPolicy('sts:TagSession')],
    ['that shuts the service out', podTrust.replace('Allow', 'Deny')],
    ['that trusts everybody but the service', podTrust.replace('Principal', 'NotPrincipal')],
  ])('for a role %s (F25)', async (_, trust) => {
    const roleArn = await world.add('role', 'other', { trustPolicy: trust });
    expect(await outcomeOf(calls.create({ roleArn }))).toBe(badTrust);
    expect(await storedKeys(world)).toEqual([]);
  });

  test('by who may not pass the role, whether it is there or not', async () => {
    world.refused.add('iam:PassRole');
    for (const roleArn of [association.roleArn, role('none')]) {
      expect(await outcomeOf(calls.create({ roleArn }))).toBe('AccessDeniedException: no iam:PassRole');
    }
    expect(await storedKeys(world)).toEqual([]);
  });

  test('with tags by who may not tag', async () => {
    world.refused.add('eks:TagResource');
    expect(await outcomeOf(calls.create({ tags: { a: 'b' } }))).toBe(
      'AccessDeniedException: no eks:TagResource',
    );
    expect(await outcomeOf(calls.create())).toBe('ok');
  });

  test('in the cluster of somebody else', async () => {
    expect(await outcomeOf(calls.create({}, { caller: rootOf(otherAccount) }))).toBe(crossAccount);
    const roleArn = await world.add('role', 'pods', { accountId: otherAccount, trustPolicy: podTrust });
    expect(await outcomeOf(calls.create({ roleArn }, { caller: rootOf(otherAccount) }))).toBe(
      'ResourceNotFoundException: No cluster found for name: prod.',
    );
    expect(await outcomeOf(calls.create({}, { region: 'us-east-1' }))).toMatch(/^ResourceNotFoundException/);
  });
});

test.each([trustPolicy('sts:*'), trustPolicy(['STS:assumerole', 'sts:Tag*'], { Sid: 'x' })])(
  'a trust policy with wildcards or other case will do: %s',
  async (trust) => {
    const roleArn = await world.add('role', 'wild', { trustPolicy: trust });
    expect(await outcomeOf(calls.create({ roleArn }))).toBe('ok');
  },
);
