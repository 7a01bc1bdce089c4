/**
 * Scenario files: a cluster, who asks, and what comes out. `by` is the policy, binding or group that allows;
 * `nearest` is the code of the nearest miss of a refusal; `login` is the code with which the identity is refused.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseAwsAuth } from '../../../src/access/awsauth.ts';
import { parseRbacObject } from '../../../src/access/rbacobjects.ts';
import { type DecidingEntry, parseEntryRecord } from '../../../src/access/records.ts';
import type { Attributes, UserInfo } from '../../../src/engine/authorizer/attributes.ts';
import { createAuthorizer } from '../../../src/engine/authorizer/authorizer.ts';
import type { Decision } from '../../../src/engine/authorizer/decision.ts';
import type { Principal } from '../../../src/engine/iam/principal.ts';
import { createAwsAuthIndex } from '../../../src/engine/identity/awsauth.ts';
import { createEntryIndex } from '../../../src/engine/identity/entries.ts';
import { type IdentitySources, resolveIdentity } from '../../../src/engine/identity/resolve.ts';
import type { RbacObject } from '../../../src/engine/rbac/objects.ts';

interface Who {
  readonly role?: string;
  readonly user?: string;
  readonly path?: string;
  readonly id: string;
  readonly session?: string;
}

interface Case {
  readonly ask: string;
  readonly who?: Who;
  readonly as?: { readonly user: string; readonly extra?: Readonly<Record<string, string[]>> };
  readonly by?: string;
  readonly nearest?: string;
  readonly login?: string;
}

interface Scenario {
  readonly story: string;
  readonly mode: IdentitySources['authenticationMode'];
  readonly entries: readonly object[];
  readonly awsAuth?: Readonly<Record<string, unknown>>;
  readonly objects: readonly {
    readonly kind: RbacObject['kind'];
    readonly metadata: { readonly name: string; readonly namespace?: string };
  }[];
  readonly who: Who;
  readonly cases: readonly Case[];
}

const account = '111122223333';

function principalOf({ role, user, path = '/', id, session = '' }: Who): Principal {
  const base = { accountId: account, partition: 'aws', principalId: id, accessKeyId: 'ASIAEXAMPLE' };
  if (role === undefined) {
    const arn = `arn:aws:iam::${account}:user${path}${user}`;
    return { ...base, kind: 'user', arn, principalArn: arn, userId: id, userName: user ?? '' };
  }
  return {
    ...base,
    kind: 'assumedRole',
    arn: `arn:aws:sts::${account}:assumed-role/${role}/${session}`,
    principalArn: `arn:aws:iam::${account}:role${path}${role}`,
    userId: `${id}:${session}`,
    roleName: role,
    sessionName: session,
  };
}

/** `VERB RESOURCE[.GROUP][/SUBRESOURCE] [in NAMESPACE] [named NAME]` or `VERB /PATH`. */
function attributesOf(ask: string, user: UserInfo): Attributes {
  const match = /^(?<verb>\w+) (?<target>\S+)(?: in (?<namespace>\S+))?(?: named (?<name>\S+))?$/.exec(ask);
  const { verb = '', target = '', namespace = '', name = '' } = match?.groups ?? {};
  if (match === null) throw new Error(`cannot read \`${ask}\``);
  if (target.startsWith('/')) return { kind: 'nonResource', user, verb, path: target };
  const [whole = '', subresource = ''] = target.split('/');
  const [resource = '', ...group] = whole.split('.');
  const apiGroup = group.join('.');
  return { kind: 'resource', user, verb, apiGroup, apiVersion: 'v1', resource, subresource, namespace, name };
}

function decidedBy({ evidence }: Decision): string {
  switch (evidence.by) {
    case 'systemMasters':
      return 'system:masters';
    case 'accessPolicy':
      return evidence.policyArn.slice(evidence.policyArn.indexOf('/') + 1);
    case 'rbac':
      return evidence.binding.name;
    case 'nothing':
      return `nothing, nearest ${evidence.misses[0]?.code}`;
    default:
      return evidence satisfies never;
  }
}

function defined<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the scenario cannot be read');
  return value;
}

for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.yaml'))) {
  const scenario = parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as Scenario;
  const authorizer = createAuthorizer({ partition: 'aws', now: Date.now });
  const entries = createEntryIndex();
  authorizer.useEntries(scenario.mode !== 'CONFIG_MAP');
  for (const source of scenario.entries) {
    const entry: DecidingEntry = defined(parseEntryRecord(JSON.stringify(source)));
    entries.apply(entry);
    authorizer.applyEntry(entry);
  }
  for (const { kind, metadata, ...rest } of scenario.objects) {
    const ref = { kind, name: metadata.name, namespace: metadata.namespace ?? '' };
    authorizer.applyObject(defined(parseRbacObject(ref, JSON.stringify({ kind, metadata, ...rest }))));
  }
  const sources: IdentitySources = {
    authenticationMode: scenario.mode,
    entries,
    awsAuth: createAwsAuthIndex(parseAwsAuth(scenario.awsAuth ?? {}).awsAuth, { ssoRoleMatch: false }),
    privateDnsName: () => undefined,
  };

  describe(`${file}: ${scenario.story}`, () => {
    test.each(scenario.cases)('$ask', ({ ask, who = scenario.who, as, by, nearest, login }) => {
      const identity = resolveIdentity(principalOf(who), sources);
      if (!identity.ok) {
        expect(identity.code).toBe(login);
        return;
      }
      expect(login).toBeUndefined();
      const user: UserInfo =
        as === undefined
          ? identity.user
          : { username: as.user, uid: '', groups: [], extra: as.extra ?? {}, impersonated: true };
      const decision = authorizer.authorize(attributesOf(ask, user));
      expect(decidedBy(decision)).toBe(by ?? `nothing, nearest ${nearest}`);
      expect(decision.decision).toBe(by === undefined ? 'noOpinion' : 'allow');
    });
  });
}
