import { createHash } from 'node:crypto';
import type { Principal } from '../../engine/iam/principal.ts';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { accountKey } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import { createPageTokens } from '../../wire/protocols/pagetoken.ts';
import type { AuthorizationTarget, Operation, OperationContext, Operations } from '../operation.ts';
import type { RandomSource, SecretBox } from '../secrets.ts';
import { testContext } from '../testworld.ts';
import type { IamDependencies } from './dependencies.ts';
import { createGuessLimiter } from './mfa/guesses.ts';
import { createIamOperations } from './operations.ts';

/** Test support: one account on memory storage, with everything that is random or timed fixed. */

export const account = '111122223333';
export const start = Date.parse('2026-11-21T03:00:00Z');

export const root: Principal = {
  kind: 'root',
  accountId: account,
  partition: 'aws',
  arn: `arn:aws:iam::${account}:root`,
  userId: account,
  principalId: account,
  principalArn: `arn:aws:iam::${account}:root`,
  accessKeyId: 'AKIAROOTEXAMPLEROOT2',
};

export function userPrincipal(userName: string, principalId: string): Principal {
  const arn = `arn:aws:iam::${account}:user/${userName}`;
  return { ...root, kind: 'user', arn, userName, userId: principalId, principalId, principalArn: arn };
}

export const session: Principal = {
  ...root,
  kind: 'assumedRole',
  arn: `arn:aws:sts::${account}:assumed-role/ops/ada`,
  userId: 'AROAEXAMPLEEXAMPLE222:ada',
  principalId: 'AROAEXAMPLEEXAMPLE222',
  principalArn: `arn:aws:iam::${account}:role/ops`,
  roleName: 'ops',
  sessionName: 'ada',
};

/** Bytes that are different each time and the same in every run. */
function fixedRandom(): RandomSource {
  let count = 0;
  const next = (): Buffer => createHash('sha512').update(`seed ${count++}`).digest();
  return {
    bytes: (length) => next().subarray(0, length),
    uuid: () => `00000000-0000-4000-8000-${String(count++).padStart(12, '0')}`,
  };
}

/** Sealed enough that a stored value does not contain its secret. */
export const testBox: SecretBox = {
  seal: (plaintext, context) => Buffer.from(`${context} ${plaintext}`).toString('hex'),
  open: (sealed, context) => {
    const text = Buffer.from(sealed, 'hex').toString();
    return text.startsWith(`${context} `) ? text.slice(context.length + 1) : undefined;
  },
};

export interface World {
  readonly storage: Storage;
  /** Runs an operation as the account root unless another caller is given. */
  call<Output = Record<string, unknown>>(name: string, input: object, caller?: Principal): Promise<Output>;
  target(name: string, input: object, caller?: Principal): Promise<AuthorizationTarget | undefined>;
  /** Creates a user and returns who that is as a caller. */
  user(name: string, path?: string): Promise<Principal>;
  role(name: string, trustPolicy?: string): Promise<string>;
}

export async function createWorld(
  overrides: Partial<Omit<IamDependencies, 'storage'>> & {
    readonly storage?: Storage;
    readonly now?: () => number;
  } = {},
): Promise<World> {
  const { storage = createMemoryStorage(), now = () => start } = overrides;
  await storage.commit({
    changes: [
      {
        type: 'put',
        key: accountKey(account),
        value: JSON.stringify({ accountId: account, createdAt: start, accessKeyIds: [] }),
      },
    ],
  });
  const operations: Operations = createIamOperations({
    storage,
    secretBox: testBox,
    random: fixedRandom(),
    pageTokens: createPageTokens(Buffer.alloc(32, 7)),
    mfaGuesses: createGuessLimiter({ now }),
    partition: 'aws',
    ...overrides,
  });
  const contextOf = (caller: Principal): OperationContext => ({
    ...testContext(storage),
    caller,
    now: now(),
  });
  const operation = (name: string): Operation => {
    const found = operations[name];
    if (found === undefined || found.unsigned) throw new Error(`no operation ${name}`);
    return found;
  };
  const world: World = {
    storage,
    call: async <Output>(name: string, input: object, caller: Principal = root) =>
      (await operation(name).handle(input, contextOf(caller))) as Output,
    target: async (name, input, caller = root) => operation(name).authorization(input, contextOf(caller)),
    user: async (name, path = '/') => {
      const { User } = await world.call<{ User: { UserId: string } }>('CreateUser', {
        UserName: name,
        Path: path,
      });
      return userPrincipal(name, User.UserId);
    },
    role: async (name, trustPolicy = trustOf({ AWS: '*' })) => {
      const { Role } = await world.call<{ Role: { RoleId: string } }>('CreateRole', {
        RoleName: name,
        AssumeRolePolicyDocument: trustPolicy,
      });
      return Role.RoleId;
    },
  };
  return world;
}

export function trustOf(principal: object): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole' }],
  });
}

export const allowAll = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }],
});

/** An identity policy of so many characters that count. */
export function documentOfSize(size: number): string {
  const of = (Sid: string): object => ({
    Version: '2012-10-17',
    Statement: [{ Sid, Effect: 'Allow', Action: 's3:*', Resource: '*' }],
  });
  return JSON.stringify(of('a'.repeat(size - JSON.stringify(of('')).length)), undefined, 4);
}

/** Every value of the store, as one text. */
export async function storedText(storage: Storage): Promise<string> {
  const { entries } = await storage.list({ prefix: '' });
  return entries.map(({ key, value }) => `${key}=${value}`).join('\n');
}
