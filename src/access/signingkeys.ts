import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { createRecordCache } from '../storage/recordcache.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import { clusterKey, signingKeysKey, signingKeysPrefix } from '../storage/records/keys.ts';
import type { SigningKeyRecord, SigningKeysRecord } from '../storage/records/signingkeys.ts';
import { type Batch, type Expectation, RevisionConflictError, type Storage } from '../storage/storage.ts';
import { asList, asObject, asText, parseObject } from './json.ts';
import { announcedAt, announcedFor, isRotationDue, signingAt, stillBelieved } from './signingkeyrotation.ts';

/** Seals what is secret at rest; `server` hands in the one of the data directory. */
export interface KeySealer {
  /** `context` is authenticated with the text: a sealed key cannot be moved to another cluster. */
  seal(plaintext: string, context: string): string;
  /** Undefined when the text was not sealed here in this context. */
  open(sealed: string, context: string): string | undefined;
}

/** A public key as a JWKS shows it (kubernetes-facts F4). */
export interface PublicSigningKey {
  readonly use: 'sig';
  readonly kty: 'RSA';
  readonly kid: string;
  readonly alg: 'RS256';
  readonly n: string;
  readonly e: string;
}

/** The keys that sign a cluster's service account tokens. */
export interface SigningKeys {
  /** The key that signs now; made and stored when the cluster has none yet. */
  signer(cluster: ClusterRecord): Promise<{ readonly keyId: string; readonly privateKey: KeyObject }>;
  /** The public key of that id; undefined when the cluster has none of that id. Never makes one. */
  verifier(cluster: ClusterRecord, keyId: string): Promise<KeyObject | undefined>;
  /**
   * Every key whose tokens count, the signing one first; made when the cluster has none yet. The same list as long as it is
   * the same answer.
   */
  published(cluster: ClusterRecord): Promise<readonly PublicSigningKey[]>;
  /** What is to be stored for a rotation that somebody asks for; whoever asked stores it. */
  rotation(cluster: ClusterRecord, how: RotationKind): Promise<KeyRotation>;
}

/**
 * `announce`: a new key is published and signs from tomorrow on, the others are believed until their tokens have ended.
 * `replace`: a new key signs at once and no other is believed: every token made so far ends.
 */
export type RotationKind = 'announce' | 'replace';

export interface KeyRotation {
  /** Undefined when a key is announced already: there is nothing to store. */
  readonly batch: Pick<Required<Batch>, 'expect' | 'changes'> | undefined;
  readonly keyId: string;
  /** Epoch milliseconds: when the new key begins to sign. */
  readonly signsFrom: number;
}

/** Keys can be used no more, or not be stored. The message is for the log; it holds no key. */
class SigningKeysError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SigningKeysError';
  }
}

interface LoadedKeys {
  readonly revision: number;
  readonly records: readonly SigningKeyRecord[];
  readonly publicKeys: ReadonlyMap<string, KeyObject>;
  /** Of the key that signed last; opened when something is to be signed. */
  private: { readonly keyId: string; readonly key: KeyObject } | undefined;
  /** As they were published last, while this record signed. */
  published:
    | { readonly signing: SigningKeyRecord | undefined; readonly keys: readonly PublicSigningKey[] }
    | undefined;
}

/** As many clusters as keep their keys unpacked; the others unpack them again. */
const clustersKept = 256;
const generateRsaKeys = promisify(generateKeyPair);

/**
 * Keys are unpacked once and follow the store: one that is taken away counts no more from the moment that is acknowledged.
 * Reading their record for every token would cost more than the signature.
 */
