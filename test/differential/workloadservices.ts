/** The services that give pods credentials, over the records of a generated world, asked as the SDKs of pods ask. */
import { generateKeyPairSync } from 'node:crypto';
import type { AssumeRoleResponse } from '@aws-sdk/client-sts';
import { exportJWK, type JSONWebKeySet, SignJWT } from 'jose';
import { injectPodCredentials } from '../../src/access/podcredentials.ts';
import type { Snapshot, SnapshotGuardrails } from '../../src/engine/analysis/snapshot/snapshot.ts';
import type { Principal } from '../../src/engine/iam/principal.ts';
import { audienceAnnotation, roleAnnotation } from '../../src/engine/podcredentials/names.ts';
import type { PodSubject } from '../../src/engine/podcredentials/podtoken.ts';
import { parseGuardrails } from '../../src/server/guardrails.ts';
import { createCallerAuthorizer } from '../../src/services/authorization/authorizer.ts';
import { asSession, document, policyRecord, roleRecord } from '../../src/services/authorization/testworld.ts';
import { nobodyIsBlocked } from '../../src/services/blocked.ts';
import { createCredentialLookup } from '../../src/services/credentials/lookup.ts';
import { ownTagKeys } from '../../src/services/eks/entrykeys.ts';
import { createEksAuthOperations } from '../../src/services/eksauth/operations.ts';
import type { OperationContext } from '../../src/services/operation.ts';
import { createSecretBox } from '../../src/services/secretbox.ts';
import { createStsOperations } from '../../src/services/sts/operations.ts';
import { testContext } from '../../src/services/testworld.ts';
import { snapshotOfStore } from '../../src/sources/store/store.ts';
import { createMemoryStorage } from '../../src/storage/memory/memory.ts';
import {
  accountKey,
  clusterKey,
  objectKey,
  oidcProviderKey,
  podIdentityKey,
  policyKey,
  roleKey,
} from '../../src/storage/records/keys.ts';
import type { JsonValue } from '../../src/wire/kube/json.ts';
import { jsonPatch } from '../../src/wire/kube/patch/jsonpatch.ts';
import { abroad, cluster, home, issuer, type PodAccount, type PodWorld, subjectOf } from './workloadworld.ts';

const now = Date.parse('2026-11-21T03:00:00Z');
const seconds = now / 1000;
const { clusterId, region, name: clusterName } = cluster;
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keys: JSONWebKeySet = {
  keys: [{ ...(await exportJWK(publicKey)), kty: 'EC', kid: 'k', alg: 'ES256', use: 'sig' }],
};
const secretBox = createSecretBox(new Uint8Array(32).fill(1));
const random = {
  bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
  uuid: () => crypto.randomUUID(),
};
const node = roleRecord('node', {
  inlinePolicies: { ask: document({ Action: 'eks-auth:AssumeRoleForPodIdentity', Resource: cluster.arn }) },
});

/** A pod as it was made: what its containers were told stands in its environment. */
export interface MadePod {
  readonly name: string;
  readonly account: PodAccount;
  readonly environment: ReadonlyMap<string, string>;
}

