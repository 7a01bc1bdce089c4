import { readFileSync } from 'node:fs';
import { createAwsClient } from '../../clients/aws.ts';
import { createKubernetesClient, type KubernetesClient } from '../../clients/kubernetes.ts';
import { describeAuthentication, describeDecision } from '../../server/evidence.ts';
import { identityOf, rootCredentials } from '../../server/operatoridentity.ts';
import type { ReadyFile } from '../../server/readyfile.ts';
import type { KubernetesOutcome, RunningServer } from '../../server/server.ts';
import { createToken } from '../../wire/token/create.ts';
import { dataDirectoryOf } from '../connection.ts';
import { renderTable } from '../render/table.ts';
import { demoCluster, demoRoles, legacyUser } from './content.ts';
import { questions } from './questions.ts';
import { seedAws, seedKubernetes } from './seed.ts';

/** `npm start`: fills the server once, says where things are, and shows what each principal may do. */
export async function runDemo(server: RunningServer): Promise<void> {
  const { connection } = server;
  const { accountId, region, awsEndpoint: endpoint } = connection;
  const aws = createAwsClient({ endpoint, region, credentials: rootCredentials(connection) });
  await seedAws(aws, accountId);
  const { cluster } = await aws.call<{ cluster: { endpoint: string } }>('eks', 'DescribeCluster', {
    name: demoCluster,
  });
  const client = createKubernetesClient(cluster.endpoint, readFileSync(connection.caFile, 'utf8'));
  try {
    await seedKubernetes(
      client,
      await tokenOf(server, { role: roleArn(accountId, 'platform-admin') }),
      accountId,
    );
    process.stdout.write(introduction(server, cluster.endpoint) + nextCommands(connection));
    const answers: (readonly Answer[])[] = [];
    const principals = demoPrincipals(accountId);
    for (const principal of principals)
      answers.push(await askAll(server, client, await tokenOf(server, principal)));
    process.stdout.write(
      '\nWhat the demo’s principals may do, asked over the wire with a real token each:\n\n',
    );
    process.stdout.write(matrix(principals, answers));
    process.stdout.write('\nWhy:\n');
    for (const [i, principal] of principals.entries()) {
      process.stdout.write(`\n${principal.name}: ${principal.description}\n${reasons(answers[i] ?? [])}`);
    }
    process.stdout.write('\nStop with Ctrl-C; everything is kept.\n');
  } finally {
    client.close();
  }
}

interface DemoPrincipal {
  readonly name: string;
  readonly description: string;
  readonly role?: string;
  readonly user?: string;
}

function demoPrincipals(accountId: string): readonly DemoPrincipal[] {
  return [
    ...demoRoles.map(({ name, description }) => ({ name, description, role: roleArn(accountId, name) })),
    {
      name: legacyUser.name,
      description: 'A user of the older way: mapped by aws-auth, allowed by a Role in team-b',
      user: legacyUser.name,
    },
  ];
}

async function tokenOf(
  server: RunningServer,
  identity: { readonly role?: string; readonly user?: string },
): Promise<string> {
  const credentials = await identityOf(server.connection, identity);
  return createToken({
    credentials,
    region: server.connection.region,
    clusterName: demoCluster,
    now: Date.now(),
  });
}

interface Answer {
  readonly command: string;
  readonly verdict: string;
  readonly reason: string;
}

/** Asks every question over the wire, and joins each answer with the evidence recorded for that very request. */
async function askAll(
  server: RunningServer,
  client: KubernetesClient,
  token: string,
): Promise<readonly Answer[]> {
  const outcomes = new Map<string, KubernetesOutcome>();
  const stop = server.onKubernetesRequest((outcome) => outcomes.set(outcome.auditId, outcome));
  try {
    const answers: Answer[] = [];
    for (const { command, ...question } of questions) {
      const { status, auditId } = await client.send({ token, ...question });
      answers.push({ command, verdict: verdict(status), reason: reason(outcomes.get(auditId ?? '')) });
    }
    return answers;
  } finally {
    stop();
  }
}

function verdict(status: number): string {
  if (status >= 200 && status < 300) return 'allowed';
  return status === 401 || status === 403 ? 'denied' : `HTTP ${status}`;
}

/** One row per request, one column per principal. */
function matrix(principals: readonly DemoPrincipal[], answers: readonly (readonly Answer[])[]): string {
  return renderTable(
    [{ title: 'request' }, ...principals.map(({ name }) => ({ title: name }))],
    questions.map(({ command }, row) => [command, ...answers.map((column) => column[row]?.verdict ?? '')]),
  );
}

/** Requests with one reason share a row. */
function reasons(answers: readonly Answer[]): string {
  const groups = Map.groupBy(answers, ({ verdict, reason }) => `${verdict}\n${reason}`);
  return renderTable(
    [{ title: '' }, { title: 'requests', width: 46 }, { title: 'because', width: 76 }],
    [...groups.values()].map((group) => [
      group[0]?.verdict ?? '',
      group.length === answers.length
        ? `all ${group.length}`
        : group.map(({ command }) => command.replace(/^kubectl /, '')).join('\n'),
      group[0]?.reason ?? '',
    ]),
  );
}

function reason(outcome: KubernetesOutcome | undefined): string {
  if (outcome === undefined) return 'no record of this request';
  if (outcome.decision !== undefined) return describeDecision(outcome.decision);
  return outcome.authentication === undefined ? '' : describeAuthentication(outcome.authentication.evidence);
}

function roleArn(accountId: string, name: string): string {
  return `arn:aws:iam::${accountId}:role/${name}`;
}

function introduction({ connection }: RunningServer, clusterEndpoint: string): string {
  return [
    'Entryway is running.',
    '',
    `  AWS side         ${connection.awsEndpoint}  (account ${connection.accountId}, ${connection.region})`,
    `  cluster ${demoCluster}     ${clusterEndpoint}`,
    `  data             ${connection.dataDir}`,
    '',
  ].join('\n');
}

function nextCommands({ accountId, dataDir }: ReadyFile): string {
  const data = dataDir === dataDirectoryOf({}) ? '' : ` --data ${dataDir}`;
  return [
    '',
    'Next, in another terminal:',
    '',
    `  eval "$(npx entryway env${data})"`,
    `  aws eks update-kubeconfig --name ${demoCluster} --kubeconfig ./demo.kubeconfig`,
    `  aws eks list-access-entries --cluster-name ${demoCluster}`,
    `  eval "$(npx entryway env${data} --role ${roleArn(accountId, 'team-a-developer')})"`,
    '  kubectl --kubeconfig ./demo.kubeconfig get pods -n team-a',
    '',
    `Without the AWS CLI:  npx entryway kubeconfig ${demoCluster}${data} --role ROLE_ARN > demo.kubeconfig`,
    '',
  ].join('\n');
}