export function createSigningKeys(options: {
  readonly storage: Storage;
  readonly sealer: KeySealer;
  /** Epoch milliseconds. */
  readonly now: () => number;
}): SigningKeys {
  const { storage, sealer } = options;
  const loaded = createRecordCache(
    storage,
    { prefix: signingKeysPrefix, capacity: clustersKept },
    (value, _key, revision) => (value === undefined ? undefined : unpack(value, revision)),
  );
  /** One pair at a time for each cluster: making one takes a core for a tenth of a second. */
  const making = new Map<string, Promise<LoadedKeys>>();

  const load = (clusterId: string): Promise<LoadedKeys | undefined> => loaded.get(signingKeysKey(clusterId));
  const loadOrMake = async (cluster: ClusterRecord): Promise<LoadedKeys> => {
    const { clusterId } = cluster;
    const known = await load(clusterId);
    if (known !== undefined) return known;
    return alone(clusterId, () => make(cluster));
  };
  const alone = (clusterId: string, work: () => Promise<LoadedKeys>): Promise<LoadedKeys> => {
    let made = making.get(clusterId);
    if (made === undefined) {
      made = work().finally(() => making.delete(clusterId));
      making.set(clusterId, made);
    }
    return made;
  };
  /** A cluster that makes no tokens keeps its key: there is nothing that a new one would protect. */
  const loadAndRotate = async (cluster: ClusterRecord): Promise<LoadedKeys> => {
    const keys = await loadOrMake(cluster);
    if (!isRotationDue(keys.records, options.now())) return keys;
    return alone(cluster.clusterId, async () => {
      const { batch } = await rotate(cluster, keys, 'announce');
      try {
        if (batch !== undefined) await storage.commit(batch);
      } catch (error) {
        // Another process was faster, or the cluster changed: what is stored counts.
        if (!(error instanceof RevisionConflictError)) throw error;
      }
      return reload(cluster);
    });
  };
  const reload = async ({ clusterId }: ClusterRecord): Promise<LoadedKeys> => {
    const stored = await load(clusterId);
    if (stored === undefined) throw new SigningKeysError('the signing key could not be stored');
    return stored;
  };
  const rotate = async (
    cluster: ClusterRecord,
    { revision, records }: LoadedKeys,
    how: RotationKind,
  ): Promise<KeyRotation> => {
    const { clusterId } = cluster;
    const now = options.now();
    const announced = how === 'announce' ? announcedAt(records, now) : undefined;
    if (announced !== undefined) {
      const { keyId, createdAt, signsFrom = createdAt } = announced;
      return { batch: undefined, keyId, signsFrom };
    }
    const signsFrom = how === 'announce' ? now + announcedFor : now;
    const key = { ...(await newSigningKey(clusterId, options)), signsFrom };
    const keys = how === 'announce' ? [...stillBelieved(records, now), key] : [key];
    const parent = await parentOf(cluster);
    const record: SigningKeysRecord = { keys };
    const batch = {
      expect: [parent, { key: signingKeysKey(clusterId), revision }],
      changes: [{ type: 'put' as const, key: signingKeysKey(clusterId), value: JSON.stringify(record) }],
    };
    return { batch, keyId: key.keyId, signsFrom };
  };
  /** A cluster deleted meanwhile must not leave keys behind. */
  const parentOf = async ({ clusterId, accountId, region, name }: ClusterRecord): Promise<Expectation> => {
    const parent = await storage.get(clusterKey(accountId, region, name));
    if (parent === undefined || parseObject(parent.value)?.clusterId !== clusterId) {
      throw new SigningKeysError('the cluster no longer exists');
    }
    return { key: parent.key, revision: parent.revision };
  };
  const make = async (cluster: ClusterRecord): Promise<LoadedKeys> => {
    const { clusterId } = cluster;
    const key = await newSigningKey(clusterId, options);
    const record: SigningKeysRecord = { keys: [key] };
    const parent = await parentOf(cluster);
    try {
      await storage.commit({
        expect: [parent, { key: signingKeysKey(clusterId), revision: 0 }],
        changes: [{ type: 'put', key: signingKeysKey(clusterId), value: JSON.stringify(record) }],
      });
    } catch (error) {
      // Another process was faster, or the cluster changed: what is stored counts.
      if (!(error instanceof RevisionConflictError)) throw error;
    }
    return reload(cluster);
  };

  return {
    async signer(cluster) {
      const keys = await loadAndRotate(cluster);
      const record = signingAt(keys.records, options.now());
      if (record === undefined) throw new SigningKeysError('the cluster has no signing key');
      const { keyId } = record;
      if (keys.private?.keyId !== keyId) {
        const pem = sealer.open(record.sealedPrivateKey ?? '', sealingContext(cluster.clusterId, keyId));
        if (pem === undefined) throw new SigningKeysError('the signing key cannot be opened');
        keys.private = { keyId, key: createPrivateKey(pem) };
      }
      return { keyId, privateKey: keys.private.key };
    },
    async verifier(cluster, keyId) {
      return (await load(cluster.clusterId))?.publicKeys.get(keyId);
    },
    async published(cluster) {
      const keys = await loadAndRotate(cluster);
      const signing = signingAt(keys.records, options.now());
      if (keys.published === undefined || keys.published.signing !== signing) {
        keys.published = { signing, keys: publicKeysOf(keys.records, signing) };
      }
      return keys.published.keys;
    },
    rotation: async (cluster, how) => rotate(cluster, await loadOrMake(cluster), how),
  };
}

async function newSigningKey(
  clusterId: string,
  options: { readonly sealer: KeySealer; readonly now: () => number },
): Promise<SigningKeyRecord> {
  const { publicKey, privateKey } = await generateRsaKeys('rsa', { modulusLength: 2048 });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const keyId = thumbprint(n, e);
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return {
    keyId,
    algorithm: 'RS256',
    createdAt: options.now(),
    publicKey: { n, e },
    sealedPrivateKey: options.sealer.seal(pem, sealingContext(clusterId, keyId)),
  };
}

function publicKeysOf(
  records: readonly SigningKeyRecord[],
  signing: SigningKeyRecord | undefined,
): readonly PublicSigningKey[] {
  const others = records.filter((record) => record !== signing);
  return (signing === undefined ? others : [signing, ...others]).map(
    ({ keyId, algorithm, publicKey: { n, e } }) => ({
      use: 'sig',
      kty: 'RSA',
      kid: keyId,
      alg: algorithm,
      n,
      e,
    }),
  );
}

/** RFC 7638: the required members in the order of their names. */
function thumbprint(n: string, e: string): string {
  return createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url');
}

const sealingContext = (clusterId: string, keyId: string): string =>
  `service account signing key ${clusterId} ${keyId}`;

/** Throws for a record that cannot be read: then no token can be judged, and none is made. */
function unpack(value: string, revision: number): LoadedKeys {
  const records = asList(parseObject(value)?.keys, readKey);
  if (records === undefined || records.length === 0) {
    throw new SigningKeysError('the record of the signing keys cannot be read');
  }
  const publicKeys = new Map(
    records.map(({ keyId, publicKey: { n, e } }) => [
      keyId,
      createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }),
    ]),
  );
  return { revision, records, publicKeys, private: undefined, published: undefined };
}

function readKey(value: unknown): SigningKeyRecord | undefined {
  const record = asObject(value);
  const publicKey = asObject(record?.publicKey);
  const texts = [record?.keyId, record?.sealedPrivateKey ?? 'none', publicKey?.n, publicKey?.e];
  const times = [record?.createdAt, record?.signsFrom ?? 0];
  const isSound =
    texts.every((text) => asText(text) !== undefined && text !== '') &&
    times.every((time) => typeof time === 'number') &&
    record?.algorithm === 'RS256';
  return isSound ? (record as unknown as SigningKeyRecord) : undefined;
}
