import { readFileSync } from 'node:fs';
import type { KubernetesOutcome, RunningServer } from '../../server/server.ts';
import { createToken } from '../../wire/token/create.ts';
import { createAwsClient } from '../clients/aws.ts';
import { createKubernetesClient, type KubernetesClient } from '../clients/kubernetes.ts';
import { rootCredentials } from '../identity.ts';
import { mintOperatorSession } from '../operator.ts';
import { describeAuthentication, describeDecision } from '../render/evidence.ts';
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
    process.stdout.write(introduction(server, cluster.endpoint));
    for (const principal of demoPrincipals(accountId)) {
      process.stdout.write(
        `\n${principal.title}\n${await askAll(server, client, await tokenOf(server, principal))}`,
      );
    }
    process.stdout.write(nextCommands(accountId));
  } finally {
    client.close();
  }
}

interface DemoPrincipal {
  readonly title: string;
  readonly role?: string;
  readonly user?: string;
}

function demoPrincipals(accountId: string): readonly DemoPrincipal[] {
  return [
    ...demoRoles.map(({ name, description }) => ({
      title: `role/${name}: ${description}`,
      role: roleArn(accountId, name),
    })),
    {
      title: `user/${legacyUser.name}: mapped by aws-auth, allowed by a Role in team-b`,
      user: legacyUser.name,
    },
  ];
}

async function tokenOf(
  server: RunningServer,
  identity: { readonly role?: string; readonly user?: string },
): Promise<string> {
  const credentials = await mintOperatorSession(server.connection, identity);
  return createToken({
    credentials,
    region: server.connection.region,
    clusterName: demoCluster,
    now: Date.now(),
  });
}

/** Asks every question over the wire, and joins each answer with the evidence recorded for that very request. */
async function askAll(server: RunningServer, client: KubernetesClient, token: string): Promise<string> {
  const outcomes = new Map<string, KubernetesOutcome>();
  const stop = server.onKubernetesRequest((outcome) => outcomes.set(outcome.auditId, outcome));
  try {
    const rows: string[][] = [];
    for (const { command, ...question } of questions) {
      const answer = await client.send({ token, ...question });
      rows.push([command, verdict(answer.status), reason(outcomes.get(answer.auditId ?? ''))]);
    }
    return renderTable([{ title: 'request' }, { title: 'answer' }, { title: 'why', width: 96 }], rows);
  } finally {
    stop();
  }
}

function verdict(status: number): string {
  if (status >= 200 && status < 300) return 'allowed';
  if (status === 401) return 'denied (401)';
  if (status === 403) return 'denied';
  return `HTTP ${status}`;
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
    'What the demo’s principals may do, asked over the wire with a real token each:',
    '',
  ].join('\n');
}

function nextCommands(accountId: string): string {
  return [
    '',
    'Next, in another terminal:',
    '',
    '  eval "$(npx entryway env)"',
    `  aws eks update-kubeconfig --name ${demoCluster} --kubeconfig ./demo.kubeconfig`,
    `  aws eks list-access-entries --cluster-name ${demoCluster}`,
    `  eval "$(npx entryway env --role ${roleArn(accountId, 'team-a-developer')})"`,
    '  kubectl --kubeconfig ./demo.kubeconfig get pods -n team-a',
    '',
    'Without the AWS CLI:  npx entryway kubeconfig demo --role ROLE_ARN > demo.kubeconfig',
    'Stop with Ctrl-C; everything is kept.',
    '',
  ].join('\n');
}
