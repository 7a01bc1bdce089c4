import { expect, test } from 'vitest';
import type { Principal } from '../../engine/iam/principal.ts';
import {
  asFederated,
  asRoot,
  asSession,
  asUser,
  createWorld,
  document,
  own,
  roleRecord,
  userRecord,
  withSessionToken,
} from './testworld.ts';

const all = { inlinePolicies: { all: document({}) } };
const ada = userRecord('ada', all);
const dev = roleRecord('dev', all);
const wide = { policies: { inline: document({}), arns: [] } };
const mfa = { mfaAuthenticatedAt: 0 };

const callers = {
  'root key': asRoot,
  'root session': withSessionToken(asRoot),
  'root MFA session': withSessionToken(asRoot, mfa),
  'user key': asUser(ada),
  'user session': withSessionToken(asUser(ada)),
  'user MFA session': withSessionToken(asUser(ada), mfa),
  'role session': asSession(dev),
  'federated user': asFederated(ada, { ...wide, ...mfa }),
} satisfies Record<string, Principal>;

/** Everybody here has every permission: what is refused is refused to the kind of credential (iam-facts I2, I12). */
const allowed: Readonly<Record<string, readonly (keyof typeof callers)[]>> = {
  'eks:ListClusters': Object.keys(callers) as (keyof typeof callers)[],
  'iam:PassRole': Object.keys(callers) as (keyof typeof callers)[],
  'iam:ListUsers': ['root key', 'root MFA session', 'user key', 'user MFA session', 'role session'],
  'sts:AssumeRole': [
    'root key',
    'root session',
    'root MFA session',
    'user key',
    'user session',
    'user MFA session',
    'role session',
  ],
  'sts:GetCallerIdentity': Object.keys(callers) as (keyof typeof callers)[],
  'sts:DecodeAuthorizationMessage': ['root key', 'user key', 'role session'],
  'sts:GetAccessKeyInfo': ['root key', 'user key', 'role session'],
  'sts:GetFederationToken': ['root key', 'user key'],
  'sts:GetSessionToken': ['root key', 'user key'],
};

test.each(Object.entries(allowed))('%s', async (action, expected) => {
  const world = createWorld();
  await world.putUser(ada);
  await world.putRole(dev);
  const passed: string[] = [];
  for (const [name, caller] of Object.entries(callers)) {
    const { decision, refusal } = await world.ask(caller, action, ['*']);
    if (decision === 'allowed') passed.push(name);
    else expect(refusal).toMatchObject(textOf(caller, action));
  }
  expect(passed).toEqual(expected);
});

function textOf(caller: Principal, action: string) {
  if (action.startsWith('iam:')) {
    return {
      code: 'InvalidClientTokenId',
      message: 'The security token included in the request is invalid.',
    };
  }
  const message = /Token$/.test(action)
    ? `Cannot call ${action.slice(4)} with session credentials`
    : `User: ${caller.arn} is not authorized to perform: ${action} on resource: *`;
  return { code: 'AccessDenied', message };
}

test('an action of STS that nobody thought of is refused to limited credentials', async () => {
  const world = createWorld();
  await world.putUser(ada);
  const { decision } = await world.ask(callers['user session'], 'sts:AssumeRoot', [
    `arn:aws:iam::${own}:root`,
  ]);
  expect(decision).toBe('implicitDeny');
});
