import { asObject, type JsonObject } from '../../../access/json.ts';
import { isAccountId, parseArn } from '../../../engine/arn/arn.ts';
import { type Fact, type Findings, type IamList, unknownAccount, unknownPartition } from '../facts.ts';
import { type Members, membersOf } from '../members.ts';
import type { FileDocument } from '../text/documents.ts';
import { type AnswerReader, isCut } from './eks.ts';

/** By the member that gives an answer away (iam-facts J). */
export const iamAnswers: ReadonlyMap<string, AnswerReader> = new Map<string, AnswerReader>([
  ['UserDetailList', readDetails],
  ['RoleDetailList', readDetails],
  ['GroupDetailList', readDetails],
  // Before `Users`, who are its members and not all there are.
  ['Group', readGroupWithUsers],
  ['Users', listOf('users', 'Users', readUser)],
  ['Roles', listOf('roles', 'Roles', readRole)],
  ['Groups', listOf('groups', 'Groups', readGroup)],
  ['User', oneOf('User', readUser)],
  ['Role', oneOf('Role', readRole)],
  ['PolicyDocument', readInlinePolicy],
  ['ClientIDList', readOidcProvider],
  ['SummaryMap', readSummary],
  ['OpenIDConnectProviderList', readOidcProviderNames],
  ['Policy', readPolicyNames],
  ['Policies', readPolicyNames],
]);

/** What reads one document. */
export interface Reading {
  readonly findings: Findings;
  readonly document: FileDocument;
  readonly gap: (reason: string, part?: unknown) => void;
  readonly members: (object: JsonObject, what: string) => Members;
}

export function readingOf(document: FileDocument, findings: Findings): Reading {
  const gap = (reason: string, part?: unknown): void =>
    findings.gap({ area: 'iam', reason, place: document.placeOf(part) });
  return { findings, document, gap, members: (object, what) => membersOf(object, what, gap) };
}

type ReadOne = (object: JsonObject, reading: Reading) => string | undefined;

function listOf(list: IamList, member: string, read: ReadOne): AnswerReader {
  return (document, value, findings) => {
    const reading = readingOf(document, findings);
    // No account is without roles: those of AWS itself are in each.
    const isEmptied = list === 'roles' && Array.isArray(value[member]) && value[member].length === 0;
    readList(list, member, value, read, reading, isEmptied);
  };
}

function oneOf(member: string, read: ReadOne): AnswerReader {
  return (document, value, findings) => {
    const reading = readingOf(document, findings);
    const object = asObject(value[member]);
    if (object === undefined) reading.gap(`\`${member}\` is no object`, value);
    else read(object, reading);
  };
}

/** Each element by `read`, which answers the ARN; and that the list is whole, where it is. */
function readList(
  list: IamList,
  member: string,
  value: JsonObject,
  read: ReadOne,
  reading: Reading,
  mayLack = false,
): void {
  const { findings, document } = reading;
  const elements = reading.members(value, 'this answer').objects(member);
  if (elements === undefined) return;
  let accountId = '';
  for (const element of elements) {
    const arn = read(element, reading);
    const owner = arn === undefined ? undefined : parseArn(arn)?.accountId;
    if (owner !== undefined && isAccountId(owner)) accountId = owner;
  }
  // Where it is cut off, the account is told to be incomplete unless the last page is there, too.
  if (!isCut(value) && !mayLack)
    findings.add({ fact: 'complete', accountId, lists: [list], place: document.placeOf(value) });
}

/**
 * `GetAccountAuthorizationDetails`, or one page of it. SECURITY: with `--filter` it prints the lists that were not asked for as
 * empty ones. Who takes those for whole says of everybody in them that they do not exist.
 */
function readDetails(document: FileDocument, value: JsonObject, findings: Findings): void {
  const isEmpty = (member: string): boolean => Array.isArray(value[member]) && value[member].length === 0;
  const holders = ['UserDetailList', 'GroupDetailList', 'RoleDetailList'].flatMap((member) =>
    Array.isArray(value[member]) ? (value[member] as readonly unknown[]) : [],
  );
  // Unfiltered, every policy that somebody has is listed, those of AWS, too.
  const lacksPolicies =
    isEmpty('Policies') &&
    holders.some((holder) => {
      const attached = asObject(holder)?.AttachedManagedPolicies;
      return Array.isArray(attached) && attached.length > 0;
    });
  // Every account has roles that AWS made.
  const isFiltered = lacksPolicies || (isEmpty('RoleDetailList') && !isCut(value));
  const reading = readingOf(document, findings);
  const read = (list: IamList, member: string, one: ReadOne): void =>
    readList(list, member, value, one, reading, isFiltered && isEmpty(member));
  read('users', 'UserDetailList', readUserDetail);
  read('groups', 'GroupDetailList', readGroupDetail);
  read('roles', 'RoleDetailList', readRoleDetail);
  read('policies', 'Policies', readManagedPolicy);
}

