import { clusterPath, startTestApi } from '../cluster/fixture.ts';

/** A built-in cluster in a process of its own, so that its memory can be told from that of those who attack it. */
export interface Told {
  readonly port: number;
  readonly caPem: string;
  readonly path: string;
}

export interface Figures {
  readonly resident: number;
  readonly watches: number;
}

if (process.send !== undefined) {
  const api = await startTestApi();
  process.send({ port: api.port, caPem: api.caPem, path: clusterPath } satisfies Told);
  // Whoever started it is gone.
  process.on('disconnect', () => process.exit(1));
  process.on('message', async (wanted) => {
    if (wanted === 'close') {
      const began = performance.now();
      await api.close();
      process.send?.(performance.now() - began, () => process.exit(0));
      return;
    }
    const figures: Figures = { resident: process.memoryUsage.rss(), watches: api.api.openWatches };
    process.send?.(figures);
  });
}
