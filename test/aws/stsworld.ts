/** What tests of tokens of AWS share: a stand-in for STS, two people it knows, and their tokens. */
import { afterEach } from 'vitest';
import {
  type AwsConnections,
  type AwsConnectionsOptions,
  createAwsConnections,
} from '../../src/access/aws/connections.ts';
import { createStsCallers, type StsCallers, type StsCallersOptions } from '../../src/access/aws/sts.ts';
import type { RemoteVerdict } from '../../src/access/remotecallers.ts';
import type { SigningCredentials } from '../../src/wire/sigv4/sign.ts';
import { createToken } from '../../src/wire/token/create.ts';
import { type ParsedToken, parseToken } from '../../src/wire/token/parse.ts';
import { createStsStandIn, type StandInKey, type StsStandIn, type StsStandInOptions } from './stsstandin.ts';

export const account = '444455556666';
const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, at) => 32 + at));
export const role: StandInKey = {
  secretAccessKey: 'the secret of the role',
  // Every character that a token may have: what is not encoded again would be another parameter, or another request.
  sessionToken: `session/token+with=odd characters ${printable}`,
  account,
  arn: `arn:aws:sts::${account}:assumed-role/ops/alice@example.com`,
  userId: 'AROA1234567890EXAMPLE:alice@example.com',
};
export const user: StandInKey = {
  secretAccessKey: 'the secret of the user',
  account,
  arn: `arn:aws:iam::${account}:user/team/bob`,
  userId: 'AIDA1234567890EXAMPLE',
};
const keys = { ASIAROLE000000000001: role, AKIAUSER000000000001: user };
type KeyId = keyof typeof keys | (string & {});

interface World {
  readonly sts: StsStandIn;
  readonly callers: StsCallers;
  readonly connections: AwsConnections;
  ask(keyId?: KeyId, options?: AskOptions): Promise<RemoteVerdict>;
}
interface AskOptions {
  readonly cluster?: string;
  readonly signedFor?: string;
  readonly host?: string;
  readonly region?: string;
  readonly now?: number;
  readonly secret?: string;
  readonly sessionToken?: string;
}

/** Closed after each test, the last first. */
export const opened: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** A stand-in for STS that knows two keys, and what asks it. */
export async function open(
  standIn: StsStandInOptions = {},
  connections: AwsConnectionsOptions = {},
  options: Partial<StsCallersOptions> = {},
): Promise<World> {
  const sts = await createStsStandIn({ keys, ...standIn });
  opened.push(() => sts.close());
  const made = createAwsConnections({
    connect: { host: '127.0.0.1', port: sts.port },
    ca: sts.caPem,
    ...connections,
  });
  opened.push(() => made.close());
  const callers = createStsCallers({
    connections: made,
    partition: 'aws',
    regions: new Set(['us-east-1', 'global']),
    accounts: new Set([account]),
    playsAccount: async () => false,
    ...options,
  });
  return {
    sts,
    callers,
    connections: made,
    ask: (keyId = 'ASIAROLE000000000001', options = {}) =>
      callers.callerOf(tokenOf(keyId, options), options.cluster ?? 'prod', options.now ?? Date.now()),
  };
}

export function tokenOf(keyId: KeyId, options: AskOptions = {}): ParsedToken {
  const key = (keys as Readonly<Record<string, StandInKey>>)[keyId];
  const sessionToken = options.sessionToken ?? key?.sessionToken;
  const credentials: SigningCredentials = {
    accessKeyId: keyId,
    secretAccessKey: options.secret ?? key?.secretAccessKey ?? 'made up',
    ...(sessionToken !== undefined && { sessionToken }),
  };
  const now = options.now ?? Date.now();
  const text = createToken({
    credentials,
    region: options.region ?? 'us-east-1',
    clusterName: options.signedFor ?? 'prod',
    now,
    ...(options.host !== undefined && { host: options.host }),
  });
  const parsed = parseToken(text, { now, partition: 'aws' });
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed;
}

export const codeOf = (verdict: RemoteVerdict): string =>
  verdict.outcome === 'known' ? 'known' : `${verdict.outcome} ${verdict.code}`;
