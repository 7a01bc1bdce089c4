import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createPodTokens } from '../../access/podtokens.ts';
import { createServiceAccountTokens } from '../../access/serviceaccounts.ts';
import { compileStoredPolicy } from '../../engine/iam/compile.ts';
import type { PodTokenAnswer } from '../../engine/podcredentials/podtoken.ts';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { clusterKey, objectKey, podIdentityKey } from '../../storage/records/keys.ts';
import { writeJsonStructure } from '../../wire/protocols/json.ts';
import { services } from '../../wire/protocols/services.ts';
import {
  asSession,
  asUser,
  contextOf,
  document,
  other,
  own,
  roleRecord,
  userRecord,
} from '../authorization/testworld.ts';
import { createSecretBox } from '../secretbox.ts';
import {
  association,
  bucket,
  bucketArn,
  createEksAuth,
  externalId,
  issuedAt,
  node,
  now,
  type Parts,
  podTrust,
  prod,
  shop,
  shopArn,
  subject,
  tags,
} from './testworld.ts';

const noAccess = (which = 'associated') =>
  `AccessDeniedException: Unauthorized Exception! EKS does not have permissions to assume the ${which} role.`;
const noAssociation =
  'ResourceNotFoundException: The token included in the request has no service account role association for it.';

describe('the caller is refused', () => {
  const denied =
    /^AccessDenied: User: \S+ is not authorized to perform: eks-auth:AssumeRoleForPodIdentity on resource: /;

  test.each([
    ['who may nothing', {}],
    ['who may ask for another cluster', { a: document({ Resource: `${prod.arn}-2` }) }],
    ['who may everything of EKS', { a: document({ Action: 'eks:*' }) }],
    [
      'who may ask for clusters with another tag',
      { a: document({ Condition: { StringEquals: { 'aws:ResourceTag/stage': 'dev' } } }) },
    ],
  ])('%s', async (_name, inlinePolicies) => {
    const { outcome, putRole } = await createEksAuth();
    const caller = roleRecord('caller', { inlinePolicies });
    await putRole(caller);
    expect(await outcome({}, { caller: asSession(caller) })).toMatch(denied);
  });

  test('before they learn whether the cluster exists', async () => {
    const { outcome } = await createEksAuth();
    expect(await outcome({ clusterName: 'none' })).toMatch(denied);
  });

  test('whose account or region has no such cluster', async () => {
    const { outcome, putRole } = await createEksAuth();
    const caller = roleRecord('caller', { inlinePolicies: { a: document({}) } });
    const foreign = roleRecord('caller', { inlinePolicies: { a: document({}) }, accountId: other });
    for (const role of [caller, foreign]) await putRole(role);
    const missing = `ResourceNotFoundException: No cluster found for name: ${prod.name}.`;
    expect(await outcome({}, { caller: asSession(caller), region: 'eu-west-1' })).toBe(missing);
    expect(await outcome({}, { caller: asSession(foreign) })).toBe(missing);
    expect(await outcome({}, { caller: asSession(caller) })).toBe('ok');
  });
});

describe('a request is refused', () => {
  test.each([
    [{ token: '' }, 'token'],
    [{ token: 'secret' }, 'token'],
    [{ token: 'secret.token' }, 'token'],
    [{ token: 'secret.tok en.x' }, 'token'],
    [{ token: 'secret.token.x.y' }, 'token'],
    [{ clusterName: 'a/b' }, 'clusterName'],
    [{ clusterName: '-a' }, 'clusterName'],
    [{ clusterName: 'a'.repeat(101) }, 'clusterName'],
  ])('for %j', async (input, member) => {
    const { outcome, putRole } = await createEksAuth();
    const caller = roleRecord('caller', { inlinePolicies: { a: document({}) } });
    await putRole(caller);
    const refusal = await outcome(input, { caller: asSession(caller) });
    expect(refusal).toContain(`InvalidParameterException: The parameter ${member} must`);
    expect(refusal).not.toContain('secret');
  });
});