function arnOf(object: JsonObject, what: string, reading: Reading): string | undefined {
  const arn = reading.members(object, what).text('Arn');
  if (arn !== undefined && parseArn(arn)?.service === 'iam') return arn;
  reading.gap(`${what} has no ARN of IAM: it is left out`, object);
  return undefined;
}

type PrincipalFact = Extract<Fact, { readonly fact: 'principal' }>;
type Policies = Pick<PrincipalFact, 'inlinePolicies' | 'attachedPolicyArns' | 'groupNames'>;

function readUser(object: JsonObject, reading: Reading, policies: Policies = {}): string | undefined {
  const arn = arnOf(object, 'a user', reading);
  if (arn === undefined) return undefined;
  const of = reading.members(object, `user \`${arn}\``);
  const passwordLastUsed = of.time('PasswordLastUsed');
  reading.findings.add({
    ...{ fact: 'principal', kind: 'user', arn, ...policies },
    told: {
      principalId: of.text('UserId'),
      createdAt: of.time('CreateDate'),
      tags: tagsOf(of),
      permissionsBoundaryArn: boundaryOf(of, reading),
      // Who has signed in can; who has not may be able to.
      ...(passwordLastUsed !== undefined && { hasPassword: true, lastUsedAt: passwordLastUsed }),
    },
    place: reading.document.placeOf(object),
  });
  return arn;
}

function readRole(object: JsonObject, reading: Reading, policies: Policies = {}): string | undefined {
  const arn = arnOf(object, 'a role', reading);
  if (arn === undefined) return undefined;
  const of = reading.members(object, `role \`${arn}\``);
  const lastUsed = of.object('RoleLastUsed');
  reading.findings.add({
    ...{ fact: 'principal', kind: 'role', arn, ...policies },
    told: {
      principalId: of.text('RoleId'),
      createdAt: of.time('CreateDate'),
      tags: tagsOf(of),
      permissionsBoundaryArn: boundaryOf(of, reading),
      trustPolicy: documentText(object.AssumeRolePolicyDocument, `the trust policy of \`${arn}\``, reading),
      lastUsedAt: lastUsed && reading.members(lastUsed, `role \`${arn}\``).time('LastUsedDate'),
    },
    place: reading.document.placeOf(object),
  });
  return arn;
}

function readGroup(object: JsonObject, reading: Reading, policies: Policies = {}): string | undefined {
  const arn = arnOf(object, 'a group', reading);
  if (arn === undefined) return undefined;
  const place = reading.document.placeOf(object);
  reading.findings.add({ fact: 'principal', kind: 'group', arn, told: {}, ...policies, place });
  return arn;
}

function readUserDetail(object: JsonObject, reading: Reading): string | undefined {
  const of = reading.members(object, 'a user');
  const groupNames = of.texts('GroupList') ?? [];
  return readUser(object, reading, { ...policiesOf(of, 'UserPolicyList', reading), groupNames });
}

function readRoleDetail(object: JsonObject, reading: Reading): string | undefined {
  return readRole(object, reading, policiesOf(reading.members(object, 'a role'), 'RolePolicyList', reading));
}

function readGroupDetail(object: JsonObject, reading: Reading): string | undefined {
  return readGroup(
    object,
    reading,
    policiesOf(reading.members(object, 'a group'), 'GroupPolicyList', reading),
  );
}

function policiesOf(of: Members, inlineMember: string, reading: Reading): Policies {
  const inline = (of.objects(inlineMember) ?? []).flatMap((policy) => {
    const name = reading.members(policy, 'an inline policy').text('PolicyName');
    const document = documentText(policy.PolicyDocument, `policy \`${name}\``, reading);
    if (name === undefined || document === undefined) {
      reading.gap('an inline policy has no name or no document: it is left out', policy);
      return [];
    }
    return [[name, document] as const];
  });
  const attachedPolicyArns = (of.objects('AttachedManagedPolicies') ?? []).flatMap((policy) => {
    const arn = reading.members(policy, 'an attached policy').text('PolicyArn');
    return arn === undefined ? [] : [arn];
  });
  return { inlinePolicies: Object.fromEntries(inline), attachedPolicyArns };
}

function readManagedPolicy(object: JsonObject, reading: Reading): string | undefined {
  const of = reading.members(object, 'a managed policy');
  const arn = of.text('Arn');
  if (arn === undefined) {
    reading.gap('a managed policy has no ARN: it is left out', object);
    return undefined;
  }
  const versions = of.objects('PolicyVersionList') ?? [];
  const current = versions.find((version) => version.IsDefaultVersion === true);
  const document = current && documentText(current.Document, `policy \`${arn}\``, reading);
  if (document === undefined) reading.gap(`policy \`${arn}\` has no default version here`, object);
  reading.findings.add({ fact: 'managedPolicy', arn, document, place: reading.document.placeOf(object) });
  // AWS's own are of no account.
  return isAccountId(parseArn(arn)?.accountId ?? '') ? arn : undefined;
}

