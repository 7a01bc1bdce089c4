import { Counter, Gauge, type Registry } from 'prom-client';
import type { StsFigures } from '../../access/aws/sts.ts';

/** Regions are those of the configuration, so that no caller can make a series. */
export function countSts(registers: Registry[], read: () => StsFigures): void {
  new Counter({
    name: 'entryway_sts_calls_total',
    help: 'Tokens that AWS STS was asked about, by region and what came of it',
    labelNames: ['region', 'outcome'],
    registers,
    collect() {
      this.reset();
      for (const { region, outcome, count } of read().calls) this.inc({ region, outcome }, count);
    },
  });
  const counter = (name: string, help: string, value: (figures: StsFigures) => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(value(read()));
      },
    });
  };
  counter('entryway_sts_connections_total', 'Connections made to AWS STS', (sts) => sts.connectionsMade);
  counter(
    'entryway_sts_queue_refusals_total',
    'Tokens that found no place to wait for AWS STS, or waited too long',
    (sts) => sts.queueRefusals,
  );
  counter(
    'entryway_sts_joined_total',
    'Tokens that were asked about already when they came',
    (sts) => sts.joined,
  );
  counter(
    'entryway_sts_remembered_total',
    'Tokens refused because AWS STS did not know their key a moment ago',
    (sts) => sts.remembered,
  );
  new Gauge({
    name: 'entryway_sts_tokens',
    help: 'Tokens that AWS STS is asked about now, or that wait for it',
    labelNames: ['state'],
    registers,
    collect() {
      const { inFlight, waiting } = read();
      this.set({ state: 'asked' }, inFlight);
      this.set({ state: 'waiting' }, waiting);
    },
  });
}
