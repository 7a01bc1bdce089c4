/**
 * RBAC as written down in kubernetes-facts A and B, case by case. `authorizer` files ask the engine with the requests
 * clients send (`yes` and `no` are the exact reasons); `api` files send them to a built-in cluster (`message` and `answer`
 * are exact, `includes` is a part of the answer's status). What is refused stands first.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseRbacObject } from '../../../src/access/rbacobjects.ts';
import { attributesOf } from '../../../src/cluster/request/authorization.ts';
import type { Attributes, UserInfo } from '../../../src/engine/authorizer/attributes.ts';
import { createAuthorizer } from '../../../src/engine/authorizer/authorizer.ts';
import type { RbacObject } from '../../../src/engine/rbac/objects.ts';
import { parseRequestInfo } from '../../../src/wire/kube/requestinfo.ts';
import { startTestApi, type TestApi } from '../../cluster/fixture.ts';

interface AuthorizerScenario {
  readonly story: string;
  readonly level: 'authorizer';
  readonly objects: readonly {
    readonly kind: RbacObject['kind'];
    readonly metadata: { readonly name: string; readonly namespace?: string };
  }[];
  readonly users: Readonly<Record<string, Partial<UserInfo>>>;
  readonly cases: readonly {
    readonly fact: string;
    readonly as: string;
    /** A request line, or the members of attributes no request has. */
    readonly ask: string | Readonly<Record<string, string>>;
    readonly yes?: string;
    readonly no?: string;
  }[];
}

interface ApiScenario {
  readonly story: string;
  readonly level: 'api';
  readonly version?: string;
  readonly constrainedImpersonation?: boolean;
  /** Created by an administrator before the first case. */
  readonly objects: readonly { readonly path: string }[];
  /** Short names of paths. */
  readonly paths?: Readonly<Record<string, string>>;
  readonly cases: readonly {
    readonly fact: string;
    readonly as: string;
    readonly do: string;
    readonly headers?: Readonly<Record<string, string | string[]>>;
    readonly body?: unknown;
    readonly status: number;
    readonly message?: string;
    readonly answer?: object;
    readonly includes?: object;
  }[];
}

function askAuthorizer({ story, objects, users, cases }: AuthorizerScenario): void {
  const authorizer = createAuthorizer({ partition: 'aws', now: Date.now });
  for (const { kind, metadata, ...rest } of objects) {
    const ref = { kind, name: metadata.name, namespace: metadata.namespace ?? '' };
    const object = parseRbacObject(ref, JSON.stringify({ kind, metadata, ...rest }));
    if (object === undefined) throw new Error(`the ${kind} \`${ref.name}\` cannot be read`);
    authorizer.applyObject(object);
  }
  const attributes = (as: string, ask: string | Readonly<Record<string, string>>): Attributes => {
    const user: UserInfo = { username: as, uid: '', groups: [], extra: {}, ...users[as] };
    if (typeof ask === 'string') {
      const [method = '', path = '', query = ''] = ask.split(/[ ?]/);
      return attributesOf(parseRequestInfo(method, path, query), user);
    }
    const none = { apiGroup: '', apiVersion: 'v1', subresource: '', namespace: '', name: '' };
    return { kind: 'resource', user, verb: '', resource: '', ...none, ...ask };
  };
  describe(story, () => {
    test.each(cases)('$fact: $as: $ask', ({ as, ask, yes, no }) => {
      const { decision, reason } = authorizer.authorize(attributes(as, ask));
      expect({ decision, reason }).toEqual(
        yes === undefined ? { decision: 'noOpinion', reason: no } : { decision: 'allow', reason: yes },
      );
    });
  });
}

function askApi({ story, objects, paths = {}, cases, ...options }: ApiScenario): void {
  describe(story, () => {
    let api: TestApi;
    beforeAll(async () => {
      api = await startTestApi(options);
      for (const { path, ...body } of objects) {
        const created = await api.call('POST', path, { body });
        expect(created.status, created.text).toBe(201);
      }
    });
    afterAll(() => api.close());

    test.each(cases)('$fact: $as: $do', async ({ as, headers, body, ...expected }) => {
      const [method = '', path = ''] = expected.do.split(' ');
      const answer = await api.call(method, paths[path] ?? path, {
        token: as,
        ...(headers && { headers }),
        ...(body !== undefined && { body }),
      });
      expect(answer.status, answer.text).toBe(expected.status);
      if (expected.message !== undefined) expect(answer.body.message).toBe(expected.message);
      if (expected.answer !== undefined) expect(answer.body.status).toEqual(expected.answer);
      if (expected.includes !== undefined) {
        const { resourceRules = [], ...members } = expected.includes as { resourceRules?: object[] };
        expect(answer.body.status).toMatchObject(members);
        for (const rule of resourceRules) expect(answer.body.status.resourceRules).toContainEqual(rule);
      }
    });
  });
}

for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.yaml'))) {
  const text = readFileSync(join(import.meta.dirname, file), 'utf8');
  const scenario = parse(text) as AuthorizerScenario | ApiScenario;
  if (scenario.level === 'authorizer') askAuthorizer(scenario);
  else askApi(scenario);
}
