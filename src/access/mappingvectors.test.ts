import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Principal } from '../engine/iam/principal.ts';
import { createAwsAuthIndex } from '../engine/identity/awsauth.ts';
import { createEntryIndex } from '../engine/identity/entries.ts';
import { reservedPrefix } from '../engine/identity/reserved.ts';
import { type IdentityResult, resolveIdentity } from '../engine/identity/resolve.ts';
import { renderTemplate } from '../engine/identity/template.ts';
import { parseAwsAuth } from './awsauth.ts';

/** The same cases for the authenticator and for us: a few of our own, and the public ones where they are at hand. */
interface Case<Kind extends string, Input, Expected> {
  readonly name: string;
  readonly kind: Kind;
  readonly input: Input;
  readonly expect: Expected;
}
type ConfigMapVector = Case<
  'configmap',
  { readonly data: Readonly<Record<string, string>> },
  {
    readonly roles: readonly object[];
    readonly users: readonly object[];
    readonly accounts: readonly string[];
    readonly errors: boolean;
  }
>;
interface Item {
  readonly rolearn?: string;
  readonly userarn?: string;
  readonly userid?: string;
  readonly username: string;
  readonly groups?: readonly string[];
}
interface Mapper {
  readonly mode?: string;
  readonly roles?: readonly Item[];
  readonly users?: readonly Item[];
  readonly accounts?: readonly string[];
  readonly userIdStrict?: boolean;
  readonly reservedPrefixes?: unknown;
}
interface Caller {
  readonly arn?: string;
  readonly canonicalArn: string;
  readonly accountId: string;
  readonly userId: string;
  readonly sessionName?: string;
}
type MappingVector = Case<
  'mapping',
  { readonly mappers: readonly Mapper[]; readonly identity: Caller; readonly ec2PrivateDnsName?: string },
  { readonly ok: boolean; readonly username?: string; readonly groups?: readonly string[] }
>;
type TemplateVector = Case<
  'template',
  { readonly template: string; readonly identity: object; readonly ec2PrivateDnsName?: string },
  { readonly ok: boolean; readonly result?: string | undefined }
>;
type SsoVector = Case<
  'sso',
  { readonly mapping: object; readonly subject?: string | undefined; readonly ssoGate: boolean },
  { readonly valid: boolean; readonly matches?: boolean }
>;
type PrefixVector = Case<
  'reserved-prefix',
  { readonly username: string; readonly reserved: readonly string[] },
  { readonly reserved: boolean }
>;
type Vector = ConfigMapVector | MappingVector | TemplateVector | SsoVector | PrefixVector;

const account = '111122223333';
const role = `arn:aws:iam::${account}:role/Ops`;
const session = { canonicalArn: role, accountId: account, userId: 'AROAOPS', sessionName: 'ada@example.com' };
const noItems = { roles: [], users: [], accounts: [] };
const configMap = (
  name: string,
  data: Readonly<Record<string, string>>,
  expected: Partial<ConfigMapVector['expect']>,
): ConfigMapVector => ({
  name: `configmap: ${name}`,
  kind: 'configmap',
  input: { data },
  expect: { ...noItems, errors: false, ...expected },
});
const mapped = (
  name: string,
  mappers: readonly Mapper[],
  expected: MappingVector['expect'],
): MappingVector => ({
  name: `mapping: ${name}`,
  kind: 'mapping',
  input: { mappers, identity: session },
  expect: expected,
});
const template = (text: string, identity: object, result?: string): TemplateVector => ({
  name: `template ${text}`,
  kind: 'template',
  input: { template: text, identity, ec2PrivateDnsName: 'ip-10-0-0-1.internal' },
  expect: { ok: result !== undefined, result },
});
const sso = (
  name: string,
  mapping: object,
  subject: string | undefined,
  ssoGate: boolean,
  ok: SsoVector['expect'],
): SsoVector => ({
  name: `sso: ${name}`,
  kind: 'sso',
  input: { mapping, subject, ssoGate },
  expect: ok,
});
const view = { sso: { permissionSetName: 'View', accountID: account } };
const viewRole = (suffix: string) => `arn:aws:iam::${account}:role/awsreservedsso_view_${suffix}`;

