import { describe, expect, test } from 'vitest';
import {
  account,
  allowAll,
  createWorld,
  documentOfSize,
  root,
  storedText,
  trustOf,
  userPrincipal,
  type World,
} from '../testworld.ts';
import { policySize, storedDocument } from './policydocuments.ts';

type PolicyAnswer = { Policy: { Arn: string; PolicyId: string; AttachmentCount: number } };
type PolicyList = { Policies: { PolicyName: string }[]; IsTruncated: boolean; Marker?: string };
type VersionAnswer = { PolicyVersion: { Document: string; VersionId: string; IsDefaultVersion: boolean } };

const admin = 'arn:aws:iam::aws:policy/AdministratorAccess';
const arnOf = (name: string): string => `arn:aws:iam::${account}:policy/${name}`;

async function createPolicy(world: World, name: string, path = '/'): Promise<string> {
  const { Policy } = await world.call<PolicyAnswer>('CreatePolicy', {
    PolicyName: name,
    Path: path,
    PolicyDocument: allowAll,
  });
  return Policy.Arn;
}

describe('refusals', () => {
  const cases: readonly [what: string, operation: string, input: object, code: string, message: string][] = [
    [
      'a name that exists in another case',
      'CreatePolicy',
      { PolicyName: 'READ', PolicyDocument: allowAll },
      'EntityAlreadyExistsException',
      'A policy called READ already exists. Duplicate names are not allowed.',
    ],
    [
      'a document of the old language',
      'CreatePolicy',
      { PolicyName: 'new', PolicyDocument: allowAll.replace('2012', '2008') },
      'MalformedPolicyDocumentException',
      'Policy document must be version 2012-10-17 or greater.',
    ],
    [
      'a document with a principal',
      'PutUserPolicy',
      {
        UserName: 'ada',
        PolicyName: 'p',
        PolicyDocument: allowAll.replace('"Effect"', '"Principal":"*","Effect"'),
      },
      'MalformedPolicyDocumentException',
      'Policy document should not specify a principal.',
    ],
    [
      'a document with characters beyond U+00FF',
      'PutRolePolicy',
      { RoleName: 'ops', PolicyName: 'p', PolicyDocument: '{"Id":"→"}' },
      'ValidationError',
      `1 validation error detected: Value '{"Id":"→"}' at 'policyDocument' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+`,
    ],
    [
      'a managed policy of 6,145 characters',
      'CreatePolicy',
      { PolicyName: 'new', PolicyDocument: documentOfSize(6145) },
      'LimitExceededException',
      'Cannot exceed quota for PolicySize: 6144',
    ],
    [
      'inline policies of a user of 2,049 characters',
      'PutUserPolicy',
      { UserName: 'Ada', PolicyName: 'p', PolicyDocument: documentOfSize(2049) },
      'LimitExceededException',
      'Maximum policy size of 2048 bytes exceeded for user ada',
    ],
    [
      'inline policies of a role of 10,241 characters',
      'PutRolePolicy',
      { RoleName: 'ops', PolicyName: 'p', PolicyDocument: documentOfSize(10_241) },
      'LimitExceededException',
      'Maximum policy size of 10240 bytes exceeded for role ops',
    ],
    [
      'a policy nobody made',
      'GetPolicy',
      { PolicyArn: arnOf('none') },
      'NoSuchEntityException',
      `Policy ${arnOf('none')} was not found.`,
    ],
    [
      'a policy named in another case',
      'GetPolicy',
      { PolicyArn: arnOf('READ') },
      'NoSuchEntityException',
      `Policy ${arnOf('READ')} was not found.`,
    ],
    [
      'a policy of another account',
      'GetPolicy',
      { PolicyArn: 'arn:aws:iam::999999999999:policy/read' },
      'NoSuchEntityException',
      'Policy arn:aws:iam::999999999999:policy/read was not found.',
    ],
    [
      'an ARN that is none',
      'GetPolicy',
      { PolicyArn: 'AdministratorAccess!!' },
      'InvalidInputException',
      'ARN AdministratorAccess!! is not valid.',
    ],
    [
      "attaching a policy of AWS's own roles",
      'AttachRolePolicy',
      { RoleName: 'ops', PolicyArn: 'arn:aws:iam::aws:policy/aws-service-role/AmazonEKSServiceRolePolicy' },
      'PolicyNotAttachableException',
      'Cannot attach a Service Role Policy to a Customer Role.',
    ],
    [
      'attaching what does not exist',
      'AttachUserPolicy',
      { UserName: 'ada', PolicyArn: arnOf('none') },
      'NoSuchEntityException',
      `Policy ${arnOf('none')} does not exist or is not attachable.`,
    ],
    [
      'attaching a policy of AWS that is not carried',
      'AttachRolePolicy',
      { RoleName: 'ops', PolicyArn: 'arn:aws:iam::aws:policy/AmazonNothingAccess' },
      'NoSuchEntityException',
      'Policy arn:aws:iam::aws:policy/AmazonNothingAccess does not exist or is not attachable.',
    ],
    [
      'attaching to nobody',
      'AttachRolePolicy',
      { RoleName: 'none', PolicyArn: admin },
      'NoSuchEntityException',
      'The role with name none cannot be found.',
    ],
    [
      'detaching what is not attached',
      'DetachUserPolicy',
      { UserName: 'ada', PolicyArn: admin },
      'NoSuchEntityException',
      `Policy ${admin} was not found.`,
    ],
    [
      'reading an inline policy that is not there',
      'GetUserPolicy',
      { UserName: 'ada', PolicyName: 'constructor' },
      'NoSuchEntityException',
      'The user policy with name constructor cannot be found.',
    ],
    [
      'deleting an inline policy that is not there',
      'DeleteRolePolicy',
      { RoleName: 'ops', PolicyName: 'p' },
      'NoSuchEntityException',
      'The role policy with name p cannot be found.',
    ],
    [
      'a version that was never made',
      'GetPolicyVersion',
      { PolicyArn: arnOf('read'), VersionId: 'v2' },
      'NoSuchEntityException',
      `Policy ${arnOf('read')} version v2 does not exist or is not attachable.`,
    ],
    [
      'a version that is no version',
      'GetPolicyVersion',
      { PolicyArn: arnOf('read'), VersionId: '2' },
      'ValidationError',
      "1 validation error detected: Value '2' at 'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?",
    ],
    [
      "deleting a policy of AWS's",
      'DeletePolicy',
      { PolicyArn: admin },
      'AccessDenied',
      `User: arn:aws:iam::${account}:root is not authorized to perform: iam:DeletePolicy on resource: policy ${admin}`,
    ],
    [
      'a scope of another word',
      'ListPolicies',
      { Scope: 'Mine' },
      'ValidationError',
      "1 validation error detected: Value 'Mine' at 'scope' failed to satisfy constraint: Member must satisfy enum value set: [All, AWS, Local]",
    ],
  ];
  test.each(cases)('%s is refused', async (_, operation, input, code, message) => {
    const world = await createWorld();
    await world.user('ada');
    await world.role('ops');
    await createPolicy(world, 'read');
    await expect(world.call(operation, input)).rejects.toMatchObject({ code, message });
  });

  test.each([
    ['User', 'ada'],
    ['Role', 'ops'],
  ])('an eleventh policy is one too many for a %s', async (word, name) => {
    const world = await createWorld();
    await world.user('ada');
    await world.role('ops');
    for (let index = 0; index < 11; index++) {
      const PolicyArn = await createPolicy(world, `p${index}`);
      const attached = world.call(`Attach${word}Policy`, { [`${word}Name`]: name, PolicyArn });
      if (index < 10) await attached;
      else {
        await expect(attached).rejects.toMatchObject({
          code: 'LimitExceededException',
          message: `Cannot exceed quota for PoliciesPer${word}: 10`,
        });
      }
    }
  });
});

