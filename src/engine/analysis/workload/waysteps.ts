import { stsAudience } from '../../podcredentials/names.ts';
import type { ExplainMiss, ExplainStep } from '../explain/explanation.ts';
import { decidedText, iamHints, type KnownValues, missText, openText } from '../explain/iamtext.ts';
import type { RoleSession } from '../iamworld/answer.ts';
import { openValue } from '../iamworld/opencontext.ts';
import { nearest } from '../policylint/patterns.ts';
import { hostOf } from '../reach/issuers.ts';
import type { ReachCondition, ReachEvidence } from '../reach/step.ts';
import type { WorkloadRefusal, WorkloadRole } from '../reach/workload.ts';
import type { World } from '../world/world.ts';

/** Conditions told of one step, at most. */
const mostTold = 10;

/**
 * role, provider, trust, target, session: how somebody comes from what its containers ask for to credentials, from the
 * decisions that the way itself was judged by. The last step is failed where the way is of no use.
 */
export function waySteps(world: World, way: WorkloadRole): readonly ExplainStep[] {
  const { refusal, mechanism } = way;
  const role = roleStep(world, way);
  if (role.outcome === 'failed') return [role];
  const before = mechanism === 'irsa' ? [role, providerStep(world, way)] : [role];
  if (before.at(-1)?.outcome === 'failed') return before;
  const steps = [...before, trustStep(way), ...targetStep(way)];
  return refusal === undefined ? [...steps, sessionStep(way)] : steps;
}

/** Whom the pods ask for first: of a chain the role that the association names. */
export function firstRole({ via, role }: WorkloadRole): WorkloadRole['role'] {
  return via ?? role;
}

const roleRefusals: readonly WorkloadRefusal['code'][] = ['missingRole', 'otherAccount', 'notARole'];
const providerRefusals: readonly WorkloadRefusal['code'][] = [
  'missingProvider',
  'otherAudience',
  'otherIssuer',
];

function roleStep({ principals, snapshot }: World, way: WorkloadRole): ExplainStep {
  const { refusal } = way;
  const { arn, accountId } = firstRole(way);
  if (refusal !== undefined && roleRefusals.includes(refusal.code)) {
    const isOther = refusal.code === 'otherAccount';
    return {
      ...step('role', 'failed', refusal.code, refusal.message),
      misses: namesakes(principals, arn),
      hint: isOther
        ? 'name a role of the account of the cluster, and the role of the other account as its target: --target-role-arn'
        : 'name a role that exists, with its path, or make it',
    };
  }
  const isKnown = principals.named(arn)?.record.arn === arn;
  if (isKnown) return step('role', 'passed', 'exists', `role \`${arn}\` exists`);
  const reason = snapshot.gaps.length === 0 ? '' : ', or not wholly';
  return step(
    ...(['role', 'notVerified', 'roleNotRead'] as const),
    `role \`${arn}\` is taken to exist: the IAM of account \`${accountId}\` was not read${reason}`,
  );
}

/** One of the same name with another path, or of nearly the same name. */
function namesakes(principals: World['principals'], wanted: string): readonly ExplainMiss[] {
  const known = principals.named(wanted)?.record.arn;
  if (known === wanted) return [];
  if (known !== undefined)
    return [{ code: 'otherPath', message: `there is a role \`${known}\`: a role's path is part of its ARN` }];
  const arns = principals.all.flatMap(({ kind, record }) => (kind === 'role' ? [record.arn] : []));
  const near = nearest(wanted, arns);
  return near === undefined ? [] : [{ code: 'nearName', message: `there is a role \`${near}\`` }];
}

