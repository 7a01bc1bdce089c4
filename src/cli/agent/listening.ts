import type { Server } from 'node:http';
import { type Agent, agentHosts, agentPath } from '../../agent/agent.ts';
import { listen, originOf } from '../../server/addresses.ts';
import { ConfigError, isLoopback, type ListenAddress, parseListenAddress } from '../../server/config.ts';
import { CommandError } from '../failure.ts';

export interface ListenOptions {
  readonly listen?: readonly string[];
  readonly probeListen: string;
  readonly metricsListen: string;
  readonly allowRemote?: boolean;
}

/** Where everything listens. */
export interface Listening {
  /** What a pod's AWS_CONTAINER_CREDENTIALS_FULL_URI may be. */
  readonly urls: readonly string[];
  readonly probeEndpoint: string;
  readonly metricsEndpoint: string;
}

const usual: readonly ListenAddress[] = agentHosts.map((host) => ({ host, port: 80 }));
/** Where the agent of a machine without the addresses of EKS's nodes is found. */
const otherwise: ListenAddress = { host: '127.0.0.1', port: 4780 };

/** Opens all doors of the agent. Throws CommandError or ConfigError when one cannot be opened. */
export async function listenAll(agent: Agent, options: ListenOptions): Promise<Listening> {
  const chosen = options.listen?.map((text) => addressOf(text, '--listen', options));
  const probes = addressOf(options.probeListen, '--probe-listen', options);
  const metrics = addressOf(options.metricsListen, '--metrics-listen', options);
  const origins = chosen === undefined ? await openUsual(agent) : await openAll(agent, chosen);
  return {
    urls: origins.map((origin) => new URL(agentPath, origin).href),
    probeEndpoint: await open(agent.probeServer(), probes),
    metricsEndpoint: await open(agent.metricsServer(), metrics),
  };
}

/** SECURITY: any machine that reaches the agent can try tokens here, and what it answers is not encrypted. */
function addressOf(text: string, option: string, { allowRemote }: ListenOptions): ListenAddress {
  const given = parseListenAddress(text, option);
  const address = { ...given, host: asInUrls(given.host) };
  if (allowRemote || isLoopback(address.host) || agentHosts.includes(address.host)) return address;
  throw new ConfigError(
    `${option} \`${address.host}\` is reachable from other machines`,
    `add --allow-remote when that is what you want; pods reach ${agentHosts.join(' and ')}`,
  );
}

/** The agent answers to its address as clients write it, who have read it as part of a URL: `fd00:ec2:0::23` is `fd00:ec2::23`. */
function asInUrls(host: string): string {
  const origin = originOf('http', host, 80);
  return URL.canParse(origin) ? new URL(origin).hostname.replace(/^\[|\]$/g, '') : host;
}

async function openAll(agent: Agent, addresses: readonly ListenAddress[]): Promise<readonly string[]> {
  const origins: string[] = [];
  for (const address of addresses) origins.push(await open(agent.podServer(address.host), address));
  return origins;
}

/** The machine may lack the addresses, or the process the right to their port. */
const notHere = new Set(['EADDRNOTAVAIL', 'EACCES', 'EAFNOSUPPORT']);

async function openUsual(agent: Agent): Promise<readonly string[]> {
  const origins: string[] = [];
  for (const address of usual) {
    try {
      origins.push(await open(agent.podServer(address.host), address));
    } catch (error) {
      if (!notHere.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  return origins.length > 0 ? origins : openAll(agent, [otherwise]);
}

async function open(server: Server, address: ListenAddress): Promise<string> {
  try {
    return originOf('http', address.host, await listen(server, address));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new CommandError(
      'failure',
      `address ${address.host}:${address.port} is in use`,
      'another agent is running there; choose others with --listen, --probe-listen and --metrics-listen',
      { cause: error },
    );
  }
}