export async function openServices({ guardrails: texts, ...world }: PodWorld) {
  const storage = createMemoryStorage();
  const put = (key: string, record: object) =>
    storage.commit({ changes: [{ type: 'put', key, value: JSON.stringify(record) }] });
  const isGuarded = texts.serviceControl.length + texts.resourceControl.length > 0;
  const files = (list: readonly string[]) => list.map((text, at) => ({ name: `${at}`, text }));
  const guardrails = isGuarded
    ? parseGuardrails({
        serviceControl: files(texts.serviceControl),
        resourceControl: files(texts.resourceControl),
      })
    : undefined;
  const guardrailDocuments: SnapshotGuardrails = {
    serviceControl: texts.serviceControl.map((text) => [text]),
    resourceControl: texts.resourceControl.map((text) => [text]),
  };
  for (const accountId of [home, abroad]) {
    await put(accountKey(accountId), { accountId, createdAt: 0, accessKeyIds: [] });
    await put(policyKey(accountId, 'limit'), policyRecord('limit', world.boundary, { accountId }));
  }
  await put(clusterKey(home, region, clusterName), cluster);
  for (const role of [...world.roles, node]) await put(roleKey(role.accountId, role.name), role);
  for (const one of world.providers) await put(oidcProviderKey(one.accountId, one.url), one);
  for (const one of world.associations)
    await put(podIdentityKey(clusterId, one.namespace, one.serviceAccount), one);
  for (const { namespace, name, roleArn, audience } of world.accounts) {
    const annotations = { [roleAnnotation]: roleArn, [audienceAnnotation]: audience };
    await put(objectKey(clusterId, '', 'serviceaccounts', namespace, name), {
      metadata: { namespace, name, annotations },
    });
  }

  const authorizer = createCallerAuthorizer({ storage, ...(guardrails && { guardrails }) });
  const shared = { storage, authorizer, secretBox, random, partition: 'aws', isBlocked: nobodyIsBlocked };
  let shown: PodSubject | undefined;
  const { AssumeRoleForPodIdentity } = createEksAuthOperations({
    ...shared,
    findCluster: (_, __, name) => (name === clusterName ? cluster : undefined),
    verifyPodToken: async () =>
      shown === undefined
        ? { outcome: 'refused', code: 'invalid', because: 'nobody shows it' }
        : { outcome: 'verified', subject: shown },
  });
  const { AssumeRole, AssumeRoleWithWebIdentity } = createStsOperations({
    ...shared,
    verifyMfa: async () => ({ ok: false, message: 'no device' }),
    issuerKeys: {
      keysOf: async (of) => (of === issuer ? { outcome: 'keys', keys } : { outcome: 'notAsked' }),
    },
  });
  const lookup = createCredentialLookup({ storage, secretBox, partition: 'aws' });
  const context = { ...testContext(storage), now };
  const as = (caller: Principal): OperationContext => ({ ...context, caller });
  const principalOf = async (accessKeyId = '', sessionToken?: string): Promise<Principal> => {
    const found = await lookup(accessKeyId, sessionToken, now);
    if (found.status !== 'known') throw new Error(`the credentials are ${found.status}`);
    return found.credential.principal;
  };
  /** Undefined where AWS's error was answered; what is no such error is a fault of ours. */
  const unlessRefused = async (call: () => Promise<unknown>): Promise<unknown> => {
    try {
      return await call();
    } catch (error) {
      if (error instanceof Error && 'code' in error) return undefined;
      throw error;
    }
  };
  const sessionOf = async (answer: unknown): Promise<Principal | undefined> => {
    if (answer === undefined) return undefined;
    const { Credentials } = answer as AssumeRoleResponse;
    return principalOf(Credentials?.AccessKeyId, Credentials?.SessionToken);
  };

  /** By the agent of the pod's node. */
  const podIdentity = async ({
    account,
    name,
  }: Pick<MadePod, 'account' | 'name'>): Promise<Principal | undefined> => {
    const operation = AssumeRoleForPodIdentity;
    if (operation === undefined || operation.unsigned) throw new Error('EKS Auth is not served');
    shown = { namespace: account.namespace, serviceAccount: account.name, pod: { name, uid: 'u-1' } };
    const answer = await unlessRefused(() =>
      operation.handle({ clusterName, token: 'header.claims.signature' }, as(asSession(node, 'i-1'))),
    );
    shown = undefined;
    if (answer === undefined) return undefined;
    const { credentials } = answer as { credentials: { accessKeyId: string; sessionToken: string } };
    return principalOf(credentials.accessKeyId, credentials.sessionToken);
  };
  const webIdentity = async (
    account: Pick<PodAccount, 'namespace' | 'name'>,
    RoleArn: string,
    audience: string,
  ): Promise<Principal | undefined> => {
    const operation = AssumeRoleWithWebIdentity;
    if (operation?.unsigned !== true) throw new Error('STS is not served');
    const claims = {
      iss: issuer,
      sub: subjectOf(account),
      aud: [audience],
      iat: seconds,
      exp: seconds + 600,
    };
    const WebIdentityToken = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .sign(privateKey);
    return sessionOf(
      await unlessRefused(() =>
        operation.handle({ RoleArn, RoleSessionName: 'me', WebIdentityToken }, context),
      ),
    );
  };

  return {
    webIdentity,
    podIdentity,
    close: () => authorizer.close(),
    associate: (one: PodWorld['associations'][number]) =>
      put(podIdentityKey(clusterId, one.namespace, one.serviceAccount), one),
    dissociate: ({ namespace, name }: PodAccount) =>
      storage.commit({ changes: [{ type: 'delete', key: podIdentityKey(clusterId, namespace, name) }] }),
    /** As the API server of the cluster makes it. */
    async makePod(account: PodAccount, name: string): Promise<MadePod> {
      const { namespace } = account;
      const asked = {
        metadata: { namespace, name },
        spec: { serviceAccountName: account.name, containers: [{ name: 'c' }] },
      };
      const options = { storage, agentUri: undefined, random: () => 0 };
      const { patch } = await injectPodCredentials(cluster, namespace, asked, options);
      const pod = jsonPatch(asked, patch as unknown as JsonValue) as typeof asked;
      await put(objectKey(clusterId, '', 'pods', namespace, name), pod);
      const [container] = pod.spec.containers as readonly {
        env?: readonly { name: string; value: string }[];
      }[];
      return {
        name,
        account,
        environment: new Map((container?.env ?? []).map((one) => [one.name, one.value])),
      };
    },
    /** What the default chain of an SDK finds in the pod. */
    async credentialsOf(pod: MadePod): Promise<Principal | undefined> {
      const roleArn = pod.environment.get('AWS_ROLE_ARN');
      if (roleArn !== undefined)
        return webIdentity(pod.account, roleArn, pod.account.audience ?? 'sts.amazonaws.com');
      return pod.environment.has('AWS_CONTAINER_CREDENTIALS_FULL_URI') ? podIdentity(pod) : undefined;
    },
    async may(
      caller: Principal,
      { action, resource }: { readonly action: string; readonly resource: string },
    ) {
      const target =
        resource === cluster.arn ? { arn: resource, context: ownTagKeys(cluster.tags) } : resource;
      return (
        (await authorizer.authorize(caller, { action, resources: [target] }, as(caller))).decision ===
        'allowed'
      );
    },
    async assumeRole(caller: Principal, RoleArn: string): Promise<Principal | undefined> {
      const operation = AssumeRole;
      if (operation === undefined || operation.unsigned) throw new Error('STS is not served');
      return sessionOf(
        await unlessRefused(() => operation.handle({ RoleArn, RoleSessionName: 'me' }, as(caller))),
      );
    },
    snapshot: (): Promise<Snapshot> =>
      snapshotOfStore({
        ...{ storage, partition: 'aws', now, accounts: 'all', ssoRoleMatch: false },
        ...{ awsAuthState: () => undefined, notFollowed: () => undefined },
        awsManagedPolicy: () => undefined,
        lastUsed: async () => undefined,
        ...(isGuarded && { guardrails: guardrailDocuments }),
      }),
  };
}
