import { describe, expect, test } from 'vitest';
import { decodeInput } from './decode.ts';
import { AwsError } from './errors.ts';
import { routeRequest } from './route.ts';

function decode(line: string, headers: Readonly<Record<string, string>>, body: string | Uint8Array): unknown {
  const [method = '', url = ''] = line.split(' ');
  const [path = '', query = ''] = url.split(/\?(.*)/s);
  const request = { method, path, query, headers: Object.entries(headers), body: Buffer.from(body) };
  const route = routeRequest(request);
  if (route.kind === 'unknown') throw route.error;
  return decodeInput(route, request);
}

const eks = (line: string, body: string | Uint8Array = '') => decode(line, {}, body);
const create = (body: string | Uint8Array) => eks('POST /clusters/prod/access-entries', body);
const cloudtrail = (operation: string, body: string) =>
  decode('POST /', { 'x-amz-target': `CloudTrail_20131101.${operation}` }, body);
const query = (version: string) => (action: string, form: string | Uint8Array) => {
  const head = Buffer.from(`Action=${action}&Version=${version}&`);
  return decode(
    'POST /',
    { 'content-type': 'application/x-www-form-urlencoded' },
    Buffer.concat([head, Buffer.from(form)]),
  );
};
const iam = query('2010-05-08');
const sts = query('2011-06-15');

function refusal(call: () => unknown): string {
  try {
    const value = call();
    return `read ${JSON.stringify(value)?.slice(0, 200)}`;
  } catch (error) {
    if (error instanceof AwsError) return error.code;
    throw error;
  }
}

const ours = (path: string, body: string) => decode(`POST /entryway/v1/${path}`, {}, body);
const entry = (member: string) => `{"principalArn":"p",${member}}`;

describe('JSON that does not have the types of the contract is a SerializationException (11)', () => {
  test.each<[string, () => unknown]>([
    ['a number for a string', () => create('{"principalArn":1}')],
    ['a boolean for a string', () => create('{"principalArn":true}')],
    ['a list for a string', () => create('{"principalArn":["p"]}')],
    ['an object for a string', () => create('{"principalArn":{"toString":"p"}}')],
    ['a string for a list', () => create(entry('"kubernetesGroups":"g"'))],
    ['an object for a list', () => create(entry('"kubernetesGroups":{"length":1}'))],
    ['null in a list', () => create(entry('"kubernetesGroups":[null]'))],
    ['a number in a list', () => create(entry('"kubernetesGroups":[1]'))],
    ['a list for a map', () => create(entry('"tags":[]'))],
    ['a number in a map', () => create(entry('"tags":{"a":1}'))],
    ['null in a map', () => create(entry('"tags":{"a":null}'))],
    [
      'a string for a structure',
      () => eks('POST /clusters', '{"name":"a","roleArn":"r","resourcesVpcConfig":"v"}'),
    ],
    [
      'a list for a structure',
      () => eks('POST /clusters', '{"name":"a","roleArn":"r","resourcesVpcConfig":[]}'),
    ],
    [
      'a string for a boolean',
      () => cloudtrail('CreateTrail', '{"Name":"t","S3BucketName":"b","IsMultiRegionTrail":"true"}'),
    ],
    [
      'a number for a boolean',
      () => cloudtrail('CreateTrail', '{"Name":"t","S3BucketName":"b","IsMultiRegionTrail":1}'),
    ],
    ['a string for a number', () => cloudtrail('LookupEvents', '{"MaxResults":"5"}')],
    ['a fraction for a number', () => cloudtrail('LookupEvents', '{"MaxResults":1.5}')],
    ['a number too large to be exact', () => cloudtrail('LookupEvents', '{"MaxResults":9007199254740993}')],
    ['an infinite number', () => cloudtrail('LookupEvents', '{"MaxResults":1e999}')],
    ['NaN', () => cloudtrail('LookupEvents', '{"MaxResults":NaN}')],
    ['a text for a timestamp', () => cloudtrail('LookupEvents', '{"StartTime":"2026-11-21T00:00:00Z"}')],
    ['a timestamp beyond the calendar', () => cloudtrail('LookupEvents', '{"StartTime":1e300}')],
    ['a list instead of the input', () => create('[]')],
    ['null instead of the input', () => create('null')],
    ['a text instead of the input', () => create('"principalArn"')],
    ['a truncated body', () => create('{"principalArn":"p"')],
    ['two values', () => create('{"principalArn":"p"}{}')],
    ['a byte order mark', () => create('\ufeff{"principalArn":"p"}')],
    ['bad UTF-8', () => create(Buffer.from('{"principalArn":"\xff"}', 'latin1'))],
    ['an overlong UTF-8 slash', () => create(Buffer.from('{"principalArn":"\xc0\xaf"}', 'latin1'))],
    ['a bomb of lists', () => create(`{"x":${'['.repeat(500_000)}${']'.repeat(500_000)}}`)],
    [
      'a bomb of objects behind a quoted bracket',
      () => create(`{"x":"\\"]]","y":${'{"y":'.repeat(100)}1${'}'.repeat(100)}}`),
    ],
    ['a huge list', () => create(entry(`"kubernetesGroups":[${Array(10_001).fill('"g"').join()}]`))],
  ])('%s', (_, call) => {
    expect(refusal(call)).toBe('SerializationException');
  });

  test('the text names the kinds, not the value', () => {
    expect(() => create('{"principalArn":12345}')).toThrow('NUMBER_VALUE can not be converted to a String');
    expect(() => create('{"principalArn":{}}')).toThrow('Start of structure or map found where not expected');
  });
});

