import { createHash, createHmac, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { SignatureV4 } from '@smithy/signature-v4';
import { createAccessRegistry } from '../src/access/registry.ts';
import { createServiceAccountTokens } from '../src/access/serviceaccounts.ts';
import { createCredentialLookup } from '../src/services/credentials/lookup.ts';
import { createSecretBox } from '../src/services/secretbox.ts';
import type { ClusterRecord } from '../src/storage/records/eks.ts';
import { clusterKey } from '../src/storage/records/keys.ts';
import { openSqliteStorage } from '../src/storage/sqlite/sqlite.ts';
import { encodeRequest } from '../src/wire/protocols/client.ts';
import type { HttpRequest } from '../src/wire/protocols/http.ts';
import { type SigningCredentials, signRequest } from '../src/wire/sigv4/sign.ts';
import { defaultMaxSkewMs, verifyRequest } from '../src/wire/sigv4/verify.ts';
import { createToken } from '../src/wire/token/create.ts';
import { verifyToken } from '../src/wire/token/verify.ts';
import { perAwaitedCall } from './measure.ts';
import { duration, type Report, rate, times } from './report.ts';
import type { BenchOptions } from './section.ts';
import { seedUsers } from './seed.ts';

const accountId = '111122223333';
const region = 'us-east-1';
const clusterName = 'bench';
const users = 256;
const host = '127.0.0.1:4700';

/** Prints what it costs to verify a signature, beside what it costs AWS's own library to make the same one. */
export async function benchSignatures(report: Report, { directory }: BenchOptions): Promise<void> {
  const storage = openSqliteStorage({ directory: join(directory, 'data') });
  const secretBox = createSecretBox(randomBytes(32));
  await storage.commit({
    changes: [
      { type: 'put', key: clusterKey(accountId, region, clusterName), value: JSON.stringify(cluster) },
    ],
  });
  const credentials = await seedUsers(storage, secretBox, cluster, users);
  const lookup = createCredentialLookup({ storage, secretBox, partition: 'aws' });
  const access = await createAccessRegistry({
    storage,
    lookup,
    partition: 'aws',
    ownEndpoints: () => [],
    serviceAccounts: createServiceAccountTokens({
      storage,
      sealer: createSecretBox(randomBytes(32)),
      now: Date.now,
    }),
    now: Date.now,
  });
  try {
    const now = Date.now();
    const tokens = credentials.map((each) => createToken({ credentials: each, region, clusterName, now }));
    const requests = credentials.map((each, at) => signedRequest(each, at, now));
    const decider = access.cluster(cluster.clusterId);
    if (decider === undefined) throw new Error('the cluster is not known');
    const pick = <Value>(list: readonly Value[], at: number): Value => list[at % list.length] as Value;
    const must = (holds: boolean): void => {
      if (!holds) throw new Error('a good signature was refused');
    };

    const smithyPresign = await perAwaitedCall((at) => presignBySmithy(pick(credentials, at), now));
    const token = await perAwaitedCall(async (at) => {
      const options = { now, clusterId: clusterName, partition: 'aws', lookup };
      must((await verifyToken(pick(tokens, at), options)).ok);
    });
    const identity = await perAwaitedCall(async (at) => {
      must((await decider.authenticate(pick(tokens, at), now)).outcome === 'authenticated');
    });
    const smithySign = await perAwaitedCall((at) => signBySmithy(pick(credentials, at), at, now));
    const request = await perAwaitedCall(async (at) => {
      const options = { now, lookup, service: 'eks', regions: [region], maxSkewMs: defaultMaxSkewMs('eks') };
      must((await verifyRequest(pick(requests, at), options)).outcome === 'verified');
    });
    report.note(`${users} users with a key each; keys and users are remembered as read. One core.`);
    report.table([
      ['step', 'cost', 'rate', 'of the peer'],
      ['token: @smithy/signature-v4 presigns it', duration(smithyPresign), rate(smithyPresign), ''],
      ['token: parsed, key looked up, verified', duration(token), rate(token), times(token, smithyPresign)],
      [
        'token: the same, and mapped to a Kubernetes user',
        duration(identity),
        rate(identity),
        times(identity, smithyPresign),
      ],
      ['AWS request: @smithy/signature-v4 signs it', duration(smithySign), rate(smithySign), ''],
      ['AWS request: key looked up, verified', duration(request), rate(request), times(request, smithySign)],
    ]);
  } finally {
    access.close();
    await storage.close();
  }
}

const cluster: ClusterRecord = {
  clusterId: 'bench',
  accountId,
  region,
  name: clusterName,
  arn: `arn:aws:eks:${region}:${accountId}:cluster/${clusterName}`,
  createdAt: 0,
  version: '1.35',
  roleArn: `arn:aws:iam::${accountId}:role/cluster`,
  authenticationMode: 'API',
  bootstrapClusterCreatorAdminPermissions: false,
  tags: {},
  kind: 'builtIn',
  echoed: {},
};

function creation(at: number) {
  return encodeRequest('eks', 'CreateAccessEntry', {
    clusterName,
    principalArn: `arn:aws:iam::${accountId}:role/service-${at % users}`,
    clientRequestToken: '00000000-0000-4000-8000-000000000000',
  });
}

function signedRequest(credentials: SigningCredentials, at: number, now: number): HttpRequest {
  const unsigned = { host, ...creation(at) };
  const headers = signRequest(unsigned, { credentials, region, service: 'eks', now });
  return { ...unsigned, headers: Object.entries(headers) };
}

/** The hash the SDK uses on Node, in the form the signer wants it. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

/** A signer for each call, as each of these users signs on a machine of their own. */
function signer(service: string, { accessKeyId, secretAccessKey }: SigningCredentials): SignatureV4 {
  return new SignatureV4({ service, region, sha256: Sha256, credentials: { accessKeyId, secretAccessKey } });
}

function presignBySmithy(credentials: SigningCredentials, now: number): Promise<unknown> {
  const sts = `sts.${region}.amazonaws.com`;
  return signer('sts', credentials).presign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname: sts,
      path: '/',
      query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
      headers: { host: sts, 'x-k8s-aws-id': clusterName },
    },
    { signingDate: new Date(now), expiresIn: 60, unhoistableHeaders: new Set(['x-k8s-aws-id']) },
  );
}

function signBySmithy(credentials: SigningCredentials, at: number, now: number): Promise<unknown> {
  const { method, path, headers, body } = creation(at);
  return signer('eks', credentials).sign(
    { method, protocol: 'http:', hostname: host, path, query: {}, headers: { ...headers, host }, body },
    { signingDate: new Date(now) },
  );
}
