import { podIdentityAudience, roleAnnotation, stsAudience } from '../../podcredentials/names.ts';
import { awsCommand } from '../explain/awscommand.ts';
import { type Changed, ownStatement, withTrust } from '../explain/iamchange.ts';
import { commandLine } from '../explain/shell.ts';
import type { IamQuestion } from '../iamworld/answer.ts';
import { hostOf } from '../reach/issuers.ts';
import type { WorkloadRole } from '../reach/workload.ts';
import type { SnapshotPodIdentityAssociation } from '../snapshot/snapshot.ts';
import { type Attempt, type AttemptChange, attemptAfter } from './attempt.ts';
import { createAccount, deletePod } from './mechanism.ts';
import { firstRole, hostOfIssuer } from './waysteps.ts';
import { accountOf, associationOf } from './workload.ts';

/** Commands that may help, and how it is after them; whether it helps is asked afterwards. */
export interface Repair {
  readonly summary: string;
  readonly commands: readonly string[];
  readonly after: Attempt;
}

function repair(at: Attempt, summary: string, command: string, change: AttemptChange): Repair {
  return { summary, commands: [command], after: attemptAfter(at, change) };
}

function repairOf(at: Attempt, changed: Changed | undefined): readonly Repair[] {
  if (changed === undefined) return [];
  const { summary, command, accounts } = changed;
  return [repair(at, summary, command, { accounts })];
}

/** The service account that is missing. */
export function makeAccount(at: Attempt): Repair {
  const { cluster, workload } = at;
  const { namespace, serviceAccount: name } = workload;
  return repair(at, `make service account \`${namespace}/${name}\``, createAccount(workload), {
    cluster: { serviceAccounts: [...(cluster.serviceAccounts ?? []), { namespace, name }] },
    workload: { ...workload, standing: 'exists' },
  });
}

/** The controller of the pod makes it again, and it is told what its account has now. */
export function makePodAgain(at: Attempt): readonly Repair[] {
  const { cluster, workload } = at;
  const { pod } = workload;
  if (pod === undefined) return [];
  const { injectedRoleArn: _before, ...plain } = pod;
  const isAssociated = associationOf(cluster, workload) !== undefined;
  const roleArn = accountOf(cluster, workload)?.roleArn;
  const made = {
    ...plain,
    injectedPodIdentity: isAssociated,
    ...(!isAssociated && roleArn !== undefined && { injectedRoleArn: roleArn }),
  };
  return [
    repair(at, 'delete the pod, so that its controller makes it again', deletePod(workload), {
      cluster: { pods: (cluster.pods ?? []).map((one) => (one === pod ? made : one)) },
      workload: { ...workload, pod: made },
    }),
  ];
}

/** An association that gives the account the role; one that is there is changed. */
export function associate(at: Attempt, roleArn: string): Repair {
  const { cluster, workload } = at;
  const { namespace, serviceAccount } = workload;
  const { region, name, podIdentityAssociations: all = [] } = cluster;
  const known = associationOf(cluster, workload);
  if (known !== undefined) {
    return repair(
      at,
      `have the association give role \`${roleArn}\``,
      awsCommand('eks', 'update-pod-identity-association', {
        ...{ region, 'cluster-name': name, 'association-id': known.associationId, 'role-arn': roleArn },
      }),
      { cluster: { podIdentityAssociations: replaced(all, known, { ...known, roleArn }) } },
    );
  }
  const made = { associationId: 'a-new', namespace, serviceAccount, roleArn, disableSessionTags: false };
  return repair(
    at,
    `give service account \`${namespace}/${serviceAccount}\` role \`${roleArn}\` by Pod Identity`,
    awsCommand('eks', 'create-pod-identity-association', {
      ...{ region, 'cluster-name': name, namespace, 'service-account': serviceAccount, 'role-arn': roleArn },
    }),
    { cluster: { podIdentityAssociations: [...all, made] } },
  );
}

/** The annotation of IRSA. */
export function annotate(at: Attempt, roleArn: string): Repair {
  const { cluster, workload } = at;
  const { namespace, serviceAccount: name } = workload;
  const known = accountOf(cluster, workload);
  const annotated = { ...(known ?? { namespace, name }), roleArn };
  const command = [
    'kubectl',
    '-n',
    namespace,
    'annotate',
    'serviceaccount',
    name,
    `${roleAnnotation}=${roleArn}`,
  ];
  return repair(
    at,
    `annotate service account \`${namespace}/${name}\` with role \`${roleArn}\` for IRSA`,
    commandLine(known?.roleArn === undefined ? command : [...command, '--overwrite']),
    {
      cluster: {
        serviceAccounts: [...(cluster.serviceAccounts ?? []).filter((one) => one !== known), annotated],
      },
    },
  );
}