describe('forms that cannot be read are MalformedInput (6, 11)', () => {
  test.each<[string, () => unknown]>([
    ['a text for a number', () => sts('GetSessionToken', 'DurationSeconds=soon')],
    ['NaN', () => sts('GetSessionToken', 'DurationSeconds=NaN')],
    ['hexadecimal', () => sts('GetSessionToken', 'DurationSeconds=0x10')],
    ['a fraction', () => sts('GetSessionToken', 'DurationSeconds=900.5')],
    ['an empty number', () => sts('GetSessionToken', 'DurationSeconds=')],
    ['a number too large to be exact', () => sts('GetSessionToken', 'DurationSeconds=9007199254740993')],
    ['a boolean in another case', () => iam('UpdateAccountPasswordPolicy', 'RequireSymbols=True')],
    ['a number for a boolean', () => iam('UpdateAccountPasswordPolicy', 'RequireSymbols=1')],
    ['a text for a list', () => iam('TagUser', 'UserName=a&Tags=x')],
    [
      'a text beside list items',
      () => iam('TagUser', 'UserName=a&Tags=&Tags.member.1.Key=k&Tags.member.1.Value=v'),
    ],
    ['items without their label', () => iam('TagUser', 'UserName=a&Tags.1.Key=k&Tags.1.Value=v')],
    [
      'items under another label too',
      () => iam('UntagUser', 'UserName=a&TagKeys.member.1=k&TagKeys.item.1=l'),
    ],
    ['parts of a text', () => iam('GetUser', 'UserName.member.1=a')],
    ['a word as number of an item', () => iam('TagUser', 'UserName=a&Tags.member.x.Key=k')],
    ['item zero', () => iam('TagUser', 'UserName=a&Tags.member.0.Key=k')],
    ['an inherited property as number', () => iam('TagUser', 'UserName=a&Tags.member.constructor.Key=k')],
    [
      'one item under two numbers',
      () => iam('UntagUser', 'UserName=a&TagKeys.member.1=k&TagKeys.member.01=k'),
    ],
    ['a text for a structure', () => sts('AssumeRoot', 'TargetPrincipal=a&TaskPolicyArn=x')],
    ['a parameter given twice', () => iam('GetUser', 'UserName=alice&UserName=bob')],
    ['a parameter given twice, encoded differently', () => iam('GetUser', 'UserName=alice&User%4eame=bob')],
    ['a broken percent-encoding', () => iam('GetUser', 'UserName=%zz')],
    ['a cut percent-encoding', () => iam('GetUser', 'UserName=%4')],
    ['percent-encoded bytes that are not UTF-8', () => iam('GetUser', 'UserName=%ff')],
    ['bytes that are not UTF-8', () => iam('GetUser', Buffer.from('UserName=\xff', 'latin1'))],
    ['10,000 parameters', () => iam('GetUser', Array.from({ length: 10_000 }, (_, i) => `p${i}=`).join('&'))],
    ['a name of 100,000 parts', () => iam('GetUser', `${'a.'.repeat(100_000)}b=1`)],
    [
      'a text for a structure in a list',
      () => iam('CreateVirtualMFADevice', 'VirtualMFADeviceName=a&Tags.member.1=!!'),
    ],
  ])('%s', (_, call) => {
    expect(refusal(call)).toBe('MalformedInput');
  });
});

