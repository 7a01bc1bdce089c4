import { asObject, type JsonObject } from '../../../access/json.ts';
import type { ToldPrincipal } from '../facts.ts';
import { type AnswerReader, isCut } from './eks.ts';
import { ownArn, type Reading, readingOf } from './iam.ts';

/** How users sign in, by the member that gives an answer away (iam-facts J). No answer's secret is looked at. */
export const credentialAnswers: ReadonlyMap<string, AnswerReader> = new Map<string, AnswerReader>([
  ['VirtualMFADevices', readVirtualDevices],
  ['MFADevices', readDevices],
  ['AccessKeyMetadata', readAccessKeys],
  ['AccessKeyLastUsed', readLastUse],
  ['LoginProfile', readLoginProfile],
]);

function tellOf(name: string, told: ToldPrincipal, part: object, { findings, document }: Reading): void {
  findings.add({
    ...{ fact: 'principal', kind: 'user', arn: ownArn('user', name), isPart: true },
    ...{ told, place: document.placeOf(part) },
  });
}

/** Virtual devices of all users; hardware ones are in no list of the account. */
function readVirtualDevices(...[document, value, findings]: Parameters<AnswerReader>): void {
  const reading = readingOf(document, findings);
  const counts = new Map<string, number>();
  for (const device of reading.members(value, 'this answer').objects('VirtualMFADevices') ?? []) {
    const user = asObject(device.User);
    const arn = user && reading.members(user, 'the user of an MFA device').text('Arn');
    if (arn?.includes(':user/') === true) counts.set(arn, (counts.get(arn) ?? 0) + 1);
  }
  const place = document.placeOf(value);
  for (const [arn, mfaDevices] of counts) {
    findings.add({ fact: 'principal', kind: 'user', arn, isPart: true, told: { mfaDevices }, place });
  }
}

/** `list-mfa-devices` of one user. */
function readDevices(...[document, value, findings]: Parameters<AnswerReader>): void {
  const reading = readingOf(document, findings);
  const names = elementsOf('MFADevices', value, reading).flatMap((device) => {
    const name = reading.members(device, 'an MFA device').text('UserName');
    if (name === undefined) reading.gap('an MFA device names no user: it is left out', device);
    return name ?? [];
  });
  for (const [name, devices] of Map.groupBy(names, (one) => one)) {
    tellOf(name, { mfaDevices: devices.length }, value, reading);
  }
}

/** The elements of one user's list. Only they say whose it is: an empty one tells of nobody that there are none. */
function elementsOf(member: string, value: JsonObject, reading: Reading): readonly JsonObject[] {
  const elements = reading.members(value, 'this answer').objects(member);
  if (Array.isArray(value[member]) && value[member].length === 0) {
    reading.gap(
      'this list is empty and does not say whose it is; `aws iam get-credential-report` tells who has none',
      value,
    );
  }
  if (isCut(value)) reading.gap('this list is cut off: the rest of it may not be in the files', value);
  return elements ?? [];
}

function readAccessKeys(...[document, value, findings]: Parameters<AnswerReader>): void {
  const reading = readingOf(document, findings);
  const keys = elementsOf('AccessKeyMetadata', value, reading).flatMap((object) => {
    const of = reading.members(object, 'an access key');
    const [name, accessKeyId] = [of.text('UserName'), of.text('AccessKeyId')];
    const status = of.text('Status');
    const createdAt = of.time('CreateDate');
    if (name === undefined || accessKeyId === undefined || (status !== 'Active' && status !== 'Inactive')) {
      reading.gap('an access key has no user, id or status that can be read: it is left out', object);
      return [];
    }
    return [{ name, key: { accessKeyId, status, ...(createdAt !== undefined && { createdAt }) } as const }];
  });
  for (const [name, list] of Map.groupBy(keys, (one) => one.name)) {
    tellOf(name, { accessKeys: list.map(({ key }) => key) }, value, reading);
  }
}

/** `get-access-key-last-used`: names the user and not the key. */
function readLastUse(...[document, value, findings]: Parameters<AnswerReader>): void {
  const reading = readingOf(document, findings);
  const name = reading.members(value, 'this answer').text('UserName');
  const use = asObject(value.AccessKeyLastUsed);
  const lastUsedAt = use && reading.members(use, 'this use').time('LastUsedDate');
  if (name === undefined) reading.gap('this use of an access key names no user: it is left out', value);
  else if (lastUsedAt !== undefined) tellOf(name, { lastUsedAt }, value, reading);
}

function readLoginProfile(...[document, value, findings]: Parameters<AnswerReader>): void {
  const reading = readingOf(document, findings);
  const profile = asObject(value.LoginProfile);
  const name = profile && reading.members(profile, 'this login profile').text('UserName');
  if (profile === undefined || name === undefined) {
    reading.gap('this login profile names no user: it is left out', value);
  } else tellOf(name, { hasPassword: true }, profile, reading);
}