describe('a token', () => {
  test.each<readonly [PodTokenAnswer, string]>([
    [
      { outcome: 'expired', at: Date.parse('2026-11-20T10:47:44Z') },
      'ExpiredTokenException: The token included in the request is expired: current date/time 2026-11-21T03:00:00.500Z must be before the expiration date/time 2026-11-20T10:47:44Z.',
    ],
    [
      { outcome: 'refused', because: 'wrong audience' },
      'InvalidTokenException: The token included in the request is invalid: wrong audience.',
    ],
    [
      { outcome: 'unconfigured', missing: 'tokenIssuer' },
      'InvalidRequestException: Nobody has told who issues',
    ],
    [
      { outcome: 'unconfigured', missing: 'outboundIssuers' },
      'InvalidRequestException: This Entryway asks no',
    ],
    [{ outcome: 'unavailable', because: 'no keys' }, 'ServiceUnavailableException: The token included in'],
  ])('found %j', async (answer, expected) => {
    const { outcome, tokensAre, judged, made } = await createEksAuth();
    tokensAre(answer);
    expect(await outcome()).toContain(expected);
    expect([...judged, ...made]).toEqual([]);
  });

  test('of a real pod is exchanged, and no more once the pod is gone', async () => {
    const storage = createMemoryStorage();
    const sealer = createSecretBox(randomBytes(32));
    const serviceAccounts = createServiceAccountTokens({ storage, sealer, now: () => now });
    const put = (key: string, value: object) =>
      storage.commit({ changes: [{ type: 'put', key, value: JSON.stringify(value) }] });
    const serviceAccount = { name: 'shop', uid: 'u-1' };
    const pod = objectKey('c1', '', 'pods', 'team-a', subject.pod.name);
    await put(clusterKey(own, prod.region, prod.name), prod);
    await put(objectKey('c1', '', 'serviceaccounts', 'team-a', 'shop'), { metadata: serviceAccount });
    await put(pod, { metadata: subject.pod });
    const issue = (audience: string) =>
      serviceAccounts.issue(
        prod,
        {
          ...{ namespace: 'team-a', serviceAccount, pod: subject.pod, audiences: [audience] },
          ...{ expirationSeconds: 3600, tokenId: 'jti' },
        },
        now,
      );
    const podTokens = createPodTokens({
      serviceAccounts,
      issuerKeys: () => Promise.reject(new Error('nobody is asked')),
    });
    const { ask, outcome } = await createEksAuth({ verifyPodToken: podTokens.verify });
    const token = await issue('pods.eks.amazonaws.com');
    expect(await outcome({ token: await issue('sts.amazonaws.com') })).toContain('InvalidTokenException');
    expect(await ask({ token })).toMatchObject({ subject: { namespace: 'team-a', serviceAccount: 'shop' } });
    expect(await outcome({ token }, { at: now + 3_611_000 })).toContain('ExpiredTokenException');
    await storage.commit({ changes: [{ type: 'delete', key: pod }] });
    const gone = await outcome({ token });
    expect(gone).toContain('InvalidTokenException');
    expect(gone).not.toContain(token?.slice(0, 10));
  });
});

describe('without an association', () => {
  test('nothing is handed out, for another namespace or account neither, and none that was made before', async () => {
    const { outcome, associate, storage } = await createEksAuth();
    const key = podIdentityKey(prod.clusterId, 'team-a', 'shop');
    expect(await outcome()).toBe('ok');
    await storage.commit({ changes: [{ type: 'delete', key }] });
    expect(await outcome()).toBe(noAssociation);
    await associate({ namespace: 'team-b' });
    await associate({ serviceAccount: 'shop-2' });
    expect(await outcome()).toBe(noAssociation);
    await associate();
    expect(await outcome()).toBe('ok');
  });

  test('of the cluster itself: one of a cluster that had the name before counts no more', async () => {
    const { outcome, clusterIs } = await createEksAuth();
    clusterIs({ ...prod, clusterId: 'c2' });
    expect(await outcome()).toBe(noAssociation);
  });
});

