import type { PolicySet } from '../../iam/evaluate.ts';
import type { SnapshotGuardrails } from '../snapshot/snapshot.ts';
import type { KnownPrincipal, Principals } from '../world/principals.ts';
import type { IamSubject } from '../world/subject.ts';
import { principalKeys } from './knownkeys.ts';
import type { KnownKeys } from './opencontext.ts';
import type { Reading } from './openpolicy.ts';
import { createWorldPolicies, unreadPolicy, type WorldPolicies, type WorldPolicy } from './policies.ts';

/** Everything that limits a principal, and what is known of it. */
export interface WorldStanding {
  readonly identity: readonly WorldPolicy[];
  readonly boundary?: WorldPolicy;
  /** Of a federated user, which has what its session policies say (iam-facts E7). */
  readonly session?: readonly WorldPolicy[];
  readonly guardrails?: WorldGuardrails;
  readonly keys: KnownKeys;
  /** Whether a session of it can have tags of its own. */
  readonly taggable: boolean;
}

export interface WorldGuardrails {
  readonly serviceControl: readonly (readonly WorldPolicy[])[];
  readonly resourceControl: readonly (readonly WorldPolicy[])[];
}

/** A role as something to be assumed. */
export interface WorldRole {
  readonly trust: WorldPolicy;
  /** Session names of a role that the trust policy names: `ACCOUNT ROLE-NAME` → names. */
  readonly sessions: ReadonlyMap<string, readonly string[]>;
}

export interface WorldStandings {
  of(subject: IamSubject): WorldStanding;
  role(known: KnownPrincipal & { readonly kind: 'role' }): WorldRole;
  readonly policies: WorldPolicies;
  readonly guardrails: WorldGuardrails | undefined;
}

export function createStandings(
  principals: Principals,
  snapshotGuardrails: SnapshotGuardrails | undefined,
): WorldStandings {
  const policies = createWorldPolicies(principals);
  const guardrails = snapshotGuardrails && compileGuardrails(snapshotGuardrails, policies);
  const standings = new Map<string, WorldStanding>();
  const roles = new Map<string, WorldRole>();

  const roleOf: WorldStandings['role'] = ({ record }) => {
    let found = roles.get(record.arn);
    if (found === undefined) {
      const trust = policies.trust(record.trustPolicy, record.name, record.trustedPrincipalIds ?? 'unpinned');
      found = { trust, sessions: namedSessions(trust) };
      roles.set(record.arn, found);
    }
    return found;
  };

  const known = (subject: IamSubject, principal: KnownPrincipal): WorldStanding => {
    const { kind, accountId, record } = principal;
    const own = Object.entries(record.inlinePolicies).map(([name, text]) =>
      policies.inline(text, { kind, name: record.name }, name),
    );
    const attached = record.attachedPolicyArns.map((arn) => policies.managed(accountId, arn, 'identity'));
    const ofGroups =
      principal.kind === 'user'
        ? principal.record.groupNames.flatMap((name) => policies.ofGroup(accountId, name))
        : [];
    const boundaryArn = record.permissionsBoundaryArn;
    const boundary =
      boundaryArn === undefined ? undefined : policies.managed(accountId, boundaryArn, 'boundary');
    // AWS's own roles are not bound by what an organization sets (iam-facts E8).
    const bound = guardrails !== undefined && !record.arn.includes(':role/aws-service-role/');
    // Tags come with sts:TagSession, which the trust policy must allow itself (iam-facts E13).
    const taggable = principal.kind === 'role' && mayAllow(roleOf(principal).trust, 'sts:tagsession');
    const userId = kind === 'user' ? record.principalId : undefined;
    return {
      identity: [...own, ...attached, ...ofGroups],
      ...(boundary && { boundary }),
      ...(bound && { guardrails }),
      keys: principalKeys(subject, userId, taggable ? undefined : record.tags),
      taggable,
    };
  };

  const unread = (subject: IamSubject): WorldStanding => {
    const { arn } = subject;
    const source = { type: 'inline', name: '' } as const;
    // Of an account outside of the snapshot nobody knows whether the organization binds it, and by what (iam-facts E8).
    const isOurs = principals.account(subject.accountId) !== undefined;
    const foreign = isOurs ? guardrails : guardrails && { ...guardrails, serviceControl: [] };
    return {
      identity: [unreadPolicy('identity', source, { kind: 'principalNotRead', arn })],
      ...(subject.type === 'federatedUser' && {
        session: [unreadPolicy('session', { type: 'session', name: '' }, { kind: 'principalNotRead', arn })],
      }),
      ...(foreign && { guardrails: foreign }),
      keys: principalKeys(subject, undefined, undefined),
      taggable: true,
    };
  };

  return {
    policies,
    guardrails,
    role: roleOf,
    of(subject) {
      const key = `${subject.type} ${subject.arn}`;
      let found = standings.get(key);
      if (found === undefined) {
        const principal = subject.type === 'root' ? undefined : principals.named(subject.arn);
        if (subject.type === 'root') {
          found = {
            identity: [],
            ...(guardrails && { guardrails }),
            keys: principalKeys(subject, subject.accountId, {}),
            taggable: false,
          };
        } else if (subject.standing === 'exists' && principal !== undefined)
          found = known(subject, principal);
        else found = unread(subject);
        standings.set(key, found);
      }
      return found;
    },
  };
}

/** Whether a statement speaks of the action at all; in lower case. */
function mayAllow({ best }: WorldPolicy, lowerAction: string): boolean {
  return best.allows.forAction(lowerAction).length > 0;
}

/** The policies of one reading, as the engine evaluates them. */
export function policySet(
  { identity, boundary, session, guardrails }: Omit<WorldStanding, 'keys' | 'taggable'>,
  reading: Reading,
  resource?: WorldPolicy,
): PolicySet {
  const read = (policy: WorldPolicy) => policy[reading];
  return {
    identity: identity.map(read),
    ...(boundary && { boundary: boundary[reading] }),
    ...(session && { session: session.map(read) }),
    ...(resource && { resource: resource[reading] }),
    ...(guardrails && {
      guardrails: {
        serviceControl: guardrails.serviceControl.map((level) => level.map(read)),
        resourceControl: guardrails.resourceControl.map((level) => level.map(read)),
      },
    }),
  };
}

function compileGuardrails(
  { serviceControl, resourceControl }: SnapshotGuardrails,
  policies: WorldPolicies,
): WorldGuardrails {
  const compile = (levels: readonly (readonly string[])[], kind: 'scp' | 'rcp') =>
    levels.map((level, depth) =>
      level.map((text, at) => policies.guardrail(text, kind, `level ${depth + 1} policy ${at + 1}`)),
    );
  return {
    serviceControl: compile(serviceControl, 'scp'),
    resourceControl: compile(resourceControl, 'rcp'),
  };
}

const sessionArn = /^arn:[^:]*:sts::([0-9]{12}):assumed-role\/([^/]+)\/([^/]+)$/;

/** The sessions a document's principals name. */
function namedSessions({ document }: WorldPolicy): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { principal } of document?.statements ?? []) {
    for (const { value } of principal?.entries ?? []) {
      const [, accountId, role, session] = sessionArn.exec(value) ?? [];
      if (session === undefined) continue;
      const key = `${accountId} ${role}`;
      const names = found.get(key);
      if (names === undefined) found.set(key, [session]);
      else names.push(session);
    }
  }
  return found;
}
