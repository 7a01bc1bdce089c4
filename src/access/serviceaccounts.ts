import type { UserInfo } from '../engine/authorizer/attributes.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import { oidcIssuerOf } from '../storage/records/issuer.ts';
import { objectKey } from '../storage/records/keys.ts';
import type { Storage } from '../storage/storage.ts';
import type { Authentication, AuthenticationEvidence } from './access.ts';
import { asObject, asText, parseObject } from './json.ts';
import {
  apiAudience,
  type NamedObject,
  serviceAccountUsername,
  signServiceAccountToken,
  type TokenSubject,
  type TokenWish,
  tokenFaultMessages,
  type VerifiedToken,
  verifyServiceAccountToken,
} from './serviceaccounttoken.ts';
import { createSigningKeys, type KeySealer, type PublicSigningKey, type SigningKeys } from './signingkeys.ts';

/** Tokens of service accounts (kubernetes-facts F1 to F4): made, judged, and the keys that others judge them with. */
export interface ServiceAccountTokens {
  issuer(cluster: ClusterRecord): string;
  /** `now` is epoch milliseconds. Undefined when the token would be longer than those that are accepted. */
  issue(cluster: ClusterRecord, wish: TokenWish, now: number): Promise<string | undefined>;
  /**
   * The service account behind the token, when the token is for one of the audiences and everything it is bound to
   * still exists. Never throws for anything in the token.
   */
  authenticate(
    cluster: ClusterRecord,
    token: string,
    options: { readonly now: number; readonly audiences?: readonly string[] | undefined },
  ): Promise<Authentication>;
  /** The same, for those who ask whom the token speaks for and not which user of the cluster that is. */
  verify(
    cluster: ClusterRecord,
    token: string,
    options: { readonly now: number; readonly audiences: readonly string[] },
  ): Promise<VerifiedSubject | Exclude<Authentication, { readonly outcome: 'authenticated' }>>;
  publicKeys(cluster: ClusterRecord): Promise<readonly PublicSigningKey[]>;
  /** What is to be stored for a rotation of the signing keys that somebody asks for. */
  rotation: SigningKeys['rotation'];
}

/** A token that is good, with those of the asked audiences that it is for. */
export interface VerifiedSubject {
  readonly outcome: 'verified';
  readonly token: VerifiedToken;
  readonly audiences: readonly string[];
}

export function createServiceAccountTokens(options: {
  readonly storage: Storage;
  readonly sealer: KeySealer;
  /** Epoch milliseconds. */
  readonly now: () => number;
}): ServiceAccountTokens {
  const { storage } = options;
  const keys = createSigningKeys(options);
  const verify: ServiceAccountTokens['verify'] = async (cluster, token, { now, audiences }) => {
    try {
      const verified = await verifyServiceAccountToken(keys, cluster, token, now);
      if (!verified.ok) return refused('caller', verified.fault, tokenFaultMessages[verified.fault]);
      const accepted = audiences.filter((audience) => verified.audiences.includes(audience));
      if (accepted.length === 0) {
        return refused('caller', 'wrongAudience', 'service account token is not for the asked audience');
      }
      const missing = await missingObject(storage, cluster.clusterId, verified);
      return missing ?? { outcome: 'verified', token: verified, audiences: accepted };
    } catch {
      // The cause may quote what it read; the store's own log has it.
      const message = 'service account tokens cannot be judged';
      return {
        outcome: 'unavailable',
        evidence: { step: 'caller', code: 'serviceAccountsUnreadable', message },
      };
    }
  };
  return {
    issuer: oidcIssuerOf,
    issue: (cluster, wish, now) => signServiceAccountToken(keys, cluster, wish, now),
    publicKeys: (cluster) => keys.published(cluster),
    rotation: keys.rotation,
    verify,
    async authenticate(cluster, token, { now, audiences = [apiAudience] }) {
      const judged = await verify(cluster, token, { now, audiences });
      return judged.outcome === 'verified' ? userOf(judged.token, judged.audiences) : judged;
    },
  };
}

