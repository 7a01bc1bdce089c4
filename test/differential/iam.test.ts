import { expect, test } from 'vitest';
import { type CompiledPolicy, compileStoredPolicy } from '../../src/engine/iam/compile.ts';
import type { PolicyKind } from '../../src/engine/iam/document.ts';
import { evaluate, type PolicySet } from '../../src/engine/iam/evaluate.ts';
import { contextKey, type RequestPrincipal } from '../../src/engine/iam/request.ts';
import {
  type ReferencePolicies,
  type ReferencePolicy,
  type ReferenceRequest,
  referenceEvaluate,
} from '../reference/iam.ts';
import { seedOfRun } from '../seed.ts';
import { generateCase, pinned } from './iamcases.ts';
import { createRandom, roundsOfRun } from './random.ts';

/** A round of `npm run differential` is a hundred cases. */
const runs = roundsOfRun(50) * 100;

function compile(document: ReferencePolicy, kind: PolicyKind): CompiledPolicy {
  return compileStoredPolicy(JSON.stringify(document), kind, { type: 'inline', name: kind }, pinned);
}

function principalOf(caller: ReferenceRequest['principal']): RequestPrincipal {
  switch (caller.kind) {
    case 'service':
      return caller;
    case 'federatedUser':
      return {
        ...caller,
        kind: 'federatedUser',
        partition: 'aws',
        issuer: caller.issuer ?? { arn: '', principalId: '' },
      };
    default:
      return { ...caller, kind: caller.kind, partition: 'aws' };
  }
}

function compileAll({
  identity,
  boundary,
  session,
  resource,
  isTrust,
  scp,
  rcp,
}: ReferencePolicies): PolicySet {
  const levels = (all: ReferencePolicies['scp'], kind: PolicyKind) =>
    all?.map((level) => level.map((document) => compile(document, kind)));
  const serviceControl = levels(scp, 'scp');
  const resourceControl = levels(rcp, 'rcp');
  return {
    identity: identity.map((document) => compile(document, 'identity')),
    ...(boundary && { boundary: compile(boundary, 'boundary') }),
    ...(session && { session: session.map((document) => compile(document, 'session')) }),
    ...(resource && { resource: compile(resource, isTrust ? 'trust' : 'resource') }),
    guardrails: { ...(serviceControl && { serviceControl }), ...(resourceControl && { resourceControl }) },
  };
}

function decide({ principal, context, ...request }: ReferenceRequest, policies: PolicySet) {
  return evaluate(
    {
      ...request,
      principal: principalOf(principal),
      context: new Map(Object.entries(context).map(([key, value]) => [contextKey(key), value])),
    },
    policies,
  );
}

test('the engine and the reference agree on generated policies and requests', () => {
  const first = seedOfRun();
  const counts = { allowed: 0, explicitDeny: 0, implicitDeny: 0 };
  for (let seed = first; seed < first + runs; seed++) {
    const { request, policies } = generateCase(createRandom(Math.imul(seed, 2654435761)));
    const expected = referenceEvaluate(request, policies);
    const compiled = compileAll(policies);
    const decision = decide(request, compiled);
    const again = decide(request, compiled);
    if (decision.decision !== expected || again.decision !== expected) {
      const shown = JSON.stringify({ request, policies, decision }, null, 1);
      expect(decision.decision, `ENTRYWAY_SEED=${seed}\n${shown}`).toBe(expected);
      expect(again.decision, `asked again: ENTRYWAY_SEED=${seed}\n${shown}`).toBe(expected);
    }
    counts[expected]++;
  }
  console.log(`${runs} generated IAM requests from seed ${first}: ${JSON.stringify(counts)}`);
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(runs / 20);
}, 900_000);