describe('the role is not handed out', () => {
  const namespace = (value: string) => ({
    Condition: { StringEquals: { 'aws:RequestTag/kubernetes-namespace': value } },
  });

  test.each<readonly [string, Parts]>([
    ['that trusts somebody else', { Principal: { AWS: own } }],
    ['that trusts the EKS service alone', { Principal: { Service: 'eks.amazonaws.com' } }],
    ['whose sessions may not be tagged', { Action: 'sts:AssumeRole' }],
    ['that may only be tagged', { Action: 'sts:TagSession' }],
    ['that denies', { Effect: 'Deny' }],
    ['for another namespace', namespace('team-b')],
    ['for another cluster', { Condition: { ArnEquals: { 'aws:SourceArn': `${prod.arn}-2` } } }],
    ['for nodes of an address', { Condition: { IpAddress: { 'aws:SourceIp': '192.0.2.1' } } }],
    ['for other tags', { Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] } } }],
  ])('%s', async (_name, parts) => {
    const { outcome, putRole, judged, made } = await createEksAuth();
    await putRole(shop(podTrust(parts)));
    expect(await outcome()).toBe(noAccess());
    expect(judged).toMatchObject([{ action: expect.stringMatching(/^sts:/), resources: [shopArn] }]);
    expect(made).toEqual([]);
  });

  test('that is missing, is written otherwise, or is of another account', async () => {
    const { outcome, associate, putRole } = await createEksAuth();
    await putRole(roleRecord('shop', { path: '/team/', accountId: other, trustPolicy: podTrust() }));
    for (const roleArn of [
      `arn:aws:iam::${own}:role/shop`,
      `arn:aws:iam::${own}:role/team/Shop`,
      `arn:aws:iam::${other}:role/team/shop`,
      'shop',
      '',
    ]) {
      await associate({ roleArn });
      expect(await outcome(), roleArn).toBe(noAccess());
    }
  });

  test('that the organization shuts in', async () => {
    const deny = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Deny', Principal: '*', Action: 'sts:TagSession', Resource: '*' }],
    });
    const source = { type: 'rcp', name: 'deny' } as const;
    const guardrails = { resourceControl: [[compileStoredPolicy(deny, 'rcp', source)]] };
    const { outcome } = await createEksAuth({ guardrails });
    expect(await outcome()).toBe(noAccess());
  });

  test('that is blocked on this server, by whatever names it', async () => {
    const { outcome, made } = await createEksAuth({
      isBlocked: ({ principalArn }) => principalArn === shopArn,
    });
    expect(await outcome()).toMatch(/^AccessDeniedException: .*is blocked on this server/);
    expect(made).toEqual([]);
  });

  test('with a session policy that cannot be read', async () => {
    const { outcome, associate } = await createEksAuth();
    for (const policy of ['', '{', '{"Version":"2012-10-17"}']) {
      await associate({ policy, disableSessionTags: true });
      expect(await outcome()).toMatch(/^InvalidRequestException: MalformedPolicyDocument/);
    }
  });

  test('when tags and policy do not fit a session', async () => {
    const { outcome, associate } = await createEksAuth();
    // A kilobyte that nothing makes shorter, in fewer characters than a policy may have.
    const unlike = (turn: number) => createHash('sha256').update(`${turn}`).digest('base64url');
    const Resource = Array.from({ length: 32 }, (_, turn) => `arn:aws:s3:::${unlike(turn)}`);
    await associate({ policy: document({ Resource }) });
    expect(await outcome()).toMatch(
      /^InvalidRequestException: PackedPolicyTooLarge: Packed .* consumes \d+% of/,
    );
  });
});

