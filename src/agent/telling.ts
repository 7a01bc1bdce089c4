import type { AgentMetrics } from './metrics.ts';
import { reasonFor } from './refusal.ts';
import type { RetrieverEvent } from './retriever.ts';

export interface AgentLog {
  debug(fields: AgentLogFields, message: string): void;
  info(fields: AgentLogFields, message: string): void;
  warn(fields: AgentLogFields, message: string): void;
}

/** SECURITY: never a token, credentials or an answer. */
type AgentLogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Counts and logs what the retriever does. */
export function tellOf(metrics: AgentMetrics, log: AgentLog): (event: RetrieverEvent) => void {
  return (event) => {
    switch (event.event) {
      case 'hit':
      case 'miss':
      case 'evicted':
        metrics.cache(event.event);
        break;
      case 'fetched':
      case 'renewed': {
        const { associationId, expiresAt } = event;
        const fields = { associationId, expiresAt: new Date(expiresAt).toISOString() };
        log.info(fields, `credentials of a pod were ${event.event}`);
        break;
      }
      case 'renewalFailed': {
        const { associationId, isFinal, error } = event;
        metrics.renewalFailed(isFinal ? 'final' : 'passing');
        log.warn(
          { associationId, error: reasonFor(error) },
          isFinal
            ? 'credentials of a pod were taken away'
            : 'credentials of a pod were not renewed; it is tried again',
        );
      }
    }
  };
}
