import { type HeaderLines, header } from './headers.ts';

export type Credential =
  | { readonly kind: 'token'; readonly token: string }
  /** Something was presented that is no bearer token: a 401, never anonymous. */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'none' };

const webSocketPrefix = 'base64url.bearer.authorization.k8s.io.';

/**
 * The credential a request carries (kubernetes-facts B31, B32).
 *
 * SECURITY: two different credentials in one request are refused, so that a proxy and we can never judge different
 * ones; a token in the query is no credential, it would end up in logs.
 */
export function readCredential(lines: HeaderLines): Credential {
  const found = [...authorizationTokens(lines), ...webSocketTokens(lines)];
  const [first] = found;
  if (first === undefined) return { kind: 'none' };
  if (found.length > 1 || first === '') return { kind: 'unreadable' };
  return { kind: 'token', token: first };
}

function authorizationTokens(lines: HeaderLines): readonly string[] {
  return lines
    .filter(([name]) => name === 'authorization')
    .map(([, value]) => {
      const [scheme = '', token = ''] = value.trim().split(' ');
      return scheme.toLowerCase() === 'bearer' ? token : '';
    });
}

function webSocketTokens(lines: HeaderLines): readonly string[] {
  if (header(lines, 'upgrade')?.toLowerCase() !== 'websocket') return [];
  const protocols = lines
    .filter(([name]) => name === 'sec-websocket-protocol')
    .flatMap(([, value]) => value.split(',').map((protocol) => protocol.trim()));
  return protocols
    .filter((protocol) => protocol.startsWith(webSocketPrefix))
    .map((protocol) => {
      const encoded = protocol.slice(webSocketPrefix.length);
      const decoded = Buffer.from(encoded, 'base64url');
      // Without another subprotocol the server could not answer the upgrade: Kubernetes refuses such a request.
      const isReadable = protocols.length > 1 && decoded.toString('base64url') === encoded;
      return isReadable ? decoded.toString('utf8') : '';
    });
}