describe('what is answered', () => {
  test('has every member of J14, and lasts six hours whatever the role’s maximum (J12)', async () => {
    const { ask, principalOf } = await createEksAuth();
    const answer = await ask();
    const session = 'eks-eksworksho-app1-v1-56-d1861451-6ee5-4069-ae5d-000000000001';
    expect(answer).toEqual({
      subject: { namespace: 'team-a', serviceAccount: 'shop' },
      audience: 'pods.eks.amazonaws.com',
      podIdentityAssociation: {
        associationArn: `arn:aws:eks:us-east-1:${own}:podidentityassociation/${prod.name}/${association.associationId}`,
        associationId: association.associationId,
      },
      assumedRoleUser: {
        arn: `arn:aws:sts::${own}:assumed-role/shop/${session}`,
        assumeRoleId: `${shop().principalId}:${session}`,
      },
      credentials: {
        accessKeyId: expect.stringMatching(/^ASIA/),
        secretAccessKey: expect.any(String),
        sessionToken: expect.any(String),
        expiration: new Date(issuedAt + 6 * 3_600_000),
      },
    });
    const structure = services['eks-auth'].operation('AssumeRoleForPodIdentity')?.output ?? expect.fail();
    expect(writeJsonStructure(structure, answer)).toEqual({
      ...answer,
      credentials: { ...answer.credentials, expiration: issuedAt / 1000 + 6 * 3600 },
    });
    expect((await principalOf(answer)).session).toMatchObject({
      tags,
      transitiveTagKeys: tags.map(({ Key }) => Key),
    });
    await expect(principalOf(answer, issuedAt + 6 * 3_600_000)).rejects.toThrow('expired');
  });

  test('is never the same session twice', async () => {
    const { ask } = await createEksAuth();
    const [one, two] = [await ask(), await ask()];
    expect(one.assumedRoleUser.arn).not.toBe(two.assumedRoleUser.arn);
    expect(one.credentials.accessKeyId).not.toBe(two.credentials.accessKeyId);
  });

  test('has no tags where the association says so; then the role need not allow any (J8)', async () => {
    const { ask, associate, putRole, principalOf } = await createEksAuth();
    await putRole(shop(podTrust({ Action: 'sts:AssumeRole' })));
    await associate({ disableSessionTags: true });
    const { session } = await principalOf(await ask());
    expect(session).not.toHaveProperty('tags');
    expect(session).not.toHaveProperty('transitiveTagKeys');
  });

  test('may do what one policy allows to its namespace, and no other namespace may', async () => {
    const Condition = { StringEquals: { 'aws:PrincipalTag/kubernetes-namespace': 'team-a' } };
    const inlinePolicies = { own: document({ Action: 'iam:GetRole', Condition }) };
    const { ask, associate, tokensAre, putRole, principalOf, authorizer } = await createEksAuth();
    await putRole(shop(podTrust(), { inlinePolicies }));
    const may = async () => {
      const caller = await principalOf(await ask());
      const target = { action: 'iam:GetRole', resources: [shopArn] };
      return (await authorizer.authorize(caller, target, { ...contextOf(caller), now })).decision;
    };
    expect(await may()).toBe('allowed');
    const inOther = { ...subject, namespace: 'team-b' };
    await associate({ namespace: 'team-b' });
    tokensAre({ outcome: 'verified', subject: inOther });
    expect(await may()).toBe('implicitDeny');
  });

  test('is narrowed by the session policy (J9)', async () => {
    const { ask, associate, putRole, principalOf, authorizer } = await createEksAuth();
    await putRole(shop(podTrust(), { inlinePolicies: { all: document({}) } }));
    const may = async (action: string) => {
      const caller = await principalOf(await ask());
      const target = { action, resources: [shopArn] };
      return (await authorizer.authorize(caller, target, { ...contextOf(caller), now })).decision;
    };
    expect(await may('iam:DeleteRole')).toBe('allowed');
    await associate({ policy: document({ Action: 'iam:GetRole' }), disableSessionTags: true });
    expect(await may('iam:GetRole')).toBe('allowed');
    expect(await may('iam:DeleteRole')).toBe('implicitDeny');
  });
});