describe('a missing required member is refused by its path, before any handler runs', () => {
  test.each<[string, () => unknown, string, string]>([
    ['EKS', () => create('{}'), 'InvalidParameterException', "Value null at 'principalArn'"],
    [
      'EKS, null',
      () => create('{"principalArn":null}'),
      'InvalidParameterException',
      "Value null at 'principalArn'",
    ],
    ['EKS, no body', () => create(''), 'InvalidParameterException', "Value null at 'principalArn'"],
    [
      'EKS, in a query string',
      () => eks('GET /addons/configuration-schemas'),
      'InvalidParameterException',
      "2 validation errors detected: Value null at 'addonName'",
    ],
    [
      'EKS, only inherited',
      () => create('{"__proto__":{"principalArn":"p"}}'),
      'InvalidParameterException',
      "Value null at 'principalArn'",
    ],
    [
      'CloudTrail',
      () => cloudtrail('CreateTrail', '{"Name":"t"}'),
      'ValidationException',
      "1 validation error detected: Value null at 's3BucketName' failed to satisfy constraint: Member must not be null",
    ],
    [
      'IAM',
      () => iam('CreateUser', ''),
      'ValidationError',
      "1 validation error detected: Value null at 'userName' failed to satisfy constraint: Member must not be null",
    ],
    [
      'IAM, nested and counted',
      () => iam('TagUser', 'UserName=a&Tags.member.7.Key=k&Tags.member.9.Value=v'),
      'ValidationError',
      "2 validation errors detected: Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null; Value null at 'tags.2.member.key'",
    ],
    ['STS', () => sts('AssumeRole', 'RoleArn=r'), 'ValidationError', "Value null at 'roleSessionName'"],
  ])('%s', (_, call, code, text) => {
    expect(refusal(call)).toBe(code);
    expect(call).toThrow(text);
  });

  test('many missing members are counted, and only some shown', () => {
    const empty = Array(5000).fill('{}').join();
    try {
      cloudtrail('AddTags', `{"ResourceId":"r","TagsList":[${empty}]}`);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ message: expect.stringMatching(/^5000 validation errors detected/) });
      expect((error as Error).message.length).toBeLessThan(3000);
    }
  });
});

