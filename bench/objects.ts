import { type BenchCluster, collectionPath, configMap, objectName, startBenchCluster } from './cluster.ts';
import { inTurn, type LoadResult, runLoad } from './load.ts';
import { eachCall, median } from './measure.ts';
import { duration, megabytes, type Report, times, whole } from './report.ts';
import type { BenchOptions } from './section.ts';

const objects = 10_000;
const rounds = 5;
const pageSize = 500;
const concurrency = 16;
const writesPerRound = 800;
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
const metadataOnly = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json';

/** Prints what it costs to list 10,000 objects of a built-in cluster, and to write among them. */
export async function benchObjects(report: Report, { directory }: BenchOptions): Promise<void> {
  const cluster = await startBenchCluster(directory, objects);
  try {
    await lists(report, cluster);
    await writes(report, cluster);
  } finally {
    await cluster.server.stop();
  }
}

interface Page {
  readonly metadata: { readonly continue?: string };
  readonly items: readonly unknown[];
}

async function lists(report: Report, cluster: BenchCluster): Promise<void> {
  const pages = async (): Promise<number> => {
    let bytes = 0;
    let token: string | undefined = '';
    while (token !== undefined) {
      const text = await cluster.get(`${collectionPath}?limit=${pageSize}${token && `&continue=${token}`}`);
      bytes += text.length;
      token = (JSON.parse(text) as Page).metadata.continue;
    }
    return bytes;
  };
  const get = (query: string, accept?: string) => async (): Promise<number> =>
    (await cluster.get(`${collectionPath}${query}`, accept === undefined ? {} : { accept })).length;
  const first = await timed(get(''));
  const text = await cluster.get(collectionPath);
  if ((JSON.parse(text) as Page).items.length < objects) throw new Error('not all objects were listed');
  const floor = median(eachCall(rounds, () => void JSON.stringify(JSON.parse(text))));
  const cases: readonly (readonly [name: string, run: () => Promise<number>])[] = [
    ['all of them, JSON', get('')],
    ['all of them, as a Table', get('', table)],
    ['all of them, metadata alone', get('', metadataOnly)],
    [`all of them, in pages of ${pageSize}`, pages],
    [`one page of ${pageSize}`, get(`?limit=${pageSize}`)],
    ['1 % of them, by a label', get('?labelSelector=app%3Dapp-7')],
    ['one of them, by its name', get(`?fieldSelector=metadata.name%3D${objectName(77)}`)],
  ];
  const rows: string[][] = [];
  for (const [name, run] of cases) {
    await run();
    const taken: number[] = [];
    let bytes = 0;
    for (let round = 0; round < rounds; round++) {
      const one = await timed(run);
      taken.push(one.ns);
      bytes = one.bytes;
    }
    rows.push([name, duration(median(taken)), megabytes(bytes), times(median(taken), floor)]);
  }
  report.note(
    `Lists of ${whole(objects)} ConfigMaps of about 1 KB, over HTTPS with one connection; median of ${rounds}. The floor is what JSON.parse and JSON.stringify of the whole list take in this process, without any server. The very first list took ${duration(first.ns)}.`,
  );
  report.table([
    ['list', 'time', 'answer', 'of the floor'],
    [`JSON.parse and JSON.stringify`, duration(floor), megabytes(text.length), '1.0×'],
    ...rows,
  ]);
}

async function timed(run: () => Promise<number>): Promise<{ readonly ns: number; readonly bytes: number }> {
  const started = performance.now();
  const bytes = await run();
  return { ns: (performance.now() - started) * 1e6, bytes };
}

async function writes(report: Report, cluster: BenchCluster): Promise<void> {
  const cases: readonly (readonly [name: string, status: number, request: (at: number) => Buffer])[] = [
    ['create', 201, (at) => cluster.request('POST', collectionPath, configMap(objects + at))],
    [
      'update (PUT)',
      200,
      (at) => cluster.request('PUT', `${collectionPath}/${objectName(at)}`, configMap(at, { more: 'put' })),
    ],
    [
      'patch (merge)',
      200,
      (at) =>
        cluster.request(
          'PATCH',
          `${collectionPath}/${objectName(at)}`,
          { data: { patched: String(at) } },
          'application/merge-patch+json',
        ),
    ],
    [
      'server-side apply',
      200,
      (at) =>
        cluster.request(
          'PATCH',
          `${collectionPath}/${objectName(at)}?fieldManager=bench`,
          {
            kind: 'ConfigMap',
            apiVersion: 'v1',
            metadata: { name: objectName(at) },
            data: { applied: String(at) },
          },
          'application/apply-patch+yaml',
        ),
    ],
    ['delete', 200, (at) => cluster.request('DELETE', `${collectionPath}/${objectName(objects + at)}`)],
  ];
  const rows: string[][] = [];
  for (const [name, status, request] of cases) {
    const requests = Array.from({ length: writesPerRound }, (_, at) => request(at));
    const result: LoadResult = await runLoad(cluster.target, { concurrency, status, next: inTurn(requests) });
    rows.push([name, `${whole(result.perSecond)}/s`, duration(result.median), duration(result.p99)]);
  }
  report.note(
    `\nWrites among them, each of another object: ${whole(writesPerRound)} of each kind over ${concurrency} connections, durable when answered.`,
  );
  report.table([['write', 'rate', 'median', 'p99'], ...rows]);
}
