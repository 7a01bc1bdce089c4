import { percentEncode } from '../../wire/sigv4/canonical.ts';
import { type SigningCredentials, signRequest } from '../../wire/sigv4/sign.ts';
import { type AwsConnections, ExchangeError } from './connections.ts';
import { elementsAt, parseXml, textAt, type XmlElement } from './xml.ts';

/** A call of one of AWS's services that speak the query protocol and answer XML. */
export interface QueryCall {
  readonly service: 'iam' | 'ec2';
  readonly host: string;
  readonly region: string;
  readonly action: string;
  readonly version: string;
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

/** AWS gave no answer that helps. Messages are ours; `code` is AWS's, letters, digits and dots. */
export class QueryError extends Error {
  /** AWS's own code where it gave one. */
  readonly code: string | undefined;
  /** Whether the same call may succeed a little later. */
  readonly isTemporary: boolean;
  constructor(message: string, { code, isTemporary }: { code?: string | undefined; isTemporary: boolean }) {
    super(message);
    this.name = 'QueryError';
    this.code = code;
    this.isTemporary = isTemporary;
  }
}

/** Resolves with the root element of a successful answer; rejects with QueryError. `now` is epoch milliseconds. */
export async function callQuery(
  connections: AwsConnections,
  credentials: SigningCredentials,
  call: QueryCall,
  now: number,
): Promise<XmlElement> {
  const { service, host, region, action, version } = call;
  const pairs = [['Action', action], ['Version', version], ...call.parameters] as const;
  const body = Buffer.from(pairs.map(([name, value]) => `${name}=${percentEncode(value)}`).join('&'));
  const headers = signRequest(
    {
      method: 'POST',
      host,
      path: '/',
      query: '',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body,
    },
    { credentials, region, service, now },
  );
  let status: number;
  let root: XmlElement | undefined;
  try {
    const response = await connections.send({ host, method: 'POST', path: '/', headers, body });
    ({ status } = response);
    root = readXml(response.body);
  } catch (error) {
    const why = error instanceof ExchangeError ? error.message : 'the call failed';
    throw new QueryError(`AWS cannot be asked (\`${service}:${action}\`): ${why}`, { isTemporary: true });
  }
  if (status === 200 && root?.name === `${action}Response`) return root;
  const code = status === 200 || root === undefined ? undefined : errorCode(root);
  const isTemporary = status >= 500 || status === 429 || /Throttl|LimitExceeded|Unavailable/.test(code ?? '');
  throw new QueryError(
    code === undefined
      ? `AWS answers \`${service}:${action}\` with what cannot be read (status ${status})`
      : `AWS refuses \`${service}:${action}\` (${code})`,
    { code, isTemporary: isTemporary || code === undefined },
  );
}

function readXml(body: Uint8Array): XmlElement | undefined {
  try {
    return parseXml(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

/** `ErrorResponse/Error/Code` of IAM, `Response/Errors/Error/Code` of EC2. */
function errorCode(root: XmlElement): string | undefined {
  const errors = elementsAt(root, ...(root.name === 'Response' ? ['Errors', 'Error'] : ['Error']));
  const code = errors[0] && textAt(errors[0], 'Code');
  return code !== undefined && /^[A-Za-z][\w.]{0,99}$/.test(code) ? code : undefined;
}
