import { isAccountId, parseArn } from '../../arn/arn.ts';
import { parsePrincipalArn } from '../../arn/principalarn.ts';
import type { EvaluationStep, IamDecision } from '../../iam/decision.ts';
import { evaluate, type PolicySet } from '../../iam/evaluate.ts';
import { contextKey, type RequestPrincipal } from '../../iam/request.ts';
import type { SnapshotAccessEntry } from '../snapshot/snapshot.ts';
import { principalOf } from '../world/callers.ts';
import type { KnownPrincipal } from '../world/principals.ts';
import { anySession } from '../world/sessions.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { type Allowers, createAllowers } from './allowers.ts';
import type { IamAnswer, IamCondition, IamQuestion, RoleSession } from './answer.ts';
import { openConditions } from './conditions.ts';
import {
  eksResourceKeys,
  type FindEntry,
  iamResourceKeys,
  inheritedKeys,
  momentKeys,
  outsiderKeys,
  requestKeys,
  roleSessionKeys,
  sessionKeys,
} from './knownkeys.ts';
import { type KnownKeys, noKeys, OpenContext } from './opencontext.ts';
import { unreadPolicy, type WorldPolicy } from './policies.ts';
import { createStandings, policySet, type WorldStanding, type WorldStandings } from './standing.ts';

/** The IAM of a snapshot, ready to be asked; nothing is compiled before it is asked about. */
export interface IamWorld {
  /**
   * By the policies of the user (and its groups) or the role, its boundary, the guardrails and, where somebody wants a
   * session of a role, the role's trust policy: what the server asks. Resource policies of other services are in no snapshot.
   */
  ask(question: IamQuestion): IamAnswer;
  /** The same once the principal has changed what it may: guardrails and trust policies still limit it. */
  askRaised(question: IamQuestion, raise: Raise): IamAnswer;
  /** May a service, or somebody whom an OIDC provider vouches for, have a session of the role? By its trust policy. */
  askOutsider(question: OutsiderQuestion): IamAnswer;
  /** Who has a statement that may allow the action there: whoever is not among them is not allowed it by policies of its own. */
  readonly allowers: Allowers;
  readonly standings: WorldStandings;
}

/** What somebody changed about itself before it asks; nothing is changed by `{}`. */
export interface Raise {
  /**
   * A policy that allows everything: `more`, beside what its own ones deny, or `only`, in their place. `only` is also how one
   * asks about a principal that somebody has yet to make.
   */
  readonly everything?: 'more' | 'only';
  /** Policies it got, of groups it joined or attached. */
  readonly extra?: readonly WorldPolicy[];
  readonly withoutBoundary?: true;
}

export interface OutsiderQuestion {
  readonly outsider: Extract<RequestPrincipal, { kind: 'service' | 'federated' }>;
  readonly action: string;
  readonly role: (KnownPrincipal & { readonly kind: 'role' }) | UnreadRole;
  readonly context?: IamQuestion['context'];
  readonly closed?: IamQuestion['closed'];
}

/** A role of an account that was not read: whom it trusts is open. */
export interface UnreadRole {
  readonly kind: 'unreadRole';
  readonly accountId: string;
  readonly arn: string;
}

/** What is asked of the trust policy: these alone (iam-facts E11, E13). */
const trustActions = new Set(['sts:assumerole', 'sts:tagsession', 'sts:setsourceidentity']);