describe('a target role (J6)', () => {
  const mayAssume = {
    assume: document({ Action: ['sts:AssumeRole', 'sts:TagSession'], Resource: bucketArn }),
  };
  const chained = async (
    given: { readonly first?: object; readonly target?: Parts; readonly association?: object } = {},
  ) => {
    const world = await createEksAuth();
    await world.putRole(shop(podTrust(), { inlinePolicies: mayAssume, ...given.first }));
    await world.putRole(bucket(given.target));
    await world.associate({ targetRoleArn: bucketArn, externalId, ...given.association });
    return world;
  };
  const withId = (id: string) => ({ Condition: { StringEquals: { 'sts:ExternalId': id } } });

  test.each<readonly [string, Parameters<typeof chained>[0]]>([
    ['the role may not assume', { first: { inlinePolicies: {} } }],
    [
      'the role may assume, and not tag',
      { first: { inlinePolicies: { a: document({ Action: 'sts:AssumeRole' }) } } },
    ],
    ['does not trust the account', { target: { Principal: { AWS: other } } }],
    ['trusts the service alone', { target: { Principal: { Service: 'pods.eks.amazonaws.com' } } }],
    ['lets nobody tag', { target: { Action: 'sts:AssumeRole' } }],
    [
      'wants the external id of another namespace',
      { target: withId(externalId.replace('team-a', 'team-b')) },
    ],
    ['wants an external id', { target: withId(externalId), association: { externalId: undefined } }],
    [
      'wants another role',
      { target: { Condition: { ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${own}:role/other` } } } },
    ],
    [
      'wants another cluster',
      { target: { Condition: { StringEquals: { 'aws:PrincipalTag/eks-cluster-arn': `${prod.arn}-2` } } } },
    ],
    [
      'wants another namespace',
      { target: { Condition: { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'team-b' } } } },
    ],
    [
      'wants tags that the association does not have',
      {
        target: { Condition: { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'team-a' } } },
        association: { disableSessionTags: true },
      },
    ],
    ['is missing', { association: { targetRoleArn: `${bucketArn}-2` } }],
  ])('is not handed out that %s', async (_name, given) => {
    const { outcome, judged, made } = await chained(given);
    expect(await outcome()).toBe(noAccess('target'));
    // What the other account says is not for this account’s trail.
    expect([...judged, ...made]).toEqual([]);
  });

  test('is not reached without the first', async () => {
    const world = await chained();
    await world.putRole(shop(podTrust({ Principal: { AWS: own } }), { inlinePolicies: mayAssume }));
    expect(await world.outcome()).toBe(noAccess());
  });

  test('of the own account tells what refused it', async () => {
    const targetRoleArn = `arn:aws:iam::${own}:role/missing`;
    const { outcome, judged } = await chained({ association: { targetRoleArn } });
    expect(await outcome()).toBe(noAccess('target'));
    expect(judged).toMatchObject([{ action: 'sts:AssumeRole', resources: [targetRoleArn] }]);
  });

  test('is not handed out when one of the two is blocked', async () => {
    for (const blocked of [shopArn, bucketArn]) {
      const world = await createEksAuth({ isBlocked: ({ principalArn }) => principalArn === blocked });
      await world.putRole(shop(podTrust(), { inlinePolicies: mayAssume }));
      await world.putRole(bucket());
      await world.associate({ targetRoleArn: bucketArn, externalId });
      expect(await world.outcome()).toContain('is blocked on this server');
    }
  });

  test('is handed out with the tags it inherits, for 59 minutes (J12)', async () => {
    const condition = {
      StringEquals: {
        'sts:ExternalId': externalId,
        'aws:PrincipalTag/kubernetes-namespace': 'team-a',
        // As the EKS user guide writes trust policies of target roles.
        'aws:RequestTag/eks-cluster-arn': prod.arn,
        'aws:RequestTag/kubernetes-namespace': 'team-a',
        'aws:RequestTag/kubernetes-service-account': 'shop',
        'aws:PrincipalArn': shopArn,
      },
    };
    const { ask, principalOf } = await chained({ target: { Condition: condition } });
    const answer = await ask();
    expect(answer.assumedRoleUser.arn).toMatch(`arn:aws:sts::${other}:assumed-role/bucket/eks-eksworksho-`);
    expect(answer.credentials.expiration).toEqual(new Date(issuedAt + 59 * 60_000));
    const { session, accountId } = await principalOf(answer);
    expect(accountId).toBe(other);
    expect(session).toMatchObject({ tags, transitiveTagKeys: tags.map(({ Key }) => Key) });
  });

  test('has the session policy, and the first role has not', async () => {
    const policy = document({ Action: 's3:GetObject' });
    const { ask, principalOf } = await chained({ association: { policy, disableSessionTags: true } });
    // With the policy on it the first role could not assume anything.
    const { session } = await principalOf(await ask());
    expect(session?.policies).toEqual({ inline: policy, arns: [] });
  });
});

describe('the record', () => {
  test('tells of the AssumeRole that EKS makes, to the role’s account, with what decided', async () => {
    const { ask, made } = await createEksAuth();
    const { credentials } = await ask();
    expect(made).toHaveLength(1);
    expect(made[0]).toMatchObject({
      invokedBy: 'pods.eks.amazonaws.com',
      caller: undefined,
      recipientAccountId: own,
      ...{ service: 'sts', operation: 'AssumeRole', action: 'sts:AssumeRole', resources: [shopArn] },
      input: {
        RoleArn: shopArn,
        RoleSessionName: expect.stringMatching(/^eks-eksworksho-app1-v1-56-/),
        DurationSeconds: 21_600,
        Tags: tags,
        TransitiveTagKeys: tags.map(({ Key }) => Key),
      },
      output: { Credentials: { AccessKeyId: credentials.accessKeyId } },
      decision: { decision: 'allowed', step: 'trust' },
    });
  });

  test('tells of both AssumeRole of a chain; what another account’s policy says is not told', async () => {
    const { ask, made, putRole, associate } = await createEksAuth();
    await putRole(shop(podTrust(), { inlinePolicies: { a: document({ Action: 'sts:*' }) } }));
    await putRole(bucket());
    await associate({ targetRoleArn: bucketArn, externalId });
    await ask();
    expect(made).toMatchObject([
      { caller: undefined, input: { RoleArn: shopArn } },
      {
        caller: { principalArn: shopArn, accessKeyId: expect.stringMatching(/^ASIA/) },
        input: { RoleArn: bucketArn, ExternalId: externalId, DurationSeconds: 3540 },
      },
    ]);
    expect(made[1]).not.toHaveProperty('decision');
    expect(made[1]).not.toHaveProperty('recipientAccountId');
  });
});

test('a user of the account may ask as a node does', async () => {
  const { outcome, putUser } = await createEksAuth();
  const ada = userRecord('ada', { inlinePolicies: node.inlinePolicies });
  await putUser(ada);
  expect(await outcome({}, { caller: asUser(ada) })).toBe('ok');
});
