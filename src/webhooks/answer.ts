/** What a request is answered with, before it is bytes. */
export interface Answer {
  readonly status: number;
  /** A review, or one line of text: API servers put both into their log (token-facts 8). */
  readonly body: { readonly kind: 'json' | 'text'; readonly text: string };
  /** Seconds; API servers try again then (kubernetes-facts C2). */
  readonly retryAfter?: number;
  /** Short word from a closed set, for the metrics. */
  readonly outcome: string;
}

export function textAnswer(status: number, outcome: string, text: string): Answer {
  return { status, outcome, body: { kind: 'text', text: `${text}\n` } };
}

/** Overload and throttling: no verdict, and nothing the API server caches. */
export function comeAgain(outcome: string, text: string): Answer {
  return { ...textAnswer(429, outcome, text), retryAfter: 1 };
}

export interface ReviewAnswer {
  readonly apiVersion: string;
  readonly kind: string;
  readonly status: unknown;
}

/**
 * A verdict. The version and kind are those of the question: API servers decode no other (token-facts 8).
 *
 * SECURITY: the spec is not repeated. It holds the token.
 */
export function reviewAnswer(outcome: string, { apiVersion, kind, status }: ReviewAnswer): Answer {
  const text = JSON.stringify({ apiVersion, kind, metadata: {}, spec: {}, status });
  return { status: 200, outcome, body: { kind: 'json', text } };
}

const longestReason = 512;

/** One line of bounded length, as logs and `kubectl` show it. */
export function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  return line.length <= longestReason ? line : `${line.slice(0, longestReason - 1)}…`;
}
