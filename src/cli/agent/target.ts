import { isLoopback, parseRegion } from '../../server/config.ts';
import type { ReadyFile } from '../../server/readyfile.ts';
import { CommandError } from '../failure.ts';

export interface TargetOptions {
  readonly endpoint?: string;
  readonly region?: string;
  readonly data?: string;
  readonly serverFile?: string;
  readonly allowRemote?: boolean;
}

export interface Target {
  readonly endpoint: string;
  readonly region: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The endpoint that options or the environment name; undefined: the server of this machine is meant. */
export function namedEndpoint(options: TargetOptions, env: Environment): string | undefined {
  if (options.endpoint !== undefined) return options.endpoint;
  // Which server is meant was said; `eval "$(entryway env)"` of another one does not count.
  if (options.data !== undefined || options.serverFile !== undefined) return undefined;
  return env.AWS_ENDPOINT_URL_EKS_AUTH || env.AWS_ENDPOINT_URL || undefined;
}

/** Whom the agent asks. `server` is that of this machine, where it was looked for. */
export function targetOf(options: TargetOptions, server: ReadyFile | undefined, env: Environment): Target {
  const named = namedEndpoint(options, env) ?? server?.awsEndpoint ?? '';
  const region = options.region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || server?.region);
  if (region === undefined) {
    throw new CommandError('misuse', 'no region is known', 'name it with --region or AWS_REGION');
  }
  return { endpoint: checked(named, options), region: parseRegion(region) };
}

/** SECURITY: whoever reads a pod's token on its way can become the pod. */
function checked(endpoint: string, { allowRemote }: TargetOptions): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  // A path would be left out of the calls, and nobody would see why they fail.
  const isOrigin = url?.href === `${url?.origin}/`;
  if (url === undefined || !/^https?:$/.test(url.protocol) || !isOrigin) {
    throw new CommandError(
      'misuse',
      `endpoint \`${endpoint}\` is not a URL of EKS Auth`,
      'for example --endpoint http://127.0.0.1:4700',
    );
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname.replace(/^\[|\]$/g, '')) && !allowRemote) {
    throw new CommandError(
      'misuse',
      `tokens would go to \`${url.host}\` in plain HTTP`,
      'use https, or add --allow-remote when that is what you want',
    );
  }
  return url.origin;
}
