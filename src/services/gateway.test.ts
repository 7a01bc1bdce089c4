import { describe, expect, test } from 'vitest';
import type { Call } from '../audit/calls.ts';
import type { Principal } from '../engine/iam/principal.ts';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import type { Storage } from '../storage/storage.ts';
import { encodeRequest } from '../wire/protocols/client.ts';
import { AwsError } from '../wire/protocols/errors.ts';
import type { HttpRequest, HttpResponse } from '../wire/protocols/http.ts';
import type { ServiceName } from '../wire/protocols/services.ts';
import type { CredentialLookupResult } from '../wire/sigv4/credential.ts';
import { signRequest } from '../wire/sigv4/sign.ts';
import { type IsBlocked, nobodyIsBlocked } from './blocked.ts';
import { createGateway, type Gateway, requireAllowed } from './gateway.ts';
import { atomically } from './iam/records.ts';
import type { Operation, OperationContext } from './operation.ts';

const now = Date.parse('2026-01-15T12:00:00Z');
const keys = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const caller: Principal = {
  kind: 'user',
  accountId: '111122223333',
  partition: 'aws',
  arn: 'arn:aws:iam::111122223333:user/alice',
  userId: 'AIDAEXAMPLEEXAMPLEEXA',
  principalId: 'AIDAEXAMPLEEXAMPLEEXA',
  principalArn: 'arn:aws:iam::111122223333:user/alice',
  accessKeyId: keys.accessKeyId,
  userName: 'alice',
};

interface World {
  /** Answers as to a client on this machine. */
  readonly gateway: { answer(request: HttpRequest): ReturnType<Gateway['answer']> };
  readonly tooLarge: (request: HttpRequest) => HttpResponse;
  readonly storage: Storage;
  /** Calls that were recorded apart from any write. */
  readonly recorded: Call[];
  readonly outcomes: Call[];
  /** Operations whose handler ran. */
  readonly handled: string[];
}

function createWorld(
  options: {
    readonly allowed?: boolean;
    readonly lookup?: CredentialLookupResult;
    readonly handle?: (context: OperationContext) => Promise<unknown>;
    readonly needsPermission?: boolean;
    readonly isBlocked?: IsBlocked;
  } = {},
): World {
  const handled: string[] = [];
  const outcomes: Call[] = [];
  const recorded: Call[] = [];
  const storage = createMemoryStorage();
  const operation = (name: string): Operation => ({
    authorization: () =>
      options.needsPermission === false
        ? undefined
        : { action: `eks:${name}`, resources: ['arn:aws:eks:::cluster/c'] },
    handle: async (_input, context) => {
      handled.push(name);
      return options.handle === undefined ? {} : options.handle(context);
    },
  });
  const gateway = createGateway({
    operations: {
      eks: { DescribeCluster: operation('DescribeCluster'), ListClusters: operation('ListClusters') },
      iam: { ListUsers: operation('ListUsers') },
    },
    unserved: {
      eks: { DeleteCluster: () => ({ action: 'eks:DeleteCluster', resources: ['*'] }) },
    },
    storage,
    recorder: {
      recordOf: (call) => [
        { type: 'put', key: `record/${call.requestId}`, value: JSON.stringify(call.output) },
      ],
      record: (call) => recorded.push(call),
    },
    lookup: async (accessKeyId) =>
      options.lookup ??
      (accessKeyId === keys.accessKeyId
        ? { status: 'known', credential: { secretAccessKey: keys.secretAccessKey, principal: caller } }
        : { status: 'unknown' }),
    authorizer: {
      authorize: async () =>
        options.allowed === false
          ? {
              decision: 'implicitDeny',
              step: 'identity',
              statements: [],
              misses: [],
              refusal: { code: 'AccessDenied', message: 'User: alice is not authorized' },
            }
          : { decision: 'allowed', step: 'identity', statements: [], misses: [] },
    },
    isBlocked: options.isBlocked ?? nobodyIsBlocked,
    partition: 'aws',
    regions: ['us-east-1'],
    now: () => now,
    newRequestId: () => 'request-1',
    observe: (outcome) => outcomes.push(outcome),
  });
  const peer = { address: '192.0.2.7', secure: false };
  return {
    gateway: { answer: (request) => gateway.answer(request, peer) },
    tooLarge: (request) => gateway.tooLarge(request, peer),
    storage,
    recorded,
    outcomes,
    handled,
  };
}

