import { createStsStandIn, type StandInKey } from '../../test/aws/stsstandin.ts';

/** Which keys a stand-in knows, and how many milliseconds each of its answers takes. */
export interface StsOrder {
  readonly delayMs: number;
  readonly keys: Readonly<Record<string, StandInKey>>;
}

export type StsReport =
  | { readonly port: number; readonly caPem: string }
  | { readonly calls: number; readonly connections: number };

/**
 * A stand-in for AWS's STS. Run as a process: its first message is the order, answered with where it listens; every
 * further one is answered with its counters.
 */
process.once('message', async (order: StsOrder) => {
  const standIn = await createStsStandIn(order);
  const tell = (report: StsReport): void => void process.send?.(report);
  process.on('message', () => tell({ calls: standIn.calls(), connections: standIn.connections() }));
  tell({ port: standIn.port, caPem: standIn.caPem });
});
process.on('disconnect', () => process.exit(0));
