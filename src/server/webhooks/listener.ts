import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AccessRegistry } from '../../access/access.ts';
import type { ClusterRecorder } from '../../audit/requests.ts';
import { createKubernetesServer } from '../../cluster/server.ts';
import type { WebhookDoor } from '../../services/entryway/deps.ts';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import type { Storage } from '../../storage/storage.ts';
import { judgeCaller, presentedIn } from '../../webhooks/callers.ts';
import type { WebhookLimits } from '../../webhooks/limits.ts';
import { createVerdictRecords } from '../../webhooks/verdictrecords.ts';
import { createWebhooks, type WebhookOutcome } from '../../webhooks/webhooks.ts';
import { listen, originOf } from '../addresses.ts';
import type { Authority } from '../authority.ts';
import { certifyServer } from '../certificates.ts';
import type { ListenAddress } from '../config.ts';
import type { DataDirectory } from '../datadirectory.ts';
import type { Log } from '../log.ts';
import { type Renewal, startRenewal } from '../renewal.ts';
import { openClientAuthority } from './clientauthority.ts';
import { openCredentialIndex } from './credentialindex.ts';
import { defaultStrangersLimits, dropStrangers, type StrangersLimits } from './strangers.ts';

export interface WebhookListenerOptions {
  readonly directory: DataDirectory;
  /** Of server certificates; that of clients is another one. */
  readonly authority: Authority;
  readonly listen: ListenAddress;
  /** Names and addresses under which clusters reach it, the first one in URLs; never empty. */
  readonly names: readonly [string, ...string[]];
  readonly storage: Storage;
  readonly access: AccessRegistry;
  readonly recorder: ClusterRecorder;
  readonly podIdentityAgentUri?: string;
  /** Whether what is in a cluster comes here. */
  readonly isFollowed: (clusterId: string) => boolean;
  readonly now: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly newId: () => string;
  readonly log: Log;
  readonly observe: (outcome: WebhookOutcome) => void;
  readonly limits?: Partial<WebhookLimits>;
  readonly strangersLimits?: Partial<StrangersLimits>;
}

/** Where the API servers of connected clusters ask. */
export interface WebhookListener {
  /** `https://HOST:PORT` */
  readonly endpoint: string;
  readonly door: WebhookDoor;
  /** Looks after the listener's own certificate. */
  readonly renewal: Pick<Renewal, 'look'>;
  /** Lets requests under way finish, then cuts what is left. */
  close(): Promise<void>;
}

export async function startWebhookListener(options: WebhookListenerOptions): Promise<WebhookListener> {
  const { directory, storage, access, now, log } = options;
  const clientAuthority = await openClientAuthority(directory, now());
  const certify = () => certifyServer(options.authority, options.names, now());
  const { certificatePem, keyPem, caPem, expiresAt } = await certify();
  const credentials = await openCredentialIndex({ storage, log });
  const webhooks = createWebhooks({
    access,
    credentials,
    storage,
    voucherSecret: clientAuthority.voucherSecret,
    ...(options.podIdentityAgentUri !== undefined && { podIdentityAgentUri: options.podIdentityAgentUri }),
    now,
    random: options.random,
    isFollowed: options.isFollowed,
    log,
    judged: createVerdictRecords({ recorder: options.recorder, newId: options.newId }),
    observe: options.observe,
    ...(options.limits !== undefined && { limits: options.limits }),
  });
  const release = (): void => {
    renewal.stop();
    webhooks.close();
    credentials.close();
  };
  const tls = createKubernetesServer({
    key: keyPem,
    cert: certificatePem,
    clientCa: clientAuthority.caPem,
    api: {
      handle: (request, response) => webhooks.handle(request as IncomingMessage, response as ServerResponse),
      handleStream: webhooks.handleStream,
      close: () => undefined,
    },
  });
  dropStrangers(
    tls.server,
    (socket) => typeof judgeCaller(presentedIn(socket), credentials, now()) !== 'string',
    { ...defaultStrangersLimits, ...options.strangersLimits },
  );
  const renewal = startRenewal({
    what: 'webhooks',
    expiresAt,
    async renew() {
      const renewed = await certify();
      tls.renew({ key: renewed.keyPem, cert: renewed.certificatePem });
      return renewed.expiresAt;
    },
    now,
    log,
  });
  let port: number;
  try {
    port = await listen(tls.server, options.listen);
  } catch (error) {
    release();
    throw error;
  }
  const [host] = options.names;
  const endpoint = originOf('https', host, port);
  const pathOf = ({ accountId, region, name }: ClusterRecord): string =>
    `${endpoint}/clusters/${accountId}/${region}/${name}`;
  return {
    endpoint,
    renewal,
    door: {
      certify: (wanted) => clientAuthority.certify(wanted),
      certificateAuthority: `${caPem}\n`,
      urlsOf: (cluster) => ({
        authenticateUrl: `${pathOf(cluster)}/authenticate`,
        authorizeUrl: `${pathOf(cluster)}/authorize`,
        podsUrl: `${pathOf(cluster)}/pods`,
      }),
      lastUsedAt: (serialNumber) => credentials.lastUsedAt(serialNumber),
    },
    async close() {
      await tls.close();
      release();
    },
  };
}