function userOf(verified: VerifiedToken, audiences: readonly string[]): Authentication {
  const { namespace, serviceAccount, pod, node } = verified;
  const extra = {
    'authentication.kubernetes.io/credential-id': [`JTI=${verified.tokenId}`],
    ...(node && {
      'authentication.kubernetes.io/node-name': [node.name],
      ...(node.uid !== '' && { 'authentication.kubernetes.io/node-uid': [node.uid] }),
    }),
    ...(pod && {
      'authentication.kubernetes.io/pod-name': [pod.name],
      'authentication.kubernetes.io/pod-uid': [pod.uid],
    }),
  };
  // SECURITY: no `principal`: access policies belong to IAM principals and never apply here.
  const user: UserInfo = {
    username: serviceAccountUsername(namespace, serviceAccount.name),
    uid: serviceAccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra,
  };
  const message = `token of service account \`${namespace}/${serviceAccount.name}\``;
  return {
    outcome: 'authenticated',
    user,
    audiences,
    ...(verified.staleSeconds !== undefined && {
      annotations: {
        'authentication.k8s.io/stale-token': `subject: ${user.username}, seconds after warning threshold: ${verified.staleSeconds}`,
      },
    }),
    evidence: { step: 'identity', code: 'serviceAccount', message },
  };
}

/**
 * The refusal for the first object that is no longer the one the token was made for (kubernetes-facts F3).
 *
 * COMPAT: Kubernetes lets a token live for another minute once its object is being deleted; here it ends at once.
 */
async function missingObject(
  storage: Storage,
  clusterId: string,
  subject: TokenSubject,
): Promise<Refused | undefined> {
  const { namespace } = subject;
  const key = (resource: string, { name }: NamedObject, inNamespace: string): string =>
    objectKey(clusterId, '', resource, inNamespace, name);
  const wanted: { readonly what: string; readonly key: string; readonly uid: string }[] = [
    {
      what: 'service account',
      key: key('serviceaccounts', subject.serviceAccount, namespace),
      uid: subject.serviceAccount.uid,
    },
  ];
  const { pod, secret, node } = subject;
  if (pod !== undefined) wanted.push({ what: 'pod', key: key('pods', pod, namespace), uid: pod.uid });
  if (secret !== undefined) {
    wanted.push({ what: 'secret', key: key('secrets', secret, namespace), uid: secret.uid });
  }
  // With a pod the node is only told: the pod goes when its node goes.
  if (node !== undefined && pod === undefined) {
    wanted.push({ what: 'node', key: key('nodes', node, ''), uid: node.uid });
  }
  const entries = await storage.getMany(wanted.map((one) => one.key));
  for (const [index, { what, uid }] of wanted.entries()) {
    const entry = entries[index];
    const fate = entry === undefined ? 'gone' : fateOf(entry.value, uid);
    if (fate === undefined) continue;
    const isAccount = what === 'service account';
    switch (fate) {
      case 'gone':
        return refused(
          'identity',
          isAccount ? 'serviceAccountGone' : 'boundObjectGone',
          isAccount ? 'service account no longer exists' : `${what} the token is bound to no longer exists`,
        );
      case 'replaced':
        return refused(
          'identity',
          isAccount ? 'serviceAccountReplaced' : 'boundObjectReplaced',
          isAccount
            ? 'service account was deleted and created again'
            : `${what} the token is bound to was deleted and created again`,
        );
      case 'deleting':
        return refused(
          'identity',
          isAccount ? 'serviceAccountDeleting' : 'boundObjectDeleting',
          isAccount ? 'service account is being deleted' : `${what} the token is bound to is being deleted`,
        );
      default:
        return fate satisfies never;
    }
  }
  return undefined;
}

/** What became of an object; undefined while it is the one with that uid and nobody is deleting it. */
function fateOf(value: string, uid: string): 'gone' | 'replaced' | 'deleting' | undefined {
  const metadata = asObject(parseObject(value)?.metadata);
  if (metadata === undefined) return 'gone';
  if (asText(metadata.uid) !== uid) return 'replaced';
  return metadata.deletionTimestamp === undefined ? undefined : 'deleting';
}

type Refused = Extract<Authentication, { readonly outcome: 'refused' }>;

function refused(step: AuthenticationEvidence['step'], code: string, message: string): Refused {
  return { outcome: 'refused', evidence: { step, code, message } };
}
