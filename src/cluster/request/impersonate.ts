import type { Attributes, ResourceAttributes, UserInfo } from '../../engine/authorizer/attributes.ts';
import type { Decision } from '../../engine/authorizer/decision.ts';
import { quote } from '../../engine/rbac/quote.ts';
import { type ConstrainedMode, constrainedModes } from './constrainedmodes.ts';
import { invalidExtraKey } from './extrakeys.ts';
import { nodeOf, serviceAccountOf, type WantedUser } from './impersonation.ts';

export type ImpersonationResult =
  | {
      readonly ok: true;
      readonly user: UserInfo;
      /** The verb of the constrained mode that allowed it; undefined for plain `impersonate`. */
      readonly constraint: string | undefined;
    }
  /** What was asked first that is not allowed, and the answer. */
  | { readonly ok: false; readonly attributes: Attributes; readonly decision: Decision };

export interface ImpersonationOptions {
  /** Whether constrained impersonation is tried first (kubernetes-facts A17). */
  readonly constrained: boolean;
  readonly authorize: (attributes: Attributes) => Decision;
}

/**
 * Whether the real user (`request.user`) may make this request as `wanted`, and who it is then made as.
 *
 * SECURITY: every value is one check of the real user. The impersonated user is built from the headers alone; nothing of
 * the real user is carried over, least of all its `principal`, so access policies are off under impersonation
 * (eks-access-facts C10), whatever extra keys the headers spell.
 */
export function impersonate(
  wanted: WantedUser,
  request: Attributes,
  options: ImpersonationOptions,
): ImpersonationResult {
  let first: ImpersonationResult | undefined;
  for (const mode of options.constrained ? constrainedModes : []) {
    if (!mode.fits(wanted, request.user)) continue;
    const result = tryMode(mode, wanted, request, options);
    if (result.ok) return result;
    first ??= result;
  }
  const legacy = allowed(legacyMode(options), wanted, request.user, options);
  return legacy.ok ? legacy : (first ?? legacy);
}

/** One way to be allowed: the verb that is asked for each value, and what is different about it. */
interface Mode {
  readonly verb: string;
  /** Of users, groups, service accounts and nodes. */
  readonly group: string;
  readonly isConstrained: boolean;
  readonly uidLast: boolean;
  readonly asked?: ConstrainedMode['asked'];
}

const legacyMode = ({ constrained }: ImpersonationOptions): Mode => ({
  verb: 'impersonate',
  group: '',
  isConstrained: false,
  uidLast: !constrained,
});

/** First what is to be done while impersonating, then who may be impersonated. */
function tryMode(
  { name, asked }: ConstrainedMode,
  wanted: WantedUser,
  request: Attributes,
  options: ImpersonationOptions,
): ImpersonationResult {
  const onRequest = { ...request, verb: `impersonate-on:${name}:${request.verb}` };
  const attributes = asked?.(onRequest) ?? onRequest;
  const decision = options.authorize(attributes);
  if (decision.decision !== 'allow') return { ok: false, attributes, decision };
  const mode: Mode = {
    verb: `impersonate:${name}`,
    group: authenticationGroup,
    isConstrained: true,
    uidLast: false,
    ...(asked && { asked }),
  };
  return allowed(mode, wanted, request.user, options);
}

const authenticationGroup = 'authentication.k8s.io';
/** From so many values on, whoever may impersonate all of them is asked about first. */
const manyChecks = 4;