/** The AWS CLI prints documents as JSON; the API sends them percent-encoded (iam-facts J26). */
function documentText(document: unknown, what: string, { gap }: Reading): string | undefined {
  if (document === undefined || document === null) return undefined;
  if (typeof document === 'object') return JSON.stringify(document);
  if (typeof document !== 'string') {
    gap(`${what} is no document`);
    return undefined;
  }
  if (!/^\s*%7B/i.test(document)) return document;
  try {
    return decodeURIComponent(document);
  } catch {
    gap(`${what} is not percent-encoded as it should be`);
    return undefined;
  }
}

function tagsOf(of: Members): Readonly<Record<string, string>> | undefined {
  const tags = of.objects('Tags');
  if (tags === undefined) return undefined;
  return Object.fromEntries(
    tags.flatMap(({ Key, Value }) =>
      typeof Key === 'string' && typeof Value === 'string' ? [[Key, Value] as const] : [],
    ),
  );
}

function boundaryOf(of: Members, reading: Reading): string | undefined {
  const boundary = of.object('PermissionsBoundary');
  return boundary && reading.members(boundary, 'a permissions boundary').text('PermissionsBoundaryArn');
}

/** `get-role-policy`, `get-user-policy` and `get-group-policy`. */
function readInlinePolicy(document: FileDocument, value: JsonObject, findings: Findings): void {
  const reading = readingOf(document, findings);
  const of = reading.members(value, 'this policy');
  const policyName = of.text('PolicyName');
  const text = documentText(value.PolicyDocument, 'this policy', reading);
  for (const [kind, member] of [
    ['role', 'RoleName'],
    ['user', 'UserName'],
    ['group', 'GroupName'],
  ] as const) {
    const name = of.text(member);
    if (name === undefined || policyName === undefined || text === undefined) continue;
    findings.add({
      ...{ fact: 'principal', kind, arn: ownArn(kind, name), isPart: true, told: {} },
      inlinePolicies: { [policyName]: text },
      place: document.placeOf(value),
    });
    return;
  }
  reading.gap('this policy names no role, user or group: it is left out', value);
}

function readOidcProvider(document: FileDocument, value: JsonObject, findings: Findings): void {
  const of = readingOf(document, findings).members(value, 'this OIDC provider');
  const url = of.text('Url')?.replace(/^https:\/\//, '');
  if (url === undefined) return;
  findings.add({
    ...{ fact: 'oidcProvider', arn: ownArn('oidc-provider', url), url },
    clientIds: of.texts('ClientIDList') ?? [],
    place: document.placeOf(value),
  });
}

/** `list-open-id-connect-providers`, which tells names alone. */
function readOidcProviderNames(document: FileDocument, value: JsonObject, findings: Findings): void {
  const reading = readingOf(document, findings);
  for (const object of reading.members(value, 'this answer').objects('OpenIDConnectProviderList') ?? []) {
    const arn = arnOf(object, 'an OIDC provider', reading);
    const url = arn === undefined ? undefined : /:oidc-provider\/(.+)$/.exec(arn)?.[1];
    if (arn === undefined || url === undefined) continue;
    findings.add({ fact: 'oidcProvider', arn, url, place: document.placeOf(object) });
  }
  findings.add({
    ...{ fact: 'complete', accountId: '', lists: ['oidcProviders'] },
    place: document.placeOf(value),
  });
}

/** `get-policy` and `list-policies`: which there are, without their documents. */
function readPolicyNames(document: FileDocument, value: JsonObject, findings: Findings): void {
  const reading = readingOf(document, findings);
  const of = reading.members(value, 'this answer');
  for (const object of of.objects('Policies') ?? [of.object('Policy') ?? {}]) {
    const arn = arnOf(object, 'a managed policy', reading);
    if (arn !== undefined) findings.add({ fact: 'managedPolicy', arn, place: document.placeOf(object) });
  }
}

/** `get-group`: the group, and who is in it. */
function readGroupWithUsers(document: FileDocument, value: JsonObject, findings: Findings): void {
  const reading = readingOf(document, findings);
  const of = reading.members(value, 'this answer');
  const group = of.object('Group');
  const arn = group && readGroup(group, reading);
  const name = group && reading.members(group, 'a group').text('GroupName');
  if (isCut(value)) reading.gap('this list is cut off: the rest of it may not be in the files', value);
  for (const user of of.objects('Users') ?? []) {
    readUser(user, reading, arn !== undefined && name !== undefined ? { groupNames: [name] } : {});
  }
}

/** `get-account-summary`: what it tells of the root. */
function readSummary(document: FileDocument, value: JsonObject, findings: Findings): void {
  const { AccountAccessKeysPresent: keys, AccountMFAEnabled: mfa } = asObject(value.SummaryMap) ?? {};
  if (typeof keys !== 'number' || typeof mfa !== 'number') return;
  const root = { accessKeys: keys, mfa: mfa > 0 };
  findings.add({ fact: 'root', accountId: '', root, place: document.placeOf(value) });
}

/** An ARN of the account of the files. */
export function ownArn(kind: string, name: string): string {
  return `arn:${unknownPartition}:iam::${unknownAccount}:${kind}/${name}`;
}
