import type { TokenVerdict } from '../../engine/analysis/explain/tokensteps.ts';
import type { Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import type { EksDeps } from '../eks/deps.ts';
import type { SecretBox } from '../secrets.ts';
import type { Analyse } from './analyses.ts';
import type { PrepareRotation } from './signingkeys.ts';

/** What our own operations need from the rest of the server. */
export interface EntrywayDeps extends EksDeps {
  readonly secretBox: SecretBox;
  /** The first account: blocks bind all accounts, so that only its principals may make them. */
  readonly operatorAccountId: string;
  /** What grants in one account, or in all, at `now` (epoch milliseconds). */
  readonly readSnapshot: (accountId: string | 'all', now: number) => Promise<Snapshot>;
  /** What the cluster's authenticator says of a token at `now` (epoch milliseconds). Never throws for anything in the token. */
  readonly authenticate: (clusterId: string, token: string, now: number) => Promise<TokenVerdict>;
  readonly analyse: Analyse;
  readonly prepareRotation: PrepareRotation;
  /** Whether the issuer is that of a built-in cluster, of whatever account, or lies where this server's clusters have theirs. */
  readonly isOwnIssuer: (issuer: string) => boolean;
  /** Who may call the webhooks, and where; absent while this server listens for no webhooks. */
  readonly webhooks?: WebhookDoor;
  /** Who follows connected clusters. */
  readonly connections?: ConnectionFollowing;
  /** What is served of a cluster's aws-auth; undefined for a cluster nobody knows. */
  readonly awsAuthOf?: (clusterId: string) => ServedAwsAuth | undefined;
  /** Accounts about whose identities AWS's STS is asked; absent while it is not. */
  readonly stsAccounts?: readonly string[];
}

/** See `AwsAuthState` in `access/awsauthstate.ts`. */
export interface ServedAwsAuth {
  readonly keys: readonly {
    readonly key: string;
    readonly status: 'absent' | 'good' | 'keptLastGood' | 'partlyDropped' | 'dropped';
    readonly errors: readonly string[];
  }[];
}

/** What is known of connected clusters' APIs; undefined for a cluster that is not followed. See `access/follow`. */
export interface ConnectionFollowing {
  state(clusterId: string):
    | {
        readonly state: string;
        readonly message: string | undefined;
        readonly objects: number;
        /** Epoch milliseconds. */
        readonly lastSeenAt: number | undefined;
      }
    | undefined;
  /** Asks the API for its version. Rejects with an error whose message may be shown. */
  probe(
    clusterId: string,
    signal: AbortSignal,
  ): Promise<
    | {
        readonly version: string;
        readonly latencyMilliseconds: number;
        readonly clockDifference: number | undefined;
      }
    | undefined
  >;
}

/** The listener of the webhooks, as far as the operations on its callers go. */
export interface WebhookDoor {
  /** A client certificate for a public key whose owner has proven to hold it. */
  certify(wanted: WantedCertificate): Promise<IssuedCertificate>;
  /** PEM: what the listener's own certificate is verified with. */
  readonly certificateAuthority: string;
  urlsOf(cluster: ClusterRecord): {
    readonly authenticateUrl: string;
    readonly authorizeUrl: string;
    readonly podsUrl: string;
  };
  /** Epoch milliseconds; since this server started. */
  lastUsedAt(serialNumber: string): number | undefined;
}

export interface WantedCertificate {
  /** DER of a SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  readonly clusterId: string;
  /** Hex, lower case. */
  readonly serialNumber: string;
  /** Epoch milliseconds; the authority may end sooner. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface IssuedCertificate {
  readonly certificatePem: string;
  /** SHA-256 of the DER, hex. */
  readonly fingerprint: string;
  readonly expiresAt: number;
}
