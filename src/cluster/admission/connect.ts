import type { JsonObject } from '../../wire/kube/json.ts';
import { findSubresource } from '../../wire/kube/resources.ts';
import type { ApiContext, ResourceRequest } from '../context.ts';
import type { KubeObject } from '../objects/object.ts';
import { booleanParameter } from '../request/options.ts';
import { mutate, review } from './admission.ts';

const connecting: readonly string[] = ['exec', 'attach', 'portforward', 'proxy'];

/**
 * Admission of a request that would connect to something (`CONNECT` in a webhook's rules); nothing for every other one.
 * The object is what the query says, as the options of that subresource.
 */
export async function admitConnect(context: ApiContext, request: ResourceRequest): Promise<void> {
  const { resource, subresource, query } = request;
  if (!connecting.includes(subresource)) return;
  const kind = findSubresource(resource, subresource)?.kind ?? '';
  const object = { kind, apiVersion: 'v1', ...connectOptions(subresource, query), metadata: {} };
  const lens = { get: withoutMetadata, set: (_: KubeObject, before: KubeObject) => before, messageType: '' };
  const write = { operation: 'CONNECT', object, oldObject: undefined, dryRun: false, lens } as const;
  await mutate(context, request, write, (settled) => settled);
  await review(context, request, write);
}

function withoutMetadata({ metadata: _, ...options }: KubeObject): KubeObject {
  return options as unknown as KubeObject;
}

function connectOptions(subresource: string, query: URLSearchParams): JsonObject {
  const flags = (names: readonly string[]): JsonObject =>
    Object.fromEntries(names.filter((name) => booleanParameter(query, name)).map((name) => [name, true]));
  const container = query.get('container') ?? '';
  switch (subresource) {
    case 'exec':
    case 'attach':
      return {
        ...flags(['stdin', 'stdout', 'stderr', 'tty']),
        ...(container !== '' && { container }),
        ...(subresource === 'exec' && query.has('command') && { command: query.getAll('command') }),
      };
    case 'portforward': {
      const ports = query.getAll('ports').flatMap((text) => text.split(',').map(Number));
      return ports.length > 0 && ports.every(Number.isInteger) ? { ports } : {};
    }
    default:
      return {};
  }
}
