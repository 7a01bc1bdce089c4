import { type LookupAddress, lookup } from 'node:dns';
import { request } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { OutboundIssuers } from '../dependencies.ts';
import { mayReach } from './addresses.ts';

/** The JSON object at an `https` address. Rejects for everything else that comes back, or does not. */
export type JsonFetcher = (url: string) => Promise<Readonly<Record<string, unknown>>>;

export interface JsonFetcherOptions {
  readonly reach: OutboundIssuers;
  /** Certificates to trust instead of those the system trusts, as PEM. */
  readonly ca?: string;
  /** Milliseconds for everything: name, connection, answer. */
  readonly timeout?: number;
  readonly maximumBytes?: number;
  /** Who turns names into addresses. */
  readonly resolve?: typeof lookup;
}

/**
 * SECURITY: addresses are judged where the connection is made, on the answer of the very look-up that it uses: a name
 * that resolves to something else a moment later (DNS rebinding) is judged by what it resolves to. Redirects are not
 * followed, proxies of the environment not used, every connection is new.
 */
export function createJsonFetcher({
  reach,
  ca,
  timeout = 5_000,
  maximumBytes = 256 * 1024,
  resolve = lookup,
}: JsonFetcherOptions): JsonFetcher {
  const guarded = guardedLookup(reach, resolve);
  return async (url) => {
    const { protocol, hostname, username, password } = new URL(url);
    if (protocol !== 'https:' || username !== '' || password !== '') throw new Error('not a plain https URL');
    const literal = hostname.replace(/^\[(.*)\]$/, '$1');
    // A host that is an address is never looked up.
    if (isIP(literal) !== 0 && !mayReach(literal, reach)) throw new Error('its address is out of reach');
    const body = await new Promise<Buffer>((done, reject) => {
      const asking = request(url, {
        agent: false,
        lookup: guarded,
        rejectUnauthorized: true,
        signal: AbortSignal.timeout(timeout),
        headers: { accept: 'application/json', 'user-agent': 'entryway' },
        ...(ca !== undefined && { ca }),
      });
      asking.on('error', reject);
      asking.once('response', (response) => {
        const fail = (message: string): void => {
          asking.destroy();
          reject(new Error(message));
        };
        if (response.statusCode !== 200) return fail(`it answered ${response.statusCode}`);
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > maximumBytes) return fail('its answer is too long');
          chunks.push(chunk);
        });
        response.on('error', reject);
        response.once('aborted', () => fail('its answer ended early'));
        response.once('end', () => done(Buffer.concat(chunks)));
      });
      asking.end();
    });
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Error('its answer is no JSON object');
    }
    return value as Readonly<Record<string, unknown>>;
  };
}

function guardedLookup(reach: OutboundIssuers, resolve: typeof lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) return callback(error, '');
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => mayReach(address, reach))) {
        return callback(new Error('its address is out of reach'), '');
      }
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
