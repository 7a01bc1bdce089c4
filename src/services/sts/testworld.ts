import type { AssumeRoleRequest, AssumeRoleResponse } from '@aws-sdk/client-sts';
import type { Judged, WebIdentity } from '../../audit/calls.ts';
import type { Principal } from '../../engine/iam/principal.ts';
import type { MfaDeviceRecord } from '../../storage/records/iam.ts';
import { accountKey, mfaDeviceKey } from '../../storage/records/keys.ts';
import {
  asSession,
  asUser,
  createWorld,
  document,
  own,
  roleRecord,
  trust,
  userRecord,
} from '../authorization/testworld.ts';
import { nobodyIsBlocked } from '../blocked.ts';
import { createCredentialLookup } from '../credentials/lookup.ts';
import { createGuessLimiter } from '../iam/mfa/guesses.ts';
import { codeAt, stepAt } from '../iam/mfa/totp.ts';
import { verifyMfaCode } from '../iam/mfa/verify.ts';
import type { OperationContext } from '../operation.ts';
import { createSecretBox } from '../secretbox.ts';
import { testContext } from '../testworld.ts';
import type { StsDependencies } from './dependencies.ts';
import { createStsOperations } from './operations.ts';

/** For tests: STS over a store with a user, a role that user and role may assume, and the user's MFA device. */

export const now = Date.parse('2026-11-21T03:00:00.500Z');
export const issuedAt = Math.floor(now / 1000) * 1000;

export const ada = userRecord('ada');
export const dev = roleRecord('dev', { inlinePolicies: { assume: document({ Action: 'sts:*' }) } });
const trusted = { [asUser(ada).arn]: ada.principalId, [asSession(dev).principalArn]: dev.principalId };
const trustedArns = Object.keys(trusted);

/** Trusts ada and dev for everything that AssumeRole asks; three tags and a path. */
export const target = roleRecord('target', {
  path: '/team/',
  maxSessionDuration: 7200,
  trustPolicy: trustFor(trustedArns, ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']),
  trustedPrincipalIds: trusted,
});
export const targetArn = `arn:aws:iam::${own}:role/team/target`;

/** Trusts the same two for AssumeRole alone. */
export const plain = roleRecord('plain', {
  trustPolicy: trust(...trustedArns),
  trustedPrincipalIds: trusted,
});
export const plainArn = `arn:aws:iam::${own}:role/plain`;

export function trustFor(
  AWS: readonly string[],
  Action: readonly string[],
  Condition: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS }, Action, Condition }],
  });
}

const seed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
export const serialNumber = `arn:aws:iam::${own}:mfa/ada`;
/** What the device shows so many steps of 30 seconds from now. */
export const codeIn = (steps: number): string => codeAt(seed, stepAt(now) + steps);

const random = {
  bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
  uuid: () => crypto.randomUUID(),
};

export async function createSts(change: Partial<StsDependencies> = {}) {
  const world = createWorld();
  const { storage, authorizer } = world;
  const secretBox = createSecretBox(new Uint8Array(32).fill(1));
  await world.putUser(ada);
  for (const role of [dev, target, plain]) await world.putRole(role);
  const device: MfaDeviceRecord = {
    accountId: own,
    serialNumber,
    createdAt: 0,
    tags: [],
    sealedSeed: secretBox.seal(seed, serialNumber),
    assignedTo: { kind: 'user', userName: ada.name, principalId: ada.principalId },
    enabledAt: 0,
  };
  const put = (key: string, record: object) =>
    storage.commit({ changes: [{ type: 'put', key, value: JSON.stringify(record) }] });
  await put(mfaDeviceKey(own, 'ada'), device);
  await put(accountKey(own), { accountId: own, createdAt: 0, accessKeyIds: [] });

  const guesses = createGuessLimiter({ now: () => now });
  const operations = createStsOperations({
    storage,
    authorizer,
    secretBox,
    random,
    partition: 'aws',
    verifyMfa: (...call) => verifyMfaCode({ storage, secretBox, partition: 'aws', guesses }, ...call),
    issuerKeys: { keysOf: async () => ({ outcome: 'notAsked' }) },
    isBlocked: nobodyIsBlocked,
    ...change,
  });
  const lookup = createCredentialLookup({ storage, secretBox, partition: 'aws' });

  /** What the record of the calls was told, in order. */
  const judged: Judged[] = [];
  const vouched: WebIdentity[] = [];
  /** As the gateway does it, without signature and wire. */
  const call = async <Output>(
    name: string,
    caller: Principal | undefined,
    input: object = {},
    at = now,
  ): Promise<Output> => {
    const operation = operations[name];
    if (operation === undefined) throw new Error(`no operation ${name}`);
    const base = {
      ...{ ...testContext(storage), now: at },
      judged: (told: Judged) => void judged.push(told),
      vouched: (told: WebIdentity) => void vouched.push(told),
    };
    if (operation.unsigned) return (await operation.handle(input, base)) as Output;
    if (caller === undefined) throw new Error(`${name} needs a caller`);
    const context: OperationContext = { ...base, caller };
    const wanted = await operation.authorization(input, context);
    if (wanted !== undefined) {
      const { decision, refusal } = await authorizer.authorize(caller, wanted, context);
      if (decision !== 'allowed') throw Object.assign(new Error(refusal?.message), { code: refusal?.code });
    }
    return (await operation.handle(input, context)) as Output;
  };
  const assume = (caller: Principal, input: Partial<AssumeRoleRequest> = {}) =>
    call<AssumeRoleResponse>('AssumeRole', caller, {
      RoleArn: targetArn,
      RoleSessionName: 'ada-1',
      ...input,
    });
  /** Whose the credentials of an answer are: the principal that the next call would see. */
  const principalOf = async (
    { Credentials }: Pick<AssumeRoleResponse, 'Credentials'>,
    at = now,
  ): Promise<Principal> => {
    const found = await lookup(Credentials?.AccessKeyId ?? '', Credentials?.SessionToken, at);
    if (found.status !== 'known') throw new Error(`the credentials are ${found.status}`);
    return found.credential.principal;
  };
  return { ...world, put, call, assume, lookup, principalOf, judged, vouched };
}