function signed(
  service: ServiceName,
  operation: string,
  input: object,
  overrides: { readonly region?: string; readonly at?: number } = {},
): HttpRequest {
  const encoded = encodeRequest(service, operation, input);
  const headers = signRequest(
    { host: 'localhost:4700', ...encoded },
    { credentials: keys, region: overrides.region ?? 'us-east-1', service, now: overrides.at ?? now },
  );
  return { ...encoded, headers: Object.entries(headers) };
}

function codeOf(response: HttpResponse): string {
  return (
    response.headers['x-amzn-ErrorType'] ?? response.headers['x-amzn-errortype'] ?? String(response.body)
  );
}

describe('no handler runs without a verified signature', () => {
  const request = signed('eks', 'DescribeCluster', { name: 'c' });
  const without = (name: string): HttpRequest => ({
    ...request,
    headers: request.headers.filter(([header]) => header !== name),
  });

  test.each<[string, HttpRequest, CredentialLookupResult | undefined, string]>([
    ['without credentials', without('authorization'), undefined, 'MissingAuthenticationTokenException'],
    ['with a changed path', { ...request, path: '/clusters/d' }, undefined, 'InvalidSignatureException'],
    ['with a key nobody has', request, { status: 'unknown' }, 'UnrecognizedClientException'],
    ['with an inactive key', request, { status: 'inactive' }, 'UnrecognizedClientException'],
    ['of a deleted principal', request, { status: 'principalGone' }, 'UnrecognizedClientException'],
    [
      'for another region',
      signed('eks', 'DescribeCluster', { name: 'c' }, { region: 'eu-west-1' }),
      undefined,
      'InvalidSignatureException',
    ],
    [
      'six minutes old',
      signed('eks', 'DescribeCluster', { name: 'c' }, { at: now - 6 * 60_000 }),
      undefined,
      'InvalidSignatureException',
    ],
  ])('%s', async (_, sent, lookup, code) => {
    const { gateway, outcomes, handled } = createWorld(lookup === undefined ? {} : { lookup });
    const response = await gateway.answer(sent);
    expect(response.status).toBe(403);
    expect(codeOf(response)).toContain(code);
    expect(handled).toEqual([]);
    expect(outcomes).toMatchObject([{ code, caller: undefined }]);
  });
});

test('no handler runs without an allow, and the denial carries the text of AWS', async () => {
  const { gateway, handled, outcomes } = createWorld({ allowed: false });
  const response = await gateway.answer(signed('eks', 'DescribeCluster', { name: 'c' }));
  expect(response.status).toBe(403);
  expect(JSON.parse(String(response.body))).toMatchObject({ message: 'User: alice is not authorized' });
  expect(handled).toEqual([]);
  expect(outcomes).toMatchObject([{ code: 'AccessDeniedException', caller }]);
});

