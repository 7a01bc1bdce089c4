import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Agent, agentPath, createAgent } from '../../agent/agent.ts';
import { agentUri, agentUriIpv6 } from '../../engine/podcredentials/names.ts';
import { listen, originOf } from '../../server/addresses.ts';
import { createLog } from '../../server/log.ts';
import { type IdentityOptions, rootCredentials } from '../../server/operatoridentity.ts';
import type { ReadyFile } from '../../server/readyfile.ts';
import { type ConnectionOptions, readConnection } from '../connection.ts';
import { CommandError } from '../failure.ts';
import { printable } from '../render/printable.ts';
import { type HeldSignals, holdSignals } from './child.ts';
import { type OpenedCluster, openCluster } from './cluster.ts';
import { type ContainerView, containersOf, containerView, type Pod, type TokenFile } from './container.ts';
import { environment } from './environment.ts';
import { keepTokens } from './tokenfiles.ts';

export interface RunAsPodOptions extends ConnectionOptions, IdentityOptions {
  readonly cluster: string;
  readonly container?: string;
  /** Variables of the container that are taken over though they say nothing of who it is. */
  readonly env?: readonly string[];
}

/**
 * Runs a command with what says who the pod's container is, in variables and in files with the tokens its volumes ask for,
 * renewed as a kubelet renews them, and resolves with the command's exit code. AWS's endpoints are this server's, and an
 * agent for Pod Identity is there for as long as the command runs, unless the pod was told of one at another address than
 * that of EKS's.
 */
export async function runAsPod(
  podName: string,
  command: readonly string[],
  options: RunAsPodOptions,
): Promise<number> {
  const connection = readConnection(options);
  const cluster = await openCluster(connection, options);
  const signals = holdSignals();
  const root = mkdtempSync(join(tmpdir(), 'entryway-pod-'));
  const remove = (): void => rmSync(root, { recursive: true, force: true });
  // SECURITY: there are tokens in it, so it goes with this process however that ends.
  process.once('exit', remove);
  try {
    const pod = await cluster.pod(podName);
    const view = viewOf(podName, pod, root, options);
    for (const line of notes(podName, view, options)) process.stderr.write(`entryway: ${line}\n`);
    return await runWith({ signals, connection, cluster, pod, view, root }, command, options);
  } finally {
    cluster.close();
    remove();
    process.off('exit', remove);
    signals.release();
  }
}

interface Prepared {
  readonly signals: HeldSignals;
  readonly connection: ReadyFile;
  readonly cluster: OpenedCluster;
  readonly pod: Pod;
  readonly view: ContainerView;
  readonly root: string;
}

async function runWith(
  { signals, connection, cluster, pod, view, root }: Prepared,
  [program = '', ...args]: readonly string[],
  { cluster: clusterName }: RunAsPodOptions,
): Promise<number> {
  let agent: Agent | undefined;
  const stopKeeping = await keepTokens({
    files: view.tokenFiles,
    issue: (file) => cluster.token(pod, file),
    failed: ({ audience = 'the cluster' }: TokenFile, error) => {
      const reason = error instanceof Error ? error.message : String(error);
      process.stderr.write(
        `entryway: the token for ${printable(audience)} was not renewed, it is tried again: ${printable(reason)}\n`,
      );
    },
  });
  try {
    const variables = environment(process.env, connection, root, view.variables);
    if (asksEksAgent(view.variables)) {
      agent = createAgent({
        ...{ clusterName, endpoint: connection.awsEndpoint, region: connection.region },
        credentials: async () => rootCredentials(connection),
        log: createLog({ level: 'warn', format: 'text' }),
      });
      const host = '127.0.0.1';
      const port = await listen(agent.podServer(host), { host, port: 0 });
      variables[agentVariable] = `${originOf('http', host, port)}${agentPath}`;
    }
    return await signals.run(program, args, variables);
  } finally {
    stopKeeping();
    // Nobody is left who could wait for an answer.
    await agent?.close(0);
  }
}

function viewOf(
  podName: string,
  pod: Pod,
  root: string,
  { container: name, env: variables = [] }: RunAsPodOptions,
): ContainerView {
  const view = containerView(pod, root, { ...(name !== undefined && { name }), variables });
  if (view !== undefined) return view;
  throw new CommandError(
    'misuse',
    `pod \`${podName}\` has no container${name === undefined ? '' : ` \`${name}\``}`,
    `it has: ${containersOf(pod)
      .map((one) => printable(one.name ?? ''))
      .join(', ')}`,
  );
}

const agentVariable = 'AWS_CONTAINER_CREDENTIALS_FULL_URI';

/** What a newcomer would wonder about later. */
function notes(podName: string, view: ContainerView, { cluster }: RunAsPodOptions): readonly string[] {
  const list = (names: readonly string[]): string => names.map(printable).join(', ');
  const hasIdentity = ['AWS_ROLE_ARN', agentVariable, 'AWS_ACCESS_KEY_ID'].some(
    (name) => name in view.variables,
  );
  return [
    ...(view.unknown.length > 0 ? [`left out, only a kubelet knows: ${list(view.unknown)}`] : []),
    ...(view.untaken.length > 0 ? [`left out, take them over with --env NAME: ${list(view.untaken)}`] : []),
    ...(hasIdentity
      ? []
      : [
          `pod \`${podName}\` was told of no AWS credentials when it was made`,
          'make it anew after an association or an annotation was made; whether there is one:',
          `  entryway explain pod ${podName} --cluster ${cluster} --as-aws sts:GetCallerIdentity '*'`,
        ]),
  ];
}

/** Whether the pod was sent to the address that agents have on nodes of EKS, where none of this machine is. */
function asksEksAgent({ [agentVariable]: uri = '' }: Readonly<Record<string, string>>): boolean {
  return uri === agentUri || uri === agentUriIpv6;
}
