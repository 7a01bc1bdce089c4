import { compileStoredPolicy } from '../src/engine/iam/compile.ts';
import { evaluate } from '../src/engine/iam/evaluate.ts';
import type { EvaluationRequest } from '../src/engine/iam/request.ts';
import { encodeRequest } from '../src/wire/protocols/client.ts';
import { type SigningCredentials, signRequest } from '../src/wire/sigv4/sign.ts';
import { httpBytes, inTurn, type LoadResult, runLoad } from './load.ts';
import { median, perCall } from './measure.ts';
import { cedarName, createCedarActions } from './peers/cedar.ts';
import { duration, type Report, rate, times, whole } from './report.ts';
import type { BenchOptions } from './section.ts';
import { clusterName, createDirectory } from './seed.ts';
import { type ServerProcess, startServerProcess } from './serverprocess.ts';

const sizes = [5, 50, 500] as const;
const accountId = '111122223333';
const policyArns = 'arn:aws:eks::aws:cluster-access-policy';

/** Prints what an IAM decision costs alone, and what it adds to a call of the API. */
export async function benchEvaluations(report: Report, { directory }: BenchOptions): Promise<void> {
  report.note(
    'One AssociateAccessPolicy by a user whose policy has so many statements, each for another action or another ' +
      'namespace prefix, with conditions; the last one allows. First: parsed, compiled and asked once.',
  );
  const rows = sizes.map((size) => {
    const text = policyText(size);
    const source = { type: 'inline', name: 'bench' } as const;
    const compiled = { identity: [compileStoredPolicy(text, 'identity', source)] };
    const request = requestFor(size);
    requireAllowed(evaluate(request, compiled).decision);
    const cedar = createCedarActions(`evaluations-${size}`, size);
    const repeated = perCall(() => evaluate(request, compiled));
    const first = perCall(() =>
      evaluate(request, { identity: [compileStoredPolicy(text, 'identity', source)] }),
    );
    const refused = { ...request, action: 'eks:DeleteCluster' };
    const miss = perCall(() => evaluate(refused, compiled));
    const peer = perCall(() => cedar());
    return [whole(size), duration(first), duration(repeated), rate(repeated), duration(miss), duration(peer)];
  });
  report.table([['statements', 'first', 'repeated', 'rate', 'refused, with reasons', cedarName], ...rows]);
  await benchCalls(report, directory);
}

function requireAllowed(decision: string): void {
  if (decision !== 'allowed') throw new Error(`the benchmark's request is ${decision}`);
}

const otherActions = ['eks:DescribeCluster', 'eks:ListAccessEntries', 'iam:GetRole', 'sts:AssumeRole'];

