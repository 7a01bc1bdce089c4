import { expect, test } from 'vitest';
import { seedOfRun } from '../../../../test/seed.ts';
import { compileStoredPolicy } from '../../iam/compile.ts';
import { evaluate, type PolicySet } from '../../iam/evaluate.ts';
import { contextKey } from '../../iam/request.ts';
import {
  type SeededRandom,
  seededRandom,
  testAccountId,
  testArn,
  testRole,
  testUser,
  testWorld,
} from '../testworld.ts';
import { principalOf } from '../world/callers.ts';
import type { IamSubject } from '../world/subject.ts';
import { subjectOf } from './allowers.ts';
import { createIamWorld } from './iamworld.ts';

/** More rounds: `ENTRYWAY_SOUNDNESS_ROUNDS=20000 ENTRYWAY_SEED=7 npx vitest run src/engine/analysis/iamworld`. */
const rounds = Number(process.env.ENTRYWAY_SOUNDNESS_ROUNDS ?? 300);
const seed = seedOfRun();
const contextsPerRound = 16;

const values = ['red', 'blue', 're*', '', 'true', 'false', '10.1.2.3', '3', '2026-11-21T12:00:00Z'] as const;
const openKeys = ['aws:SourceIp', 'aws:RequestTag/team', 'custom:text', 'aws:SourceVpc', 'aws:CalledVia'];
const knownKeys = [
  'aws:PrincipalTag/team',
  'aws:PrincipalArn',
  'aws:PrincipalAccount',
  'aws:CurrentTime',
  'aws:ResourceTag/team',
];
const operators = [
  ...[
    'StringEquals',
    'StringNotEquals',
    'StringLike',
    'StringNotLike',
    'StringEqualsIfExists',
    'StringNotLikeIfExists',
  ],
  ...[
    'ForAnyValue:StringEquals',
    'ForAllValues:StringLike',
    'ForAnyValue:StringNotEquals',
    'StringEqualsIgnoreCase',
  ],
  ...[
    'NumericLessThan',
    'Bool',
    'BoolIfExists',
    'IpAddress',
    'NotIpAddress',
    'DateLessThan',
    'ArnLike',
    'ArnNotEquals',
    'Null',
  ],
];
const role = testArn('role/target');
const actions = ['sts:AssumeRole', 'iam:PutRolePolicy'] as const;

function randomValue({ pick, chance }: SeededRandom, operator: string): string {
  if (/Date/.test(operator)) return '2026-11-21T12:00:00Z';
  if (/Ip/.test(operator)) return '10.0.0.0/8';
  if (/Null|Bool/.test(operator)) return pick(['true', 'false']);
  if (/Arn/.test(operator)) return pick([role, testArn('user/*'), '*']);
  return chance(0.25) ? `\${${pick([...openKeys, ...knownKeys])}}` : pick(values);
}

function randomStatement(any: SeededRandom, kind: 'identity' | 'trust'): object {
  const { pick, chance } = any;
  const Condition: Record<string, Record<string, string | string[]>> = {};
  while (chance(0.5)) {
    const operator = pick(operators);
    const value = randomValue(any, operator);
    Condition[operator] = {
      [pick([...openKeys, ...knownKeys])]: chance(0.3) ? [value, randomValue(any, operator)] : value,
    };
  }
  const guard = Object.keys(Condition).length === 0 ? {} : { Condition };
  const Effect = chance(0.25) ? 'Deny' : 'Allow';
  if (kind === 'trust') {
    const AWS = pick([
      testAccountId,
      testArn('user/ada'),
      testArn('role/ops'),
      '*',
      `arn:aws:sts::${testAccountId}:assumed-role/ops/alice`,
    ]);
    return { Effect, Principal: { AWS }, Action: pick(['sts:AssumeRole', 'sts:*']), ...guard };
  }
  const Resource = pick([
    '*',
    role,
    testArn('role/*'),
    testArn('role/${aws:PrincipalTag/team}'),
    testArn('role/${custom:text}get'),
  ]);
  const what = chance(0.15) ? { NotResource: Resource } : { Resource };
  return { Effect, Action: pick(['*', 'sts:*', 'sts:AssumeRole', 'iam:*']), ...what, ...guard };
}

