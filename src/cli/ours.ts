import { createAwsClient } from '../clients/aws.ts';
import { type IdentityOptions, identityOf } from '../server/operatoridentity.ts';
import type { ServiceName } from '../wire/protocols/services.ts';
import { type ConnectionOptions, readConnection } from './connection.ts';

export interface CallerOptions extends ConnectionOptions, IdentityOptions {
  /** See `AwsClientOptions`. */
  readonly deadline?: number;
}

/** Calls the running server as the first account's root, or as whom the options name: then IAM decides. */
export async function callAs<Output>(
  options: CallerOptions,
  operation: string,
  input: Readonly<Record<string, unknown>>,
  service: ServiceName = 'entryway',
): Promise<Output> {
  const connection = readConnection(options);
  const client = createAwsClient({
    endpoint: connection.awsEndpoint,
    region: connection.region,
    credentials: await identityOf(connection, options),
    ...(options.deadline !== undefined && { deadline: options.deadline }),
  });
  return client.call<Output>(service, operation, input);
}

/** Every page of a list. */
export async function* pagesAs<Output extends { readonly nextToken?: string }>(
  options: CallerOptions,
  operation: string,
  input: Readonly<Record<string, unknown>> = {},
  service: ServiceName = 'entryway',
): AsyncGenerator<Output> {
  let nextToken: string | undefined;
  do {
    const place = nextToken === undefined ? {} : { nextToken };
    const page: Output = await callAs(options, operation, { ...input, ...place }, service);
    yield page;
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
}