const ours: readonly Vector[] = [
  configMap('keys are told by case', { maproles: `- rolearn: ${role}`, MAPACCOUNTS: '- "1"' }, {}),
  configMap('quotes alone are nothing', { mapRoles: "''", mapUsers: '""', mapAccounts: '``' }, {}),
  configMap(
    'one broken key empties itself',
    { mapRoles: '- {', mapAccounts: '- 012345678901' },
    { accounts: ['012345678901'], errors: true },
  ),
  configMap(
    'an item without ARN goes, the next one stays',
    { mapRoles: `- username: x\n- rolearn: ${role}\n  username: ops` },
    { roles: [{ rolearn: role, username: 'ops' }], errors: true },
  ),
  configMap(
    'groups that are no list are none, and the item stays',
    { mapRoles: `- rolearn: ${role}\n  username: ops\n  groups: system:masters` },
    { roles: [{ rolearn: role, username: 'ops' }], errors: true },
  ),
  mapped(
    'without regard to case',
    [{ mode: 'EKSConfigMap', roles: [{ rolearn: role.toLowerCase(), username: 'u' }] }],
    {
      ok: true,
      username: 'u',
      groups: [],
    },
  ),
  mapped(
    'of two the last counts',
    [
      {
        mode: 'EKSConfigMap',
        roles: [
          { rolearn: role, username: 'first', groups: ['system:masters'] },
          { rolearn: role, username: 'last', groups: ['g'] },
        ],
      },
    ],
    { ok: true, username: 'last', groups: ['g'] },
  ),
  mapped(
    'a path in aws-auth never matches',
    [{ mode: 'EKSConfigMap', roles: [{ rolearn: role.replace('/Ops', '/team/Ops'), username: 'u' }] }],
    { ok: false },
  ),
  mapped(
    'a session’s ARN in aws-auth never matches',
    [
      {
        mode: 'EKSConfigMap',
        roles: [{ rolearn: `arn:aws:sts::${account}:assumed-role/Ops/ada`, username: 'u' }],
      },
    ],
    { ok: false },
  ),
  mapped('an account gives the name of the role', [{ mode: 'EKSConfigMap', accounts: [account] }], {
    ok: true,
    username: role,
    groups: [],
  }),
  template('{{SessionName}} {{SessionNameRaw}}', session, 'ada-example.com ada@example.com'),
  template('{{SessionName }}', session, '{{SessionName }}'),
  template('admin:{{SessionName}}', { sessionName: '' }),
  template('{{EC2PrivateDNSName}}', { sessionName: 'i-0123456789' }),
  template('{{EC2PrivateDNSName}}', { sessionName: 'i-01234567' }, 'ip-10-0-0-1.internal'),
  sso('its own role', view, viewRole('0123456789abcdef'), true, { valid: true, matches: true }),
  sso('the gate is closed', view, viewRole('0123456789abcdef'), false, { valid: true, matches: false }),
  sso('a set that begins alike', view, viewRole('only_0123456789abcdef'), true, {
    valid: true,
    matches: false,
  }),
  sso('both forms', { ...view, rolearn: role }, undefined, true, { valid: false }),
];

/** Cases of the public vectors that are about something EKS does not have, each with its reason. */
const filtered: Readonly<Record<string, string>> = {
  'mapping: static file, mapping given as an assumed-role ARN':
    'only the mounted file makes its ARNs canonical when it is loaded',
  'mapping: static file, invalid ARN': 'there is no file whose bad ARN stops the start',
  'mapping: account rule of the first backend beats a role rule of the second':
    'access entries, the first back end of EKS, have no account rules',
  'mapping: reserved prefixes do not cover groups': 'those of access entries do (eks-access-facts B28)',
  'mapping: user-id mode: mapping without ARN': 'an access entry always has an ARN',
  'mapping: user-id mode: entry without an id spoils the load':
    'an access entry without id is skipped by itself (records.test.ts)',
  'mapping: ARN mode: entry found by ARN whatever the id': 'access entries are found by id',
};

const vectorFile = resolve(import.meta.dirname, '../../../shared/reference/token-vectors.json');
const hasPublic = existsSync(vectorFile);
const published: readonly Vector[] = hasPublic ? JSON.parse(readFileSync(vectorFile, 'utf8')).vectors : [];
const ofKind = (vectors: readonly Vector[], kind: string) =>
  vectors.filter((vector) => vector.kind === kind && !Object.hasOwn(filtered, vector.name));

describe('our own vectors', () => {
  test.each(ours.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => judge(vector));
});

describe.skipIf(!hasPublic)('the public vectors (skipped: they are not at hand)', () => {
  // arn-like are 15 more: `ArnLike` of policies, in engine/iam/conditions.test.ts. Nothing in aws-auth is matched so.
  test.each([
    ['configmap', 16, 0],
    ['mapping', 20, 7],
    ['template', 17, 0],
    ['sso', 14, 0],
    ['reserved-prefix', 5, 0],
  ])('of kind %s: %i run, %i are about back ends EKS does not have', (kind, runs, notOurs) => {
    const vectors = ofKind(published, kind);
    expect(vectors).toHaveLength(runs);
    expect(published.filter((vector) => vector.kind === kind)).toHaveLength(runs + notOurs);
    for (const vector of vectors) judge(vector);
  });
});