function providerStep(world: World, way: WorkloadRole): ExplainStep {
  const { refusal, token, cluster, role } = way;
  const { issuer } = cluster.cluster;
  if (refusal !== undefined && providerRefusals.includes(refusal.code)) {
    return {
      ...step('provider', 'failed', refusal.code, refusal.message),
      misses: otherProviders(world, way),
      hint: providerHints[refusal.code] ?? providerHints.missingProvider ?? '',
    };
  }
  const { provider = '', audience = stsAudience } = token ?? {};
  const { name } = cluster.cluster;
  const accountId = role.accountId;
  const isThere = world.principals.account(accountId)?.oidcProviders.some(({ arn }) => arn === provider);
  const has = `account \`${accountId}\` has an OIDC provider for`;
  if (issuer === undefined) {
    const taken = `\`https://${hostOf(provider)}\`, which is taken to issue the tokens of cluster \`${name}\`: the issuer was not read`;
    return step('provider', 'notVerified', 'issuerNotRead', isThere ? `${has} ${taken}` : taken);
  }
  if (isThere === true) {
    const takes = `the cluster's issuer \`${issuer}\`, which takes tokens for \`${audience}\``;
    return step('provider', 'passed', 'provider', `${has} ${takes}`);
  }
  return {
    ...step('provider', 'notVerified', 'providerNotRead', `${has} \`${issuer}\`, it is taken: none was read`),
    hint: `look with: aws iam list-open-id-connect-providers; where it is missing: ${providerHints.missingProvider}`,
  };
}

const providerHints: Partial<Record<WorkloadRefusal['code'], string>> = {
  missingProvider: 'make the provider in the account of the role: `aws iam create-open-id-connect-provider`',
  otherAudience:
    'have the provider take the audience: `aws iam add-client-id-to-open-id-connect-provider`; or annotate the service account with one that it takes',
  otherIssuer: 'let the role trust the provider of this cluster: `aws iam update-assume-role-policy`',
};

/** What looks alike: providers of other clusters. */
function otherProviders({ principals }: World, way: WorkloadRole): readonly ExplainMiss[] {
  const { accountId } = firstRole(way);
  const { issuer = '' } = way.cluster.cluster;
  return (principals.account(accountId)?.oidcProviders ?? []).slice(0, 3).map(({ arn, clientIds }) => ({
    code: 'otherProvider',
    message:
      hostOf(arn) === hostOfIssuer(issuer)
        ? `provider \`${arn}\` takes tokens for ${listed(clientIds)}`
        : `account \`${accountId}\` has a provider for \`https://${hostOf(arn)}\``,
  }));
}

function trustStep(way: WorkloadRole): ExplainStep {
  const { arn } = firstRole(way);
  const evidence = way.evidence.filter((one) => one.kind === 'iam' && one.resource === arn);
  const asked = way.refusal?.asked;
  return permissionStep('trust', way, {
    evidence,
    refused: asked?.resource === arn ? asked : undefined,
    isLast: way.via === undefined,
  });
}

function targetStep(way: WorkloadRole): readonly ExplainStep[] {
  const { via, role, refusal, association } = way;
  if (via === undefined || refusal?.asked?.resource === via.arn) return [];
  if (refusal !== undefined && refusal.asked === undefined)
    return [
      {
        ...step('target', 'failed', refusal.code, refusal.message),
        hint: 'name a target role that exists, with its path, or make it',
      },
    ];
  const found = permissionStep('target', way, {
    evidence: way.evidence.filter((one) => one.kind === 'iam' && one.resource === role.arn),
    refused: refusal?.asked,
    isLast: true,
  });
  const externalId = association?.externalId;
  return [
    externalId === undefined || found.outcome === 'failed'
      ? found
      : { ...found, message: `${found.message}, with external id \`${externalId}\`` },
  ];
}

/** Permissions of one step, which the deciders gave, or the one that they refused. */
function permissionStep(
  name: 'trust' | 'target',
  way: WorkloadRole,
  {
    evidence,
    refused,
    isLast,
  }: {
    readonly evidence: readonly ReachEvidence[];
    readonly refused: WorkloadRefusal['asked'];
    /** What the way depends on is told with its last step. */
    readonly isLast: boolean;
  },
): ExplainStep {
  if (refused !== undefined) {
    const { action, resource, decision } = refused;
    const known = knownValues(way);
    return {
      ...step(name, 'failed', decision.decision, decidedText(decision, action, resource)),
      misses: decision.misses.map((miss) => missText(miss, known)),
      hint:
        decision.decision === 'explicitDeny'
          ? 'a deny wins over every allow: narrow or remove that statement'
          : name === 'trust'
            ? `have the trust policy of the role allow \`${action}\` to ${trusted(way)}`
            : iamHints[decision.step],
      evidence: { kind: 'iam', decision },
    };
  }
  const message =
    evidence.length === 0 ? 'taken to be allowed: nothing of it was read' : allowedText(evidence);
  const decisions = evidence.flatMap((one) => (one.kind === 'iam' ? [one.decision] : []));
  const [decision] = decisions;
  const shown = decision === undefined ? {} : { evidence: { kind: 'iam', decision } as const };
  if (!isLast || way.certainty === 'always')
    return { ...step(name, 'passed', decision?.step ?? 'allowed', message), ...shown };
  return {
    ...step(name, 'notVerified', 'depends', `it depends: ${message}`),
    misses: way.conditions.slice(0, mostTold).map((one) => ({ code: one.kind, message: conditionText(one) })),
    ...shown,
  };
}

