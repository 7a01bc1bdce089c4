import { type AwsClient, createAwsClient } from '../../clients/aws.ts';
import { rootCredentials } from '../../server/operatoridentity.ts';
import { type ConnectionOptions, readConnection } from '../connection.ts';
import { printable } from '../render/printable.ts';

export interface SetBreakGlassOptions extends ConnectionOptions {
  readonly reason: string;
}

export interface ShowBreakGlassOptions extends ConnectionOptions {
  readonly output: 'text' | 'json';
}

interface BreakGlass {
  readonly principalArn: string;
  readonly principalId: string;
  readonly reason: string;
  readonly setAt: Date;
  readonly state: string;
}

/** Names the one who is administrator of the cluster whatever access entries and aws-auth say. */
export async function setBreakGlass(
  clusterName: string,
  principalArn: string,
  { reason, ...options }: SetBreakGlassOptions,
): Promise<void> {
  const { breakGlass } = await clientOf(options).call<{ readonly breakGlass: BreakGlass }>(
    'entryway',
    'PutBreakGlassPrincipal',
    { clusterName, principalArn, reason },
  );
  process.stdout.write(
    `${printable(breakGlass.principalArn)} (${breakGlass.principalId}) is system:masters on cluster ${clusterName} from now on\n` +
      'every use raises alert EW-TRAIL-028: `entryway trail --alerts`\n',
  );
}

export async function showBreakGlass(clusterName: string, options: ShowBreakGlassOptions): Promise<void> {
  const { breakGlass } = await clientOf(options).call<{ readonly breakGlass: BreakGlass }>(
    'entryway',
    'DescribeBreakGlassPrincipal',
    { clusterName },
  );
  process.stdout.write(
    options.output === 'json' ? `${JSON.stringify(breakGlass, undefined, 2)}\n` : asText(breakGlass),
  );
}

export async function removeBreakGlass(clusterName: string, options: ConnectionOptions): Promise<void> {
  await clientOf(options).call('entryway', 'DeleteBreakGlassPrincipal', { clusterName });
  process.stdout.write(`cluster ${clusterName} has no break-glass principal any more\n`);
}

function asText({ principalArn, principalId, reason, setAt, state }: BreakGlass): string {
  const lines = [
    `principal  ${printable(principalArn)} (${principalId})`,
    `reason     ${printable(reason)}`,
    `set        ${setAt.toISOString()}`,
    `state      ${state}`,
  ];
  if (state !== 'READY') {
    lines.push('hint: the principal was deleted or re-created since and gets in no more: set it again');
  }
  return `${lines.join('\n')}\n`;
}

/** As root of the first account: whoever can read the data directory is the operator (SECURITY.md). */
function clientOf(options: ConnectionOptions): AwsClient {
  const connection = readConnection(options);
  return createAwsClient({
    endpoint: connection.awsEndpoint,
    region: connection.region,
    credentials: rootCredentials(connection),
  });
}