export function createIamWorld(world: World): IamWorld {
  const { principals, snapshot } = world;
  const { partition } = snapshot;
  const standings = createStandings(principals, snapshot.guardrails);
  const moment = momentKeys(world.now);
  const clusters = new Map(snapshot.clusters.map((cluster) => [cluster.arn, cluster]));
  const findEntry = entryFinder(clusters);
  const everything = standings.policies.inline(allowAll, { kind: 'role', name: '' }, 'administrator');

  const sets = new WeakMap<WorldStanding, { readonly best: PolicySet; readonly worst: PolicySet }>();
  const setsOf = (standing: WorldStanding) => {
    let found = sets.get(standing);
    if (found === undefined) {
      found = { best: policySet(standing, 'best'), worst: policySet(standing, 'worst') };
      sets.set(standing, found);
    }
    return found;
  };

  const raised = new WeakMap<Raise, WeakMap<WorldStanding, WorldStanding>>();
  const raisedOf = (own: WorldStanding, raise: Raise): WorldStanding => {
    let ofRaise = raised.get(raise);
    if (ofRaise === undefined) {
      ofRaise = new WeakMap();
      raised.set(raise, ofRaise);
    }
    let found = ofRaise.get(own);
    if (found === undefined) {
      const { boundary, identity, ...others } = own;
      const { everything: has, extra = [], withoutBoundary } = raise;
      const policies = [...(has === 'only' ? [] : identity), ...extra, ...(has ? [everything] : [])];
      found = { ...others, identity: policies, ...(boundary && !withoutBoundary && { boundary }) };
      ofRaise.set(own, found);
    }
    return found;
  };

  const narrowed = new WeakMap<WorldStanding, Map<string, WorldStanding>>();
  /** With the policy of a session. */
  const narrowedTo = (own: WorldStanding, policy: string): WorldStanding => {
    const known = narrowed.get(own) ?? new Map<string, WorldStanding>();
    narrowed.set(own, known);
    let found = known.get(policy);
    if (found === undefined) {
      found = { ...own, session: [standings.policies.session(policy)] };
      known.set(policy, found);
    }
    return found;
  };
  const sessionLayers = ({ arn }: IamSubject, session: RoleSession | undefined): readonly KnownKeys[] =>
    session === undefined ? [] : [sessionKeys(principals.named(arn)?.record.tags, session)];

  const resourceKeys = (action: string, resource: string, inherits: boolean): readonly KnownKeys[] => {
    if (resource === '*') return [];
    const service = parseArn(resource)?.service;
    const keys =
      service === 'eks'
        ? eksResourceKeys(resource, clusters, findEntry)
        : // Tags that a session would pass on beat those of the role it wants (iam-facts F4.6).
          service === 'iam' && !inherits
          ? iamResourceKeys(action, resource, principals)
          : undefined;
    return keys === undefined ? [] : [keys];
  };

  const answer = (
    {
      action,
      resource,
      context = {},
      closed = [],
    }: Pick<IamQuestion, 'action' | 'resource' | 'context' | 'closed'>,
    {
      requesters,
      standing,
      owner,
      trust,
      layers,
    }: {
      /** One for each session that makes a difference. */
      readonly requesters: readonly RequestPrincipal[];
      readonly standing: WorldStanding;
      readonly owner: string;
      readonly trust?: WorldPolicy | undefined;
      readonly layers: readonly KnownKeys[];
    },
  ): IamAnswer => {
    const asked = Object.entries(context);
    const given: KnownKeys =
      asked.length === 0 && closed.length === 0
        ? noKeys
        : {
            values: new Map(asked.map(([key, value]) => [contextKey(key), value])),
            closed: closed.map(contextKey),
          };
    const known = [given, ...layers, moment];
    const { best, worst } = setsOf(standing);
    const evaluateAs = (principal: RequestPrincipal, reading: 'best' | 'worst'): IamDecision => {
      const set = reading === 'best' ? best : worst;
      return evaluate(
        { principal, action, resource, resourceAccountId: owner, context: new OpenContext(known) },
        trust === undefined ? set : { ...set, resource: trust[reading] },
      );
    };
    let refused: IamDecision | undefined;
    let granted: { readonly principal: RequestPrincipal; readonly decision: IamDecision } | undefined;
    let certain: IamDecision | undefined;
    let isCertain = true;
    for (const principal of requesters) {
      const decision = evaluateAs(principal, 'best');
      if (decision.decision !== 'allowed') {
        refused ??= decision;
        isCertain = false;
        continue;
      }
      granted ??= { principal, decision };
      if (!isCertain) continue;
      const surely = evaluateAs(principal, 'worst');
      if (surely.decision === 'allowed') certain ??= surely;
      else isCertain = false;
    }
    if (granted === undefined) {
      return { certainty: 'never', conditions: [], decision: refused ?? implicitDeny('identity') };
    }
    if (isCertain) return { certainty: 'always', conditions: [], decision: certain ?? granted.decision };
    const { principal, decision } = granted;
    let conditions: readonly IamCondition[] | undefined;
    return {
      certainty: 'sometimes',
      decision,
      get conditions() {
        conditions ??= [
          ...(requesters.length > 1 ? sessionConditions(requesters) : []),
          ...openConditions(
            { principal, action, resource, resourceAccountId: owner, context: new OpenContext(known) },
            { standing, trust, decision },
          ),
        ];
        return conditions;
      },
    };
  };

  const askAs = (question: IamQuestion, raise?: Raise): IamAnswer => {
    const { subject, action, resource } = question;
    const lowerAction = action.toLowerCase();
    const wantsRole = trustActions.has(lowerAction);
    if (subject.standing === 'missing') return never('credential');
    // Roles may not be assumed by root (iam-facts I2).
    if (subject.type === 'root' && wantsRole) return never('credential');
    const { session } = question;
    const plain = standings.of(subject);
    const own = session?.policy === undefined ? plain : narrowedTo(plain, session.policy);
    const standing = raise === undefined || subject.type === 'root' ? own : raisedOf(own, raise);
    const owner = question.resourceAccountId ?? ownerOf(resource) ?? subject.accountId;
    const named = wantsRole ? parsePrincipalArn(resource) : undefined;
    const base = {
      standing,
      owner,
      layers: [
        ...(wantsRole ? [roleSessionKeys] : []),
        ...sessionLayers(subject, session),
        own.keys,
        requestKeys(action, resource, { partition, owner }),
        ...(wantsRole && session !== undefined ? [inheritedKeys(session)] : []),
        ...resourceKeys(action, resource, wantsRole && own.taggable && session === undefined),
      ],
    };
    if (question.isOwnOnly === true) {
      const requesters = [principalOf(subject, partition, anySession)];
      return answer(question, { ...base, owner: subject.accountId, requesters });
    }
    if (named?.kind !== 'role') {
      // No policy of ours is on anything but a role: nothing opens a resource of another account.
      if (owner !== subject.accountId && owner !== 'aws') return never('account');
      const target = owner === 'aws' ? { ...base, owner: subject.accountId } : base;
      return answer(question, { ...target, requesters: [principalOf(subject, partition, anySession)] });
    }
    const known = principals.named(resource);
    if (known?.kind !== 'role' || known.record.arn !== resource) {
      if (principals.isRead(named.accountId)) return never('trust');
      const trust = unreadTrust(resource);
      // What an organization sets for resources of accounts outside of the snapshot is not known (iam-facts E9).
      const { guardrails } = standing;
      const unbound =
        guardrails !== undefined && principals.account(named.accountId) === undefined
          ? { ...standing, guardrails: { ...guardrails, resourceControl: [] } }
          : standing;
      return answer(question, {
        ...base,
        standing: unbound,
        owner: named.accountId,
        trust,
        requesters: [principalOf(subject, partition, anySession)],
      });
    }
    const { trust, sessions } = standings.role(known);
    // Whoever was pinned has that ARN still, as far as anybody can tell of an account that was not read.
    const pinned = subject.standing === 'unlisted' ? known.record.trustedPrincipalIds : undefined;
    const principalId = pinned && Object.hasOwn(pinned, subject.arn) ? pinned[subject.arn] : undefined;
    const asker = principalId === undefined ? subject : { ...subject, principalId };
    return answer(question, {
      ...base,
      owner: known.accountId,
      trust,
      requesters: requestersOf(asker, sessions),
    });
  };

  const requestersOf = (
    subject: IamSubject,
    sessions: ReadonlyMap<string, readonly string[]>,
  ): readonly RequestPrincipal[] => {
    const any = principalOf(subject, partition, anySession);
    if (any.kind !== 'assumedRole' || sessions.size === 0) return [any];
    const names = new Set(sessions.get(`${any.accountId} ${any.roleName}`) ?? []);
    return [any, ...[...names].map((name) => principalOf(subject, partition, name))];
  };

  return {
    standings,
    allowers: createAllowers(principals, standings),
    ask: (question) => askAs(question),
    askRaised: (question, raise) => askAs(question, raise),
    askOutsider({ outsider, action, role, context, closed }) {
      const name = outsider.kind === 'service' ? outsider.name : outsider.provider;
      const isRead = role.kind === 'role';
      const arn = isRead ? role.record.arn : role.arn;
      // What an organization sets for resources of accounts outside of the snapshot is not known (iam-facts E9).
      const guardrails = isRead || principals.account(role.accountId) ? standings.guardrails : undefined;
      const trust = isRead
        ? standings.role(role).trust
        : unreadTrust(arn, { [outsider.kind === 'service' ? 'Service' : 'Federated']: name });
      // A provider vouches in its own account only (iam-facts E12).
      if (outsider.kind === 'federated' && parseArn(outsider.provider)?.accountId !== role.accountId) {
        return never('trust');
      }
      const standing: WorldStanding = {
        identity: [],
        ...(guardrails && { guardrails }),
        keys: noKeys,
        taggable: true,
      };
      const layers = [
        outsiderKeys(outsider.kind, name),
        requestKeys(action, arn, { partition, owner: role.accountId }),
        ...resourceKeys(action, arn, false),
      ];
      const asked = { action, resource: arn, ...(context && { context }), ...(closed && { closed }) };
      return answer(asked, { requesters: [outsider], standing, owner: role.accountId, trust, layers });
    },
  };
}

