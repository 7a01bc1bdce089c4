import { versionInfo } from '../wire/kube/discovery.ts';
import { openApiV2 } from '../wire/kube/openapi/v2.ts';
import { openApiHash, openApiIndex, openApiText } from '../wire/kube/openapi/v3.ts';
import type { RequestInfo } from '../wire/kube/requestinfo.ts';
import type { ResourceTable } from '../wire/kube/resources.ts';
import { pathNotFound } from '../wire/kube/status.ts';
import type { Answer } from './context.ts';
import { createTurns } from './turns.ts';

type Document = Extract<Answer, { kind: 'document' }>;

export interface DocumentHeaders {
  readonly accept: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/** What a cluster says of its API below `/openapi`, to clients that may keep it (kubernetes-facts D0.7, D2). */
export async function serveOpenApi(
  kubernetesVersion: string,
  served: ResourceTable,
  { parts, query }: Pick<RequestInfo, 'parts' | 'query'>,
  headers: DocumentHeaders,
): Promise<Answer> {
  const [, version, prefix, ...path] = parts;
  if (version === 'v2' && prefix === undefined) {
    const title = String(versionInfo(kubernetesVersion).gitVersion);
    const turns = createTurns();
    const pause = (): Promise<void> | undefined => (turns.isOver() ? turns.next() : undefined);
    const { hash, ...document } = await openApiV2(served, title, headers.accept, pause);
    return unlessKnown(hash, headers, { kind: 'document', ...document });
  }
  if (version !== 'v3') throw pathNotFound();
  if (prefix === undefined) {
    return {
      kind: 'document',
      contentType: 'application/json',
      body: JSON.stringify(openApiIndex(served)),
    };
  }
  const [group = '', groupVersion = ''] = prefix === 'api' ? ['', path[0]] : path;
  if (path.length !== (prefix === 'api' ? 1 : 2) || (prefix !== 'api' && prefix !== 'apis'))
    throw pathNotFound();
  const hash = openApiHash(served, group, groupVersion);
  const body = openApiText(served, group, groupVersion);
  if (hash === undefined || body === undefined) throw pathNotFound();
  // What is asked for by its hash will never be anything else; another hash means an index read some time ago.
  const forever =
    query.get('hash') === hash
      ? { 'Cache-Control': 'public, immutable', Expires: 'Fri, 31 Dec 2100 00:00:00 GMT' }
      : {};
  return unlessKnown(hash, headers, {
    ...{ kind: 'document', contentType: 'application/json', body, headers: forever },
  });
}

/** The document, or 304 to a client that has it. */
function unlessKnown(hash: string, { ifNoneMatch }: DocumentHeaders, document: Document): Document {
  const etag = `"${hash}"`;
  const headers = { ...document.headers, ETag: etag, Vary: 'Accept' };
  const known = ifNoneMatch?.split(',').map((one) => one.trim().replace(/^W\//, ''));
  if (known?.includes(etag)) return { ...document, status: 304, body: '', headers };
  return { ...document, headers };
}
