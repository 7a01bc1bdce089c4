import type { Judged, MadeCall } from '../../audit/calls.ts';
import type { Guardrails } from '../../engine/iam/evaluate.ts';
import type { Principal } from '../../engine/iam/principal.ts';
import type { PodSubject, PodTokenAnswer } from '../../engine/podcredentials/podtoken.ts';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import { podIdentityKey } from '../../storage/records/keys.ts';
import type { PodIdentityAssociationRecord } from '../../storage/records/podidentity.ts';
import { asSession, createWorld, document, other, own, roleRecord } from '../authorization/testworld.ts';
import { nobodyIsBlocked } from '../blocked.ts';
import { createCredentialLookup } from '../credentials/lookup.ts';
import type { OperationContext } from '../operation.ts';
import { createSecretBox } from '../secretbox.ts';
import { testContext } from '../testworld.ts';
import type { EksAuthDependencies } from './dependencies.ts';
import { createEksAuthOperations } from './operations.ts';

/** For tests: EKS Auth over a store with a cluster, a node that may ask, and roles for pods. */

export const now = Date.parse('2026-11-21T03:00:00.500Z');
export const issuedAt = Math.floor(now / 1000) * 1000;
const region = 'us-east-1';
const service = 'pods.eks.amazonaws.com';

export const prod: ClusterRecord = {
  clusterId: 'c1',
  accountId: own,
  region,
  name: 'eksworkshop-eksctl',
  arn: `arn:aws:eks:${region}:${own}:cluster/eksworkshop-eksctl`,
  createdAt: 0,
  version: '1.35',
  roleArn: `arn:aws:iam::${own}:role/cluster`,
  authenticationMode: 'API',
  bootstrapClusterCreatorAdminPermissions: false,
  tags: { stage: 'prod' },
  kind: 'builtIn',
  echoed: {},
};

export const subject: PodSubject = {
  namespace: 'team-a',
  serviceAccount: 'shop',
  pod: { name: 'app1-v1-56b9f94b4-dvd5c', uid: '376f3cff-44fe-4a00-b9d4-970555f311d3' },
};

export const tags = [
  { Key: 'eks-cluster-arn', Value: prod.arn },
  { Key: 'eks-cluster-name', Value: prod.name },
  { Key: 'kubernetes-namespace', Value: 'team-a' },
  { Key: 'kubernetes-service-account', Value: 'shop' },
  { Key: 'kubernetes-pod-name', Value: subject.pod.name },
  { Key: 'kubernetes-pod-uid', Value: subject.pod.uid },
];

export type Parts = Readonly<Record<string, unknown>>;

/** What the guide tells everybody to write (eks-access-facts J7), with other parts. */
export const podTrust = (parts: Parts = {}): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: service },
        Action: ['sts:AssumeRole', 'sts:TagSession'],
        ...parts,
      },
    ],
  });

export const node = roleRecord('node', {
  inlinePolicies: { ask: document({ Action: 'eks-auth:AssumeRoleForPodIdentity', Resource: prod.arn }) },
});
export const shopArn = `arn:aws:iam::${own}:role/team/shop`;
export const shop = (trustPolicy = podTrust(), change: object = {}) =>
  roleRecord('shop', { path: '/team/', trustPolicy, ...change });

export const bucketArn = `arn:aws:iam::${other}:role/bucket`;
export const externalId = `${region}/${own}/${prod.name}/team-a/shop`;
/** Of the other account; trusts the account of the cluster unless told otherwise. */
export const bucket = (parts: Parts = {}, change: object = {}) =>
  roleRecord('bucket', {
    accountId: other,
    trustPolicy: podTrust({ Principal: { AWS: own }, ...parts }),
    ...change,
  });

export const association: PodIdentityAssociationRecord = {
  associationId: 'a-1234567890abcdefg',
  namespace: 'team-a',
  serviceAccount: 'shop',
  roleArn: shopArn,
  tags: {},
  createdAt: 0,
  modifiedAt: 0,
  disableSessionTags: false,
};