/** Whom a role trusts that was not read. */
function unreadTrust(arn: string, trusted?: Readonly<Record<string, string>>): WorldPolicy {
  const named = parsePrincipalArn(arn);
  const name = named?.kind === 'role' ? named.name : '';
  return unreadPolicy('trust', { type: 'trust', name }, { kind: 'roleNotRead', arn }, trusted);
}

const allowAll = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}';

function implicitDeny(step: EvaluationStep): IamDecision {
  return { decision: 'implicitDeny', step, statements: [], misses: [] };
}

function never(step: EvaluationStep): IamAnswer {
  return { certainty: 'never', conditions: [], decision: implicitDeny(step) };
}

/** The account in the ARN, or `aws` for what AWS owns for everybody; undefined where none is told. */
function ownerOf(resource: string): string | undefined {
  const accountId = parseArn(resource)?.accountId ?? '';
  return isAccountId(accountId) || accountId === 'aws' ? accountId : undefined;
}

function sessionConditions(requesters: readonly RequestPrincipal[]): readonly IamCondition[] {
  return requesters.flatMap((principal) => {
    const sessionName =
      'arn' in principal ? principal.arn.slice(principal.arn.lastIndexOf('/') + 1) : anySession;
    return sessionName === anySession ? [] : [{ kind: 'session', sessionName } as const];
  });
}

/** Entries of a cluster by kind, account and name without path, which is how ARNs of entries name their principal. */
function entryFinder(
  clusters: ReadonlyMap<string, { readonly accessEntries: readonly SnapshotAccessEntry[] }>,
): FindEntry {
  const indexes = new Map<string, ReadonlyMap<string, SnapshotAccessEntry | undefined>>();
  return (clusterArn, { kind, accountId, name }) => {
    let index = indexes.get(clusterArn);
    if (index === undefined) {
      const found = new Map<string, SnapshotAccessEntry | undefined>();
      for (const entry of clusters.get(clusterArn)?.accessEntries ?? []) {
        const named = parsePrincipalArn(entry.principalArn);
        if (named === undefined) continue;
        const name = 'name' in named ? named.name : 'root';
        const key = `${named.kind} ${named.accountId} ${name}`;
        // Of two that differ in the path alone, ARNs of entries do not tell which is meant.
        found.set(key, found.has(key) ? undefined : entry);
      }
      index = found;
      indexes.set(clusterArn, index);
    }
    return index.get(`${kind} ${accountId} ${name}`);
  };
}
