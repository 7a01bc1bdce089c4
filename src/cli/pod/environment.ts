import { join } from 'node:path';
import type { ReadyFile } from '../../server/readyfile.ts';

/** How programs show things to whoever sits here; all else that is called `AWS_…` would be another identity or place. */
const shown = /^AWS_(?:PAGER|DEFAULT_OUTPUT|CLI_[A-Z_]+)$/;

/**
 * The environment of a program that is to be the container: that of this process, with the container's own `variables`.
 * `root` is a directory without AWS files.
 *
 * SECURITY: whoever runs this has credentials of their own, in variables, in files and from the machine they sit at. With any
 * of them the answer to "who is the pod, and what may it do" would be about somebody else, and what the pod's author
 * prepared would be done by somebody else.
 */
export function environment(
  own: NodeJS.ProcessEnv,
  { awsEndpoint, region }: Pick<ReadyFile, 'awsEndpoint' | 'region'>,
  root: string,
  variables: Readonly<Record<string, string>>,
): NodeJS.ProcessEnv {
  const kept = Object.entries(own).filter(([name]) => !name.startsWith('AWS_') || shown.test(name));
  const none = join(root, 'none');
  return {
    ...Object.fromEntries(kept),
    AWS_ENDPOINT_URL: awsEndpoint,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    ...variables,
    AWS_CONFIG_FILE: none,
    AWS_SHARED_CREDENTIALS_FILE: none,
    // The AWS CLI also looks into the files of its forerunner.
    BOTO_CONFIG: none,
    // This machine may be one of EC2 and have a role.
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}
