import { type CompiledPolicy, compilePolicy, compileStoredPolicy, denyingPolicy } from '../../iam/compile.ts';
import type { PolicySource } from '../../iam/decision.ts';
import type { PolicyDocument, PolicyKind } from '../../iam/document.ts';
import { parsePolicy } from '../../iam/parse.ts';
import type { PinnedPrincipals } from '../../iam/principals.ts';
import type { Principals } from '../world/principals.ts';
import type { IamCondition } from './answer.ts';
import { openPolicy } from './openpolicy.ts';

/** A policy in both readings. */
export interface WorldPolicy {
  readonly best: CompiledPolicy;
  readonly worst: CompiledPolicy;
  /** Absent where it was not read or cannot be understood. */
  readonly document?: PolicyDocument;
  /** Set where the snapshot does not have it: it may allow everything and deny everything. */
  readonly notRead?: IamCondition;
}

/** The policies of users, roles and groups of a snapshot: each compiled once, when it is first asked for. */
export interface WorldPolicies {
  inline(text: string, bearer: NonNullable<PolicySource['bearer']>, name: string): WorldPolicy;
  /** Attached to a principal or group of the account. */
  managed(accountId: string, arn: string, use: 'identity' | 'boundary'): WorldPolicy;
  /** Inline and attached ones of the group. */
  ofGroup(accountId: string, name: string): readonly WorldPolicy[];
  trust(text: string, roleName: string, pinned: PinnedPrincipals): WorldPolicy;
  guardrail(text: string, kind: 'scp' | 'rcp', name: string): WorldPolicy;
  /** What a session was narrowed to when it was made. */
  session(text: string): WorldPolicy;
}

export function createWorldPolicies(principals: Principals): WorldPolicies {
  const documents = new Map<string, PolicyDocument | undefined>();
  const managed = new Map<string, WorldPolicy>();
  const groups = new Map<string, readonly WorldPolicy[]>();

  const compile = (
    text: string,
    kind: PolicyKind,
    source: PolicySource,
    pinned: PinnedPrincipals = {},
  ): WorldPolicy => {
    const key = `${kind} ${text}`;
    if (!documents.has(key)) {
      const parsed = parsePolicy(text, kind);
      documents.set(key, parsed.ok ? parsed.document : undefined);
    }
    const document = documents.get(key);
    if (document === undefined) {
      const damaged = compileStoredPolicy(text, kind, source, pinned);
      return { best: damaged, worst: damaged };
    }
    const policy = compilePolicy(document, source, pinned);
    return { best: openPolicy(policy, 'best'), worst: openPolicy(policy, 'worst'), document };
  };

  const inline: WorldPolicies['inline'] = (text, bearer, name) =>
    compile(text, 'identity', { type: 'inline', name, bearer });

  const managedOf: WorldPolicies['managed'] = (accountId, arn, use) => {
    const key = `${accountId} ${use} ${arn}`;
    let found = managed.get(key);
    if (found === undefined) {
      const name = arn.slice(arn.lastIndexOf('/') + 1);
      const source: PolicySource = { type: use === 'identity' ? 'managed' : use, name, arn };
      const text = principals.managedPolicy(accountId, arn);
      found =
        text === undefined
          ? unreadPolicy(use, source, { kind: 'policyNotRead', name, arn })
          : compile(text, use, source);
      managed.set(key, found);
    }
    return found;
  };

  return {
    inline,
    managed: managedOf,
    ofGroup(accountId, name) {
      const key = `${accountId} ${name}`;
      let found = groups.get(key);
      if (found === undefined) {
        const group = principals.group(accountId, name);
        found =
          group === undefined
            ? [
                unreadPolicy(
                  'identity',
                  { type: 'inline', name: '', bearer: { kind: 'group', name } },
                  { kind: 'policyNotRead', name: `group ${name}` },
                ),
              ]
            : [
                ...Object.entries(group.inlinePolicies).map(([policyName, text]) =>
                  inline(text, { kind: 'group', name: group.name }, policyName),
                ),
                ...group.attachedPolicyArns.map((arn) => managedOf(accountId, arn, 'identity')),
              ];
        groups.set(key, found);
      }
      return found;
    },
    trust: (text, roleName, pinned) => compile(text, 'trust', { type: 'trust', name: roleName }, pinned),
    guardrail: (text, kind, name) => compile(text, kind, { type: kind, name }),
    session: (text) => compile(text, 'session', { type: 'session', name: 'inline' }),
  };
}

/** Stands for a policy the snapshot does not have: at best it allows everything, at worst it denies everything. */
export function unreadPolicy(
  kind: PolicyKind,
  source: PolicySource,
  notRead: IamCondition,
  /** Of a trust policy: whom it may trust; anybody of AWS where not given. */
  trusted: Readonly<Record<string, string>> = { AWS: '*' },
): WorldPolicy {
  const Principal = kind === 'trust' ? trusted : undefined;
  const Resource = kind === 'trust' ? undefined : '*';
  const statement = { Effect: 'Allow', Principal, Action: '*', Resource };
  const everything = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const best = compileStoredPolicy(everything, kind, source);
  return { best, worst: denyingPolicy(kind, source), notRead };
}