export interface Answer {
  readonly subject: object;
  readonly audience: string;
  readonly podIdentityAssociation: object;
  readonly assumedRoleUser: { readonly arn: string; readonly assumeRoleId: string };
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
    readonly expiration: Date;
  };
}

export async function createEksAuth(
  change: Partial<EksAuthDependencies> & { readonly guardrails?: Guardrails } = {},
) {
  const { guardrails, ...others } = change;
  const world = createWorld(guardrails && { guardrails });
  const { storage, authorizer } = world;
  const secretBox = createSecretBox(new Uint8Array(32).fill(1));
  const put = (key: string, record: object) =>
    storage.commit({ changes: [{ type: 'put', key, value: JSON.stringify(record) }] });
  const associate = (given: Partial<PodIdentityAssociationRecord> = {}) => {
    const record = { ...association, ...given };
    return put(podIdentityKey(prod.clusterId, record.namespace, record.serviceAccount), record);
  };
  await world.putRole(node);
  await world.putRole(shop());
  await associate();

  /** The one there is. */
  let cluster = prod;
  /** What is found of every token. */
  let answer: PodTokenAnswer = { outcome: 'verified', subject };
  let uuids = 0;
  const operations = createEksAuthOperations({
    storage,
    authorizer,
    secretBox,
    random: {
      bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
      uuid: () => `d1861451-6ee5-4069-ae5d-${String(++uuids).padStart(12, '0')}`,
    },
    partition: 'aws',
    isBlocked: nobodyIsBlocked,
    findCluster: (accountId, inRegion, name) =>
      accountId === own && inRegion === cluster.region && name === cluster.name ? cluster : undefined,
    verifyPodToken: async () => answer,
    ...others,
  });
  const lookup = createCredentialLookup({ storage, secretBox, partition: 'aws' });

  /** What the record of the calls was told, in order, and of which other calls. */
  const judged: Judged[] = [];
  const made: MadeCall[] = [];
  /** As the gateway does it, without signature and wire. */
  const ask = async (
    input: object = {},
    options: { readonly caller?: Principal; readonly region?: string; readonly at?: number } = {},
  ): Promise<Answer> => {
    const operation = operations.AssumeRoleForPodIdentity;
    if (operation === undefined || operation.unsigned) throw new Error('the operation is not served');
    const context: OperationContext = {
      ...testContext(storage),
      caller: options.caller ?? asSession(node, 'i-064d652934ecf0bfc'),
      region: options.region ?? region,
      now: options.at ?? now,
      judged: (told) => void judged.push(told),
      made: (call) => void made.push(call),
    };
    const given = { clusterName: prod.name, token: 'header.claims.signature', ...input };
    const target = await operation.authorization(given, context);
    if (target === undefined) throw new Error('anybody may');
    const { decision, refusal } = await authorizer.authorize(context.caller, target, context);
    if (decision !== 'allowed') throw Object.assign(new Error(refusal?.message), { code: refusal?.code });
    return (await operation.handle(given, context)) as Answer;
  };
  return {
    ...world,
    put,
    associate,
    judged,
    made,
    ask,
    clusterIs: (next: ClusterRecord) => {
      cluster = next;
    },
    /** What the next tokens are found to be. */
    tokensAre: (next: PodTokenAnswer) => {
      answer = next;
    },
    /** `CODE: MESSAGE` of the refusal, or `ok`. */
    outcome: async (...call: Parameters<typeof ask>): Promise<string> => {
      try {
        await ask(...call);
        return 'ok';
      } catch (error) {
        const { code, message } = error as { code?: string; message?: string };
        return `${code}: ${message}`;
      }
    },
    /** Whose the credentials are: the principal that the next call would see. */
    principalOf: async ({ credentials }: Answer, at = now): Promise<Principal> => {
      const found = await lookup(credentials.accessKeyId, credentials.sessionToken, at);
      if (found.status !== 'known') throw new Error(`the credentials are ${found.status}`);
      return found.credential.principal;
    },
  };
}
