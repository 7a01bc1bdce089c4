import { describe, expect, test } from 'vitest';
import type { Call } from '../audit/calls.ts';
import type { Principal } from '../engine/iam/principal.ts';
import { AccountError } from '../services/accounts/accounts.ts';
import type { HttpResponse } from '../wire/protocols/http.ts';
import { signRequest } from '../wire/sigv4/sign.ts';
import { createExtension } from './extension.ts';

const now = Date.parse('2026-01-15T12:00:00Z');
const accountId = '111122223333';
const keys = { accessKeyId: 'AKIAQQQQQQQQQQQQQQQQ', secretAccessKey: 'x'.repeat(40) };
const rootOf = (account: string): Principal => ({
  kind: 'root',
  accountId: account,
  partition: 'aws',
  arn: `arn:aws:iam::${account}:root`,
  principalArn: `arn:aws:iam::${account}:root`,
  userId: account,
  principalId: account,
  accessKeyId: keys.accessKeyId,
});

interface Wish {
  readonly principal?: Principal;
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly service?: string;
  readonly tamper?: boolean;
  readonly taken?: boolean;
  readonly isBlocked?: boolean;
}

async function ask(wish: Wish = {}): Promise<{
  readonly response: HttpResponse;
  readonly made: (string | undefined)[];
  /** Code of every call that was recorded; those of changes in the change's own batch. */
  readonly recorded: Call[];
}> {
  const {
    principal = rootOf(accountId),
    method = 'POST',
    path = '/entryway/v1/accounts',
    body = '{}',
  } = wish;
  const made: (string | undefined)[] = [];
  const recorded: Call[] = [];
  const extension = createExtension({
    lookup: async () => ({
      status: 'known',
      credential: { secretAccessKey: keys.secretAccessKey, principal },
    }),
    isBlocked: () => wish.isBlocked ?? false,
    now: () => now,
    region: 'us-east-1',
    accountId,
    createAccount: async ({ accountId: id, along }) => {
      if (wish.taken) throw new AccountError('accountExists', id ?? '', 'account is taken');
      made.push(id);
      const account = { accountId: id ?? 'new', accessKeyId: 'a', secretAccessKey: 'b' };
      along?.(account);
      return account;
    },
    recorder: {
      recordOf(call) {
        recorded.push(call);
        return [];
      },
      record: (call) => void recorded.push(call),
    },
    newRequestId: () => 'request',
    trail: {
      async read() {
        made.push('read');
        return { items: [] };
      },
      async follow() {
        made.push('followed');
        return { refused: 429, message: 'busy' };
      },
      async settle() {
        made.push('settled');
        return { until: 1 };
      },
    },
  });
  const headers = signRequest(
    { method, host: 'x', path, query: '', headers: {}, body: Buffer.from(body) },
    { credentials: keys, region: 'us-east-1', service: wish.service ?? 'entryway', now },
  );
  const sent = Buffer.from(wish.tamper ? `${body} ` : body);
  return {
    response: await extension(
      { method, path, query: '', headers: Object.entries(headers), body: sent },
      { address: '192.0.2.1', secure: false },
    ),
    made,
    recorded,
  };
}

const user: Principal = {
  ...rootOf(accountId),
  kind: 'user',
  userName: 'eve',
  arn: `arn:aws:iam::${accountId}:user/eve`,
};

describe('the trail is not shown to', () => {
  const wishes: readonly (readonly [string, Wish, number])[] = [
    ['the root of another account', { principal: rootOf('999999999999') }, 403],
    ['a user of the first account', { principal: user }, 403],
    ['a signature for another service', { service: 'cloudtrail' }, 403],
    ['a changed body', { tamper: true }, 403],
    ['another method', { method: 'GET' }, 404],
  ];
  for (const path of ['read', 'follow', 'settle'].map((name) => `/entryway/v1/trail/${name}`)) {
    test.each(wishes)(`${path}: %s`, async (_, wish, status) => {
      const { response, made } = await ask({ ...wish, path });
      expect({ status: response.status, made }).toEqual({ status, made: [] });
    });
  }
});

test.each(['trail/read', 'accounts'])('%s is not answered to a session that is blocked', async (name) => {
  const { response, made, recorded } = await ask({ path: `/entryway/v1/${name}`, isBlocked: true });
  expect({ status: response.status, made }).toEqual({ status: 403, made: [] });
  expect(String(response.body)).toContain('is blocked on this server');
  expect(recorded).toMatchObject([{ code: 'AccessDenied' }]);
});

test('the trail answers the first account’s root, refusals included', async () => {
  const read = await ask({ path: '/entryway/v1/trail/read' });
  expect([read.response.status, String(read.response.body)]).toEqual([200, '{"items":[]}\n']);
  const followed = await ask({ path: '/entryway/v1/trail/follow' });
  expect([followed.response.status, String(followed.response.body)]).toEqual([429, '{"message":"busy"}\n']);
});

describe('an account is not made for', () => {
  test.each<readonly [string, Wish, number]>([
    ['the root of another account', { principal: rootOf('999999999999') }, 403],
    ['a user', { principal: user }, 403],
    ['a signature for another service', { service: 'iam' }, 403],
    ['a changed body', { tamper: true }, 403],
    ['another method', { method: 'PUT' }, 404],
    ['another path', { path: '/entryway/v1/accounts/x' }, 404],
    ['what every object has', { path: '/entryway/v1/constructor' }, 404],
    ['no JSON', { body: 'x' }, 400],
    ['nothing', { body: '' }, 400],
    ['null', { body: 'null' }, 400],
    ['a list', { body: '[]' }, 400],
    ['a number', { body: '{"accountId":111122223333}' }, 400],
    ['an id that is none', { body: '{"accountId":"1111"}' }, 400],
    ['null as an id', { body: '{"accountId":null}' }, 400],
    ['an id that is taken', { body: '{"accountId":"444455556666"}', taken: true }, 409],
  ])('%s', async (_, wish, status) => {
    const { response, made } = await ask(wish);
    expect({ status: response.status, made }).toEqual({ status, made: [] });
    expect(JSON.parse(String(response.body))).toEqual({ message: expect.any(String) });
  });
});

test('an account is made for the first account’s root, with an id of its choice or a new one', async () => {
  expect((await ask({ body: '{"accountId":"444455556666"}' })).made).toEqual(['444455556666']);
  const { response, made } = await ask();
  expect(made).toEqual([undefined]);
  expect(response.status).toBe(200);
});

test.each<readonly [string, Wish, string]>([
  ['made', {}, 'OK'],
  ['refused because it is taken', { taken: true }, 'AccountExists'],
  ['refused to a user', { principal: user }, 'AccessDenied'],
  ['refused for its signature', { tamper: true }, 'AccessDenied'],
])('an account that is %s is recorded', async (_, wish, code) => {
  const { recorded } = await ask(wish);
  expect(recorded).toMatchObject([
    {
      service: 'entryway',
      operation: 'CreateAccount',
      code,
      accessKeyId: keys.accessKeyId,
      source: { sourceIp: '192.0.2.1' },
    },
  ]);
});
