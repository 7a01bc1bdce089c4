import { parsePrincipalArn } from '../../arn/principalarn.ts';
import type { IamDecision } from '../../iam/decision.ts';
import type { IamQuestion } from '../iamworld/answer.ts';
import { createIamWorld } from '../iamworld/iamworld.ts';
import type { Snapshot, SnapshotAccount } from '../snapshot/snapshot.ts';
import { createPrincipals } from '../world/principals.ts';
import type { World } from '../world/world.ts';
import { awsCommand } from './awscommand.ts';
import { freeName } from './proposals/candidate.ts';

/** A statement that was tried on a copy of the snapshot: with it the call is allowed. */
export interface IamChange {
  readonly summary: string;
  readonly statement: Readonly<Record<string, unknown>>;
  readonly commands: readonly string[];
  /** False: allowed where its other conditions are met, which the snapshot does not tell. */
  readonly certain: boolean;
}

/**
 * The one statement that would allow exactly this action on exactly this resource: among the principal's own policies, or
 * in the trust policy of the role that is wanted. Empty where a statement does not help: a deny, a boundary, an organization.
 */
export function smallestIamChange(
  world: World,
  question: IamQuestion,
  decision: IamDecision,
): readonly IamChange[] {
  if (decision.decision !== 'implicitDeny') return [];
  const changed =
    decision.step === 'identity'
      ? ownStatement(world, question)
      : decision.step === 'trust'
        ? trustStatement(world, question)
        : undefined;
  if (changed === undefined) return [];
  const { accounts, ...change } = changed;
  const snapshot: Snapshot = { ...world.snapshot, accounts };
  const after = createIamWorld({ ...world, snapshot, principals: createPrincipals(accounts) }).ask(question);
  return after.certainty === 'never' ? [] : [{ ...change, certain: after.certainty === 'always' }];
}

type Changed = Omit<IamChange, 'certain'> & { readonly accounts: readonly SnapshotAccount[] };

function ownStatement(
  { snapshot, principals }: World,
  { subject, action, resource }: IamQuestion,
): Changed | undefined {
  const known = principals.named(subject.arn);
  if (known === undefined || known.record.arn !== subject.arn) return undefined;
  const { kind, record } = known;
  const policyName = freeName(`allow-${action.replace(/[^\w]+/g, '-').toLowerCase()}`, (name) =>
    Object.hasOwn(record.inlinePolicies, name),
  );
  const statement = { Effect: 'Allow', Action: action, Resource: resource };
  const document = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  return {
    summary: `give ${kind} \`${record.name}\` an inline policy that allows this alone`,
    statement,
    commands: [
      awsCommand('iam', `put-${kind}-policy`, {
        ...{ [`${kind}-name`]: record.name, 'policy-name': policyName, 'policy-document': document },
      }),
    ],
    accounts: withPrincipal(snapshot.accounts, subject.accountId, kind, record.arn, (one) => ({
      ...one,
      inlinePolicies: { ...one.inlinePolicies, [policyName]: document },
    })),
  };
}

/** The trust policy as it is, with a statement for the principal at its end. */
function trustStatement(
  { snapshot, principals }: World,
  { subject, action, resource }: IamQuestion,
): Changed | undefined {
  const role = principals.named(resource);
  if (role?.kind !== 'role' || role.record.arn !== resource || parsePrincipalArn(subject.arn) === undefined)
    return undefined;
  const trust = parsed(role.record.trustPolicy);
  if (trust === undefined) return undefined;
  const statement = { Effect: 'Allow', Principal: { AWS: subject.arn }, Action: action };
  const { Statement = [] } = trust;
  const document = JSON.stringify({
    ...trust,
    Statement: [...(Array.isArray(Statement) ? Statement : [Statement]), statement],
  });
  return {
    summary: `let role \`${role.record.name}\` trust \`${subject.arn}\``,
    statement,
    commands: [
      awsCommand('iam', 'update-assume-role-policy', {
        ...{ 'role-name': role.record.name, 'policy-document': document },
      }),
    ],
    accounts: withPrincipal(snapshot.accounts, role.accountId, 'role', resource, (one) =>
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
