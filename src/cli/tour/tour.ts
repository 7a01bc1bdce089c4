import { readFileSync } from 'node:fs';
import { createAwsClient } from '../../clients/aws.ts';
import { createKubernetesClient } from '../../clients/kubernetes.ts';
import { inMemoryConfig } from '../../server/config.ts';
import { describeAuthentication, describeDecision } from '../../server/evidence.ts';
import { rootCredentials } from '../../server/operatoridentity.ts';
import { type KubernetesOutcome, type RunningServer, startServer } from '../../server/server.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import type { ServiceName } from '../../wire/protocols/services.ts';
import type { SigningCredentials } from '../../wire/sigv4/sign.ts';
import { createToken } from '../../wire/token/create.ts';
import { type Guide, tourSteps } from './steps.ts';

/** Walks the whole path on a server that keeps nothing, printing the command a user would type and the real answer. */
export async function tour(): Promise<void> {
  const server = await startServer(inMemoryConfig());
  try {
    await tourSteps(createGuide(server, (text) => void process.stdout.write(text)));
  } finally {
    await server.close();
  }
}

function createGuide(server: RunningServer, print: (text: string) => void): Guide {
  const { connection } = server;
  const identities = new Map<string, SigningCredentials>([['root', rootCredentials(connection)]]);
  const caPem = readFileSync(connection.caFile, 'utf8');
  let step = 0;

  const credentialsOf = (identity: string): SigningCredentials => {
    const credentials = identities.get(identity);
    if (credentials === undefined) throw new Error(`the tour has not met ${identity} yet`);
    return credentials;
  };

  return {
    accountId: connection.accountId,
    chapter(title, ...explanation) {
      step += 1;
      print(
        `\n── ${step}. ${title} ${'─'.repeat(Math.max(0, 84 - title.length))}\n${explanation.join('\n')}\n`,
      );
    },
    learn: (identity, credentials) => void identities.set(identity, credentials),
    async aws<Output>(
      identity: string,
      command: string,
      service: ServiceName,
      operation: string,
      input: Readonly<Record<string, unknown>>,
      show?: (output: Output) => unknown,
    ): Promise<Output | undefined> {
      print(`\n${prompt(identity)} ${command}\n`);
      const client = createAwsClient({
        endpoint: connection.awsEndpoint,
        region: connection.region,
        credentials: credentialsOf(identity),
      });
      try {
        const output = await client.call<Output>(service, operation, input);
        const shown = show === undefined ? output : show(output);
        if (shown !== undefined) print(indent(JSON.stringify(shown, undefined, 2)));
        return output;
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        print(
          indent(
            `An error occurred (${error.code}) when calling the ${operation} operation: ${error.message}`,
          ),
        );
        return undefined;
      }
    },
    async kubectl(identity, clusterEndpoint, clusterName, command, call, show) {
      print(`\n${prompt(identity)} ${command}\n`);
      let outcome: KubernetesOutcome | undefined;
      const stop = server.onKubernetesRequest((seen) => {
        outcome = seen;
      });
      const client = createKubernetesClient(clusterEndpoint, caPem);
      try {
        const token = createToken({
          credentials: credentialsOf(identity),
          region: connection.region,
          clusterName,
          now: Date.now(),
        });
        const { status, body } = await client.send({ token, ...call });
        print(
          indent(status < 300 ? show(body) : `Error from server: ${(body as { message?: string }).message}`),
        );
        print(`  why: ${why(outcome)}\n`);
      } finally {
        client.close();
        stop();
      }
    },
  };
}

function why(outcome: KubernetesOutcome | undefined): string {
  if (outcome?.decision !== undefined) return describeDecision(outcome.decision);
  return outcome?.authentication === undefined
    ? 'no record of this request'
    : describeAuthentication(outcome.authentication.evidence);
}

function prompt(identity: string): string {
  return `[${identity}] $`;
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ').concat('\n');
}