describe('who is blocked', () => {
  test.each([
    ['eks', 'DescribeCluster', { name: 'c' }, 'AccessDeniedException'],
    ['eks', 'CreateCluster', {}, 'AccessDeniedException'],
    ['iam', 'ListUsers', {}, 'AccessDenied'],
  ] as const)(
    'may not call %s %s, whatever is allowed and however it is written',
    async (service, name, input, code) => {
      const { gateway, handled, outcomes } = createWorld({ isBlocked: () => true });
      const response = await gateway.answer(signed(service, name, input));
      expect(response.status).toBe(403);
      expect(String(response.body)).toContain(`${caller.arn} is blocked on this server`);
      expect(handled).toEqual([]);
      expect(outcomes).toMatchObject([{ code, caller }]);
    },
  );

  test('is not told so before the signature is known to be theirs', async () => {
    const { gateway } = createWorld({ isBlocked: () => true });
    const request = { ...signed('eks', 'DescribeCluster', { name: 'c' }), path: '/clusters/d' };
    expect(codeOf(await gateway.answer(request))).toContain('InvalidSignatureException');
  });

  test('while the call was under way writes nothing any more', async () => {
    let isBlocked = false;
    const { gateway, storage } = createWorld({
      isBlocked: () => isBlocked,
      async handle(context) {
        isBlocked = true;
        await storage.commit({ changes: [{ type: 'put', key: 'block', value: '{}' }] });
        return context.commit({ changes: [{ type: 'put', key: 'mine', value: 'x' }] }, {});
      },
    });
    const response = await gateway.answer(signed('eks', 'DescribeCluster', { name: 'c' }));
    expect(response.status).toBe(403);
    expect(await storage.get('mine')).toBeUndefined();
  });

  test('while the call was under way is told nothing and handed nothing out, but what they have written', async () => {
    for (const writes of [false, true]) {
      let isBlocked = false;
      const output = { cluster: { name: 'c' } };
      const { gateway, recorded } = createWorld({
        isBlocked: () => isBlocked,
        async handle(context) {
          if (writes) await context.commit({ changes: [{ type: 'put', key: 'mine', value: 'x' }] }, output);
          isBlocked = true;
          return output;
        },
      });
      const { status } = await gateway.answer(signed('eks', 'DescribeCluster', { name: 'c' }));
      expect(status).toBe(writes ? 200 : 403);
      expect(recorded.map(({ code }) => code)).toEqual(writes ? [] : ['AccessDeniedException']);
    }
  });
});

test('permission is asked again when a write lost a race: it may hang on what the other one changed', async () => {
  const mine = { type: 'put', key: 'owner', value: 'alice' } as const;
  const theirs = { type: 'put', key: 'owner', value: 'bob' } as const;
  let owner = 'alice';
  const { gateway, storage, handled, outcomes } = createWorld({
    get allowed() {
      return owner === 'alice';
    },
    handle: (context) =>
      atomically(async () => {
        const revision = (await storage.get('owner'))?.revision ?? 0;
        if (owner === 'alice') {
          await storage.commit({ changes: [theirs] });
          owner = 'bob';
        }
        return context.commit({ expect: [{ key: 'owner', revision }], changes: [mine] }, {});
      }),
  });
  const response = await gateway.answer(signed('eks', 'DescribeCluster', { name: 'c' }));
  expect(codeOf(response)).toBe('AccessDeniedException');
  expect(await storage.get('owner')).toMatchObject({ value: 'bob' });
  expect([handled, outcomes.length]).toEqual([['DescribeCluster'], 1]);
});

test('permission is asked again when something changed between it and what the operation reads', async () => {
  let owner = 'alice';
  const { gateway, storage } = createWorld({
    get allowed() {
      return owner === 'alice';
    },
    async handle(context) {
      await storage.commit({ changes: [{ type: 'put', key: 'owner', value: 'bob' }] });
      owner = 'bob';
      const revision = (await storage.get('owner'))?.revision ?? 0;
      const change = { type: 'put', key: 'owner', value: 'alice' } as const;
      return context.commit({ expect: [{ key: 'owner', revision }], changes: [change] }, {});
    },
  });
  const response = await gateway.answer(signed('eks', 'DescribeCluster', { name: 'c' }));
  expect(codeOf(response)).toBe('AccessDeniedException');
  expect(await storage.get('owner')).toMatchObject({ value: 'bob' });
});

test('an allowed call is handled and observed once', async () => {
  const { gateway, handled, outcomes } = createWorld();
  const response = await gateway.answer(signed('eks', 'DescribeCluster', { name: 'c' }));
  expect(response).toMatchObject({ status: 200, headers: { 'x-amzn-requestid': 'request-1' } });
  expect(handled).toEqual(['DescribeCluster']);
  expect(outcomes).toMatchObject([{ service: 'eks', operation: 'DescribeCluster', code: 'OK', caller }]);
});

