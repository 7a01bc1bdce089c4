import { X509Certificate } from 'node:crypto';
import type { AwsClient } from '../../clients/aws.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import type { WebhookTarget } from './call.ts';
import { type Finding, type Severity, severities } from './finding.ts';

interface CheckedCluster {
  readonly findings?: readonly {
    readonly severity: string;
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
  }[];
}

/** What the server itself finds about a cluster: its aws-auth, the way to its API, who called last. */
export async function askServer(aws: AwsClient, clusterName: string): Promise<readonly Finding[]> {
  const { findings = [] } = await checked(aws, clusterName);
  return findings.map(({ severity, code, message, hint }) => ({
    group: 'this server',
    // Whoever connects a cluster looks at it before anybody has used a token there.
    severity: code === 'neverCalled' ? 'info' : severityOf(severity),
    code,
    message,
    ...(hint !== undefined && { hint }),
  }));
}

/** An older server does not look itself; the rest can be looked at all the same. */
async function checked(aws: AwsClient, clusterName: string): Promise<CheckedCluster> {
  try {
    return await aws.call<CheckedCluster>('entryway', 'CheckCluster', { clusterName });
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'UnsupportedOperationException') throw error;
    const message = 'this server is too old to look at a cluster itself';
    return { findings: [{ severity: 'info', code: 'oldServer', message }] };
  }
}

/** A newer server may know words that we do not: they are worth a look. */
function severityOf(text: string): Severity {
  return severities.find((severity) => severity === text) ?? 'warning';
}

interface ListedCredentials {
  readonly credentials: readonly {
    readonly serialNumber: string;
    readonly revokedAt?: Date;
  }[];
}

/** Whether the server knows the certificate of a bundle, and has not revoked it. */
export async function checkCredential(
  aws: AwsClient,
  clusterName: string,
  { certificate }: WebhookTarget,
): Promise<readonly Finding[]> {
  const serialNumber = serialNumberOf(certificate);
  if (serialNumber === undefined) return [];
  const { credentials } = await aws.call<ListedCredentials>('entryway', 'ListWebhookCredentials', {
    clusterName,
  });
  const known = credentials.find((one) => one.serialNumber === serialNumber);
  const wrong = (message: string): readonly Finding[] => [
    {
      group: 'address',
      severity: 'error',
      code: 'credential',
      message,
      hint: 'make a new bundle with `entryway cluster bundle`, replace the folder on the control plane and restart the API server',
    },
  ];
  if (known === undefined) return wrong(`cluster \`${clusterName}\` has no certificate ${serialNumber}`);
  return known.revokedAt === undefined
    ? []
    : wrong(`the certificate ${serialNumber} was revoked on ${known.revokedAt.toISOString()}`);
}

function serialNumberOf(certificate: string): string | undefined {
  try {
    return new X509Certificate(certificate).serialNumber.toLowerCase();
  } catch {
    return undefined;
  }
}