function allowed(
  mode: Mode,
  wanted: WantedUser,
  realUser: UserInfo,
  { authorize }: ImpersonationOptions,
): ImpersonationResult {
  const { username, uid, groups, extra } = wanted;
  const check = (attributes: Partial<ResourceAttributes>): Refusal | undefined => {
    const plain = attributesFor(mode, realUser, attributes);
    const asked = mode.asked?.(plain) ?? plain;
    const decision = authorize(asked);
    return decision.decision === 'allow' ? undefined : { ok: false, attributes: asked, decision };
  };
  const refuse = (attributes: Partial<ResourceAttributes>, reason: string): Refusal => ({
    ok: false,
    attributes: attributesFor(mode, realUser, attributes),
    decision: { decision: 'noOpinion', reason, evidence: { by: 'nothing', misses: [] } },
  });
  const firstOf = (checks: Iterable<Partial<ResourceAttributes>>): Refusal | undefined => {
    for (const attributes of checks) {
      const refusal = check(attributes);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  };

  const checkUid = (): Refusal | undefined =>
    uid === '' ? undefined : check({ apiGroup: authenticationGroup, resource: 'uids', name: uid });

  const checkGroups = (): Refusal | undefined => {
    const target = { apiGroup: mode.group, resource: 'groups' };
    if (mode.isConstrained) {
      if (groups.includes('')) return refuse(target, 'impersonating the empty string group is not allowed');
      if (groups.includes(mastersGroup)) {
        return refuse(
          { ...target, name: mastersGroup },
          `impersonating the ${mastersGroup} group is not allowed`,
        );
      }
      if (groups.length >= manyChecks && check({ ...target, name: '*' }) === undefined) return undefined;
    }
    return firstOf(groups.map((name) => ({ ...target, name })));
  };

  const checkExtra = (): Refusal | undefined => {
    const target = { apiGroup: authenticationGroup, resource: 'userextras' };
    const pairs = [...extra].flatMap(([key, values]) => values.map((name) => ({ key, name })));
    if (pairs.length === 0) return undefined;
    if (mode.isConstrained) {
      const problem = extraProblem(extra);
      if (problem !== undefined) return refuse(target, problem);
      const all = { ...target, subresource: '*', name: '*' };
      if (pairs.length >= manyChecks && check(all) === undefined) return undefined;
    }
    return firstOf(pairs.map(({ key, name }) => ({ ...target, subresource: key, name })));
  };

  const steps = mode.uidLast ? [checkGroups, checkExtra, checkUid] : [checkUid, checkGroups, checkExtra];
  const refusal = check(nameTarget(mode, username));
  if (refusal !== undefined) return refusal;
  for (const step of steps) {
    const found = step();
    if (found !== undefined) return found;
  }
  return {
    ok: true,
    constraint: mode.isConstrained ? mode.verb : undefined,
    user: {
      username,
      uid,
      groups: withSystemGroups(username, givenGroups(mode, wanted)),
      extra: Object.fromEntries(extra),
      impersonated: true,
    },
  };
}

type Refusal = Extract<ImpersonationResult, { readonly ok: false }>;

const mastersGroup = 'system:masters';

function attributesFor(
  { verb }: Mode,
  user: UserInfo,
  attributes: Partial<ResourceAttributes>,
): ResourceAttributes {
  return {
    kind: 'resource',
    user,
    verb,
    apiGroup: '',
    apiVersion: 'v1',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    ...attributes,
  };
}

/** What stands for a username: a user, a service account in its namespace or, in a constrained mode, a node. */
function nameTarget({ group, isConstrained }: Mode, username: string): Partial<ResourceAttributes> {
  const account = serviceAccountOf(username);
  if (account !== undefined) return { apiGroup: group, resource: 'serviceaccounts', ...account };
  const node = isConstrained ? nodeOf(username) : undefined;
  if (node !== undefined) return { apiGroup: group, resource: 'nodes', name: node };
  return { apiGroup: group, resource: 'users', name: username };
}

/** The groups asked for, or where none are those that such a user always has. */
function givenGroups({ isConstrained }: Mode, { username, groups }: WantedUser): readonly string[] {
  if (groups.length > 0) return groups;
  const account = serviceAccountOf(username);
  if (account !== undefined) return ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`];
  return isConstrained && nodeOf(username) !== undefined ? ['system:nodes'] : [];
}

/** kubernetes-facts A16 */
function withSystemGroups(username: string, groups: readonly string[]): readonly string[] {
  const unauthenticated = 'system:unauthenticated';
  const isAnonymous = username === 'system:anonymous';
  if (!isAnonymous && groups.includes(unauthenticated)) return groups;
  const group = isAnonymous ? unauthenticated : 'system:authenticated';
  return groups.includes(group) ? groups : [...groups, group];
}

/** What constrained impersonation does not let through, whoever may impersonate it. */
function extraProblem(extra: WantedUser['extra']): string | undefined {
  for (const [key, values] of extra) {
    if (key === '') return 'impersonating the empty string key in extra is not allowed';
    const invalid = invalidExtraKey(key);
    if (invalid !== undefined) return `impersonating an invalid key in extra is not allowed: ${invalid}`;
    if (key !== key.toLowerCase()) {
      return `impersonating a non-lowercase key in extra is not allowed: ${quote(key)}`;
    }
    if (values.includes('')) return 'impersonating the empty string value in extra is not allowed';
  }
  return undefined;
}
