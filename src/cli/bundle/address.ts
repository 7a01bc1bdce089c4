import { CommandError } from '../failure.ts';
import type { BundleInput } from './input.ts';

/** `https://HOST:PORT` of `--address`; throws CommandError (misuse) for anything else. */
export function parseAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin = url !== undefined && url.protocol === 'https:' && url.href === `${url.origin}/`;
  if (!isOrigin) {
    throw new CommandError(
      'misuse',
      `--address \`${text}\` is not https://HOST:PORT`,
      'what reaches this server’s webhooks',
    );
  }
  return url;
}

/**
 * A webhook's URL at another address. Where that is another host than the server knows itself by, the server's certificate
 * is expected for `localhost`, which every certificate of such a server has.
 *
 * SECURITY: it still has to be from this server's own authority, which certifies nobody else.
 */
export function atAddress(
  address: URL,
  url: string,
): { readonly url: string } & Pick<BundleInput, 'tlsServerName'> {
  const { hostname, pathname } = new URL(url);
  return {
    url: `${address.origin}${pathname}`,
    ...(address.hostname !== hostname && { tlsServerName: 'localhost' }),
  };
}
