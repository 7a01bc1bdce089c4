import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parsePrincipalArn } from '../arn/principalarn.ts';
import { type CompiledPolicy, compileStoredPolicy } from './compile.ts';
import type { PolicyKind } from './document.ts';
import { evaluate, type GuardrailLevel } from './evaluate.ts';
import { contextKey, type RequestPrincipal } from './request.ts';

type Documents = readonly object[];

interface Vector {
  readonly id: string;
  readonly category: string;
  readonly policies: {
    readonly identity?: Documents;
    readonly boundary?: object | Documents;
    readonly session?: Documents;
    readonly resource?: object;
    readonly scp?: readonly Documents[];
    readonly rcp?: readonly Documents[];
  };
  readonly request: {
    readonly principal: string;
    readonly action: string;
    readonly resource: string;
    readonly resourceAccount: string;
    readonly context: Readonly<Record<string, string | readonly string[]>>;
    readonly userArn?: string;
  };
  readonly expect: string;
}

const vectorFile = resolve(import.meta.dirname, '../../../../shared/reference/iam-vectors.json');

/** Decided by the operation, which asks nobody (iam-facts E13), not by the language. */
const leftToTheOperation = ['special-01'];

/** Vectors we answer otherwise, each with its reason from AWS's documentation. */
const disagreements: Readonly<Record<string, string>> = {};

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

const compile = (document: object, kind: PolicyKind): CompiledPolicy =>
  compileStoredPolicy(JSON.stringify(document), kind, { type: 'inline', name: kind }, 'unpinned');

const levels = (
  documents: readonly Documents[] | undefined,
  kind: PolicyKind,
): readonly GuardrailLevel[] | undefined =>
  documents?.map((level) => level.map((document) => compile(document, kind)));

function answer({ policies, request }: Vector): string {
  const { identity: own = [], boundary, session: sessions, resource, scp, rcp } = policies;
  const kind = request.action.startsWith('sts:') ? 'trust' : 'resource';
  const serviceControl = levels(scp, 'scp');
  const resourceControl = levels(rcp, 'rcp');
  return evaluate(
    {
      principal: principalOf(request.principal, request.userArn),
      action: request.action,
      resource: request.resource,
      resourceAccountId: request.resourceAccount,
      context: new Map(Object.entries(request.context).map(([key, value]) => [contextKey(key), value])),
    },
    {
      identity: own.map((document) => compile(document, 'identity')),
      ...(boundary && { boundary: compile(Array.isArray(boundary) ? boundary[0] : boundary, 'boundary') }),
      ...(sessions && { session: sessions.map((document) => compile(document, 'session')) }),
      ...(resource && { resource: compile(resource, kind) }),
      guardrails: { ...(serviceControl && { serviceControl }), ...(resourceControl && { resourceControl }) },
    },
  ).decision;
}

describe.runIf(existsSync(vectorFile))('the public vectors', () => {
  test('are answered alike', () => {
    const { vectors } = JSON.parse(readFileSync(vectorFile, 'utf8')) as { vectors: Vector[] };
    const ran = vectors.filter(({ id }) => !leftToTheOperation.includes(id));
    const different = ran
      .filter(({ id }) => !Object.hasOwn(disagreements, id))
      .map((vector) => ({ id: vector.id, expected: vector.expect, answered: answer(vector) }))
      .filter(({ expected, answered }) => expected !== answered);
    expect(different).toEqual([]);
    console.log(
      `${ran.length} of ${vectors.length} IAM vectors ran; ` +
        `left to the operation: ${leftToTheOperation}; answered otherwise: ${JSON.stringify(disagreements)}`,
    );
    expect(ran.length).toBeGreaterThanOrEqual(vectors.length - leftToTheOperation.length);
  });
});