/** What may help where the way that the account has is of no use. */
export function wayRepairs(at: Attempt, way: WorkloadRole): readonly Repair[] {
  const { refusal, mechanism, via, role } = way;
  if (refusal === undefined) return [];
  switch (refusal.code) {
    case 'missingRole':
      return otherPath(at, way);
    case 'missingProvider':
      return makeProvider(at, way);
    case 'otherAudience':
      return takeAudience(at, way);
    case 'otherIssuer': {
      const { issuer } = at.cluster;
      const provider = issuer === undefined ? undefined : providerArn(at, way, issuer);
      return provider === undefined || at.world.principals.account(role.accountId) === undefined
        ? []
        : hasProvider(at, role.accountId, provider)
          ? trustAccount(at, way, provider)
          : makeProvider(at, way);
    }
    case 'notAllowed': {
      const { resource = '', decision } = refusal.asked ?? {};
      if (decision?.decision !== 'implicitDeny') return [];
      if (via === undefined || resource === via.arn)
        return mechanism === 'irsa'
          ? trustAccount(at, way, way.token?.provider ?? '')
          : trustService(at, way);
      return decision.step === 'trust' ? trustChain(at, way) : chainPolicy(at, way);
    }
    case 'otherAccount':
    case 'notARole':
      return [];
    default:
      return refusal.code satisfies never;
  }
}

function otherPath(at: Attempt, way: WorkloadRole): readonly Repair[] {
  if (way.via !== undefined && way.refusal?.message.includes(way.role.arn)) return [];
  const known = at.world.principals.named(firstRole(way).arn);
  if (known?.kind !== 'role') return [];
  return [way.mechanism === 'irsa' ? annotate(at, known.record.arn) : associate(at, known.record.arn)];
}

function providerArn({ world }: Attempt, { role }: WorkloadRole, issuer: string): string {
  return `arn:${world.snapshot.partition}:iam::${role.accountId}:oidc-provider/${hostOfIssuer(issuer)}`;
}

function hasProvider({ world }: Attempt, accountId: string, provider: string): boolean {
  return world.principals.account(accountId)?.oidcProviders.some(({ arn }) => arn === provider) === true;
}

function audienceOf({ cluster, workload }: Attempt): string {
  return accountOf(cluster, workload)?.audience ?? stsAudience;
}

function inAccount({ cluster }: Attempt, accountId: string): string {
  return accountId === cluster.accountId ? '' : ` (in account \`${accountId}\`)`;
}

function makeProvider(at: Attempt, way: WorkloadRole): readonly Repair[] {
  const { issuer } = at.cluster;
  const { accountId } = way.role;
  const account = at.world.principals.account(accountId);
  if (issuer === undefined || account === undefined) return [];
  const arn = providerArn(at, way, issuer);
  const clientIds = [audienceOf(at)];
  return [
    repair(
      at,
      `make an OIDC provider for the issuer of the cluster${inAccount(at, accountId)}`,
      providerCommand(issuer, clientIds),
      { accounts: withProviders(at, accountId, [...account.oidcProviders, { arn, url: issuer, clientIds }]) },
    ),
  ];
}

/** The CLI never fetches this one URL, so that it may stand as it is. */
function providerCommand(issuer: string, clientIds: readonly string[]): string {
  const operation = 'create-open-id-connect-provider';
  return [issuer, ...clientIds].every((one) => /^[a-z][\w.:/-]*$/.test(one) && !/^(?:file|http):/.test(one))
    ? commandLine(['aws', 'iam', operation, '--url', issuer, '--client-id-list', ...clientIds])
    : awsCommand('iam', operation, { url: issuer, 'client-id-list': clientIds });
}

function takeAudience(at: Attempt, way: WorkloadRole): readonly Repair[] {
  const { accountId } = way.role;
  const { issuer } = at.cluster;
  const wanted = way.token?.provider ?? (issuer === undefined ? '' : providerArn(at, way, issuer));
  const providers = at.world.principals.account(accountId)?.oidcProviders ?? [];
  const provider = providers.find(({ arn }) => arn === wanted);
  if (provider === undefined) return [];
  const audience = audienceOf(at);
  if (provider.clientIds.includes(audience)) return trustAccount(at, way, wanted);
  return [
    repair(
      at,
      `have the OIDC provider take tokens for \`${audience}\`${inAccount(at, accountId)}`,
      awsCommand('iam', 'add-client-id-to-open-id-connect-provider', {
        ...{ 'open-id-connect-provider-arn': wanted, 'client-id': audience },
      }),
      {
        accounts: withProviders(
          at,
          accountId,
          providers.map((one) =>
            one.arn === wanted ? { ...one, clientIds: [...one.clientIds, audience] } : one,
          ),
        ),
      },
    ),
  ];
}

type Providers = Attempt['world']['snapshot']['accounts'][number]['oidcProviders'];

function withProviders({ world }: Attempt, accountId: string, oidcProviders: Providers) {
  return world.snapshot.accounts.map((one) =>
    one.accountId === accountId ? { ...one, oidcProviders } : one,
  );
}

