import * as cloudtrail from '@aws-sdk/client-cloudtrail';
import * as eks from '@aws-sdk/client-eks';
import * as iam from '@aws-sdk/client-iam';
import * as sts from '@aws-sdk/client-sts';
import { resolve, type Schema } from './samples.ts';

/** The real SDK clients, reached by name, because every operation is called. */
export interface Sdk {
  readonly operations: readonly SdkOperation[];
  readonly errors: readonly Schema[];
  call(operation: string, input: object): Promise<Record<string, unknown>>;
  close(): void;
}

interface SdkOperation {
  readonly name: string;
  readonly input: Schema | undefined;
  readonly output: Schema | undefined;
}

export type SdkName = 'eks' | 'iam' | 'sts' | 'cloudtrail';

const modules: Readonly<Record<SdkName, Readonly<Record<string, unknown>>>> = { eks, iam, sts, cloudtrail };
const clients = {
  eks: eks.EKSClient,
  iam: iam.IAMClient,
  sts: sts.STSClient,
  cloudtrail: cloudtrail.CloudTrailClient,
} as const;

type Client = { send(command: unknown): Promise<Record<string, unknown>>; destroy(): void };
type Constructor<Instance> = new (input: object) => Instance;

export function openSdk(name: SdkName, endpoint: string): Sdk {
  const exported = modules[name];
  const schemas = Object.values(exported).filter((value): value is Schema => Array.isArray(value));
  const client = new (clients[name] as unknown as Constructor<Client>)({
    endpoint,
    region: 'eu-central-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'example' },
  });
  return {
    operations: schemas
      .filter((schema) => schema[0] === 9)
      .map((schema) => ({
        name: String(schema[2]),
        input: structure(schema[4]),
        output: structure(schema[5]),
      })),
    errors: schemas.filter((schema) => schema[0] === -3 && typeof schema[3] === 'object'),
    async call(operation, input) {
      const command = exported[`${operation}Command`] as Constructor<unknown>;
      const { $metadata, ...output } = await client.send(new command(input));
      return output;
    },
    close: () => client.destroy(),
  };
}

function structure(reference: unknown): Schema | undefined {
  const schema = resolve(reference);
  return schema === 'unit' ? undefined : (schema as Schema);
}
