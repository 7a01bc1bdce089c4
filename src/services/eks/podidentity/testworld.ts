import type { PodIdentityAssociation, PodIdentityAssociationSummary } from '@aws-sdk/client-eks';
import type { ClusterRecord } from '../../../storage/records/eks.ts';
import { clusterKey } from '../../../storage/records/keys.ts';
import {
  account,
  aNoon,
  type CallOptions,
  createApiCluster,
  createWorld,
  otherAccount,
  region,
  type World,
} from '../testworld.ts';
import { creationOf } from './record.ts';

/** For tests: what the guide tells everybody to write (eks-access-facts J7). */
export const podTrust = trustPolicy(['sts:AssumeRole', 'sts:TagSession']);

export function trustPolicy(Action: string | readonly string[], more: object = {}): string {
  const Principal = { Service: 'pods.eks.amazonaws.com' };
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal, Action, ...more }],
  });
}

/** A world with the cluster `prod` and the role of `association`. */
export async function createPodWorld(): Promise<World> {
  const world = await createWorld();
  await createApiCluster(world);
  await addPodRole(world, 'pods');
  return world;
}

/** A role that pods can get; its ARN. */
export function addPodRole(world: World, name: string, path = '/'): Promise<string> {
  return world.add('role', name, { path, trustPolicy: podTrust });
}

export const association = {
  clusterName: 'prod',
  namespace: 'shop',
  serviceAccount: 'cart',
  roleArn: `arn:aws:iam::${account}:role/pods`,
} as const;

export const allowRead = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }],
});
export const target = `arn:aws:iam::${otherAccount}:role/bucket`;
/** Of `association` with a target role (J10). */
export const externalId = `${region}/${account}/prod/shop/cart`;

export const refused = {
  noRole: 'InvalidParameterException: Role provided in the request does not exist.',
  crossAccount: 'AccessDeniedException: Cross-account pass role is not allowed.',
  needsNoTags: 'InvalidParameterException: When policy is specified, disableSessionTags must be set to true',
};

type Answered = PodIdentityAssociation & { readonly associationId: string };

interface Page {
  readonly associations: readonly PodIdentityAssociationSummary[];
  readonly nextToken?: string;
}

export type PodIdentityCalls = ReturnType<typeof callsOf>;

/** The operations on associations of the cluster `prod`. */
export function callsOf(world: World) {
  const associationOf = async (verb: string, input: object, options?: CallOptions): Promise<Answered> => {
    const operation = `${verb}PodIdentityAssociation`;
    const answer = await world.call<{ readonly association: Answered }>(operation, input, options);
    return answer.association;
  };
  const named = (associationId: string) => ({ clusterName: 'prod', associationId });
  return {
    /** `association` with changes. */
    create: (change: object = {}, options?: CallOptions) =>
      associationOf('Create', { ...association, ...change }, options),
    described: (associationId: string) => associationOf('Describe', named(associationId)),
    update: (associationId: string, change: object, options?: CallOptions) =>
      associationOf('Update', { ...named(associationId), ...change }, options),
    end: (associationId: string) => associationOf('Delete', named(associationId)),
    list: (filter: object = {}) =>
      world.call<Page>('ListPodIdentityAssociations', { clusterName: 'prod', ...filter }),
  };
}

/** Keys of everything that is stored of associations. */
export async function storedKeys({ storage }: World): Promise<readonly string[]> {
  const { entries } = await storage.list({ prefix: 'pod-identity' });
  return entries.map(({ key }) => key);
}

/** Puts associations as they are stored, which is quicker than to make them: 50 namespaces, one name after the other. */
export async function seed({ storage }: World, count: number): Promise<void> {
  const key = clusterKey(account, region, 'prod');
  const cluster = JSON.parse((await storage.get(key))?.value ?? '') as ClusterRecord;
  const changes = Array.from(
    { length: count },
    (_, i) =>
      creationOf(cluster, {
        associationId: `a-${String(i).padStart(17, '0')}`,
        namespace: `n${String(i % 50).padStart(2, '0')}`,
        serviceAccount: `s${String(i).padStart(4, '0')}`,
        roleArn: association.roleArn,
        disableSessionTags: false,
        tags: {},
        createdAt: aNoon,
        modifiedAt: aNoon,
      }).changes,
  );
  await storage.commit({ changes: changes.flat() });
}
