import type { AccessRegistry } from '../access/access.ts';
import type { ClusterFollowers } from '../access/follow/followers.ts';
import type { Trail } from '../audit/trail.ts';
import { bootstrapChanges } from '../cluster/bootstrap.ts';
import type { CallerAuthorizer } from '../services/authorization/authorizer.ts';
import type { IsBlocked } from '../services/blocked.ts';
import {
  type CloudTrailDependencies,
  createCloudTrailOperations,
} from '../services/cloudtrail/operations.ts';
import type { EksDeps } from '../services/eks/deps.ts';
import { createEksOperations } from '../services/eks/operations.ts';
import { unservedAuthorizations } from '../services/eks/unserved.ts';
import type { EksAuthDependencies } from '../services/eksauth/dependencies.ts';
import { createEksAuthOperations } from '../services/eksauth/operations.ts';
import type { EntrywayDeps } from '../services/entryway/deps.ts';
import { createEntrywayOperations } from '../services/entryway/operations.ts';
import { type GatewayDependencies, requireAllowed } from '../services/gateway.ts';
import { createGuessLimiter } from '../services/iam/mfa/guesses.ts';
import { verifyMfaCode } from '../services/iam/mfa/verify.ts';
import { createIamOperations } from '../services/iam/operations.ts';
import type { createSecretBox } from '../services/secretbox.ts';
import { createStsOperations } from '../services/sts/operations.ts';
import type { ServerConfig } from './config.ts';

/** What the operations of all services are made of. */
export interface OperationParts
  extends Pick<EksDeps, 'storage' | 'random' | 'partition' | 'pageTokens' | 'endpointOf'>,
    Pick<EntrywayDeps, 'readSnapshot' | 'analyse' | 'prepareRotation' | 'isOwnIssuer'> {
  readonly secretBox: ReturnType<typeof createSecretBox>;
  readonly config: ServerConfig;
  readonly now: () => number;
  readonly authorizer: CallerAuthorizer;
  readonly isBlocked: IsBlocked;
  readonly issuerKeys: Parameters<typeof createStsOperations>[0]['issuerKeys'];
  readonly verifyPodToken: EksAuthDependencies['verifyPodToken'];
  readonly access: AccessRegistry;
  readonly followers: ClusterFollowers;
  readonly trail: Trail;
  /** PEM: what the clusters' certificates are verified with. */
  readonly caPem: string;
  readonly publicKeys: CloudTrailDependencies['publicKeys'];
  readonly awsPrincipals: EksDeps['awsPrincipals'];
  readonly webhookDoor: EntrywayDeps['webhooks'];
}

/** Every AWS operation of this server, as the gateway calls them. */
export function createOperations(
  parts: OperationParts,
): Pick<GatewayDependencies, 'operations' | 'unserved'> {
  const { config, storage, random, partition, pageTokens, endpointOf, secretBox, now, caPem } = parts;
  const { authorizer, isBlocked, issuerKeys, access, followers, trail, awsPrincipals, webhookDoor } = parts;
  const mfaGuesses = createGuessLimiter({ now });
  const eksDeps: EksDeps = {
    storage,
    random,
    partition,
    pageTokens,
    endpointOf,
    ...(config.oidcIssuerAddress !== undefined && { oidcIssuerAddress: config.oidcIssuerAddress }),
    certificateAuthorityData: () => Buffer.from(caPem).toString('base64'),
    bootstrapChanges: (clusterId, time) => bootstrapChanges(clusterId, time, { caPem, random }),
    authorize: (context, target) => requireAllowed(authorizer, context, target, 'restJson1'),
    ...(awsPrincipals && { awsPrincipals }),
  };
  const eks = createEksOperations(eksDeps);
  return {
    operations: {
      eks,
      entryway: createEntrywayOperations({
        ...eksDeps,
        secretBox,
        operatorAccountId: config.accountId,
        connections: followers,
        authenticate: async (clusterId, token, time) =>
          (await access.cluster(clusterId)?.authenticate(token, time)) ?? clusterGone,
        readSnapshot: parts.readSnapshot,
        analyse: parts.analyse,
        prepareRotation: parts.prepareRotation,
        isOwnIssuer: parts.isOwnIssuer,
        awsAuthOf: (clusterId) => access.cluster(clusterId)?.awsAuthState(),
        ...(config.aws?.sts && { stsAccounts: config.aws.sts.accounts }),
        ...(webhookDoor !== undefined && { webhooks: webhookDoor }),
      }),
      'eks-auth': createEksAuthOperations({
        ...{ storage, authorizer, secretBox, random, partition, isBlocked },
        findCluster: (accountId, region, name) => access.clusterByName(accountId, region, name)?.cluster,
        verifyPodToken: parts.verifyPodToken,
      }),
      iam: createIamOperations({
        storage,
        secretBox,
        random,
        pageTokens,
        mfaGuesses,
        usage: trail.usage,
        ...(config.guardrails?.serviceControl && { serviceControl: config.guardrails.serviceControl }),
        partition,
        authorize: (context, target) => requireAllowed(authorizer, context, target, 'awsQuery'),
      }),
      cloudtrail: createCloudTrailOperations({ trail, pageTokens, publicKeys: parts.publicKeys }),
      sts: createStsOperations({
        storage,
        authorizer,
        secretBox,
        random,
        partition,
        isBlocked,
        verifyMfa: (caller, serialNumber, code, time) =>
          verifyMfaCode(
            { storage, secretBox, partition, guesses: mfaGuesses },
            caller,
            serialNumber,
            code,
            time,
          ),
        issuerKeys,
      }),
    },
    unserved: { eks: unservedAuthorizations({ storage }, eks) },
  };
}

/** Between two reads a cluster can be deleted. */
const clusterGone = {
  outcome: 'unavailable',
  evidence: { step: 'identity', code: 'clusterUnreadable', message: 'the cluster cannot be read' },
} as const;