function judge(vector: Vector): void {
  switch (vector.kind) {
    case 'configmap':
      judgeConfigMap(vector);
      break;
    case 'mapping':
      judgeMapping(vector);
      break;
    case 'template':
      judgeTemplate(vector);
      break;
    case 'sso':
      judgeSso(vector);
      break;
    case 'reserved-prefix': {
      const { name, input, expect: expected } = vector;
      expect(reservedPrefix(input.username, input.reserved) !== undefined, name).toBe(expected.reserved);
      break;
    }
    default:
      throw new Error(`no judge for ${JSON.stringify(vector satisfies never)}`);
  }
}

function judgeConfigMap({ name, input, expect: expected }: ConfigMapVector): void {
  const whole = (item: object) => ({ username: '', groups: [], ...item });
  const { awsAuth, errors } = parseAwsAuth(input.data);
  expect(awsAuth, name).toEqual({
    roles: expected.roles.map(whole),
    users: expected.users.map(whole),
    accounts: expected.accounts,
  });
  expect(errors.length > 0, name).toBe(expected.errors);
}

function judgeTemplate({ name, input, expect: expected }: TemplateVector): void {
  const rendered = renderTemplate(input.template, {
    accountId: '',
    sessionName: '',
    accessKeyId: '',
    ...input.identity,
    privateDnsName: () => input.ec2PrivateDnsName,
  });
  expect(rendered.ok, name).toBe(expected.ok);
  if (rendered.ok) expect(rendered.text, name).toBe(expected.result);
}

function judgeSso({ name, input, expect: expected }: SsoVector): void {
  const { awsAuth } = parseAwsAuth({ mapRoles: JSON.stringify([input.mapping]) });
  expect(awsAuth.roles.length, name).toBe(expected.valid ? 1 : 0);
  if (input.subject === undefined) return;
  const index = createAwsAuthIndex(awsAuth, { ssoRoleMatch: input.ssoGate });
  expect(index.find(input.subject) !== undefined, name).toBe(expected.matches);
}

/**
 * EKS has two back ends, access entries by id and then aws-auth. A lone one stands for aws-auth unless it is keyed by id
 * or reserves prefixes; the first of two stands for the entries, and so gets ids where it has none.
 */
function judgeMapping({ name, input, expect: expected }: MappingVector): void {
  const { canonicalArn, accountId, userId, sessionName = '' } = input.identity;
  const plainName = canonicalArn.slice(canonicalArn.lastIndexOf('/') + 1);
  const base = {
    accountId,
    partition: 'aws',
    userId,
    principalId: userId,
    principalArn: canonicalArn,
    accessKeyId: 'ASIA',
  };
  const principal: Principal = canonicalArn.includes(':role/')
    ? { ...base, kind: 'assumedRole', arn: input.identity.arn ?? '', roleName: plainName, sessionName }
    : { ...base, kind: 'user', arn: canonicalArn, userName: plainName };

  const entries = createEntryIndex();
  const data: Record<string, string> = {};
  const [first, second] = input.mappers;
  const isEntries = second !== undefined || first?.userIdStrict || first?.reservedPrefixes !== undefined;
  if (isEntries) {
    for (const item of [...(first?.roles ?? []), ...(first?.users ?? [])]) {
      entries.apply({
        principalArn: item.rolearn ?? item.userarn ?? '',
        principalId: item.userid ?? (hasArn(item, canonicalArn) ? userId : 'AROAELSE'),
        type: 'STANDARD',
        username: item.username,
        kubernetesGroups: item.groups ?? [],
      });
    }
    if (first?.accounts !== undefined) data.mapAccounts = JSON.stringify(first.accounts);
  }
  const configMapMapper = isEntries ? second : first;
  for (const [key, list] of [
    ['mapRoles', 'roles'],
    ['mapUsers', 'users'],
    ['mapAccounts', 'accounts'],
  ] as const) {
    if (configMapMapper?.[list] !== undefined) data[key] = JSON.stringify(configMapMapper[list]);
  }
  const result: IdentityResult = resolveIdentity(principal, {
    authenticationMode: 'API_AND_CONFIG_MAP',
    entries,
    awsAuth: createAwsAuthIndex(parseAwsAuth(data).awsAuth, { ssoRoleMatch: false }),
    privateDnsName: () => input.ec2PrivateDnsName,
  });
  expect(result.ok, name).toBe(expected.ok);
  if (result.ok) {
    expect(result.user, name).toMatchObject({ username: expected.username, groups: expected.groups });
  }
}

function hasArn(item: Item, canonicalArn: string): boolean {
  return (item.rolearn ?? item.userarn)?.toLowerCase() === canonicalArn.toLowerCase();
}