test.each([
  ['{ "a" : 1 }\n', 7],
  ['{"a b": "c  d"}', 14],
  [String.raw`{"a\" b": "\\" , "c":[ ]}`, 21],
])('of %j count %i characters', (text, size) => expect(policySize(text)).toBe(size));

test('spaces inside strings count, so that patterns of spaces have a limit too', async () => {
  const world = await createWorld();
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Action: '*', Resource: `arn:aws:iam::*:user/${' '.repeat(7000)}?` }],
  });
  await expect(world.call('CreatePolicy', { PolicyName: 'wide', PolicyDocument })).rejects.toMatchObject({
    message: 'Cannot exceed quota for PolicySize: 6144',
  });
});

test('sizes count the characters beside white space', async () => {
  const world = await createWorld();
  await world.user('ada');
  await world.call('CreatePolicy', { PolicyName: 'big', PolicyDocument: documentOfSize(6144) });
  await world.call('PutUserPolicy', {
    UserName: 'ada',
    PolicyName: 'p',
    PolicyDocument: documentOfSize(1024),
  });
  await world.call('PutUserPolicy', {
    UserName: 'ada',
    PolicyName: 'q',
    PolicyDocument: documentOfSize(1024),
  });
  await world.call('PutUserPolicy', {
    UserName: 'ada',
    PolicyName: 'q',
    PolicyDocument: documentOfSize(900),
  });
  await expect(
    world.call('PutUserPolicy', { UserName: 'ada', PolicyName: 'r', PolicyDocument: documentOfSize(200) }),
  ).rejects.toMatchObject({ code: 'LimitExceededException' });
});

