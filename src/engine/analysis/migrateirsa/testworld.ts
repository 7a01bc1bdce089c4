import type {
  Gap,
  SnapshotAccount,
  SnapshotCluster,
  SnapshotRole,
  SnapshotServiceAccount,
} from '../snapshot/snapshot.ts';
import { testArn, testRole, testWorld } from '../testworld.ts';
import { planIrsaMigration } from './create.ts';
import type { IrsaPlan } from './plan.ts';
import { type IrsaProof, proveIrsaMigration } from './proof.ts';

export const issuerHost = 'oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE';
export const providerArn = `arn:aws:iam::111122223333:oidc-provider/${issuerHost}`;

export const policy = (...statements: readonly object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });

/** A statement for tokens of these subjects; with a star it compares patterns. */
export const tokenStatement = (subjects: string | readonly string[], condition: object = {}): object => {
  const isPattern = [subjects].flat().some((subject) => /[*?]/.test(subject));
  return {
    ...{ Effect: 'Allow', Principal: { Federated: providerArn }, Action: 'sts:AssumeRoleWithWebIdentity' },
    Condition: {
      [isPattern ? 'StringLike' : 'StringEquals']: { [`${issuerHost}:sub`]: subjects },
      ...condition,
    },
  };
};

export const sub = (account: string): string => `system:serviceaccount:${account.replace('/', ':')}`;

/** A role that tokens of these service accounts (`shop/api`) have. */
export const irsaRole = (
  name: string,
  accounts: readonly string[],
  change: Partial<SnapshotRole> = {},
): SnapshotRole => testRole(name, { trustPolicy: policy(tokenStatement(accounts.map(sub))), ...change });

/** `shop/api` with the annotation for a role, by its name or ARN; without one where none is given. */
export function account(text: string, role?: string): SnapshotServiceAccount {
  const [namespace = '', name = ''] = text.split('/');
  const roleArn = role === undefined || role.startsWith('arn:') ? role : testArn(`role/${role}`);
  return { namespace, name, ...(roleArn !== undefined && { roleArn }) };
}

export function migrate(
  roles: readonly SnapshotRole[],
  serviceAccounts: readonly SnapshotServiceAccount[],
  {
    account: ofAccount = {},
    gaps = [],
    ...cluster
  }: {
    readonly account?: Partial<SnapshotAccount>;
    readonly gaps?: readonly Gap[];
  } & Partial<SnapshotCluster> = {},
): { readonly plan: IrsaPlan; readonly proof: IrsaProof } {
  const made = testWorld({
    gaps,
    account: {
      roles,
      oidcProviders: [{ arn: providerArn, url: issuerHost, clientIds: ['sts.amazonaws.com'] }],
      ...ofAccount,
    },
    cluster: {
      ...{ issuer: `https://${issuerHost}`, podIdentityAssociations: [], serviceAccounts },
      namespaces: [...new Set(serviceAccounts.map(({ namespace }) => namespace))],
      ...cluster,
    },
  });
  const plan = planIrsaMigration(made.world, made.cluster);
  return { plan, proof: proveIrsaMigration(made.world, made.cluster, plan) };
}

export const outcomes = ({ accounts }: IrsaPlan): readonly string[] =>
  accounts.map(
    ({ namespace, name, outcome, code }) =>
      `${namespace}/${name} ${outcome}${code === undefined ? '' : ` ${code}`}`,
  );

export const associated = ({ associations }: IrsaPlan): readonly string[] =>
  associations.map(
    ({ namespace, serviceAccount, roleArn }) =>
      `${namespace}/${serviceAccount} ${roleArn.slice(roleArn.lastIndexOf('/') + 1)}`,
  );

export const changes = ({ pairs }: IrsaProof): readonly string[] =>
  pairs.map(
    ({ step, namespace, serviceAccount, roleArn, verdict }) =>
      `${step}: ${namespace}/${serviceAccount} ${verdict} ${roleArn.slice(roleArn.lastIndexOf('/') + 1)}`,
  );