/** `statement 1 of … allows `sts:AssumeRole` and `sts:TagSession` on …`: what one statement allows is told once. */
function allowedText(evidence: readonly ReachEvidence[]): string {
  const byDecision = new Map<
    string,
    { readonly actions: string[]; readonly text: (what: string) => string }
  >();
  const told = new Set<string>();
  for (const one of evidence) {
    // What both sides allow is asked of one side again: the first answer says it all.
    if (one.kind !== 'iam' || told.has(`${one.action} ${one.resource}`)) continue;
    const { decision, action, resource } = one;
    told.add(`${action} ${resource}`);
    const text = (what: string): string => decidedText(decision, what, resource);
    const known = byDecision.get(text(''));
    if (known === undefined) byDecision.set(text(''), { actions: [action], text });
    else known.actions.push(action);
  }
  return [...byDecision.values()].map(({ actions, text }) => text(actions.join('` and `'))).join('; ');
}

/** What it depends on, in one line. */
export function conditionText(condition: ReachCondition): string {
  return condition.kind === 'assumption' ? `only if ${condition.message}` : openText(condition);
}

function trusted({ mechanism, token, account, cluster }: WorkloadRole): string {
  const sub = `system:serviceaccount:${account.namespace}:${account.name}`;
  if (mechanism === 'irsa')
    return `\`${sub}\` of provider \`${token?.provider ?? hostOfIssuer(cluster.cluster.issuer ?? '')}\``;
  return 'service `pods.eks.amazonaws.com`';
}

/** What the request has that a trust policy compares: of the token, or of the session's tags. */
export function knownValues({ mechanism, token, account, session, association }: WorkloadRole): KnownValues {
  const values = new Map<string, string>();
  if (mechanism === 'irsa') {
    const host = hostOf(token?.provider ?? '').toLowerCase();
    values.set(`${host}:sub`, `system:serviceaccount:${account.namespace}:${account.name}`);
    values.set(`${host}:aud`, token?.audience ?? stsAudience);
  }
  for (const [key, value] of Object.entries(session.tags)) {
    if (typeof value !== 'string') continue;
    for (const family of ['requesttag', 'principaltag', 'resourcetag'])
      values.set(`aws:${family}/${key}`, value);
  }
  if (association?.externalId !== undefined) values.set('sts:externalid', association.externalId);
  return (key) => values.get(key.toLowerCase());
}

function sessionStep({ role, session }: WorkloadRole): ExplainStep {
  const arn = role.arn.replace(/:iam::(\d+):role\/(?:.*\/)?([^/]+)$/, ':sts::$1:assumed-role/$2/SESSION');
  const tags = tagText(session);
  const policy = session.policy === undefined ? '' : ', narrowed by the session policy of the association';
  return step('session', 'passed', 'session', `its containers call AWS as \`${arn}\`${tags}${policy}`);
}

function tagText({ tags }: RoleSession): string {
  const known = Object.entries(tags).filter(([, value]) => value !== openValue);
  if (Object.keys(tags).length === 0) return '';
  return `, with ${known.map(([key, value]) => `\`${key}=${String(value)}\``).join(', ')} as aws:PrincipalTag`;
}

function step(
  name: ExplainStep['step'],
  outcome: ExplainStep['outcome'],
  code: string,
  message: string,
): ExplainStep {
  return { step: name, outcome, code, message, misses: [] };
}

function listed(texts: readonly string[]): string {
  return texts.length === 0 ? 'nobody' : texts.map((text) => `\`${text}\``).join(', ');
}

/** An issuer as providers are named after it. */
export function hostOfIssuer(issuer: string): string {
  return issuer.replace(/^https:\/\//, '');
}