const randomPolicy = (any: SeededRandom, kind: 'identity' | 'trust'): string => {
  const Statement = [randomStatement(any, kind)];
  while (any.chance(0.5)) Statement.push(randomStatement(any, kind));
  return JSON.stringify({ Version: '2012-10-17', Statement });
};

test(
  'never is never allowed, and always is always allowed, whatever the open keys are',
  () => {
    const any = seededRandom(seed);
    const counts = { always: 0, sometimes: 0, never: 0 };
    for (let round = 0; round < rounds; round++) {
      const own = randomPolicy(any, 'identity');
      const trust = randomPolicy(any, 'trust');
      const boundary = any.chance(0.2) ? randomPolicy(any, 'identity') : undefined;
      const scp = any.chance(0.2) ? randomPolicy(any, 'identity') : undefined;
      const limits = testArn('policy/limits');
      const change = {
        inlinePolicies: { own },
        tags: { team: 'red' },
        ...(boundary !== undefined && { permissionsBoundaryArn: limits }),
      };
      const targetTags = { team: any.pick(['red', 'blue']) };
      const { world } = testWorld({
        account: {
          users: [testUser('ada', change)],
          roles: [testRole('ops', change), testRole('target', { trustPolicy: trust, tags: targetTags })],
          managedPolicies: boundary === undefined ? [] : [{ arn: limits, document: boundary }],
        },
        ...(scp !== undefined && { guardrails: { serviceControl: [[scp]], resourceControl: [] } }),
      });
      const iam = createIamWorld(world);
      const subject = subjectNamed(world, any.pick([testArn('user/ada'), testArn('role/ops')]));
      const action = any.pick(actions);
      const { certainty, conditions } = iam.ask({ subject, action, resource: role });
      counts[certainty]++;
      if (certainty === 'sometimes')
        expect(conditions.length, told(seed, round, own, trust)).toBeGreaterThan(0);

      const source = { type: 'inline', name: 'own' } as const;
      const set: PolicySet = {
        identity: [compileStoredPolicy(own, 'identity', source)],
        ...(boundary !== undefined && { boundary: compileStoredPolicy(boundary, 'boundary', source) }),
        ...(action === 'sts:AssumeRole' && {
          resource: compileStoredPolicy(trust, 'trust', source, 'unpinned'),
        }),
        ...(scp !== undefined && {
          guardrails: { serviceControl: [[compileStoredPolicy(scp, 'scp', source)]] },
        }),
      };
      for (let at = 0; at < contextsPerRound; at++) {
        const context = new Map<string, string | readonly string[]>([
          ['aws:principaltag/team', 'red'],
          ['aws:principalarn', subject.arn],
          ['aws:principalaccount', testAccountId],
          ['aws:currenttime', `${new Date(world.now).toISOString().slice(0, 19)}Z`],
          ['aws:resourcetag/team', targetTags.team],
        ]);
        for (const key of openKeys) {
          if (any.chance(0.3)) continue;
          context.set(
            contextKey(key),
            any.chance(0.2) ? [any.pick(values), any.pick(values)] : any.pick([...values, 'tar']),
          );
        }
        const principal = principalOf(subject, 'aws', any.pick(['SESSION', 'alice', 'bob']));
        const request = { principal, action, resource: role, resourceAccountId: testAccountId, context };
        const { decision } = evaluate(request, set);
        const why = `${told(seed, round, own, trust)} ${boundary} ${scp} ${JSON.stringify([...context])}`;
        if (certainty === 'never') expect(decision, why).not.toBe('allowed');
        if (certainty === 'always') expect(decision, why).toBe('allowed');
      }
    }
    // A test in which one answer hardly comes up proves little.
    for (const [certainty, count] of Object.entries(counts)) {
      expect(count, `${certainty}: ${JSON.stringify(counts)}, seed ${seed}`).toBeGreaterThan(rounds / 40);
    }
  },
  20_000 + rounds * 20,
);

function told(withSeed: number, round: number, own: string, trust: string): string {
  return `seed ${withSeed}, round ${round}: ${own} ${trust}`;
}

function subjectNamed(world: Parameters<typeof createIamWorld>[0], arn: string): IamSubject {
  const known = world.principals.named(arn);
  if (known === undefined) throw new Error(`${arn} is not there`);
  return subjectOf(known);
}
