/** As much of S3 as an upload and `aws cloudtrail validate-logs` need: one bucket in memory. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StoredObject {
  readonly body: Uint8Array;
  /** Without the prefix `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Bucket {
  readonly endpoint: string;
  readonly objects: Map<string, StoredObject>;
  close(): void;
}

export interface BucketAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** `otherwise` answers first what is not for S3. */
export async function openBucket(
  bucket: string,
  otherwise: (request: IncomingMessage) => BucketAnswer | undefined = () => undefined,
): Promise<Bucket> {
  const objects = new Map<string, StoredObject>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { status, headers, body } =
      otherwise(request) ?? answer(bucket, objects, request, Buffer.concat(chunks));
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    close: () => void server.close(),
  };
}

function answer(
  bucket: string,
  objects: Map<string, StoredObject>,
  request: IncomingMessage,
  body: Buffer,
): BucketAnswer {
  const url = new URL(request.url ?? '/', 'http://s3');
  const [, name, ...rest] = decodeURIComponent(url.pathname).split('/');
  const key = rest.join('/');
  if (name !== bucket) return xml(404, '<Error><Code>NoSuchBucket</Code></Error>');
  if (request.method === 'PUT') {
    objects.set(key, { body: unchunked(request, body), metadata: metadataOf(request) });
    return { status: 200, headers: { etag: '"x"' }, body: '' };
  }
  if (url.searchParams.has('location')) return xml(200, '<LocationConstraint/>');
  if (key === '') return listing([...objects.keys()], url.searchParams);
  const found = objects.get(key);
  if (found === undefined) return xml(404, '<Error><Code>NoSuchKey</Code></Error>');
  const headers = Object.entries(found.metadata).map(([part, value]) => [`x-amz-meta-${part}`, value]);
  return { status: 200, headers: Object.fromEntries(headers), body: found.body };
}

function xml(status: number, body: string): BucketAnswer {
  const text = `<?xml version="1.0" encoding="UTF-8"?>${body}`;
  return { status, headers: { 'content-type': 'application/xml' }, body: text };
}

function listing(keys: readonly string[], query: URLSearchParams): BucketAnswer {
  const contents = keys
    .filter((key) => key.startsWith(query.get('prefix') ?? '') && key > (query.get('marker') ?? ''))
    .sort()
    .map((key) => `<Contents><Key>${key}</Key></Contents>`);
  return xml(
    200,
    `<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`,
  );
}

function metadataOf({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const prefix = 'x-amz-meta-';
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), String(value)]),
  );
}

/** The CLI may send a body in chunks of its own, with a checksum behind. */
function unchunked({ headers }: IncomingMessage, body: Buffer): Uint8Array {
  if (!String(headers['content-encoding']).includes('aws-chunked')) return body;
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, lineEnd), 16);
    if (!(size > 0)) return Buffer.concat(parts);
    parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
