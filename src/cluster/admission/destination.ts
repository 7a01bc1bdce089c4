import { isIP } from 'node:net';
import { objectKey, resourcePrefix } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import { at, isObject, type JsonObject, type JsonValue, own } from '../../wire/kube/json.ts';
import type { WebhookTarget } from './webhook.ts';

/** Where a webhook is reached. */
export interface Destination {
  /** What is connected to: a host name or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** What the certificate must be for; '' for `host` itself. */
  readonly serverName: string;
  /** `Host` header. */
  readonly authority: string;
  readonly path: string;
  /** As errors name it. */
  readonly url: string;
}

/** Why a webhook cannot be reached, in the API server's words where it has some. */
export class DestinationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DestinationError';
  }
}

export type MayReach = (host: string) => boolean;

/**
 * Which hosts webhooks may be called at: this machine's loopback, and the named ones.
 *
 * SECURITY: who may write webhook configurations of a cluster, its users, chooses where this process connects to. So
 * that they cannot make it knock at other machines in its operator's name, everything but loopback is the operator's
 * to allow, host by host.
 */
export function createReach(hosts: readonly string[]): MayReach {
  const allowed = new Set(hosts.map(plainHost));
  return (host) => {
    const plain = plainHost(host);
    return isLoopbackHost(plain) || allowed.has(plain);
  };
}

/** One spelling for each host: of an IPv6 address, that of URLs. */
function plainHost(host: string): string {
  const plain = host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
  return isIP(plain) === 6 ? (URL.parse(`https://[${plain}]`)?.hostname.slice(1, -1) ?? plain) : plain;
}

function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/**
 * Where to connect for a webhook of a cluster.
 *
 * A service is reached at an address of its Endpoints or EndpointSlices, which somebody has to write: nothing runs
 * here that would. @throws DestinationError
 */
export async function findDestination(
  storage: Storage,
  clusterId: string,
  target: WebhookTarget,
  mayReach: MayReach,
): Promise<Destination> {
  const destination =
    target.kind === 'url' ? urlDestination(target.url) : await serviceDestination(storage, clusterId, target);
  if (!mayReach(destination.host)) {
    throw new DestinationError(
      `dial tcp: ${destination.host} is not this machine: the server's operator allows it with --admission-webhook-host`,
    );
  }
  return destination;
}

/** How errors name a webhook that could not even be looked up. */
export function shownUrl(target: WebhookTarget): string {
  if (target.kind === 'url') return target.url;
  const { namespace, name, port, path } = target;
  return `https://${name}.${namespace}.svc:${port}${path.startsWith('/') ? '' : '/'}${path}`;
}

function urlDestination(text: string): Destination {
  const url = URL.parse(text);
  // Configurations are checked when they are written; one from before may hold anything.
  if (url === null || url.protocol !== 'https:' || url.username !== '' || url.password !== '') {
    throw new DestinationError('unsupported URL');
  }
  return {
    host: plainHost(url.hostname),
    port: url.port === '' ? 443 : Number(url.port),
    serverName: '',
    authority: url.host,
    path: url.pathname,
    url: text,
  };
}

async function serviceDestination(
  storage: Storage,
  clusterId: string,
  target: Extract<WebhookTarget, { kind: 'service' }>,
): Promise<Destination> {
  const { namespace, name, port, path } = target;
  const find = async (resource: string): Promise<JsonObject | undefined> => {
    const entry = await storage.get(objectKey(clusterId, '', resource, namespace, name));
    return entry === undefined ? undefined : (JSON.parse(entry.value) as JsonObject);
  };
  const service = name.includes('/') || namespace.includes('/') ? undefined : await find('services');
  if (service === undefined) throw new DestinationError(`service ${JSON.stringify(name)} not found`);
  const serverName = `${name}.${namespace}.svc`;
  const found = (host: string, to: number): Destination => ({
    host: plainHost(host),
    port: to,
    serverName,
    authority: `${serverName}:${port}`,
    path: path.startsWith('/') ? path : `/${path}`,
    url: shownUrl(target),
  });
  if (at(service, 'spec', 'type') === 'ExternalName') {
    const host = at(service, 'spec', 'externalName');
    if (typeof host === 'string' && host !== '') return found(host, port);
  }
  const servicePort = list(at(service, 'spec', 'ports')).find((one) => own(one, 'port') === port);
  if (servicePort === undefined) {
    throw new DestinationError(`no service port ${port} found for service ${JSON.stringify(name)}`);
  }
  const portName = own(servicePort, 'name') ?? '';
  const endpoints = await find('endpoints');
  const address =
    fromSubsets(list(endpoints?.subsets), portName) ??
    fromSlices(await slicesOf(storage, clusterId, { namespace, name }), portName);
  if (address === undefined) {
    throw new DestinationError(`no endpoints available for service ${JSON.stringify(name)}`);
  }
  return found(address.host, address.port);
}

interface Address {
  readonly host: string;
  readonly port: number;
}

function fromSubsets(subsets: readonly JsonValue[], portName: JsonValue): Address | undefined {
  for (const subset of subsets) {
    const port = portNamed(list(own(subset, 'ports')), portName);
    const host = list(own(subset, 'addresses'))
      .map((address) => own(address, 'ip'))
      .find(isAddress);
    if (port !== undefined && host !== undefined) return { host, port };
  }
  return undefined;
}

function fromSlices(slices: readonly JsonObject[], portName: JsonValue): Address | undefined {
  for (const slice of slices) {
    const port = portNamed(list(slice.ports), portName);
    const ready = list(slice.endpoints).filter(
      (endpoint) => own(own(endpoint, 'conditions'), 'ready') !== false,
    );
    const host = ready.map((endpoint) => list(own(endpoint, 'addresses'))[0]).find(isAddress);
    if (port !== undefined && host !== undefined) return { host, port };
  }
  return undefined;
}

function portNamed(ports: readonly JsonValue[], name: JsonValue): number | undefined {
  const port = own(
    ports.find((one) => (own(one, 'name') ?? '') === name),
    'port',
  );
  return typeof port === 'number' && Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined;
}

/**
 * Characters of a namespace's slices that are looked through for one call: far more than somebody writes by hand, and
 * no more than takes a moment.
 */
const maximumSliceText = 4 * 1024 * 1024;
const slicesAtOnce = 20;

async function slicesOf(
  storage: Storage,
  clusterId: string,
  service: { readonly namespace: string; readonly name: string },
): Promise<readonly JsonObject[]> {
  const prefix = resourcePrefix(clusterId, 'discovery.k8s.io', 'endpointslices', service.namespace);
  const found: JsonObject[] = [];
  let left = maximumSliceText;
  let after: string | undefined;
  for (;;) {
    const page = await storage.list({ prefix, limit: slicesAtOnce, ...(after !== undefined && { after }) });
    for (const { key, value } of page.entries) {
      after = key;
      left -= value.length;
      if (left < 0) return found;
      const slice: unknown = JSON.parse(value);
      const isOfService =
        isObject(slice) && at(slice, 'metadata', 'labels', 'kubernetes.io/service-name') === service.name;
      if (isOfService) found.push(slice);
    }
    if (!page.more) return found;
  }
}

const isAddress = (value: unknown): value is string => typeof value === 'string' && isIP(value) !== 0;
const list = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);