test('an operation without an implementation names itself in a 400', async () => {
  const { gateway } = createWorld();
  const response = await gateway.answer(signed('eks', 'CreateNodegroup', nodegroup));
  expect(response.status).toBe(400);
  expect(String(response.body)).toContain('CreateNodegroup');
});

const nodegroup = { clusterName: 'c', nodegroupName: 'n', subnets: ['s'], nodeRole: 'r' };

test.each(['constructor', '__proto__', 'toString'])('an operation called %s does not exist', async (name) => {
  const { gateway, handled } = createWorld();
  const request = signed('iam', 'ListUsers', {});
  const response = await gateway.answer({
    ...request,
    body: Buffer.from(`Action=${name}&Version=2010-05-08`),
  });
  expect(response.status).toBe(400);
  expect(String(response.body)).toContain('InvalidAction');
  expect(handled).toEqual([]);
});

test('what a handler throws beside AwsError is a fault: 500 without its text, told to whoever records', async () => {
  const failure = new Error('secret detail');
  const { gateway, outcomes } = createWorld({ handle: () => Promise.reject(failure) });
  const response = await gateway.answer(signed('eks', 'DescribeCluster', { name: 'c' }));
  expect(response.status).toBe(500);
  expect(String(response.body)).not.toContain('secret detail');
  expect(outcomes).toMatchObject([{ fault: failure }]);
});

test('an error the operation models keeps its code, status and fields', async () => {
  const { gateway } = createWorld({
    handle: () =>
      Promise.reject(
        new AwsError('ResourceNotFoundException', 'No cluster found for name: c.', { clusterName: 'c' }),
      ),
  });
  const response = await gateway.answer(signed('eks', 'DescribeCluster', { name: 'c' }));
  expect(response.status).toBe(404);
  expect(JSON.parse(String(response.body))).toMatchObject({
    message: 'No cluster found for name: c.',
    clusterName: 'c',
  });
});

test('a body over the limit is refused in the words of the protocol', () => {
  const { tooLarge, outcomes } = createWorld();
  expect(tooLarge({ ...signed('iam', 'ListUsers', {}), body: new Uint8Array() }).status).toBe(413);
  expect(outcomes).toMatchObject([{ code: 'RequestEntityTooLarge' }]);
});