/** For this one account: as the guide has it, by subject and audience (eks-access-facts I5). */
function trustAccount(at: Attempt, { role, account }: WorkloadRole, provider: string): readonly Repair[] {
  const host = hostOf(provider);
  const sub = `system:serviceaccount:${account.namespace}:${account.name}`;
  const statement = {
    Effect: 'Allow',
    Principal: { Federated: provider },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { [`${host}:aud`]: audienceOf(at), [`${host}:sub`]: sub } },
  };
  const isForeign = role.accountId !== at.cluster.accountId;
  return repairOf(at, withTrust(at.world, role.arn, { statement, whom: `\`${sub}\``, isForeign }));
}

/** What Pod Identity needs (eks-access-facts J7). */
function trustService(at: Attempt, way: WorkloadRole): readonly Repair[] {
  const Action = ['sts:AssumeRole', 'sts:TagSession'];
  const statement = { Effect: 'Allow', Principal: { Service: podIdentityAudience }, Action };
  const whom = `\`${podIdentityAudience}\``;
  return repairOf(at, withTrust(at.world, firstRole(way).arn, { statement, whom, isForeign: false }));
}

function chainActions({ session, association }: WorkloadRole): string | readonly string[] {
  const isTagged = Object.keys(session.tags).length > 0 && association?.disableSessionTags !== true;
  return isTagged ? ['sts:AssumeRole', 'sts:TagSession'] : 'sts:AssumeRole';
}

function trustChain(at: Attempt, way: WorkloadRole): readonly Repair[] {
  const { via, role, association } = way;
  if (via === undefined) return [];
  const externalId = association?.externalId;
  const statement = {
    ...{ Effect: 'Allow', Principal: { AWS: via.arn }, Action: chainActions(way) },
    ...(externalId !== undefined && { Condition: { StringEquals: { 'sts:ExternalId': externalId } } }),
  };
  const isForeign = role.accountId !== at.cluster.accountId;
  return repairOf(at, withTrust(at.world, role.arn, { statement, whom: `\`${via.arn}\``, isForeign }));
}

function chainPolicy(at: Attempt, way: WorkloadRole): readonly Repair[] {
  const { via, role } = way;
  if (via === undefined) return [];
  return repairOf(
    at,
    ownStatement(at.world, { subject: via, action: chainActions(way), resource: role.arn }),
  );
}

/** A statement of the role's own, or of the session policy that narrows it. */
export function decisionRepairs(at: Attempt, question: IamQuestion, step: string): readonly Repair[] {
  if (step === 'identity')
    return repairOf(at, ownStatement(at.world, { ...question, ...narrowed(at, question) }));
  return step === 'session' ? widenSessionPolicy(at, question) : [];
}

/** Where a session says whose it is, others who have the role need not get anything. */
function narrowed({ workload }: Attempt, { session }: IamQuestion) {
  const { namespace, serviceAccount } = workload;
  const keys = ['eks-cluster-arn', 'kubernetes-namespace', 'kubernetes-service-account'] as const;
  const tags = keys.flatMap((key) => {
    const value = session?.tags[key];
    return typeof value === 'string' ? [[`aws:PrincipalTag/${key}`, value] as const] : [];
  });
  return tags.length === keys.length
    ? {
        condition: { StringEquals: Object.fromEntries(tags) },
        whom: `, for pods of \`${namespace}/${serviceAccount}\``,
      }
    : {};
}

function widenSessionPolicy(at: Attempt, { action, resource }: IamQuestion): readonly Repair[] {
  const { cluster, workload } = at;
  const { region, name, podIdentityAssociations: all = [] } = cluster;
  const known = associationOf(cluster, workload);
  const policy = known?.policy === undefined ? undefined : withStatement(known.policy, action, resource);
  if (known === undefined || policy === undefined) return [];
  return [
    repair(
      at,
      'have the session policy of the association allow this as well',
      awsCommand('eks', 'update-pod-identity-association', {
        ...{ region, 'cluster-name': name, 'association-id': known.associationId, policy },
      }),
      { cluster: { podIdentityAssociations: replaced(all, known, { ...known, policy }) } },
    ),
  ];
}

function withStatement(text: string, action: string, resource: string): string | undefined {
  try {
    const policy = JSON.parse(text) as { readonly Statement?: unknown };
    const added = { Effect: 'Allow', Action: action, Resource: resource };
    return JSON.stringify({ ...policy, Statement: [...[policy.Statement ?? []].flat(), added] });
  } catch {
    return undefined;
  }
}

function replaced(
  all: readonly SnapshotPodIdentityAssociation[],
  known: SnapshotPodIdentityAssociation,
  by: SnapshotPodIdentityAssociation,
): readonly SnapshotPodIdentityAssociation[] {
  return all.map((one) => (one === known ? by : one));
}
