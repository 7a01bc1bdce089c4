import type { CallSource } from '../audit/calls.ts';
import { type HttpRequest, headerValue, type Peer } from '../wire/protocols/http.ts';

/** From where and how a request came. */
export function callSource(request: HttpRequest, { address, secure }: Peer): CallSource {
  const header = <Name extends string>(member: Name, name: string) => {
    const value = headerValue(request, name);
    return value === undefined ? {} : ({ [member]: value } as Record<Name, string>);
  };
  return {
    sourceIp: address,
    secureTransport: secure,
    ...header('userAgent', 'user-agent'),
    ...header('referer', 'referer'),
    ...header('host', 'host'),
  };
}