describe('what is read', () => {
  test.each<[string, () => unknown, unknown]>([
    [
      'items by number, with gaps (6)',
      () =>
        iam('UntagUser', 'UserName=a&TagKeys.member.10=z&TagKeys.member.2=y&TagKeys.member.999999999=end'),
      { UserName: 'a', TagKeys: ['y', 'z', 'end'] },
    ],
    [
      'an item with a huge number costs nothing (6)',
      () => iam('TagUser', 'UserName=a&Tags.member.999999999.Key=k&Tags.member.999999999.Value='),
      { UserName: 'a', Tags: [{ Key: 'k', Value: '' }] },
    ],
    ['an empty list (6)', () => iam('TagUser', 'UserName=a&Tags='), { UserName: 'a', Tags: [] }],
    [
      'a plus is a space, an encoded one is not',
      () => iam('GetUser', 'UserName=a+b%2Bc%20d'),
      { UserName: 'a b+c d' },
    ],
    ['an empty text', () => iam('GetUser', 'UserName='), { UserName: '' }],
    ['a name without a value', () => iam('GetUser', 'UserName'), { UserName: '' }],
    [
      'unknown parameters (10)',
      () => iam('GetUser', 'Later=1&UserName.x=2&constructor=3&UserName=a'),
      { UserName: 'a' },
    ],
    ['a number', () => sts('GetSessionToken', 'DurationSeconds=900'), { DurationSeconds: 900 }],
    [
      'a query by GET',
      () => decode('GET /?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Expires=60', {}, ''),
      {},
    ],
    ['an absent list in a query string (7)', () => eks('GET /clusters'), {}],
    [
      'a repeated key in a query string (7)',
      () => eks('GET /clusters?include=a&include=b%2Bc&maxResults=5'),
      { include: ['a', 'b+c'], maxResults: 5 },
    ],
    [
      'epoch seconds with a fraction (8)',
      () => cloudtrail('LookupEvents', '{"StartTime":1700000000.25,"EndTime":1700000001}'),
      { StartTime: new Date(1700000000250), EndTime: new Date(1700000001000) },
    ],
    [
      'null members as absent (10)',
      () => create(entry('"username":null,"tags":null')),
      { clusterName: 'prod', principalArn: 'p' },
    ],
    [
      'unknown members (10)',
      () => create(entry('"later":{"a":[1]},"constructor":1')),
      { clusterName: 'prod', principalArn: 'p' },
    ],
    [
      'a label in the body does not replace the one in the path',
      () => create(entry('"clusterName":"other"')),
      { clusterName: 'prod', principalArn: 'p' },
    ],
    [
      'the last of duplicate keys',
      () => create('{"principalArn":"a","principalArn":"b"}'),
      { clusterName: 'prod', principalArn: 'b' },
    ],
    ['a body where there is no member for it', () => eks('GET /clusters', 'not read'), {}],
    [
      'encoded labels (3)',
      () => eks('GET /clusters/a%2Fb/access-entries/arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx+y'),
      { clusterName: 'a/b', principalArn: 'arn:aws:iam::1:role/x+y' },
    ],
    ['an operation without input', () => iam('GetAccountSummary', 'UserName=a'), {}],
  ])('%s', (_, call, expected) => {
    expect(call()).toEqual(expected);
  });

  test.each<[string, () => unknown]>([
    ['a query parameter given twice', () => eks('GET /clusters?maxResults=1&maxResults=2')],
    ['a text for a number in a query string', () => eks('GET /clusters?maxResults=all')],
    ['a text for a boolean in a query string', () => eks('DELETE /clusters/a/addons/b?preserve=yes')],
    ['a broken label', () => eks('GET /clusters/%zz')],
    ['a label that is not UTF-8', () => eks('GET /clusters/%ff')],
    ['2,000 query parameters', () => eks(`GET /clusters?${'include=a&'.repeat(2000)}`)],
  ])('REST: %s is refused', (_, call) => {
    expect(refusal(call)).toBe('SerializationException');
  });

  test('a key called __proto__ is a key, and changes nothing else', () => {
    const input = create('{"principalArn":"p","tags":{"__proto__":"x","constructor":"y"}}') as {
      tags: object;
    };
    expect(Object.entries(input.tags)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
    const user = iam('GetUser', '__proto__.UserName=mallory&UserName=alice');
    expect(user).toEqual({ UserName: 'alice' });
    expect(({} as Record<string, unknown>).UserName).toBeUndefined();
  });
});

describe('our own operations skip nothing: what is misspelled or left blank would be a wider grant', () => {
  const policy = (rule: string) =>
    ours('access-policies/create', `{"name":"a","rules":[{"verbs":["get"],${rule}}]}`);
  const association = (member: string) =>
    ours(
      'access-entries/associate',
      `{"clusterName":"c","principalArn":"p","policyArn":"p","accessScope":{"type":"cluster"},${member}}`,
    );

  test.each<[string, () => unknown]>([
    ["'rules.1.member.resourcenames' is none of apiGroups", () => policy('"resourcenames":["web-tls"]')],
    ["'rules.1.member.resourceNames' is null", () => policy('"resourceNames":null')],
    ["'rules.1.member.__proto__' is none of", () => policy('"__proto__":{"resourceNames":["a"]}')],
    ["'expireAt' is none of clusterName", () => association('"expireAt":4102444800')],
    ["'expiresAt' is null", () => association('"expiresAt":null')],
    ["'untill' is none of target", () => ours('blocks/create', '{"target":"t","untill":1}')],
  ])('%s…', (message, call) => {
    expect(refusal(call)).toBe('SerializationException');
    expect(call).toThrow(message);
  });

  test('what is left out is absent', () => {
    expect(policy('"resources":["pods"]')).toEqual({
      name: 'a',
      rules: [{ verbs: ['get'], resources: ['pods'] }],
    });
  });
});