test('a created policy is read back with its document percent-encoded', async () => {
  const world = await createWorld();
  const { Policy } = await world.call<PolicyAnswer>('CreatePolicy', {
    PolicyName: 'Read',
    Path: '/team/',
    PolicyDocument: allowAll,
    Description: 'reads',
    Tags: [{ Key: 'a', Value: 'b' }],
  });
  expect(Policy).toMatchObject({
    Arn: arnOf('team/Read'),
    PolicyId: expect.stringMatching(/^ANPA[A-Z2-7]{17}$/),
    DefaultVersionId: 'v1',
    AttachmentCount: 0,
    IsAttachable: true,
  });
  expect((await world.call<PolicyAnswer>('GetPolicy', { PolicyArn: Policy.Arn })).Policy).toMatchObject({
    PolicyId: Policy.PolicyId,
    Description: 'reads',
    Tags: [{ Key: 'a', Value: 'b' }],
  });
  const { PolicyVersion } = await world.call<VersionAnswer>('GetPolicyVersion', {
    PolicyArn: Policy.Arn,
    VersionId: 'v1',
  });
  expect(PolicyVersion).toMatchObject({ VersionId: 'v1', IsDefaultVersion: true });
  expect(PolicyVersion.Document).toMatch(/^[A-Za-z0-9._~%-]+$/);
  expect(PolicyVersion.Document).toContain('s3%3A%2A');
  expect(decodeURIComponent(PolicyVersion.Document)).toBe(allowAll);
  const { Versions } = await world.call<{ Versions: object[] }>('ListPolicyVersions', {
    PolicyArn: Policy.Arn,
  });
  expect(Versions).toEqual([{ VersionId: 'v1', IsDefaultVersion: true, CreateDate: expect.any(Date) }]);
});

test("AWS's policies are read like one's own", async () => {
  const world = await createWorld();
  const { Policy } = await world.call<PolicyAnswer>('GetPolicy', { PolicyArn: admin });
  expect(Policy).toMatchObject({ PolicyId: 'ANPAIWMBCKSKIEE64ZLYK', AttachmentCount: 0 });
  const { PolicyVersion } = await world.call<VersionAnswer>('GetPolicyVersion', {
    PolicyArn: admin,
    VersionId: 'v1',
  });
  expect(JSON.parse(decodeURIComponent(PolicyVersion.Document))).toMatchObject({
    Statement: [{ Effect: 'Allow', Action: '*' }],
  });
});

