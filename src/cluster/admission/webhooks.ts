import type { Storage } from '../../storage/storage.ts';
import { CallError, post } from './call.ts';
import { createReach, DestinationError, findDestination, shownUrl } from './destination.ts';
import { createFollowedWebhooks, type FollowedWebhooks } from './followedwebhooks.ts';
import { type ReviewFacts, reviewRequest } from './reviewrequest.ts';
import { createCallSlots } from './slots.ts';
import { AnswerError, readVerdict, type Verdict } from './verdict.ts';
import type { Webhook } from './webhook.ts';

export interface WebhookOptions {
  /** Hosts and addresses beside this machine's loopback that webhooks may be called at. */
  readonly hosts?: readonly string[];
  /** A signal that aborts with a TimeoutError after so many milliseconds. */
  readonly deadline?: (milliseconds: number) => AbortSignal;
}

/** What came of asking a webhook: its verdict, or why there is none. */
export type Asked =
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'failed'; readonly reason: string };

/** The admission webhooks of all clusters. */
export interface AdmissionWebhooks extends FollowedWebhooks {
  /** Asks one webhook once; `signal` ends it early. */
  ask(
    clusterId: string,
    webhook: Webhook,
    question: {
      readonly facts: ReviewFacts;
      readonly mutating: boolean;
      readonly signal: AbortSignal;
    },
  ): Promise<Asked>;
  /** Whether webhooks may be called at a host. */
  readonly mayReach: (host: string) => boolean;
  readonly deadline: (milliseconds: number) => AbortSignal;
}

/**
 * Webhooks being called at one moment, over all clusters and of one. Each may hold an object twice, and an answer; and the
 * slow webhooks of one cluster must not keep the others waiting.
 */
const callsAtOnce = 96;
const callsOfOneCluster = 32;

export function createAdmissionWebhooks(storage: Storage, options: WebhookOptions): AdmissionWebhooks {
  const followed = createFollowedWebhooks(storage);
  const slots = createCallSlots({ all: callsAtOnce, each: callsOfOneCluster });
  const mayReach = createReach(options.hosts ?? []);
  const deadline = options.deadline ?? ((milliseconds) => AbortSignal.timeout(milliseconds));
  return {
    of: followed.of,
    close: followed.close,
    mayReach,
    deadline,
    async ask(clusterId, webhook, { facts, mutating, signal: outer }) {
      const { reviewVersion: version, timeoutSeconds, caPem } = webhook;
      if (version === undefined) {
        const reason = 'webhook does not accept known AdmissionReview versions (v1, v1beta1)';
        return { kind: 'failed', reason: `could not create admission objects: ${reason}` };
      }
      const signal = AbortSignal.any([outer, deadline(timeoutSeconds * 1000)]);
      try {
        const destination = await findDestination(storage, clusterId, webhook.target, mayReach);
        const answer = await slots.run(clusterId, signal, () =>
          post(destination, { caPem, timeoutSeconds, body: reviewRequest(version, facts), signal }),
        );
        return { kind: 'verdict', verdict: readVerdict(answer, { uid: facts.uid, version, mutating }) };
      } catch (error) {
        if (error instanceof AnswerError) return { kind: 'failed', reason: error.message };
        if (error instanceof CallError || error instanceof DestinationError) {
          const url = `${shownUrl(webhook.target)}?timeout=${timeoutSeconds}s`;
          return {
            kind: 'failed',
            reason: `failed to call webhook: Post ${JSON.stringify(url)}: ${error.message}`,
          };
        }
        throw error;
      }
    },
  };
}
