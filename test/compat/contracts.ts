/** What each service has, what is served of it, and the least input that its decoder takes. */
import { createCloudTrailOperations } from '../../src/services/cloudtrail/operations.ts';
import { createEksOperations } from '../../src/services/eks/operations.ts';
import { createEksAuthOperations } from '../../src/services/eksauth/operations.ts';
import { createEntrywayOperations } from '../../src/services/entryway/operations.ts';
import { createIamOperations } from '../../src/services/iam/operations.ts';
import { createStsOperations } from '../../src/services/sts/operations.ts';
import type { Shape } from '../../src/wire/protocols/contract.ts';
import { type ServiceName, services } from '../../src/wire/protocols/services.ts';

export interface Contract {
  readonly served: readonly string[];
  readonly missing: readonly string[];
  /** Required members only, of the right type and with the values given by member name. */
  minimalInput(operation: string, values?: Readonly<Record<string, unknown>>): Record<string, unknown>;
}

/** Registering operations touches nothing they depend on; only their names are read here. */
const unused = {} as never;

export const contracts: Readonly<Record<ServiceName, Contract>> = {
  eks: contractOf('eks', Object.keys(createEksOperations(unused))),
  iam: contractOf('iam', Object.keys(createIamOperations(unused))),
  sts: contractOf('sts', Object.keys(createStsOperations(unused))),
  cloudtrail: contractOf('cloudtrail', Object.keys(createCloudTrailOperations(unused))),
  'eks-auth': contractOf('eks-auth', Object.keys(createEksAuthOperations(unused))),
  entryway: contractOf('entryway', Object.keys(createEntrywayOperations(unused))),
};

function contractOf(service: ServiceName, served: readonly string[]): Contract {
  return {
    served,
    missing: services[service].operationNames.filter((name) => !served.includes(name)),
    minimalInput(operation, values = {}) {
      const input = services[service].operation(operation)?.input;
      return input === undefined ? {} : (minimal(input, '', values) as Record<string, unknown>);
    },
  };
}

function minimal(shape: Shape, name: string, values: Readonly<Record<string, unknown>>): unknown {
  if (Object.hasOwn(values, name)) return values[name];
  switch (shape.kind) {
    case 'string':
      return 'x'.repeat(20);
    case 'number':
      return 1;
    case 'boolean':
      return false;
    case 'timestamp':
      return new Date(0);
    case 'blob':
      return new Uint8Array();
    case 'document':
      return {};
    case 'list':
      return [minimal(shape.item, '', values)];
    case 'map':
      return {};
    case 'structure': {
      const wanted = shape.members.filter((member) => member.required || Object.hasOwn(values, member.name));
      return Object.fromEntries(
        wanted.map((member) => [member.name, minimal(member.shape, member.name, values)]),
      );
    }
  }
}
