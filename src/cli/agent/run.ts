import { resolve } from 'node:path';
import { createAgent } from '../../agent/agent.ts';
import { agentUri } from '../../engine/podcredentials/names.ts';
import type { LogFormat, LogLevel } from '../../server/config.ts';
import { writePrivateFile } from '../../server/datadirectory.ts';
import { createLog } from '../../server/log.ts';
import { removeReadyFile } from '../../server/readyfile.ts';
import { readConnection } from '../connection.ts';
import { CommandError } from '../failure.ts';
import { stopSignal } from '../stopsignal.ts';
import { type NodeOptions, nodeCredentials, tryCredentials } from './credentials.ts';
import { type Listening, type ListenOptions, listenAll } from './listening.ts';
import { namedEndpoint, type Target, type TargetOptions, targetOf } from './target.ts';

export interface AgentCommandOptions extends TargetOptions, Omit<NodeOptions, 'region'>, ListenOptions {
  readonly clusterName: string;
  readonly requestRate: string;
  readonly readyFile?: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

/** What `--ready-file` says once everything listens. */
export interface AgentReadyFile extends Target, Listening {
  readonly clusterName: string;
  readonly pid: number;
}

/** Runs until SIGTERM or SIGINT, then drains; a second signal ends at once. */
export async function runAgent(options: AgentCommandOptions): Promise<void> {
  const { clusterName } = options;
  // What a cluster can be called (eks-access-facts B): anything else would be another path of EKS Auth.
  if (!/^[0-9A-Za-z][\w-]{0,99}$/.test(clusterName)) {
    throw new CommandError('misuse', `\`${clusterName}\` is not the name of a cluster`);
  }
  const requestsPerSecond = Number(options.requestRate);
  if (!/^\d{1,7}$/.test(options.requestRate) || requestsPerSecond === 0) {
    throw new CommandError('misuse', `--request-rate \`${options.requestRate}\` is not a number from 1`);
  }
  const server = usesServer(options)
    ? readConnection({
        ...(options.data !== undefined && { data: options.data }),
        ...(options.serverFile !== undefined && { readyFile: options.serverFile }),
      })
    : undefined;
  const target = targetOf(options, server, process.env);
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  const credentials = nodeCredentials({ ...options, region: target.region }, server, log);
  const readyFile = options.readyFile === undefined ? undefined : resolve(options.readyFile);
  if (readyFile !== undefined) removeReadyFile(readyFile);
  const stopped = stopSignal();
  const agent = createAgent({ clusterName, ...target, credentials, log, requestsPerSecond });
  try {
    const ready: AgentReadyFile = {
      ...{ clusterName, ...target, ...(await listenAll(agent, options)), pid: process.pid },
    };
    if (readyFile !== undefined) writePrivateFile(readyFile, `${JSON.stringify(ready, undefined, 2)}\n`);
    process.stdout.write(banner(ready));
    log.info({ cluster: clusterName, endpoint: target.endpoint }, 'the agent listens');
    void tryCredentials(credentials, log);
    await stopped;
    log.info({}, 'the agent stops');
  } finally {
    await agent.close();
  }
}

/** Whether the server of this machine is asked, or is to vouch for who asks. */
function usesServer(options: AgentCommandOptions): boolean {
  const { data, serverFile, role, user } = options;
  const isNamed = [data, serverFile, role, user].some((option) => option !== undefined);
  return isNamed || namedEndpoint(options, process.env) === undefined;
}

function banner({
  clusterName,
  endpoint,
  region,
  urls,
  probeEndpoint,
  metricsEndpoint,
}: AgentReadyFile): string {
  const [url = ''] = urls;
  return [
    ...urls.map((each, at) => `${at === 0 ? 'pods ask ' : '         '}  ${each}  (cluster ${clusterName})`),
    `EKS Auth   ${endpoint}  (${region})`,
    `probes     ${probeEndpoint}/healthz, /readyz`,
    `metrics    ${metricsEndpoint}/metrics`,
    '',
    ...(url === agentUri
      ? ['Pods of an association find it by themselves.']
      : [`Lead pods here:  entryway serve --pod-identity-agent-uri ${url}`]),
    '',
  ].join('\n');
}