describe('ListPolicies', () => {
  const names = async (world: World, input: object): Promise<string[]> =>
    (await world.call<PolicyList>('ListPolicies', input)).Policies.map(({ PolicyName }) => PolicyName);

  test("lists one's own, AWS's, or both, and only what is attached when asked", async () => {
    const world = await createWorld();
    await world.user('ada');
    const read = await createPolicy(world, 'read');
    await createPolicy(world, 'write', '/team/');
    expect(await names(world, { Scope: 'Local' })).toEqual(['read', 'write']);
    expect(await names(world, { Scope: 'AWS' })).toContain('AmazonEKSClusterPolicy');
    expect((await names(world, {})).length).toBe((await names(world, { Scope: 'AWS' })).length + 2);
    expect(await names(world, { PathPrefix: '/team/' })).toEqual(['write']);
    expect(await names(world, { OnlyAttached: true })).toEqual([]);
    await world.call('AttachUserPolicy', { UserName: 'ada', PolicyArn: read });
    await world.call('AttachUserPolicy', { UserName: 'ada', PolicyArn: admin });
    expect(await names(world, { OnlyAttached: true })).toEqual(['read', 'AdministratorAccess']);
    expect(await names(world, { PolicyUsageFilter: 'PermissionsPolicy', Scope: 'Local' })).toEqual(['read']);
    expect(await names(world, { PolicyUsageFilter: 'PermissionsBoundary' })).toEqual([]);
  });

  test('pages through all of them', async () => {
    const world = await createWorld();
    for (const name of ['B', 'a', 'c']) await createPolicy(world, name);
    const all = await names(world, {});
    const seen: string[] = [];
    let marker: string | undefined;
    do {
      const page: PolicyList = await world.call('ListPolicies', {
        MaxItems: 2,
        ...(marker === undefined ? {} : { Marker: marker }),
      });
      seen.push(...page.Policies.map(({ PolicyName }) => PolicyName));
      marker = page.Marker;
    } while (marker !== undefined);
    expect(seen).toEqual(all);
    expect(seen.slice(0, 3)).toEqual(['a', 'B', 'c']);
  });
});

describe('authorization', () => {
  test.each([
    ['CreatePolicy', { PolicyName: 'p', Path: '/team/' }, arnOf('team/p'), 'policy p'],
    ['GetPolicy', { PolicyArn: admin }, admin, `policy ${admin}`],
    ['DeletePolicy', { PolicyArn: arnOf('p') }, arnOf('p'), `policy ${arnOf('p')}`],
    ['ListPolicies', {}, '*', 'policy path /'],
    [
      'AttachUserPolicy',
      { UserName: 'ada', PolicyArn: admin },
      `arn:aws:iam::${account}:user/team/ada`,
      'user ada',
    ],
    ['PutUserPolicy', { UserName: 'ADA' }, `arn:aws:iam::${account}:user/team/ada`, 'user ADA'],
  ])('%s %j is judged on %s', async (operation, input, resource, resourceInMessage) => {
    const world = await createWorld();
    await world.user('ada', '/team/');
    expect(await world.target(operation, input, userPrincipal('x', 'AIDAX'))).toMatchObject({
      action: `iam:${operation}`,
      resources: [resource],
      resourceInMessage,
    });
    expect(await world.target(operation, input, root)).toBeDefined();
  });
});

describe('a document that is nearly all white space', () => {
  const padded = (text: string): string => text.replace('{', `{${' '.repeat(100_000)}`);
  const laidOut = JSON.stringify(JSON.parse(allowAll), undefined, 8);

  test('is kept without it: nobody can fill the store with what no limit counts', async () => {
    const world = await createWorld();
    await world.role('ops');
    await world.call('PutRolePolicy', {
      RoleName: 'ops',
      PolicyName: 'p',
      PolicyDocument: padded(allowAll),
    });
    const Arn = await createPolicy(world, 'own');
    await world.call('CreatePolicyVersion', { PolicyArn: Arn, PolicyDocument: padded(allowAll) });
    await world.call('CreatePolicy', { PolicyName: 'other', PolicyDocument: padded(allowAll) });
    const trust = trustOf({ AWS: '*' });
    await world.call('UpdateAssumeRolePolicy', { RoleName: 'ops', PolicyDocument: padded(trust) });
    await world.call('CreateRole', { RoleName: 'new', AssumeRolePolicyDocument: padded(trust) });
    expect((await storedText(world.storage)).length).toBeLessThan(10_000);
    const { PolicyDocument } = await world.call('GetRolePolicy', { RoleName: 'ops', PolicyName: 'p' });
    expect(decodeURIComponent(String(PolicyDocument))).toBe(allowAll);
  });

  test('is kept as written while it is laid out for reading', async () => {
    const world = await createWorld();
    await world.call('CreatePolicy', { PolicyName: 'own', PolicyDocument: laidOut });
    const { PolicyVersion } = await world.call<VersionAnswer>('GetPolicyVersion', {
      PolicyArn: arnOf('own'),
      VersionId: 'v1',
    });
    expect(decodeURIComponent(PolicyVersion.Document)).toBe(laidOut);
  });

  test('keeps what stands in its strings', () => {
    expect(storedDocument(padded('{ "a \\" b" : "  " }'))).toBe('{"a \\" b":"  "}');
  });
});
