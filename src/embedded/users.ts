import { ConfigError } from '../server/config.ts';
import { identityOf } from '../server/operatoridentity.ts';
import type { ReadyFile } from '../server/readyfile.ts';
import type { SigningCredentials } from '../wire/sigv4/sign.ts';
import { createToken } from '../wire/token/create.ts';
import type { Administrator } from './administrator.ts';
import { type Account, asRefusal, createMappedUser } from './aws.ts';
import { ClusterError, type ClusterUser } from './cluster.ts';

/** Makes tokens of users. */
export interface Users {
  /** Rejects with ClusterError. */
  tokenOf(user: ClusterUser): Promise<string>;
}

/** As long as the cluster gives one. */
const serviceAccountSeconds = 24 * 3600;

export function createUsers(deps: {
  readonly connection: ReadyFile;
  readonly account: Account;
  readonly administrator: Administrator;
  readonly clusterName: string;
}): Users {
  const { connection, account, administrator, clusterName } = deps;
  /** Names of the IAM users made for a username and groups. */
  const mapped = new Map<string, Promise<string>>();
  /** Also of those that were refused: their IAM user may be there all the same. */
  let named = 0;

  const signed = (credentials: SigningCredentials): string =>
    createToken({ credentials, region: connection.region, clusterName, now: Date.now() });

  const tokenOfIam = async (identity: {
    readonly role?: string;
    readonly user?: string;
  }): Promise<string> => {
    try {
      return signed(await identityOf(connection, identity));
    } catch (error) {
      if (error instanceof ConfigError) throw new ClusterError('option', error.message, { cause: error });
      throw asRefusal(`the credentials of ${identity.role ?? `user ${identity.user}`}`, error);
    }
  };

  const mappedUser = (username: string, groups: readonly string[]): Promise<string> => {
    const key = JSON.stringify([username, ...groups]);
    const known = mapped.get(key);
    if (known !== undefined) return known;
    named += 1;
    const made = createMappedUser(account, clusterName, { username, groups, userName: `mapped-${named}` });
    mapped.set(key, made);
    // One that was refused is asked for again.
    made.catch(() => mapped.delete(key));
    return made;
  };

  const serviceAccountToken = async (namespace: string, name: string): Promise<string> => {
    const answer = await administrator.call(`a token of service account ${namespace}/${name}`, {
      method: 'POST',
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(name)}/token`,
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: serviceAccountSeconds },
      },
    });
    return (answer as { readonly status: { readonly token: string } }).status.token;
  };

  return {
    async tokenOf(user) {
      if (typeof user !== 'object' || user === null) throw nobody();
      if ('username' in user) {
        // EKS makes one of its own where an entry has none: that would be somebody else.
        if (user.username === '') throw new ClusterError('option', 'the `username` of a user is empty');
        return tokenOfIam({ user: await mappedUser(user.username, user.groups ?? []) });
      }
      if ('role' in user) {
        const { role } = user;
        return tokenOfIam({
          role: role.startsWith('arn:') ? role : `arn:aws:iam::${account.accountId}:role/${role}`,
        });
      }
      if ('user' in user) return tokenOfIam({ user: user.user });
      if ('serviceAccount' in user)
        return serviceAccountToken(user.namespace ?? 'default', user.serviceAccount);
      throw nobody();
    },
  };
}

function nobody(): ClusterError {
  return new ClusterError('option', 'a user is named by `username`, `role`, `user` or `serviceAccount`');
}
