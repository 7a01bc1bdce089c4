import type { ConnectionOptions } from '../connection.ts';
import { CommandError } from '../failure.ts';
import { printable } from '../render/printable.ts';
import { type ClusterClient, openClusterClient } from './client.ts';

export interface AudiencesOptions extends ConnectionOptions {
  readonly none?: true;
}

/** Says which audiences are the API server's own, or with `--none` that they are not known. */
export async function setAudiences(
  clusterName: string,
  audiences: readonly string[],
  options: AudiencesOptions,
): Promise<void> {
  if (audiences.length > 0 === (options.none === true)) {
    throw new CommandError('misuse', 'give the audiences of the API server, or --none');
  }
  checkAudiences(audiences);
  await putAudiences(openClusterClient(options), clusterName, audiences);
  process.stdout.write(
    audiences.length === 0
      ? `the webhook leaves audiences to the API server of cluster ${clusterName} from now on\n`
      : `the webhook answers the API server of cluster ${clusterName} for ${audiences.map(printable).join(', ')} alone from now on\n`,
  );
}

/** A list in one word would be an audience that no API server has, and would refuse everybody. */
export function checkAudiences(audiences: readonly string[]): void {
  const list = audiences.find((audience) => audience.includes(','));
  if (list === undefined) return;
  throw new CommandError('misuse', `\`${printable(list)}\` is several audiences`, 'give each on its own');
}

export async function putAudiences(
  { aws }: ClusterClient,
  clusterName: string,
  audiences: readonly string[],
): Promise<void> {
  await aws.call('entryway', 'PutClusterAudiences', { clusterName, audiences });
}
