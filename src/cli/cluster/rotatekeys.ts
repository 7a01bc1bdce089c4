import type { ConnectionOptions } from '../connection.ts';
import { CommandError } from '../failure.ts';
import { openClusterClient } from './client.ts';

export interface RotateKeysOptions extends ConnectionOptions {
  readonly revoke?: true;
  readonly yes?: true;
}

/** Gives a built-in cluster a new key for its service account tokens, or with `--revoke` that key alone. */
export async function rotateKeys(clusterName: string, options: RotateKeysOptions): Promise<void> {
  const revoke = options.revoke === true;
  if (revoke && options.yes === undefined) {
    process.stdout.write(
      `every service account token of cluster ${clusterName} would be refused here at once, its watches ended, and refused by others once they read the keys anew, within an hour\n`,
    );
    throw new CommandError('misuse', 'nothing was changed', 'run it again with --yes to end them');
  }
  const { aws } = openClusterClient(options);
  const { keyId, signsFrom } = await aws.call<{ readonly keyId: string; readonly signsFrom: Date }>(
    'entryway',
    'RotateSigningKey',
    { clusterName, revoke },
  );
  process.stdout.write(
    revoke
      ? `key ${keyId} signs the service account tokens of cluster ${clusterName} from now on\nevery token made before is refused here: its clients ask for a new one, or need one\nothers may remember the old keys for an hour, and AWS sessions begun with such a token go on until they end\n`
      : `key ${keyId} is published and signs the service account tokens of cluster ${clusterName} from ${signsFrom.toISOString()} on\ntokens made before stay good until they end; --revoke ends them at once\n`,
  );
}
