import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parsePrincipalArn } from '../arn/principalarn.ts';
import { compileStoredPolicy } from './compile.ts';
import type { PolicyKind } from './document.ts';
import { evaluate } from './evaluate.ts';
import type { RequestPrincipal } from './request.ts';

interface Vector {
  readonly id: string;
  readonly category: string;
  readonly policies: {
    readonly identity?: readonly object[];
    readonly boundary?: object | readonly object[];
    readonly session?: readonly object[];
    readonly resource?: object;
    readonly scp?: unknown;
    readonly rcp?: unknown;
  };
  readonly request: {
    readonly principal: string;
    readonly action: string;
    readonly resource: string;
    readonly resourceAccount: string;
    readonly userArn?: string;
  };
  readonly expect: string;
}

const vectorFile = resolve(import.meta.dirname, '../../../../shared/reference/iam-vectors.json');
/** Decided by the operation, which asks nobody (iam-facts E13), not by the language. */
const notOurs = ['special-01'];

function principalOf(text: string, userArn = ''): RequestPrincipal {
  // One vector has a session name of one letter, which STS does not allow.
  const arn = text.replace(/\/s$/, '/s-');
  const named = parsePrincipalArn(arn);
  const base = {
    arn,
    principalArn: arn,
    principalId: `id of ${arn}`,
    partition: 'aws',
    accountId: named?.accountId ?? '',
  };
  switch (named?.kind) {
    case undefined:
      return arn.includes('-provider/')
        ? { kind: 'federated', provider: arn }
        : { kind: 'service', name: arn };
    case 'assumedRole': {
      const principalArn = `arn:aws:iam::${named.accountId}:role/${named.name}`;
      return { ...base, kind: 'assumedRole', principalArn };
    }
    case 'federatedUser':
      return { ...base, kind: 'federatedUser', issuer: { arn: userArn, principalId: `id of ${userArn}` } };
    case 'root':
      return { ...base, kind: 'root' };
    default:
      return { ...base, kind: 'user' };
  }
}

describe.runIf(existsSync(vectorFile))('the public vectors', () => {
  test('without conditions, variables and guardrails are answered alike', () => {
    const { vectors } = JSON.parse(readFileSync(vectorFile, 'utf8')) as { vectors: Vector[] };
    const ran = new Map<string, number>();
    for (const { id, category, policies, request, expect: expected } of vectors) {
      const text = JSON.stringify(policies);
      if (/"Condition"|\$\{/.test(text) || policies.scp || policies.rcp || notOurs.includes(id)) continue;
      const kind = request.action.startsWith('sts:') ? 'trust' : 'resource';
      const compile = (document: object, as: PolicyKind) =>
        compileStoredPolicy(JSON.stringify(document), as, { type: 'inline', name: as }, 'unpinned');
      const { identity: own = [], boundary, session: sessions, resource } = policies;
      const decision = evaluate(
        {
          principal: principalOf(request.principal, request.userArn),
          action: request.action,
          resource: request.resource,
          resourceAccountId: request.resourceAccount,
        },
        {
          identity: own.map((document) => compile(document, 'identity')),
          ...(boundary && {
            boundary: compile(Array.isArray(boundary) ? boundary[0] : boundary, 'boundary'),
          }),
          ...(sessions && { session: sessions.map((document) => compile(document, 'session')) }),
          ...(resource && { resource: compile(resource, kind) }),
        },
      );
      expect(decision.decision, id).toBe(expected);
      ran.set(category, (ran.get(category) ?? 0) + 1);
    }
    const total = [...ran.values()].reduce((sum, count) => sum + count, 0);
    console.log(`${total} of ${vectors.length} IAM vectors ran: ${JSON.stringify(Object.fromEntries(ran))}`);
    expect(total).toBeGreaterThanOrEqual(104);
  });
});
