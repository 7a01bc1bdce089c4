import { followedCredentials, keptCredentials, type NodeCredentials } from '../../agent/nodecredentials.ts';
import type { AgentLog } from '../../agent/telling.ts';
import { type IdentityOptions, identityOf } from '../../server/operatoridentity.ts';
import type { ReadyFile } from '../../server/readyfile.ts';
import { CommandError } from '../failure.ts';
import { credentialsFromEnvironment } from '../identity.ts';

export interface NodeOptions extends IdentityOptions {
  readonly awsCredentials?: string;
  readonly awsProfile?: string;
  /** Where STS is asked for the roles of profiles. */
  readonly region: string;
}

/** Whom the operator's sessions last; `identityOf` makes them for an hour. */
const sessionLife = 3_600_000;

/**
 * Who the agent is: whom the options name, else the keys of the environment, else with an endpoint that is not this
 * machine's server whom the AWS SDK finds (profiles, roles of nodes), else the first account's root.
 */
export function nodeCredentials(
  options: NodeOptions,
  server: ReadyFile | undefined,
  log: AgentLog,
): NodeCredentials {
  const { role, user, awsCredentials: file, awsProfile: profile = 'default' } = options;
  const isNamed = role !== undefined || user !== undefined;
  if (options.awsProfile !== undefined && file === undefined) {
    throw new CommandError(
      'misuse',
      '--aws-profile is a profile of --aws-credentials',
      'give both, or AWS_PROFILE',
    );
  }
  if (isNamed && file !== undefined) {
    throw new CommandError('misuse', '--aws-credentials is another identity', 'leave --role and --user out');
  }
  if (file !== undefined) return followedCredentials({ file, profile, log, now: Date.now });
  const environment = isNamed ? undefined : credentialsFromEnvironment();
  if (environment !== undefined) return async () => environment;
  if (server === undefined || (!isNamed && process.env.AWS_PROFILE !== undefined))
    return sdkCredentials(options.region);
  return operatorCredentials(server, options);
}

/** Whom the options name, else the first account's root; made anew before a session ends. */
export function operatorCredentials(server: ReadyFile, options: IdentityOptions): NodeCredentials {
  const read = async () => ({
    credentials: await identityOf(server, options),
    expiresAt: Date.now() + sessionLife,
  });
  return keptCredentials(read, Date.now);
}

/**
 * Asks once, so that what is missing is told when the agent starts and not by the first pod. Not the end: keys may be put there
 * later.
 */
export async function tryCredentials(credentials: NodeCredentials, log: AgentLog): Promise<void> {
  try {
    await credentials();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn(
      { error: reason },
      'the agent has no credentials to ask EKS Auth with: until it has, pods get none',
    );
  }
}

/** What the AWS SDK finds: profiles with roles or sign-on, web identity, and the roles of machines. */
function sdkCredentials(region: string): NodeCredentials {
  return keptCredentials(async () => {
    const { STSClient } = await import('@aws-sdk/client-sts');
    const client = new STSClient({ region });
    try {
      const { expiration, ...credentials } = await client.config.credentials();
      return { credentials, ...(expiration !== undefined && { expiresAt: expiration.getTime() }) };
    } finally {
      client.destroy();
    }
  }, Date.now);
}
