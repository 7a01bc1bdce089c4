import { callExtension } from '../clients/aws.ts';
import { rootCredentials } from '../server/operatoridentity.ts';
import { type ConnectionOptions, readConnection } from './connection.ts';
import { CommandError } from './failure.ts';

export interface CreateAccountOptions extends ConnectionOptions {
  readonly account?: string;
  readonly output: 'text' | 'json';
}

interface CreatedAccount {
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Adds an account to the running server, as the first account's root, and prints its root key: the only time it shows. */
export async function createAccount(options: CreateAccountOptions): Promise<void> {
  const connection = readConnection(options);
  const answer = await callExtension(
    {
      endpoint: connection.awsEndpoint,
      region: connection.region,
      credentials: rootCredentials(connection),
    },
    '/entryway/v1/accounts',
    options.account === undefined ? {} : { accountId: options.account },
  );
  if (answer.status !== 200) {
    const { message } = answer.body as { readonly message: string };
    throw new CommandError(answer.status === 403 ? 'denied' : 'failure', message);
  }
  const created = answer.body as CreatedAccount;
  process.stdout.write(
    options.output === 'json'
      ? `${JSON.stringify(created, undefined, 2)}\n`
      : `# root of account ${created.accountId}\nexport AWS_ACCESS_KEY_ID=${created.accessKeyId}\nexport AWS_SECRET_ACCESS_KEY=${created.secretAccessKey}\n`,
  );
}
