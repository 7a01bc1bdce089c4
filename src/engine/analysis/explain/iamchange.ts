import { parsePrincipalArn } from '../../arn/principalarn.ts';
import type { IamDecision } from '../../iam/decision.ts';
import type { IamQuestion } from '../iamworld/answer.ts';
import { createIamWorld } from '../iamworld/iamworld.ts';
import type { SnapshotAccount } from '../snapshot/snapshot.ts';
import { createPrincipals } from '../world/principals.ts';
import type { World } from '../world/world.ts';
import { awsCommand } from './awscommand.ts';
import { freeName } from './proposals/candidate.ts';

/** Statements that were tried on a copy of the snapshot: with them the call is allowed. */
export interface IamChange {
  readonly summary: string;
  /** One of the principal's own, one of the wanted role's trust policy, or both. */
  readonly statements: readonly Readonly<Record<string, unknown>>[];
  /** One for each statement. */
  readonly commands: readonly string[];
  /** False: allowed where its other conditions are met, which the snapshot does not tell. */
  readonly certain: boolean;
}

/**
 * The statements that would allow exactly this action on exactly this resource: among the principal's own policies, in the
 * trust policy of the role that is wanted, or in both. Empty where no statement helps: a deny, a boundary, an organization.
 */
export function smallestIamChange(
  world: World,
  question: IamQuestion,
  decision: IamDecision,
): readonly IamChange[] {
  const steps = new Set<IamDecision['step']>();
  const made: Changed[] = [];
  let at = world;
  let now = decision;
  // A role of another account has to trust the principal, whose own policies have to allow it as well (iam-facts E11).
  while (now.decision === 'implicitDeny' && !steps.has(now.step)) {
    steps.add(now.step);
    const changed =
      now.step === 'identity'
        ? ownStatement(at, question)
        : now.step === 'trust'
          ? trustStatement(at, question)
          : undefined;
    if (changed === undefined) return [];
    made.push(changed);
    const { accounts } = changed;
    const { gaps } = world.snapshot;
    at = {
      ...world,
      snapshot: { ...world.snapshot, accounts },
      principals: createPrincipals(accounts, gaps),
    };
    const after = createIamWorld(at).ask(question);
    if (after.certainty !== 'never') {
      return [
        {
          summary: made.map(({ summary }) => summary).join(', and '),
          statements: made.map(({ statement }) => statement),
          commands: made.map(({ command }) => command),
          certain: after.certainty === 'always',
        },
      ];
    }
    now = after.decision;
  }
  return [];
}

/** One statement, the command that adds it, and the accounts as they are then. */
export interface Changed {
  readonly summary: string;
  readonly statement: Readonly<Record<string, unknown>>;
  readonly command: string;
  readonly accounts: readonly SnapshotAccount[];
}

/** An inline policy of the principal's own that allows this alone; undefined where nobody can give it one. */
export function ownStatement(
  { snapshot, principals }: World,
  {
    subject,
    action,
    resource,
    condition,
    whom = '',
  }: Pick<IamQuestion, 'subject' | 'resource'> & {
    readonly action: string | readonly string[];
    /** A Condition block, that narrows it to some sessions, and who these are. */
    readonly condition?: Readonly<Record<string, unknown>>;
    readonly whom?: string;
  },
): Changed | undefined {
  const known = principals.named(subject.arn);
  if (known === undefined || known.record.arn !== subject.arn) return undefined;
  const { kind, record } = known;
  // AWS alone changes what is in these (iam-facts J17): what IAM Identity Center assigns, and what a service has.
  if (/:role\/aws-(?:reserved|service-role)\//.test(record.arn)) return undefined;
  const named = [action].flat()[0] ?? '';
  const policyName = freeName(`allow-${named.replace(/[^\w]+/g, '-').toLowerCase()}`, (name) =>
    Object.hasOwn(record.inlinePolicies, name),
  );
  const statement = {
    ...{ Effect: 'Allow', Action: action, Resource: resource },
    ...(condition && { Condition: condition }),
  };
  const document = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  return {
    summary: `give ${kind} \`${record.name}\` an inline policy that allows this alone${whom}`,
    statement,
    command: awsCommand('iam', `put-${kind}-policy`, {
      ...{ [`${kind}-name`]: record.name, 'policy-name': policyName, 'policy-document': document },
    }),
    accounts: withPrincipal(snapshot.accounts, subject.accountId, kind, record.arn, (one) => ({
      ...one,
      inlinePolicies: { ...one.inlinePolicies, [policyName]: document },
    })),
  };
}

function trustStatement(world: World, { subject, action, resource }: IamQuestion): Changed | undefined {
  if (parsePrincipalArn(subject.arn) === undefined) return undefined;
  const statement = { Effect: 'Allow', Principal: { AWS: subject.arn }, Action: action };
  const isForeign = parsePrincipalArn(resource)?.accountId !== subject.accountId;
  return withTrust(world, resource, { statement, whom: `\`${subject.arn}\``, isForeign });
}

/** The trust policy of the role as it is, with a statement at its end; undefined where nobody can change it. */
export function withTrust(
  { snapshot, principals }: World,
  roleArn: string,
  {
    statement,
    whom,
    isForeign,
  }: {
    readonly statement: Readonly<Record<string, unknown>>;
    /** Who is trusted then, for the summary. */
    readonly whom: string;
    /** The role is of another account than the rest: then the summary says which. */
    readonly isForeign: boolean;
  },
): Changed | undefined {
  const role = principals.named(roleArn);
  if (
    role?.kind !== 'role' ||
    role.record.arn !== roleArn ||
    /:role\/aws-(?:reserved|service-role)\//.test(roleArn)
  )
    return undefined;
  const trust = parsed(role.record.trustPolicy);
  if (trust === undefined) return undefined;
  const { Statement = [] } = trust;
  const document = JSON.stringify({
    ...trust,
    Statement: [...(Array.isArray(Statement) ? Statement : [Statement]), statement],
  });
  return {
    summary: `let role \`${role.record.name}\` trust ${whom}${isForeign ? ` (in account \`${role.accountId}\`)` : ''}`,
    statement,
    command: awsCommand('iam', 'update-assume-role-policy', {
      ...{ 'role-name': role.record.name, 'policy-document': document },
    }),
    accounts: withPrincipal(snapshot.accounts, role.accountId, 'role', roleArn, (one) =>
      'trustPolicy' in one ? { ...one, trustPolicy: document } : one,
    ),
  };
}

function withPrincipal<Record extends SnapshotAccount['users'][number] | SnapshotAccount['roles'][number]>(
  accounts: readonly SnapshotAccount[],
  accountId: string,
  kind: 'user' | 'role',
  arn: string,
  change: (record: Record) => Record,
): readonly SnapshotAccount[] {
  const list = kind === 'user' ? 'users' : 'roles';
  return accounts.map((account) =>
    account.accountId === accountId
      ? { ...account, [list]: account[list].map((one) => (one.arn === arn ? change(one as Record) : one)) }
      : account,
  );
}

function parsed(document: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(document);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