describe('the record', () => {
  const change = { type: 'put', key: 'thing', value: '1' } as const;

  test('of a call that writes is in the batch that writes, with what the call answers', async () => {
    const { gateway, storage, recorded, outcomes } = createWorld({
      handle: (context) => context.commit({ changes: [change] }, { cluster: { name: 'c' } }),
    });
    await gateway.answer(signed('eks', 'DescribeCluster', { name: 'c' }));
    const [thing, record] = await storage.getMany(['thing', 'record/request-1']);
    expect(record).toMatchObject({ revision: thing?.revision, value: '{"cluster":{"name":"c"}}' });
    expect(recorded).toEqual([]);
    expect(outcomes).toMatchObject([{ code: 'OK' }]);
  });

  test('is not stored when the write is not, and tells the failure', async () => {
    const { gateway, storage, recorded } = createWorld({
      handle: (context) => context.commit({ expect: [{ key: 'thing', revision: 7 }], changes: [change] }, {}),
    });
    await gateway.answer(signed('eks', 'DescribeCluster', { name: 'c' }));
    expect(storage.revision()).toBe(0);
    expect(recorded).toMatchObject([{ code: 'ServerException' }]);
  });

  test('tells a failure after a write beside the write', async () => {
    const { gateway, storage, recorded } = createWorld({
      handle: async (context) => {
        await context.commit({ changes: [change] }, {});
        throw new AwsError('ResourceInUseException', 'later');
      },
    });
    await gateway.answer(signed('eks', 'DescribeCluster', { name: 'c' }));
    expect(await storage.get('record/request-1')).toBeDefined();
    expect(recorded).toMatchObject([{ code: 'ResourceInUseException', message: 'later' }]);
  });

  test('says who, from where, what was asked on which resource, and what was decided', async () => {
    const { gateway, recorded } = createWorld({ allowed: false });
    await gateway.answer(signed('eks', 'DescribeCluster', { name: 'c' }));
    expect(recorded).toMatchObject([
      {
        service: 'eks',
        operation: 'DescribeCluster',
        code: 'AccessDeniedException',
        message: 'User: alice is not authorized',
        caller,
        accessKeyId: keys.accessKeyId,
        source: { sourceIp: '192.0.2.7', secureTransport: false, host: 'localhost:4700' },
        region: 'us-east-1',
        at: now,
        input: { name: 'c' },
        action: 'eks:DescribeCluster',
        resources: ['arn:aws:eks:::cluster/c'],
        decision: { decision: 'implicitDeny' },
      },
    ]);
  });

  test('of a call that a second check refused tells of that check', async () => {
    const refusing = {
      authorize: async () => ({
        decision: 'explicitDeny' as const,
        step: 'identity' as const,
        statements: [],
        misses: [],
        refusal: { code: 'AccessDenied' as const, message: 'not that role' },
      }),
    };
    const passRole = { action: 'iam:PassRole', resources: ['arn:aws:iam::111122223333:role/r'] };
    const { gateway, recorded } = createWorld({
      handle: (context) => requireAllowed(refusing, context, passRole, 'restJson1'),
    });
    await gateway.answer(signed('eks', 'DescribeCluster', { name: 'c' }));
    expect(recorded).toMatchObject([
      { code: 'AccessDeniedException', ...passRole, decision: { decision: 'explicitDeny' } },
    ]);
  });

  test('of a call that made others is followed by theirs, and by none when it failed', async () => {
    const other = {
      ...{ caller: undefined, invokedBy: 'pods.eks.amazonaws.com', recipientAccountId: '444455556666' },
      ...{ service: 'sts', operation: 'AssumeRole', action: 'sts:AssumeRole', resources: [] },
      ...{ input: { RoleArn: 'r' }, output: {} },
    };
    const made = async (fails: boolean) => {
      const { gateway, recorded, outcomes } = createWorld({
        async handle(context) {
          context.made(other);
          if (fails) throw new AwsError('ResourceInUseException', 'later');
          return { cluster: { name: 'c' } };
        },
      });
      await gateway.answer(signed('eks', 'DescribeCluster', { name: 'c' }));
      // What a service does in passing is no call that this server answered.
      expect(outcomes).toHaveLength(1);
      return recorded;
    };
    const [call, theirs, ...none] = await made(false);
    expect(none).toEqual([]);
    expect(call).toMatchObject({ operation: 'DescribeCluster', caller });
    expect(theirs).toMatchObject({ ...other, code: 'OK' });
    expect(theirs).not.toHaveProperty('accessKeyId');
    expect(await made(true)).toMatchObject([{ operation: 'DescribeCluster' }]);
  });

  test('of a refused signature names the key and believes nothing else', async () => {
    const { gateway, recorded } = createWorld();
    await gateway.answer({ ...signed('eks', 'DescribeCluster', { name: 'c' }), path: '/clusters/d' });
    expect(recorded).toMatchObject([{ code: 'InvalidSignatureException', accessKeyId: keys.accessKeyId }]);
    expect(recorded[0]?.caller).toBeUndefined();
    expect(recorded[0]?.input).toBeUndefined();
  });
});

describe('an operation that is not served but guarded', () => {
  const request = signed('eks', 'DeleteCluster', { name: 'c' });

  test('is denied to who may not', async () => {
    expect(codeOf(await createWorld({ allowed: false }).gateway.answer(request))).toBe(
      'AccessDeniedException',
    );
  });

  test('is not implemented for who may', async () => {
    expect(codeOf(await createWorld().gateway.answer(request))).toBe('UnsupportedOperationException');
  });
});