/** Nine tenths of the statements are about other actions, as in policies that people write. */
function policyText(size: number): string {
  const Statement = Array.from({ length: size }, (_, at) => {
    const mine = at % 10 === 9 || at === size - 1;
    return mine
      ? {
          Sid: `Namespace${at}`,
          Effect: 'Allow',
          Action: 'eks:AssociateAccessPolicy',
          Resource: `arn:aws:eks:*:${accountId}:access-entry/main/*`,
          Condition: {
            ArnEquals: { 'eks:policyArn': `${policyArns}/AmazonEKSViewPolicy` },
            'ForAllValues:StringLike': { 'eks:namespaces': `team-${at}-*` },
            Bool: { 'aws:MultiFactorAuthPresent': 'true' },
          },
        }
      : {
          Sid: `Other${at}`,
          Effect: at % 7 === 0 ? 'Deny' : 'Allow',
          Action: otherActions[at % otherActions.length],
          Resource: `arn:aws:eks:*:${accountId}:cluster/c${at}-*`,
          Condition: { StringEquals: { 'aws:ResourceTag/team': `t${at}` } },
        };
  });
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

function requestFor(size: number): EvaluationRequest {
  const arn = `arn:aws:iam::${accountId}:user/ada`;
  return {
    principal: {
      kind: 'user',
      accountId,
      partition: 'aws',
      arn,
      principalArn: arn,
      principalId: 'AIDAEXAMPLEEXAMPLE222',
    },
    action: 'eks:AssociateAccessPolicy',
    resource: `arn:aws:eks:us-east-1:${accountId}:access-entry/main/role/${accountId}/dev/7f`,
    resourceAccountId: accountId,
    context: new Map<string, string | readonly string[]>([
      ['eks:policyarn', `${policyArns}/AmazonEKSViewPolicy`],
      ['eks:accessscope', 'namespace'],
      ['eks:namespaces', [`team-${size - 1}-web`, `team-${size - 1}-db`]],
      ['aws:multifactorauthpresent', 'true'],
      ['aws:resourcetag/team', 'none'],
    ]),
  };
}

const rounds = 3;
const requestsPerRound = 2_000;
const concurrency = 16;

/** Whole calls of the API: signature, decision and record included. */
async function benchCalls(report: Report, directory: string): Promise<void> {
  await createDirectory(directory, 1);
  const server = await startServerProcess(directory);
  try {
    const callers = [
      { name: 'GetCallerIdentity: signature and record only', ...identityCall(rootOf(server)) },
      { name: 'DescribeCluster as root: no policies', ...describeCall(rootOf(server)) },
    ];
    for (const size of sizes) {
      const credentials = await createUser(server, size);
      callers.push({
        name: `DescribeCluster, ${size} statements in 10 policies at most`,
        ...describeCall(credentials),
      });
    }
    const results = new Map<string, LoadResult[]>(callers.map(({ name }) => [name, []]));
    for (let round = 0; round <= rounds; round++) {
      for (const { name, bytes } of callers) {
        const requests = Array.from({ length: requestsPerRound }, () => bytes(server));
        const { hostname: host, port } = new URL(server.connection.awsEndpoint);
        const load = { concurrency, status: 200, next: inTurn(requests) };
        const result = await runLoad({ host, port: Number(port) }, load);
        // The first round warms up.
        if (round > 0) results.get(name)?.push(result);
      }
    }
    const middle = (name: string, of: (result: LoadResult) => number): number =>
      median((results.get(name) ?? []).map(of));
    const floor = callers[0]?.name ?? '';
    report.note(
      `Signed calls over HTTP, ${concurrency} at a time, median of ${rounds} rounds of ${whole(requestsPerRound)}.`,
    );
    report.table([
      ['call', 'rate', 'median', 'p99', 'of the first'],
      ...callers.map(({ name }) => [
        name,
        `${whole(middle(name, (result) => result.perSecond))}/s`,
        duration(middle(name, (result) => result.median)),
        duration(middle(name, (result) => result.p99)),
        times(
          middle(name, (result) => result.perSecond),
          middle(floor, (result) => result.perSecond),
        ),
      ]),
    ]);
  } finally {
    await server.stop();
  }
}

function rootOf({ connection }: ServerProcess): SigningCredentials {
  const { accessKeyId = '', secretAccessKey = '' } = connection;
  return { accessKeyId, secretAccessKey };
}

const describeCall = (credentials: SigningCredentials) => ({
  bytes: (server: ServerProcess) =>
    signedBytes(server, credentials, 'eks', 'DescribeCluster', { name: clusterName(0) }),
});
const identityCall = (credentials: SigningCredentials) => ({
  bytes: (server: ServerProcess) => signedBytes(server, credentials, 'sts', 'GetCallerIdentity', {}),
});

function signedBytes(
  { connection }: ServerProcess,
  credentials: SigningCredentials,
  service: 'eks' | 'sts',
  operation: string,
  input: object,
): Buffer {
  const { host } = new URL(connection.awsEndpoint);
  const encoded = encodeRequest(service, operation, input);
  const options = { credentials, region: connection.region, service, now: Date.now() };
  const headers = signRequest({ host, ...encoded }, options);
  return httpBytes({ method: encoded.method, target: encoded.path, headers, body: encoded.body });
}

/** A user whose statements are spread over managed policies, as their size limit of 6,144 characters demands. */
async function createUser({ aws }: ServerProcess, size: number): Promise<SigningCredentials> {
  const UserName = `statements-${size}`;
  await aws.call('iam', 'CreateUser', { UserName });
  const statements = Array.from({ length: size }, (_, at) => ({
    Effect: 'Allow',
    Action: at === size - 1 ? 'eks:DescribeCluster' : `eks:A${at}`,
    Resource: `arn:aws:eks:*:*:cluster/*`,
    ...(at === size - 1 && { Condition: { StringEquals: { 'aws:username': UserName } } }),
  }));
  const perPolicy = Math.ceil(size / 10);
  for (let at = 0; at < size; at += perPolicy) {
    const { Policy } = await aws.call<{ Policy: { Arn: string } }>('iam', 'CreatePolicy', {
      PolicyName: `${UserName}-${at}`,
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: statements.slice(at, at + perPolicy),
      }),
    });
    await aws.call('iam', 'AttachUserPolicy', { UserName, PolicyArn: Policy.Arn });
  }
  const { AccessKey } = await aws.call<{ AccessKey: { AccessKeyId: string; SecretAccessKey: string } }>(
    'iam',
    'CreateAccessKey',
    { UserName },
  );
  return { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey };
}
