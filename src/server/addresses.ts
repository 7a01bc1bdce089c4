import type { AddressInfo, Server } from 'node:net';
import { hostname } from 'node:os';
import type { ListenAddress, WebhookListen } from './config.ts';

/** The names clients may use for an address: a wildcard is reached under this machine's own name. */
export function hostNames({ host }: ListenAddress): readonly [string] {
  return host === '0.0.0.0' || host === '::' ? [hostname()] : [host];
}

/** Those that were told first, so that URLs have them. */
export function webhookNames(listening: WebhookListen): readonly [string, ...string[]] {
  const [first, ...more] = listening.names;
  const [own] = hostNames(listening);
  return first === undefined ? [own] : [first, ...more, own];
}

/** `https://HOST:PORT`, an IPv6 address in brackets. */
export function originOf(scheme: 'http' | 'https', host: string, port: number): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Resolves with the port, once the server listens; rejects when it cannot. */
export function listen(server: Server, { host, port }: ListenAddress): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
