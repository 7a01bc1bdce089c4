/** An HTTP request as the wire rooms see it: nothing decoded, nothing normalised. */
export interface HttpRequest {
  readonly method: string;
  /** Raw path as sent, without the query. */
  readonly path: string;
  /** Raw query as sent, without `?`; '' when there is none. */
  readonly query: string;
  /** Name (lower case) and raw value of every header line, in order of arrival; repeated headers repeat. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/** Who is at the other end of the connection. */
export interface Peer {
  /** IPv4 or IPv6; an IPv4 address in IPv6 clothes is given as IPv4. */
  readonly address: string;
  /** Over TLS. */
  readonly secure: boolean;
}

/** The address of a socket's other end: one that listens on IPv6 shows IPv4 peers as `::ffff:192.0.2.1`, and link-local ones with their zone. */
export function peerAddress(remoteAddress: string | undefined): string {
  return (remoteAddress ?? '').replace(/^::ffff:(?=[0-9.]+$)/, '').replace(/%.*$/s, '');
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** The first value of a header, by lower-case name. */
export function headerValue(request: HttpRequest, name: string): string | undefined {
  return request.headers.find(([key]) => key === name)?.[1];
}
